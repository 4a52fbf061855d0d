"""Certificates of the gain from the supervisor's risks alone: no label judges the student."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import FloatArray, Inapplicable, InputError, Unit, one_hot
from w2sg.measure import UNIT, Betting, Certifier, ClopperPearson, KnownMean, as_labels, check_delta, identified
from w2sg.theory.certificate import Certificate
from w2sg.theory.certificates.gain import FRESH, as_predictions
from w2sg.theory.certificates.student import HELD_OUT
from w2sg.theory.observing.risks import SMALLEST, losses, losses_by_label

MOST: dict[Unit, float] = {"error": 1.0, "squared": 2.0, "kl": float(-np.log(SMALLEST))}
"""The largest loss of a prediction in each unit."""


def gain_by_identification(
    weak: ArrayLike,
    student: ArrayLike,
    held_out: ArrayLike,
    labels: ArrayLike,
    delta: float,
    *,
    unit: Unit = "error",
    inputs: str = "deployment inputs",
) -> Certificate:
    """Bound the gain by the supervisor's risks in 0-1, squared and cross-entropy, with no label of the student's.

    Whatever the labels are, the gain is at least `sum_j a_j R_j + E min_y (loss_w - loss_s - sum_j a_j loss_wj)` for
    any prices `a`, and at most the same with a maximum. The prices are those at which a linear program on every second
    unlabelled input is solved; the mean is bounded on the other inputs. Half of delta bounds three risks from both
    sides, so that the prices may depend on them; the other half is for the two means.

    Args:
        weak: The supervisor's probabilities on N unlabelled inputs, shape (N, k).
        student: The student's, shape (N, k).
        held_out: The supervisor's probabilities on n labelled draws that did not train it, shape (n, k).
        labels: Their true classes, shape (n,).
        delta: How often the certificate may be wrong.
        unit: In which risk.
        inputs: What the inputs are.

    Raises:
        InputError: Shapes do not fit, there is one unlabelled input, or delta is out of range.
        Inapplicable: No truth of the unlabelled inputs has risks so.
    """
    check_delta(delta)
    if unit not in MOST:
        raise InputError(f"unit must be one of {', '.join(MOST)}, got {unit!r}")
    w, s, held, gold = _checked(weak, student, held_out, labels)
    known = _risks(losses(held, gold, "classification"), delta / 2)
    before, after = losses_by_label(w), losses_by_label(s)
    value = before[unit] - after[unit]
    ends = identified(value[::2], [KnownMean(before[name][::2], *known[name]) for name in known])
    if ends is None:
        raise Inapplicable("no truth of the unlabelled inputs gives the supervisor risks within these bounds")
    costs = {name: before[name][1::2] for name in known}
    low, high = (
        _bounded(sign, dict(zip(known, end.prices, strict=True)), known, unit, value[1::2], costs, delta / 4)
        for sign, end in zip((1, -1), ends, strict=True)
    )
    return Certificate(
        "gain",
        unit,
        f"identified by {len(known)} risks (half of delta) and unlabelled inputs (betting at the other half)",
        max(low, -MOST[unit]),
        min(high, MOST[unit]),
        None,
        delta,
        Betting.strength,
        (FRESH, HELD_OUT),
        f"{len(w)} unlabelled {inputs}; the weak supervisor's {len(gold)} held-out labels",
        len(gold),
    )


def _checked(
    weak: ArrayLike, student: ArrayLike, held_out: ArrayLike, labels: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return three sets of probabilities, and the labels one-hot."""
    given = {"weak": weak, "student": student, "held_out": held_out}
    w, s, held = (as_predictions(name, values, UNIT) for name, values in given.items())
    gold = as_labels("labels", labels)
    if w.ndim != 2 or w.shape != s.shape or w.shape[1:] != held.shape[1:] or len(held) != len(gold) or len(w) < 2:
        raise InputError(
            "weak and student must be (N, k) with N of at least 2, held_out (n, k) and labels (n,), "
            f"got {w.shape}, {s.shape}, {held.shape} and {gold.shape}"
        )
    return w, s, held, one_hot(as_labels("labels", gold, w.shape[1]), w.shape[1])


def _bounded(
    sign: int,
    prices: Mapping[Unit, float],
    known: Mapping[Unit, tuple[float, float]],
    unit: Unit,
    value: FloatArray,
    costs: Mapping[Unit, FloatArray],
    delta: float,
) -> float:
    """Return a lower bound of the gain (sign 1), or an upper one (sign -1), at prices that inputs did not choose.

    Args:
        sign: Which end.
        prices: Of each risk.
        known: Bounds of each risk.
        unit: That of the gain.
        value: What each input adds to the gain under each label, `(m, k)`.
        costs: What each input adds to each risk under each label, `(m, k)` each.
        delta: How often the mean over inputs may be misjudged.
    """
    priced = sum(price * costs[name] for name, price in prices.items())
    rows = (sign * (value - priced)).min(axis=1)
    # No row leaves the span that prices and largest losses allow, whatever the models say.
    weights = [((name == unit) - price) * MOST[name] for name, price in prices.items()]
    reach = sign * np.array([*weights, -MOST[unit]])
    span = float(np.minimum(reach, 0).sum()), float(np.maximum(reach, 0).sum())
    least = Betting(horizon=len(rows)).low(rows, delta, span)
    # A risk counts at the end that its price makes the worse one.
    risks = sum(price * known[name][0 if sign * price >= 0 else 1] for name, price in prices.items())
    return sign * least + risks


def _risks(costs: dict[str, FloatArray], delta: float) -> dict[Unit, tuple[float, float]]:
    """Return bounds of the supervisor's risks that hold together."""
    each = delta / (2 * len(MOST))
    bounds: dict[Unit, tuple[float, float]] = {}
    for unit, most in MOST.items():
        rows = costs[unit]
        certifier: Certifier = ClopperPearson() if unit == "error" else Betting(horizon=len(rows))
        bounds[unit] = certifier.low(rows, each, (0.0, most)), certifier.high(rows, each, (0.0, most))
    return bounds
