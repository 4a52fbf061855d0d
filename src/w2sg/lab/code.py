"""Code versions: the hash of the source that a step's result depends on."""

import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from w2sg.core import Component, InputError

_IMPORT = re.compile(r"^\s*(?:from\s+(\.*[\w.]*)\s+import\s+(\([^)]*\)|[^\n#;]*)|import\s+([^\n#;]+))", re.MULTILINE)
_NAME = re.compile(r"([\w.]+)(?:\s+as\s+\w+)?")


def code_digest(modules: Iterable[str]) -> str:
    """Return the sha256 of the sources of modules and of all they import from their own package or from w2sg.

    Raises:
        InputError: If a module has no source file: changes of its code could not be noticed.
    """
    named = frozenset(modules)
    for name in sorted(named):
        if _path(name) is None:
            raise InputError(
                f"module {name!r} has no source file, so changes of its code could not be noticed: "
                "write its components to a file, and give that as a plugin"
            )
    state = hashlib.sha256()
    for name in sorted(_closure(named)):
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
    own = {"w2sg", name.split(".")[0]}
    statements = _IMPORT.finditer(path.read_text(encoding="utf-8"))
    named = {target for statement in statements for target in _named(statement, package)}
    return frozenset(target for target in named if target != "w2sg" and target.split(".")[0] in own and _path(target))


def _named(statement: re.Match[str], package: str) -> list[str]:
    """Return what an import statement names: modules, and what may be modules inside them."""
    base, names, plain = statement.groups()
    listed = _NAME.findall(plain or names.strip("()"))
    if plain:
        return listed
    if base.startswith("."):
        base = importlib.util.resolve_name(base, package) if package else ""
    return [base, *(f"{base}.{name}" for name in listed)]


@cache
def _path(name: str) -> Path | None:
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if file is None:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            return None
        file = spec.origin if spec else None
    return Path(file) if file and file.endswith(".py") else None


@cache
def _source_digest(name: str) -> str:
    path = _path(name)
    return hashlib.sha256(path.read_bytes() if path else name.encode()).hexdigest()
