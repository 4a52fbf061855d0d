"""The step graph: which steps a run is made of, and the key of each.

A key is the hash of the step's configs, the keys of what it reads, the seed, the source it depends on and the library
versions. So steps that several runs share are made once, a finished study has nothing to do, and a changed data file,
config or line of code is a new key.
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from w2sg.core import Component, Output, Task, canonical_json, registry
from w2sg.lab.benches import BENCHES
from w2sg.lab.code import code_digest, modules_of
from w2sg.lab.setup import Setup

LIBRARIES = ("numpy", "scipy", "scikit-learn")
"""The libraries whose version can change the bits of a result."""

THREADS = max(1, int(os.environ.get("W2SG_THREADS", "1")))
"""Numerical threads of a step: results are computed with this many, wherever and beside whatever they run."""


@dataclass(frozen=True)
class Job:
    """A run to be made: a setup, a seed, and the keys of its steps; `run` is the run's id."""

    setup: Setup
    seed: int
    labels: str
    student: str
    ceiling: str
    run: str


@dataclass(frozen=True)
class Bundle:
    """The jobs of one task under one seed: they share data, weak labels and ceilings, and train together."""

    jobs: tuple[Job, ...]

    @property
    def seed(self) -> int:
        """The seed of all jobs."""
        return self.jobs[0].seed

    @property
    def task(self) -> Task:
        """The task of all jobs."""
        return self.jobs[0].setup.task


def versions() -> dict[str, str]:
    """Return the versions that belong to a result: Python and the libraries that make its numbers."""
    return {"python": ".".join(map(str, sys.version_info[:2])), **{name: _version(name) for name in LIBRARIES}}


class Planner:
    """Gives jobs their keys. One planner lives as long as one command: files are hashed once."""

    def __init__(self) -> None:
        self._digests: dict[int, tuple[Component, str]] = {}
        self._files: dict[str, str] = {}
        self._libraries = versions()

    def job(self, setup: Setup, seed: int) -> Job:
        """Return the job of a setup under a seed."""
        task, student = setup.task, setup.student
        shared = _shared(task.output)

        def key(step: str, components: list[Component], inputs: list[str]) -> str:
            return self._key(step, components, inputs, seed, shared)

        data = key("data", [task], [])
        labels = key("labels", [setup.supervisor], [data])
        ceiling = key("ceiling", [student], [data])
        taught = key("student", [student, setup.method], [data, labels])
        return Job(setup, seed, labels, taught, ceiling, key("score", [], [labels, taught, ceiling]))

    def bundles(self, setups: Iterable[Setup], seeds: Sequence[int]) -> list[Bundle]:
        """Return the jobs of all setups under all seeds, by task and seed; equal jobs are kept once.

        All tasks come under the first seed before any under the second: workers that start together then make the
        features of different tasks, and a study that is stopped early has seen all its tasks.
        """
        groups: dict[tuple[int, str], dict[str, Job]] = {}
        setups = list(setups)
        for seed in seeds:
            for setup in setups:
                job = self.job(setup, seed)
                groups.setdefault((seed, self._digest(setup.task)), {}).setdefault(job.run, job)
        return [Bundle(tuple(jobs.values())) for jobs in groups.values()]

    def _key(self, step: str, components: list[Component], inputs: list[str], seed: int, shared: frozenset[str]) -> str:
        """Return the key of a step; `shared` are modules that all steps of the task depend on."""
        code = _code(shared | modules_of(*components))
        parts = {
            "step": step,
            "configs": [self._digest(component) for component in components],
            "files": [self._fingerprint(part) for component in components for part in component.parts()],
            "inputs": inputs,
            "seed": seed,
            "code": code,
            "libraries": self._libraries,
            "threads": THREADS,
        }
        return hashlib.sha256(canonical_json(parts).encode()).hexdigest()

    def _digest(self, component: Component) -> str:
        known = self._digests.get(id(component))
        if known is None:
            known = self._digests[id(component)] = (component, f"{type(component).version}:{component.digest()}")
        return known[1]

    def _fingerprint(self, component: Component) -> str:
        digest = f"{type(component).__qualname__} {self._digest(component)}"
        if digest not in self._files:
            self._files[digest] = component.fingerprint()
        return self._files[digest]


@cache
def _shared(output: Output) -> frozenset[str]:
    """Return the modules that every step of a task depends on: its protocol, and the method of its ceiling."""
    bench = BENCHES[output]
    return frozenset({bench.__module__, *modules_of(registry.build("methods", bench.plain))})


@cache
def _code(modules: frozenset[str]) -> str:
    return code_digest(modules)


@cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
