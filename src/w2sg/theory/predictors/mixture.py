"""Two clusters: averaging a supervisor's labels turns the student to the line between the means.

Frei et al. (arXiv 2106.13805); the formula stands in `w2sg.worlds.mixture`.
"""

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

from scipy.stats import norm

from w2sg.core import Hypothesis, Inapplicable, Observables, Theory, register
from w2sg.theory import hypotheses as given
from w2sg.theory.judging import CheckResult, assumed, checked
from w2sg.worlds import averaging_step

REST_SHARE = 0.75
"""The spectrum may spread over this share of the directions that one spike on isotropic noise leaves."""


def separation(anisotropy: float, d: float) -> float:
    """Return half the distance of two means, in standard deviations, from the largest over the mean eigenvalue.

    The covariance is `I + mu mu'`, so that `anisotropy = (1 + m) / (1 + m / d)` with `m = |mu|^2`.

    Raises:
        Inapplicable: The largest eigenvalue does not exceed the mean, or holds everything.
    """
    if not 1 < anisotropy < d:
        raise Inapplicable(
            f"largest over mean eigenvalue must lie between 1 and the dimension {d:g}, got {anisotropy:.4g}"
        )
    return math.sqrt((anisotropy - 1) / (1 - anisotropy / d))


def _isotropic_rest(seen: Observables) -> CheckResult:
    d, found = seen.value("d_strong"), seen.value("d_strong_effective")
    n = seen["d_strong_effective"].n
    try:
        m = separation(seen.value("anisotropy"), d) ** 2
    except Inapplicable as reason:
        return CheckResult("violated", str(reason))
    # Sum and sum of squares of the eigenvalues 1, ..., 1, 1 + m; the sample's noise adds 1 / n to the squares' share.
    total, squares = d + m, d - 1 + (1 + m) ** 2
    expected = total**2 / (squares * (1 + 1 / n) + total**2 / n)
    why = f"effective dimension {found:.3g}, {expected:.3g} for one spike on isotropic noise"
    return CheckResult("holds" if found >= REST_SHARE * expected else "violated", why, found)


@register(paper="2106.13805")
class MixtureGain(Theory):
    """The gain in error of one averaging step in a mixture of two Gaussians.

    The distance of the means comes from the largest eigenvalue, the supervisor's angle from its error.
    """

    kind: Literal["mixture"] = "mixture"
    unit: Literal["error"] = "error"
    needs: ClassVar[tuple[str, ...]] = ("weak_error", "anisotropy", "d_strong", "n_transfer")
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.BINARY,
        given.LINEAR_STUDENT,
        given.SPIKED,
        checked(
            "rest is isotropic",
            "Beside the line between the means, all directions of the features have the same variance.",
            _isotropic_rest,
            needs=("d_strong", "d_strong_effective", "anisotropy"),
        ),
        assumed(
            "classes are the clusters",
            "Each class is one Gaussian cluster, the supervisor is linear in the same features, the student averages.",
            "the clusters' classes are not observed",
        ),
    )
    world: ClassVar[str | None] = "mixture"

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the gain in accuracy of one step."""
        error, d = at["weak_error"], at["d_strong"]
        if not 0 < error < 1:
            raise Inapplicable(f"the supervisor's error must lie between 0 and 1, got {error:.4g}")
        mu = separation(at["anisotropy"], d)
        # A linear rule at this angle to the means errs on the share Phi(-mu cos) of inputs.
        cos = float(norm.isf(error)) / mu
        if abs(cos) > 1:
            raise Inapplicable(f"an error of {error:.4g} is out of reach for means {mu:.4g} standard deviations away")
        return averaging_step(mu, cos, d, at["n_transfer"]).gain
