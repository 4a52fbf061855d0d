"""What is identified: between which ends a mean lies, given other means, whatever the labels of the inputs are.

A label may be anything, so the truth of an input is a distribution over classes. Means of losses are linear in it, and
the least and the largest mean that the known means leave open are linear programs over all these distributions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2sg.core import FloatArray, InputError

MOST_CELLS = 10**6
"""Inputs times classes of one program."""


@dataclass(frozen=True, eq=False)
class KnownMean:
    """A mean of which it is known between which values it lies.

    Attributes:
        losses: What each input adds under each label, `(n, k)`.
        low: The mean's least value.
        high: Its largest; the same where it is known exactly.
    """

    losses: FloatArray
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class End:
    """One end of what is identified; it is `prices @ known + rows.mean()`, each known mean at the end that counts.

    Attributes:
        value: The end.
        prices: By how much it moves with each known mean, `(j,)`.
        rows: What each input adds under the label that is worst once known means have their prices, `(n,)`.
    """

    value: float
    prices: FloatArray
    rows: FloatArray


def identified(values: FloatArray, known: Sequence[KnownMean]) -> tuple[End, End] | None:
    """Return the least and the largest mean that known means leave open; None if no truth has these means.

    No value between them can be excluded, and none beyond is possible: the truths that have the known means are a
    convex set, and the mean is linear on it.

    Args:
        values: What each input adds to the mean under each label, `(n, k)`.
        known: What is known.

    Raises:
        InputError: Arrays do not fit or are not finite, a range is empty, or there are too many numbers.

    >>> brier = lambda p: np.array([[2 * p**2, 2 * (1 - p) ** 2]])
    >>> low, high = identified(brier(0.6) - brier(0.9), [KnownMean(brier(0.6), 0.36, 0.36)])
    >>> round(low.value, 6), round(high.value, 6)
    (0.18, 0.18)
    """
    losses, least, most = _checked(values, known)
    ends = []
    for sign in (1.0, -1.0):
        found = _least(sign * values, losses, least, most)
        if found is None:
            return None
        prices = sign * found
        worst = sign * (sign * (values - np.tensordot(prices, losses, axes=1))).min(axis=1)
        # A price says which end of a range counts: for the least mean, the lower one where the price is above 0.
        at = np.where(sign * prices >= 0, least, most)
        ends.append(End(float(prices @ at + worst.mean()), prices, worst))
    return ends[0], ends[1]


def tension(losses: Sequence[FloatArray], means: FloatArray, errors: FloatArray) -> float:
    """Return by how many standard errors estimated means have to move, at least, until some truth has them all.

    Args:
        losses: What each input adds to each mean under each label, each `(n, k)`.
        means: The estimates, `(j,)`.
        errors: Their standard errors, `(j,)`; 0 for a mean that may not move.

    Raises:
        InputError: Arrays do not fit, or no truth has the means that may not move.
    """
    stacked, at, _ = _checked(losses[0], [KnownMean(*one) for one in zip(losses, means, means, strict=True)])
    rows, fixed, labels = _linear(*_different(stacked))
    slack = -np.concatenate([errors, errors])[:, None]
    solved = _solved(
        np.concatenate([np.zeros(rows.shape[1]), [1.0]]),
        np.hstack([np.vstack([rows, -rows]), slack]),
        np.concatenate([at - fixed, fixed - at]),
        labels,
        free=1,
    )
    if solved is None:
        raise InputError(
            "no truth has the means that are known exactly: they speak of other inputs, or of other losses"
        )
    return float(solved[0])


def _checked(values: FloatArray, known: Sequence[KnownMean]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the losses `(j, n, k)` and both ends of what is known of their means `(j,)`."""
    if values.ndim != 2 or not len(values) or values.shape[1] < 2:
        raise InputError(f"values must be of shape (n, k), at least one input and two labels, got {values.shape}")
    if values.size > MOST_CELLS:
        raise InputError(f"inputs times labels may be at most {MOST_CELLS:,}, got {values.size:,}: take fewer inputs")
    for one in known:
        if one.losses.shape != values.shape:
            raise InputError(f"losses must be of the values' shape {values.shape}, got {one.losses.shape}")
        if not one.low <= one.high:
            raise InputError(f"a known mean must lie between two numbers, got {one.low} and {one.high}")
    losses = np.array([one.losses for one in known], dtype=np.float64).reshape(len(known), *values.shape)
    if not (np.isfinite(values).all() and np.isfinite(losses).all()):
        raise InputError("values and losses must be finite numbers: cut off what is infinite")
    return losses, np.array([one.low for one in known]), np.array([one.high for one in known])


