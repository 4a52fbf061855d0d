"""What neighbourhoods in the student's features say: overlap of easy and hard inputs, robustness of the student."""

import numpy as np

from w2sg.core import BoolArray, FloatArray, IntArray

NEIGHBOURS = 5
FEWEST = 4
"""Expansion needs at least this many rightly and wrongly labelled inputs."""
SMALLEST_SET = 0.25
"""The family of sets begins with this share of the rightly labelled inputs."""
MOST_ROWS = 2000
"""Neighbourhoods are looked at among at most this many inputs."""


def change_point(values: FloatArray) -> float:
    """Return the threshold that splits values into two groups with the least squared distance from their means."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    n = len(ordered)
    if n < 2 or ordered[0] == ordered[-1]:
        return float(ordered[0]) if n else 0.0
    left = np.arange(1, n)
    sums = np.cumsum(ordered)
    # The squared distance between both groups' means, weighted by their sizes, is what a split takes off the total: the
    # best split has most of it. Running sums give it for all splits at once.
    between = (sums[:-1] - left * sums[-1] / n) ** 2 / (left * (n - left))
    cut = int(between.argmax())
    return float((ordered[cut] + ordered[cut + 1]) / 2)


def overlap_points(confidence: FloatArray, features: FloatArray) -> BoolArray:
    """Return which inputs are both easy and hard, found as in arXiv 2412.03881 without labels.

    Inputs below a change point of the supervisor's confidence are hard for it; of the others, those above a change
    point of their largest absolute cosine with a hard one share its pattern.

    Args:
        confidence: The supervisor's confidence, `(N,)`, such as `2 |p - 1/2|`.
        features: The student's features, `(N, d)`.
    """
    hard = confidence < change_point(confidence)
    if not hard.any() or hard.all():
        return np.zeros(len(confidence), dtype=bool)
    x = features - features.mean(axis=0)
    # A cosine is a product of rows of length 1; a row of length 0 stays 0.
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), np.finfo(float).tiny)
    nearest = np.abs(x @ x[hard].T).max(axis=1)
    overlap: BoolArray = ~hard & (nearest > change_point(nearest[~hard]))
    return overlap


def near(features: FloatArray) -> IntArray:
    """Return each row's nearest rows, itself among them, `(n, NEIGHBOURS + 1)` or fewer columns."""
    from sklearn.neighbors import NearestNeighbors

    k = min(NEIGHBOURS + 1, len(features))
    return np.asarray(NearestNeighbors(n_neighbors=k).fit(features).kneighbors(features, return_distance=False))


def expansion(features: FloatArray, good: BoolArray, trust: FloatArray) -> float | None:
    """Return the least expansion from rightly to wrongly labelled inputs over a family of sets; None if there are few.

    The family: rightly labelled inputs in order of falling `trust`, from `SMALLEST_SET` of them to all. A set expands
    by the share of wrongly labelled inputs that are its neighbours over its own share of the rightly labelled ones.
    The least over all sets may be less, so this is an upper estimate (arXiv 2405.16043).

    Args:
        features: The student's features of audited inputs, `(a, d)`.
        good: Where the weak label is right, `(a,)`.
        trust: The student's probability of the weak label, `(a,)`.
    """
    right = np.flatnonzero(good)
    if min(len(right), int((~good).sum())) < FEWEST:
        return None
    neighbours = near(features)
    # Sets are nested, so only as many are tried as there are inputs; a stable order makes equal trust repeat.
    right = right[np.argsort(-trust[right], kind="stable")]
    expansions = []
    for size in range(max(1, int(np.ceil(SMALLEST_SET * len(right)))), len(right) + 1):
        reached = np.zeros(len(features), dtype=bool)
        reached[neighbours[right[:size]]] = True
        expansions.append(float(reached[~good].mean()) / (size / len(right)))
    return min(expansions)


def robust(neighbours: IntArray, named: IntArray) -> BoolArray:
    """Return on which inputs the student names one class over the whole neighbourhood, `(n,)`.

    Args:
        neighbours: The nearest of each input, `(n, k)`.
        named: The student's classes, `(n,)`.
    """
    return np.asarray((named[neighbours] == named[:, None]).all(axis=1))
