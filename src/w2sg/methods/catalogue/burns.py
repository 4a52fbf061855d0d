"""The methods of Burns et al. 2023 (arXiv:2312.09390), and plain training on hardened labels."""

from w2sg.core import preset
from w2sg.methods.composition import Composition

BURNS = "2312.09390"

preset(
    "naive",
    Composition,
    "Train on the supervisor's soft labels.",
    paper=BURNS,
)
preset(
    "naive-hard",
    Composition,
    "Train on the supervisor's most likely classes.",
    objective={"kind": "cross-entropy", "labels": "hard"},
    paper=BURNS,
)
preset(
    "confidence",
    Composition,
    "Pull the student toward its own confident answers as training goes on.",
    objective="confidence",
    paper=BURNS,
)
preset(
    "product",
    Composition,
    "Train toward the product of the student's and the supervisor's probabilities.",
    objective="product",
    paper=BURNS,
)
preset(
    "early-stopping",
    Composition,
    "Stop where agreement with held-out weak labels is highest.",
    stopping="weak-validation",
    paper=BURNS,
)
preset(
    "bootstrapping",
    Composition,
    "Hand the labels up through students of growing size.",
    chain="bootstrap",
    paper=BURNS,
)
