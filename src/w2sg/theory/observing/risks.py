"""Losses and divergences of each example, in the units of theory: squared, 0-1, nats."""

from typing import Literal

import numpy as np

from w2sg.core import FloatArray

Setting = Literal["classification", "regression"]
SMALLEST = 1e-6
"""Probabilities are kept above this in logarithms: a label of probability 0 costs 13.8 nats, not infinity."""


def losses(predictions: FloatArray, labels: FloatArray, setting: Setting) -> dict[str, FloatArray]:
    """Return the loss of each example `(n,)` in each unit that the setting has.

    Args:
        predictions: `(n, k)`.
        labels: `(n, k)`, one-hot where they are classes.
        setting: `regression` has squared loss only.
    """
    by_unit = {"squared": squared(predictions, labels)}
    if setting == "classification":
        by_unit["error"] = differs(predictions, labels)
        by_unit["kl"] = divergence(labels, predictions)
    return by_unit


def losses_by_label(predictions: FloatArray) -> dict[str, FloatArray]:
    """Return what each example costs under each label it may have, `(n, k)`, in each unit that classes have."""
    n, k = predictions.shape
    by_label = [losses(predictions, np.tile(label, (n, 1)), "classification") for label in np.eye(k)]
    return {unit: np.stack([one[unit] for one in by_label], axis=1) for unit in by_label[0]}


def squared(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the squared distances, summed over columns, `(n,)`."""
    return np.asarray(np.square(first - second).sum(axis=1), dtype=np.float64)


def differs(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return 1 where the largest columns differ, else 0, `(n,)`."""
    return np.asarray(first.argmax(axis=1) != second.argmax(axis=1), dtype=np.float64)


def divergence(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return KL(first || second) of each row in nats, `(n,)`; with one-hot `first` it is the cross-entropy."""
    safe = np.clip(second.astype(np.float64), SMALLEST, None)
    own = np.clip(first.astype(np.float64), SMALLEST, None)
    return np.asarray((first * (np.log(own) - np.log(safe))).sum(axis=1), dtype=np.float64)
