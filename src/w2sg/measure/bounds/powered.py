"""Prediction-powered inference: a mean by few labels and many predictions of them (arXiv 2301.09633, 2311.01453)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.checks import FloatArray, as_unit, same_length


@dataclass(frozen=True, eq=False)
class Powered:
    """Labels and predictions of them, in [0, 1], and how far the predictions are trusted.

    The mean of the labels is `power * E f + E(y - power * f)`: the first is known well, from the many inputs without
    labels, and the second varies little where the predictions are good. No trust gives the classical estimate, and no
    power makes the estimate wrong.

    Attributes:
        labels: What is averaged, such as losses, shape (n,).
        predicted: A prediction of it on the same inputs, shape (n,).
        unlabelled: The same prediction on N other inputs, shape (N,).
        power: From 0 (predictions unused) to 1.
    """

    labels: FloatArray
    predicted: FloatArray
    unlabelled: FloatArray
    power: float

    @classmethod
    def of(
        cls,
        labels: ArrayLike,
        predicted: ArrayLike,
        unlabelled: ArrayLike,
        power: float | None = None,
        tuned_on: int | None = None,
    ) -> "Powered":
        """Return the evidence; without a power the best one is tuned on the first `tuned_on` labels (None: on all).

        Raises:
            InputError: Lengths differ, or a value is out of range.
        """
        y, f, u = as_unit("labels", labels), as_unit("predicted", predicted), as_unit("unlabelled", unlabelled)
        same_length(labels=y, predicted=f)
        if power is not None and not 0 <= power <= 1:
            raise InputError(f"power must be between 0 (predictions unused) and 1, got {power}")
        first = slice(tuned_on)
        return cls(y, f, u, tuned_power(y[first], f[first], len(u)) if power is None else float(power))

    @property
    def rest(self) -> FloatArray:
        """What predictions leave of the labels, shape (n,)."""
        return np.asarray(self.labels - self.power * self.predicted)

    @property
    def estimate(self) -> float:
        """The estimated mean."""
        return float(self.power * self.unlabelled.mean() + self.rest.mean())

    @property
    def standard_error(self) -> float:
        """Of the estimate, for two labelled and two unlabelled inputs at least."""
        spread = self.power**2 * self.unlabelled.var(ddof=1) / len(self.unlabelled)
        return math.sqrt(spread + self.rest.var(ddof=1) / len(self.rest))


def tuned_power(labels: FloatArray, predicted: FloatArray, n_unlabelled: int) -> float:
    """Return the power that makes the interval shortest, `cov(y, f) / ((1 + n / N) var f)` moved into [0, 1].

    It is the slope of a regression of labels on predictions, made smaller by the noise of few unlabelled inputs; 0 if
    predictions are constant.
    """
    spread = predicted.var(ddof=1) if len(predicted) > 1 else 0.0
    if spread == 0:
        return 0.0
    both = np.cov(labels, predicted)[0, 1]
    return float(np.clip(both / ((1 + len(labels) / n_unlabelled) * spread), 0.0, 1.0))
