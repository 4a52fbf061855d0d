"""What comes of a run: its numbers and evidence, or why it could not be made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from w2sg.core import AnyArray
from w2sg.lab.setup import Setup

MOST_SHOWN = 5
"""A message names at most this many failed runs."""


@dataclass(frozen=True, eq=False)
class Run:
    """A setup under a seed, and what came out.

    Attributes:
        id: The key of its score.
        setup: What was tried.
        seed: The seed.
        result: Metrics by test set, what each step took and cost, gold handed out, versions: plain data.
        evidence: Per-example arrays `<test set>.ids|weak|student|ceiling`, and `groups` where examples have them.
    """

    id: str
    setup: Setup
    seed: int
    result: Mapping[str, Any]
    evidence: Mapping[str, AnyArray] = field(default_factory=dict)


@dataclass(frozen=True)
class FailedRun:
    """A run that could not be made, and why.

    Attributes:
        label: The names of its parts.
        seed: The seed.
        reason: What went wrong.
        bad_input: Whether what was given breaks a stated rule.
    """

    label: Mapping[str, str]
    seed: int
    reason: str
    bad_input: bool = False

    def __str__(self) -> str:
        return f"{' / '.join(self.label.values())}, seed {self.seed}: {self.reason}"


def failures_message(failed: Sequence[FailedRun], total: int) -> str:
    """Return how many of all runs failed, and why the first of them did."""
    shown = "\n".join(map(str, failed[:MOST_SHOWN]))
    more = f"\nand {len(failed) - MOST_SHOWN} more" if len(failed) > MOST_SHOWN else ""
    return f"{len(failed)} of {total} runs failed; the others are kept:\n{shown}{more}"
