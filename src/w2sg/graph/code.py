"""Code versions: the hash of the source that a step's result depends on.

A module depends on what it imports. A name that is imported from a package's face (`from w2sg.core import derive`) is
followed to the file that defines it, so that an edit of a file that merely stands in the same room changes no key. A
module that is a file by itself, such as a plugin, depends also on the files beside it that it imports.
"""

import hashlib
import importlib.util
import re
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from w2sg.core import Component, InputError, registry

_IMPORT = re.compile(r"^\s*(?:from\s+(\.*[\w.]*)\s+import\s+(\([^)]*\)|[^\n#;]*)|import\s+([^\n#;]+))", re.MULTILINE)
_NAME = re.compile(r"([\w.]+)(?:\s+as\s+(\w+))?")
_COMMENT = re.compile(r"#[^\n]*")


def code_digest(modules: Iterable[str]) -> str:
    """Return the sha256 of the sources of modules and of all they import from their own package or from w2sg.

    A name that is imported from a module (`w2sg.core:derive`) stands for the module that defines it.

    Raises:
        InputError: If a module has no source file: changes of its code could not be noticed.
    """
    named = frozenset(_defined_in(*name.split(":")) if ":" in name else name for name in modules)
    for name in sorted(named):
        if _path(name) is None:
            raise InputError(
                f"module {name!r} has no source file, so changes of its code could not be noticed: "
                "write its components to a file, and give that as a plugin"
            )
    state = hashlib.sha256()
    for name in sorted(_closure(named)):
        state.update(f"{_label(name)}\0{_source_digest(name)}\0".encode())
    return state.hexdigest()


def _label(name: str) -> str:
    """Return what a module is called in a key: plugins by their file's name, whatever else this process has loaded."""
    path = _path(name)
    return f"{registry.PLUGIN}{path.stem}" if name.startswith(registry.PLUGIN) and path else name


def modules_of(*components: Component) -> set[str]:
    """Return the modules that define components and the components inside them, with those of their base classes."""
    return {module for component in components for part in component.parts() for module in part.modules()}


@cache
def _closure(modules: frozenset[str]) -> frozenset[str]:
    reached: set[str] = set()
    todo = list(modules)
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo.extend(_imports(name) - reached)
    return frozenset(reached)


@cache
def _imports(name: str) -> frozenset[str]:
    """Return the modules of w2sg or of the module's own package that a module depends on by its imports."""
    path = _path(name)
    if path is None:
        return frozenset()
    own = {"w2sg", name.split(".")[0]}
    targets = {
        _defined_in(base, item)
        for base, item, _ in _named_imports(name, path)
        if base.split(".")[0] in own or base.startswith(registry.PLUGIN) or _beside(path, base)
    }
    return frozenset(target for target in targets if target != "w2sg" and _path(target))


def _beside(path: Path, module: str) -> bool:
    """Return whether a module lies in the folder of a file that is no part of a package or of an installation."""
    if (path.parent / "__init__.py").exists() or any(map(path.is_relative_to, _installed())):
        return False
    other = _path(module)
    return other is not None and other.is_relative_to(path.parent)


@cache
def _installed() -> tuple[str, ...]:
    return tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def _named_imports(name: str, path: Path) -> list[tuple[str, str, str]]:
    """Return what a module imports, as (module, name in it or "", name here)."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    imports: list[tuple[str, str, str]] = []
    for statement in _IMPORT.finditer(path.read_text(encoding="utf-8")):
        base, names, plain = statement.groups()
        listed = _NAME.findall(_COMMENT.sub("", plain or names.strip("()")))
        if plain:
            imports += [(module, "", alias or module) for module, alias in listed]
            continue
        if base.startswith("."):
            base = importlib.util.resolve_name(base, package) if package else ""
        imports += [(base, item, alias or item) for item, alias in listed]
    return imports


def _defined_in(module: str, item: str) -> str:
    """Return the module that defines what is imported: through as many faces as the name is handed on by."""
    if not item:
        return module
    handed_on = _face(module).get(item)
    if handed_on is not None:
        return _defined_in(*handed_on)
    path = _path(module)
    folder = path.parent if path is not None and path.name == "__init__.py" else None
    inside = folder is not None and any((folder / file).is_file() for file in (f"{item}.py", f"{item}/__init__.py"))
    return f"{module}.{item}" if inside else module


@cache
def _face(module: str) -> Mapping[str, tuple[str, str]]:
    """Return the names that a package hands on from its own modules, with where each is from."""
    path = _path(module)
    if path is None or path.name != "__init__.py":
        return {}
    imports = _named_imports(module, path)
    return {here: (base, item) for base, item, here in imports if item and base.startswith(f"{module}.")}


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
