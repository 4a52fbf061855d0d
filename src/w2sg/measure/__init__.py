"""Measure: metrics, intervals and tests. Arrays in, numbers out."""

from w2sg.measure.bootstrap import bootstrap_pgr
from w2sg.measure.clustered import MeanEstimate, Part, clustered_mean
from w2sg.measure.compare import PairedDifference, compare, compare_all, holm
from w2sg.measure.fieller import fieller_limits, ratio_interval
from w2sg.measure.intervals import Interval, t_interval, t_p_value, t_quantile
from w2sg.measure.metrics import (
    GroupAccuracy,
    accuracy,
    agreement,
    auroc,
    balanced_accuracy,
    breakdown,
    difficulty_bins,
    errors_copied,
    expected_calibration_error,
)
from w2sg.measure.overlap import Cells, Overlap, exact_interval, overlap, overlap_by
from w2sg.measure.paired import Paired
from w2sg.measure.pgr import MINIMUM_GAP, Pgr, pgr
from w2sg.measure.pooled import pooled_mean
from w2sg.measure.published import pgr_from_accuracies, seed_only_standard_error
from w2sg.measure.ranks import Friedman, average_ranks, cliques, critical_difference, friedman, task_ranks

__all__ = [
    "MINIMUM_GAP",
    "Cells",
    "PairedDifference",
    "Friedman",
    "GroupAccuracy",
    "Interval",
    "MeanEstimate",
    "Overlap",
    "Paired",
    "Part",
    "Pgr",
    "accuracy",
    "agreement",
    "auroc",
    "average_ranks",
    "balanced_accuracy",
    "bootstrap_pgr",
    "breakdown",
    "cliques",
    "clustered_mean",
    "compare",
    "compare_all",
    "critical_difference",
    "difficulty_bins",
    "errors_copied",
    "exact_interval",
    "expected_calibration_error",
    "fieller_limits",
    "friedman",
    "holm",
    "overlap",
    "overlap_by",
    "pgr",
    "pgr_from_accuracies",
    "pooled_mean",
    "ratio_interval",
    "seed_only_standard_error",
    "t_interval",
    "t_p_value",
    "t_quantile",
    "task_ranks",
]
