"""What stands here for a component that a plugin defines: what was given for it, and none of its code."""

from abc import ABC
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import model_serializer

from w2sg.core import (
    ClassProbabilities,
    Component,
    InputError,
    Method,
    Preferences,
    ScoredSteps,
    Signal,
    Student,
    Texts,
)
from w2sg.isolation.declarations import Offered
from w2sg.isolation.sources import Plugin

VARIANTS: Mapping[str, type[Signal]] = {
    signal.variant: signal for signal in (ClassProbabilities, Texts, Preferences, ScoredSteps)
}
"""The variants of signal that a plugin's method can learn from in a worker: the package's own."""


class ForeignPart(Component, ABC):
    """What was given for a component whose class only a worker knows."""

    plugin: ClassVar[Plugin]
    schema_of_worker: ClassVar[Mapping[str, Any]] = {}

    @model_serializer
    def _given(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}
        plain = {name: v.model_dump(mode="json") if isinstance(v, Component) else v for name, v in values.items()}
        return {**plain, "kind": self.kind}

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        """Return the schema that the worker gave."""
        return dict(cls.schema_of_worker)


def part_class(contract: type[Component], plugin: Plugin, said: Offered) -> type[ForeignPart]:
    """Return a class that holds what is given for a kind of component that a plugin defines."""

    def elsewhere(self: Component, *_: Any, **__: Any) -> Any:
        raise InputError(f"{self.kind!r} is code of a plugin and runs in workers only: use it in a method or student")

    kind, schema = said.kind, said.table("schema_text")
    fields = {name: value for name, value in said.table("defaults").items() if name != "kind"}
    needed = [name for name in said.needed if name != "kind"]
    taken = [name for name in (*needed, *fields) if not name.isidentifier() or hasattr(contract, name)]
    if taken:
        raise ValueError(f"{kind!r} has fields that cannot be such: {', '.join(taken)[:200]}")
    namespace: dict[str, Any] = {
        **{name: elsewhere for name in contract.__abstractmethods__},
        **fields,
        "__module__": __name__,
        "__doc__": said.doc,
        "__annotations__": {
            "kind": Literal[kind],
            **dict.fromkeys([*needed, *fields], Any),
            "plugin": ClassVar[Plugin],
            "version": ClassVar[int],
            "schema_of_worker": ClassVar[Mapping[str, Any]],
        },
        "kind": kind,
        "plugin": plugin,
        "version": said.version,
        "schema_of_worker": schema,
    }
    # What the contract has for a field and the plugin's class has not, such as the unit of a theory, is no field here.
    for name in set(contract.model_fields) - {"kind", *needed, *fields}:
        namespace[name], namespace["__annotations__"][name] = None, ClassVar[Any]
    if issubclass(contract, Method | Student):
        namespace["signal"] = VARIANTS[said.variant]
        namespace["__annotations__"]["signal"] = ClassVar[type[Signal]]
    return type(f"Foreign_{kind}".replace("-", "_"), (ForeignPart, contract), namespace)
