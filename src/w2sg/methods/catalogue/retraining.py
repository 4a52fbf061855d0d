"""Methods that train again on what a first student is sure of, or with what it says of the labels and the labellers."""

from w2sg.core import preset
from w2sg.methods import retraining as retraining
from w2sg.methods import weighting as weighting
from w2sg.methods.composition import Composition
from w2sg.methods.early_learning import EarlyLearning

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
preset(
    "label-propagation",
    Composition,
    "Train on weak labels that were spread over nearest neighbours.",
    relabel="label-propagation",
)
preset(
    "two-views",
    Composition,
    "Train on weak label times the answer of students not trained on it, over the class shares.",
    relabel="two-views",
)
preset(
    "elr",
    EarlyLearning,
    "Pull a linear head to the running mean of its own early answers.",
    paper="2007.00151",
)
