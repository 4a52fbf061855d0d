"""A factor study: a study whose setups are tried at the levels of factors, declared in one file."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, SerializeAsAny, model_validator

from w2sg.core import ConfigError, component_field, registry
from w2sg.desiderata import AnyDesideratum, RunQuantity
from w2sg.factors.contract import GAIN, GAP, STUDENT, Factor
from w2sg.factors.designs import Adaptive, FactorDesign, OneAtATime
from w2sg.factors.outcomes import FactorOutcome
from w2sg.lab import Study

AnyFactor = Annotated[SerializeAsAny[Factor], *component_field(Factor, "a factor: its name, or a table with 'kind'")]
AnyDesign = Annotated[
    SerializeAsAny[FactorDesign], *component_field(FactorDesign, "a design: its name, or a table with 'kind'")
]
Name = Annotated[str, Field(min_length=1)]


class FactorStudy(Study):
    """A study with factors: each of its setups is tried at the points of a design.

    `[[factors]]` are names of the catalogue or tables, `[design]` says which combinations of their levels are tried.
    Outcomes are the gain, the accuracy of the student and the gap, and the margins of `[desiderata]`. `w2sg optimise`
    chooses on the tasks named in `choosing`, and tells the verdict on those in `left_out`.
    """

    design: AnyDesign = Field(OneAtATime(), description="which combinations of levels are tried")
    factors: tuple[AnyFactor, ...] = Field(min_length=1, description="what is turned")
    desiderata: dict[Name, AnyDesideratum] = Field(
        {}, description="what is required: its margins are outcomes, by the name to show"
    )
    choosing: tuple[str, ...] = Field((), description="tasks by name on which 'w2sg optimise' chooses settings")
    left_out: tuple[str, ...] = Field((), description="tasks on which the chosen settings are judged")

    @model_validator(mode="after")
    def _told_apart(self) -> "FactorStudy":
        names = [factor.name for factor in self.factors]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ConfigError([(("factors",), f"two factors are called {twice[0]!r}: give one of them a title")])
        if isinstance(self.seeds, str):
            raise ConfigError([(("seeds",), "must be a number or a list: a design is tried under the same seeds")])
        if both := sorted(set(self.choosing) & set(self.left_out)):
            raise ConfigError([(("left_out",), f"{both[0]!r} is among 'choosing' too: a task is one or the other")])
        if taken := sorted({GAIN, STUDENT, GAP} & set(self.desiderata)):
            raise ConfigError([(("desiderata", taken[0]), "is an outcome of every factor study: take another name")])
        known = [GAIN, STUDENT, GAP, *self.desiderata]
        if isinstance(self.design, Adaptive) and self.design.outcome not in known:
            rule = f"must name an outcome of the study, {', '.join(known)}; got {self.design.outcome!r}"
            raise ConfigError([(("design", "outcome"), rule)])
        return self

    def outcomes(self) -> Sequence[FactorOutcome]:
        """Return what factors are to move."""
        student = {"kind": "accuracy", "of": "student"}
        own = [
            FactorOutcome.of_quantity(GAIN, registry.build(RunQuantity, "gain")),
            FactorOutcome.of_quantity(STUDENT, registry.build(RunQuantity, student)),
            FactorOutcome.of_quantity(GAP, registry.build(RunQuantity, "gap")),
        ]
        return [*own, *(FactorOutcome(name, one) for name, one in self.desiderata.items())]
