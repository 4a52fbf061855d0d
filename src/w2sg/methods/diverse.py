"""Diversify and disambiguate: heads that agree on the weak labels and disagree elsewhere; a few labels choose one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import (
    FloatArray,
    InputError,
    Inputs,
    IntArray,
    Method,
    Predictor,
    Student,
    Training,
    WeakView,
    register,
)
from w2sg.methods.objectives.base import log_softmax
from w2sg.methods.parts import OTHER_TRAINING

SMALLEST = 1e-9
"""Shares are not taken below this, so that their logarithm is finite."""
START = 1e-2
"""Deviation of the first coefficients: heads must differ to be pushed apart."""


@dataclass(frozen=True, eq=False)
class Heads:
    """The problem of several softmax heads `(h, k, d + 1)`: coefficients, and an intercept last.

    Attributes:
        taught: Features of the weak-labelled examples with a last column of ones, `(n, d + 1)`.
        weak: Their weak labels, `(n, k)`.
        free: Features of unlabelled examples with a last column of ones, `(m, d + 1)`.
        count: The number of heads `h`.
        diversity: The weight of mutual information.
        balance: The weight of the class shares.
        penalty: The weight of half the squared norm of the coefficients.
    """

    taught: FloatArray
    weak: FloatArray
    free: FloatArray
    count: int
    diversity: float
    balance: float
    penalty: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of the coefficients."""
        return self.count, self.weak.shape[1], self.taught.shape[1]

    def loss(self, flat: FloatArray) -> tuple[float, FloatArray]:
        """Return the loss and its gradient with respect to the coefficients, flat.

        The mean cross-entropy of each head to the weak labels, plus on the unlabelled examples `diversity` times the
        mutual information of each pair of heads and `balance` times `KL(a head's class shares || weak class shares)`.
        """
        w = flat.reshape(self.shape)
        logs = log_softmax(np.einsum("nd,hkd->hnk", self.taught, w, optimize=True))
        value = -float((self.weak * logs).sum()) / len(self.weak)
        # The gradient of cross-entropy with respect to logits, `f - w`.
        pull = (np.exp(logs) - self.weak) / len(self.weak)
        slope = np.einsum("hnk,nd->hkd", pull, self.taught, optimize=True)
        if self.diversity or self.balance:
            repelled, pushes = self._unlabelled(w)
            value += repelled
            slope += pushes
        plain = w.copy()
        # The intercept is not penalised: it would pull class shares to uniform.
        plain[:, :, -1] = 0
        return value + 0.5 * self.penalty * float((plain**2).sum()), (slope + self.penalty * plain).ravel()

    def _unlabelled(self, w: FloatArray) -> tuple[float, FloatArray]:
        f = np.exp(log_softmax(np.einsum("md,hkd->hmk", self.free, w, optimize=True)))
        value, slope = 0.0, np.zeros_like(f)
        for first, second in combinations(range(self.count), 2):
            information, by_first, by_second = mutual_information(f[first], f[second])
            value += self.diversity * information
            slope[first] += self.diversity * by_first
            slope[second] += self.diversity * by_second
        # Without this term a head could disagree by naming one class for everything: its class shares are held near
        # those of the weak labels.
        expected = np.maximum(self.weak.mean(axis=0), SMALLEST)
        ratio = np.log(np.maximum(f.mean(axis=1), SMALLEST) / expected)
        value += self.balance * float((f.mean(axis=1) * ratio).sum())
        slope += self.balance * ratio[:, None, :] / f.shape[1]
        # The softmax turns a slope by probabilities into one by logits: `f * (slope - mean slope under f)`.
        pushes = f * (slope - (f * slope).sum(axis=2, keepdims=True))
        return value, np.einsum("hmk,md->hkd", pushes, self.free, optimize=True)


