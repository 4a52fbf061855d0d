"""Certificates of runs: what may be promised of gain and risks with probability 1 - delta, one file for each sample."""

from w2sg.theory.certificates.conformal import Conformal, coverage_by_agreement, coverage_by_confusion, split_conformal
from w2sg.theory.certificates.gain import cross_term, gain_by_audit, gain_by_misfit, gain_by_pairs
from w2sg.theory.certificates.head import head_risk
from w2sg.theory.certificates.identified import gain_by_identification
from w2sg.theory.certificates.labels import ppi, ppi_finite, rate_by_judge, risk_by_ruled_out
from w2sg.theory.certificates.run import CLAIMS, Certified, Claim, LabelledRun, certify_run
from w2sg.theory.certificates.strata import rate_by_strata
from w2sg.theory.certificates.student import (
    gain_by_explicit_misfit,
    risk_after_misfit,
    student_risk_by_agreement,
    vacuous_at,
)
from w2sg.theory.certificates.trust import Trusted, trusted_thresholds

__all__ = [
    "CLAIMS",
    "Certified",
    "Claim",
    "Conformal",
    "LabelledRun",
    "Trusted",
    "certify_run",
    "coverage_by_agreement",
    "coverage_by_confusion",
    "cross_term",
    "gain_by_audit",
    "gain_by_explicit_misfit",
    "gain_by_identification",
    "gain_by_misfit",
    "gain_by_pairs",
    "head_risk",
    "ppi",
    "ppi_finite",
    "rate_by_judge",
    "rate_by_strata",
    "risk_after_misfit",
    "risk_by_ruled_out",
    "split_conformal",
    "student_risk_by_agreement",
    "trusted_thresholds",
    "vacuous_at",
]
