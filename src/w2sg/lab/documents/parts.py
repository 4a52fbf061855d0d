"""What the documents of the laboratory share: how names, cells and columns are made from results."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from w2sg.core import Cell, DataTable, Fact, Finding, Heading, InformationTier, Section, wording
from w2sg.lab.results import SetupResult
from w2sg.measure import Pgr

PGR_HELP = "performance gap recovered: gain / (ceiling - weak)"
GOLD_MARK = "+gold"
GOLD_LEGEND = (
    "The method is given more than weak labels: ground truth of the supervision split, figures of it, or audited "
    "labels of the transfer split. It plays another game than methods that are not marked."
)


class KnowsSomething(Protocol):
    """A method with what it is given beside inputs and weak labels."""

    @property
    def method(self) -> str:
        """Its name."""

    @property
    def tier(self) -> str:
        """Its information tier."""

    @property
    def gold(self) -> float:
        """Ground-truth labels that it buys per run."""


class Marks:
    """Which methods of a document are given ground truth: wherever one of them is named, that is said."""

    def __init__(self, methods: Iterable[KnowsSomething]) -> None:
        self.knowing = {one.method for one in methods if one.gold or one.tier != InformationTier.WEAK_LABELS}

    def note(self, method: str) -> str:
        """Return the mark that stands beside a method's name; empty for most."""
        return GOLD_MARK if method in self.knowing else ""

    def named(self, method: str) -> str:
        """Return a method's name as sentences write it."""
        return f"{short(method)} {self.note(method)}".rstrip()

    def some(self, methods: Sequence[str], most: int) -> str:
        """Return methods as in a sentence, at most so many of them."""
        return _listed([self.named(method) for method in methods], most)

    @property
    def legend(self) -> list[Finding]:
        """What the mark means, where it stands somewhere."""
        return notes([f"{GOLD_MARK}: {GOLD_LEGEND}"]) if self.knowing else []


def short(name: str) -> str:
    """Return a name as pages show it."""
    return wording.shortened(name, wording.MOST_LETTERS)


def level_of(level: float) -> str:
    """Return a confidence level in words."""
    return f"{100 * level:g} %"


def counted(numbers: Mapping[str, int]) -> tuple[Fact, ...]:
    """Return numbers of things as facts, by the word for one of them."""
    return tuple(Fact(noun if n == 1 else f"{noun}s", n) for noun, n in numbers.items())


def some(names: Sequence[str], most: int) -> str:
    """Return names as in a sentence, at most so many of them."""
    return _listed([short(name) for name in names], most)


def _listed(names: Sequence[str], most: int) -> str:
    more = [f"{len(names) - most} more"] if len(names) > most else []
    return wording.listed([*names[:most], *more])


def pgr_cell(share: Pgr, note: str = "") -> Cell:
    """Return a PGR as a cell, or that there is none and why; the note stands below only where there is none."""
    # Without a reason there is a number. Where there is none the reason is long: it is shown when pointed at.
    if share.reason is None:
        return Cell.of(share, help=share.note)
    return Cell(missing="no PGR", note=note, help=f"{share.reason}; ratios that the data allow: {share.set}")


def text_column(name: str, title: str = "", *, key: bool = False) -> Heading:
    """Return the heading of a column of texts."""
    return Heading(name, title or name, style="text", key=key)


def alone(table: DataTable) -> Section:
    """Return the section of one table, which has its name."""
    return Section(table.name, table.title, table.intro, tables=(table,))


def notes(texts: Sequence[str]) -> list[Finding]:
    """Return remarks."""
    return [Finding("note", text) for text in texts]


def anchor(result: SetupResult) -> str:
    """Return the name of a result's provenance."""
    return f"setup-{wording.short_hash(result.config)}"


def rests_on(share: Pgr) -> str:
    """Return on how many seeds and test examples a result rests."""
    return (
        f"{wording.quantity(share.n_seeds, 'seed')}, {wording.count(share.n_test)} test examples per seed, "
        f"{wording.count(share.n_examples)} different"
    )
