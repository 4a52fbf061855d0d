"""All certificates of one run for one budget of labels, with one delta that is split in the open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import BoolArray, FloatArray, Inapplicable, InputError, IntArray
from w2sg.measure import MEASURED_ROW_SUM_TOLERANCE, ClopperPearson, as_labels, check_delta, check_share
from w2sg.theory.certificate import Certificate, certified_mean
from w2sg.theory.certificates.conformal import split_conformal
from w2sg.theory.certificates.gain import cross_term, gain_by_audit, gain_by_misfit, gain_by_pairs
from w2sg.theory.certificates.identified import gain_by_identification
from w2sg.theory.certificates.labels import ppi
from w2sg.theory.certificates.strata import rate_by_strata
from w2sg.theory.certificates.student import gain_by_explicit_misfit, student_risk_by_agreement

Ask = Callable[[IntArray], ArrayLike]
"""Buys labels: the numbers of rows in, their true classes out."""
MISS = 0.1
"""The chance that a conformal set may miss the truth."""


@dataclass(frozen=True)
class LabelledRun:
    """What is known of a run: predictions on N unlabelled inputs, and the labels that were bought.

    Attributes:
        weak: The weak supervisor's probabilities, shape (N, k); one-hot where only classes are known.
        student: The student's, shape (N, k).
        soft: Whether probabilities are known.
        random: Rows labelled at random from all, in the order drawn.
        disputed: Rows labelled at random from the disagreements, those among `random` first.
        labels: True classes, shape (N,); -1 where they were not bought.
        held_out: What the weak supervisor says of labelled draws that did not train it (n, k) and their true classes
            (n,), or None.
        approximation: The supposed risk of the best student, or None.
        inputs: What the inputs are.
    """

    weak: FloatArray
    student: FloatArray
    soft: bool
    random: IntArray
    disputed: IntArray
    labels: IntArray
    held_out: tuple[FloatArray, IntArray] | None
    approximation: float | None
    inputs: str

    def has(self, need: str) -> bool:
        """Return whether what a claim needs is there."""
        there = {
            "random": len(self.random) > 0,
            "soft": self.soft,
            "held_out": self.held_out is not None,
            "approximation": self.approximation is not None,
        }
        return there[need]

    @property
    def classes(self) -> tuple[IntArray, IntArray]:
        """The classes that both name."""
        return self.weak.argmax(axis=1), self.student.argmax(axis=1)

    @property
    def differs(self) -> BoolArray:
        """Where they name different ones."""
        weak, student = self.classes
        return np.asarray(weak != student)

    def wrong(self, probabilities: FloatArray, rows: IntArray) -> BoolArray:
        """Return whether a model errs on labelled rows."""
        return np.asarray(probabilities[rows].argmax(axis=1) != self.labels[rows], dtype=np.bool_)

    def squared(self, probabilities: FloatArray, rows: IntArray) -> FloatArray:
        """Return a model's squared loss on labelled rows."""
        return _distance(probabilities[rows], np.eye(probabilities.shape[1])[self.labels[rows]])


@dataclass(frozen=True)
class Claim:
    """A certificate that may be asked for.

    Attributes:
        weight: Its part of delta, in relation to the others'.
        needs: What has to be there, besides predictions: `random` labels, `soft` predictions, `held_out` or
            `approximation`. It is known before a label is, so no share of delta depends on one.
        certify: Makes it.
    """

    weight: float
    needs: tuple[str, ...]
    certify: Callable[[LabelledRun, float], Certificate]


@dataclass(frozen=True)
class Certified:
    """The certificates of a run.

    Attributes:
        certificates: By claim; each with its own delta.
        skipped: Why a claim has no certificate.
        delta: All certificates hold together with probability 1 - delta at least.
        rows: Which rows were labelled, in the order drawn: first those at random, then further disagreements.
        n_random: How many were drawn at random from all inputs.
        n_disagreements: How many inputs the models disagree on.
    """

    certificates: Mapping[str, Certificate]
    skipped: Mapping[str, str]
    delta: float
    rows: IntArray = field(repr=False)
    n_random: int
    n_disagreements: int


