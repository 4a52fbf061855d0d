"""Types of generalization: from easy to hard, across domains, to new combinations, to what the student is unsure of."""

from w2sg.core import preset
from w2sg.desiderata.tree import Conjunction, ForAll, Requirement

HARDEST = {"column": "difficulty", "band": [0.75, 1.0]}
EASIEST = {"column": "difficulty", "band": [0.0, 0.25]}

preset(
    "gains-on-the-hardest",
    Requirement,
    "A gain on the hardest quarter of the inputs, for which supervision is weakest.",
    paper="2403.09472",
    quantity="gain",
    on=HARDEST,
    above=0,
)
preset(
    "hard-as-easy",
    Requirement,
    "The gain on the hardest quarter is at most .05 below that on the easiest.",
    paper="2403.09472",
    quantity="gain",
    on=HARDEST,
    than=EASIEST,
    above=-0.05,
)
preset(
    "gains-under-every-shift",
    ForAll,
    "A gain on every test set under a shift: another domain, format, group or combination.",
    paper="2311.07723",
    over="shifts",
    require={"kind": "requirement", "quantity": "gain", "above": 0},
)
preset(
    "near-ceiling-under-every-shift",
    ForAll,
    "At most .05 below the ceiling under every shift.",
    paper="2311.07723",
    over="shifts",
    require="near-ceiling",
)
preset(
    "accuracy-survives-every-shift",
    ForAll,
    "Under every shift the student loses at most .1 of its accuracy.",
    paper="2311.07723",
    over="shifts",
    require={"kind": "requirement", "quantity": "accuracy", "than": {}, "above": -0.1},
)
preset(
    "loses-no-more-than-its-supervisor",
    ForAll,
    "Under every shift the gain is at most .02 below that in distribution.",
    over="shifts",
    require={"kind": "requirement", "quantity": "gain", "than": {}, "above": -0.02},
)
preset(
    "novel-as-represented",
    Requirement,
    "On families, or combinations, that supervision did not hold the gain is at most .05 below that on all.",
    quantity="gain",
    on={"test": "held-out"},
    than={},
    above=-0.05,
)
preset(
    "gains-where-unsure",
    Requirement,
    "A gain on the quarter of the inputs of which the student is least sure, which it has seen the least of.",
    quantity="gain",
    on={"column": "confidence", "band": [0.0, 0.25]},
    above=0,
)
preset(
    "better-supervised-is-better",
    ForAll,
    "A student of a better supervisor is at most .02 worse than one of a worse: strength follows supervision.",
    over="worse supervisors",
    require={
        "kind": "requirement",
        "quantity": {"kind": "difference", "of": "student", "minus": "other"},
        "above": -0.02,
    },
)
preset(
    "same-from-equal-supervisors",
    ForAll,
    "Students of supervisors that are equally often right (within .02) differ by at most .05.",
    over="equal supervisors",
    require={
        "kind": "all",
        "of": [
            {
                "kind": "requirement",
                "quantity": {"kind": "difference", "of": "student", "minus": "other"},
                "above": -0.05,
            },
            {
                "kind": "requirement",
                "quantity": {"kind": "difference", "of": "student", "minus": "other"},
                "below": 0.05,
            },
        ],
    },
)
preset(
    "steady-over-difficulty",
    Conjunction,
    "A gain on the easiest and on the hardest quarter of the inputs.",
    of=[
        {"kind": "requirement", "quantity": "gain", "on": EASIEST, "above": 0},
        {"kind": "requirement", "quantity": "gain", "on": HARDEST, "above": 0},
    ],
)
