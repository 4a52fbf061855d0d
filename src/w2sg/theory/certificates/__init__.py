"""Certificates: bounds that hold with probability 1 - delta, one file for each kind of sample."""

from w2sg.theory.certificates.betting import Betting
from w2sg.theory.certificates.certifier import Certifier
from w2sg.theory.certificates.conformal import Conformal, sets_below, split_conformal, weighted_cuts
from w2sg.theory.certificates.gain import cross_term, gain_by_audit, gain_by_misfit, gain_by_pairs
from w2sg.theory.certificates.labels import (
    complementary_variance,
    ppi,
    ppi_finite,
    rate_by_judge,
    risk_by_ruled_out,
    tuned_power,
)
from w2sg.theory.certificates.means import (
    ChernoffKl,
    ClopperPearson,
    Hoeffding,
    MaurerPontil,
    MomentBound,
    Tested,
    binary_kl,
    kl_upper,
)
from w2sg.theory.certificates.pac_bayes import gaussian_kl, gibbs_loss, head_risk, pac_bayes_kl
from w2sg.theory.certificates.run import CLAIMS, Audit, Certified, Claim, certify_run
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
    "Audit",
    "Betting",
    "Certified",
    "Certifier",
    "ChernoffKl",
    "Claim",
    "ClopperPearson",
    "Conformal",
    "Hoeffding",
    "MaurerPontil",
    "MomentBound",
    "Tested",
    "Trusted",
    "binary_kl",
    "certify_run",
    "complementary_variance",
    "cross_term",
    "gain_by_audit",
    "gain_by_explicit_misfit",
    "gain_by_misfit",
    "gain_by_pairs",
    "gaussian_kl",
    "gibbs_loss",
    "head_risk",
    "kl_upper",
    "pac_bayes_kl",
    "ppi",
    "ppi_finite",
    "rate_by_judge",
    "rate_by_strata",
    "risk_after_misfit",
    "risk_by_ruled_out",
    "sets_below",
    "split_conformal",
    "student_risk_by_agreement",
    "trusted_thresholds",
    "tuned_power",
    "vacuous_at",
    "weighted_cuts",
]
