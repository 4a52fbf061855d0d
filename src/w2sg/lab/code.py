"""Code versions: the hash of the source that a step's result depends on."""

import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from w2sg.core import Component

_IMPORT = re.compile(r"^\s*(?:from\s+(\.*[\w.]*)\s+import\b|import\s+([\w.]+))", re.MULTILINE)


def code_digest(modules: Iterable[str]) -> str:
    """Return the sha256 of the sources of modules and of all they import from their own package or from w2sg."""
    state = hashlib.sha256()
    for name in sorted(_closure(frozenset(modules))):
        state.update(f"{name}\0{_source_digest(name)}\0".encode())
    return state.hexdigest()


def modules_of(*components: Component) -> set[str]:
    """Return the modules that define components and the components inside them."""
    return {type(part).__module__ for component in components for part in component.parts()}


@cache
def _closure(modules: frozenset[str]) -> frozenset[str]:
    found: set[str] = set()
    todo = list(modules)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(_imports(name) - found)
    return frozenset(found)


@cache
def _imports(name: str) -> frozenset[str]:
    """Return the modules of w2sg or of the module's own package that a module names in its imports."""
    path = _path(name)
    if path is None:
        return frozenset()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for match in _IMPORT.finditer(path.read_text(encoding="utf-8")):
        target = match.group(1) or match.group(2)
        if target.startswith("."):
            target = importlib.util.resolve_name(target, package) if package else ""
        if target.split(".")[0] in {"w2sg", name.split(".")[0]} and target != "w2sg" and _path(target) is not None:
            found.add(target)
    return frozenset(found)


@cache
def _path(name: str) -> Path | None:
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if file is None:
        try:
            spec = importlib.util.find_spec(name)
        except ImportError:
            return None
        file = spec.origin if spec else None
    return Path(file) if file and file.endswith(".py") else None


@cache
def _source_digest(name: str) -> str:
    path = _path(name)
    return hashlib.sha256(path.read_bytes() if path else name.encode()).hexdigest()
