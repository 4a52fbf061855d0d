"""The theoretical framework: predictors of generalization, certificates, and the scoreboard."""

from w2sg.theory import certificates, predictors
from w2sg.theory.catalogue import CATALOGUE
from w2sg.theory.certificate import Certificate, certified_mean, together
from w2sg.theory.contracts import Answer, Hypothesis, Inapplicable, Target, Theory, Verdict
from w2sg.theory.linear_gaussian import LinearGaussianWorld
from w2sg.theory.observables import InfoSet, ObservableError, Observables, Quantity, Unit

__all__ = [
    "CATALOGUE",
    "Answer",
    "Certificate",
    "Hypothesis",
    "Inapplicable",
    "InfoSet",
    "LinearGaussianWorld",
    "ObservableError",
    "Observables",
    "Quantity",
    "Target",
    "Theory",
    "Unit",
    "Verdict",
    "certificates",
    "certified_mean",
    "predictors",
    "together",
]
