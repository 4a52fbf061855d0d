"""What a decision will need before a label is spent: seeds and labels, by simulation from what is supposed of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from w2sg.core import BoolArray, CapabilityError, InputError, IntArray, derive
from w2sg.desiderata.buying import buy_until_decided
from w2sg.desiderata.facts import CONFIDENCE, DIFFICULTY, GROUP, RunFacts, Who
from w2sg.desiderata.formulas import Formula, Verdict, formula_of
from w2sg.desiderata.specification import Specification
from w2sg.measure import t_quantile

PEOPLE: tuple[Who, ...] = ("weak", "student", "ceiling", "direct")
DRAWS = 60
MOST_SEEDS = 1000
TRUTH_INPUTS = 20_000
"""Inputs of a test set that is large enough to read the truth of what is supposed from it."""


@dataclass(frozen=True)
class Supposed:
    """What is supposed of a run before it is made.

    Attributes:
        weak: Accuracy of the weak supervisor.
        student: Accuracy of the student.
        ceiling: Accuracy of the ceiling.
        direct: Accuracy of the direct student.
        disagreement: The share of inputs on which student and supervisor disagree.
        inputs: How many inputs the test set has.
        groups: Into how many groups they fall, all alike.
        spread: The standard deviation of the student's accuracy between seeds.
    """

    weak: float = 0.7
    student: float = 0.8
    ceiling: float = 0.85
    direct: float = 0.75
    disagreement: float = 0.2
    inputs: int = 1000
    groups: int = 2
    spread: float = 0.01

    def __post_init__(self) -> None:
        for name in (*PEOPLE, "disagreement"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} must be a share in [0, 1], got {getattr(self, name)}")
        gain, share, accuracies = self.student - self.weak, self.disagreement, f"{self.weak} and {self.student}"
        if abs(gain) > share:
            raise InputError(f"disagreement must be at least the gain, {abs(gain):.3g}, got {share}: suppose more")
        if not share <= self.student + self.weak <= 2 - share:
            raise InputError(f"accuracies {accuracies} leave no disagreement of {share} on two classes: suppose less")
        if min(self.inputs, self.groups) < 1 or self.spread < 0:
            raise InputError("inputs and groups must be at least 1, and spread at least 0")

    def drawn(self, n: int, rng: np.random.Generator) -> tuple[RunFacts, Mapping[Who, BoolArray]]:
        """Return a test set of two classes, and who is right on it."""
        gain, share = self.student - self.weak, self.disagreement
        student_alone, weak_alone = (share + gain) / 2, (share - gain) / 2
        both = self.student - student_alone
        place = rng.choice(4, size=n, p=np.clip([both, student_alone, weak_alone, 1 - both - share], 0, 1))
        right: dict[Who, BoolArray] = {"student": place <= 1, "weak": (place == 0) | (place == 2)}
        # Ceiling and direct student are right where the student is as often as they can be: they are better or worse.
        right["ceiling"] = _beside(right["student"], self.student, self.ceiling, rng)
        right["direct"] = _beside(right["student"], self.student, self.direct, rng)
        unknown = np.zeros(n, dtype=np.bool_)
        columns: dict[str, NDArray[Any]] = {
            GROUP: rng.integers(0, self.groups, n).astype(str),
            DIFFICULTY: rng.random(n),
            CONFIDENCE: np.full(n, self.student) + rng.uniform(-1e-6, 1e-6, n),
        }
        facts = RunFacts(
            name="test",
            ids=np.arange(n),
            answers={who: right[who].astype(np.int64) for who in PEOPLE},
            n_answers=2,
            columns=columns,
            copied=right["student"] == right["weak"],
            right=dict.fromkeys(PEOPLE, unknown),
            known=unknown,
        )
        return facts, right


def _beside(student: BoolArray, accuracy: float, wanted: float, rng: np.random.Generator) -> BoolArray:
    """Return who is right with the wanted accuracy and differs from the student as little as that allows."""
    luck = rng.random(len(student))
    if wanted > accuracy:
        return np.asarray(student | (luck < (wanted - accuracy) / (1 - accuracy)))
    return np.asarray(student & (luck < wanted / max(accuracy, 1e-9)))


@dataclass(frozen=True)
class LabelPlan:
    """What a decision will need where what is supposed is so.

    Attributes:
        specification: What is required.
        supposed: What is supposed.
        verdict: What is then true; undecided where a requirement cannot be tested.
        labels: How many labels of one run were bought in the median of simulated test sets, and in nine of ten of them.
        decided: In which share of them the verdict was reached.
        seeds: How many seeds a study needs until bounds over seeds decide; None where no number up to 1,000 does.
        draws: How many test sets were simulated.
    """

    specification: Specification
    supposed: Supposed
    verdict: Verdict
    labels: tuple[int, int]
    decided: float
    seeds: int | None
    draws: int


def labels_needed(specification: Specification, supposed: Supposed, *, draws: int = DRAWS, seed: int = 0) -> LabelPlan:
    """Return how many labels of a run, or seeds of a study, will decide a specification.

    Args:
        specification: What is required; groups are taken to be alike, and inputs to be as hard as each other.
        supposed: What is supposed of the run.
        draws: How many test sets are simulated.
        seed: Draws them.
    """
    spent, verdicts = [], []
    for draw in range(draws):
        rng = derive(seed, "plan", str(draw))
        facts, right = supposed.drawn(supposed.inputs, rng)

        def ask(test: str, rows: IntArray, right: Mapping[Who, BoolArray] = right) -> Mapping[Who, BoolArray]:
            return {who: flags[rows] for who, flags in right.items()}

        decision = buy_until_decided(specification, {"test": facts}, ask, len(facts), rng)
        spent.append(decision.n_labels)
        verdicts.append(decision.verdict)
    truth, distances = _truth(specification, supposed, derive(seed, "plan", "truth"))
    return LabelPlan(
        specification,
        supposed,
        truth,
        (int(np.median(spent)), int(np.quantile(spent, 0.9))),
        float(np.mean([verdict != "undecided" for verdict in verdicts])),
        _seeds(distances, supposed),
        draws,
    )


def _truth(
    specification: Specification, supposed: Supposed, rng: np.random.Generator
) -> tuple[Verdict, list[tuple[float, float, float]]]:
    """Return what is true, and of each requirement its distance from the threshold, its variance and its delta."""
    facts, right = supposed.drawn(TRUTH_INPUTS, rng)
    formula = formula_of(specification.require, {"test": facts}).dealt(specification.delta, specification.delta)
    known, distances = dict[Formula, Verdict](), []
    for leaf in formula.leaves():
        try:
            if leaf.atom is None:
                raise CapabilityError(leaf.untestable)
            margin, variance = 0.0, 0.0
            for sign, population in leaf.atom.terms:
                if population.test != facts.name:
                    raise CapabilityError(f"nothing is supposed of test set {population.test!r}")
                rows = np.flatnonzero(population.rows(facts))
                values = leaf.atom.quantity.score(facts).of(right, rows)
                margin += sign * float(values.mean())
                variance += float(values.var()) * len(facts) / len(rows)
        except CapabilityError:
            known[leaf] = "undecided"
            continue
        margin = leaf.atom.sign * (margin - leaf.atom.threshold)
        known[leaf] = "met" if margin > 0 else "violated"
        distances.append((abs(margin), variance, leaf.met if margin > 0 else leaf.violated))
    return formula.verdict(lambda leaf: known[leaf]), distances


def _seeds(distances: Sequence[tuple[float, float, float]], supposed: Supposed) -> int | None:
    """Return the least number of seeds with which each requirement's bound is, in the mean, on the right side of it.

    Seeds have their spread and test inputs of their own: the half-width is that of Student's t.
    """
    if not distances:
        return None

    def suffices(seeds: int) -> bool:
        each = [(supposed.spread**2 + variance / supposed.inputs) / seeds for _, variance, _ in distances]
        return all(
            t_quantile(max(1 - 2 * delta, 0.01), seeds - 1) * own**0.5 <= distance
            for own, (distance, _, delta) in zip(each, distances, strict=True)
        )

    return next((seeds for seeds in range(2, MOST_SEEDS + 1) if suffices(seeds)), None)
