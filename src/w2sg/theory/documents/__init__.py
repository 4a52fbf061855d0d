"""Documents of theory: scoreboards, certificates, observations and predictions as findings, tables and figures."""

from w2sg.theory.documents.certificates import certificate_document
from w2sg.theory.documents.runs import observations_document, predictions_document, theories_document
from w2sg.theory.documents.scoreboard import scoreboard_document

__all__ = [
    "certificate_document",
    "observations_document",
    "predictions_document",
    "scoreboard_document",
    "theories_document",
]
