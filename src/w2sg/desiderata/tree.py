"""Requirements and the logic that joins them: a specification is a tree of these."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from w2sg.core import ConfigError, register
from w2sg.desiderata.contract import AnyDesideratum, AnyQuantity, Desideratum, Information
from w2sg.desiderata.populations import Population

Over = Literal[
    "groups",
    "shifts",
    "tests",
    "rewordings",
    "quarters of difficulty",
    "quarters of confidence",
    "seeds",
    "worse supervisors",
    "equal supervisors",
]


@register()
class Requirement(Desideratum):
    """A quantity on a population is above, or below, a number; or that far from what it is on another population.

    It is violated where the quantity is not strictly beyond the number: a student that copies its supervisor has a gain
    of exactly 0, which is not above 0.
    """

    kind: Literal["requirement"] = "requirement"
    quantity: AnyQuantity = Field(description="what is required to be large or small")
    above: float | None = Field(None, description="met if the quantity is above it; one of 'above' and 'below'")
    below: float | None = Field(None, description="met if the quantity is below it")
    on: Population = Field(Population(), description="the inputs it speaks of")
    than: Population | None = Field(None, description="other inputs, on which the quantity is subtracted")
    information: Information = Field("S1", description="'S0' no label of a test set, 'S1' bought ones, 'S2' all")
    weight: float = Field(1.0, gt=0, description="its part of delta, in relation to the others' that share it")

    @model_validator(mode="after")
    def _one_relation(self) -> "Requirement":
        if (self.above is None) == (self.below is None):
            raise ValueError("a requirement has one of 'above' and 'below': give one number")
        return self

    @property
    def title(self) -> str:
        """What it asks, in words."""
        relation = "above" if self.above is not None else "below"
        where = f" {self.on.title}" if self.on.title else ""
        than = "" if self.than is None else f", less what it is {self.than.title or 'on test'},"
        return f"{self.quantity.title}{where}{than} {relation} {self.threshold:g}"

    @property
    def terms(self) -> Sequence[tuple[Literal[1, -1], Population]]:
        """The populations on which the quantity is added and subtracted."""
        return [(1, self.on)] if self.than is None else [(1, self.on), (-1, self.than)]

    @property
    def threshold(self) -> float:
        """The number that decides."""
        number = self.above if self.above is not None else self.below
        assert number is not None
        return number

    @property
    def sign(self) -> Literal[1, -1]:
        """1 where more is required, -1 where less is."""
        return 1 if self.above is not None else -1


@register()
class Conjunction(Desideratum):
    """All of several requirements."""

    kind: Literal["all"] = "all"
    of: tuple[AnyDesideratum, ...] = Field(min_length=1)

    @property
    def title(self) -> str:
        """The word."""
        return "all of these"

    @property
    def children(self) -> Sequence[Desideratum]:
        """What must all be met."""
        return self.of


@register()
class AtLeast(Desideratum):
    """At least so many of several requirements; one is `any`."""

    kind: Literal["at-least"] = "at-least"
    count: int = Field(1, ge=1, description="how many must be met")
    of: tuple[AnyDesideratum, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _not_more_than_there_are(self) -> "AtLeast":
        if self.count > len(self.of):
            raise ValueError(f"'count' must be at most the number of requirements, {len(self.of)}, got {self.count}")
        return self

    @property
    def title(self) -> str:
        """How many."""
        return f"at least {self.count} of these"

    @property
    def children(self) -> Sequence[Desideratum]:
        """What is counted."""
        return self.of


@register()
class Not(Desideratum):
    """The opposite of a requirement."""

    kind: Literal["not"] = "not"
    what: AnyDesideratum

    @property
    def title(self) -> str:
        """The word."""
        return "not"

    @property
    def children(self) -> Sequence[Desideratum]:
        """What must not be."""
        return (self.what,)


@register()
class Implies(Desideratum):
    """If one requirement is met, another is: met as well where the first is violated."""

    kind: Literal["implies"] = "implies"
    premise: AnyDesideratum = Field(description="what is supposed")
    then: AnyDesideratum = Field(description="what must follow")

    @property
    def title(self) -> str:
        """The words."""
        return "if the first, then the second"

    @property
    def children(self) -> Sequence[Desideratum]:
        """The premise and what follows."""
        return (self.premise, self.then)


@register()
class Untestable(Desideratum):
    """A requirement that nothing here can test: it stays undecided, and says why."""

    kind: Literal["untestable"] = "untestable"
    why: str = Field(min_length=1, description="why there is no test, and what to do")

    @property
    def title(self) -> str:
        """The word."""
        return "untestable"


@register()
class ForAll(Desideratum):
    """A requirement in every group, under every shift, in every quarter, for every seed or supervisor of a study.

    Rewordings are test sets that ask rows of the test set otherwise: pairs in the other order, images with noise.
    Over supervisors, `other` is the student of a setup that differs in its supervisor alone: a worse one, or one that
    is right as often (within .02).
    """

    kind: Literal["for-all"] = "for-all"
    over: Over = Field(description="over what")
    require: AnyDesideratum

    @model_validator(mode="after")
    def _nothing_is_said_twice(self) -> "ForAll":
        inner = [part for part in self.require.walk() if isinstance(part, ForAll)]
        if any(part.over == self.over for part in inner):
            raise ConfigError([(("require",), f"'for-all' over {self.over!r} stands inside another: give it once")])
        return self

    @property
    def title(self) -> str:
        """Over what."""
        return f"for all {self.over}"

    @property
    def children(self) -> Sequence[Desideratum]:
        """What must hold everywhere."""
        return (self.require,)
