"""What the site shows and nobody writes: the command line, every component, and the public names of the package.

`docs/conf.py` has these pages written whenever the site is built; they are not committed.
"""

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel
from typer import Context
from typer.cli import get_docs_for_click
from typer.main import get_command

import w2sg
from w2sg.cli.describe import rule_of
from w2sg.cli.main import add_commands_to, app
from w2sg.core import ConfigError, canonical_json, registry
from w2sg.lab import Setup, Study

ROOMS = (
    *("core", "graph", "measure", "worlds", "tasks", "supervisors", "students", "methods", "lab", "theory"),
    *("batteries", "desiderata", "factors", "agenda", "report", "testing"),
)
"""Rooms whose faces are shown, from the lowest floor."""
SETUP_PARTS = ("tasks", "shifts", "supervisors", "students", "features", "methods", "objectives", "selections")
"""The sorts of component that a study's file names most; they are shown first."""
FAR_RIGHT = 120
"""A value that is longer is shown by its beginning."""


def write(folder: Path) -> None:
    """Write every page into a folder; a page that is there with the same words is left as it is."""
    sorts = registry.contracts()
    pages = {"commands.md": commands(), "studies.md": studies(), "components.md": sorts_page(sorts)}
    pages |= {f"components/{sort}.md": components(sort) for sort in sorts}
    pages |= {"api/w2sg.rst": names_page(w2sg, w2sg.__all__)}
    pages |= {f"api/{room}.rst": room_page(room) for room in ROOMS}
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Sphinx reads again what was written anew.
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def commands() -> str:
    """Return the page of the command line: every command with its help, from the program itself."""
    add_commands_to(app)
    group = get_command(app)
    text = get_docs_for_click(obj=group, ctx=Context(group, info_name="w2sg"), name="w2sg", title="Every command")
    # In a help examples are indented; here they look as they do on other pages.
    return re.sub(r"(?m)(?:^    .+\n+)+", lambda found: _console(found[0]), text)


def _console(examples: str) -> str:
    lines = [f"$ {line.strip()}" for line in examples.splitlines() if line]
    return "\n".join(("```console", *lines, "```", "", ""))


def studies() -> str:
    """Return the page of the fields of a study's file, and of a setup."""
    return "\n".join(
        (
            "# Fields of a study's file",
            "",
            prose(inspect.getdoc(Study) or ""),
            "",
            *fields_table(Study, {}),
            "",
            "## Fields of a setup",
            "",
            prose(inspect.getdoc(Setup) or ""),
            "",
            *fields_table(Setup, {}),
            "",
        )
    )


def sorts_page(sorts: list[str]) -> str:
    """Return the page that lists every sort of component."""
    first = [sort for sort in SETUP_PARTS if sort in sorts]
    lines = ["# Every component", "", "```{toctree}", ":maxdepth: 1", ""]
    lines += [f"components/{sort}" for sort in (*first, *(sort for sort in sorts if sort not in first))]
    return "\n".join((*lines, "```", ""))


def components(sort: str) -> str:
    """Return the page of one sort of component: what each name is, its fields and their values."""
    lines = [f"# {sort.capitalize()}", "", prose(first_line(registry.contract_class(sort))), ""]
    for entry in registry.entries(sort):
        lines += [f"## `{entry.name}`", "", prose(entry.summary), ""]
        if entry.preset:
            lines += [f"It is `{registry.kind_of(entry.cls)}` with the values below.", ""]
        else:
            lines += [prose(rest) for rest in (inspect.getdoc(entry.cls) or "").split("\n\n")[1:]] + [""]
        if entry.paper:
            lines += [f"Paper: [{entry.paper}](https://arxiv.org/abs/{entry.paper})", ""]
        try:
            values = registry.build(sort, entry.name).model_dump(mode="json")
        except ConfigError:  # a field is needed, and has no value to show
            values = entry.cls.model_construct(**entry.fields).model_dump(mode="json", warnings=False)
        lines += [*fields_table(entry.cls, values), ""]
    return "\n".join(lines)


def fields_table(cls: type[BaseModel], values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a table of a component's fields, but for `kind`, which its heading says."""
    rules = {name: rule for name, rule in cls.model_json_schema()["properties"].items() if name != "kind"}
    if not rules:
        return
    yield "| field | value | rule | what it is |"
    yield "|---|---|---|---|"
    defaults = {name: rule["default"] for name, rule in rules.items() if "default" in rule}
    shown = {name: code(canonical_json(value)) for name, value in (defaults | dict(values)).items()}
    for name, rule in rules.items():
        what = cell(rule.get("description", ""))
        yield f"| `{name}` | {shown.get(name, 'needed')} | {cell(rule_of(rule))} | {what} |"


def room_page(room: str) -> str:
    """Return the page of what a room's face offers and the room itself defines."""
    module = importlib.import_module(f"w2sg.{room}")
    # What `w2sg` itself offers is shown there.
    known = {id(getattr(w2sg, name)) for name in w2sg.__all__}
    own = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and getattr(value, "__module__", "").startswith(module.__name__)
        and id(value) not in known
    ]
    return names_page(module, own)


def names_page(module: ModuleType, names: Sequence[str]) -> str:
    """Return a page, as reStructuredText, of a module's docstring and of names in it."""
    title = module.__name__
    lines = [title, "=" * len(title), "", f".. currentmodule:: {title}", "", f".. automodule:: {title}"]
    lines += ["   :no-members:", "", ".. autosummary::", "   :nosignatures:", "", *(f"   {name}" for name in names)]
    for name in names:
        value = getattr(module, name)
        if inspect.isclass(value):
            lines += ["", f".. autoclass:: {name}", "   :members:"]
        else:
            lines += ["", f".. {'autofunction' if callable(value) else 'autodata'}:: {name}"]
    return "\n".join((*lines, ""))


def document_fields(_app: Any, what: str, _name: str, thing: Any, _options: Any, lines: list[str]) -> None:
    """Give the documentation of a config its fields, which say what they are in the source and not in a docstring."""
    if what != "class" or not issubclass(thing, BaseModel):
        return
    told = {name: field.description for name, field in thing.model_fields.items() if field.description}
    if told:
        lines += ["", "Attributes:", *(f"    {name}: {escaped(text, '|*')}" for name, text in told.items()), ""]


def first_line(cls: type) -> str:
    """Return the first line of a class's docstring."""
    return (inspect.getdoc(cls) or "").split("\n")[0]


def prose(text: str) -> str:
    """Return a docstring's text as Markdown."""
    return escaped(text, "*$<|_[]")


def escaped(text: str, signs: str) -> str:
    """Return a text with signs escaped that would be mark-up; what is within backticks stays as it is."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else "".join(f"\\{letter}" if letter in signs else letter for letter in part)
        for part in parts
    )


def cell(text: str) -> str:
    """Return a text for a cell of a table."""
    return prose(" ".join(text.split()))


def code(text: str) -> str:
    """Return a value for a cell of a table, as code."""
    return f"`{text[:FAR_RIGHT]}{'…' if len(text) > FAR_RIGHT else ''}`".replace("|", "\\|")
