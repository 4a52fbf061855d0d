"""Claims as data: what is said of the effect that something has, over which setups, and how far it is believed."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from w2sg.core import Component, Task, canonical_json, registry
from w2sg.desiderata import AnyQuantity
from w2sg.lab import Setup, make_setup

Pillar = Literal["strategy", "desiderata", "theory", "framework", "interfaces"]
"""What a claim or a question is about: how to choose what to study, what is required, what is predicted, what is
measured, and how people and programs work with it."""
Part = str | dict[str, Any] | None
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9][a-z0-9-]*$")]
OWN = "@"
"""A text such as `@task` in an arm stands for that part of the site."""


class Site(Component):
    """A task with its weak supervisor and its student, at which claims are tried."""

    kind: Literal["site"] = "site"
    name: Name
    family: str = Field(min_length=1, description="sites of one family are one unit of evidence")
    tags: tuple[str, ...] = Field((), description="what claims choose their population by, such as 'text'")
    task: str | dict[str, Any]
    supervisor: Part = Field(None, description="none: the task's default")
    student: Part = Field(None, description="none: the task's default")


class Arm(Component):
    """A setting of a site: its parts or fields as they are changed, and how its outcome counts in the effect."""

    kind: Literal["arm"] = "arm"
    weight: float = Field(description="of its outcome in the effect; 1 and -1 make a difference")
    task: Part = None
    supervisor: Part = None
    student: Part = None
    method: Part = Field(None, description="none: the task's default")
    settings: dict[str, Any] = Field(default_factory=dict, description="values by dotted path")

    def setup(self, site: Site) -> Setup:
        """Return the arm's setup at a site.

        Raises:
            ConfigError: If a part is unknown or has no such field.
            CapabilityError: If the parts do not fit each other.
        """
        task = registry.build(Task, site.task)
        supervisor, student = site.supervisor or task.default_supervisor, site.student or task.default_student
        own = {f"{OWN}task": site.task, f"{OWN}supervisor": supervisor, f"{OWN}student": student}
        parts = {part: getattr(self, part) or getattr(site, part, None) for part in ("task", "supervisor", "student")}
        filled = {part: _filled(spec, own) for part, spec in parts.items()}
        return make_setup(**filled, method=_filled(self.method, own), settings=self.settings)


def _filled(value: Any, own: Mapping[str, Any]) -> Any:
    """Return a part's table in which texts such as `@task` are the site's own parts."""
    if isinstance(value, str):
        return own.get(value, value)
    if isinstance(value, Mapping):
        return {name: _filled(inner, own) for name, inner in value.items()}
    return [_filled(inner, own) for inner in value] if isinstance(value, list | tuple) else value


class Region(Component):
    """Where a claim says that the mean effect over its population lies; an end that is left out is infinite."""

    kind: Literal["region"] = "region"
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _not_all(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("needs 'low' or 'high': a claim that every effect fits says nothing")
        if not self.ends[0] < self.ends[1]:
            raise ValueError(f"'low' must be below 'high', got {self.low} and {self.high}")
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends, infinite ones too."""
        return -float("inf") if self.low is None else self.low, float("inf") if self.high is None else self.high

    def excludes(self, other: "Region") -> bool:
        """Return whether no effect lies in both."""
        return self.ends[1] <= other.ends[0] or other.ends[1] <= self.ends[0]

    def __str__(self) -> str:
        if self.low is None:
            return f"below {self.high:g}"
        return f"above {self.low:g}" if self.high is None else f"{self.low:g} to {self.high:g}"


class ResearchClaim(Component):
    """A statement of the field that runs can move.

    Its effect is `sum_a weight_a outcome(arm a)` at a site. The claim says in which region the mean of the effect over
    its population lies. One that nothing here can test says what it needs, and is never proposed.
    """

    kind: Literal["claim"] = "claim"
    name: Name
    pillar: Pillar
    statement: str = Field(min_length=1, description="in words")
    source: str = Field(min_length=1, description="where it is from, such as an arXiv id")
    credence: float = Field(gt=0, lt=1, description="how far it is believed before any run of this agenda")
    reason: str = Field(min_length=1, description="of this credence")
    presupposes: tuple[Name, ...] = Field((), description="claims without which it cannot be true")
    over: tuple[str, ...] = Field((), description="its population: sites with all of these tags; none: all sites")
    outcome: AnyQuantity = Field(
        "accuracy", validate_default=True, description="the quantity measured at each arm, on the test set"
    )
    arms: tuple[Arm, ...] = ()
    region: Region | None = Field(None, description="where the mean effect lies if it is true")
    needs: str = Field("", description="what testing it needs that is not here; empty where runs here can test it")

    @model_validator(mode="after")
    def _testable_or_not(self) -> Self:
        if not self.needs and (not self.arms or self.region is None):
            raise ValueError(f"claim {self.name!r} needs 'arms' and 'region', or must say in 'needs' what it waits for")
        if self.needs and (self.arms or self.region is not None):
            raise ValueError(f"claim {self.name!r} has arms or a region although it 'needs' what is not here")
        return self

    @property
    def effect(self) -> str:
        """Names the effect: claims of one effect differ in their regions alone."""
        arms = [arm.model_dump(mode="json") for arm in self.arms]
        return canonical_json([self.outcome.model_dump(mode="json"), sorted(self.over), arms])

    def contradicts(self, other: "ResearchClaim") -> bool:
        """Return whether both speak of one effect and cannot both be true."""
        if self.region is None or other.region is None or self.effect != other.effect:
            return False
        return self.region.excludes(other.region)


class OpenQuestion(Component):
    """A question of the field, with the claims that bear on it; one without a claim is said to have none."""

    kind: Literal["question"] = "question"
    name: Name
    pillar: Pillar
    text: str = Field(min_length=1)
    claims: tuple[Name, ...] = ()
