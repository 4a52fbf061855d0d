"""The factors of the package, by group: what each is, how it may move generalization, what theory predicts of it."""

from typing import Any

from w2sg.core import preset
from w2sg.factors.contract import Factor
from w2sg.factors.kinds import (
    FieldFactor,
    FromChoice,
    FromDisanalogy,
    PanelOfCopies,
    PenaltyMultiple,
    ShiftSize,
    SplitShare,
    StudentMultiple,
)

SIMULATED = {"supervisor": "simulated"}
"""What is put in place by factors of errors: only a simulated supervisor has dials for them."""


def _factor(name: str, cls: type[Factor], mechanism: str, *, source: str = "", **fields: Any) -> None:
    title = name.replace("-", " ")
    preset(name, cls, mechanism, paper=source, title=title, mechanism=mechanism, source=source, **fields)


# Data: how much there is, how it is balanced, how hard it is, how far the test set is away.
_factor(
    "supervision-size",
    SplitShare,
    "A supervisor that learned from more gold has less variance, of which the student would have been rid.",
    source="2502.05075",
    predicted={"gain": "falls", "student": "rises", "gap": "falls"},
    split="supervision",
    levels=[0.125, 0.25, 0.5, 1],
)
_factor(
    "transfer-size",
    SplitShare,
    "More weak labels average the supervisor's variance out, and leave the student its bias alone.",
    source="2502.05075",
    predicted={"gain": "rises", "student": "rises"},
    split="transfer",
    levels=[0.125, 0.25, 0.5, 1],
)
_factor(
    "supervision-balance",
    ShiftSize,
    "The supervisor saw few examples of one class, and errs on that class for the student to copy.",
    source="2509.24005",
    predicted={"student": "falls"},
    shift="scarce-class",
    field="kept",
    fields={"split": "supervision"},
    levels=[1, 0.5, 0.2],
)
_factor(
    "transfer-balance",
    ShiftSize,
    "The student's classes have other shares than the supervisor's, so what it takes over is out of place.",
    source="2509.24005",
    predicted={"gain": "falls"},
    shift="scarce-class",
    field="kept",
    fields={"split": "transfer"},
    levels=[1, 0.5, 0.2],
)
_factor(
    "easy-share",
    ShiftSize,
    "The supervisor learned from the easiest rows only, and the student has to generalize to the hard ones.",
    shift="easy-to-hard",
    field="share",
    levels=[0.9, 0.7, 0.5],
)
_factor(
    "noise-shift",
    ShiftSize,
    "Test images are noisier than any that were trained on: what the student took over may not hold there.",
    source="2510.21332",
    predicted={"gain": "falls"},
    shift="noise",
    field="sd",
    read_on="shifted",
    levels=[0.05, 0.2, 0.4, 0.8],
)
_factor(
    "rotation-shift",
    ShiftSize,
    "Test images are turned: what the student took over may not hold there.",
    source="2510.21332",
    predicted={"gain": "falls"},
    shift="rotation",
    field="degrees",
    read_on="shifted",
    levels=[5, 15, 30, 45],
)
_factor(
    "occlusion-shift",
    ShiftSize,
    "A part of each test image is hidden: what the student took over may not hold there.",
    source="2510.21332",
    predicted={"gain": "falls"},
    shift="occlusion",
    field="share",
    read_on="shifted",
    levels=[0.02, 0.1, 0.25, 0.5],
)
_factor(
    "novel-format",
    FromDisanalogy,
    "Statements stand in an order that no corpus has, so pretraining helps the student less.",
    source="2312.09390",
    predicted={"gain": "falls"},
    group="data",
    dial="novel-format",
    levels=[0, 0.25, 0.5, 0.75, 1],
)
_factor(
    "answer-length",
    FromDisanalogy,
    "Who judges several claims at once errs more often, and leaves more to correct.",
    group="data",
    dial="longer-answers",
    levels=[0, 1, 2, 3],
)
_factor(
    "held-out-family",
    FromDisanalogy,
    "The supervisor never saw a family of examples that the student meets.",
    group="data",
    dial="held-out-family",
    read_on="first family",
    levels=[0, 1],
)

