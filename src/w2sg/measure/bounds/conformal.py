"""Cuts of scores for prediction sets that hold the truth with a stated chance; their coverage from weak labels."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.checks import FloatArray, Span, as_floats, as_labels, check_delta, check_share, same_length

MOST_CONDITION = 1e8
"""A confusion matrix with a larger condition number has no inverse worth the name."""


@dataclass(frozen=True)
class ConformalCut:
    """A cut of scores by `n` labelled inputs.

    Attributes:
        score: The score up to which a class belongs to a set; infinite where the sample is too small.
        rank: Which of the sorted scores it is, from 1; n + 1 where it is none of them.
        n: How many scores there were.
    """

    score: float
    rank: int
    n: int

    @property
    def coverage(self) -> float:
        """How often sets hold the truth, over labels and inputs together."""
        return min(1.0, self.rank / (self.n + 1))

    def coverage_low(self, delta: float) -> float:
        """Return a lower bound of the coverage of this cut, given the labels that made it.

        With continuous scores the coverage of the cut at rank j is itself random over draws of the labels, and has the
        law Beta(j, n + 1 - j) (Vovk 2012, arXiv 1209.2673); its delta quantile is the bound. Ties only help.

        Raises:
            InputError: delta is not between 0 and 1.
        """
        from scipy.special import betaincinv

        check_delta(delta)
        return 1.0 if self.rank > self.n else float(betaincinv(self.rank, self.n + 1 - self.rank, delta))


def conformal_cut(scores: ArrayLike, *, miss: float) -> ConformalCut:
    """Return the cut of split conformal prediction, the ceil((n + 1)(1 - miss))-th smallest score.

    A fresh score is equally likely to take any of the n + 1 places among them, so it lies above the cut with chance
    `miss` at most.

    Args:
        scores: How strange each true label is to the model, such as 1 - its probability, shape (n,).
        miss: The chance that a set may miss the truth, over labels and inputs.

    Raises:
        InputError: Scores are empty or not finite, or `miss` is out of range.

    >>> conformal_cut([0.3, 0.1, 0.2], miss=0.25)
    ConformalCut(score=0.3, rank=3, n=3)
    """
    check_share("miss", miss)
    ordered = np.sort(as_floats("scores", scores))
    n = len(ordered)
    rank = math.ceil((n + 1) * (1 - miss) - 1e-9)  # 9/10 of 100 is 90 and not 91
    return ConformalCut(float(ordered[rank - 1]) if rank <= n else math.inf, rank, n)


def weighted_cuts(scores: ArrayLike, weights: ArrayLike, test_weights: ArrayLike, *, miss: float) -> FloatArray:
    """Return the cut of each test input under a known shift (Tibshirani et al. 2019, arXiv 1904.06019, corollary 1).

    Args:
        scores: Scores of n labelled inputs, shape (n,).
        weights: The density of deployment over that of the labelled inputs, at each of them, shape (n,); any scale.
        test_weights: The same at test inputs, shape (t,).
        miss: The chance that a set may miss the truth.

    Returns:
        Shape (t,): the smallest score up to which labelled inputs weigh 1 - miss, the test input counted as beyond all;
        infinite where they never do.

    Raises:
        InputError: Values are empty, not finite or negative, or lengths differ.
    """
    check_share("miss", miss)
    score, weight = as_floats("scores", scores), as_floats("weights", weights)
    test = as_floats("test_weights", test_weights)
    same_length(scores=score, weights=weight)
    if weight.min() < 0 or test.min() < 0 or weight.sum() == 0:
        raise InputError("weights are ratios of densities: at least 0, and some of the labelled ones positive")
    order = np.argsort(score, kind="stable")
    heavier = weight[order].cumsum()
    # the test input's own score is unknown, so its weight is counted where it does least good: above all others
    needed = (1 - miss) * (heavier[-1] + test) * (1 - 1e-12)
    at = np.searchsorted(heavier, needed)
    return np.asarray(np.append(score[order], np.inf)[np.minimum(at, len(score))])


def hits_by_weak_labels(sets: ArrayLike, weak: ArrayLike, confusion: ArrayLike) -> tuple[FloatArray, Span]:
    """Return numbers whose mean is the coverage of the truth, from weak labels that err by a known confusion matrix.

    Let `T[y, j] = P(weak label j | truth y)` whatever the input, and `U` its inverse. The sum of `U[weak label, i]`
    over the classes i of an input's set has the expectation `sum_i sum_y P(i in set, truth y) (T U)[y, i]`, which is
    the chance that the truth is in the set (the idea of Sesia, Wang, Tong, arXiv 2309.05092, as a mean).

    Args:
        sets: Whether each class is in the set of each input, shape (n, k).
        weak: Weak labels, class numbers, shape (n,).
        confusion: `T`, shape (k, k), rows of sum 1.

    Returns:
        The numbers, shape (n,), and the least and the largest that any set and weak label can give.

    Raises:
        InputError: Shapes do not fit, rows are no probabilities, or the matrix has no inverse.
    """
    chosen, named, t = np.asarray(sets, dtype=np.float64), as_labels("weak", weak), np.asarray(confusion, dtype=float)
    k = t.shape[0]
    if chosen.shape != (len(named), k) or t.shape != (k, k) or not named.size or named.max() >= k:
        raise InputError(f"sets (n, k), weak labels and a confusion matrix (k, k), got {chosen.shape} and {t.shape}")
    if not (np.isin(chosen, (0, 1)).all() and (t >= 0).all() and np.allclose(t.sum(axis=1), 1)):
        raise InputError("sets must be yes or no for each class, and rows of 'confusion' probabilities of sum 1")
    if np.linalg.cond(t) > MOST_CONDITION:
        raise InputError(
            "'confusion' has no inverse: some classes have the same weak labels, which tell nothing of them"
        )
    inverse = np.linalg.inv(t)
    span = float(np.minimum(inverse, 0).sum(axis=1).min()), float(np.maximum(inverse, 0).sum(axis=1).max())
    return np.asarray((chosen * inverse[named]).sum(axis=1)), span
