"""Contrast pairs: what a student makes of "the first is better" and of "the second is better", without labels.

An input is a pair of texts `(a, b)`; class 0 says that the first is better. Its two contrast features are what the
student's body makes of `(a, b)` and of `(b, a)`, each with its own mean taken off and divided by its own deviation, so
that the order alone cannot be read from them (Burns et al. 2022, arXiv:2212.03827, section 2). Weak labels only say
which of the two answers found is which.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self, final

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    CapabilityError,
    FloatArray,
    Inputs,
    Method,
    Pool,
    Predictor,
    Student,
    Training,
    WeakView,
    register,
)
from w2sg.methods.parts import OTHER_TRAINING

SMALLEST_DEVIATION = 1e-6
"""Columns that vary less than this are taken to be constant: features are float32."""


@dataclass(frozen=True, eq=False)
class Standard:
    """The mean and the inverse deviation of each column, `(d,)`; constant columns become 0."""

    mean: FloatArray
    scale: FloatArray

    @classmethod
    def of(cls, x: FloatArray) -> Self:
        """Measure features `(n, d)`."""
        deviation = x.std(axis=0)
        # Each order has a standard of its own: what all pairs share because of their order is taken off, and what is
        # left is about the pair.
        return cls(x.mean(axis=0), np.where(deviation > SMALLEST_DEVIATION, 1 / np.maximum(deviation, 1e-30), 0.0))

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return standardised features."""
        return np.asarray((x - self.mean) * self.scale)


