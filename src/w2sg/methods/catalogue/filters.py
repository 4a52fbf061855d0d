"""Methods that leave out part of the weak labels."""

from w2sg.core import preset
from w2sg.methods.composition import Composition

preset(
    "methods",
    "confident-only",
    Composition,
    "Train on the examples on which the supervisor is most confident.",
    select="confident",
)
