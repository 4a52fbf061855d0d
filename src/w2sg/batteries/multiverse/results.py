"""What came of a study in all its worlds: the worlds, and each claim in every one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from w2sg.batteries.multiverse.contract import AnalystChoice
from w2sg.core import InputError, plain
from w2sg.measure import Interval

if TYPE_CHECKING:
    from w2sg.lab import Comparison, FailedRun, StudyResult

Chosen = tuple[tuple[str, str], ...]
"""Choices that were made otherwise: the title of each and its option. None is the study as it stands."""
About = Literal["difference", "pgr", "gap", "over tasks"]
"""What a claim is about: a method's accuracy minus the reference's at a place, its PGR there, the gap between ceiling
and weak supervisor, or a method's mean difference over the tasks."""
Verdict = Literal["above", "below", "open", "none"]
"""Whether a number is shown to be above or below 0, or neither; `none` where there is no such number."""
Change = Literal["same", "reversed", "lost", "shown", "none"]
"""What becomes of a verdict in another world: it stays, it is turned round, what was shown is no longer shown, what
was open is shown, or there is no number. Only `reversed` contradicts the claim; `lost` and `shown` do not."""


@dataclass(frozen=True)
class OpenChoice:
    """A choice with the options that a study leaves open.

    Attributes:
        choice: The choice.
        options: Their names; empty where it fits nothing in the study.
        left_out: Why it does not fit some of the study's setups, each reason once.
    """

    choice: AnalystChoice
    options: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What it is called."""
        return self.choice.title


@dataclass(frozen=True, eq=False)
class AnalystWorld:
    """A study as it comes out with some choices made otherwise.

    Attributes:
        chosen: These choices.
        comparisons: The comparisons of the study, as far as they could be made; places and methods have the names that
            they have in the study.
        missing: Why a method, by its place and name, could not be compared here.
    """

    chosen: Chosen
    comparisons: "tuple[Comparison, ...]"
    missing: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What was chosen otherwise, in words."""
        return title_of(self.chosen)


def title_of(chosen: Chosen) -> str:
    """Return what was chosen otherwise, in words.

    >>> title_of((("labels", "hard"), ("seeds", "8 to 15"))), title_of(())
    ('labels: hard; seeds: 8 to 15', 'the study as it is')
    """
    return "; ".join(f"{title}: {option}" for title, option in chosen) or "the study as it is"


@dataclass(frozen=True)
class ClaimReading:
    """What a claim comes to in one world.

    Attributes:
        verdict: What is shown.
        effect: The number with its interval; None where there is none.
        rests_on: The analyses behind it: worlds with the same ones are one.
        reason: Why there is no number.
    """

    verdict: Verdict
    effect: Interval | None
    rests_on: frozenset[str]
    reason: str = ""

    @property
    def sign(self) -> int | None:
        """The sign of the number; None where there is none."""
        return None if self.effect is None else int(np.sign(self.effect.estimate))


