"""Methods compared over many tasks by their ranks (Demsar 2006, J. Mach. Learn. Res. 7:1-30)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.checks import FloatArray, as_floats

# Scores that differ by less than this are tied: means of the same records in another order differ in their last bits.
TIE_DECIMALS = 12
# Below these the chi-square and F approximations of Friedman's test are rough (Demsar 2006, section 3.2.2).
ENOUGH_TASKS, ENOUGH_METHODS = 10, 5


@dataclass(frozen=True)
class Friedman:
    """Friedman's test that all methods rank alike, with its correction by Iman and Davenport.

    Attributes:
        chi_square: Friedman's statistic, corrected for ties; `n_methods - 1` degrees of freedom.
        chi_square_p: Its p-value.
        f: Iman and Davenport's statistic, less conservative; infinite where all tasks rank all methods alike.
        f_p: Its p-value.
        n_tasks: The number of tasks.
        n_methods: The number of methods.
        note: What the reader must know beside the numbers; empty where nothing.
    """

    chi_square: float
    chi_square_p: float
    f: float
    f_p: float
    n_tasks: int
    n_methods: int
    note: str = ""


def task_ranks(scores: ArrayLike) -> FloatArray:
    """Return the ranks of methods within each task: 1 is the highest score, ties share their mean rank.

    Args:
        scores: Shape (n_tasks, n_methods), higher is better.

    Returns:
        Shape (n_tasks, n_methods).

    Raises:
        InputError: Another shape, or a score is not finite.

    >>> task_ranks([[0.9, 0.7, 0.7, 0.8]]).tolist()
    [[1.0, 3.5, 3.5, 2.0]]
    """
    from scipy.stats import rankdata

    return np.asarray(rankdata(-np.round(_table(scores), TIE_DECIMALS), axis=1), dtype=np.float64)


def average_ranks(scores: ArrayLike) -> FloatArray:
    """Return the mean over tasks of each method's rank, shape (n_methods,); see `task_ranks`.

    >>> average_ranks([[0.9, 0.7], [0.6, 0.8], [0.9, 0.1]]).round(3).tolist()
    [1.333, 1.667]
    """
    return np.asarray(task_ranks(scores).mean(axis=0), dtype=np.float64)


def friedman(scores: ArrayLike) -> Friedman:
    """Test whether methods rank alike over tasks (Friedman 1937; Iman and Davenport 1980; Demsar 2006, section 3.2.2).

    With the ranks r of N tasks and k methods, `chi2 = (k - 1) * N**2 * sum_j (mean r_j - (k + 1) / 2)**2 /
    sum_ij (r_ij - (k + 1) / 2)**2`, which corrects for ties, and `F = (N - 1) * chi2 / (N * (k - 1) - chi2)` with
    k - 1 and (k - 1) * (N - 1) degrees of freedom. Tasks are the sampling units, so they must be independent.

    Args:
        scores: Shape (n_tasks, n_methods), higher is better; at least two of each.

    Raises:
        InputError: Fewer than two tasks or methods, or as in `task_ranks`.

    >>> test = friedman([[3, 2, 1], [3, 1, 2], [3, 2, 1], [2, 3, 1]])
    >>> round(test.chi_square, 3), round(test.f, 3)
    (4.5, 3.857)
    """
    from scipy.special import chdtrc, fdtrc

    ranks = task_ranks(scores)
    n_tasks, k = ranks.shape
    if n_tasks < 2 or k < 2:
        raise InputError(f"Friedman's test needs at least 2 tasks and 2 methods, got {n_tasks} and {k}")
    # scipy's Friedman test refuses two methods and knows no F; on ranks both are a line each
    middle = (k + 1) / 2
    spread = float(((ranks - middle) ** 2).sum())
    between = n_tasks**2 * float(((ranks.mean(axis=0) - middle) ** 2).sum())
    chi_square = (k - 1) * between / spread if spread > 0 else 0.0
    rest = n_tasks * (k - 1) - chi_square
    # every task ranks all methods alike: F is infinite, and its denominator would be rounding
    all_alike = rest <= 1e-9 * n_tasks * (k - 1)
    f = np.inf if all_alike else (n_tasks - 1) * chi_square / rest
    f_p = 0.0 if all_alike else float(fdtrc(k - 1, (k - 1) * (n_tasks - 1), f))
    few = n_tasks <= ENOUGH_TASKS or k <= ENOUGH_METHODS
    note = f"{n_tasks} tasks and {k} methods: the p-values are approximations, rough for so few" if few else ""
    return Friedman(chi_square, float(chdtrc(k - 1, chi_square)), float(f), f_p, n_tasks, k, note)


def signed_rank_p(effects: ArrayLike) -> float:
    """Return the two-sided p-value of Wilcoxon's signed-rank test that effects are symmetric around 0.

    Effects of 0 are left out; without any other it is 1 (Demsar 2006, section 3.1.3).

    Args:
        effects: Shape (k,), one for each task.

    Raises:
        InputError: It is no vector of finite numbers.

    >>> signed_rank_p([0.1, 0.2, 0.05, 0.3, 0.15])
    0.0625
    """
    from scipy.stats import wilcoxon

    values = np.round(as_floats("effects", effects), TIE_DECIMALS)
    values = values[values != 0]
    return float(wilcoxon(values).pvalue) if len(values) else 1.0


def _table(scores: ArrayLike) -> FloatArray:
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or table.size == 0:
        raise InputError(f"scores must have shape (n_tasks, n_methods), got {table.shape}")
    if not np.isfinite(table).all():
        raise InputError("scores must be finite: leave out methods that not every task has")
    return table
