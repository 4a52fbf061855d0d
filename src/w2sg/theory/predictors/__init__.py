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
)
from w2sg.theory.predictors.intrinsic_dimension import IntrinsicDimensionGain, IntrinsicDimensionPgr
from w2sg.theory.predictors.misfit import Misfit, MisfitBound, MisfitCrossTerm, MisfitFiniteSample
from w2sg.theory.predictors.misfit_kl import MisfitKl, MisfitReverseKl
from w2sg.theory.predictors.mixture import MixtureGain
from w2sg.theory.predictors.overlap_density import OverlapDensity
from w2sg.theory.predictors.random_features import EarlyStopping, RandomFeatureGain
from w2sg.theory.predictors.representation import RepresentationGap, RepresentationTrace
from w2sg.theory.predictors.similarity import Similarity
from w2sg.theory.predictors.two_stage_ridge import Ridgeless, TwoStageRidgeGain

__all__ = [
    "Constant",
    "Disagreement",
    "EarlyStopping",
    "EnsembleCalibration",
    "EnsembleVariance",
    "ExpansionBound",
    "GroupShift",
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
    "RepresentationGap",
    "RepresentationTrace",
    "Ridgeless",
    "Similarity",
    "StudentBelief",
    "TrainingAgreement",
    "TwoStageRidgeGain",
    "WeakBelief",
    "WeakRisk",
]
