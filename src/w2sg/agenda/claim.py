"""Claims as data: what is said of the effect that something has, over which setups, and how far it is believed."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializeAsAny, model_validator

from w2sg.agenda.predictions import Predicted, Region
from w2sg.core import Component, Task, canonical_json, component_field, registry
from w2sg.desiderata import AnyDesideratum, AnyQuantity, Desideratum, RunQuantity
from w2sg.factors import Factor
from w2sg.lab import Setting, make_setup

Pillar = Literal["strategy", "desiderata", "theory", "framework", "interfaces"]
"""What a claim or a question is about: how to choose what to study, what is required, what is predicted, what is
measured, and how people and programs work with it."""
Part = str | dict[str, Any] | None
AnyFactor = Annotated[SerializeAsAny[Factor], *component_field(Factor, "a factor: its name, or a table with 'kind'")]
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
    """A setting of a site: its parts or fields as they are changed, or a level of a factor, and its weight."""

    kind: Literal["arm"] = "arm"
    weight: float = Field(description="of its outcome in the effect; 1 and -1 make a difference")
    task: Part = None
    supervisor: Part = None
    student: Part = None
    method: Part = Field(None, description="none: the task's default")
    settings: dict[str, Any] = Field(default_factory=dict, description="values by dotted path")
    factor: AnyFactor | None = Field(None, description="a factor that is turned then: see 'w2sg list factors'")
    level: str = Field("", description="the level of the factor, by its name")

    @model_validator(mode="after")
    def _a_level_of_a_factor(self) -> Self:
        if self.factor is None and self.level:
            raise ValueError(f"'level' goes with a 'factor', got level {self.level!r} alone")
        if self.factor is not None and self.level not in self.factor.level_names:
            names = ", ".join(self.factor.level_names)
            raise ValueError(f"'level' must be one of factor {self.factor.name!r}: {names}; got {self.level!r}")
        return self

    def setting(self, site: Site) -> Setting:
        """Return the arm's setup at a site, and the test set that it is read on.

        Raises:
            ConfigError: If a part is unknown or has no such field.
            CapabilityError: If the parts do not fit each other, or the factor does not fit them.
        """
        task = registry.build(Task, site.task)
        supervisor, student = site.supervisor or task.default_supervisor, site.student or task.default_student
        own = {f"{OWN}task": site.task, f"{OWN}supervisor": supervisor, f"{OWN}student": student}
        parts = {part: getattr(self, part) or getattr(site, part, None) for part in ("task", "supervisor", "student")}
        filled = {part: _filled(spec, own) for part, spec in parts.items()}
        setup = make_setup(**filled, method=_filled(self.method, own), settings=self.settings)
        if self.factor is None:
            return Setting("", 0.0, setup)
        return self.factor.settings(setup)[self.factor.level_names.index(self.level)]


def _filled(value: Any, own: Mapping[str, Any]) -> Any:
    """Return a part's table in which texts such as `@task` are the site's own parts."""
    if isinstance(value, str):
        return own.get(value, value)
    if isinstance(value, Mapping):
        return {name: _filled(inner, own) for name, inner in value.items()}
    return [_filled(inner, own) for inner in value] if isinstance(value, list | tuple) else value


class ResearchClaim(Component):
    """A statement of the field that runs can move.

    Its effect is `sum_a weight_a outcome(arm a)` at a site. The claim says in which region the mean of the effect over
    its population lies, or how it is distributed. One that nothing here can test says what it needs, and is never
    proposed.
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
    margin: AnyDesideratum | None = Field(
        None, description="instead of 'outcome', a requirement or a tree of them: how far inside it runs are"
    )
    arms: tuple[Arm, ...] = ()
    region: Region | None = Field(None, description="where the mean effect lies if it is true")
    predicts: Predicted | None = Field(None, description="instead of 'region', how the mean effect is distributed")
    needs: str = Field("", description="what testing it needs that is not here; empty where runs here can test it")

    @model_validator(mode="after")
    def _testable_or_not(self) -> Self:
        if self.region is not None and self.predicts is not None:
            raise ValueError(f"claim {self.name!r} has a region and predicts a distribution: it says one of both")
        if self.margin is not None and "outcome" in self.model_fields_set:
            raise ValueError(f"claim {self.name!r} has an outcome and a margin: it is about one of both")
        if not self.needs and (not self.arms or self.says is None):
            rule = "needs 'arms' and one of 'region' and 'predicts', or must say in 'needs' what it waits for"
            raise ValueError(f"claim {self.name!r} {rule}")
        if self.needs and (self.arms or self.says is not None):
            raise ValueError(f"claim {self.name!r} has arms or a region although it 'needs' what is not here")
        return self

    @property
    def says(self) -> Region | Predicted | None:
        """What it says of the mean effect; None where it cannot be tested here."""
        return self.region or self.predicts

    @property
    def measured(self) -> RunQuantity | Desideratum:
        """What is measured at each arm: the quantity, or the requirement whose margin it is about."""
        return self.margin or self.outcome

    @property
    def effect(self) -> str:
        """Names the effect: claims of one effect differ in what they say of it alone."""
        arms = [_told(arm, "factor", "level") for arm in self.arms]
        return canonical_json([self.measured.model_dump(mode="json"), sorted(self.over), arms])

    def contradicts(self, other: "ResearchClaim") -> bool:
        """Return whether both name regions of one effect and cannot both be true."""
        if self.region is None or other.region is None or self.effect != other.effect:
            return False
        return self.region.excludes(other.region)


def _told(arm: Arm, *only_if_given: str) -> dict[str, Any]:
    """Return an arm as plain data, without fields that older arms do not have and this one does not use."""
    plain = arm.model_dump(mode="json")
    return {name: value for name, value in plain.items() if value or name not in only_if_given}


class OpenQuestion(Component):
    """A question of the field, with the claims that bear on it; one without a claim is said to have none."""

    kind: Literal["question"] = "question"
    name: Name
    pillar: Pillar
    text: str = Field(min_length=1)
    claims: tuple[Name, ...] = ()
