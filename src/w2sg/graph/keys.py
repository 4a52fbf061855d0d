"""When something is computed again: the key of a step.

A key is the hash of the step's own configuration, the keys of what it reads, the source it depends on, the files its
components read and the library versions. So steps that several runs share are made once, a finished study has nothing
to do, and a changed data file, config or line of code is a new key.
"""

import hashlib
import os
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from w2sg.core import Component, canonical_json
from w2sg.graph.code import code_digest, modules_of
from w2sg.graph.steps import Step

LIBRARIES = ("numpy", "scipy", "scikit-learn")
"""The libraries whose version can change the bits of a result."""

THREADS = max(1, int(os.environ.get("W2SG_THREADS", "1")))
"""Numerical threads of a step: results are computed with this many, wherever and beside whatever they run."""


def versions() -> dict[str, str]:
    """Return the versions that belong to a result: Python and the libraries that make its numbers."""
    return {"python": ".".join(map(str, sys.version_info[:2])), **{name: _version(name) for name in LIBRARIES}}


class Keys:
    """Gives steps their keys. One lives as long as one command: files are hashed once, shared parts digested once."""

    def __init__(self) -> None:
        # Objects are remembered beside what was computed of them: an id means nothing once its object is gone.
        self._keys: dict[int, tuple[Step, str]] = {}
        self._digests: dict[int, tuple[Component, str]] = {}
        self._modules: dict[int, tuple[Component, frozenset[str]]] = {}
        self._files: dict[str, str] = {}
        self._libraries = versions()

    def of(self, step: Step) -> str:
        """Return the key of a step.

        Raises:
            InputError: If a component's file cannot be read, or its code has no source file.
        """
        known = self._keys.get(id(step))
        if known is None:
            known = self._keys[id(step)] = (step, self._make(step))
        return known[1]

    def _make(self, step: Step) -> str:
        components: list[Component] = []
        config: dict[str, object] = {}
        inputs = step.inputs()
        for name in type(step).model_fields:
            value = getattr(step, name)
            items = value if isinstance(value, tuple | list) else (value,)
            if isinstance(value, Step):
                continue
            if value is not None and items and all(isinstance(item, Component) for item in items):
                components += items
                config[name] = [self.digest(item) for item in items]
            else:
                config[name] = step.model_dump(mode="json", include={name})[name]
        modules = frozenset[str]().union(modules_of_class(type(step)), *(self._modules_of(one) for one in components))
        parts = {
            "step": f"{step.kind} {type(step).version}",
            "config": config,
            "inputs": {name: self.of(inner) for name, inner in inputs.items()},
            "files": [self._fingerprint(part) for component in components for part in component.parts()],
            "code": _code(modules),
            "libraries": self._libraries,
            "threads": THREADS,
        }
        return hashlib.sha256(canonical_json(parts).encode()).hexdigest()

    def digest(self, component: Component) -> str:
        """Return the version and the hash of a component's configuration."""
        known = self._digests.get(id(component))
        if known is None:
            known = self._digests[id(component)] = (component, f"{type(component).version}:{component.digest()}")
        return known[1]

    def _modules_of(self, component: Component) -> frozenset[str]:
        known = self._modules.get(id(component))
        if known is None:
            known = self._modules[id(component)] = (component, frozenset(modules_of(component)))
        return known[1]

    def _fingerprint(self, component: Component) -> str:
        digest = f"{type(component).__qualname__} {self.digest(component)}"
        if digest not in self._files:
            self._files[digest] = component.fingerprint()
        return self._files[digest]


@cache
def modules_of_class(cls: type[Step]) -> frozenset[str]:
    """Return the modules that define a step and the steps it is derived from."""
    return frozenset(base.__module__ for base in cls.__mro__ if issubclass(base, Step))


@cache
def _code(modules: frozenset[str]) -> str:
    return code_digest(modules)


@cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
