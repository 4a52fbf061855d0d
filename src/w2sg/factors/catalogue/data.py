"""Factors of data: how much there is, how it is balanced, how hard it is, how far the test set is away."""

from w2sg.factors.catalogue.entry import factor
from w2sg.factors.kinds import FromDisanalogy, ShiftSize, SplitShare

factor(
    "supervision-size",
    SplitShare,
    "A supervisor that learned from more gold has less variance, of which the student would have been rid.",
    source="2502.05075",
    predicted={"gain": "falls", "student": "rises", "gap": "falls"},
    split="supervision",
    levels=[0.125, 0.25, 0.5, 1],
)
factor(
    "transfer-size",
    SplitShare,
    "More weak labels average the supervisor's variance out, and leave the student its bias alone.",
    source="2502.05075",
    predicted={"gain": "rises", "student": "rises"},
    split="transfer",
    levels=[0.125, 0.25, 0.5, 1],
)
factor(
    "supervision-balance",
    ShiftSize,
    "The supervisor saw few examples of one class, and errs on that class for the student to copy.",
    source="2509.24005",
    predicted={"student": "falls"},
    shift="scarce-class",
    field="kept",
    read_on="shifted",
    fields={"split": "supervision"},
    levels=[1, 0.5, 0.2],
)
factor(
    "transfer-balance",
    ShiftSize,
    "The student's classes have other shares than the supervisor's, so what it takes over is out of place.",
    source="2509.24005",
    predicted={"gain": "falls"},
    shift="scarce-class",
    field="kept",
    read_on="shifted",
    fields={"split": "transfer"},
    levels=[1, 0.5, 0.2],
)
factor(
    "easy-share",
    ShiftSize,
    "The supervisor learned from the easiest rows only, and the student has to generalize to the hard ones.",
    shift="easy-to-hard",
    field="share",
    levels=[0.9, 0.7, 0.5],
)
factor(
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
factor(
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
factor(
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
factor(
    "novel-format",
    FromDisanalogy,
    "Statements stand in an order that no corpus has, so pretraining helps the student less.",
    source="2312.09390",
    predicted={"gain": "falls"},
    group="data",
    dial="novel-format",
    levels=[0, 0.25, 0.5, 0.75, 1],
)
factor(
    "answer-length",
    FromDisanalogy,
    "Who judges several claims at once errs more often, and leaves more to correct.",
    group="data",
    dial="longer-answers",
    levels=[0, 1, 2, 3],
)
factor(
    "held-out-family",
    FromDisanalogy,
    "The supervisor never saw a family of examples that the student meets.",
    group="data",
    dial="held-out-family",
    read_on="first family",
    levels=[0, 1],
)
