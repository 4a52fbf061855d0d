"""Certificates of the gain: how much less the student errs than its weak supervisor.

All rest on identities that hold for any student, supervisor and truth: in 0-1 risk the gain is the share of
disagreements times the mean of 1[student right] - 1[weak right] among them; in squared risk it is misfit + 2 cross
term.
"""

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import FloatArray, InputError, Unit
from w2sg.measure import (
    INDEPENDENT,
    MEASURED_ROW_SUM_TOLERANCE,
    UNIT,
    Betting,
    Certifier,
    ClopperPearson,
    MaurerPontil,
    Side,
    Span,
    as_floats,
    as_labels,
    as_rows,
    as_unit,
    by_side,
    check_delta,
    same_length,
)
from w2sg.theory.certificate import Certificate, certified_mean

DIFFERENCE: Span = (-1.0, 1.0)
AT_RANDOM = "the labelled inputs were drawn at random from those that the statement is about"
SHARE = "share of disagreements (clopper-pearson)"
ON_DISAGREEMENTS = (
    "the labelled inputs were drawn at random from all inputs on which student and weak supervisor disagree"
)
FRESH = "the inputs are independent draws of deployment, on which neither model was trained or chosen"


def gain_by_audit(
    weak: ArrayLike,
    student: ArrayLike,
    rows: ArrayLike,
    labels: ArrayLike,
    delta: float,
    *,
    n_classes: int,
    side: Side = "low",
    certifier: Certifier | None = None,
    inputs: str = "deployment inputs",
) -> Certificate:
    """Bound the gain in 0-1 risk by labels of disagreements only.

    G = D v, with D the share of disagreements and v the mean of 1[student right] - 1[weak right] among them. Half of
    delta bounds D on all inputs, half bounds v on the labels: G >= v_L D_L if v_L >= 0, else v_L D_U. One bound of D is
    enough: if G >= 0 a negative v_L D_U holds anyway, and if G < 0 then v_L <= v forbids the other case. On two classes
    v = 2p - 1 with p the student's accuracy there, and its bound is exact; on more it is betting.

    Args:
        weak: The weak supervisor's classes on N inputs, shape (N,).
        student: The student's classes on them, shape (N,).
        rows: Which were labelled, shape (m,): disagreements at random, in the order drawn. None leaves -D <= G <= D.
        labels: Their true classes, shape (m,).
        delta: How often the certificate may be wrong.
        n_classes: How many classes there are.
        side: Which bounds are asked for; both have half of delta each.
        certifier: Bounds v; None: exact on two classes, else betting aimed at m.
        inputs: What the inputs are.

    Raises:
        InputError: Shapes or classes do not fit, a row is no disagreement or comes twice, or delta is out of range.
    """
    check_delta(delta)
    differs, value = _disputed(weak, student, rows, labels, n_classes)
    bound = certifier or (ClopperPearson() if n_classes == 2 else Betting(horizon=max(len(value), 1)))
    part, exact = 0.5 if len(value) else 1.0, ClopperPearson()

    def low_from(each: float) -> float:
        least = bound.low(value, part * each, DIFFERENCE) if len(value) else -1.0
        return least * (exact.high if least < 0 else exact.low)(differs, part * each)

    def high_from(each: float) -> float:
        most = bound.high(value, part * each, DIFFERENCE) if len(value) else 1.0
        return most * (exact.high if most > 0 else exact.low)(differs, part * each)

    low, high = by_side(side, delta, low_from, high_from)
    return Certificate(
        "gain",
        "error",
        f"disagreement audit ({bound.kind} at half of delta, {SHARE} at the other half)" if len(value) else SHARE,
        low,
        high,
        float(differs.mean() * value.mean()) if len(value) else None,
        delta,
        bound.strength if len(value) else exact.strength,
        (FRESH, ON_DISAGREEMENTS)[: 1 + (len(value) > 0)],
        f"{len(value)} of the {int(differs.sum())} disagreements on {len(differs)} {inputs}, at random",
        len(value),
    )


