"""Confident learning: estimate who was mislabelled as what, and prune as many (Northcutt et al., arXiv:1911.00068)."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from w2sg.core import BoolArray, FloatArray, IntArray, Student, WeakView, register
from w2sg.methods.filters.shared import out_of_fold
from w2sg.methods.parts import Course, Selection

SLACK = 1e-6
"""How far below its threshold a probability still counts, and a half still is a half: float32 rounding."""


def confident_guess(named: IntArray, proba: FloatArray) -> IntArray:
    """Return the class that each example likely has, `(n,)`; -1 where no class is likely enough.

    A class is likely enough where its probability is at least its threshold, the mean of that probability over the
    examples that are named so: `t_j = mean of p_j over X_j`. Of several the most probable is taken.
    """
    proba = proba.astype(np.float64)
    # A class that is named nowhere has no mean to compare with, so nobody is confidently of it.
    thresholds = np.full(proba.shape[1], np.inf)
    for label in np.unique(named):
        thresholds[label] = proba[named == label, label].mean()
    above = proba >= thresholds - SLACK
    guess = np.where(above, proba, -1.0).argmax(axis=1)
    return np.where(above.any(axis=1), guess, -1)


def joint(named: IntArray, guess: IntArray, n_classes: int) -> FloatArray:
    """Return how many examples are named `i` and truly `j`, estimated: `n Q` of shape `(k, k)`.

    The confident joint counts the guesses; each row is then scaled to the number of examples named so.
    """
    counted = np.zeros((n_classes, n_classes))
    sure = guess >= 0
    np.add.at(counted, (named[sure], guess[sure]), 1)
    # At least one example of each class is taken to be right, as in the authors' library: else all of a class could be
    # pruned, and the weight of what is kept of it would be infinite.
    np.fill_diagonal(counted, np.maximum(np.diag(counted), 1))
    # Confident guesses are fewer than examples, and not evenly so over classes: rows are scaled up to what each class
    # was named.
    named_so = np.bincount(named, minlength=n_classes)[:, None]
    return np.asarray(counted * named_so / counted.sum(axis=1, keepdims=True))


def by_noise_rate(named: IntArray, proba: FloatArray, estimate: FloatArray) -> BoolArray:
    """Return whom to prune `(n,)`: of class `i`, for each `j`, the `n Q_ij` with the largest margin `p_j - p_i`."""
    pruned = np.zeros(len(named), dtype=np.bool_)
    for i in np.unique(named):
        rows = np.flatnonzero(named == i)
        for j in range(len(estimate)):
            if j != i:
                # Smallest margin of the given class first: those are the likeliest to be of class j.
                order = np.argsort(proba[rows, i] - proba[rows, j], kind="stable")
                pruned[rows[order[: _whole(estimate[i, j])]]] = True
    return pruned


def by_class(named: IntArray, proba: FloatArray, estimate: FloatArray) -> BoolArray:
    """Return whom to prune `(n,)`: of class `i` the `n sum_j Q_ij`, `j` not `i`, with the smallest `p_i`."""
    pruned = np.zeros(len(named), dtype=np.bool_)
    for i in np.unique(named):
        rows = np.flatnonzero(named == i)
        wrong = _whole(estimate[i].sum() - estimate[i, i])
        pruned[rows[np.argsort(proba[rows, i], kind="stable")[:wrong]]] = True
    return pruned


def _whole(number: float) -> int:
    """Return the nearest whole number, a half up; float rounding does not make a half less."""
    return int(np.floor(number + 0.5 + SLACK))


@register(paper="1911.00068")
class ConfidentLearning(Selection):
    """Prune the examples that out-of-fold predictions confidently find mislabelled.

    `prune` says whom: `noise-rate` and `class` take as many as the estimated joint of given and true classes says, by
    margin for each pair of classes or by probability of the given class; `both` takes whom both take; `joint` takes all
    who are confidently of another class. With `reweight` the kept examples of class `i` weigh
    `1 / p(given i | true i)`, which makes up for those pruned. An example whose given class is the most probable one is
    never pruned. Defaults, and this last guard, are those of the authors' library. Weak labels count as their most
    likely class in choosing, and stay soft in training.
    """

    version: ClassVar[int] = 2
    kind: Literal["confident-learning"] = "confident-learning"
    folds: int = Field(5, ge=2, description="parts to deal the examples into for out-of-fold predictions")
    prune: Literal["noise-rate", "class", "both", "joint"] = Field("noise-rate", description="whom to leave out")
    reweight: bool = Field(True, description="weigh kept examples so that their class counts as much as it should")

    def weights(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Train a student for each fold; return 0 for the examples pruned and their class's weight for the others."""
        proba = yield from out_of_fold(view, student, self.folds, rng)
        named = view.transfer.weak.named
        return self.decide(named, proba)

    def decide(self, named: IntArray, proba: FloatArray) -> FloatArray:
        """Return the weights `(n,)` from the classes given `(n,)` and out-of-fold probabilities `(n, k)`."""
        # Each class is judged against its own mean confidence, so a student that is shy of one class does not have all
        # its labels called wrong.
        guess = confident_guess(named, proba)
        estimate = joint(named, guess, proba.shape[1])
        weights = np.ones(len(named))
        if self.reweight:
            stay = np.diag(estimate)
            # Pruning thins some classes more than others; `1 / p(given i | true i)` gives the ones kept the weight of
            # the ones that were lost.
            factor = np.where(stay > 0, estimate.sum(axis=0) / np.where(stay > 0, stay, 1), 1)
            weights = factor[named]
        return np.asarray(np.where(self._pruned(named, proba, guess, estimate), 0, weights), dtype=np.float32)

    def _pruned(self, named: IntArray, proba: FloatArray, guess: IntArray, estimate: FloatArray) -> BoolArray:
        # Counts say how many to prune, not whether those ranked first are likely wrong: whom the predictions side with
        # stays.
        return np.asarray(self._suspected(named, proba, guess, estimate) & (proba.argmax(axis=1) != named))

    def _suspected(self, named: IntArray, proba: FloatArray, guess: IntArray, estimate: FloatArray) -> BoolArray:
        if self.prune == "joint":
            return np.asarray((guess >= 0) & (guess != named))
        if self.prune == "noise-rate":
            return by_noise_rate(named, proba, estimate)
        of_class = by_class(named, proba, estimate)
        return of_class if self.prune == "class" else of_class & by_noise_rate(named, proba, estimate)
