"""Oracles: the world of each theory, in closed form and simulated."""

from w2sg.theory.oracles.audits import ConformalSets, DisagreementAudit, PredictionPowered
from w2sg.theory.oracles.benign_overfitting import BenignOverfitting
from w2sg.theory.oracles.certificate import MeanCertificate
from w2sg.theory.oracles.ensemble import EnsembleVariance
from w2sg.theory.oracles.finetuned import FinetunedStudent
from w2sg.theory.oracles.gradient_flow import GradientFlow
from w2sg.theory.oracles.group_shift import GroupShift
from w2sg.theory.oracles.intrinsic_dimension import IntrinsicDimension
from w2sg.theory.oracles.latent_concept import LatentConcept
from w2sg.theory.oracles.linear_gaussian import LinearGaussian
from w2sg.theory.oracles.linear_misfit import LinearMisfit
from w2sg.theory.oracles.misfit_toy import MisfitToy
from w2sg.theory.oracles.mixture import Mixture
from w2sg.theory.oracles.overlap import Overlap
from w2sg.theory.oracles.oversight import NestedOversight
from w2sg.theory.oracles.random_features import RandomFeatureLimit
from w2sg.theory.oracles.representation import RepresentationGap
from w2sg.theory.oracles.ridge import TwoStageRidge
from w2sg.theory.oracles.ridgeless import RidgelessSurrogate

__all__ = [
    "BenignOverfitting",
    "ConformalSets",
    "DisagreementAudit",
    "EnsembleVariance",
    "FinetunedStudent",
    "GradientFlow",
    "GroupShift",
    "IntrinsicDimension",
    "LatentConcept",
    "LinearGaussian",
    "LinearMisfit",
    "MeanCertificate",
    "MisfitToy",
    "Mixture",
    "NestedOversight",
    "Overlap",
    "PredictionPowered",
    "RandomFeatureLimit",
    "RepresentationGap",
    "RidgelessSurrogate",
    "TwoStageRidge",
]
