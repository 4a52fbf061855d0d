"""Factors of the protocol: what is known that should not be, what is bought, what is held back."""

from w2sg.factors.catalogue.entry import factor
from w2sg.factors.kinds import FieldFactor, FromDisanalogy

factor(
    "trusted-labels",
    FromDisanalogy,
    "Some true labels stand among the weak ones.",
    group="protocol",
    dial="trusted-labels",
    levels=[0, 10, 50],
)
factor(
    "shown-labels",
    FromDisanalogy,
    "The supervisor's label is in the input, so that imitating it is as easy as can be.",
    source="2312.09390",
    predicted={"gain": "falls", "student": "falls"},
    group="protocol",
    dial="shown-labels",
    levels=[0, 0.25, 0.5, 0.75, 1],
)
factor(
    "label-leakage",
    FromDisanalogy,
    "The right label is in the input, as where a test was published before pretraining.",
    source="2312.09390",
    predicted={"gain": "rises", "student": "rises", "ceiling": "rises"},
    group="protocol",
    dial="label-leakage",
    levels=[0, 0.25, 0.5, 0.75, 1],
)
factor(
    "validation-share",
    FieldFactor,
    "Weak labels that are held back for stopping are not trained on.",
    group="protocol",
    path="task.validation",
    places={"method.stopping": "weak-validation"},
    levels=[0.05, 0.1, 0.2],
)
factor(
    "duplicates",
    FieldFactor,
    "Copies of training rows among the test rows make every student look better than it is.",
    group="protocol",
    path="task.duplicates",
    levels=["together", "apart"],
)
