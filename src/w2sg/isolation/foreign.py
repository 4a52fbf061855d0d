"""Components of plugins as the laboratory sees them: their configuration and what they declare, but none of their code.

A `ForeignPart` holds what was given for a component that a plugin defines. A method or a student in which such a part
stands becomes an `IsolatedMethod` or an `IsolatedStudent` as soon as it is built: a worker makes the real component,
says what its whole configuration is and what it declares, and later trains with it.
"""

import json
from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import PrivateAttr, ValidationError, model_serializer

from w2sg.core import (
    AnyTraining,
    ClassProbabilities,
    Component,
    Fit,
    FloatArray,
    InformationTier,
    InputError,
    Inputs,
    Method,
    Predictor,
    Preferences,
    ScoredSteps,
    Signal,
    Student,
    Texts,
    Trained,
    WeakView,
    canonical_json,
    registry,
)
from w2sg.isolation.declarations import Built, MethodFacts, Offered, StudentFacts, notes_of, table_of
from w2sg.isolation.session import Session, isolation_tier
from w2sg.isolation.sources import Plugin
from w2sg.isolation.wire import Trainee

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


class _Isolated(Component):
    """A component of which the laboratory has the configuration and the facts, and a worker the code."""

    kind: str
    config: dict[str, Any]
    _built: Built = PrivateAttr()
    _plugins: tuple[Plugin, ...] = PrivateAttr(())

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """The foreign code in it."""
        return self._plugins

    @model_serializer
    def _plain(self) -> dict[str, Any]:
        return self.config

    @property
    def trust_tier(self) -> str:
        """Where it does its work: in a worker."""
        return isolation_tier()

    def fingerprint(self) -> str:
        """Return a hash of all foreign code in it, with what it declares: a component in this process has another."""
        declared = self._built.model_dump_json(exclude={"modules"})
        return canonical_json(["isolated", declared, sorted(plugin.digest for plugin in self._plugins)])

    def modules(self) -> frozenset[str]:
        """Return the package's modules that stand for it here, and that it uses there."""
        used = (plugin.uses for plugin in self._plugins)
        return super().modules().union(self._built.modules, *used)


class IsolatedMethod(_Isolated, Method[Any, Any]):
    """A method that trains in a worker: with a plugin's code, and without ground truth beyond what it declared."""

    @property
    def alone(self) -> bool:
        """Its workers train one student each."""
        return True

    @property
    def signal(self) -> type[Signal]:  # type: ignore[override]  # of each method, where others have one for their class
        """The variant that it learns from."""
        return VARIANTS[self._built.variant]

    @property
    def _facts(self) -> MethodFacts:
        assert isinstance(self._built.facts, MethodFacts)
        return self._built.facts

    @property
    def requires(self) -> frozenset[str]:
        """The capabilities that the student must have."""
        return self._facts.requires

    @property
    def needs(self) -> frozenset[str]:
        """What task and supervisor must give."""
        return self._facts.needs

    @property
    def tier(self) -> InformationTier:
        """What it knows beside inputs and weak labels."""
        return self._facts.tier

    @property
    def audits(self) -> int:
        """How many gold labels it buys."""
        return self._facts.audits

    @property
    def rehearsals(self) -> int:
        """In how many parts the supervision split is dealt for it."""
        return self._facts.rehearsals

    @property
    def training_facts(self) -> Mapping[str, str]:
        """What it says of how the student is trained."""
        return self._facts.training_facts

    def train(self, view: WeakView[Any], student: Student[Any, Any], rng: np.random.Generator) -> AnyTraining[Any]:
        """Train in a worker of its own; nothing is asked of the laboratory."""
        yield from ()
        session = Session([*self._plugins, *plugins_of(student)], _files_of(student))
        said = session.ask("train", method=self, student=student, view=view, rng=rng)
        return _trained(session, said, self.signal, rng)


