"""Methods of written answers."""

from w2sg.core import preset
from w2sg.methods.written import Imitation, WeakPreferences

BURNS = "2312.09390"

preset(
    "written-naive",
    Imitation,
    "Train on the supervisor's written answers.",
    paper=BURNS,
)
preset(
    "written-agreement",
    Imitation,
    "Train on the weak answers that the student gives by itself.",
    keep="agreeing",
    paper="2407.13647",
)
preset(
    "written-majority",
    Imitation,
    "Train on the most frequent of the supervisor's sampled answers.",
    learned="weak-majority",
    paper="2203.11171",
)
preset(
    "written-own-majority",
    Imitation,
    "Train on the most frequent of the student's own answers: a control that hears no supervisor.",
    learned="own-majority",
    own_samples=9,
    paper="2203.11171",
)
preset(
    "written-untrained",
    Imitation,
    "Ask the student as it is published: a control that learns nothing.",
    learned="nothing",
)
preset(
    "written-preferences",
    WeakPreferences,
    "Prefer those of the student's own answers that the supervisor gives more often.",
    paper="2305.18290",
)
