"""How much a metric of one test set would change with other test examples: the variance of its influence function."""

import numpy as np
from numpy.typing import ArrayLike

from w2sg.measure.checks import BoolArray, FloatArray, IntArray, codes_of
from w2sg.measure.metrics import calibration_bins, checked_scores


def share_variance(hits: ArrayLike, units: ArrayLike | None = None) -> float:
    """Return the sampling variance of the mean of `hits` `(n,)`."""
    x = np.asarray(hits, dtype=np.float64)
    return _variance(x - x.mean(), units)


def conditional_share_variance(hits: ArrayLike, condition: ArrayLike, units: ArrayLike | None = None) -> float:
    """Return the sampling variance of the mean of `hits` among the examples of `condition`, `(n,)` both.

    It is that of a ratio of means, by linearisation; there must be an example of the condition.
    """
    x, given = np.asarray(hits, dtype=np.float64), np.asarray(condition, dtype=np.float64)
    share = float((x * given).sum() / given.sum())
    return _variance(given * (x - share) / given.mean(), units)


def balanced_accuracy_variance(correct: ArrayLike, gold: ArrayLike, units: ArrayLike | None = None) -> float:
    """Return the sampling variance of the mean recall over the classes in `gold` `(n,)`, by linearisation."""
    right, truth = np.asarray(correct, dtype=np.float64), codes_of(np.asarray(gold, dtype=np.int64))
    sizes = np.bincount(truth)
    recalls = np.bincount(truth, weights=right) / sizes
    influence = (right - recalls[truth]) * len(right) / sizes[truth] / len(sizes)
    return _variance(influence, units)


def auroc_variance(probabilities: ArrayLike, gold: ArrayLike, units: ArrayLike | None = None) -> float | None:
    """Return the sampling variance of `auroc` (DeLong, DeLong and Clarke-Pearson 1988, doi 10.2307/2531595).

    With more than two classes it is that of the mean of one-vs-rest areas; None where no area is defined.
    """
    scores, truth = checked_scores(probabilities, gold)
    classes = [1] if scores.shape[1] == 2 else range(scores.shape[1])
    influences = [one for c in classes if (one := _area_influence(scores[:, c], truth == c)) is not None]
    return _variance(np.mean(influences, axis=0), units) if influences else None


def calibration_variance(
    probabilities: ArrayLike, gold: ArrayLike, units: ArrayLike | None = None, n_bins: int = 15
) -> float:
    """Return the sampling variance of `squared_calibration_error`, by linearisation.

    Linearised at estimated distances it holds twice the second order `2 sum_b w_b**2 s_b**4` (s_b**2 the sampling
    variance of the distance in bin b, w_b the bin's share): one of them is taken away. The other is all there is of a
    calibrated predictor.
    """
    surplus, bins, right = calibration_bins(probabilities, gold, n_bins)
    counts = np.bincount(bins, minlength=n_bins).astype(np.float64)
    shares, safe = counts / len(bins), np.maximum(counts, 1)
    distance = np.bincount(bins, weights=surplus, minlength=n_bins) / safe
    hit = np.bincount(bins, weights=right, minlength=n_bins) / safe
    influence = 2 * distance[bins] * surplus - distance[bins] ** 2
    second = 2 * float((shares**2 * (hit * (1 - hit) / np.maximum(counts - 1, 1)) ** 2).sum())
    return max(_variance(influence - influence.mean(), units) - second, second)


def draws_of_recall(gold: ArrayLike) -> float:
    """Return how many draws a mean recall without an error is worth: the harmonic mean of the class sizes in `gold`.

    If all `n_c` examples of each class are right, each recall is at least `1 - e_c` with `(1 - e_c)**n_c` the tail. So
    is their mean, at that same tail: were it lower, one of them would be. The harmonic mean puts the limit a little
    below that mean.
    """
    sizes = np.bincount(codes_of(np.asarray(gold, dtype=np.int64)))
    return float(len(sizes) / (1 / sizes).sum())


def draws_of_area(gold: ArrayLike) -> float:
    """Return how many draws a perfect AUROC is worth: the pairs of unlike examples that share none, as of recalls."""
    sizes = np.bincount(codes_of(np.asarray(gold, dtype=np.int64)))
    pairs = np.minimum(sizes, sizes.sum() - sizes)
    return float(len(pairs) / (1 / np.maximum(pairs, 1)).sum())


def _area_influence(score: FloatArray, positive: BoolArray) -> FloatArray | None:
    """Return what each example adds to an area, shape (n,): its share of the other sign that it is rightly beside."""
    from scipy.stats import rankdata

    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return None
    ranks = rankdata(score)
    placed = np.empty(len(score))
    # of all below it (ties one half) those of its own sign are taken away
    placed[positive] = (ranks[positive] - rankdata(score[positive])) / n_negative
    placed[~positive] = 1 - (ranks[~positive] - rankdata(score[~positive])) / n_positive
    sizes = np.where(positive, n_positive, n_negative)
    return np.asarray((placed - placed[positive].mean()) * len(score) / sizes, dtype=np.float64)


def _variance(influence: FloatArray, units: ArrayLike | None) -> float:
    """Return the variance of a mean of influences `(n,)`; those of one unit are one draw."""
    n = len(influence)
    if units is None:
        return float((influence**2).sum()) / n / max(n - 1, 1)
    codes: IntArray = codes_of(np.asarray(units, dtype=np.int64))
    sums = np.bincount(codes, weights=influence)
    return float((sums**2).sum()) / n**2 * len(sums) / max(len(sums) - 1, 1)