class ContrastPredictor(Predictor):
    """A probe `(d + 1,)` on contrast features; `p(first) = (p+ + 1 - p-) / 2`, or one minus that."""

    def __init__(self, student: Student, corpus: Inputs, standards: tuple[Standard, Standard], probe: FloatArray):
        self.student, self.corpus, self.standards, self.probe = student, corpus, standards, probe
        self.flipped = False

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities `(n, 2)`."""
        (plus, minus) = contrast_features(self.student, self.corpus, inputs)
        first = probed(self.probe, self.standards[0](plus), self.standards[1](minus)).mean(axis=0)
        first = 1 - first if self.flipped else first
        return np.stack([first, 1 - first], axis=1)


class _Contrast(Method):
    """What the methods on contrast pairs share: features, and the sign."""

    @property
    def requires(self) -> frozenset[str]:
        """Features before training."""
        return frozenset({"embed"})

    @property
    def needs(self) -> frozenset[str]:
        """Pairs of texts."""
        return frozenset({"pairs"})

    @abstractmethod
    def probe(self, plus: FloatArray, minus: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return a probe `(d + 1,)`, weights and bias, from standardised contrast features, each `(n, d)`."""

    @property
    def names_only(self) -> bool:
        """Directions are found without the supervisor."""
        return True

    def check_contrast(self, plus: FloatArray, minus: FloatArray) -> None:  # noqa: B027  (most need no check)
        """Raise CapabilityError if the contrast features, each `(n, d)`, leave nothing to search by."""

    @property
    def training_facts(self) -> Mapping[str, str]:
        """No student is trained on labels."""
        return OTHER_TRAINING

    @final
    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Find the probe on the transfer inputs, then choose its sign by agreement with the weak labels."""
        yield from ()
        if view.transfer.weak.n_classes != 2:
            raise CapabilityError(
                f"method {self.kind!r} is for 2 classes, got {view.transfer.weak.n_classes}: choose a task of pairs"
            )
        inputs = view.transfer.inputs
        plus, minus = (rows.astype(np.float64) for rows in contrast_features(student, view.corpus, inputs))
        self.check_contrast(plus, minus)
        standards = (Standard.of(plus), Standard.of(minus))
        probe = self.probe(standards[0](plus), standards[1](minus), rng)
        predictor = ContrastPredictor(student, view.corpus, standards, probe)
        # The search cannot know which of its two answers is "first": weak labels, used for this one bit only, choose.
        agreement = (predictor.predict_proba(inputs) * view.transfer.weak.probabilities).sum(axis=1).mean()
        predictor.flipped = bool(agreement < 0.5)
        return predictor


def contrast_features(student: Student, corpus: Inputs, inputs: Inputs) -> tuple[FloatArray, FloatArray]:
    """Return the student's features of pairs `(a, b)` and of `(b, a)`, each `(n, d)`.

    Raises:
        CapabilityError: If the inputs are no pairs of texts.
    """
    values = inputs.pool.values
    if not inputs.pool.is_text or values.ndim != 2 or values.shape[1] != 2:
        raise CapabilityError(
            f"contrast pairs need inputs that are pairs of texts, got {values.dtype} {values.shape[1:]}: choose a task "
            'of pairs, such as \'files\' with pair = ["chosen", "rejected"]'
        )
    # The whole pool is swapped, not the rows: a body that keeps what it made of a pool then reads each order once.
    swapped = Inputs(Pool(values[:, ::-1]), inputs.rows)
    return student.embed(corpus, inputs), student.embed(corpus, swapped)


def probed(probe: FloatArray, plus: FloatArray, minus: FloatArray) -> FloatArray:
    """Return `p+` and `1 - p-`, what a probe says twice of the same question, `(2, n)`."""
    return np.stack([_sigmoid(plus @ probe[:-1] + probe[-1]), _sigmoid(-(minus @ probe[:-1] + probe[-1]))])


def _sigmoid(z: AnyArray) -> FloatArray:
    # The logistic function by tanh, which overflows on neither side.
    return np.asarray(0.5 * (1 + np.tanh(z / 2)))


def consistency_loss(probe: FloatArray, plus: FloatArray, minus: FloatArray, decay: float) -> tuple[float, FloatArray]:
    """Return the loss of contrast-consistent search and its gradient `(d + 1,)`.

    The mean of `(p+ - (1 - p-))^2 + min(p+, p-)^2`, consistency and confidence (arXiv:2212.03827, equations 2 to 4),
    plus `decay |w|^2 / 2` for the weights without the bias.
    """
    n = len(plus)
    p, q = _sigmoid(plus @ probe[:-1] + probe[-1]), _sigmoid(minus @ probe[:-1] + probe[-1])
    # Consistency: a pair and its swap should get opposite answers, `p + q = 1`. Confidence: without it `p = q = 1/2`
    # would be consistent and say nothing.
    gap, least = p + q - 1, np.minimum(p, q)
    weights = np.append(probe[:-1], 0.0)
    loss = float((gap**2 + least**2).mean()) + 0.5 * decay * float(weights @ weights)
    # The smaller of the two carries the confidence term, so only its side gets that slope; ties go to `p`.
    by_p = 2 * (gap + least * (p <= q)) * p * (1 - p) / n
    by_q = 2 * (gap + least * (p > q)) * q * (1 - q) / n
    return loss, np.append(plus.T @ by_p + minus.T @ by_q, by_p.sum() + by_q.sum()) + decay * weights


@final
@register(paper="2212.03827")
class ContrastConsistency(_Contrast):
    """Contrast-consistent search: a probe whose answers to a pair and to its swap are opposite and confident.

    Burns et al. 2022, arXiv:2212.03827: the loss of `consistency_loss`, the best of `restarts` random directions. Their
    AdamW (1000 steps at rate 0.01) is L-BFGS here, and the decay stands in the loss.

    A body that answers a swap by the negative (`pair = "difference"`) is consistent whatever the probe: only confidence
    would be left to search by, and it is refused. A body with `pair = "concatenation"` is not.
    """

    kind: Literal["contrast-consistency"] = "contrast-consistency"
    restarts: int = Field(10, ge=1, description="random starts, of which the one with the lowest loss is kept")
    steps: int = Field(1000, ge=1, description="most iterations of each")
    decay: float = Field(0.01, ge=0, description="half the squared norm of the weights counts this much in the loss")

    def check_contrast(self, plus: FloatArray, minus: FloatArray) -> None:
        """Refuse features of which a swap gives the negative: up to the bias their consistency term is 0."""
        if np.abs(plus + minus).max() <= SMALLEST_DEVIATION * max(float(np.abs(plus).max()), SMALLEST_DEVIATION):
            raise CapabilityError(
                f"method {self.kind!r} searches for answers that a swap turns around, and every direction of this "
                "student's features does so: choose features with pair = 'concatenation'"
            )

    def probe(self, plus: FloatArray, minus: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Minimise the loss from unit directions."""
        from scipy.optimize import minimize

        ends: list[tuple[float, FloatArray]] = []
        for _ in range(self.restarts):
            # The loss has many local minima, most of them poor: of several random directions the one that ends lowest
            # is kept.
            drawn = rng.normal(size=plus.shape[1])
            start = np.append(drawn / np.linalg.norm(drawn), 0.0)
            end = minimize(
                consistency_loss,
                start,
                args=(plus, minus, self.decay),
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": self.steps},
            )
            ends.append((float(end.fun), end.x))
        return min(ends, key=lambda end_of_restart: end_of_restart[0])[1]


@final
@register(paper="2212.03827")
class ContrastPca(_Contrast):
    """Contrastive representation clustering: the first principal component of the differences of contrast features.

    CRC-TPC of Burns et al. 2022 (arXiv:2212.03827, appendix). The answer is the side of 0 on which `v . (x+ - x-)`
    lies. Probabilities, which the paper does not need, take `v . x` over the deviation of that score for a logit.
    """

    kind: Literal["contrast-pca"] = "contrast-pca"

    def probe(self, plus: FloatArray, minus: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return the component, scaled so that the two answers' logits differ by the standardised score."""
        differences = plus - minus
        # The leading eigenvector of the smaller of the two Gram matrices gives the same component.
        if plus.shape[1] <= len(plus):
            axis = np.linalg.eigh(differences.T @ differences)[1][:, -1]
        else:
            axis = differences.T @ np.linalg.eigh(differences @ differences.T)[1][:, -1]
        # Only the direction is found; the scale sets how sure the probabilities are, and one deviation is one unit of
        # logit.
        deviation = max(float((differences @ axis).std()), 1e-30)
        return np.append(axis / deviation, 0.0)
