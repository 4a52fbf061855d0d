"""The PGR of published results, where only accuracies per seed are known and not which examples were right."""

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.checks import FloatArray, as_floats
from w2sg.measure.clustered import MeanEstimate, Part
from w2sg.measure.pgr import MINIMUM_GAP, Pgr, pgr_of_means

INDEPENDENT = (
    "accuracies only: errors of weak, student and ceiling are taken as independent, which gives wider intervals than "
    "pairing where errors are positively correlated"
)


def pgr_from_accuracies(
    student: ArrayLike,
    weak: ArrayLike,
    ceiling: ArrayLike,
    n_test: int,
    *,
    level: float = 0.95,
    minimum_gap: float = MINIMUM_GAP,
) -> Pgr:
    """Return the PGR with Fieller's interval, from accuracies per seed on one fixed test set.

    Each mean accuracy p has variance `s**2 / S + p * (1 - p) / n_test`: the spread between its S seeds, and the
    sampling of the test set. All seeds share the test set, so its part is not divided by S, and the spread between
    seeds does not contain it. (The binomial term is an upper bound: the part of it that seeds do not share is in the
    first term too.) Nothing is known of the pairing, so the three means are taken as independent. That is
    conservative where errors are positively correlated, as errors on one test set nearly always are. Gain and gap
    share the weak accuracy: their covariance is its variance.

    Args:
        student: Accuracies of the student, one per seed, shape (S_s,).
        weak: Accuracies of the weak supervisor, shape (S_w,); the numbers of seeds may differ.
        ceiling: Accuracies of the ceiling, shape (S_c,).
        n_test: The number of test examples, at least 2.
        level: The confidence level, in (0, 1).
        minimum_gap: The smallest lower limit of the gap at which a ratio is reported.

    Returns:
        The PGR; its `n_seeds` is that of the student.

    Raises:
        InputError: An accuracy is outside [0, 1], a group is empty, or another argument is out of range.

    >>> result = pgr_from_accuracies([0.70, 0.72, 0.71], [0.60, 0.62, 0.61], [0.80, 0.81, 0.82], n_test=2000)
    >>> print(f"{result.estimate:.2f} [{result.low:.2f}, {result.high:.2f}]")
    0.50 [0.30, 0.70]
    """
    if n_test < 2:
        raise InputError(f"n_test must be at least 2, got {n_test}")
    groups = {"weak": weak, "student": student, "ceiling": ceiling}
    values = {name: _accuracies(name, group) for name, group in groups.items()}
    parts = [part for i, group in enumerate(values.values()) for part in _parts(group, n_test, i)]
    means = MeanEstimate(np.array([group.mean() for group in values.values()]), tuple(parts), n_units=n_test)
    single = [name for name, group in values.items() if len(group) == 1]
    note = INDEPENDENT
    if single:
        note += f"; one seed of {', '.join(single)}: its interval covers the sampling of test examples only"
    counts = {"n_seeds": len(values["student"]), "n_test": n_test, "n_examples": n_test}
    method = "fieller, independent accuracies"
    return pgr_of_means(means, counts, method, note, level=level, minimum_gap=minimum_gap)


def seed_only_standard_error(student: ArrayLike, weak: ArrayLike, ceiling: ArrayLike) -> float:
    """Return the standard error of the mean PGR that leaderboards ship: the spread between the student's seeds alone.

    It takes the mean gap as known and the test set as the population, so it is too small as a statement about the
    PGR. It is here to be shown beside the honest interval.

    Args:
        student: Accuracies of the student, shape (S,), S >= 2.
        weak: Accuracies of the weak supervisor, shape (S_w,).
        ceiling: Accuracies of the ceiling, shape (S_c,).

    Raises:
        InputError: Fewer than two seeds, a value outside [0, 1], or a mean gap of 0 or less.

    >>> round(seed_only_standard_error([0.70, 0.72, 0.71], [0.60, 0.62], [0.80, 0.82]), 4)
    0.0289
    """
    accuracies = _accuracies("student", student)
    if len(accuracies) < 2:
        raise InputError("a standard error over seeds needs at least two seeds of the student, got one")
    gap = float(_accuracies("ceiling", ceiling).mean() - _accuracies("weak", weak).mean())
    if gap <= 0:
        raise InputError(f"the mean gap ceiling - weak must be positive, got {gap:.4g}")
    return float(accuracies.std(ddof=1) / np.sqrt(len(accuracies)) / gap)


def _accuracies(name: str, values: ArrayLike) -> FloatArray:
    accuracies = as_floats(name, values)
    if accuracies.min() < 0 or accuracies.max() > 1:
        raise InputError(
            f"{name} must hold accuracies as fractions in [0, 1], got {accuracies.min()}..{accuracies.max()}"
        )
    return accuracies


def _parts(group: FloatArray, n_test: int, position: int) -> list[Part]:
    """Return the covariance parts of one of the three means: test sampling, and the seeds where there are several."""
    # independent means: each part touches its own place of the diagonal and no other
    unit = np.zeros((3, 3))
    unit[position, position] = 1.0
    p = float(group.mean())
    parts = [Part(unit * (p * (1 - p) / n_test), n_test - 1)]
    if len(group) > 1:
        parts.append(Part(unit * (float(group.var(ddof=1)) / len(group)), len(group) - 1))
    return parts
