"""Documents: findings, tables and figures as plain data, made by the room that knows them.

A document says what was found and knows nothing of pages: `w2sg.report` writes it as HTML, as Markdown and for
terminals, and `to_dict` is what `--json` prints. A number is kept as a number, with its interval and the way it is to
be written; no cell holds a number that was made into text.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, Literal

from w2sg.core.errors import InputError
from w2sg.core.figures import Figure
from w2sg.core.wording import HasLimits

Tone = Literal["better", "worse", "open", "note"]
Style = Literal["text", "number", "signed", "count", "p", "cost", "explained"]
"""How a cell's value is written: as in `w2sg.core.wording`; `number` and `signed` with the column's decimals and the
limits in brackets, `cost` in seconds without a unit, `explained` as an explained variance, cut off far below 0."""


@dataclass(frozen=True)
class Finding:
    """A sentence and its tone: `better` and `worse` are findings, `open` is undecided, `note` is a remark."""

    tone: Tone
    text: str


@dataclass(frozen=True)
class Fact:
    """A named fact: a number of things, or a text."""

    name: str
    value: float | str


@dataclass(frozen=True)
class Card:
    """Findings that belong together, under a title."""

    title: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Heading:
    """What a column of a table holds.

    Attributes:
        name: The key of its cells in `to_dict`.
        title: What a reader sees above it.
        help: What it means, shown when pointed at.
        style: How its cells are written; `text` stands to the left, all others are numbers to sort by.
        decimals: Of `number` and `signed`.
        key: Whether it names the row.
        terminal: Whether a terminal, which has less room, shows it.
    """

    name: str
    title: str
    help: str = ""
    style: Style = "number"
    decimals: int = 3
    key: bool = False
    terminal: bool = True


@dataclass(frozen=True)
class Cell:
    """A value with what stands beside it.

    Attributes:
        value: The number, or the text; None where there is none.
        low: The lower limit of its interval.
        high: The upper limit.
        missing: What to write where there is no value, such as `no PGR`; empty writes a dash.
        note: Smaller words below.
        help: Words shown when pointed at.
        link: The name of the provenance that it leads to.
        style: How it is written where that is not as its column says.
    """

    value: float | str | None = None
    low: float | None = None
    high: float | None = None
    missing: str = ""
    note: str = ""
    help: str = ""
    link: str = ""
    style: Style | None = None

    @classmethod
    def of(
        cls,
        interval: HasLimits | None,
        *,
        missing: str = "",
        note: str = "",
        help: str = "",
        style: Style | None = None,
    ) -> "Cell":
        """Return the cell of an interval; an empty one where there is none."""
        # A refused PGR is an interval without an estimate: its cell says why in the place of the number.
        if interval is None or interval.estimate is None:
            return cls(missing=missing, note=note, help=help)
        return cls(interval.estimate, interval.low, interval.high, "", note, help, "", style)


@dataclass(frozen=True)
class DataTable:
    """A table.

    Attributes:
        name: Names it within the document.
        title: What it holds.
        intro: What a reader must know first.
        columns: The columns.
        rows: The cells, in the order of the columns.
        terminal: Whether a terminal, which has less room, shows it.
    """

    name: str
    title: str
    intro: str
    columns: tuple[Heading, ...]
    rows: tuple[tuple[Cell, ...], ...]
    terminal: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: every row by the names of the columns, of each cell what it has."""
        names = [column.name for column in self.columns]
        rows = [{name: plain(cell) for name, cell in zip(names, row, strict=True)} for row in self.rows]
        return {**_own(self, "name", "title", "intro", "columns"), "rows": rows}


