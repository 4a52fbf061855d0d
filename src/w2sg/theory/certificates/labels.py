"""Certificates from labels that are cheaper than ground truth: predicted, judged by a noisy judge, or ruled out."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from w2sg.core import Inapplicable, InputError, Unit
from w2sg.measure import (
    Betting,
    Certifier,
    ClopperPearson,
    MaurerPontil,
    Powered,
    Side,
    as_flags,
    as_labels,
    as_unit,
    by_side,
    check_delta,
    check_share,
    same_length,
)
from w2sg.theory.certificate import Certificate

BOTH_AT_RANDOM = "labelled and unlabelled inputs are independent draws of one distribution"
NOT_FITTED = "what predicts the labels was not trained on the labelled inputs"


def ppi(
    labels: ArrayLike,
    predicted: ArrayLike,
    unlabelled: ArrayLike,
    delta: float,
    *,
    target: str,
    power: float | None = None,
    unit: Unit = "error",
    side: Side = "both",
    inputs: str = "deployment inputs",
) -> Certificate:
    """Return the prediction-powered interval of a mean (PPI++, Angelopoulos et al., arXiv 2311.01453).

    The estimate is power * mean(f on unlabelled) + mean(y - power * f on labelled); its interval is normal. The power
    that makes it shortest is cov(y, f) / ((1 + n / N) var f), moved into [0, 1]; 0 is the classical interval.

    Args:
        labels: What is averaged, such as losses, on n labelled inputs, shape (n,).
        predicted: A prediction of it on the same inputs, shape (n,).
        unlabelled: The same prediction on N other inputs, shape (N,).
        delta: How often the interval may miss, in the limit.
        target: What the mean is.
        power: How far predictions are trusted; None: tuned on the data.
        unit: In which risk.
        side: Which bounds are asked for; both have half of delta each.
        inputs: What the inputs are.

    Raises:
        InputError: Lengths differ, a value is out of range, or delta is.
        Inapplicable: There are fewer than two labels, or they do not vary: a limit theorem says nothing.
    """
    check_delta(delta)
    given = Powered.of(labels, predicted, unlabelled, power)
    n, more = len(given.labels), len(given.unlabelled)
    if n < 2 or more < 2:
        raise Inapplicable("a normal interval needs two labelled and two unlabelled inputs at least")
    # a normal interval of labels that never vary has no width, and would be wrong as soon as one label did
    if given.rest.var() == 0:
        raise Inapplicable("what predictions leave of the labels does not vary: a normal interval would have no width")
    estimate, se = given.estimate, given.standard_error
    low, high = by_side(
        side, delta, lambda d: max(0.0, estimate + ndtri(d) * se), lambda d: min(1.0, estimate - ndtri(d) * se)
    )
    return Certificate(
        target,
        unit,
        f"prediction-powered, normal (power {given.power:.2f})",
        low,
        high,
        estimate,
        delta,
        "asymptotic",
        (BOTH_AT_RANDOM, NOT_FITTED),
        f"{n} {inputs} labelled at random, {more} unlabelled",
        n,
    )


def ppi_finite(
    labels: ArrayLike,
    predicted: ArrayLike,
    unlabelled: ArrayLike,
    delta: float,
    *,
    target: str,
    power: float | None = None,
    tuning: float = 0.2,
    unit: Unit = "error",
    side: Side = "both",
    certifier: Certifier | None = None,
    inputs: str = "deployment inputs",
) -> Certificate:
    """Bound a mean with the help of predictions, at any sample size.

    The mean is power * E f + E(y - power * f): half of delta bounds the former on unlabelled inputs (empirical
    Bernstein), half the latter, in [-power, 1], on labels. A first share of the labels is spent on tuning the power.

    Args:
        labels: What is averaged, in [0, 1], on n labelled inputs in the order drawn, shape (n,).
        predicted: A prediction of it on the same inputs, in [0, 1], shape (n,).
        unlabelled: The same prediction on N other inputs, shape (N,).
        delta: How often the bound may be wrong.
        target: What the mean is.
        power: How far predictions are trusted, fixed beforehand; None: tuned on some of the labels.
        tuning: The share of the labels that tunes the power.
        unit: In which risk.
        side: Which bounds are asked for; both have half of delta each.
        certifier: Bounds the mean of what predictions leave; None: betting.
        inputs: What the inputs are.

    Raises:
        InputError: Lengths differ, a value is out of range, or no label is left.
    """
    check_delta(delta)
    # a power that was tuned on the labels which it is then used on would be chosen for their noise: some are given up
    spent = 0 if power is not None else _spent(tuning, len(as_unit("labels", labels)))
    given = Powered.of(labels, predicted, unlabelled, power, tuned_on=spent)
    trust, rest, u = given.power, given.rest[spent:], given.unlabelled
    bound, span, free = certifier or Betting(horizon=len(rest)), (-trust, 1.0), MaurerPontil()
    low, high = by_side(
        side,
        delta,
        lambda d: max(0.0, trust * free.low(u, d / 2) + bound.low(rest, d / 2, span)),
        lambda d: min(1.0, trust * free.high(u, d / 2) + bound.high(rest, d / 2, span)),
    )
    return Certificate(
        target,
        unit,
        f"prediction-powered ({bound.kind} at half of delta, {free.kind} at the other half, power {trust:.2f})",
        low,
        high,
        float(trust * u.mean() + rest.mean()),
        delta,
        bound.strength,
        (BOTH_AT_RANDOM, NOT_FITTED),
        f"{len(given.labels)} {inputs} labelled at random ({spent} tuned the power), {len(u)} unlabelled",
        len(given.labels),
    )


def _spent(tuning: float, n: int) -> int:
    """Return how many of n labels tune the power."""
    spent = math.ceil(check_share("tuning", tuning) * n)
    if spent >= n:
        raise InputError(f"{n} labels leave none beside the {spent} that tune the power: give it, or more labels")
    return spent


def rate_by_judge(
    judged: ArrayLike,
    on_positives: ArrayLike,
    on_negatives: ArrayLike,
    delta: float,
    *,
    target: str = "student_risk",
    side: Side = "both",
    inputs: str = "deployment inputs",
) -> Certificate:
    """Bound the share of positives by a judge whose two error rates were measured (Rogan & Gladen 1978).

    The share that the judge calls positive is q = TPR theta + FPR (1 - theta). A third of delta each bounds q, TPR and
    FPR, and since theta TPR_L + (1 - theta) FPR_L <= q <= q_U, theta is at most (q_U - FPR_L) / (TPR_L - FPR_L);
    1 if the judge is not certified to be better than chance. The lower bound mirrors it.

    Args:
        judged: Whether the judge says positive (such as: wrong) on n inputs without ground truth, shape (n,).
        on_positives: What it says on inputs that are truly positive, shape (p,).
        on_negatives: What it says on inputs that are truly negative, shape (m,).
        delta: How often the certificate may be wrong.
        target: What the share of positives is.
        side: Which bounds are asked for; both have half of delta each.
        inputs: What the inputs are.

    Raises:
        InputError: A vector is empty or holds something else than yes and no.
    """
    check_delta(delta)
    q, hit, alarm = (
        as_flags("judged", judged),
        as_flags("on_positives", on_positives),
        as_flags("on_negatives", on_negatives),
    )
    exact = ClopperPearson()

    def low_from(each: float) -> float:
        # the share is smallest if the judge hit as often and cried as often as it can have
        said, tpr, fpr = exact.low(q, each / 3), exact.high(hit, each / 3), exact.high(alarm, each / 3)
        return min(max((said - fpr) / (tpr - fpr), 0.0), 1.0) if tpr > fpr else 0.0

    def high_from(each: float) -> float:
        said, tpr, fpr = exact.high(q, each / 3), exact.low(hit, each / 3), exact.low(alarm, each / 3)
        return min(max((said - fpr) / (tpr - fpr), 0.0), 1.0) if tpr > fpr else 1.0

    low, high = by_side(side, delta, low_from, high_from)
    informed = hit.mean() > alarm.mean()
    return Certificate(
        target,
        "error",
        "noisy judge (clopper-pearson at a third of delta for its verdicts and each of its error rates)",
        low,
        high,
        float(np.clip((q.mean() - alarm.mean()) / (hit.mean() - alarm.mean()), 0, 1)) if informed else None,
        delta,
        "conditional",
        ("the judge's errors depend on nothing but the truth, and are as frequent here as where they were measured",),
        f"{len(q)} {inputs}, judged; {len(hit)} positives and {len(alarm)} negatives with ground truth",
        len(hit) + len(alarm),
    )


def risk_by_ruled_out(
    answers: ArrayLike,
    ruled_out: ArrayLike,
    delta: float,
    *,
    n_classes: int,
    side: Side = "high",
    certifier: Certifier | None = None,
    inputs: str = "deployment inputs",
) -> Certificate:
    """Bound 0-1 risk by experts who name one wrong class (complementary labels, arXiv 2510.22500).

    If it is drawn evenly from the k - 1 wrong ones, a wrong answer is met with chance 1 / (k - 1) and a right one
    never: the risk is k - 1 times the share of answers that were ruled out.

    Args:
        answers: The student's classes on n inputs drawn at random, shape (n,).
        ruled_out: A wrong class of each, shape (n,).
        delta: How often the certificate may be wrong.
        n_classes: How many classes there are, k.
        side: Which bounds are asked for; both have half of delta each.
        certifier: Bounds the share; None: exact.
        inputs: What the inputs are.

    Raises:
        InputError: Shapes or classes do not fit, or delta is out of range.
    """
    check_delta(delta)
    if n_classes < 2:
        raise InputError(f"n_classes must be at least 2, got {n_classes}")
    given, never = as_labels("answers", answers, n_classes), as_labels("ruled_out", ruled_out, n_classes)
    same_length(answers=given, ruled_out=never)
    # a right answer is never ruled out, a wrong one in a share 1 / (k - 1) of cases
    met, bound, factor = given == never, certifier or ClopperPearson(), n_classes - 1
    low, high = by_side(
        side, delta, lambda d: min(1.0, factor * bound.low(met, d)), lambda d: min(1.0, factor * bound.high(met, d))
    )
    return Certificate(
        "student_risk",
        "error",
        f"complementary labels ({bound.kind})",
        low,
        high,
        min(1.0, float(factor * met.mean())),
        delta,
        "conditional",
        (
            "inputs were labelled at random",
            "each ruled-out class is wrong, and drawn evenly from the wrong ones without a look at the answer",
        ),
        f"{len(met)} {inputs} with one class ruled out each, at random",
        len(met),
    )
