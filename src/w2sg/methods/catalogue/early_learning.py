"""Early-learning regularization (arXiv:2007.00151)."""

from w2sg.core import preset
from w2sg.methods.early_learning import EarlyLearning

preset(
    "elr",
    EarlyLearning,
    "Pull a linear head to the running mean of its own early answers.",
    paper="2007.00151",
)