def _disputed(
    weak: ArrayLike, student: ArrayLike, rows: ArrayLike, labels: ArrayLike, n_classes: int
) -> tuple[FloatArray, FloatArray]:
    """Return where both disagree (N,), and 1[student right] - 1[weak right] on labelled disagreements (m,)."""
    w, s = as_labels("weak", weak, n_classes), as_labels("student", student, n_classes)
    same_length(weak=w, student=s)
    at, gold = as_rows(rows, len(w)), as_labels("labels", labels, n_classes)
    same_length(rows=at, labels=gold)
    if not (w != s)[at].all():
        raise InputError("rows must be disagreements: labels drawn from all inputs go to gain_by_pairs")
    return (w != s).astype(np.float64), np.asarray((s[at] == gold).astype(np.float64) - (w[at] == gold))


def gain_by_pairs(
    weak_loss: ArrayLike,
    student_loss: ArrayLike,
    delta: float,
    *,
    unit: Unit = "error",
    most: float = 1.0,
    side: Side = "low",
    certifier: Certifier | None = None,
    inputs: str = "deployment inputs",
) -> Certificate:
    """Bound the gain by both models' losses on inputs that were labelled at random.

    Args:
        weak_loss: The weak supervisor's loss on each labelled input, from 0 to `most`, shape (m,).
        student_loss: The student's, shape (m,).
        delta: How often the certificate may be wrong.
        unit: In which risk.
        most: The largest possible loss.
        side: Which bounds are asked for; both have half of delta each.
        certifier: Bounds the mean difference; None: betting aimed at m.
        inputs: What the inputs are.

    Raises:
        InputError: Lengths differ, a loss is out of range, or delta is.
    """
    w, s = as_unit("weak_loss", weak_loss, (0.0, most)), as_unit("student_loss", student_loss, (0.0, most))
    same_length(weak_loss=w, student_loss=s)
    bound = certifier or Betting(horizon=len(w))
    frame = f"{len(w)} {inputs}, labelled at random"
    return certified_mean(
        bound, (w - s) * most, delta, target="gain", frame=frame, unit=unit, side=side, span=(-most, most)
    )


def cross_term(
    weak: ArrayLike,
    student: ArrayLike,
    labels: ArrayLike,
    delta: float,
    *,
    side: Side = "both",
    span: Span = UNIT,
    certifier: Certifier | None = None,
    inputs: str = "deployment inputs",
) -> Certificate:
    """Bound C = E <f_w - f_s, f_s - y>, whose sign every theorem of the misfit family takes for granted.

    Its least and largest possible values, -1 and 1/4 for numbers in [0, 1] and -2 and 1/2 for probabilities, are those
    at the corners: it is linear in f_w and in y, and quadratic in f_s.

    Args:
        weak: The weak supervisor's predictions on inputs labelled at random: numbers (m,), or probabilities (m, k).
        student: The student's, of the same shape.
        labels: Numbers (m,), or true classes (m,).
        delta: How often the certificate may be wrong.
        side: Which bounds are asked for; both have half of delta each.
        span: The least and the largest possible number; for probabilities it is [0, 1].
        certifier: Bounds the mean; None: betting aimed at m.
        inputs: What the inputs are.

    Raises:
        InputError: Shapes do not fit, a value leaves its span, or delta is out of range.
    """
    value, ends = _crossing(weak, student, labels, span)
    bound = certifier or Betting(horizon=len(value))
    frame = f"{len(value)} {inputs}, labelled at random"
    return certified_mean(bound, value, delta, target="cross_term", frame=frame, unit="squared", side=side, span=ends)


def _crossing(weak: ArrayLike, student: ArrayLike, labels: ArrayLike, span: Span) -> tuple[FloatArray, Span]:
    """Return <f_w - f_s, f_s - y> of each labelled input, and its span."""
    w, s = _predictions("weak", weak, span), _predictions("student", student, span)
    gold = _labels(labels, s, span)
    if w.shape != s.shape or len(gold) != len(s):
        raise InputError(f"weak, student and labels must fit, got shapes {w.shape}, {s.shape} and {gold.shape}")
    scale = _scale(span, s)
    # computed in units of [0, 1] and scaled back, because a product of two spans is not the span of a product
    value = ((w - s) * (s - gold)).reshape(len(s), -1).sum(axis=1) * scale
    return value, (-2 * scale, scale / 2) if s.ndim == 2 else (-scale, scale / 4)


