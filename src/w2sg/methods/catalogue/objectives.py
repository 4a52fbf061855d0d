"""Methods that differ from naive training in the objective alone."""

from typing import Any

from w2sg.core import preset
from w2sg.methods.composition import Composition

BURNS = "2312.09390"


def _named(name: str, summary: str, objective: dict[str, Any] | str, paper: str = "") -> None:
    preset(name, Composition, summary, objective=objective, paper=paper)


_named("reverse-kl", "Minimise KL(student || supervisor): seek a mode.", "divergence", "2502.11107")
for _divergence in ("forward-kl", "jensen-shannon", "hellinger", "total-variation"):
    _named(
        _divergence,
        f"Minimise the {_divergence} divergence between weak labels and student.",
        {"kind": "divergence", "divergence": _divergence},
        "2502.11107" if _divergence == "forward-kl" else "2506.03109",
    )
_named("entropy", "Mix the student's own probabilities into the target.", "entropy")
_named("window", "Learn only where the student is not yet sure.", "window")
_named("small-loss", "Leave out the named classes that surprise the student most.", "small-loss", "1804.06872")
_named("co-teaching", "Two networks, each taught what the other finds least surprising.", "co-teaching", "1804.06872")
_named("adaptconf", "Mix in the student's answers, the less the more it disagrees.", "adaptconf", "2402.03749")
_named(
    "augconf",
    "Mix in the student's most likely classes along a ramp.",
    {"kind": "confidence", "weight": 0.5, "ramp": 0.3, "threshold": "argmax"},
    "2402.03749",
)
_named("label-smoothing", "Mix the uniform distribution into the weak labels.", "label-smoothing", "1512.00567")
_named("generalized-cross-entropy", "Between cross-entropy and error.", "generalized-cross-entropy", "1805.07836")
_named("symmetric-cross-entropy", "Cross-entropy both ways.", "symmetric-cross-entropy", "1908.06112")
for _direction in ("forward", "backward"):
    _named(
        f"{_direction}-correction",
        f"Cross-entropy, corrected {_direction} by the supervisor's confusion of classes.",
        {"kind": "correction", "direction": _direction},
        "1609.03683",
    )
_named("early-learning", "Hold the student to its own earlier answers.", "early-learning", "2007.00151")
for _hard in ("small-loss", "generalized-cross-entropy", "symmetric-cross-entropy"):
    _named(f"soft-{_hard}", f"As {_hard}, on the supervisor's soft labels.", {"kind": _hard, "labels": "soft"})
_named("openai-logconf", "OpenAI's released confidence loss, faults kept; two classes.", "openai-logconf", BURNS)
_named("eleuther-logconf", "EleutherAI's released confidence loss, faults kept; two classes.", "eleuther-logconf")
