"""Worlds: small universes in which what a theory says is known exactly, in closed form and simulated."""

from w2sg.worlds.audits import ConformalWorld, DisagreementAuditWorld, PredictionPoweredWorld, WeaklyLabelledSetsWorld
from w2sg.worlds.benign_overfitting import BenignOverfittingWorld
from w2sg.worlds.certificate import CertificateWorld
from w2sg.worlds.common import least_squares, resampled
from w2sg.worlds.contract import Simulation, World, mean_of
from w2sg.worlds.ensemble import EnsembleVarianceWorld
from w2sg.worlds.facts.corpus import Corpus, false_objects
from w2sg.worlds.facts.ladder import score_differences, shipped_trainings, trained, write_ladder
from w2sg.worlds.facts.pretraining import Pretraining, write_model
from w2sg.worlds.facts.shipped import DIALLED, DIALS, LADDER, is_shipped, manifest, name_of_model, shipped_model
from w2sg.worlds.facts.universe import FactWorld
from w2sg.worlds.facts.words import PEOPLE, RELATIONS
from w2sg.worlds.finetuned import FinetunedStudentWorld
from w2sg.worlds.gradient_flow import GradientFlowWorld
from w2sg.worlds.group_shift import GroupShiftWorld
from w2sg.worlds.identified import GainIdentifiedWorld
from w2sg.worlds.intrinsic_dimension import (
    IntrinsicDimensionWorld,
    VarianceRisks,
    least_squares_variance,
    variance_risks,
)
from w2sg.worlds.latent_concept import LatentConceptWorld
from w2sg.worlds.linear_misfit import LinearMisfitWorld
from w2sg.worlds.misfit_toy import MisfitToyWorld
from w2sg.worlds.mixture import MixtureWorld, averaging_step
from w2sg.worlds.overlap import OverlapWorld
from w2sg.worlds.oversight import OversightWorld
from w2sg.worlds.random_features import (
    RandomFeatureLimitWorld,
    filtered_student_floor,
    spike_student_risk,
    student_floor,
)
from w2sg.worlds.representation import RepresentationGapWorld
from w2sg.worlds.ridge import TwoStageRidgeWorld, two_stage_ridge_risks
from w2sg.worlds.ridgeless import RidgelessWorld
from w2sg.worlds.scaling import ScalingExponentWorld
from w2sg.worlds.self_distillation import ResidualStepsWorld, SelfDistillationWorld
from w2sg.worlds.three_views import ThreeViewsWorld, accuracies_of_votes, three_view_accuracies
from w2sg.worlds.warm_start import WarmStartWorld

__all__ = [
    "DIALLED",
    "DIALS",
    "LADDER",
    "PEOPLE",
    "RELATIONS",
    "BenignOverfittingWorld",
    "CertificateWorld",
    "ConformalWorld",
    "Corpus",
    "DisagreementAuditWorld",
    "EnsembleVarianceWorld",
    "FactWorld",
    "FinetunedStudentWorld",
    "GainIdentifiedWorld",
    "GradientFlowWorld",
    "GroupShiftWorld",
    "IntrinsicDimensionWorld",
    "LatentConceptWorld",
    "LinearMisfitWorld",
    "MisfitToyWorld",
    "MixtureWorld",
    "OverlapWorld",
    "OversightWorld",
    "PredictionPoweredWorld",
    "Pretraining",
    "RandomFeatureLimitWorld",
    "RepresentationGapWorld",
    "ResidualStepsWorld",
    "RidgelessWorld",
    "ScalingExponentWorld",
    "SelfDistillationWorld",
    "Simulation",
    "ThreeViewsWorld",
    "TwoStageRidgeWorld",
    "VarianceRisks",
    "WarmStartWorld",
    "WeaklyLabelledSetsWorld",
    "World",
    "accuracies_of_votes",
    "averaging_step",
    "false_objects",
    "filtered_student_floor",
    "is_shipped",
    "least_squares",
    "least_squares_variance",
    "manifest",
    "mean_of",
    "name_of_model",
    "resampled",
    "score_differences",
    "shipped_model",
    "shipped_trainings",
    "spike_student_risk",
    "student_floor",
    "three_view_accuracies",
    "trained",
    "two_stage_ridge_risks",
    "variance_risks",
    "write_ladder",
    "write_model",
]
