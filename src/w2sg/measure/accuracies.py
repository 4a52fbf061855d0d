"""Accuracies over seeds: which mean is meant, what its covariance must hold, and intervals that stay inside [0, 1]."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from w2sg.core import AnyArray, InputError
from w2sg.measure.checks import FloatArray
from w2sg.measure.clustered import MeanEstimate, Part, clustered_mean
from w2sg.measure.intervals import Interval, exact_high, exact_low, t_quantile
from w2sg.measure.paired import Paired

Estimand = Literal["new data", "this pool"]
"""Whose mean is meant: over data sets of this size that were drawn anew, or over other splits of this one."""
SPLITS_ALIKE = 0.075
"""Of the variance between splits, what splits of one pool have in common because they share training rows: this, times
the share of training rows that two of them have in common. Chosen by simulation on six worlds, see `accuracy_means`."""


NO_WIDTH = 1e-9
"""An interval whose half is smaller has no width but what rounding gives it."""


def accuracy_means(
    evidence: Paired, others: Sequence[Sequence[AnyArray]] = (), *, estimand: Estimand = "new data"
) -> MeanEstimate:
    """Estimate the accuracies of weak, student and ceiling, and of other students, with their covariance.

    For *new data* the covariance is that of `clustered_mean`, whose clusters are the S seeds and the test examples.
    Where seeds split one pool anew this is too small: they share training rows too, and a row that is hard to get
    right in one seed's test set harms, in another seed, what is trained on it. Neither can be seen in that pool, for it
    is the same in all its splits. Splits of two pools differ by `s**2 / S + c` and by what is missing, where s is the
    standard deviation of the splits of a pool and c the covariance by shared test examples. With f the share of
    training rows that two splits have in common, `f (SPLITS_ALIKE s**2 + c)` is added, c only where seeds test on what
    others train on. Hoeffding's decomposition bounds what is added by `f / (1 - f)` of the variance that training makes
    between splits, if roles of a row were independent, which is what the factor of Nadeau and Bengio (2003, doi
    10.1023/A:1024068626366) does for all of `s**2`; most of `s**2` is made by many rows at once, and the bound is far
    too large for differences between students. The constant was chosen on six worlds of 150 to 1,600 rows and then
    tried on others; `benchmarks/resplit.py` has the coverage before and after.

    For *this pool* it is the spread of its splits alone (one split: the sampling of its test examples).

    Args:
        evidence: Correctness of weak, student and ceiling for S seeds.
        others: Correctness of further students, or other scores from -1 to 1, each one array of shape (n_s,) per seed.
        estimand: Whose mean is meant.

    Returns:
        The means of weak, student, ceiling and the others, in this order, shape (3 + m,).

    Raises:
        InputError: The estimand is unknown, or there is only one test example.
    """
    if estimand not in ("new data", "this pool"):
        raise InputError(f"estimand must be 'new data' or 'this pool', got {estimand!r}")
    columns = [np.concatenate(one) for one in (evidence.weak, evidence.student, evidence.ceiling, *others)]
    seed_of = np.repeat(np.arange(evidence.n_seeds), [len(ids) for ids in evidence.ids])
    units = np.concatenate(evidence.units)
    means = clustered_mean(np.stack(columns, axis=1), seed_of, units, grouped=evidence.groups is not None)
    # the last part is known from the examples, of which there is one more than it has degrees of freedom
    means = replace(means, n_units=round(means.parts[-1].degrees_of_freedom) + 1)
    if evidence.n_seeds == 1:
        return means
    if estimand == "this pool":
        return replace(means, parts=means.parts[:1], floor=None)
    return for_new_data(
        means,
        shared_training=evidence.training_overlap,
        n_test=evidence.n_test,
        overlapping=evidence.design == "overlapping",
        copies=evidence.are_copies,
        weights=np.eye(len(means.mean)),
    )


def for_new_data(
    means: MeanEstimate,
    *,
    shared_training: float,
    n_test: float,
    overlapping: bool,
    copies: bool,
    weights: FloatArray,
) -> MeanEstimate:
    """Return means over several seeds of one pool with the covariance that new data would have; see `accuracy_means`.

    Args:
        means: The means, p of them, with the covariance of `clustered_mean`.
        shared_training: The share of training rows that two seeds have in common.
        n_test: The number of test examples of a seed.
        overlapping: Whether seeds share some of their test examples and not all: one tests on what another trains on.
        copies: Whether all seeds are one run.
        weights: Each mean as a sum of means of counts, shape (p, q).
    """
    between, shared = means.parts
    n_seeds = between.degrees_of_freedom + 1
    if n_seeds == 2 and not copies:
        # Two counts are now and then the same. Student's t with one degree of freedom rests on how near they are, so
        # what rounding to whole examples hides (Sheppard's 1 / 12 of a squared step, for a difference) is put back.
        hidden = weights @ weights.T / (24 * n_test**2 * n_seeds)
        between = Part(between.covariance + hidden, between.degrees_of_freedom)
    alike, more = 1 + shared_training * SPLITS_ALIKE * n_seeds, 1 + shared_training if overlapping else 1.0
    return replace(
        means,
        parts=(
            Part(between.covariance * alike, between.degrees_of_freedom),
            Part(shared.covariance * more, shared.degrees_of_freedom),
        ),
    )


def accuracy_interval(means: MeanEstimate, weights: Sequence[float], level: float = 0.95) -> Interval:
    """Return the interval of one mean of shares, inside [0, 1] (Korn and Graubard 1998, Survey Methodology 24, 193).

    It is the exact interval of Clopper and Pearson for as many independent examples as would give the half-width of the
    t interval, and at most for the different ones: one seed with 50 right of 50 has [.93, 1], and so have eight seeds
    on the same 50.

    Args:
        means: The estimate, with its number of different units.
        weights: 1 for the mean that is meant, 0 for others.
        level: The confidence level, in (0, 1).
    """
    share = min(max(means.value(weights), 0.0), 1.0)
    half = max(float(view.squares(weights, level)[0, 0]) for view in means.views) ** 0.5
    own = share * (1 - share)
    n = float(means.n_units)
    if own > 0 and half > 0:
        # one more, because a variance is divided by one less than there are examples
        n = min(n, 1 + own * (t_quantile(level, max(n - 1, 1)) / half) ** 2)
    tail = (1 - level) / 2
    low, high = float(exact_low(share * n, n, tail)), float(exact_high(share * n, n, tail))
    return Interval(share, min(low, share), max(high, share), level, "exact, effective n")


def interval_over_seeds(
    values: FloatArray,
    sampling_variance: float,
    evidence: Paired,
    level: float = 0.95,
    *,
    ends: tuple[float, float],
    draws: float | None = None,
) -> Interval:
    """Return the interval of the mean over seeds of a metric of which no more is known than its values and their noise.

    The variance is that of `accuracy_means` with the largest covariance that shared test examples can make: the
    sampling variance of one seed's value, times the share of test examples that two seeds have in common. One seed: its
    sampling variance.

    Where nothing varies, as in an AUROC of 1 under every seed, a variance knows no errors that were merely not seen.
    The interval is then as wide as the exact one of as many `draws` without an error.

    Args:
        values: The metric under each seed, shape (S,).
        sampling_variance: Of one seed's value, over draws of its test examples.
        evidence: Which test examples seeds share, and how many training rows.
        level: The confidence level, in (0, 1).
        ends: What limits are clipped to.
        draws: How many independent draws one seed's value is made of; None leaves an interval without a width.
    """
    n, mean = len(values), float(values.mean())
    noise = t_quantile(level, max(evidence.n_test - 1, 1)) ** 2 * sampling_variance
    square = noise
    if n > 1:
        f, both = evidence.training_overlap, evidence.test_overlap
        more = 1 + f if evidence.design == "overlapping" else 1.0
        spread = float(values.var(ddof=1)) * (1 / n + f * SPLITS_ALIKE)
        # never narrower than examples alone make it, were seeds to add nothing
        square = max(t_quantile(level, n - 1) ** 2 * spread + both * more * noise, noise * (both + (1 - both) / n))
    half = square**0.5
    if half < NO_WIDTH:
        # Different examples of all seeds count, as they do for accuracies.
        total = 0.0 if draws is None else draws * evidence.n_examples / evidence.n_test
        half = 1 - float(exact_low(total, total, (1 - level) / 2)) if total else 0.0
    return Interval(mean, max(mean - half, ends[0]), min(mean + half, ends[1]), level, "t, over seeds")
