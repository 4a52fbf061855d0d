"""Chains that train a fresh student again, on what the first one is sure of."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, IntArray, Student, Training, WeakView, one_hot, register
from w2sg.methods.filters.shared import naive_fit
from w2sg.methods.parts import Chain, Stage
from w2sg.methods.views import taken

SETTLED = 1e-6
"""Class shares are met when none is farther off."""
MOST_SWEEPS = 1000


def surest(probabilities: FloatArray, share: float) -> IntArray:
    """Return the positions, in order, of the surest share of each class that the rows `(n, k)` name, at least one each.

    Sure is of low entropy, which with two classes is a high largest probability. Confidence differs between classes by
    habit; one cut for all would empty the hesitant ones.

    >>> surest(np.array([[0.9, 0.1], [0.6, 0.4], [0.4, 0.6]]), 0.5)
    array([0, 2])
    """
    named, logs = probabilities.argmax(axis=1), np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
    entropy = -(probabilities * logs).sum(axis=1)
    kept = []
    for label in np.unique(named):
        rows = np.flatnonzero(named == label)
        rows = rows[np.argsort(entropy[rows], kind="stable")]
        kept.append(rows[: max(1, round(share * len(rows)))])
    return np.sort(np.concatenate(kept))


def with_shares(probabilities: FloatArray, shares: FloatArray) -> FloatArray:
    """Return `p_c b_c / sum p b` for the factors `b` that give the rows `(n, k)` the mean `shares` `(k,)`."""
    found = np.maximum(probabilities.astype(np.float64), np.finfo(np.float32).tiny)
    for _ in range(MOST_SWEEPS):
        found = found / found.sum(axis=1, keepdims=True)
        mean = found.mean(axis=0)
        if np.abs(mean - shares).max() < SETTLED:
            break
        found = found * (shares / np.maximum(mean, np.finfo(np.float32).tiny))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


@register(paper="2503.04249")
class Refill(Chain):
    """Train on the supervisor's surest labels, let that student answer what was left out, and train anew on both.

    Shi et al. (arXiv:2503.04249), two stages: answers on which the weak model agrees with itself are training set A; a
    student trained on A answers the other questions, and its surest answers are set B; the student begins anew on A and
    B. There, consistency is the entropy of sampled written answers, cut by a threshold. Here it is the entropy of class
    probabilities, cut by a share of each class that is named, and labels stay as soft as the stage leaves them.
    """

    kind: Literal["refill"] = "refill"
    share: float = Field(0.5, gt=0, lt=1, description="share of the weak labels of each class that is set A")
    refilled: float = Field(0.5, gt=0, le=1, description="share of the student's answers to the rest that is set B")

    def train(self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train on set A, then on A and B."""
        weak = view.transfer.weak.probabilities
        kept = surest(weak, self.share)
        rest = np.setdiff1d(np.arange(len(weak)), kept)
        first = yield from stage(taken(view, kept), student, rng)
        if not len(rest):  # a class that is named once keeps its one example whatever the share
            return first
        said = first.predict_proba(view.transfer.inputs.take(rest))
        sure = surest(said, self.refilled)
        rows, labels = np.concatenate([kept, rest[sure]]), np.concatenate([weak[kept], said[sure]])
        return (yield from stage(taken(view, rows, labels.astype(np.float32)), student, rng))


@register(paper="2509.24005")
class ConfidentRetrain(Chain):
    """Train on all weak labels, then anew on the weak labels of the examples on which that student is surest.

    Liu, Dong and Lei (arXiv:2509.24005): after plain weak-to-strong training the student is trained again on its
    high-confidence subset, by generalized cross-entropy, with no word of groups. The first student here is a naive one;
    the second is trained by the composition's parts. The subset here is a share of each class that the student names,
    where the paper's is not said to be balanced: for students of this package an unbalanced one loses whole classes.
    Their share and where the second training starts are not known to us; ours starts anew.
    """

    kind: Literal["confident-retrain"] = "confident-retrain"
    share: float = Field(0.5, gt=0, le=1, description="share of the examples of each class that is kept")

    def train(self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train twice."""
        (first,) = yield [naive_fit(view, student, rng.spawn(1)[0])]
        rows = surest(first.predict_proba(view.transfer.inputs), self.share)
        return (yield from stage(taken(view, rows), student, rng))


@register()
class SelfTraining(Chain):
    """The student's surest answers replace weak labels, again and again; the others stay.

    In each of `rounds`, the student's answers are brought to the class shares of the weak labels by one factor for each
    class, the surest `share` of each class is taken as certain, and a fresh student learns from these and from the weak
    labels of the rest. Without the factors a student that is shrunk to the majority would forget the smaller classes.
    """

    kind: Literal["self-training"] = "self-training"
    rounds: int = Field(4, ge=1, description="how often the student's answers are taken for labels")
    share: float = Field(0.8, gt=0, le=1, description="share of the answers of each class that is taken")

    def train(self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train a student on the weak labels, then one on each student's surest answers."""
        weak = view.transfer.weak.probabilities
        everyone, shares = np.arange(len(weak)), weak.mean(axis=0, dtype=np.float64)
        trained = yield from stage(view, student, rng)
        for _ in range(self.rounds):
            said = with_shares(trained.predict_proba(view.transfer.inputs), shares)
            rows, labels = surest(said, self.share), weak.copy()
            labels[rows] = one_hot(said[rows].argmax(axis=1), weak.shape[1])
            trained = yield from stage(taken(view, everyone, labels), student, rng)
        return trained
