"""Metrics of one predictor on one test set: arrays in, a number out."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2sg.core import InputError
from w2sg.measure.checks import (
    BoolArray,
    FloatArray,
    IntArray,
    as_classes,
    as_correct,
    as_floats,
    as_probabilities,
    same_length,
)


class GroupAccuracy(NamedTuple):
    """The accuracy of one group and the number of examples it rests on."""

    n: int
    accuracy: float


def accuracy(predictions: ArrayLike, gold: ArrayLike) -> float:
    """Return the share of examples whose predicted class is the gold class.

    Args:
        predictions: Predicted classes, shape (n,).
        gold: Gold classes, shape (n,).

    Raises:
        InputError: Shapes differ, are empty, or the values are not integers.

    >>> accuracy([0, 1, 1, 0], [0, 1, 0, 0])
    0.75
    """
    predicted, truth = _class_pair("predictions", predictions, "gold", gold)
    return float((predicted == truth).mean())


def balanced_accuracy(predictions: ArrayLike, gold: ArrayLike) -> float:
    """Return the mean over the classes present in `gold` of the recall of each class.

    Args:
        predictions: Predicted classes, shape (n,).
        gold: Gold classes, shape (n,).

    Raises:
        InputError: Shapes differ, are empty, or the values are not integers.

    >>> balanced_accuracy([0, 0, 0, 0], [0, 0, 0, 1])
    0.5
    """
    predicted, truth = _class_pair("predictions", predictions, "gold", gold)
    return float(np.mean([(predicted[truth == c] == c).mean() for c in np.unique(truth)]))


def auroc(probabilities: ArrayLike, gold: ArrayLike) -> float | None:
    """Return the area under the ROC curve, by ranks (ties count one half).

    Two classes: the score is column 1. More classes: the plain mean of one-vs-rest areas over the classes that have
    both examples of the class and examples of another (Hand and Till 2001 discuss the alternatives).

    Args:
        probabilities: Predicted probabilities, shape (n, k).
        gold: Gold classes in 0..k-1, shape (n,).

    Returns:
        The area in [0, 1], or None where `gold` holds one class only, so that no area is defined.

    Raises:
        InputError: Shapes differ, rows are no distributions, or a gold class is not a column.

    >>> auroc([[0.9, 0.1], [0.4, 0.6], [0.6, 0.4]], [0, 1, 0])
    1.0
    """
    scores, truth = checked_scores(probabilities, gold)
    # with two classes both columns give the same area
    classes = [1] if scores.shape[1] == 2 else range(scores.shape[1])
    areas = [area for c in classes if (area := _rank_area(scores[:, c], truth == c)) is not None]
    return float(np.mean(areas)) if areas else None


def expected_calibration_error(probabilities: ArrayLike, gold: ArrayLike, n_bins: int = 15) -> float:
    """Return the expected calibration error of the top label, with bins of equal width.

    Guo et al. 2017 (arXiv 1706.04599): the mean over bins, weighted by their share of examples, of the distance
    between mean confidence and accuracy.
    A bin holds its upper edge and not its lower one.

    Args:
        probabilities: Predicted probabilities, shape (n, k).
        gold: Gold classes in 0..k-1, shape (n,).
        n_bins: The number of bins of [0, 1].

    Raises:
        InputError: As in `auroc`, or `n_bins` < 1.

    >>> expected_calibration_error([[0.75, 0.25]] * 4, [0, 0, 0, 1])
    0.0
    """
    surplus, counts = _surplus(probabilities, gold, n_bins)
    return float(np.abs(surplus).sum() / counts.sum())


def rms_calibration_error(probabilities: ArrayLike, gold: ArrayLike, n_bins: int = 15) -> float:
    """Return the root mean square calibration error of the top label, with bins of equal width.

    Hendrycks et al. 2019 (arXiv 1812.04606), there with bins of equal counts: as `expected_calibration_error`, but
    distances are squared, and the root is taken of their mean, so that it is never smaller. Clymer et al. 2023 (arXiv
    2311.07723) report an error of this name beside their differential elicitation; their released code
    (`src/api/evaluate.py` at 70bd2ea) compares the confidence in each bin with the share of all examples instead of the
    share in the bin, gives all bins one weight, and leaves out bins below 20 examples and a confidence of exactly 1.
    Ours does none of this, so the two are not comparable.

    Args:
        probabilities: Predicted probabilities, shape (n, k).
        gold: Gold classes in 0..k-1, shape (n,).
        n_bins: The number of bins of [0, 1].

    Raises:
        InputError: As in `auroc`, or `n_bins` < 1.

    >>> round(rms_calibration_error([[1.0, 0.0]] * 4, [0, 0, 0, 1]), 12)
    0.25
    """
    surplus, counts = _surplus(probabilities, gold, n_bins)
    held = counts > 0
    return float(np.sqrt((surplus[held] ** 2 / counts[held]).sum() / counts.sum()))


def agreement(student_predictions: ArrayLike, weak_predictions: ArrayLike) -> float:
    """Return the share of examples on which student and weak supervisor predict the same class.

    Args:
        student_predictions: The student's classes, shape (n,).
        weak_predictions: The weak supervisor's classes, shape (n,).

    Raises:
        InputError: Shapes differ, are empty, or the values are not integers.
    """
    student, weak = _class_pair("student_predictions", student_predictions, "weak_predictions", weak_predictions)
    return float((student == weak).mean())


def errors_copied(student_predictions: ArrayLike, weak_predictions: ArrayLike, gold: ArrayLike) -> float | None:
    """Return the share of the weak supervisor's errors on which the student gives the same wrong class.

    Imitation of the supervisor's errors is the failure that Burns et al. 2023 (arXiv 2312.09390, section 5.1) look for.

    Args:
        student_predictions: The student's classes, shape (n,).
        weak_predictions: The weak supervisor's classes, shape (n,).
        gold: Gold classes, shape (n,).

    Returns:
        A share in [0, 1], or None where the supervisor makes no error.

    Raises:
        InputError: Shapes differ, are empty, or the values are not integers.

    >>> errors_copied([0, 1, 1], [1, 1, 0], [1, 0, 1])
    0.5
    """
    student, weak = _class_pair("student_predictions", student_predictions, "weak_predictions", weak_predictions)
    weak, truth = _class_pair("weak_predictions", weak, "gold", gold)
    wrong = weak != truth
    return float((student == weak)[wrong].mean()) if wrong.any() else None


def breakdown(correct: ArrayLike, labels: Sequence[Hashable] | NDArray[np.generic]) -> dict[Hashable, GroupAccuracy]:
    """Return the accuracy within each group, with the number of examples behind it.

    Args:
        correct: Correct or not, shape (n,).
        labels: The group of each example, shape (n,): strings, integers or booleans.

    Returns:
        Label -> (n, accuracy), in sorted order of the labels.

    Raises:
        InputError: Lengths differ or are zero, or a label is NaN.

    >>> breakdown([True, False, True], ["easy", "hard", "easy"])
    {'easy': GroupAccuracy(n=2, accuracy=1.0), 'hard': GroupAccuracy(n=1, accuracy=0.0)}
    """
    right = as_correct("correct", correct)
    same_length(correct=right, labels=labels)
    groups = np.asarray(labels)
    if groups.ndim != 1:
        raise InputError(f"labels must have shape (n,), got {groups.shape}")
    if groups.dtype.kind == "f" and np.isnan(groups).any():
        raise InputError("labels must not be NaN; give those examples a group of their own")
    names, codes = np.unique(groups, return_inverse=True)
    counts = np.bincount(codes)
    hits = np.bincount(codes, weights=right)
    rows = zip(names.tolist(), counts.tolist(), hits.tolist(), strict=True)
    return {name: GroupAccuracy(n, hit / n) for name, n, hit in rows}


def difficulty_bins(difficulty: ArrayLike, n_bins: int = 4) -> IntArray:
    """Return the quantile bin of each example's difficulty, to be used as labels of `breakdown`.

    Equal difficulties share a bin, so with many ties bins are unequal and some may be empty.

    Args:
        difficulty: Difficulty, any scale, shape (n,).
        n_bins: The number of bins.

    Returns:
        Bins of shape (n,), 0 for the easiest to `n_bins - 1` for the hardest.

    Raises:
        InputError: `difficulty` is empty or not finite, or `n_bins` < 1.

    >>> difficulty_bins([1.0, 2.0, 3.0, 4.0], n_bins=2).tolist()
    [0, 0, 1, 1]
    """
    if n_bins < 1:
        raise InputError(f"n_bins must be at least 1, got {n_bins}")
    values = as_floats("difficulty", difficulty)
    # inner edges only, and ties to the left, so that equal difficulties never part
    edges = np.quantile(values, np.arange(1, n_bins) / n_bins)
    return np.searchsorted(edges, values, side="left").astype(np.int64)


def squared_calibration_error(probabilities: ArrayLike, gold: ArrayLike, n_bins: int = 15) -> float:
    """Return the debiased squared calibration error of the top label (Kumar et al. 2019, arXiv 1909.10155, section 4).

    The square of `rms_calibration_error` less what sampling alone adds to it: in a bin of n examples of which a share a
    is right `a (1 - a) / (n - 1)`. Bins of equal width that hold one example say nothing and are left out. It has no
    bias and so is negative half of the time where a predictor is calibrated; its mean over seeds is to be taken first,
    and the root after. The plain error is biased upwards, and its mean over seeds as much.

    Args:
        probabilities: Predicted probabilities, shape (n, k).
        gold: Gold classes in 0..k-1, shape (n,).
        n_bins: The number of bins of [0, 1].

    Raises:
        InputError: As in `auroc`, or `n_bins` < 1.

    >>> squared_calibration_error([[0.75, 0.25]] * 4, [0, 0, 0, 1])
    -0.0625
    """
    surplus, bins, right = calibration_bins(probabilities, gold, n_bins)
    counts = np.bincount(bins, minlength=n_bins)
    held = counts > 1
    n = counts[held]
    distance = np.bincount(bins, weights=surplus, minlength=n_bins)[held] / n
    hit = np.bincount(bins, weights=right, minlength=n_bins)[held] / n
    return float((n * (distance**2 - hit * (1 - hit) / (n - 1))).sum() / len(bins))


def calibration_bins(probabilities: ArrayLike, gold: ArrayLike, n_bins: int) -> tuple[FloatArray, IntArray, BoolArray]:
    """Return confidence minus correctness of each example, its bin of equal width, and whether it is right, (n,) each.

    A bin holds its upper edge and not its lower one.

    Raises:
        InputError: As in `auroc`, or `n_bins` < 1.
    """
    if n_bins < 1:
        raise InputError(f"n_bins must be at least 1, got {n_bins}")
    scores, truth = checked_scores(probabilities, gold)
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == truth
    # ceil puts an edge into the bin below it, as Guo et al. do; confidence 0 would fall into bin -1
    bins = np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    return confidence - right, bins, right


def _surplus(probabilities: ArrayLike, gold: ArrayLike, n_bins: int) -> tuple[FloatArray, IntArray]:
    """Return for each bin `(b,)` the sum of confidence minus correctness of its examples, and their number."""
    surplus, bins, _ = calibration_bins(probabilities, gold, n_bins)
    sums: FloatArray = np.bincount(bins, weights=surplus, minlength=n_bins).astype(np.float64)
    return sums, np.bincount(bins, minlength=n_bins).astype(np.int64)


def _class_pair(name_a: str, a: ArrayLike, name_b: str, b: ArrayLike) -> tuple[IntArray, IntArray]:
    left, right = as_classes(name_a, a), as_classes(name_b, b)
    same_length(**{name_a: left, name_b: right})
    return left, right


def checked_scores(probabilities: ArrayLike, gold: ArrayLike) -> tuple[FloatArray, IntArray]:
    """Return probabilities `(n, k)` and gold classes `(n,)`, or raise InputError."""
    scores, truth = as_probabilities("probabilities", probabilities), as_classes("gold", gold)
    same_length(probabilities=scores, gold=truth)
    if truth.min() < 0 or truth.max() >= scores.shape[1]:
        raise InputError(
            f"gold must hold classes 0..{scores.shape[1] - 1} (columns of probabilities), "
            f"got {truth.min()}..{truth.max()}"
        )
    return scores, truth


def _rank_area(score: FloatArray, positive: BoolArray) -> float | None:
    """Mann and Whitney's U over its maximum; None unless both signs are present."""
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return None
    from scipy.stats import rankdata

    rank_sum = float(rankdata(score)[positive].sum())
    return (rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)