def certify_run(
    weak: ArrayLike,
    student: ArrayLike,
    ask: Ask,
    k: int,
    delta: float,
    rng: np.random.Generator,
    *,
    n_classes: int | None = None,
    on_disagreements: float = 0.5,
    claims: Mapping[str, float] | None = None,
    held_out: tuple[ArrayLike, ArrayLike] | None = None,
    approximation: float | None = None,
    inputs: str = "deployment inputs",
) -> Certified:
    """Buy at most k labels and certify what they allow.

    A random order of the inputs is drawn. Its first k - round(on_disagreements k) are labelled, and after them that
    many more disagreements in the same order, as far as there are any: so the former are a sample of all inputs, and
    all labelled disagreements together are a sample of the disagreements. Both numbers are fixed before anything is
    looked at. Delta is split over the claims in proportion to their weights.

    Args:
        weak: The weak supervisor's predictions on N unlabelled inputs: classes (N,), or probabilities (N, c).
        student: The student's.
        ask: Buys labels.
        k: The budget.
        delta: How often any of the certificates may be wrong.
        rng: Draws the order.
        n_classes: How many classes there are, c; needed where only classes are given.
        on_disagreements: Which share of the budget goes to disagreements.
        claims: Weights by claim, of those to certify; None: all of `CLAIMS` with their own.
        held_out: What the weak supervisor says of n labelled draws of deployment that did not train it, in the form of
            `weak`, and their true classes, shape (n,).
        approximation: An upper bound of the squared risk of the best student there is, for the explicit misfit bound.
        inputs: What the inputs are.

    Raises:
        InputError: Predictions do not fit, k is more than N, a claim is unknown, or what `ask` returns are not classes.
    """
    check_delta(delta)
    first, second, soft = _both(weak, student, n_classes)
    weights = _weights(claims)
    differs = first.argmax(axis=1) != second.argmax(axis=1)
    rows, n_random = _draw(differs, k, on_disagreements, rng)
    # -1 is no class, so a row without a label can never be counted as right by mistake
    labels = np.full(len(first), -1, dtype=np.int64)
    if len(rows):
        bought = as_labels("what ask returned", ask(rows), first.shape[1])
        if len(bought) != len(rows):
            raise InputError(f"ask must return a class for each row, got {len(bought)} for {len(rows)}")
        labels[rows] = bought
    kept = None if held_out is None else _held_out(*held_out, np.ndim(weak), first.shape[1])
    audit = LabelledRun(first, second, soft, rows[:n_random], rows[differs[rows]], labels, kept, approximation, inputs)
    certificates, skipped = _certified(audit, weights, delta)
    return Certified(certificates, skipped, delta, rows, n_random, int(differs.sum()))


def _certified(
    audit: LabelledRun, weights: Mapping[str, float], delta: float
) -> tuple[dict[str, Certificate], dict[str, str]]:
    """Return certificates, and why others are missing; delta is split over what could be there before labels were."""
    # what a claim needs is known before a label is: a split of delta that looked at labels would have to pay for
    # looking
    lacks = {name: [REASONS[need] for need in CLAIMS[name].needs if not audit.has(need)] for name in weights}
    skipped = {name: f"needs {' and '.join(missing)}" for name, missing in lacks.items() if missing}
    total = sum(weight for name, weight in weights.items() if name not in skipped)
    certificates: dict[str, Certificate] = {}
    for name in weights:
        if name in skipped:
            continue
        try:
            certificates[name] = CLAIMS[name].certify(audit, delta * weights[name] / total)
        except Inapplicable as reason:
            skipped[name] = str(reason)
    return certificates, skipped


def _both(weak: ArrayLike, student: ArrayLike, n_classes: int | None) -> tuple[FloatArray, FloatArray, bool]:
    """Return both predictions as probabilities, and whether they were."""
    soft = [np.ndim(predictions) == 2 for predictions in (weak, student)]
    if n_classes is None and not any(soft):
        raise InputError("n_classes must be given where predictions are classes: those seen need not be all")
    width = n_classes or np.shape(weak if soft[0] else student)[1]
    first, second = _probabilities("weak", weak, width), _probabilities("student", student, width)
    if len(first) != len(second) or not len(first):
        raise InputError(f"weak and student must speak of the same inputs, got {len(first)} and {len(second)}")
    return first, second, all(soft)


