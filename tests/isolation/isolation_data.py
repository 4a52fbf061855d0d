"""What the tests of isolation share: how a plugin begins, a target of one's own, and a file of it."""

from pathlib import Path

HEAD = """
from typing import Literal
from w2sg.core import Method, preset, register
from w2sg.methods import Composition, TargetObjective
"""
TARGET = """
@register()
class Mine(TargetObjective):
    "A target of one's own."
    kind: Literal["{name}"] = "{name}"
    weight: float = 1.0
    def target(self, weak, log_student, progress):
        return weak * self.weight
preset("{name}", Composition, "For a test.", objective="{name}")
"""


def plugin(folder: Path, code: str, name: str = "mine.py") -> str:
    path = folder / name
    path.write_text(HEAD + code)
    return str(path)
