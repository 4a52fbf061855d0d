"""What the tests of the command line share."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        assert self.code == 0, self.err
        return json.loads(self.out)


Command = Callable[..., Outcome]
QUICK = ("--task", "wine", "--student", "nystroem", "--set", "student.features.count=12", "--seeds", "2")
STUDY = """
seeds = 2
tasks = ["wine"]
students = [{kind = "nystroem", features = {count = 12}}]
methods = ["naive", "confidence"]
"""
