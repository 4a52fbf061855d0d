"""How what stands for a plugin's components is made: from what was given, and from what a worker says of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from w2sg.core import Component, InputError, Method, Signal, Student, Theory, canonical_json, registry
from w2sg.isolation.declarations import Built, MethodFacts, Offered, StudentFacts, TheoryFacts
from w2sg.isolation.foreign import VARIANTS, ForeignPart, Isolated, IsolatedMethod, IsolatedStudent, plugins_of
from w2sg.isolation.session import Session
from w2sg.isolation.sources import Plugin
from w2sg.isolation.theories import IsolatedTheory

STAND_INS: Mapping[str, tuple[type[Isolated], type]] = {
    "methods": (IsolatedMethod, MethodFacts),
    "students": (IsolatedStudent, StudentFacts),
    "theories": (IsolatedTheory, TheoryFacts),
}
"""What stands for a plugin's component of a contract, and what a worker has to say of it."""


def isolated(component: Component) -> Component:
    """Return a component in whose place a worker's stands, where a part of it is a plugin's."""
    if isinstance(component, Isolated) or not isinstance(component, Method | Student | Theory):
        return component
    plugins = plugins_of(component)
    if not plugins:
        return component
    contract, table = registry.contract_of(type(component)), component.model_dump(mode="json")
    built = _build(contract, table, plugins)
    given = {"kind": built.kind, "config": _config_of(built, component)}
    if isinstance(built.facts, TheoryFacts):
        own = [entry.name for entry in registry.entries(contract) if entry.cls is type(component)]
        if built.facts.name not in own:  # under the name of another theory its answers would stand for that one's
            raise InputError(f"theory {built.kind!r} must answer under a name of its own, got {built.facts.name!r}")
        given["unit"] = built.facts.unit
    made = STAND_INS[contract][0](**given)
    made._built, made._plugins = built, tuple(plugins)
    return made


def _config_of(built: Built, component: Component) -> dict[str, Any]:
    """Return the configuration that a worker gave, which must be one of the component that was asked for.

    A plugin that gave the configuration of `naive` for its own would be listed and compared as `naive`.
    """
    foreign = {part.kind for part in component.parts() if isinstance(part, ForeignPart)}
    try:
        config = json.loads(built.config)
        kinds = {value for path, value in _leaves(config) if path == "kind"}
    except (ValueError, RecursionError, TypeError) as error:
        raise InputError(f"what a plugin gives as configuration of {component.kind!r} is unreadable: {error}") from None
    if not isinstance(config, dict) or {built.kind, config.get("kind")} != {component.kind} or not foreign <= kinds:
        raise InputError(f"what a plugin gives as configuration of {component.kind!r} is that of something else")
    return config


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else ((name, item) for item in value):
            yield from _leaves(inner, key)
    else:
        yield name, value


_known: dict[tuple[str, str, tuple[str, ...]], Built] = {}


def _build(contract: str, table: Mapping[str, Any], plugins: Sequence[Plugin]) -> Built:
    """Have a worker make a component; the same is asked once in a process."""
    key = (contract, canonical_json(table), tuple(plugin.digest for plugin in plugins))
    if key not in _known:
        session = Session(plugins)
        said = session.ask("build", contract=contract, table=table)
        session.close()
        try:
            built = Built.model_validate(said)
            if not isinstance(built.facts, STAND_INS[contract][1]):
                raise ValueError(f"these are no facts of one of the {contract}")
        except ValueError as error:  # as a ValidationError is
            names = ", ".join(plugin.name for plugin in plugins)
            raise InputError(f"{names}: what {table['kind']!r} declares breaks its contract: {error}") from None
        _known[key] = built
    return _known[key]


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