def _probabilities(name: str, values: ArrayLike, width: int) -> FloatArray:
    array: np.ndarray[Any, Any] = np.asarray(values)
    if array.ndim != 2:
        return np.eye(width)[as_labels(name, array, width)]
    rows = array.astype(np.float64)
    if rows.shape[1] != width or width < 2 or not np.isfinite(rows).all() or rows.min(initial=0) < 0:
        raise InputError(f"{name} must be probabilities of shape (N, {width}), two classes at least, got {rows.shape}")
    if len(rows) and np.abs(rows.sum(axis=1) - 1).max() > MEASURED_ROW_SUM_TOLERANCE:
        raise InputError(f"rows of {name} must sum to 1: apply soft-max to logits first")
    return rows


def _held_out(said: ArrayLike, labels: ArrayLike, like: int, width: int) -> tuple[FloatArray, IntArray]:
    """Return what the supervisor says of labelled draws as probabilities, and their classes."""
    gold = as_labels("labels of held_out", labels, width)
    if np.ndim(said) != like or len(np.asarray(said)) != len(gold) or not len(gold):
        raise InputError(
            f"held_out must have predictions in the form of weak for each of its labels, at least one, got "
            f"{np.shape(said)} and {len(gold)} labels"
        )
    return _probabilities("held_out", said, width), gold


def _weights(claims: Mapping[str, float] | None) -> Mapping[str, float]:
    if claims is None:
        return {name: claim.weight for name, claim in CLAIMS.items()}
    unknown = sorted(set(claims) - set(CLAIMS))
    if unknown or not claims:
        raise InputError(f"claims must be some of {', '.join(CLAIMS)}, got {', '.join(unknown) or 'none'}")
    if not all(np.isfinite(weight) and weight > 0 for weight in claims.values()):
        raise InputError(f"weights of claims must be positive, got {dict(claims)}")
    return claims


def _draw(differs: BoolArray, k: int, share: float, rng: np.random.Generator) -> tuple[IntArray, int]:
    """Return the rows to label, and how many of them are at random from all."""
    n = len(differs)
    if not 0 <= k <= n:
        raise InputError(f"k must be from 0 to the {n} inputs there are, got {k}: it is the number of labels")
    if share not in (0, 1):
        check_share("on_disagreements", share)
    more = round(share * k)
    # One random order of all inputs. Its beginning is a sample of all; the disagreements among it, and those bought
    # behind it, come in the same order and are a sample of all disagreements.
    order = rng.permutation(n)
    after = order[k - more :]
    return np.concatenate([order[: k - more], after[differs[after]][:more]]), k - more


