"""Which files a plugin consists of: its own, and those beside it that it imports, found without running any of them."""

import ast
import hashlib
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from w2sg.core import InputError, registry


@dataclass(frozen=True)
class Plugin:
    """Foreign code: a file, or a module of an installed package.

    Attributes:
        name: What messages call it.
        root: The folder that its own imports are looked for in.
        module: The name of its module, seen from `root`.
        installed: Whether it is a module that any process can import, or a file to be loaded by its path.
        files: Its files by the names of their modules, each with the sha256 of what it held when it was read.
        uses: What it imports from w2sg, as `module:name`.
    """

    name: str
    root: Path
    module: str
    installed: bool
    files: Mapping[str, tuple[Path, str]] = field(hash=False)
    uses: frozenset[str]

    @cached_property
    def digest(self) -> str:
        """The hash of all its code, wherever it lies."""
        named = [f"{name} {digest}" for name, (_, digest) in sorted(self.files.items())]
        return hashlib.sha256("\0".join(named).encode()).hexdigest()

    @property
    def main(self) -> Path:
        """The file of its module."""
        return self.files[self.module][0]

    def copied(self, folder: Path) -> Path:
        """Copy its files below a folder, as they lie below its root, and return where that of its module is.

        Raises:
            InputError: If a file is no longer what it was when the plugin was read.
        """
        for path, known in self.files.values():
            content = path.read_bytes() if path.is_file() else b""
            if _digest(content) != known:
                raise InputError(f"plugin {self.name}: {path.name} has changed since this command read it: start again")
            place = folder / path.relative_to(self.root)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        return folder / self.main.relative_to(self.root)


def plugin_file(path: str | Path) -> Plugin:
    """Return the plugin of a Python file.

    Raises:
        InputError: If the file is missing or is no Python.
    """
    file = registry.plugin_path(path)
    return _read(str(path), file.parent, file.stem, installed=False)


def plugin_module(name: str) -> Plugin:
    """Return the plugin of an installed module; nothing of it is imported.

    Raises:
        InputError: If there is no such module, or it has no source.
    """
    spec = importlib.util.find_spec(name.split(".")[0])
    if spec is None or spec.origin is None:
        raise InputError(f"module {name!r} is not installed, or has no source file")
    origin = Path(spec.origin)
    return _read(name, origin.parent.parent if origin.name == "__init__.py" else origin.parent, name, installed=True)


def _read(name: str, root: Path, module: str, *, installed: bool) -> Plugin:
    files: dict[str, tuple[Path, str]] = {}
    uses: set[str] = set()
    todo = [module]
    while todo:
        known = todo.pop()
        path = _file_of(root, known)
        if path is None or known in files:
            continue
        try:
            content = path.read_bytes()
            tree = ast.parse(content)
        except (OSError, SyntaxError, ValueError, MemoryError, RecursionError) as error:
            raise InputError(f"plugin {name}: {path.name} cannot be read as Python: {error}") from error
        files[known] = (path, _digest(content))
        package = known if path.name == "__init__.py" else known.rpartition(".")[0]
        for base, item in _imported(tree, package):
            if base.split(".")[0] == "w2sg":
                uses.add(f"{base}:{item}")
            else:
                todo += [*_with_parents(base), *([f"{base}.{item}"] if item else [])]
    if module not in files:
        raise InputError(f"plugin {name}: it has no source file")
    return Plugin(name, root, module, installed, files, frozenset(uses))


def _file_of(root: Path, module: str) -> Path | None:
    place = root.joinpath(*module.split("."))
    candidates = (place.with_name(f"{place.name}.py"), place / "__init__.py")
    # A link out of the folder could lead to data, which would be copied for the worker like code.
    return next((path for path in candidates if path.is_file() and path.resolve().is_relative_to(root.resolve())), None)


def _imported(tree: ast.AST, package: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".") if package else []
            above = above[: len(above) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((base, alias.name) for alias in node.names)


def _with_parents(module: str) -> list[str]:
    """Return a module and the packages around it, whose `__init__` runs with it."""
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
