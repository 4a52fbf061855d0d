"""Factors of the student: its capacity, its body, what that was fitted on, how it is held back, where it begins."""

from w2sg.factors.catalogue.entry import factor
from w2sg.factors.kinds import FieldFactor, FromChoice, FromDisanalogy, PenaltyMultiple, StudentMultiple

factor(
    "student-size",
    StudentMultiple,
    "A larger student can know more than its supervisor, and imitate it more closely as well.",
    source="2312.09390",
    predicted={"gain": "rises", "ceiling": "rises", "gap": "rises"},
    levels=[0.125, 0.25, 0.5, 1, 2],
)
factor(
    "capability-gap",
    FromDisanalogy,
    "The further the student is above its supervisor, the more it knows that the supervisor does not.",
    source="2312.09390",
    predicted={"gain": "rises", "gap": "rises"},
    group="student",
    dial="capability-gap",
    levels=[1, 2, 3],
)
factor(
    "student-penalty",
    PenaltyMultiple,
    "Held back, the student follows the supervisor's errors less, and the truth less as well.",
    source="2505.18346",
    group="student",
    of="student",
    levels=[0.1, 1, 10, 100, 1000],
)
factor(
    "hidden-units",
    FieldFactor,
    "A wider network can learn more, the supervisor's errors among it.",
    group="student",
    path="student.hidden",
    places={"student": "mlp"},
    levels=[8, 32, 128],
)
factor(
    "body",
    FromChoice,
    "What the student reads decides which of the supervisor's errors look like the truth to it.",
    source="2502.00620",
    group="student",
    choice="features",
    levels=["as it is", "of another kind"],
)
factor(
    "body-seed",
    FieldFactor,
    "Another draw of a random body: what no mechanism moves, and the measure of what chance does.",
    group="student",
    path="student.features.seed",
    levels=[0, 1],
)
factor(
    "body-corpus",
    FieldFactor,
    "A body fitted on more inputs than the student is taught represents the task better.",
    group="student",
    path="task.corpus",
    levels=["transfer", "all"],
)
factor(
    "imitation-saliency",
    FromDisanalogy,
    "The corpus says what the supervisor would say, so that imitating it is easy.",
    source="2312.09390",
    predicted={"gain": "falls"},
    group="student",
    dial="imitation-saliency",
    levels=[0, 0.1, 0.2, 0.4, 0.8],
)
factor(
    "pretraining-leakage",
    FromDisanalogy,
    "The corpus says what is true of what the task asks.",
    source="2312.09390",
    predicted={"gain": "rises", "student": "rises"},
    group="student",
    dial="pretraining-leakage",
    levels=[0, 0.25, 0.5, 0.75, 1],
)
