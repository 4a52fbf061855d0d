"""Small labelled problems on which the contracts are tested: classes that a linear rule tells apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from w2sg.core import (
    AnyArray,
    Classes,
    ClassProbabilities,
    Examples,
    FloatArray,
    Inputs,
    IntArray,
    Question,
    Supervision,
    WeakSplit,
    WeakView,
    derive,
    one_hot,
)

N_CLASSES = 3
N_TRANSFER, N_VALIDATION, N_TEST = 180, 60, 120
N = N_TRANSFER + N_VALIDATION + N_TEST
WORDS = ("ruby scarlet crimson", "jade emerald olive", "navy azure cobalt")
COMMON = "the of and a to in is it on by"


def numbered_classes(k: int) -> Classes:
    """Return the question which of `k` classes an example has, whose names are their numbers."""
    return Classes(tuple(map(str, range(k))))


@dataclass(frozen=True, eq=False)
class Sample:
    """Examples of one pool with their gold `(n,)`; the first are transfer, then validation, then test.

    Attributes:
        examples: The examples.
        gold: Their gold.
        question: What is asked of them.
        n_shown: How many of the first a weak supervisor learns from; it labels the others.
    """

    examples: Examples
    gold: AnyArray
    question: Question[Any] = numbered_classes(N_CLASSES)
    n_shown: int = N_TRANSFER

    @property
    def n_classes(self) -> int:
        """The number of classes `k`."""
        return len(self.question.names)

    @property
    def supervision(self) -> Supervision:
        """What a weak supervisor learns from."""
        rows = np.arange(self.n_shown)
        return Supervision(self.examples.take(rows), self.gold[rows], self.question, self.corpus)

    @property
    def others(self) -> Examples:
        """What a weak supervisor labels."""
        return self.examples.take(np.arange(self.n_shown, len(self.gold)))

    @property
    def corpus(self) -> Inputs:
        """All inputs."""
        return self.examples.inputs

    @property
    def transfer(self) -> Inputs:
        """The inputs to learn from."""
        return self.corpus.take(np.arange(N_TRANSFER))

    @property
    def test(self) -> Inputs:
        """The inputs to be scored on."""
        return self.corpus.take(np.arange(N - N_TEST, N))

    @property
    def test_gold(self) -> IntArray:
        """The gold of the test inputs, `(n,)`."""
        return self.gold[N - N_TEST :]

    def view(self, weak: FloatArray) -> WeakView:
        """Return what a method sees, from weak labels `(n, k)` of all examples."""
        watched = np.arange(N_TRANSFER, N_TRANSFER + N_VALIDATION)
        return WeakView(
            WeakSplit(self.transfer, ClassProbabilities(weak[:N_TRANSFER])),
            WeakSplit(self.corpus.take(watched), ClassProbabilities(weak[watched])),
            self.corpus,
            self.question,
        )

    def accuracy(self, probabilities: FloatArray) -> float:
        """Return the accuracy on the test inputs."""
        return float((probabilities.argmax(axis=1) == self.test_gold).mean())


GROUPS = "abcdefgh"
"""The names of groups, as many of each, which tell nothing of gold."""


@cache
def samples() -> Mapping[str, Sample]:
    """Return the same problem as numbers `(n, 6)`, as images `(n, 8, 8)` and as texts `(n,)`."""
    rng = derive(0, "testing")
    gold = rng.permutation(np.arange(N) % N_CLASSES)
    # Class means three deviations out along axes of their own: separable for any sound student, with a few examples
    # near the border.
    numbers = 3.0 * np.eye(N_CLASSES, 6)[gold] + rng.normal(size=(N, 6))
    images = 0.2 * rng.random((N, 8, 8))
    for label in range(N_CLASSES):
        images[gold == label, 2 * label : 2 * label + 3] += 0.5
    texts = np.array([_text(label, rng) for label in gold], dtype=object)
    votes = votes_of(gold, rng)
    groups = np.array(list(GROUPS))[np.arange(N) % len(GROUPS)]
    columns = {"votes": votes, "recorded.annotator": votes[:, 0], "group": groups}
    return {
        name: Sample(Examples(np.arange(N), Inputs.of(values), columns), gold)
        for name, values in (("numbers", numbers.astype(np.float32)), ("images", images), ("texts", texts))
    }


@cache
def two_classes() -> Sample:
    """Return a problem of numbers `(n, 6)` with two classes."""
    rng = derive(0, "testing two")
    gold = rng.permutation(np.arange(N) % 2)
    numbers = 3.0 * np.eye(2, 6)[gold] + rng.normal(size=(N, 6))
    return Sample(Examples(np.arange(N), Inputs.of(numbers.astype(np.float32))), gold, numbered_classes(2))


@cache
def pairs() -> Sample:
    """Return a problem of pairs of texts `(n, 2)`, one of them good: class 0 where it is the first."""
    rng = derive(0, "testing pairs")
    gold = rng.permutation(np.arange(N) % 2)
    texts = np.array([[_text(int(label != side), rng) for side in (0, 1)] for label in gold], dtype=object)
    return Sample(Examples(np.arange(N), Inputs.of(texts)), gold, numbered_classes(2))


def noisy(gold: IntArray, share: float = 0.2, k: int = N_CLASSES) -> FloatArray:
    """Return weak labels `(n, k)` whose most likely class is wrong for a share of the examples; no two are equal."""
    rng = derive(0, "testing noise")
    wrong = rng.random(len(gold)) < share
    given = np.where(wrong, (gold + rng.integers(1, k, size=len(gold))) % k, gold)
    # Continuous noise on every entry: two equal confidences would make rankings, and so tests, depend on the order of
    # rows.
    weak = 2 * one_hot(given, k) + rng.random((len(gold), k))
    return np.asarray(weak / weak.sum(axis=1, keepdims=True), dtype=np.float32)


def specialised(weak: FloatArray) -> FloatArray:
    """Return the labels `(3, n, k)` of three supervisors who each know a third of the weak labels and hedge."""
    # Halfway to uniform: a specialist is less sure outside its third, so that choosing the surest one is right.
    hedged = (weak + 1 / weak.shape[1]) / 2
    knows = np.arange(len(weak)) % 3 == np.arange(3)[:, None]
    return np.where(knows[:, :, None], weak, hedged)


def votes_of(gold: IntArray, rng: np.random.Generator) -> AnyArray:
    """Return the votes `(n, 5)` of annotators who abstain at times and err at times."""
    shape = (len(gold), 5)
    votes = np.where(rng.random(shape) < 0.8, gold[:, None], rng.integers(N_CLASSES, size=shape))
    return np.where(rng.random(shape) < 0.2, -1, votes)


def _text(label: int, rng: np.random.Generator) -> str:
    return " ".join([*rng.choice(WORDS[label].split(), size=2), *rng.choice(COMMON.split(), size=5)])