def gain_by_misfit(
    weak: ArrayLike,
    student: ArrayLike,
    rows: ArrayLike,
    labels: ArrayLike,
    delta: float,
    *,
    side: Side = "low",
    span: Span = UNIT,
    certifier: Certifier | None = None,
    inputs: str = "deployment inputs",
) -> Certificate:
    """Bound the gain in squared risk, G = M + 2C, by the misfit on all inputs and the cross term on labelled ones.

    Half of delta bounds M = E |f_w - f_s|^2 (empirical Bernstein), half bounds C. Labels with noise of mean 0 serve.

    Args:
        weak: The weak supervisor's predictions on N inputs: numbers (N,), or probabilities (N, k).
        student: The student's, of the same shape.
        rows: Which inputs were labelled, drawn at random from all, shape (m,).
        labels: Their numbers, or true classes, shape (m,).
        delta: How often the certificate may be wrong.
        side: Which bounds are asked for; both have half of delta each.
        span: The least and the largest possible number; for probabilities it is [0, 1].
        certifier: Bounds the cross term; None: betting aimed at m.
        inputs: What the inputs are.

    Raises:
        InputError: As for `cross_term`, or a row is outside or comes twice.
    """
    check_delta(delta)
    w, s = _predictions("weak", weak, span), _predictions("student", student, span)
    if w.shape != s.shape:
        raise InputError(f"weak and student must have one shape, got {w.shape} and {s.shape}")
    at, scale, misfit = as_rows(rows, len(w)), _scale(span, s), MaurerPontil()
    # squared distances of probabilities are at most 2, those of numbers the squared length of their span
    distance, most = ((w - s) ** 2).reshape(len(w), -1).sum(axis=1) * scale, s.ndim * scale
    # the misfit needs no label and is known from all N inputs; labels are spent on the cross term alone
    value, ends = _crossing(np.asarray(weak)[at], np.asarray(student)[at], labels, span)
    bound = certifier or Betting(horizon=len(value))

    low, high = by_side(
        side,
        delta,
        lambda d: max(-most, misfit.low(distance, d / 2, (0.0, most)) + 2 * bound.low(value, d / 2, ends)),
        lambda d: min(most, misfit.high(distance, d / 2, (0.0, most)) + 2 * bound.high(value, d / 2, ends)),
    )
    return Certificate(
        "gain",
        "squared",
        f"misfit ({misfit.kind} at half of delta) + 2 cross term ({bound.kind} at the other half)",
        low,
        high,
        float(distance.mean() + 2 * value.mean()),
        delta,
        bound.strength,
        (FRESH, AT_RANDOM, INDEPENDENT),
        f"{len(at)} of {len(w)} {inputs}, labelled at random",
        len(at),
    )


def _predictions(name: str, values: ArrayLike, span: Span) -> FloatArray:
    """Return predictions moved to [0, 1], of shape (n,) or (n, k)."""
    array = np.asarray(values)
    if array.ndim == 1:
        return as_unit(name, array, span)
    if array.ndim != 2 or array.shape[1] < 2:
        raise InputError(f"{name} must be numbers (n,) or probabilities (n, k) with k >= 2, got shape {array.shape}")
    # rows that miss 1 by rounding are made to sum to 1, so that no distance leaves its span
    flat = as_unit(name, array.ravel()).reshape(array.shape)
    worst = float(np.abs(flat.sum(axis=1) - 1).max())
    if worst > MEASURED_ROW_SUM_TOLERANCE:
        raise InputError(f"rows of {name} must sum to 1, one misses it by {worst:.2g}: apply soft-max to logits first")
    return np.asarray(flat / flat.sum(axis=1, keepdims=True))


def _labels(values: ArrayLike, like: FloatArray, span: Span) -> FloatArray:
    if like.ndim == 1:
        return as_unit("labels", as_floats("labels", values), span)
    return np.asarray(np.eye(like.shape[1])[as_labels("labels", values, like.shape[1])])


def _scale(span: Span, like: FloatArray) -> float:
    """Return the factor from squared units of [0, 1] to those of the span."""
    return 1.0 if like.ndim == 2 else (span[1] - span[0]) ** 2
