"""What a factor is: a dial of a setup that may move how a student generalizes, and what theory says of it."""

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from w2sg.core import CapabilityError, InputError, contract
from w2sg.lab import TEST, Dial, Setting, Setup

Group = Literal["data", "supervisor", "student", "training", "protocol"]
Direction = Literal["rises", "falls"]
Level = bool | int | float | str | dict[str, Any]
"""A number, a name, or a part as a table; `title` in a table names it and is no field of the part."""
GAIN, STUDENT, GAP = "gain", "student", "gap"
"""Outcomes of every factor study; predictions speak of these."""
POINTS_OF_RANGE = 4
"""Levels that a range is tried at where a design asks for levels."""


@contract("factors")
class Factor(Dial):
    """A dial of a setup with levels or a range, its mechanism, and what theory predicts of it.

    Effects are relative to the first level. Predictions are of what an outcome does from the first level to the last.
    """

    title: str = Field("", description="what it is called on pages; by default what is turned")
    group: Group = Field(description="what kind of thing it is a part of")
    mechanism: str = Field("", description="how it may move generalization, in a sentence")
    predicted: Mapping[str, Direction] = Field(
        {}, description="what theory says outcomes (gain, student, gap, ...) do along it; empty: no prediction"
    )
    source: str = Field("", description="where the prediction is from, such as an arXiv id")
    levels: tuple[Level, ...] = Field((), description="what it is set to; with `low` and `high`, points of the range")
    low: float | None = Field(None, description="the lower end of a range")
    high: float | None = Field(None, description="the upper end of a range")
    log: bool = Field(False, description="whether the range is gone through by ratios")
    whole: bool = Field(False, description="whether the range holds whole numbers only")
    read_on: str = Field(TEST, description="the test set that outcomes are read on")

    @model_validator(mode="after")
    def _levels_or_a_range(self) -> Self:
        if (self.low is None) != (self.high is None) or not (self.levels or self.low is not None):
            raise ValueError("needs 'levels', or both 'low' and 'high'")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(f"'low' must be below 'high', got {self.low:g} and {self.high:g}")
        if self.log and not (self.low or 0) > 0:
            raise ValueError(f"'log' goes with a range above 0, got low {self.low}")
        names = [level_name(level) for level in self.points]
        if len(names) < 2 or len(set(names)) < len(names):
            raise ValueError(f"must have two different levels or more, got {', '.join(names) or 'none'}")
        return self

    @property
    def name(self) -> str:
        """What it is called."""
        return self.title or self.kind

    @property
    def points(self) -> tuple[Level, ...]:
        """The levels, or some points of the range."""
        if self.levels:
            return self.levels
        return tuple(dict.fromkeys(self.at(place / (POINTS_OF_RANGE - 1)) for place in range(POINTS_OF_RANGE)))

    @property
    def level_names(self) -> tuple[str, ...]:
        """The levels in words."""
        return tuple(map(level_name, self.points))

    @property
    def continuous(self) -> bool:
        """Whether it has a range and no levels."""
        return not self.levels

    @property
    def ordered(self) -> bool:
        """Whether its levels are numbers, or two: then there is a way up."""
        return len(self.points) == 2 or all(isinstance(level, int | float) for level in self.points)

    def at(self, place: float) -> Level:
        """Return the level at a place in [0, 1]: levels share it evenly, a range is gone through from low to high."""
        if self.levels:
            return self.levels[min(int(place * len(self.levels)), len(self.levels) - 1)]
        assert self.low is not None
        assert self.high is not None
        value = (
            self.low * math.exp(place * math.log(self.high / self.low))
            if self.log
            else self.low + place * (self.high - self.low)
        )
        return round(value) if self.whole else float(f"{value:.6g}")

    @abstractmethod
    def turned(self, setup: Setup, level: Level) -> Setup:
        """Return the setup at a level; all that the factor does not turn stays as it is.

        Args:
            setup: What is tried.
            level: One of the levels, or a number in the range.

        Raises:
            CapabilityError: If the factor does not fit the setup; the message says why.
        """

    def settings(self, setup: Setup) -> list[Setting]:
        """Return the setup at every level.

        Raises:
            CapabilityError: If the factor does not fit the setup.
        """
        turned = [self.turned(setup, level) for level in self.points]
        if len(set(turned)) < len(turned):
            raise CapabilityError(f"two levels of factor {self.name!r} come to one setup: choose levels further apart")
        return [
            Setting(level_name(level), self.value_of(place), one, self.read_on)
            for place, (level, one) in enumerate(zip(self.points, turned, strict=True))
        ]

    def value_of(self, place: int) -> float:
        """Return the number of a level on the dial: the level where levels are numbers, else its place."""
        if not all(isinstance(level, int | float) for level in self.points):
            return float(place)
        level = self.points[place]
        assert isinstance(level, int | float)
        return float(level)


def level_name(level: Level) -> str:
    """Return a level in words.

    >>> level_name(0.5), level_name({"kind": "mlp", "title": "network"}), level_name("naive")
    ('0.5', 'network', 'naive')
    """
    if isinstance(level, dict):
        return str(level.get("title") or level.get("kind") or level)
    return str(level) if isinstance(level, str | bool) else f"{level:g}"


def part_of_level(level: Level) -> Level:
    """Return what a level puts into a setup: a table without its title."""
    return {name: value for name, value in level.items() if name != "title"} if isinstance(level, dict) else level


def numeric(level: Level, what: str) -> float:
    """Return a level that must be a number.

    Raises:
        InputError: If it is none.
    """
    if isinstance(level, bool) or not isinstance(level, int | float):
        raise InputError(f"levels of factor {what!r} must be numbers, got {level!r:.80}")
    return float(level)
