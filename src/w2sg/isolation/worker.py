"""The worker's side: held to its allowance first, it loads foreign code, works with it, and answers.

Nothing here has ever held ground truth beyond what a question brought: a view with weak labels, and the audits and
supervision labels that the method declared. There is no task, no vault, no store and no seed.
"""

import importlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from w2sg.core import (
    CapabilityError,
    ClassProbabilities,
    Component,
    ConfigError,
    InputError,
    Method,
    Observables,
    Signal,
    Student,
    Theory,
    Trained,
    attempt,
    canonical_json,
    registry,
    run_together,
)
from w2sg.isolation.allowance import Allowance
from w2sg.isolation.declarations import MethodFacts, StudentFacts, TheoryFacts
from w2sg.isolation.guard import hold_inside_python
from w2sg.isolation.rules import TRAINING
from w2sg.isolation.sandbox import enter_sandbox
from w2sg.isolation.wire import Packer, Unpacker, state_of

OUTPUT = "output"
"""The file in its scratch folder in which a worker's output ends."""


@dataclass(frozen=True)
class Order:
    """A plugin to load: its module, found in a folder if one is said, or its file, where it is not installed."""

    module: str
    file: str = ""
    folder: str = ""


def serve(connection: Connection, allowance: Allowance, orders: Sequence[Order]) -> None:
    """Answer questions until the other side hangs up."""
    _forget_surroundings(connection, allowance)
    if allowance.tier == "T2":
        enter_sandbox(allowance)
    hold_inside_python(allowance)
    packer = Packer()
    connection.send_bytes(packer.packed({"answer": "held"}))
    answers = _Answers(orders)
    unpacker = Unpacker(answers.trained)
    while True:
        try:
            content = connection.recv_bytes()
        except (EOFError, OSError):
            return
        connection.send_bytes(packer.packed(_answered(answers, unpacker, content)))


def _answered(answers: "_Answers", unpacker: Unpacker, content: bytes) -> dict[str, Any]:
    def work() -> Any:
        answers.load()  # before components of plugins are made of what the message says
        asked = unpacker.unpacked(content)
        return getattr(answers, asked.pop("what"))(**asked)

    answer = attempt(work)
    if not isinstance(answer, Exception):
        return {"answer": answer}
    known = (CapabilityError, ConfigError, InputError)
    name = next((cls.__name__ for cls in known if isinstance(answer, cls)), type(answer).__name__)
    paths = answer.problems if isinstance(answer, ConfigError) else []
    return {"error": name, "text": str(answer), "paths": [[list(path), text] for path, text in paths]}