@dataclass(frozen=True)
class Provenance:
    """Where a result is from.

    Attributes:
        name: Names it within the document: cells link to it.
        title: What the result is of.
        place: Where it stands: task, supervisor and student.
        facts: Named facts.
        runs: Seed and run.
        gold: Ground truth handed out.
        code: Python that makes the result again.
        configuration: All of its settings.
    """

    name: str
    title: str
    place: str
    facts: tuple[Fact, ...]
    runs: tuple[tuple[int, str], ...]
    gold: DataTable
    code: str
    configuration: Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """A part of a document, in which cards come first, then figures, then tables.

    Attributes:
        name: Names it within the document.
        title: What it is about.
        intro: What a reader must know first.
        cards: Findings by place.
        terms: Words and what they mean, folded away on a page.
        figures: Figures.
        tables: Tables.
    """

    name: str
    title: str
    intro: str = ""
    cards: tuple[Card, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[DataTable, ...] = ()


@dataclass(frozen=True)
class Document:
    """What a page, a terminal and `--json` show.

    Attributes:
        kind: What it is of: `study`, `league`, `theory`.
        heading: What documents of this kind are called.
        title: What this one is of.
        lead: One paragraph that says what was done.
        facts: Numbers of things, shown large.
        findings: What was found.
        sections: Its parts.
        provenance: Where results are from.
        made_by: The command that makes it.
        versions: The libraries that made the numbers.
        rests_on: What it was made from, without a full stop: runs, tasks, seeds.
        data: All numbers, as plain data: what `to_dict` gives first.
        effort: What this call had to do, such as seconds: part of `to_dict`, and of no page, so that pages depend on
            what was found only.
    """

    kind: str
    heading: str
    title: str
    lead: str
    facts: tuple[Fact, ...] = ()
    findings: tuple[Finding, ...] = ()
    sections: tuple[Section, ...] = ()
    provenance: tuple[Provenance, ...] = ()
    made_by: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    rests_on: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    effort: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tables(self) -> dict[str, DataTable]:
        """The tables of all sections, by name."""
        return {table.name: table for section in self.sections for table in section.tables}

    @property
    def figures(self) -> dict[str, Figure]:
        """The figures of all sections, by name."""
        return {figure.name: figure for section in self.sections for figure in section.figures}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: `data`, then the document's own parts; sections name their tables and figures.

        Raises:
            InputError: `data` has a key of the document's own.
        """
        # Tables and figures stand once, by name, and sections only name them: a reader of `--json` finds every table by
        # `tables.NAME`, whatever section it is in.
        own: dict[str, Any] = {
            **_own(self, "kind", "title", "lead", "facts", "findings"),
            "sections": [_section(section) for section in self.sections],
            "tables": {name: table.to_dict() for name, table in self.tables.items()},
            "figures": {name: {"kind": figure.kind, **plain(figure)} for name, figure in self.figures.items()},
            "provenance": plain(self.provenance),
        }
        taken = own.keys() & self.data.keys()
        if taken:
            raise InputError(f"data must not have the document's keys, got {', '.join(sorted(taken))}: rename them")
        return {**plain({**self.data, **self.effort}), **own}


def plain(value: Any, *, sparse: bool = True) -> Any:
    """Return plain data as JSON knows it: no infinity and no NaN, which become null.

    Args:
        value: Anything made of dataclasses, mappings, sequences, numbers and texts.
        sparse: Of dataclasses keep only the fields that differ from their defaults.

    >>> plain(Cell(0.5, help="half")), plain(float("inf"))
    ({'value': 0.5, 'help': 'half'}, None)
    """
    # Nearly all of the many thousand values of a page are texts and numbers: they are looked at first.
    if value is None or isinstance(value, str | int):
        return value
    # JSON has no word for infinity or NaN, and most readers refuse a file that has one.
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    # A table is the one part whose plain form is not that of its fields: its rows are keyed by the columns' names.
    if isinstance(value, DataTable):
        return value.to_dict()
    if is_dataclass(value):
        held = ((name, getattr(value, name), default) for name, default in _defaults(value.__class__))
        return {name: plain(inner, sparse=sparse) for name, inner, default in held if not sparse or inner != default}
    if isinstance(value, Mapping):
        return {str(key): plain(inner, sparse=sparse) for key, inner in value.items()}
    return [plain(inner, sparse=sparse) for inner in value] if isinstance(value, Sequence) else value


@cache
def _defaults(cls: type[Any]) -> tuple[tuple[str, Any], ...]:
    """Return the fields of a dataclass with their defaults; where there is none a value that nothing equals."""
    return tuple((part.name, part.default) for part in fields(cls))


def _section(section: Section) -> dict[str, Any]:
    """Return a section as plain data, with its tables and figures by name: the document holds them once."""
    names = {what: [part.name for part in getattr(section, what)] for what in ("figures", "tables")}
    return {**_own(section, "name", "title", "intro", "cards", "terms"), **names}


def _own(part: Section | DataTable | Document, *names: str) -> dict[str, Any]:
    """Return some fields as plain data; unlike `plain` it keeps those that are empty, so that a reader finds them."""
    return {name: plain(getattr(part, name)) for name in names}