def _least(values: FloatArray, losses: FloatArray, least: FloatArray, most: FloatArray) -> FloatArray | None:
    """Return the prices `(j,)` at the least mean of the values; None if no truth has the known means."""
    rows, fixed, labels = _linear(*_different(np.concatenate([values[None], losses])))
    objective, rows, fixed = rows[0], rows[1:], fixed[1:]
    solved = _solved(objective, np.vstack([rows, -rows]), np.concatenate([most - fixed, fixed - least]), labels)
    if solved is None:
        return None
    above, below = np.split(solved[1][: 2 * len(rows)], 2)
    return np.asarray(above - below)


def _different(losses: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the different inputs among the losses `(j, n, k)`, and the share of each `(n,)`.

    Inputs that add the same under every label may share one truth, the mean of theirs, which changes no mean. Answers
    of rules, of panels and of rounded models are few, and the program is as large as the answers are many.
    """
    j, n, k = losses.shape
    rows = losses.transpose(1, 0, 2).reshape(n, j * k)
    _, first, counts = np.unique(rows, axis=0, return_index=True, return_counts=True)
    order = np.argsort(first)
    return losses[:, first[order]], counts[order] / n


def _linear(losses: FloatArray, shares: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    """Return means of losses as linear functions of the chances of all labels but the last one.

    The last label's chance is what the others leave, so two classes need no constraint that chances sum to 1.

    Args:
        losses: What each input adds under each label, `(j, n, k)`.
        shares: The weight of each input, `(n,)`.

    Returns:
        Coefficients `(j, n (k - 1))`; the means if every label is the last one, `(j,)`; how many labels have chances.
    """
    n, k = losses.shape[1:]
    coefficients = (losses[:, :, :-1] - losses[:, :, -1:]) * shares[:, None]
    return coefficients.reshape(len(losses), n * (k - 1)), losses[:, :, -1] @ shares, k - 1


def _solved(
    objective: FloatArray, rows: FloatArray, most: FloatArray, labels: int, free: int = 0
) -> tuple[float, FloatArray] | None:
    """Return the least value of a program and how it moves with each right side; None if nothing is feasible.

    Args:
        objective: Coefficients of the variables: chances of so many labels of each input, and then `free` others.
        rows: Left sides of what must be at most `most`, `(j, variables)`.
        most: Right sides, `(j,)`.
        labels: How many labels of each input have a chance.
        free: How many variables are no chances, and have no upper bound.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, hstack, kron, vstack

    chances = len(objective) - free
    # The stubs of linprog know neither sparse matrices nor what it returns.
    matrix: Any = csr_array(rows)
    if labels > 1:
        # Of three classes or more, the chances of all but the last must leave something for it.
        inputs = chances // labels
        sums = hstack([kron(eye_array(inputs), np.ones((1, labels))), csr_array((inputs, free))])
        matrix, most = vstack([matrix, sums]), np.concatenate([most, np.ones(inputs)])
    bounds = [(0.0, 1.0)] * chances + [(0.0, np.inf)] * free
    found: Any = linprog(objective, A_ub=matrix, b_ub=most, bounds=bounds, method="highs")
    if found.status == 2:
        return None
    if found.status != 0:
        raise InputError(f"the linear program was not solved: {found.message}")
    return float(found.fun), np.asarray(found.ineqlin.marginals)
