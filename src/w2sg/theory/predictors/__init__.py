"""Predictors of generalization: one file for each family of results."""

from w2sg.theory.predictors.baselines import Constant, Disagreement, PairedGain, TrainingAgreement, WeakRisk
from w2sg.theory.predictors.belief import StudentBelief, WeakBelief
from w2sg.theory.predictors.ensemble import EnsembleCalibration, EnsembleVariance
from w2sg.theory.predictors.expansion import ExpansionBound
from w2sg.theory.predictors.group_shift import GroupShift
from w2sg.theory.predictors.held_out import (
    JudgedBatchGain,
    JudgedGain,
    JudgedStrictBatchGain,
    JudgedStrictGain,
    PooledGain,
    RefittedGain,
    RehearsedGain,
)
from w2sg.theory.predictors.identified import GainIdentified
from w2sg.theory.predictors.intrinsic_dimension import IntrinsicDimensionGain, IntrinsicDimensionPgr
from w2sg.theory.predictors.misfit import Misfit, MisfitBound, MisfitCrossTerm, MisfitFiniteSample
from w2sg.theory.predictors.misfit_kl import MisfitKl, MisfitReverseKl
from w2sg.theory.predictors.mixture import MixtureGain
from w2sg.theory.predictors.overlap_density import OverlapDensity
from w2sg.theory.predictors.random_features import EarlyStopping, FilteredGain, RandomFeatureGain
from w2sg.theory.predictors.representation import RepresentationGap, RepresentationTrace
from w2sg.theory.predictors.shifts import ClassWeightedGain, GroupWeightedGain
from w2sg.theory.predictors.similarity import Similarity
from w2sg.theory.predictors.two_stage_ridge import Ridgeless, TwoStageRidgeGain
from w2sg.theory.predictors.unsupervised import (
    AgreementOnTheLine,
    DawidSkeneGain,
    SpectralMetaLearner,
    ThresholdedConfidence,
)

__all__ = [
    "AgreementOnTheLine",
    "ClassWeightedGain",
    "Constant",
    "DawidSkeneGain",
    "Disagreement",
    "EarlyStopping",
    "EnsembleCalibration",
    "EnsembleVariance",
    "ExpansionBound",
    "FilteredGain",
    "GainIdentified",
    "GroupShift",
    "GroupWeightedGain",
    "IntrinsicDimensionGain",
    "IntrinsicDimensionPgr",
    "JudgedBatchGain",
    "JudgedGain",
    "JudgedStrictBatchGain",
    "JudgedStrictGain",
    "Misfit",
    "MisfitBound",
    "MisfitCrossTerm",
    "MisfitFiniteSample",
    "MisfitKl",
    "MisfitReverseKl",
    "MixtureGain",
    "OverlapDensity",
    "PairedGain",
    "PooledGain",
    "RandomFeatureGain",
    "RefittedGain",
    "RehearsedGain",
    "RepresentationGap",
    "RepresentationTrace",
    "Ridgeless",
    "Similarity",
    "SpectralMetaLearner",
    "StudentBelief",
    "ThresholdedConfidence",
    "TrainingAgreement",
    "TwoStageRidgeGain",
    "WeakBelief",
    "WeakRisk",
]
