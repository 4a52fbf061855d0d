"""The students that the selectors choose among, all trained as one batch, and committees of them."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from w2sg.core import (
    AnyArray,
    ClassProbabilities,
    Fit,
    FloatArray,
    Inputs,
    Method,
    Predictor,
    Student,
    WeakSplit,
    WeakView,
    one_hot,
)
from w2sg.methods.auto.density import GaussianClusters, LabelSpreading, OnFeatures
from w2sg.methods.chain import in_step
from w2sg.methods.composition import Composition
from w2sg.methods.filters.balance import BalancedLabels
from w2sg.methods.objectives.confidence import Confidence

PENALTIES = (3.0, 1.0, 1 / 3, 0.1, 1 / 30)
"""Factors of the student's own penalty."""
WITH_GOLD = (1.0, 1 / 3, 0.1)
"""Those of them under which candidates learn from gold too."""
LEAST = 1e-3
"""Probabilities of a committee's members are not taken below this: no member alone rules an answer out."""
NAIVE = "naive"
PAIRED = (NAIVE, "confidence")
"""Heads that also answer together with a graph, or with clusters."""
DENSITY: Mapping[str, Sequence[Method]] = {
    "graph": (LabelSpreading(), LabelSpreading(k=10), LabelSpreading(weight=0.9)),
    "clusters": (GaussianClusters(), GaussianClusters(directions=30)),
}
"""Candidates that read how the inputs lie, by family."""


LearnsFrom = Literal["weak", "gold", "both"]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A way to train, before it is trained.

    Attributes:
        name: What it is called where a choice is told.
        family: Candidates of one family differ in numbers only.
        method: How it is trained.
        student: What is trained.
        learns_from: The weak labels, the gold of the supervision split, or both together.
    """

    name: str
    family: str
    method: Method
    student: Student
    learns_from: LearnsFrom = "weak"


class Committee(Predictor):
    """Students that answer together: the geometric mean of their probabilities."""

    def __init__(self, members: Sequence[Predictor], notes: Mapping[str, object]) -> None:
        self.members, self.notes = tuple(members), notes

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities `(n, k)`."""
        return together([member.predict_proba(inputs) for member in self.members])


def together(probabilities: Sequence[FloatArray]) -> FloatArray:
    """Return the geometric mean of several students' probabilities `(n, k)`, with rows that sum to 1."""
    if len(probabilities) == 1:
        return probabilities[0]
    logs = np.mean([np.log(np.maximum(given, LEAST)) for given in probabilities], axis=0)
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


def candidates(view: WeakView, student: Student) -> list[Candidate]:
    """Return the ways to train that fit a student: three heads under several penalties, a graph and clusters.

    With the class shares of the supervision split in the view, there is a head more that holds its own answers to
    these shares; with its gold, the objectives learn from that as well, alone and beside the weak labels.
    """
    objectives: dict[str, Method] = {
        NAIVE: Composition(),
        "confidence": Composition(objective=Confidence()),
        "balanced": Composition(relabel=BalancedLabels(), objective=Confidence()),
    }
    if view.aggregates is not None and view.aggregates.class_shares is not None:
        shares = tuple(float(share) for share in view.aggregates.class_shares)
        objectives["confidence with known shares"] = Composition(objective=Confidence(shares=shares))
    found = []
    for factor in PENALTIES:
        turned = student if factor == 1 else student.penalised(factor)
        if turned is not None:
            named = {name: name if factor == 1 else f"{name}, penalty x {factor:.2g}" for name in objectives}
            found += [Candidate(named[name], name, method, turned) for name, method in objectives.items()]
            if view.supervision is not None and factor in WITH_GOLD:
                found.append(Candidate(f"direct, {named[NAIVE]}", "direct", objectives[NAIVE], turned, "gold"))
                found += [
                    Candidate(f"gold beside weak labels, {named[name]}", "both", objectives[name], turned, "both")
                    for name in (NAIVE, "confidence")
                ]
    for family, methods in DENSITY.items():
        found += [Candidate(f"{family} {place + 1}", family, one, student) for place, one in enumerate(methods)]
    known = _views(view, slice(None))
    return [one for one in found if one.method.requires <= student.capabilities and one.learns_from in known]


def views_of(view: WeakView) -> list[dict[LearnsFrom, WeakView]]:
    """Return what candidates learn from: first all there is, then, for each rehearsal, all but what is held out."""
    found = [_views(view, slice(None))]
    for rehearsal in view.rehearsals:
        taught = replace(view, transfer=WeakSplit(view.transfer.inputs, rehearsal.weak), validation=None)
        given = 0 if view.supervision is None else len(view.supervision)
        found.append(_views(taught, np.setdiff1d(np.arange(given), rehearsal.held_out)))
    return found


def _views(view: WeakView, rows: AnyArray | slice) -> dict[LearnsFrom, WeakView]:
    """Return the weak labels, the gold of some supervision examples, and both, each as weak labels."""
    if view.supervision is None:
        return {"weak": view}
    weak, inputs = view.transfer.weak.probabilities, view.transfer.inputs
    own = view.supervision.inputs
    own, gold = Inputs(own.pool, own.rows[rows]), one_hot(view.supervision.gold[rows], weak.shape[1])
    found: dict[LearnsFrom, WeakView] = {
        "weak": view,
        "gold": replace(view, transfer=WeakSplit(own, ClassProbabilities(gold)), validation=None),
    }
    if own.pool.digest == inputs.pool.digest:
        joined = Inputs(own.pool, np.concatenate([inputs.rows, own.rows]))
        both = WeakSplit(joined, ClassProbabilities(np.concatenate([weak, gold]).astype(np.float32)))
        found["both"] = replace(view, transfer=both, validation=None)
    return found


def train_all(
    views: Sequence[Mapping[LearnsFrom, WeakView]], of: Sequence[Candidate], rng: np.random.Generator
) -> Generator[Sequence[Fit], list[Predictor], list[list[Predictor]]]:
    """Train every candidate on what it learns from, in one batch; return the predictors of each item of `views`."""
    # Each training begins from the same randomness, so that candidates differ by what they are.
    seed = int(rng.integers(2**63))
    heads = [one for one in of if not isinstance(one.method, OnFeatures)]
    courses = [
        one.method.train(seen[one.learns_from], one.student, np.random.default_rng(seed))
        for seen in views
        for one in heads
    ]
    trained = iter((yield from in_step(courses)))
    # What the inputs alone say is the same for all labels, so it is found once for each candidate.
    layouts = {
        place: one.method.laid_out(views[0]["weak"], one.student, np.random.default_rng(seed))
        for place, one in enumerate(of)
        if isinstance(one.method, OnFeatures)
    }
    return [
        [
            one.method.taught(layouts[place], seen["weak"].transfer.weak.probabilities)
            if isinstance(one.method, OnFeatures)
            else next(trained)
            for place, one in enumerate(of)
        ]
        for seen in views
    ]


def answering(of: Sequence[Candidate]) -> list[tuple[int, ...]]:
    """Return who may answer, by place: each candidate alone, and the first graph and clusters beside plain heads."""
    alone: list[tuple[int, ...]] = [(place,) for place in range(len(of))]
    heads = [place for place, one in enumerate(of) if one.name in PAIRED]
    first = {one.family: place for place, one in reversed(list(enumerate(of))) if one.family in DENSITY}
    return alone + [(place, head) for place in first.values() for head in heads]
