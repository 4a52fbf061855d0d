"""Methods that go through several students, or stop by another rule."""

from w2sg.core import preset
from w2sg.methods.composition import Composition

BURNS = "2312.09390"

preset(
    "strong-to-strong",
    Composition,
    "Train fresh students on the student's own soft labels, twice over.",
    chain="strong-to-strong",
)
preset(
    "lp-ft",
    Composition,
    "Train the last layer first, then everything from there.",
    chain="lp-ft",
    paper=BURNS,
)
preset(
    "ensemble",
    Composition,
    "Average five students trained on bootstrap resamples.",
    chain="ensemble",
)
preset(
    "panel-assignment",
    Composition,
    "Let each example be taught by the supervisor of a panel that the student finds most plausible.",
    chain="panel-assignment",
)
preset(
    "plateau-stopping",
    Composition,
    "Stop at the first plateau of agreement with held-out weak labels.",
    stopping="plateau",
)
preset(
    "oracle-early-stopping",
    Composition,
    "Stop where accuracy on gold labels is highest: an upper bound, not a method.",
    stopping="oracle-validation",
    paper=BURNS,
    oracle=True,
)