# Supervisor: how good it is, where it errs, how sure it says it is, what it saw, how many there are.
_factor(
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
_factor(
    "error-structure",
    FieldFactor,
    "Errors that depend on the input are a function that the student can learn; independent ones are not.",
    group="supervisor",
    path="supervisor.structure",
    places=SIMULATED,
    levels=["uniform", "confusion", "difficulty", "region", "adversarial"],
)
_factor(
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
_factor(
    "supervisor-confidence",
    FieldFactor,
    "A supervisor that is surer than it is right pulls harder on each wrong label.",
    group="supervisor",
    path="supervisor.confidence",
    places=SIMULATED,
    levels=[0.6, 0.8, 0.99],
)
_factor(
    "calibration",
    FromChoice,
    "Probabilities that say how often the supervisor is right weigh its labels by their worth.",
    source="2502.01458",
    predicted={"student": "rises"},
    group="supervisor",
    choice="calibration",
    levels=["none", "temperature"],
)
_factor(
    "gold-noise",
    FieldFactor,
    "Noise in the supervisor's own gold is variance, of which the student is rid.",
    source="2502.05075",
    predicted={"gain": "rises", "student": "falls", "gap": "rises"},
    group="supervisor",
    path="supervisor.label_noise",
    levels=[0, 0.1, 0.2, 0.3],
)
_factor(
    "gold-labels",
    FieldFactor,
    "A supervisor taught more gold has less variance, of which the student would have been rid.",
    source="2502.05075",
    predicted={"gain": "falls", "student": "rises", "gap": "falls"},
    group="supervisor",
    path="supervisor.labels",
    levels=[20, 40, 80, 160],
)
_factor(
    "supervisor-view",
    FieldFactor,
    "The more of the inputs the supervisor sees, the less its errors differ from the student's.",
    source="2502.05075",
    predicted={"gain": "falls", "student": "rises", "gap": "falls"},
    group="supervisor",
    path="supervisor.student.features.share",
    levels=[0.1, 0.2, 0.4, 0.8],
)
_factor(
    "supervisor-penalty",
    PenaltyMultiple,
    "Held back, the supervisor has more bias, which the student copies, and less variance, which it would be rid of.",
    source="2505.18346",
    group="supervisor",
    of="supervisor",
    levels=[0.1, 1, 10, 100],
)
_factor(
    "hard-labels",
    FromChoice,
    "The most likely class alone says nothing of how sure the supervisor was.",
    source="1503.02531",
    predicted={"gain": "falls", "student": "falls"},
    group="supervisor",
    choice="labels",
    levels=["soft", "hard"],
)
_factor(
    "panel-size",
    PanelOfCopies,
    "Several supervisors average their variance out before the student could.",
    source="2505.24313",
    predicted={"gain": "falls", "student": "rises", "gap": "falls"},
    levels=[1, 2, 4, 8],
)

# Student: its capacity, its body, what that was fitted on, how it is held back, where it begins.
_factor(
    "student-size",
    StudentMultiple,
    "A larger student can know more than its supervisor, and imitate it more closely as well.",
    source="2312.09390",
    predicted={"gain": "rises", "ceiling": "rises", "gap": "rises"},
    levels=[0.125, 0.25, 0.5, 1, 2],
)
_factor(
    "capability-gap",
    FromDisanalogy,
    "The further the student is above its supervisor, the more it knows that the supervisor does not.",
    source="2312.09390",
    predicted={"gain": "rises", "gap": "rises"},
    group="student",
    dial="capability-gap",
    levels=[1, 2, 3],
)
_factor(
    "student-penalty",
    PenaltyMultiple,
    "Held back, the student follows the supervisor's errors less, and the truth less as well.",
    source="2505.18346",
    group="student",
    of="student",
    levels=[0.1, 1, 10, 100, 1000],
)
_factor(
    "hidden-units",
    FieldFactor,
    "A wider network can learn more, the supervisor's errors among it.",
    group="student",
    path="student.hidden",
    places={"student": "mlp"},
    levels=[8, 32, 128],
)
_factor(
    "body",
    FromChoice,
    "What the student reads decides which of the supervisor's errors look like the truth to it.",
    source="2502.00620",
    group="student",
    choice="features",
    levels=["as it is", "of another kind"],
)
_factor(
    "body-seed",
    FieldFactor,
    "Another draw of a random body: what no mechanism moves, and the measure of what chance does.",
    group="student",
    path="student.features.seed",
    levels=[0, 1],
)
_factor(
    "body-corpus",
    FieldFactor,
    "A body fitted on more inputs than the student is taught represents the task better.",
    group="student",
    path="task.corpus",
    levels=["transfer", "all"],
)
_factor(
    "imitation-saliency",
    FromDisanalogy,
    "The corpus says what the supervisor would say, so that imitating it is easy.",
    source="2312.09390",
    predicted={"gain": "falls"},
    group="student",
    dial="imitation-saliency",
    levels=[0, 0.1, 0.2, 0.4, 0.8],
)
_factor(
    "pretraining-leakage",
    FromDisanalogy,
    "The corpus says what is true of what the task asks.",
    source="2312.09390",
    predicted={"gain": "rises", "student": "rises"},
    group="student",
    dial="pretraining-leakage",
    levels=[0, 0.25, 0.5, 0.75, 1],
)

# Training: by which objective, how strongly, how long, on which examples.
_factor(
    "confidence-loss",
    FieldFactor,
    "The student may disagree where it is sure.",
    source="2312.09390",
    predicted={"gain": "rises", "student": "rises"},
    group="training",
    path="method",
    levels=["naive", "confidence"],
)
_factor(
    "confidence-weight",
    FieldFactor,
    "The more the student's own answers count, the less its supervisor's errors do.",
    source="2312.09390",
    predicted={"gain": "rises", "student": "rises"},
    group="training",
    path="method.objective.weight",
    places={"method.objective": "confidence"},
    levels=[0, 0.25, 0.5, 0.75],
)
_factor(
    "robust-loss",
    FieldFactor,
    "A bounded loss lets the student give up labels that it cannot explain.",
    source="1805.07836",
    predicted={"gain": "rises", "student": "rises"},
    group="training",
    path="method",
    levels=["naive-hard", "generalized-cross-entropy"],
)
_factor(
    "label-smoothing",
    FieldFactor,
    "Labels that are mixed with equal shares pull less on each wrong one.",
    group="training",
    path="method.objective.smoothing",
    places={"method.objective": "label-smoothing"},
    levels=[0, 0.1, 0.3, 0.6],
)
_factor(
    "training-steps",
    FieldFactor,
    "What is learned first is what many labels agree on; the supervisor's errors come later.",
    source="2503.02877",
    predicted={"gain": "falls"},
    group="training",
    path="student.steps",
    levels=[1, 3, 10, 100],
)
_factor(
    "epochs",
    FieldFactor,
    "What is learned first is what many labels agree on; the supervisor's errors come later.",
    source="2503.02877",
    predicted={"gain": "falls"},
    group="training",
    path="student.epochs",
    places={"student": "mlp"},
    levels=[3, 10, 30, 100],
)
_factor(
    "early-stopping",
    FieldFactor,
    "Stopping on held-out weak labels ends training before single errors are learned by heart.",
    source="2312.09390",
    predicted={"gain": "rises", "student": "rises"},
    group="training",
    path="method.stopping",
    levels=["fixed", "weak-validation"],
)
_factor(
    "confident-share",
    FieldFactor,
    "The supervisor's surest labels are right more often, and say less of what it finds hard.",
    group="training",
    path="method.select.share",
    places={"method.select": "confident"},
    levels=[1, 0.75, 0.5, 0.25],
)
_factor(
    "balancing",
    FieldFactor,
    "Taking off how often the supervisor names each class undoes its preference for some.",
    group="training",
    path="method.relabel.power",
    places={"method.relabel": "balanced"},
    levels=[0, 0.5, 1],
)

# Protocol: what is known that should not be, what is bought, what is held back.
_factor(
    "trusted-labels",
    FromDisanalogy,
    "Some true labels stand among the weak ones.",
    predicted={"gain": "rises", "student": "rises"},
    group="protocol",
    dial="trusted-labels",
    levels=[0, 10, 50],
)
_factor(
    "shown-labels",
    FromDisanalogy,
    "The supervisor's label is in the input, so that imitating it is as easy as can be.",
    source="2312.09390",
    predicted={"gain": "falls", "student": "falls"},
    group="protocol",
    dial="shown-labels",
    levels=[0, 0.25, 0.5, 0.75, 1],
)
_factor(
    "label-leakage",
    FromDisanalogy,
    "The right label is in the input, as where a test was published before pretraining.",
    source="2312.09390",
    predicted={"gain": "rises", "student": "rises", "ceiling": "rises"},
    group="protocol",
    dial="label-leakage",
    levels=[0, 0.25, 0.5, 0.75, 1],
)
_factor(
    "validation-share",
    FieldFactor,
    "Weak labels that are held back for stopping are not trained on.",
    group="protocol",
    path="task.validation",
    places={"method.stopping": "weak-validation"},
    levels=[0.05, 0.1, 0.2],
)
_factor(
    "duplicates",
    FieldFactor,
    "Copies of training rows among the test rows make every student look better than it is.",
    predicted={"student": "rises", "ceiling": "rises"},
    group="protocol",
    path="task.duplicates",
    levels=["together", "apart"],
)
