"""Early-learning regularization: the running mean of the student's answers holds it to what it learned first."""

from collections.abc import Mapping
from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, Method, Student, Training, WeakView, one_hot, register
from w2sg.methods.diverse import HeadPredictor
from w2sg.methods.objectives.base import log_softmax
from w2sg.methods.parts import OTHER_TRAINING

CLAMP = 1e-4
"""Probabilities are kept so far from 0 and 1 inside the penalty, as in the released code."""


def elr_slope(logits: FloatArray, labels: FloatArray, memory: FloatArray, strength: float) -> FloatArray:
    """Return the slope of each example's loss with respect to its logits, `(n, k)`.

    The loss is `-sum_c y_c log p_c + strength log(1 - <p, t>)` for probabilities `p`, labels `y` and memory `t`, which
    is held fixed (arXiv:2007.00151, equation 6). Its slope is `p - y + strength p (<p, t> - t) / (1 - <p, t>)`
    (lemma 2).
    """
    p = np.exp(log_softmax(logits))
    agreement = (p * memory).sum(axis=1, keepdims=True)
    return np.asarray(p - labels + strength * p * (agreement - memory) / np.maximum(1 - agreement, CLAMP))


def descended(
    x: FloatArray, labels: FloatArray, strength: float, decay: float, penalty: float, epochs: int, steps: int
) -> FloatArray:
    """Return a softmax head `(k, d + 1)` after gradient descent from 0.

    Args:
        x: Features with a last column of ones, `(n, d + 1)`.
        labels: The weak labels, `(n, k)`.
        strength: The weight of the penalty on leaving the memory.
        decay: How much of the memory stays at a step.
        penalty: The weight of half the squared norm of the coefficients without intercept.
        epochs: How often the memory takes in the head's answers.
        steps: How many steps there are between.
    """
    ridge = np.full(x.shape[1], penalty)
    ridge[-1] = 0
    # The longest step that is safe for cross-entropy, whose curvature is at most half that of least squares. Steps
    # along the plain gradient, and not those of a better conditioned solver: what is learned early is learned early
    # because common directions are steep.
    step = 1 / (_largest(x) ** 2 / (2 * len(x)) + penalty)
    head, memory = np.zeros((labels.shape[1], x.shape[1])), np.zeros_like(labels)
    for _ in range(epochs):
        p = np.clip(np.exp(log_softmax(x @ head.T)), CLAMP, 1 - CLAMP)
        memory = decay * memory + (1 - decay) * p / p.sum(axis=1, keepdims=True)
        for _ in range(steps):
            slope = elr_slope(x @ head.T, labels, memory, strength).T @ x / len(x)
            head = head - step * (slope + ridge * head)
    return head


def _largest(x: FloatArray) -> float:
    """Return the largest singular value."""
    from scipy.sparse.linalg import svds

    return float(svds(x, k=1, v0=np.ones(min(x.shape)), return_singular_vectors=False)[0])


@final
@register(paper="2007.00151")
class EarlyLearning(Method):
    """A linear head with early-learning regularization (ELR; Liu et al., arXiv:2007.00151).

    Each example has a memory `t <- decay t + (1 - decay) p` of the head's own answers, from 0, and the loss is
    cross-entropy to the weak label's class plus `strength log(1 - <p, t>)`, `t` held fixed. The penalty grows as
    answers leave the memory of what was learned early, before wrong labels are. Defaults are the paper's for CIFAR-10.

    What is ours: a head on the student's features before training, for an objective of the package has no memory of
    examples; an epoch is some steps on all examples, and their memories take in the answers of its beginning, where
    the paper has mini-batches of a network and each example's memory the answer of its turn; the penalty
    `|W|^2 / (2 c n)` of the linear student. The variant with two networks and mixup (ELR+) is not here.
    """

    kind: Literal["early-learning"] = "early-learning"
    strength: float = Field(3.0, ge=0, description="lambda: weight of the penalty")
    decay: float = Field(0.7, ge=0, lt=1, description="beta: how much of the memory stays at a step")
    labels: Literal["hard", "soft"] = Field("hard", description="the weak label's class, or its probabilities")
    c: float = Field(1.0, gt=0, description="inverse penalty, as of the linear student")
    epochs: int = Field(20, ge=1, description="how often the memory takes in the head's answers")
    steps: int = Field(5, ge=1, description="steps on all examples in an epoch")

    @property
    def requires(self) -> frozenset[str]:
        """Features before training."""
        return frozenset({"embed"})

    @property
    def training_facts(self) -> Mapping[str, str]:
        """Its head has a loss of its own."""
        return OTHER_TRAINING

    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train the head."""
        yield from ()
        weak = view.transfer.weak
        taught = one_hot(weak.named, weak.n_classes) if self.labels == "hard" else weak.probabilities
        x = student.embed(view.corpus, view.transfer.inputs).astype(np.float64)
        # Centred, so that the penalty does not depend on where the data lie.
        centre = x.mean(axis=0)
        with_ones = np.concatenate([x - centre, np.ones((len(x), 1))], axis=1)
        penalty = 1 / (self.c * len(x))
        head = descended(
            with_ones, taught.astype(np.float64), self.strength, self.decay, penalty, self.epochs, self.steps
        )
        return HeadPredictor(student, view.corpus, centre, head)
