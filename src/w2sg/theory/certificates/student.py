"""Certificates of the student's risk from its weak supervisor's: by agreement, or by misfit under a hypothesis."""

import math

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import Inapplicable, InputError
from w2sg.measure import (
    Certifier,
    ClopperPearson,
    MaurerPontil,
    Side,
    as_labels,
    as_unit,
    by_side,
    check_delta,
    same_length,
)
from w2sg.theory.certificate import Certificate
from w2sg.theory.certificates.gain import FRESH

HELD_OUT = "the weak supervisor's losses are those on independent labelled draws of deployment that did not train it"


def student_risk_by_agreement(
    weak: ArrayLike,
    student: ArrayLike,
    weak_wrong: ArrayLike,
    delta: float,
    *,
    side: Side = "high",
    inputs: str = "deployment inputs",
) -> Certificate:
    """Bound the student's 0-1 risk with no label of its own: |R_w - D| <= R_s <= R_w + D (triangle inequality).

    R_w and D have half of delta each; where the lower bound is asked for, each of their four bounds has a quarter.

    Args:
        weak: The weak supervisor's classes on N unlabelled inputs, shape (N,).
        student: The student's classes on them, shape (N,).
        weak_wrong: Whether the weak supervisor errs on each of n labelled inputs, shape (n,).
        delta: How often the certificate may be wrong.
        side: Which bounds are asked for.
        inputs: What the inputs are.

    Raises:
        InputError: Shapes do not fit, or delta is out of range.
    """
    check_delta(delta)
    w, s = as_labels("weak", weak), as_labels("student", student)
    same_length(weak=w, student=s)
    wrong, differs, exact = np.asarray(weak_wrong, dtype=np.float64), (w != s).astype(np.float64), ClopperPearson()
    # the upper bound takes one bound of each share, the lower one both of each: all of them have to hold at once
    part = delta / 2 if side == "high" else delta / 4

    def low_from(_: float) -> float:
        apart = exact.low(wrong, part) - exact.high(differs, part)
        return max(0.0, apart, exact.low(differs, part) - exact.high(wrong, part))

    def high_from(_: float) -> float:
        return min(1.0, exact.high(wrong, part) + exact.high(differs, part))

    low, high = by_side(side, delta, low_from, high_from)
    return Certificate(
        "student_risk",
        "error",
        "agreement sandwich (weak supervisor's risk at half of delta, share of disagreements at the other half)",
        low,
        high,
        None,
        delta,
        "unconditional",
        (FRESH, HELD_OUT),
        f"{len(w)} unlabelled {inputs}; the weak supervisor's {len(wrong)} held-out labels",
        len(wrong),
    )


def risk_after_misfit(weak_risk: float, misfit: float, approximation: float) -> float:
    """Return (sqrt((sqrt R_w + sqrt eps)^2 - M) + sqrt eps)^2, an upper bound of the student's squared risk.

    It holds where the student is the projection of the supervisor onto a convex class whose best member has risk eps:
    Pythagoras around that member, then two triangle inequalities (Charikar et al., arXiv 2405.15116, theorem 1 at
    eps = 0, there R_s <= R_w - M).

    Raises:
        InputError: A number is negative or not finite.
        Inapplicable: The misfit is larger than the hypotheses allow.

    >>> round(0.4 - risk_after_misfit(0.4, 0.2, 1e-3), 4)
    0.127
    """
    numbers = {"weak_risk": weak_risk, "misfit": misfit, "approximation": approximation}
    for name, value in numbers.items():
        if not (math.isfinite(value) and value >= 0):
            raise InputError(f"{name} must be a finite number of at least 0, got {value}")
    # sqrt R_w + sqrt eps bounds the distance of the supervisor from the best member; the student is at a right angle to
    # both
    left = (math.sqrt(weak_risk) + math.sqrt(approximation)) ** 2 - misfit
    if left < 0:
        raise Inapplicable(
            f"a misfit of {misfit:.4g} contradicts a weak supervisor's risk of {weak_risk:.4g} and an approximation "
            f"error of {approximation:.4g}: the student is no projection onto such a class"
        )
    return (math.sqrt(left) + math.sqrt(approximation)) ** 2


def vacuous_at(weak_risk: float, misfit: float) -> float:
    """Return the approximation error M^2 / 16 R_w beyond which `risk_after_misfit` no longer promises a gain.

    A misfit above four times the supervisor's risk proves a loss, and no approximation error promises a gain.

    >>> round(vacuous_at(0.4, 0.2), 8)
    0.00625
    """
    if not (weak_risk > 0 and misfit >= 0):
        raise InputError(
            f"the weak supervisor's risk must be positive, its misfit at least 0, got {weak_risk} and {misfit}"
        )
    return misfit**2 / (16 * weak_risk) if misfit <= 4 * weak_risk else 0.0


def gain_by_explicit_misfit(
    weak_loss: ArrayLike,
    distances: ArrayLike,
    delta: float,
    *,
    approximation: float,
    most: float = 1.0,
    certifier: Certifier | None = None,
    inputs: str = "deployment inputs",
) -> Certificate:
    """Bound the gain in squared risk by the misfit, if the student is a projection onto a convex class.

    The supervisor's risk is bounded from above and the misfit from below, with half of delta each; the bound of the
    gain falls in the former and rises in the latter.

    Args:
        weak_loss: The weak supervisor's squared loss on held-out labels, from 0 to `most`, shape (n,).
        distances: Squared distance of student and supervisor on unlabelled inputs, from 0 to `most`, shape (N,).
        delta: How often the certificate may be wrong, if the hypotheses hold.
        approximation: An upper bound of the risk of the best member of the class.
        most: The largest possible loss.
        certifier: Bounds both means; None: empirical Bernstein.
        inputs: What the inputs are.

    Raises:
        InputError: A value is out of range.
        Inapplicable: The misfit is larger than the hypotheses allow.
    """
    check_delta(delta)
    bound = certifier or MaurerPontil()
    loss, distance = as_unit("weak_loss", weak_loss, (0.0, most)), as_unit("distances", distances, (0.0, most))
    risk = bound.high(loss, delta / 2) * most
    misfit = bound.low(distance, delta / 2) * most
    # the difference rises with the misfit and falls with the risk, so the worst case is the largest risk and the least
    # misfit
    gain = risk - risk_after_misfit(risk, misfit, approximation)
    limit = vacuous_at(risk, misfit) if risk > 0 else 0.0
    return Certificate(
        "gain",
        "squared",
        f"explicit misfit bound ({bound.kind} at half of delta for risk and misfit; vacuous from eps = {limit:.3g})",
        gain,
        None,
        None,
        delta,
        "conditional",
        (
            FRESH,
            HELD_OUT,
            "the student is the projection of the weak supervisor onto a convex class",
            f"the best member of the class has a squared risk of at most {approximation:g}",
        ),
        f"{len(distance)} unlabelled {inputs}; the weak supervisor's {len(loss)} held-out labels",
        len(loss),
    )
