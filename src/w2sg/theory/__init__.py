"""The theoretical framework: predictors of generalization, certificates, their oracles, and the scoreboard."""

from w2sg.theory import certificates, oracles, predictors
from w2sg.theory.answering import predict_all, theories
from w2sg.theory.catalogue import CATALOGUE
from w2sg.theory.certificate import Certificate, Strength, check_delta, together
from w2sg.theory.contracts import Answer, Hypothesis, Inapplicable, Target, Theory, Verdict
from w2sg.theory.documents import (
    certificate_document,
    observations_document,
    predictions_document,
    scoreboard_document,
    theories_document,
)
from w2sg.theory.observables import InfoSet, ObservableError, Observables, Quantity, Unit
from w2sg.theory.oracle import Oracle, Simulated

__all__ = [
    "CATALOGUE",
    "Answer",
    "Certificate",
    "Hypothesis",
    "Inapplicable",
    "InfoSet",
    "ObservableError",
    "Observables",
    "Oracle",
    "Quantity",
    "Simulated",
    "Strength",
    "Target",
    "Theory",
    "Unit",
    "Verdict",
    "certificate_document",
    "certificates",
    "check_delta",
    "observations_document",
    "oracles",
    "predict_all",
    "predictions_document",
    "predictors",
    "scoreboard_document",
    "theories",
    "theories_document",
    "together",
]
