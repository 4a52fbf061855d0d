"""Factors of the supervisor: how good it is, where it errs, how sure it says it is, what it saw, how many there are."""

from w2sg.factors.catalogue.entry import factor
from w2sg.factors.kinds import FieldFactor, FromChoice, PanelOfCopies, PenaltyMultiple

SIMULATED = {"supervisor": "simulated"}
"""What is put in place by factors of errors: only a simulated supervisor has dials for them."""

factor(
    "supervisor-accuracy",
    FieldFactor,
    "Fewer independent errors leave the student less to average out.",
    source="2405.16043",
    predicted={"gain": "falls", "student": "rises", "gap": "falls"},
    group="supervisor",
    path="supervisor.accuracy",
    places=SIMULATED,
    levels=[0.6, 0.7, 0.8, 0.9],
)
factor(
    "error-structure",
    FieldFactor,
    "Errors that depend on the input are a function that the student can learn; independent ones are not.",
    group="supervisor",
    path="supervisor.structure",
    places=SIMULATED,
    levels=["uniform", "confusion", "difficulty", "region", "adversarial"],
)
factor(
    "systematic-errors",
    FieldFactor,
    "At one accuracy errors fill a half-space instead of lying anywhere: the student learns them with the rest.",
    source="2312.09390",
    predicted={"gain": "falls", "student": "falls"},
    group="supervisor",
    path="supervisor.structure",
    places=SIMULATED,
    levels=["uniform", "region"],
)
factor(
    "supervisor-confidence",
    FieldFactor,
    "A supervisor that is surer than it is right pulls harder on each wrong label.",
    group="supervisor",
    path="supervisor.confidence",
    places=SIMULATED,
    levels=[0.6, 0.8, 0.99],
)
factor(
    "calibration",
    FromChoice,
    "Probabilities that say how often the supervisor is right weigh its labels by their worth.",
    source="2502.01458",
    predicted={"student": "rises"},
    group="supervisor",
    choice="calibration",
    levels=["none", "temperature"],
)
factor(
    "gold-noise",
    FieldFactor,
    "Noise in the supervisor's own gold is variance, of which the student is rid.",
    source="2502.05075",
    predicted={"gain": "rises", "student": "falls", "gap": "rises"},
    group="supervisor",
    path="supervisor.label_noise",
    levels=[0, 0.1, 0.2, 0.3],
)
factor(
    "gold-labels",
    FieldFactor,
    "A supervisor taught more gold has less variance, of which the student would have been rid.",
    source="2502.05075",
    predicted={"gain": "falls", "student": "rises", "gap": "falls"},
    group="supervisor",
    path="supervisor.labels",
    levels=[20, 40, 80, 160],
)
factor(
    "supervisor-view",
    FieldFactor,
    "The more of the inputs the supervisor sees, the less its errors differ from the student's.",
    source="2502.05075",
    predicted={"gain": "falls", "student": "rises", "gap": "falls"},
    group="supervisor",
    path="supervisor.student.features.share",
    levels=[0.1, 0.2, 0.4, 0.8],
)
factor(
    "supervisor-penalty",
    PenaltyMultiple,
    "Held back, the supervisor has more bias, which the student copies, and less variance, which it would be rid of.",
    source="2505.18346",
    group="supervisor",
    of="supervisor",
    levels=[0.1, 1, 10, 100],
)
factor(
    "hard-labels",
    FromChoice,
    "The most likely class alone says nothing of how sure the supervisor was.",
    source="1503.02531",
    predicted={"gain": "falls", "student": "falls"},
    group="supervisor",
    choice="labels",
    levels=["soft", "hard"],
)
factor(
    "panel-size",
    PanelOfCopies,
    "Several supervisors average their variance out before the student could.",
    source="2505.24313",
    predicted={"gain": "falls", "student": "rises", "gap": "falls"},
    levels=[1, 2, 4, 8],
)
