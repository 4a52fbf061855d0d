"""Means over seeds and examples, with a covariance that respects both.

Records of one seed are not independent, and neither are records of one example under several seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.checks import FloatArray, IntArray, as_classes, check_level, codes_of, n_distinct, same_length
from w2sg.measure.intervals import Interval, t_p_value, t_quantile

# Below this a p-value is only said to be smaller than anything: levels of 1 - p are not told apart from 1.
SMALLEST_P = 1e-14
# Two p-values are one that differ by less than this share.
SAME_P = 1e-9


class Part(NamedTuple):
    """A summand of a covariance, shape (p, p), and the degrees of freedom it was estimated with."""

    covariance: FloatArray
    degrees_of_freedom: float


@dataclass(frozen=True, eq=False)
class MeanEstimate:
    """An estimated mean vector and what is known of its covariance.

    Attributes:
        mean: The estimate, shape (p,).
        parts: Summands of its covariance. Where they are estimated with few degrees of freedom, their sum can be small
            by chance, or even not positive.
        floor: A well-estimated covariance that the true one is at least, or None. Intervals then contain those that it
            gives, and p-values are at least those that it gives.
        n_units: Where the means are shares, the number of different things that were judged; 0 where they are not. A
            difference of shares of which no example was seen then has the variance that one such example gives.
    """

    mean: FloatArray
    parts: tuple[Part, ...]
    floor: Part | None = None
    n_units: int = 0

    @property
    def covariance(self) -> FloatArray:
        """The sum of the parts, shape (p, p): the covariance of `mean`."""
        return np.asarray(sum(part.covariance for part in self.parts), dtype=np.float64)

    @property
    def views(self) -> tuple["MeanEstimate", ...]:
        """The estimate by its parts alone and, if there is a floor, by the floor alone."""
        # each view has one covariance; who makes an interval takes the widest of them, which is what a floor means
        alone = replace(self, floor=None)
        return (alone,) if self.floor is None else (alone, replace(alone, parts=(self.floor,)))

    def select(self, columns: Sequence[int]) -> "MeanEstimate":
        """Return the estimate of some of the means, in the order given."""

        def of(part: Part) -> Part:
            return Part(part.covariance[np.ix_(columns, columns)], part.degrees_of_freedom)

        floor = None if self.floor is None else of(self.floor)
        return replace(self, mean=self.mean[list(columns)], parts=tuple(map(of, self.parts)), floor=floor)

    def value(self, contrast: ArrayLike) -> float:
        """Return `contrast` @ mean."""
        return float(np.asarray(contrast, dtype=np.float64) @ self.mean)

    def variance(self, contrast: ArrayLike) -> float:
        """Return the variance of `contrast` @ mean, by the parts alone; a part that is negative counts as 0."""
        return sum(float(one[0, 0]) for one in self._variances(_rows(contrast)))

    def degrees_of_freedom(self, contrast: ArrayLike) -> float:
        """Return Satterthwaite's degrees of freedom of the variance of `contrast` @ mean, by the parts alone.

        `V**2 / sum_j V_j**2 / df_j` over the parts V_j of the variance V (Satterthwaite 1946). A variance of zero has
        those of the best-known part. They say how well the variance is known; no interval is made with them, because
        with few seeds they are large whenever the spread of seeds is small by chance.
        """
        variances = [float(one[0, 0]) for one in self._variances(_rows(contrast))]
        spread = sum(v * v / part.degrees_of_freedom for v, part in zip(variances, self.parts, strict=True))
        if spread == 0:
            return max(part.degrees_of_freedom for part in self.parts)
        return sum(variances) ** 2 / spread

    def squares(self, contrasts: ArrayLike, level: float = 0.95) -> FloatArray:
        """Return the matrix whose diagonal are squared half-widths of intervals of contrasts, by the parts alone.

        It is `sum_j t_j**2 V_j` with the quantile t_j of Student's t for the degrees of freedom of the part V_j
        (Banerjee 1960, Sankhya 22, 357): the interval holds at least at its level however the parts share the variance,
        and it is Student's where there is one part.

        Args:
            contrasts: Shape (m, p) or (p,).
            level: The confidence level, in (0, 1).
        """
        weights = _rows(contrasts)
        quantiles = [t_quantile(level, part.degrees_of_freedom) for part in self.parts]
        variances = self._variances(weights)
        total = np.asarray(sum(t * t * v for t, v in zip(quantiles, variances, strict=True)), dtype=np.float64)
        if self.n_units and quantiles:
            unseen = np.diagonal(total) <= 0
            least = min(quantiles) ** 2 * self._unseen(weights)
            total = total + np.diag(np.where(unseen, least, 0.0))
        return total

    def interval(self, contrast: ArrayLike, level: float = 0.95) -> Interval:
        """Return the t interval of `contrast` @ mean: by the parts or by the floor, whichever is wider."""
        check_level(level)
        value = self.value(contrast)
        # not the sum of both variances: the floor says that the same variance cannot be smaller than this
        half = max(float(view.squares(contrast, level)[0, 0]) for view in self.views) ** 0.5
        return Interval(value, value - half, value + half, level)

    def p_value(self, contrast: ArrayLike) -> float:
        """Return the two-sided p-value of `contrast` @ mean = 0: by the parts or by the floor, whichever is larger."""
        return max(view._p_value(contrast) for view in self.views)

    def _p_value(self, contrast: ArrayLike) -> float:
        """Return 1 minus the level at which the interval by the parts alone ends at 0."""
        value, weights = self.value(contrast), _rows(contrast)
        variances = [float(one[0, 0]) for one in self._variances(weights)]
        total = sum(variances)
        if total == 0 and self.n_units:
            total = float(self._unseen(weights)[0])
            return t_p_value(value, total, max(part.degrees_of_freedom for part in self.parts))
        all_df = [part.degrees_of_freedom for part, v in zip(self.parts, variances, strict=True) if v > 0]
        # with the whole variance at the most, or at the least, degrees of freedom: the p-value lies between
        ends = [t_p_value(value, total, df) for df in (max(all_df, default=1), min(all_df, default=1))]
        if ends[1] - ends[0] <= SAME_P * ends[1] or ends[1] < SMALLEST_P:
            return ends[1]

        def surplus(log_p: float) -> float:
            quantiles = [t_quantile(1 - float(np.exp(log_p)), part.degrees_of_freedom) for part in self.parts]
            return sum(t * t * v for t, v in zip(quantiles, variances, strict=True)) - value * value

        # where one part is all of the variance but for rounding, the root is at one of the ends
        logs = np.log(max(ends[0], SMALLEST_P)), np.log(ends[1])
        if surplus(logs[0]) <= 0:
            return float(np.exp(logs[0]))
        if surplus(logs[1]) >= 0:
            return ends[1]
        from scipy.optimize import brentq

        return float(np.exp(brentq(surplus, *logs)))

    def _variances(self, weights: FloatArray) -> list[FloatArray]:
        """Return the covariance of contrasts by each part, shape (m, m), without what is negative in it by chance."""
        return [_positive(weights @ part.covariance @ weights.T) for part in self.parts]

    def _unseen(self, weights: FloatArray) -> FloatArray:
        """Return the variance of contrasts (m,) of which no example was seen.

        As if there were one example of each sign with half its weight among two more (Agresti and Min 2005, doi
        10.1002/sim.1781): `1 / (n + 2)**2` for the difference of two shares.
        """
        return np.asarray((weights**2).sum(axis=1) / 2 / (self.n_units + 2) ** 2, dtype=np.float64)


def _rows(contrasts: ArrayLike) -> FloatArray:
    return np.atleast_2d(np.asarray(contrasts, dtype=np.float64))


def _positive(matrix: FloatArray) -> FloatArray:
    """Return the nearest matrix without negative eigenvalues."""
    if matrix.shape == (1, 1):
        return np.maximum(matrix, 0.0)
    values, vectors = np.linalg.eigh(matrix)
    if values[0] >= 0:
        return matrix
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T, dtype=np.float64)


def clustered_mean(records: ArrayLike, seeds: ArrayLike, ids: ArrayLike, *, grouped: bool = False) -> MeanEstimate:
    """Estimate the mean of records that are clustered by seed and by example, with its covariance.

    The estimand is the mean over seeds of each seed's own mean: seeds weigh the same, whatever their test sizes.

    The covariance is the two-way cluster sum `V = V_seed + S / (S - 1) * (V_example - V_cell)` (Cameron, Gelbach
    and Miller 2011; Owen 2007, doi 10.1214/07-AOAS122), with three choices:

    - Records enter `V_example` (clustered by example) and `V_cell` (not clustered) centred at their seed's mean
      and scaled by `sqrt(n_s / (n_s - 1))`; `V_seed` has the factor S / (S - 1). Where ids name groups of examples,
      the sums of a group stand for its records, in both.
    - The cross-seed term `V_example - V_cell` also has S / (S - 1), because seeds on the same examples share luck
      that the spread between them cannot show. With these factors V is unbiased both where all seeds share all
      examples (it is then the analysis-of-variance estimate of a two-way random layout) and where they share none
      (it is then `V_seed`).
    - V is unbiased but, with few seeds, can be small by chance. What seeds add to the sampling of examples cannot be
      negative, so `V_example` is the floor: no interval is narrower than sampling of examples alone makes it, whose
      degrees of freedom are n - 1.

    One seed: V is `V_example` and covers the sampling of test examples only. Degrees of freedom: `V_seed` has S -
    1, the rest n - 1 (n different examples), and each part enters intervals with its own (see `MeanEstimate.squares`).

    Args:
        records: Shape (N, p) or (N,), one row per seed and example.
        seeds: The seed of each record, shape (N,).
        ids: The example of each record, shape (N,).
        grouped: Whether ids name groups of examples, so that several records of a seed may have one.

    Returns:
        The mean, shape (p,), with covariance parts `V_seed` and the cross-seed term, and `V_example` as the floor (or
        `V_example` alone for one seed).

    Raises:
        InputError: Lengths differ, values are not finite, a seed has an example twice, or there is only one example.

    >>> estimate = clustered_mean([0.0, 1.0, 1.0, 1.0], [0, 0, 1, 1], [5, 6, 5, 6])
    >>> float(estimate.mean[0]), round(float(estimate.covariance[0, 0]), 12)
    (0.75, 0.0625)
    """
    rows, seed_codes, id_codes = _checked(records, seeds, ids, grouped)
    n_seeds, n_examples = int(seed_codes.max()) + 1, int(id_codes.max()) + 1
    sizes = np.bincount(seed_codes, minlength=n_seeds)
    seed_means = _sums(rows, seed_codes, n_seeds) / sizes[:, None]
    mean = seed_means.mean(axis=0)

    by_example, by_cell = _scores(rows - seed_means[seed_codes], seed_codes, id_codes, grouped)
    v_example = by_example.T @ by_example
    if n_seeds == 1:
        return MeanEstimate(mean, (Part(v_example, n_examples - 1),))

    # between seeds: what a fresh seed changes, with the luck of its own test examples already inside
    deviations = (seed_means - mean) / n_seeds
    scale = n_seeds / (n_seeds - 1)
    v_seed = scale * deviations.T @ deviations
    # Within an example, records of different seeds are correlated. The sum over examples holds these correlations and
    # each record's own noise; the noise is in V_seed already, so it is taken out once.
    v_cell = by_cell.T @ by_cell
    parts = Part(v_seed, n_seeds - 1), Part(scale * (v_example - v_cell), n_examples - 1)
    return MeanEstimate(mean, parts, floor=Part(v_example, n_examples - 1))


def _scores(
    centred: FloatArray, seed_codes: IntArray, id_codes: IntArray, grouped: bool
) -> tuple[FloatArray, FloatArray]:
    """Return what each example, and each example under each seed, adds to the mean: `(n, p)` and `(cells, p)`."""
    n_seeds, n_examples = int(seed_codes.max()) + 1, int(id_codes.max()) + 1
    sizes = units = np.bincount(seed_codes, minlength=n_seeds)
    cells = seed_codes * n_examples + id_codes
    cell_of: IntArray = np.arange(len(cells))
    if grouped:  # groups are what was sampled, so their number is what a variance loses one of
        cells, cell_of = np.unique(cells, return_inverse=True)
        units = np.bincount(cells // n_examples, minlength=n_seeds)
    # deviations from an estimated mean are too short by sqrt((n - 1) / n); a single unit has none at all
    factor = np.sqrt(units / np.maximum(units - 1, 1)) / (n_seeds * sizes)
    scores = centred * factor[seed_codes][:, None]
    by_cell = scores if len(cells) == len(scores) else _sums(scores, cell_of, len(cells))
    return _sums(scores, id_codes, n_examples), by_cell


def _checked(
    records: ArrayLike, seeds: ArrayLike, ids: ArrayLike, grouped: bool
) -> tuple[FloatArray, IntArray, IntArray]:
    rows = np.asarray(records, dtype=np.float64)
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise InputError(f"records must be finite numbers of shape (N, p), got shape {rows.shape}")
    seed_of, id_of = as_classes("seeds", seeds), as_classes("ids", ids)
    same_length(records=rows, seeds=seed_of, ids=id_of)
    seed_codes, id_codes = codes_of(seed_of), codes_of(id_of)
    if id_codes.max() == 0:
        raise InputError("a variance needs at least two different examples, got one; score more test examples")
    # an example twice under one seed would count as two observations of one thing
    cells = seed_codes * (int(id_codes.max()) + 1) + id_codes
    if not grouped and n_distinct(cells) != len(cells):
        raise InputError("ids must differ within a seed: an example counts once per seed")
    return rows, seed_codes, id_codes


def _sums(rows: FloatArray, codes: IntArray, n: int) -> FloatArray:
    """Return the sums of rows by code, shape (n, p)."""
    return np.stack([np.bincount(codes, weights=column, minlength=n) for column in rows.T], axis=1)
