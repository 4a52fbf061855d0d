"""Measure: metrics, intervals and tests. Arrays in, numbers out."""

from w2sg.measure.accuracies import Estimand, accuracy_interval, accuracy_means, interval_over_seeds
from w2sg.measure.bootstrap import bootstrap_pgr, bootstrap_pgrs
from w2sg.measure.bounds.betting import Betting
from w2sg.measure.bounds.certifier import Certifier, Side, Strength, by_side
from w2sg.measure.bounds.conformal import ConformalCut, conformal_cut, hits_by_weak_labels, weighted_cuts
from w2sg.measure.bounds.means import (
    INDEPENDENT,
    ChernoffKl,
    ClopperPearson,
    Hoeffding,
    MaurerPontil,
    MomentBound,
    Tested,
    binary_kl,
    kl_high,
)
from w2sg.measure.bounds.pac_bayes import gaussian_kl, gibbs_loss, pac_bayes_kl
from w2sg.measure.bounds.powered import Powered, tuned_power
from w2sg.measure.checks import (
    MEASURED_ROW_SUM_TOLERANCE,
    UNIT,
    Span,
    as_flags,
    as_floats,
    as_labels,
    as_rows,
    as_unit,
    check_delta,
    check_share,
    same_length,
)
from w2sg.measure.clustered import MeanEstimate, Part, clustered_mean
from w2sg.measure.compare import PairedDifference, compare_all, holm
from w2sg.measure.contrasts import Reading, ScoredMean, contrast_means
from w2sg.measure.deception import DeceptionScore, deception_score
from w2sg.measure.dials import accuracies_by_seed, pgr_contrast
from w2sg.measure.effects import RandomEffects, normal_variance, pooled_by_unit, random_effects
from w2sg.measure.elicitation import Elicitation, differential_elicitation, elicitation_from_accuracies
from w2sg.measure.fieller import RatioSet, fieller_limits, ratio_interval, ratio_set
from w2sg.measure.geometry import same_order_of_distances
from w2sg.measure.identified import End, KnownMean, identified, tension
from w2sg.measure.intervals import Interval, exact_high, exact_interval, exact_low, t_interval, t_p_value, t_quantile
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
    rms_calibration_error,
    squared_calibration_error,
)
from w2sg.measure.overlap import Cells, Overlap, overlap, overlap_by
from w2sg.measure.paired import Paired, mean_overlap
from w2sg.measure.pgr import MINIMUM_GAP, Pgr, pgr
from w2sg.measure.planning import Components, components, detectable, tasks_needed
from w2sg.measure.pooled import pooled_mean
from w2sg.measure.published import pgr_from_accuracies, seed_only_standard_error
from w2sg.measure.ranks import Friedman, average_ranks, friedman, signed_rank_p, task_ranks
from w2sg.measure.sampling import (
    auroc_variance,
    balanced_accuracy_variance,
    calibration_variance,
    conditional_share_variance,
    draws_of_area,
    draws_of_recall,
    share_variance,
)
from w2sg.measure.sequential import anytime_t

__all__ = [
    "MEASURED_ROW_SUM_TOLERANCE",
    "MINIMUM_GAP",
    "INDEPENDENT",
    "MEASURED_ROW_SUM_TOLERANCE",
    "MINIMUM_GAP",
    "UNIT",
    "Betting",
    "Cells",
    "Certifier",
    "ChernoffKl",
    "ClopperPearson",
    "Components",
    "ConformalCut",
    "DeceptionScore",
    "Elicitation",
    "End",
    "Estimand",
    "PairedDifference",
    "Friedman",
    "GroupAccuracy",
    "Hoeffding",
    "Interval",
    "KnownMean",
    "MaurerPontil",
    "MeanEstimate",
    "MomentBound",
    "Overlap",
    "Paired",
    "Part",
    "Pgr",
    "Powered",
    "RandomEffects",
    "Reading",
    "ScoredMean",
    "RatioSet",
    "Side",
    "Span",
    "Strength",
    "Tested",
    "accuracy",
    "accuracy_interval",
    "accuracy_means",
    "agreement",
    "accuracies_by_seed",
    "anytime_t",
    "as_flags",
    "as_floats",
    "as_labels",
    "as_rows",
    "as_unit",
    "auroc",
    "auroc_variance",
    "average_ranks",
    "balanced_accuracy",
    "balanced_accuracy_variance",
    "binary_kl",
    "bootstrap_pgr",
    "bootstrap_pgrs",
    "breakdown",
    "by_side",
    "calibration_variance",
    "check_delta",
    "check_share",
    "clustered_mean",
    "compare_all",
    "components",
    "contrast_means",
    "conditional_share_variance",
    "draws_of_area",
    "draws_of_recall",
    "conformal_cut",
    "deception_score",
    "detectable",
    "differential_elicitation",
    "difficulty_bins",
    "elicitation_from_accuracies",
    "errors_copied",
    "exact_high",
    "exact_interval",
    "exact_low",
    "expected_calibration_error",
    "fieller_limits",
    "friedman",
    "gaussian_kl",
    "gibbs_loss",
    "hits_by_weak_labels",
    "holm",
    "identified",
    "interval_over_seeds",
    "kl_high",
    "mean_overlap",
    "normal_variance",
    "overlap",
    "overlap_by",
    "pac_bayes_kl",
    "pgr",
    "pgr_contrast",
    "pgr_from_accuracies",
    "pooled_by_unit",
    "pooled_mean",
    "random_effects",
    "ratio_interval",
    "ratio_set",
    "rms_calibration_error",
    "same_length",
    "same_order_of_distances",
    "signed_rank_p",
    "seed_only_standard_error",
    "share_variance",
    "squared_calibration_error",
    "t_interval",
    "t_p_value",
    "t_quantile",
    "task_ranks",
    "tasks_needed",
    "tension",
    "tuned_power",
    "weighted_cuts",
]
