"""Components of plugins as the laboratory sees them: their configuration and what they declare, but none of their code.

A `ForeignPart` holds what was given for a component that a plugin defines. A method, student or theory in which such a
part stands becomes an `IsolatedMethod`, `IsolatedStudent` or `IsolatedTheory` as soon as it is built: a worker makes
the real component, says what its whole configuration is and what it declares, and later does its work.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import PrivateAttr, model_serializer

from w2sg.core import (
    Answer,
    AnyTraining,
    ClassProbabilities,
    Component,
    Fit,
    FloatArray,
    Hypothesis,
    InformationTier,
    InfoSet,
    InputError,
    Inputs,
    Method,
    Observables,
    Predictor,
    Signal,
    Student,
    Target,
    Theory,
    Trained,
    WeakView,
    canonical_json,
    registry,
)
from w2sg.isolation.declarations import Built, MethodFacts, StudentFacts, TheoryFacts, answer_of, notes_of, table_of
from w2sg.isolation.parts import VARIANTS, ForeignPart
from w2sg.isolation.session import Session, isolation_tier
from w2sg.isolation.sources import Plugin
from w2sg.isolation.wire import Trainee


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


class IsolatedTheory(_Isolated, Theory):
    """A theory that predicts in a worker, which has neither store nor task, and is not told which run it speaks of."""

    @property
    def _facts(self) -> TheoryFacts:
        assert isinstance(self._built.facts, TheoryFacts)
        return self._built.facts

    @property
    def name(self) -> str:
        """The name of its answers."""
        return self._facts.name

    @property
    def target(self) -> Target:  # type: ignore[override]  # of each theory, where others have one for their class
        """What it predicts."""
        return self._facts.target

    @property
    def says(self) -> Literal["value", "at least", "at most"]:  # type: ignore[override]
        """Whether it predicts the target itself, or bounds it."""
        return self._facts.says

    @property
    def baseline(self) -> bool:  # type: ignore[override]
        """Whether it is a plain number that theories have to beat."""
        return self._facts.baseline

    @property
    def observed(self) -> tuple[str, ...]:
        """Names of observables that it needs."""
        return self._facts.observed

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:  # type: ignore[override]
        """What it takes for granted; the checks are in the worker."""
        return tuple(Hypothesis(one.name, one.statement, InfoSet[one.info]) for one in self._facts.hypotheses)

    def formula(self, at: Mapping[str, float]) -> float:
        """Refuse: the formula is in the worker."""
        raise InputError(
            f"{self.kind!r} is code of a plugin and runs in workers only: ask it by predict or predict_many"
        )

    def predict_many(self, seen: Sequence[Observables], level: float = 0.9) -> list[Answer]:
        """Return what it answers to several runs, all asked of one worker.

        A run's name is the key of its score in the store. So the worker is given a number in its place.
        """
        if not seen:
            return []
        unnamed = [replace(one, run=str(place)) for place, one in enumerate(seen)]
        session = Session(self.plugins)
        said = session.ask("predict", theory=self, seen=[one.to_dict() for one in unnamed], level=level)
        session.close()
        if not isinstance(said, list) or len(said) != len(seen):
            raise InputError(
                f"theory {self.kind!r} must give {len(seen)} answers, one for each run that it was asked of"
            )
        answers = [answer_of(plain, self, one, level) for plain, one in zip(said, unnamed, strict=True)]
        return [replace(answer, run=one.run) for answer, one in zip(answers, seen, strict=True)]


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


STAND_INS: Mapping[str, tuple[type[_Isolated], type]] = {
    "methods": (IsolatedMethod, MethodFacts),
    "students": (IsolatedStudent, StudentFacts),
    "theories": (IsolatedTheory, TheoryFacts),
}
"""What stands for a plugin's component of a contract, and what a worker has to say of it."""


def isolated(component: Component) -> Component:
    """Return a component in whose place a worker's stands, where a part of it is a plugin's."""
    if isinstance(component, _Isolated) or not isinstance(component, Method | Student | Theory):
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


def _files_of(component: Component) -> list[Path]:
    """Return what the package's own components read; foreign ones name no files, or they could name any."""
    return [path for part in component.parts() if not isinstance(part, _Isolated) for path in part.reads()]