def _distance(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(((a - b) ** 2).sum(axis=1))


def _gain(audit: LabelledRun, delta: float) -> Certificate:
    rows = audit.disputed
    width = audit.weak.shape[1]
    return gain_by_audit(*audit.classes, rows, audit.labels[rows], delta, n_classes=width, inputs=audit.inputs)


def _gain_paired(audit: LabelledRun, delta: float) -> Certificate:
    weak, student = audit.wrong(audit.weak, audit.random), audit.wrong(audit.student, audit.random)
    return gain_by_pairs(weak, student, delta, inputs=audit.inputs)


def _gain_reach(audit: LabelledRun, delta: float) -> Certificate:
    none = np.zeros(0, dtype=np.int64)
    width = audit.weak.shape[1]
    return gain_by_audit(*audit.classes, none, none, delta, n_classes=width, side="both", inputs=audit.inputs)


def _gain_squared(audit: LabelledRun, delta: float) -> Certificate:
    rows = audit.random
    return gain_by_misfit(audit.weak, audit.student, rows, audit.labels[rows], delta, inputs=audit.inputs)


def _gain_explicit(audit: LabelledRun, delta: float) -> Certificate:
    assert audit.approximation is not None
    loss, apart = audit.squared(audit.weak, audit.random), _distance(audit.weak, audit.student)
    return gain_by_explicit_misfit(loss, apart, delta, approximation=audit.approximation, most=2.0, inputs=audit.inputs)


def _gain_identified(audit: LabelledRun, delta: float) -> Certificate:
    assert audit.held_out is not None
    # Of the gain in 0-1 risk `gain_reach` says as much without any label; of this one nothing else does.
    return gain_by_identification(
        audit.weak, audit.student, *audit.held_out, delta, unit="squared", inputs=audit.inputs
    )


def _cross_term(audit: LabelledRun, delta: float) -> Certificate:
    rows = audit.random
    return cross_term(audit.weak[rows], audit.student[rows], audit.labels[rows], delta, inputs=audit.inputs)


def _risk(model: str) -> Callable[[LabelledRun, float], Certificate]:
    def certify(audit: LabelledRun, delta: float) -> Certificate:
        flags = audit.wrong(getattr(audit, model), audit.random)
        frame = f"{len(flags)} of {len(audit.weak)} {audit.inputs}, labelled at random"
        return certified_mean(ClopperPearson(), flags, delta, target=f"{model}_risk", frame=frame)

    return certify


def _risk_agreement(audit: LabelledRun, delta: float) -> Certificate:
    assert audit.held_out is not None
    said, labels = audit.held_out
    return student_risk_by_agreement(*audit.classes, said.argmax(axis=1) != labels, delta, inputs=audit.inputs)


def _risk_stratified(audit: LabelledRun, delta: float) -> Certificate:
    agreed = audit.random[~audit.differs[audit.random]]
    count = int(audit.differs.sum())
    flags = [audit.wrong(audit.student, rows) for rows in (audit.disputed, agreed)]
    return rate_by_strata(flags, [count, len(audit.weak) - count], delta, inputs=audit.inputs)


def _risk_powered(audit: LabelledRun, delta: float) -> Certificate:
    """Predict the student's error by the supervisor's doubt of the student's class."""
    # needs no label: how little the supervisor believes in the class that the student names
    doubt = 1 - audit.weak[np.arange(len(audit.weak)), audit.classes[1]]
    rest = np.delete(doubt, audit.random)
    wrong = audit.wrong(audit.student, audit.random)
    return ppi(wrong, doubt[audit.random], rest, delta, target="student_risk", inputs=audit.inputs)


def _coverage(audit: LabelledRun, delta: float) -> Certificate:
    rows = audit.random
    return split_conformal(
        1 - audit.student[rows, audit.labels[rows]], delta, miss=MISS, inputs=audit.inputs
    ).certificate


REASONS = {
    "random": "labels drawn at random",
    "soft": "probabilities of both models",
    "held_out": "held-out labels of the weak supervisor",
    "approximation": "a bound of the best student's risk",
}
CLAIMS: dict[str, Claim] = {
    "gain": Claim(8, (), _gain),
    "student_risk": Claim(4, ("random",), _risk("student")),
    "weak_risk": Claim(2, ("random",), _risk("weak")),
    "gain_paired": Claim(1, ("random",), _gain_paired),
    "gain_reach": Claim(1, (), _gain_reach),
    "gain_squared": Claim(1, ("random", "soft"), _gain_squared),
    "gain_identified": Claim(1, ("held_out", "soft"), _gain_identified),
    "cross_term": Claim(1, ("random", "soft"), _cross_term),
    "gain_explicit": Claim(1, ("random", "soft", "approximation"), _gain_explicit),
    "student_risk_agreement": Claim(1, ("held_out",), _risk_agreement),
    "student_risk_stratified": Claim(1, ("random",), _risk_stratified),
    "student_risk_powered": Claim(1, ("random",), _risk_powered),
    "set_coverage": Claim(1, ("random", "soft"), _coverage),
}
"""What may be certified of a run: the gain first, which has the largest share of delta."""
