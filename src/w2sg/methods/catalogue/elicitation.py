"""Methods that draw on what the student knows by itself: with weak labels to name it, few of them, or beside them."""

from w2sg.core import preset
from w2sg.methods.diverse import DiverseHeads
from w2sg.methods.elicitation import Coherence, ContrastConsistency, ContrastPca, InternalCoherence

preset(
    "ccs",
    ContrastConsistency,
    "Find a direction on which a pair and its swap give opposite answers; weak labels choose its sign.",
    paper="2212.03827",
)
preset(
    "crc",
    ContrastPca,
    "Take the first principal component of contrast differences; weak labels choose its sign.",
    paper="2212.03827",
)
preset(
    "icm",
    InternalCoherence,
    "Flip labels one by one until they predict each other; weak labels name the classes.",
    paper="2506.10139",
)
preset(
    "fold-coherence",
    Coherence,
    "Search for labels that predict each other across folds, from a few weak labels.",
)
preset(
    "divdis",
    DiverseHeads,
    "Train heads that agree on weak labels and disagree elsewhere; a few gold labels choose one.",
    paper="2202.03418",
)
