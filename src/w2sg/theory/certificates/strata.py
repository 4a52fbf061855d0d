"""Labels from parts of the inputs that were sampled at different rates, weighted back to the whole."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from w2sg.core import Inapplicable, InputError
from w2sg.measure import Side, as_flags, as_labels, by_side, check_delta, same_length
from w2sg.theory.certificate import Certificate
from w2sg.theory.certificates.gain import FRESH


def rate_by_strata(
    flags: Sequence[ArrayLike],
    counts: ArrayLike,
    delta: float,
    *,
    target: str = "student_risk",
    side: Side = "both",
    inputs: str = "deployment inputs",
) -> Certificate:
    """Return the normal interval of a rate by labels at random within strata, each weighted by its share of all inputs.

    Strata may be labelled at very different rates, such as disagreements more often than agreements. One yes and one no
    are added to each stratum for the interval (Agresti & Caffo 2000), so that a stratum without errors has a width;
    that strata's shares are estimated on N inputs adds its variance.

    Args:
        flags: Yes or no, such as whether the student errs, on the labelled inputs of each stratum.
        counts: How many of the N inputs each stratum has, shape (h,).
        delta: How often the interval may miss, in the limit.
        target: What the rate is.
        side: Which bounds are asked for; both have half of delta each.
        inputs: What the inputs are.

    Raises:
        InputError: There is another number of counts than of strata, or a value is no yes or no.
        Inapplicable: A stratum with inputs has no label.
    """
    check_delta(delta)
    sizes = as_labels("counts", counts)
    same_length(flags=flags, counts=sizes)
    total = int(sizes.sum())
    if total == 0:
        raise InputError("counts must hold an input")
    # a stratum nobody looked into may have any rate: no weight makes up for that
    if any(size and not len(np.asarray(part)) for part, size in zip(flags, sizes, strict=True)):
        raise Inapplicable("a stratum has inputs but no label")
    parts = [as_flags("flags", part) for part, size in zip(flags, sizes, strict=True) if size]
    share = sizes[sizes > 0] / total
    n, hits = np.array([len(part) for part in parts]), np.array([part.sum() for part in parts])
    # without one more yes and no, a stratum in which no error was seen would claim that there are none
    rate = (hits + 1) / (n + 2)
    centre = float(share @ rate)
    between = float(share @ (rate - centre) ** 2) / total
    half = math.sqrt(float(share**2 @ (rate * (1 - rate) / (n + 2))) + between)
    low, high = by_side(
        side, delta, lambda d: max(0.0, centre + ndtri(d) * half), lambda d: min(1.0, centre - ndtri(d) * half)
    )
    return Certificate(
        target,
        "error",
        f"stratified, normal ({len(parts)} strata)",
        low,
        high,
        float(share @ (hits / n)),
        delta,
        "asymptotic",
        (FRESH, "within each stratum the labelled inputs were drawn at random"),
        f"{' + '.join(map(str, n))} labels in strata of {' + '.join(map(str, sizes[sizes > 0]))} {inputs}",
        int(n.sum()),
    )
