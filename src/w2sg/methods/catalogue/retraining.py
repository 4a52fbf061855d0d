"""Methods that train again: on what a first student is sure of, or with supervisors weighted by what it says."""

from w2sg.core import preset
from w2sg.methods import retraining as retraining
from w2sg.methods import weighting as weighting
from w2sg.methods.composition import Composition

preset(
    "refill",
    Composition,
    "Train on the surest weak labels, then on those and on the student's surest answers to the rest.",
    chain="refill",
    relabel="harden",
    paper="2503.04249",
)
preset(
    "confident-retrain",
    Composition,
    "Train, then anew by generalized cross-entropy where the first student is surest.",
    chain="confident-retrain",
    relabel="harden",
    objective="generalized-cross-entropy",
    paper="2509.24005",
)
preset(
    "self-training",
    Composition,
    "Replace weak labels by the student's surest answers of each class, four times over.",
    chain="self-training",
)
preset(
    "raven",
    Composition,
    "Learn the weights of a panel's supervisors beside the student, first where they all agree.",
    chain="adaptive-weights",
    paper="2510.21332",
)
