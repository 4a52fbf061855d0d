"""What a step is: a pure function of its components, the artifacts of other steps, its seed and its code.

Everything that costs time and should be kept is a step: weak labels, a trained student, a score, what a theory
observes of a run, a certificate. A step is a component, so it is data: it can be hashed, sent to another process and
made again by name. This room knows no task and no method; it knows steps.
"""

import json
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from pydantic import Field

from w2sg.core import AnyArray, Component, InputError, contract, registry

REFUSED = "refused"
"""Under this name the record of an artifact says why a step's components do not fit its data."""


@dataclass(frozen=True, eq=False)
class Artifact:
    """What a step made.

    Attributes:
        arrays: Arrays by name; numbers and booleans only, so that no file ever needs pickle.
        record: What else there is to say, as JSON: metrics, notes, seconds.

    Raises:
        InputError: If an array holds objects, or the record is no JSON: said here, it is the failure of the step that
            made it.
    """

    arrays: Mapping[str, AnyArray] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, array in self.arrays.items():
            if array.dtype.hasobject:
                raise InputError(f"array {name!r} of an artifact holds objects: give numbers, booleans or plain texts")
        try:
            json.dumps(dict(self.record))
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(f"the record of an artifact is no JSON: {error}") from error


@dataclass(frozen=True)
class Listing:
    """How a finished step is listed in the store: under what it is about, and with what can be filtered and sorted by.

    Attributes:
        about: What was tried, whatever the seed: kept once for all seeds.
        shown: Short texts and numbers by name; None where there is no number.
    """

    about: Component
    shown: Mapping[str, str | int | float | None]


Inputs = Mapping[str, Artifact]
"""The artifacts of a step's inputs, by the names under which `Step.inputs` gives them."""


@contract("steps")
class Step(Component):
    """One thing to be computed; subclass it, register the class, and the graph keeps, resumes and spreads the work.

    Fields that are steps are the step's inputs; all other fields are its own configuration. The key of the artifact is
    the hash of this configuration, the keys of the inputs, the code that defines the step and its components, the files
    they read and the versions of the numerical libraries (`w2sg.graph.keys`).
    """

    can_do_without: ClassVar[frozenset[str]] = frozenset()
    """Names of inputs that may have refused: the step is then computed, and finds the refusal in their record."""

    seed: int = Field(0, ge=0, description="decides all randomness of the step")

    def inputs(self) -> Mapping[str, "Step"]:
        """Return the steps whose artifacts this one needs, by name."""
        values = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: value for name, value in values if isinstance(value, Step)}

    @property
    def place(self) -> str:
        """What the step's data are: steps of one place are given to the same worker and share what is loaded there."""
        return ""

    @property
    def batch(self) -> str | None:
        """Names the steps that are computed in one call of `compute_many`; None is computed by itself."""
        return None

    @abstractmethod
    def compute(self, inputs: Inputs) -> Artifact:
        """Make the artifact.

        Raises:
            CapabilityError: If the components do not fit the data; kept as a refusal, and not tried again.
        """

    @classmethod
    def compute_many(cls, steps: Sequence[Self], inputs: Sequence[Inputs]) -> Sequence["Artifact | Exception"]:
        """Make the artifacts of steps of one batch; what went wrong with one of them stands in its place.

        An error that is raised, and not returned, spoils all of them: the steps are then computed one by one.
        """
        return [step.compute(given) for step, given in zip(steps, inputs, strict=True)]

    def listing(self, artifact: Artifact) -> Listing | None:
        """Return how the finished step is listed; None for steps that nobody looks up."""
        return None

    def refused_listing(self, reason: str) -> Listing | None:
        """Return how the step is listed where its components do not fit its data; None lists it not at all."""
        return None

    def title(self) -> str:
        """Return what messages call this step."""
        return f"{self.kind}, seed {self.seed}"


def trust_of(step: Step, read: Sequence[Artifact]) -> dict[str, Any]:
    """Return where a step's artifact was made, for its record.

    `tier` is the trust tier of the components that made it and what it was made from. `beside` names the modules with
    foreign code that ran in this process meanwhile, or did so when something that the step reads was made: code that
    runs beside ground truth could have told it to whatever a worker is kept from it, so the tier is then T0.
    """
    told = [registry.foreign_code(), *(artifact.record.get("trust", {}).get("beside", ()) for artifact in read)]
    beside = sorted({name for names in told for name in names})
    return {"tier": "T0" if beside else max(part.trust_tier for part in step.parts()), "beside": beside}


_at_work: ContextVar[Sequence[Step]] = ContextVar("at_work", default=())


@contextmanager
def on_behalf_of(*steps: Step) -> Iterator[None]:
    """Attribute the releases inside to these steps: a step that computes many says so which of them gold is for."""
    token = _at_work.set(steps)
    try:
        yield
    finally:
        _at_work.reset(token)


def steps_at_work() -> Sequence[Step]:
    """Return the steps that the work now done is for."""
    return _at_work.get()


def topological(steps: Sequence[Step]) -> list[Step]:
    """Return steps and all their inputs, each object once, inputs before what reads them."""
    order: dict[int, Step] = {}

    def visit(step: Step) -> None:
        if id(step) not in order:
            for inner in step.inputs().values():
                visit(inner)
            order[id(step)] = step

    for step in steps:
        visit(step)
    return list(order.values())


def packed(steps: Sequence[Step]) -> dict[str, Any]:
    """Return steps as plain data for another process: every step and every component of one stands in it once.

    Steps of one study share most of their parts. Packed like this they are far smaller than the sum of their JSON
    texts, and in the other process the parts are shared objects again, whose digests are computed once.
    """
    parts: list[dict[str, Any]] = []
    places: dict[int, int] = {}

    def place_of(component: Component) -> int:
        if id(component) not in places:
            content = (
                {"fields": {name: field_of(component, name) for name in type(component).model_fields}}
                if isinstance(component, Step)
                else {"plain": component.model_dump(mode="json")}
            )
            places[id(component)] = len(parts)
            parts.append({"of": registry.contract_of(type(component)), "kind": component.kind, **content})
        return places[id(component)]

    def field_of(step: Step, name: str) -> dict[str, Any]:
        value = getattr(step, name)
        if isinstance(value, Component):
            return {"part": place_of(value)}
        if isinstance(value, tuple) and value and all(isinstance(item, Component) for item in value):
            return {"parts": [place_of(item) for item in value]}
        return {"plain": step.model_dump(mode="json", include={name})[name]}

    return {"steps": [place_of(step) for step in steps], "parts": parts}


def unpacked(plain: Mapping[str, Any]) -> list[Step]:
    """Return the steps that were packed; plugins that define their classes must be loaded before."""
    parts: list[Any] = []

    def value_of(packed_field: Mapping[str, Any]) -> Any:
        if "part" in packed_field:
            return parts[packed_field["part"]]
        if "parts" in packed_field:
            return tuple(parts[place] for place in packed_field["parts"])
        return packed_field["plain"]

    for part in plain["parts"]:  # what a part holds was packed before it
        cls = registry.lookup(part["of"], part["kind"]).cls
        fields = part["plain"] if "plain" in part else {name: value_of(held) for name, held in part["fields"].items()}
        parts.append(cls.model_validate(fields))
    return [parts[place] for place in plain["steps"]]
