"""Internal coherence maximization as it was published: one label at a time, each predicted from all the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import BoolArray, Fit, FloatArray, IntArray, Method, Student, Training, WeakView, one_hot, register
from w2sg.methods.elicitation.coherence import NONE, SMALLEST, matched, some
from w2sg.methods.objectives.cross_entropy import CrossEntropy
from w2sg.methods.parts import OTHER_TRAINING
from w2sg.methods.stopping import Fixed


@dataclass(frozen=True, eq=False)
class Reader:
    """Ridge regression that predicts an example's label from the labels of others.

    Attributes:
        x: Features `(n, d)` with a last column of ones; the first has variance 1, so that a penalty of 1 is small.
        k: The number of classes.
        sharpness: How many nats of log-odds stand for one unit of difference between the fitted values of two classes.
        latest: What the latest regression needs of the features, by which of them had a label.
    """

    x: FloatArray
    k: int
    sharpness: float
    latest: dict[bytes, tuple[FloatArray, FloatArray, FloatArray]] = field(default_factory=dict)

    def guess(self, labels: IntArray, row: int) -> int:
        """Return the likeliest class of one example, given the labels `(n,)` of all others."""
        known = labels != NONE
        known[row] = False
        x = self.x[known]
        return int((self.x[row] @ np.linalg.solve(self._curve(x), x.T @ self._targets(labels, known))).argmax())

    def predictability(self, labels: IntArray) -> float:
        """Return the mean log-odds of each label given all the others."""
        known = labels != NONE
        (x, pull, leverage), y = self._regression(known), self._targets(labels, known)
        # Leaving one example out of a ridge regression has a closed form: its own pull is taken off by its leverage.
        apart = (pull @ (x.T @ y) - leverage * y) / (1 - leverage)
        logits = self.sharpness * apart
        logits -= logits.max(axis=1, keepdims=True)
        p = np.exp(logits[np.arange(len(y)), labels[known]]) / np.exp(logits).sum(axis=1)
        # Clipped, or one label that is found impossible would outweigh all others.
        p = np.clip(p, SMALLEST, 1 - SMALLEST)
        return float(np.log(p / (1 - p)).mean())

    def contradictions(self, labels: IntArray) -> float:
        """Return how many pairs of labels are both beyond their class's share, which is the same for all classes."""
        counts = np.bincount(labels[labels != NONE], minlength=self.k)
        beyond = np.maximum(counts - np.ceil(counts.sum() / self.k), 0)
        return float((beyond * (beyond - 1) / 2).sum())

    def _regression(self, known: BoolArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the features of examples with a label, these times the inverse curve, and their leverages `(m, 1)`."""
        # Most proposals change a label and give nobody a first one: then all but the targets is as it was.
        key = known.tobytes()
        if key not in self.latest:
            x = self.x[known]
            pull = x @ np.linalg.inv(self._curve(x))
            self.latest.clear()
            self.latest[key] = x, pull, (pull * x).sum(axis=1)[:, None]
        return self.latest[key]

    def _curve(self, x: FloatArray) -> FloatArray:
        return x.T @ x + np.eye(x.shape[1])

    def _targets(self, labels: IntArray, known: BoolArray) -> FloatArray:
        return one_hot(labels[known], self.k).astype(np.float64) - 1 / self.k


@final
@register(paper="2506.10139")
class InternalCoherence(Method):
    """Labels found by single flips such that each is predictable from all the others (ICM, arXiv:2506.10139).

    Maximises `U = alpha * P - I` (equation 2, algorithm 1): `P` is the mean log-odds of each label given all the
    others, `I` counts pairs of labels that contradict each other. From `seeds` random labels on, a random example at a
    time is given the class that the others predict for it, or where labels then contradict each other the class of the
    largest `U`. If that is new, it stays with probability `exp(dU / T)`, at most 1, where
    `T = max(coldest, hottest / (1 + 2 ln(1 + flips)))` falls with the flips accepted, as in the released code. The
    student is then trained on all labels found, and the weak labels name the classes.

    What is ours: a language model's in-context prediction is here ridge regression on the leading components of the
    student's features before training. And where the paper's tasks have logical relations between examples (a claim and
    its negation), which keep the search from giving all examples one label, classes have none: here two labels
    contradict each other where both are beyond their class's share, the same for all classes. As in the paper the
    search knows nothing of the supervisor, and it may end in a coherent labelling that is not the one asked for.
    """

    kind: Literal["internal-coherence"] = "internal-coherence"
    seeds: int = Field(8, ge=2, description="random labels to begin with, classes in turn")
    examples: int = Field(256, ge=4, description="transfer examples searched at most, drawn at random")
    steps: int = Field(3000, ge=1, description="examples looked at, one after the other")
    alpha: float = Field(30.0, gt=0, description="weight of mutual predictability")
    hottest: float = Field(10.0, gt=0, description="temperature before the first flip")
    coldest: float = Field(0.01, gt=0, description="the temperature never falls below this")
    components: int = Field(20, ge=1, description="principal components of the features that predictions are made from")
    sharpness: float = Field(4.0, gt=0, description="log-odds for a unit of difference between fitted values")

    @property
    def requires(self) -> frozenset[str]:
        """Features before training."""
        return frozenset({"embed"})

    @property
    def names_only(self) -> bool:
        """Labels are found without the supervisor."""
        return True

    @property
    def training_facts(self) -> Mapping[str, str]:
        """The student learns labels that were searched."""
        return OTHER_TRAINING

    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Search labels, then train on them."""
        split = some(view.transfer, self.examples, rng)
        weak = split.weak.probabilities
        x = _scores(student.embed(view.corpus, split.inputs), self.components)
        labels = self.search(Reader(x, split.weak.n_classes, self.sharpness), rng)
        known = np.flatnonzero(labels != NONE)
        named = matched(labels, weak)[known]
        fit = Fit(
            student=student,
            inputs=split.inputs.take(known),
            targets=one_hot(named, split.weak.n_classes),
            corpus=view.corpus,
            objective=CrossEntropy(),
            stopping=Fixed(),
            rng=rng,
        )
        return (yield [fit])[0]

    def search(self, reader: Reader, rng: np.random.Generator) -> IntArray:
        """Return the labels `(n,)` that the search ends in, -1 where an example was never looked at."""
        n = len(reader.x)
        labels = np.full(n, NONE, dtype=np.int64)
        first = rng.permutation(n)[: self.seeds]
        labels[first] = np.arange(len(first)) % reader.k
        utility, flips = self._utility(reader, labels), 0
        for _ in range(self.steps):
            row = int(rng.integers(n))
            reached, proposed = self._proposal(reader, labels, row)
            if proposed[row] == labels[row]:
                continue
            heat = max(self.coldest, self.hottest / (1 + 2 * np.log1p(flips)))
            # A worse state is accepted now and then, ever more rarely as it cools: that is what lets the search leave a
            # coherent but wrong labelling.
            if rng.random() < np.exp(min(0.0, (reached - utility) / heat)):
                labels, utility, flips = proposed, reached, flips + 1
        return labels

    def _proposal(self, reader: Reader, labels: IntArray, row: int) -> tuple[float, IntArray]:
        """Return the labels with another one for an example, after contradictions were resolved, and their utility."""
        guess = reader.guess(labels, row)
        proposed = labels.copy()
        proposed[row] = guess
        if guess != labels[row] and not reader.contradictions(proposed):
            return self._utility(reader, proposed), proposed
        # Where the state contradicts itself, every label of the example is tried, and the best is proposed.
        options = []
        for label in range(reader.k) if reader.contradictions(proposed) else [guess]:
            option = labels.copy()
            option[row] = label
            options.append((self._utility(reader, option), label))
        reached, label = max(options, key=lambda option: option[0])
        proposed[row] = label
        return reached, proposed

    def _utility(self, reader: Reader, labels: IntArray) -> float:
        return self.alpha * reader.predictability(labels) - reader.contradictions(labels)


def _scores(x: FloatArray, count: int) -> FloatArray:
    """Return the leading principal components of rows `(n, d)`, the first with variance 1, and a column of ones."""
    x = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
    left, sizes, _ = np.linalg.svd(x, full_matrices=False)
    # Components keep their relative size: what stands out in the features is predicted from first, as what is salient
    # to a language model is.
    scores = left[:, :count] * (sizes[:count] / max(float(sizes[0]), 1e-30)) * np.sqrt(len(x))
    return np.concatenate([scores, np.ones((len(x), 1))], axis=1)
