"""Factors of training: by which objective, how strongly, how long, on which examples."""

from w2sg.factors.catalogue.entry import factor
from w2sg.factors.kinds import FieldFactor

factor(
    "confidence-loss",
    FieldFactor,
    "The student may disagree where it is sure.",
    source="2312.09390",
    predicted={"gain": "rises", "student": "rises"},
    group="training",
    path="method",
    levels=["naive", "confidence"],
)
factor(
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
factor(
    "robust-loss",
    FieldFactor,
    "A bounded loss lets the student give up labels that it cannot explain.",
    source="1805.07836",
    predicted={"gain": "rises", "student": "rises"},
    group="training",
    path="method",
    levels=["naive-hard", "generalized-cross-entropy"],
)
factor(
    "label-smoothing",
    FieldFactor,
    "Labels that are mixed with equal shares pull less on each wrong one.",
    group="training",
    path="method.objective.smoothing",
    places={"method.objective": "label-smoothing"},
    levels=[0, 0.1, 0.3, 0.6],
)
factor(
    "training-steps",
    FieldFactor,
    "What is learned first is what many labels agree on; the supervisor's errors come later.",
    source="2503.02877",
    predicted={"gain": "falls"},
    group="training",
    path="student.steps",
    levels=[1, 3, 10, 100],
)
factor(
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
factor(
    "early-stopping",
    FieldFactor,
    "Stopping on held-out weak labels ends training before single errors are learned by heart.",
    source="2312.09390",
    predicted={"gain": "rises", "student": "rises"},
    group="training",
    path="method.stopping",
    levels=["fixed", "weak-validation"],
)
factor(
    "confident-share",
    FieldFactor,
    "The supervisor's surest labels are right more often, and say less of what it finds hard.",
    group="training",
    path="method.select.share",
    places={"method.select": "confident"},
    levels=[1, 0.75, 0.5, 0.25],
)
factor(
    "balancing",
    FieldFactor,
    "Taking off how often the supervisor names each class undoes its preference for some.",
    group="training",
    path="method.relabel.power",
    places={"method.relabel": "balanced"},
    levels=[0, 0.5, 1],
)