def mutual_information(f: FloatArray, g: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Return the mutual information of two heads' answers in nats, and its slopes by `f` and by `g`, `(m, k)`.

    The answers are drawn for an example drawn at random: `J = f' g / m`, `I = sum J log(J / (mean f x mean g))`. The
    slopes leave out a constant, which does not matter to probabilities that sum to 1.
    """
    # Averages over examples of the product of the two answers: how often the pair of classes would be drawn together.
    # Heads that say the same thing have much mutual information, and are pushed apart by it.
    joint = f.T @ g / len(f)
    apart = np.outer(f.mean(axis=0), g.mean(axis=0))
    ratio = np.log(np.maximum(joint, SMALLEST) / np.maximum(apart, SMALLEST))
    return float((joint * ratio).sum()), g @ ratio.T / len(f), f @ ratio / len(f)


class HeadPredictor(Predictor):
    """One softmax head `(k, d + 1)` on a student's features, from which the mean of the taught ones is taken off."""

    def __init__(self, student: Student, corpus: Inputs, centre: FloatArray, head: FloatArray) -> None:
        self.student, self.corpus, self.centre, self.head = student, corpus, centre, head

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities `(n, k)`."""
        x = self.represent(inputs) - self.centre
        return np.asarray(np.exp(log_softmax(x @ self.head[:, :-1].T + self.head[:, -1])))

    def represent(self, inputs: Inputs) -> FloatArray:
        """Return the student's features, `(n, d)`."""
        return self.student.embed(self.corpus, inputs)


@final
@register(paper="2202.03418")
class DiverseHeads(Method):
    """Several linear heads, taught alike and pushed apart on the corpus; gold of a few examples chooses one.

    DivDis (Lee, Yao and Finn, arXiv:2202.03418): where several cues explain the labels, each head may follow another.
    Minimises cross-entropy to the weak labels plus `diversity` times the pairwise mutual information and `balance`
    times the divergence of each head's class shares from the weak labels', both on the corpus, by L-BFGS. The head
    with the highest accuracy on `labels` audited examples is kept; on ties, the one that fits the weak labels best.

    What is ours: heads on the student's frozen features, not a network; the penalty `|W|^2 / (2 c n)` of the linear
    student; the audited examples are of the transfer split, where the paper buys labels on the target distribution.
    Where nothing but noise tells transfer and corpus apart, pushing heads apart costs accuracy.
    """

    kind: Literal["diverse-heads"] = "diverse-heads"
    heads: int = Field(2, ge=2, description="number of heads")
    labels: int = Field(16, ge=1, description="gold labels of the transfer split that choose the head")
    diversity: float = Field(1.0, ge=0, description="weight of the mutual information between heads")
    balance: float = Field(1.0, ge=0, description="weight of the class shares on the corpus")
    c: float = Field(1.0, gt=0, description="inverse penalty, as of the linear student")
    steps: int = Field(300, ge=1, description="most iterations")

    @property
    def requires(self) -> frozenset[str]:
        """Features before training."""
        return frozenset({"embed"})

    @property
    def audits(self) -> int:
        """The labels that choose the head."""
        return self.labels

    @property
    def training_facts(self) -> Mapping[str, str]:
        """Its heads have a loss of their own."""
        return OTHER_TRAINING

    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train the heads and return the one that the audited examples favour."""
        yield from ()
        if view.audit is None:
            raise InputError(
                f"method {self.kind!r} chooses its head by {self.labels} gold labels, and the view has none: audit the "
                "transfer split"
            )
        x, weak = student.embed(view.corpus, view.transfer.inputs).astype(np.float64), view.transfer.weak.probabilities
        # Centred features, so that the penalty does not depend on where the data lie and intercepts hold the class
        # shares.
        centre = x.mean(axis=0)
        heads = list(self._fitted(x - centre, student.embed(view.corpus, view.corpus) - centre, weak, rng))
        predictors = [HeadPredictor(student, view.corpus, centre, head) for head in heads]
        audited = view.transfer.inputs.take(view.audit.rows)
        right = [_hits(predictor.predict_proba(audited), view.audit.gold) for predictor in predictors]
        fits = [float((weak * predictor.predict_proba(view.transfer.inputs)).sum()) for predictor in predictors]
        # Audited labels decide; between heads that are right equally often, the one that fits the weak labels better
        # does.
        return predictors[max(range(len(predictors)), key=lambda index: (right[index], fits[index]))]

    def _fitted(
        self, x: FloatArray, free: FloatArray, weak: FloatArray, rng: np.random.Generator
    ) -> Iterator[FloatArray]:
        """Yield the trained heads, `(k, d + 1)`; classes are ordered by their share, so that names do not matter."""
        from scipy.optimize import minimize

        # Heads start from random numbers in a fixed order of classes. Ordered by share, the same class gets the same
        # start whatever it is called.
        order = np.argsort(-weak.sum(axis=0, dtype=np.float64), kind="stable")
        problem = Heads(
            _with_ones(x), weak[:, order].astype(np.float64), _with_ones(free), self.heads, self.diversity,
            self.balance, 1 / (self.c * len(x)),
        )  # fmt: skip
        start = START * rng.normal(size=problem.shape)
        end = minimize(problem.loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": self.steps})
        for head in end.x.reshape(problem.shape):
            yield head[np.argsort(order)]


def _with_ones(x: FloatArray) -> FloatArray:
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def _hits(proba: FloatArray, gold: IntArray) -> int:
    return int((proba.argmax(axis=1) == gold).sum())