def _forget_surroundings(connection: Connection, allowance: Allowance) -> None:
    """Leave what a worker inherits: the terminal, open files, the current folder, and where it finds modules."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the laboratory's, which then ends its workers
    os.environ.update(HOME=allowance.scratch, TMPDIR=allowance.scratch)
    os.chdir(allowance.scratch)
    if sys.platform != "win32":
        os.setsid()  # without a terminal nothing can be typed into it
        # The pipes of multiprocessing's own servers are shared with the laboratory and with other workers.
        os.closerange(3, connection.fileno())
        os.closerange(connection.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for ours, theirs in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(ours, theirs)
    os.close(nothing)
    os.close(written)
    sys.path[:] = [path for path in sys.path if allowance.may_list(os.path.realpath(path))]
    sys.dont_write_bytecode = True


class _Answers:
    """What can be asked of a worker; each public method is a question."""

    def __init__(self, orders: Sequence[Order]) -> None:
        self._waiting = list(orders)
        self._registered: list[registry.Entry] = []
        self._trained: list[Trained[Any]] = []

    def load(self) -> None:
        """Load the plugins, the first time."""
        if not self._waiting:
            return
        orders, self._waiting = self._waiting, []
        registry.leave_out(set(registry.contracts()) - set(TRAINING))
        for order in orders:
            if order.file:
                registry.load_plugin(order.file)
            else:
                sys.path += [order.folder] if order.folder else []
                importlib.import_module(order.module)
        self._registered = [entry for entry in registry.registered() if not entry.origin.startswith("w2sg.")]

    def trained(self, number: int) -> Trained[Any]:
        """Return a student that this worker trained."""
        return self._trained[number]

    def describe(self) -> list[dict[str, Any]]:
        """Return what the plugins registered."""
        return [_described(entry) for entry in self._registered]

    def build(self, contract: str, table: Mapping[str, Any]) -> dict[str, Any]:
        """Make a component and return its whole configuration, and what it declares."""
        component = registry.build(contract, table)
        assert isinstance(component, Method | Student | Theory)
        modules = {cls.__module__ for part in component.parts() for cls in type(part).__mro__}
        return {
            "kind": component.kind,
            "config": canonical_json(component.model_dump(mode="json")),
            "variant": "" if isinstance(component, Theory) else component.signal.variant,
            "versions": [f"{part.kind} {type(part).version}" for part in component.parts()],
            "modules": sorted(name for name in modules if name.startswith("w2sg.")),
            "facts": _facts_of(component),
        }

    def train(self, method: Method[Any, Any], student: Student[Any, Any], view: Any, rng: Any) -> dict[str, Any]:
        """Train by a method."""
        return self._keep(run_together([method.train(view, student, rng)])[0], rng)

    def fit(self, fit: Any) -> dict[str, Any]:
        """Train one student."""
        return self._keep(fit.student.fit(fit), fit.rng)

    def _keep(self, trained: Any, rng: Any) -> dict[str, Any]:
        if not isinstance(trained, Trained):
            raise InputError(f"a method must return a trained student, got {type(trained).__name__}")
        self._trained.append(trained)
        return {"number": len(self._trained) - 1, "steps": trained.steps, "rng": state_of(rng)}

    def answer(self, student: Trained[Any], inputs: Any) -> dict[str, Any]:
        """Return a trained student's answers, and its notes."""
        given = student.answer(inputs)
        if not isinstance(given, Signal):
            raise InputError(f"a student must answer with a signal, got {type(given).__name__}")
        return {"arrays": given.arrays(), "notes": canonical_json(dict(student.notes))}

    def represent(self, student: Any, inputs: Any) -> Any:
        """Return the features that a trained student's last layer reads."""
        return student.represent(inputs)

    def embed(self, student: Student[Any, Any], corpus: Any, inputs: Any) -> Any:
        """Return the features of a student before training."""
        return student.embed(corpus, inputs)

    def predict(self, theory: Theory, seen: Sequence[Mapping[str, Any]], level: float) -> list[dict[str, Any]]:
        """Return what a theory says of what was observed."""
        answers = theory.predict_many([Observables.from_dict(one) for one in seen], level)
        return [answer.to_dict() for answer in answers]

    def scaled(self, student: Student[Any, Any], fraction: float) -> str:
        """Return the configuration of a smaller version of a student."""
        return canonical_json(student.scaled(fraction).model_dump(mode="json"))


def _facts_of(component: Method[Any, Any] | Student[Any, Any] | Theory) -> dict[str, Any]:
    if not isinstance(component, Theory):
        facts = MethodFacts if isinstance(component, Method) else StudentFacts
        return {name: getattr(component, name) for name in facts.model_fields}
    hypotheses = [{"name": one.name, "statement": one.statement, "info": one.info.name} for one in component.hypotheses]
    plain = {name: getattr(component, name) for name in TheoryFacts.model_fields if name != "hypotheses"}
    return {**plain, "hypotheses": hypotheses}


def _described(entry: registry.Entry) -> dict[str, Any]:
    cls = entry.cls
    own = not cls.__module__.startswith("w2sg.")
    fields = {name: _plain(field.default) for name, field in cls.model_fields.items() if not field.is_required()}
    return {
        "contract": entry.contract,
        "name": entry.name,
        "kind": registry.kind_of(cls),
        "fields": canonical_json(_plain(entry.fields)),
        "summary": entry.summary,
        "paper": entry.paper,
        "oracle": entry.oracle,
        "own": own,
        "variant": cls.signal.variant if issubclass(cls, Method | Student) else "",
        "writes": issubclass(cls, Student) and cls.signal is not ClassProbabilities,
        "doc": cls.__doc__ or "",
        "version": cls.version,
        "schema_text": canonical_json(cls.model_json_schema()) if own else "{}",
        "defaults": canonical_json(fields),
        "needed": [name for name, field in cls.model_fields.items() if field.is_required()],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Component):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value