@dataclass(frozen=True)
class StudyClaim:
    """A claim of a study, and what it comes to in its other worlds.

    Attributes:
        about: What it is about.
        place: The place; empty over tasks.
        method: The method; empty for the gap, which no method has a say in.
        reference: The method that others are compared with there.
        base: What it is in the study as it stands.
        others: What it is in every other world in which something it rests on is chosen otherwise, by the world's
            number; worlds that come to the same analyses for this claim are counted once.
        missing: Why it cannot be read in some worlds, by their number.
    """

    about: About
    place: str
    method: str
    reference: str
    base: ClaimReading
    others: Mapping[int, ClaimReading]
    missing: Mapping[int, str]

    def change(self, world: int) -> Change:
        """Return what becomes of the verdict in another world."""
        before, after = self.base.verdict, self.others[world].verdict
        if before == after:
            return "same"
        if after == "none":
            return "none"
        if {before, after} == {"above", "below"}:
            return "reversed"
        return "lost" if after == "open" else "shown"

    @property
    def same_verdict(self) -> int:
        """In how many other worlds the verdict is the same."""
        return sum(self.change(world) == "same" for world in self.others)

    @property
    def same_sign(self) -> int:
        """In how many other worlds the number has the same sign, shown or not."""
        return sum(reading.sign is not None and reading.sign == self.base.sign for reading in self.others.values())

    @property
    def stability(self) -> tuple[float, float]:
        """The shares of the other worlds with the same verdict, and with the same sign; 1 where there is none."""
        n = max(1, len(self.others))
        return (self.same_verdict / n, self.same_sign / n) if self.others else (1.0, 1.0)

    def worlds(self, change: Change) -> list[int]:
        """Return the worlds in which this becomes of the verdict."""
        return [world for world in self.others if self.change(world) == change]

    def to_dict(self, worlds: Sequence[AnalystWorld]) -> dict[str, Any]:
        """Return plain data."""
        verdict, sign = self.stability
        shown = {worlds[world].title: reading for world, reading in self.others.items()}
        return {
            **{name: getattr(self, name) for name in ("about", "place", "method", "reference")},
            **{"verdict": self.base.verdict, "effect": plain(self.base.effect), "reason": self.base.reason},
            **{"n_worlds": len(self.others), "same_verdict": self.same_verdict, "same_sign": self.same_sign},
            **{"verdict_stability": verdict, "sign_stability": sign},
            **{name: [worlds[world].title for world in self.worlds(name)] for name in ("reversed", "lost", "shown")},
            "worlds": {
                title: {"verdict": reading.verdict, "effect": plain(reading.effect), "reason": reading.reason}
                for title, reading in shown.items()
            },
            "missing": {worlds[world].title: reason for world, reason in self.missing.items()},
        }


@dataclass(frozen=True, eq=False)
class Multiverse:
    """What came of a study in all its worlds.

    Attributes:
        study: The study as it is.
        choices: What was chosen otherwise, and what could not be.
        worlds: The worlds, the study as it is first.
        claims: Its claims, the most stable first.
        n_runs: On how many runs all worlds rest.
        failed: Runs of other worlds that could not be made.
        steps_done: How many steps of each kind had to be computed.
        wall_s: Seconds that it took.
    """

    study: "StudyResult"
    choices: tuple[OpenChoice, ...]
    worlds: tuple[AnalystWorld, ...]
    claims: tuple[StudyClaim, ...]
    n_runs: int
    failed: "tuple[FailedRun, ...]" = ()
    steps_done: Mapping[str, int] = field(default_factory=dict)
    wall_s: float = 0.0

    def claim(self, about: About, method: str = "", place: str = "") -> StudyClaim:
        """Return one of the claims.

        Args:
            about: What it is about.
            method: The method; none has a say in the gap.
            place: The place; none over tasks.

        Raises:
            InputError: If the study has no such claim.
        """
        found = [one for one in self.claims if (one.about, one.place, one.method) == (about, place, method)]
        if not found:
            known = sorted({f"{one.about} of {one.method or 'no method'} at {one.place!r}" for one in self.claims})
            raise InputError(f"no claim on the {about} of {method!r} at {place!r}; there are {'; '.join(known)}")
        return found[0]

    def holds(self, method: str, place: str = "") -> tuple[int, int] | None:
        """Return in how many other worlds a method's difference from the reference has the same verdict, of how many.

        This is what a league can say beside a finding; None where there is no such claim.

        Args:
            method: The method.
            place: The place; empty is over tasks.
        """
        about = "difference" if place else "over tasks"
        found = [one for one in self.claims if (one.about, one.place, one.method) == (about, place, method)]
        return (found[0].same_verdict, len(found[0].others)) if found else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the first part of `--json`."""
        return {
            "study": self.study.name,
            "n_runs": self.n_runs,
            "choices": [
                {"choice": one.title, "options": list(one.options), "left_out": list(one.left_out)}
                for one in self.choices
            ],
            "worlds": [{"world": one.title, "chosen": dict(one.chosen)} for one in self.worlds],
            "claims": [claim.to_dict(self.worlds) for claim in self.claims],
            "failed": [str(run) for run in self.failed],
        }
