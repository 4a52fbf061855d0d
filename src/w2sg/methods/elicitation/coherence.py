"""Labels that a student finds easiest to predict from each other, searched by cross-fitting many at a time."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    ClassProbabilities,
    Fit,
    FloatArray,
    IntArray,
    Method,
    Predictor,
    Student,
    Training,
    WeakSplit,
    WeakView,
    one_hot,
    register,
)
from w2sg.methods.objectives.cross_entropy import CrossEntropy
from w2sg.methods.parts import OTHER_TRAINING
from w2sg.methods.stopping import Fixed

SMALLEST = 1e-5
"""Probabilities are taken to lie between this and one minus this, as in the released code of arXiv:2506.10139."""
BALANCING = 20
"""Iterations that fit the class shares of predictions to the expected ones; each divides by their ratio."""
NONE = -1
Lesson = tuple[int, bytes]
"""A fold, and the labels of the others that it is predicted from."""


@dataclass(frozen=True, eq=False)
class _Search:
    """What stays the same during a search.

    Attributes:
        fit: The request to train one student; labels and rows are set for each.
        shares: The expected class shares, `(k,)`.
        fold: The fold of each example, `(n,)`.
        alpha: The weight of mutual predictability.
        learned: For each lesson that was learned the probabilities of its fold, `(n_fold, k)`.
    """

    fit: Fit
    shares: FloatArray
    fold: IntArray
    alpha: float
    learned: dict[Lesson, FloatArray] = field(default_factory=dict)

    def request(self, labels: IntArray, rows: AnyArray) -> Fit:
        """Return the request to train on some examples with their labels."""
        return replace(self.fit, inputs=self.fit.inputs.take(rows), targets=one_hot(labels[rows], len(self.shares)))

    def lessons(self, labels: IntArray) -> dict[Lesson, IntArray]:
        """Return for each fold the labels that it is predicted from, `(n,)`: all but its own, which are -1."""
        # A label must never help to predict itself, so a fold is predicted from the others alone.
        rest = {int(fold): np.where(self.fold == fold, NONE, labels) for fold in np.unique(self.fold)}
        return {(fold, known.tobytes()): known for fold, known in rest.items()}

    def cross_fit(self, states: Sequence[IntArray]) -> Generator[Sequence[Fit], list[Predictor], list[FloatArray]]:
        """Return probabilities `(n, k)` for each state of the labels, by students that did not learn that fold.

        A proposal changes few labels, often none or those of one fold: a lesson that was learned before is not again.
        """
        wanted = [self.lessons(labels) for labels in states]
        new = {name: rest for lessons in wanted for name, rest in lessons.items() if name not in self.learned}
        trained = yield [self.request(rest, rest != NONE) for rest in new.values()]
        for name, student in zip(new, trained, strict=True):
            self.learned[name] = student.predict_proba(self.fit.inputs.take(self.fold == name[0]))
        return [self._gathered(lessons) for lessons in wanted]

    def _gathered(self, lessons: Iterable[Lesson]) -> FloatArray:
        proba = np.zeros((len(self.fold), len(self.shares)))
        for fold, known in lessons:
            proba[self.fold == fold] = self.learned[fold, known]
        return proba

    def utility(self, labels: IntArray, proba: FloatArray) -> float:
        """Return `alpha * mean log-odds of the labels - labels beyond their class's share`."""
        known = np.flatnonzero(labels != NONE)
        # Clipped, or one label that a student finds impossible would outweigh all others.
        p = np.clip(proba[known, labels[known]], SMALLEST, 1 - SMALLEST)
        counts = np.bincount(labels[known], minlength=len(self.shares))
        # One label for everything is perfectly coherent. Labels beyond a class's expected share are counted against the
        # state, so that coherence cannot be bought by collapse.
        beyond = np.maximum(counts - np.ceil(self.shares * len(known)), 0).sum()
        return float(self.alpha * np.log(p / (1 - p)).mean() - beyond)

    def named(self, proba: FloatArray) -> IntArray:
        """Return the most likely classes `(n,)` after the class shares have been set right."""
        # A factor for each class is adjusted until the mean prediction has the expected shares: students trained on few
        # labels lean to one class, and would otherwise propose it everywhere.
        bias = np.ones(len(self.shares))
        for _ in range(BALANCING):
            weighted = np.maximum(proba, SMALLEST) * bias
            bias *= self.shares / np.maximum((weighted / weighted.sum(axis=1, keepdims=True)).mean(axis=0), SMALLEST)
        return np.asarray((np.maximum(proba, SMALLEST) * bias).argmax(axis=1))


@final
@register()
class Coherence(Method):
    """Labels found by simulated annealing such that each is predictable from the others, many in one move.

    In the manner of internal coherence maximization (arXiv:2506.10139), of which `internal-coherence` is the published
    search.

    Maximises `U = alpha * P - I`. `P` is the mean log-odds of the labels, each under a student that was trained on the
    labels of the other folds; `I` counts the labels beyond their class's share. The search starts from `seeds` labels
    of each class. In a round more examples are labelled, until after half of the rounds all are; and a share `moves`
    of the labelled ones is proposed its predicted class, which is accepted with probability `exp(dU / T)`, at the
    temperature `T = max(coldest, hottest / (1 + 2 ln(1 + round)))`. The student is then trained on all labels found.

    In the place of in-context predictions, one example at a time, any student is trained anew on folds, so a few dozen
    rounds stand for thousands of flips, and rounds cool it in place of accepted flips. Predictions are set right by the
    class shares before they are proposed. The first labels are the weak labels that are surest in each class, whose
    mean also gives the class shares; a search that starts at random expects equal shares, and its classes are named by
    the matching that agrees best with the weak labels.
    """

    version: ClassVar[int] = 2
    kind: Literal["coherence"] = "coherence"
    start: Literal["weak", "random"] = Field("weak", description="first labels: the surest weak ones, or random ones")
    seeds: int = Field(8, ge=2, description="first labels of each class")
    examples: int = Field(1000, ge=4, description="transfer examples searched at most, drawn at random")
    rounds: int = Field(30, ge=2, description="proposals")
    moves: float = Field(0.5, gt=0, le=1, description="share of the labelled examples in a proposal")
    folds: int = Field(4, ge=2, description="students that each round's labels are predicted with")
    alpha: float = Field(30.0, gt=0, description="weight of mutual predictability against the class shares")
    hottest: float = Field(10.0, gt=0, description="temperature of the first round")
    coldest: float = Field(0.01, gt=0, description="the temperature never falls below this")

    @property
    def names_only(self) -> bool:
        """A search that starts at random finds its labels without the supervisor."""
        return self.start == "random"

    @property
    def training_facts(self) -> Mapping[str, str]:
        """The student learns labels that were searched."""
        return OTHER_TRAINING

    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Search labels, then train on them."""
        # Every round trains students anew, so the search looks at a sample; the last student learns its labels only.
        split = some(view.transfer, self.examples, rng)
        labels, weak, k = self._first(split.weak, rng), split.weak.probabilities, split.weak.n_classes
        search = _Search(
            fit=Fit(
                student=student,
                inputs=split.inputs,
                targets=weak,
                corpus=view.corpus,
                objective=CrossEntropy(),
                stopping=Fixed(),
                rng=rng,
            ),
            shares=weak.mean(axis=0).astype(np.float64) if self.start == "weak" else np.ones(k) / k,
            fold=_folds(labels, self.folds, rng),
            alpha=self.alpha,
        )
        labels_found = yield from self.search(search, labels, rng)
        if self.start == "random":
            labels_found = matched(labels_found, weak)
        return (yield [search.request(labels_found, labels_found != NONE)])[0]

    def search(
        self, search: _Search, labels: IntArray, rng: np.random.Generator
    ) -> Generator[Sequence[Fit], list[Predictor], IntArray]:
        """Return the labels `(n,)` that the annealing ends in."""
        # Examples join in a random order, in numbers that grow by a constant factor, so that early labels are settled
        # before many others lean on them.
        waiting = rng.permutation(np.flatnonzero(labels == NONE))
        n, first = len(labels), len(labels) - len(waiting)
        (proba,) = yield from search.cross_fit([labels])
        for turn in range(self.rounds):
            named, old = search.named(proba), np.flatnonzero(labels != NONE)
            grown = first * (n / first) ** min(1.0, (turn + 1) / (self.rounds // 2))
            joining, waiting = np.split(waiting, [max(0, round(grown) - len(old))])
            moving = rng.permutation(old)[: max(1, round(self.moves * len(old)))]
            # Those that join are labelled in both states alike, so that the comparison is of the proposed moves alone.
            kept, moved = labels.copy(), labels.copy()
            kept[joining], moved[joining], moved[moving] = named[joining], named[joining], named[moving]
            states = [kept, moved] if len(joining) else [moved]
            predicted = yield from search.cross_fit(states)
            before, after = (predicted[0] if len(joining) else proba), predicted[-1]
            gain = search.utility(moved, after) - search.utility(kept, before)
            heat = max(self.coldest, self.hottest / (1 + 2 * np.log1p(turn)))
            # A worse state is accepted now and then, ever more rarely as it cools: that is what lets the search leave a
            # coherent but wrong labelling.
            accepted = rng.random() < np.exp(min(0.0, gain / heat))
            labels, proba = (moved, after) if accepted else (kept, before)
        return labels

    def _first(self, weak: ClassProbabilities, rng: np.random.Generator) -> IntArray:
        """Return the first labels `(n,)`, -1 where there is none."""
        n, k = weak.probabilities.shape
        labels = np.full(n, NONE, dtype=np.int64)
        if self.start == "random":
            rows = rng.permutation(n)[: self.seeds * k]
            labels[rows] = np.arange(len(rows)) % k
            return labels
        named = weak.named
        for label in range(k):
            rows = np.flatnonzero(named == label)
            labels[rows[np.argsort(-weak.probabilities[rows, label], kind="stable")][: self.seeds]] = label
        return labels


def some(split: WeakSplit, most: int, rng: np.random.Generator) -> WeakSplit:
    """Return the split, or `most` of its examples drawn at random where it has more."""
    if len(split) <= most:
        return split
    return split.take(np.sort(rng.permutation(len(split))[:most]))


def _folds(labels: IntArray, folds: int, rng: np.random.Generator) -> IntArray:
    """Return a fold for each example; those of a class that are labelled from the start are dealt in turn."""
    fold = rng.permutation(len(labels)) % folds
    for label in np.unique(labels[labels != NONE]):
        rows = np.flatnonzero(labels == label)
        fold[rows] = np.arange(len(rows)) % folds
    return fold


def matched(labels: IntArray, weak: FloatArray) -> IntArray:
    """Return labels renamed one to one such that they agree with the weak labels as often as they can."""
    from scipy.optimize import linear_sum_assignment

    k = weak.shape[1]
    known = labels != NONE
    agreement = one_hot(labels[known], k).T @ weak[known]
    # Names are free in a search without labels: this is the one place where the weak labels are asked, for as many bits
    # as a permutation has.
    return np.where(known, linear_sum_assignment(-agreement)[1][labels], NONE)
