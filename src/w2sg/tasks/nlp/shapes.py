"""What a published text data set looks like, and how one of its rows becomes classified texts."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter

from w2sg.tasks.cells import name_of
from w2sg.tasks.choices import ChoiceReader, Row, RowError, as_text, right_and_wrong
from w2sg.tasks.table import FREE

Texts = list[tuple[str, int]]
"""The classified texts of one row; a row that gives candidates gives the right one first, then a wrong one."""

WRONG_RIGHT = ("wrong", "right")
TRAIN_TEST: Mapping[str, str] = {"train": FREE, "test": "test"}
TRAIN_VALIDATION: Mapping[str, str] = {"train": FREE, "validation": "test"}
"""Of sets whose test labels are not public."""


@dataclass(frozen=True, kw_only=True)
class TextSet(ABC):
    """A published data set of texts: its columns and what they mean.

    Attributes:
        name: The name of the task.
        hub: Its id on the Hugging Face hub; empty where it is read from files only.
        repository: Where the files are published of a set that is not read from the hub.
        config: The configuration there, if it has several.
        version: The version of the data set that the columns are known of; empty where none is stated.
        paper: The arXiv id of the paper that the task is known from; empty where there is none.
        splits: Published splits that are read, and what each becomes: rows to be dealt, or the split of the task. Where
            there are none, each file is a task of its own.
        template: The text, with the columns in braces.
        optional: Columns that may be empty.
        together: Columns; rows that are equal in them never come into different splits.
        metadata: Metadata columns of the task, by their source.
        confidence: The column of how sure the source is of the label, if it has one: a row's difficulty is the share of
            the rows of its class of which the source is more sure.
        paired: Whether the task of this name shows a question as the pair of its answers.
        example: What an example is, in a few words.
        source: Where the columns and the labels are known from.
    """

    name: str
    hub: str = ""
    repository: str = ""
    config: str | None = None
    version: str = ""
    paper: str = ""
    splits: Mapping[str, str] = field(default_factory=lambda: TRAIN_TEST)
    template: str
    optional: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    confidence: str | None = None
    paired: bool = False
    example: str
    source: str

    @property
    def published(self) -> str:
        """Where the data are published: the id on the hub, or else a repository."""
        return self.hub or self.repository

    @property
    @abstractmethod
    def classes(self) -> tuple[str, ...]:
        """The names of the classes of single texts."""

    @property
    def candidates(self) -> bool:
        """Whether a row gives a right and a wrong candidate; otherwise it gives one text."""
        return False

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the files must have."""
        confidence = () if self.confidence is None else (self.confidence,)
        return tuple(dict.fromkeys([*self._read(), *self.together, *self.metadata.values(), *confidence]))

    @abstractmethod
    def _read(self) -> Sequence[str]:
        """Return the columns that text and label are made from."""

    @abstractmethod
    def texts(self, row: Row, draw: float) -> Texts:
        """Return the classified texts of a row; none if it has no right answer that could be shown.

        Args:
            row: The row.
            draw: A random number in [0, 1) that picks the wrong candidate.

        Raises:
            RowError: If a cell breaks its rule.
        """

    def filled(self, row: Row, **more: str) -> str:
        """Return the template with the cells of a row, and with the fields in `more`."""
        cells = {name: more[name] if name in more else self._cell(row, name) for name in fields(self.template)}
        return self.template.format_map(cells).strip()

    def _cell(self, row: Row, name: str) -> str:
        text = as_text(row.get(name), name)
        if not text.strip() and name not in self.optional:
            raise RowError(f"column {name!r} must hold text, it is empty: fill it or drop the row")
        return text


def fields(template: str) -> list[str]:
    """Return the names in the braces of a template.

    >>> fields("Question: {question} {answer}")
    ['question', 'answer']
    """
    return [name for _, name, _, _ in Formatter().parse(template) if name]


@dataclass(frozen=True, kw_only=True)
class Labelled(TextSet):
    """A data set in which every row is one text with a label.

    Attributes:
        label: The column of the label.
        names: The class names in order.
        values: The class number of each label as it is written; by default its number or the name of its class.
    """

    label: str = "label"
    names: tuple[str, ...] = ("no", "yes")
    values: Mapping[str, int] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.names

    @property
    def known(self) -> Mapping[str, int]:
        """The class number of every label that may stand in a file."""
        # Sources write a label as its number or as its name, and the same set may do both in different formats.
        return self.values or {text: c for c, name in enumerate(self.names) for text in (str(c), name)}

    def _read(self) -> Sequence[str]:
        return [*fields(self.template), self.label]

    def texts(self, row: Row, draw: float) -> Texts:
        """Return the one text of a row with its class."""
        label = name_of(row.get(self.label)).lower()
        if label not in self.known:
            known = ", ".join(map(repr, self.known))
            raise RowError(f"label {label!r} in column {self.label!r} is not one of {known}: mend it or drop the row")
        return [(self.filled(row), self.known[label])]


@dataclass(frozen=True, kw_only=True)
class Candidates(TextSet):
    """A data set whose rows give a text with a right answer and one with a wrong one.

    Attributes:
        names: The names of the classes: of the text with the wrong answer, and of that with the right one.
    """

    names: tuple[str, str] = WRONG_RIGHT

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes: whether the candidate is the right one."""
        return self.names

    @property
    def candidates(self) -> bool:
        """Every row gives candidates."""
        return True


@dataclass(frozen=True, kw_only=True)
class Choice(Candidates):
    """A data set of questions with several answers: each gives a text with the right answer, and one with a wrong one.

    The template names the answer `{answer}` and, if all answers are shown before it, `{choices}`.

    Attributes:
        reads: The columns of the answers and of what tells the right one.
        answers: From a row to its answers and the number of the right one.
        hidden: How an answer begins that means nothing without the others; it is never shown.
    """

    reads: tuple[str, ...]
    answers: ChoiceReader
    hidden: str | None = None

    def _read(self) -> Sequence[str]:
        return [*(name for name in fields(self.template) if name not in ("answer", "choices")), *self.reads]

    def texts(self, row: Row, draw: float) -> Texts:
        """Return the text with the right answer and the text with a wrong one that is drawn."""
        answers, number = self.answers(row)
        # Beside nothing at all any answer is told apart, whatever was asked.
        told = [answer for answer in answers if answer.strip()]
        if len(told) < min(len(answers), 2) or not answers[number].strip():
            return []
        pair = right_and_wrong(told, told.index(answers[number]), draw, self.hidden)
        if pair is None:
            return []
        right, wrong = (self.filled(row, answer=answer, choices="\n".join(answers)) for answer in pair)
        return [(right, 1), (wrong, 0)]