class IsolatedStudent(_Isolated, Student[Fit, Predictor]):
    """A student that is trained, and that answers, in a worker."""

    @property
    def alone(self) -> bool:
        """Its workers train one student each."""
        return True

    @property
    def _facts(self) -> StudentFacts:
        assert isinstance(self._built.facts, StudentFacts)
        return self._built.facts

    @property
    def capabilities(self) -> frozenset[str]:
        """What it can do."""
        return self._facts.capabilities

    @property
    def function_class(self) -> str:
        """The class of functions that it is chosen from."""
        return self._facts.function_class

    @property
    def body_frozen(self) -> bool | None:
        """Whether its features stay as they were."""
        return self._facts.body_frozen

    @property
    def ridge_penalty(self) -> float | None:
        """Its penalty, where it is ridge regression."""
        return self._facts.ridge_penalty

    @property
    def strength(self) -> float | None:
        """A number that grows with its capability."""
        return self._facts.strength

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor]:
        """Train each in a worker of its own, so that none sees what another one learns from."""
        return [self._fit(fit) for fit in fits]

    def _fit(self, fit: Fit) -> Predictor:
        start = fit.start
        session = start.session if isinstance(start, _RemotePredictor) else self._session()
        begun = start.trainee if isinstance(start, _RemotePredictor) else None
        sent = replace(fit, start=begun)  # type: ignore[arg-type]  # stands for the student that is in the worker
        return _trained(session, session.ask("fit", fit=sent), ClassProbabilities, fit.rng)  # type: ignore[return-value]

    def embed(self, corpus: Inputs, inputs: Inputs) -> FloatArray:
        """Return its features before training."""
        return _numbers(self._session().ask("embed", student=self, corpus=corpus, inputs=inputs), len(inputs))

    def scaled(self, fraction: float) -> Student[Fit, Predictor]:
        """Return a smaller version of it."""
        made = registry.build(Student, table_of(self._session().ask("scaled", student=self, fraction=fraction)))
        if not isinstance(made, IsolatedStudent) or made.kind != self.kind:
            raise InputError(f"what a plugin gives as a smaller {self.kind!r} is something else, of kind {made.kind!r}")
        return made

    def _session(self) -> Session:
        return Session(self._plugins, _files_of(self))


class _RemoteStudent(Trained[Any]):
    """A trained student that lives in a worker."""

    def __init__(self, session: Session, number: int, steps: int | None, signal: type[Signal]) -> None:
        self.session, self.trainee, self.steps, self._signal = session, Trainee(number), steps, signal

    def answer(self, inputs: Inputs) -> Signal:
        answer = self.session.ask("answer", student=self.trainee, inputs=inputs)
        self.notes = notes_of(answer["notes"])
        return self._signal.from_arrays(answer["arrays"])


class _RemotePredictor(Predictor):
    """A trained student of class probabilities that lives in a worker."""

    def __init__(self, inner: _RemoteStudent) -> None:
        self._inner = inner
        self.session, self.trainee, self.steps = inner.session, inner.trainee, inner.steps

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        signal = self._inner.answer(inputs)
        self.notes = self._inner.notes
        assert isinstance(signal, ClassProbabilities)
        return signal.probabilities

    def represent(self, inputs: Inputs) -> FloatArray:
        return _numbers(self.session.ask("represent", student=self.trainee, inputs=inputs), len(inputs))


def _trained(session: Session, said: Mapping[str, Any], signal: type[Signal], rng: np.random.Generator) -> Trained[Any]:
    """Return what a worker trained; randomness goes on where the worker left it."""
    number, steps = said["number"], said["steps"]
    if not isinstance(number, int) or not (steps is None or isinstance(steps, int)):
        raise InputError("a worker trained a student and did not say which, or in how many steps")
    rng.bit_generator.state = said["rng"]
    student = _RemoteStudent(session, number, steps, signal)
    return _RemotePredictor(student) if signal is ClassProbabilities else student


def _numbers(array: Any, n: int) -> FloatArray:
    if not isinstance(array, np.ndarray) or array.ndim != 2 or len(array) != n or array.dtype.kind != "f":
        raise InputError(f"features must be numbers of shape ({n}, d), got {getattr(array, 'shape', type(array))}")
    return array


def plugins_of(component: Component) -> list[Plugin]:
    """Return the isolated foreign code in a component and its parts."""
    parts = list(component.parts())
    plugins = [plugin for part in parts if isinstance(part, _Isolated) for plugin in part.plugins]
    return list(dict.fromkeys(plugins + [part.plugin for part in parts if isinstance(part, ForeignPart)]))


def isolated(component: Component) -> Component:
    """Return a component in whose place a worker's stands, where a part of it is a plugin's."""
    if isinstance(component, _Isolated) or not isinstance(component, Method | Student):
        return component
    plugins = plugins_of(component)
    if not plugins:
        return component
    contract, table = registry.contract_of(type(component)), component.model_dump(mode="json")
    built = _build(contract, table, plugins)
    cls = IsolatedMethod if contract == "methods" else IsolatedStudent
    made = cls(kind=built.kind, config=_config_of(built, component))
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
            _known[key] = Built.model_validate(said)
        except ValidationError as error:
            names = ", ".join(plugin.name for plugin in plugins)
            raise InputError(f"{names}: what {table['kind']!r} declares breaks its contract: {error}") from None
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
    if issubclass(contract, Method | Student):
        namespace["signal"] = VARIANTS[said.variant]
        namespace["__annotations__"]["signal"] = ClassVar[type[Signal]]
    return type(f"Foreign_{kind}".replace("-", "_"), (ForeignPart, contract), namespace)


def _files_of(component: Component) -> list[Path]:
    """Return what the package's own components read; foreign ones name no files, or they could name any."""
    return [path for part in component.parts() if not isinstance(part, _Isolated) for path in part.reads()]
