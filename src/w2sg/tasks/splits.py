"""How every task here deals its rows: supervision, transfer, validation, test, and the shifted test sets."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Self, final

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from w2sg.core import (
    BoolArray,
    Classes,
    DataError,
    Inputs,
    IntArray,
    Question,
    Task,
    TaskData,
    Texts,
    Vault,
    derive,
)
from w2sg.tasks.duplicates import TRAINING, akin, unseen, without_seen
from w2sg.tasks.parts import part_of
from w2sg.tasks.shifts import AnyShift
from w2sg.tasks.survey import Survey, survey_of
from w2sg.tasks.table import FREE, Table

SPLITS = ("supervision", "transfer", "validation", "test")
ALIASES = {"train": FREE, "valid": "validation", "val": "validation"}
"""Usual split names: training rows are dealt to supervision and transfer."""
MOST_LETTERS = 100
"""Of the name of a test set, which stands in tables and figures."""
SUPERVISION_SHARE = 0.25
TRANSFER_SHARE = 0.5


def check_size(size: int | float) -> int | float:
    """Return a size: a number of rows (a whole number, 0 for none), or a share of them strictly between 0 and 1.

    Raises:
        ValueError: If it is neither.

    >>> check_size(400), check_size(0.5)
    (400, 0.5)
    """
    whole = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    if not whole and not (isinstance(size, float) and 0 < size < 1):
        raise ValueError(f"must be a whole number of rows or a share between 0 and 1, got {size!r}")
    return size


def _not_bool(size: object) -> object:
    if isinstance(size, bool):
        raise ValueError(f"must be a whole number of rows or a share between 0 and 1, got {size!r}")
    return size


Size = Annotated[
    int | float,
    BeforeValidator(_not_bool),
    AfterValidator(check_size),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}]}
    ),
]
"""A number of rows, or a share of the rows that are dealt."""


class SplitTask(Task):
    """A task whose rows are known before they are split."""

    supervision: Size | None = Field(
        None, description="rows for the weak supervisor: a number or a share; default: all of a ready split, else 0.25"
    )
    transfer: Size | None = Field(
        None, description="rows it labels for the student; default: all of a ready split, else 0.5 or the rest"
    )
    validation: Size | None = Field(
        None, description="rows with weak labels only; default: all of a ready split, else none"
    )
    test: Size | None = Field(None, description="rows for scoring; default: all of a ready split, else the rest")
    corpus: Literal["all", "transfer"] = Field(
        "all", description="inputs a student may see without labels: all rows (the same for every seed), or transfer"
    )
    shifts: tuple[AnyShift, ...] = Field((), description="further test sets: see 'w2sg list shifts'")
    disjoint: int | None = Field(
        None,
        ge=2,
        description="cut all rows into so many parts, and give each seed one of its own: with no more seeds than parts "
        "seeds share no row and are independent, which seeds that split all rows anew are not",
    )
    part: int | None = Field(None, ge=0, description="which of the parts, from 0; by default the seed's turn")

    @model_validator(mode="after")
    def _part_of_parts(self) -> Self:
        if self.part is not None and (self.disjoint is None or self.part >= self.disjoint):
            raise ValueError(
                f"'part' numbers one of the 'disjoint' parts from 0, got part {self.part} of {self.disjoint}"
            )
        return self

    def under(self, seed: int) -> Task:
        """Return the task with the part that is the seed's turn; itself where rows are not cut into parts."""
        if self.disjoint is None or self.part is not None:
            return self
        return self.model_copy(update={"part": seed % self.disjoint})

    @abstractmethod
    def table(self, rng: np.random.Generator) -> Table:
        """Return all rows; `rng` matters only to tasks that draw fresh rows for every seed."""

    @final
    def load(self, rng: np.random.Generator) -> TaskData:
        """Return the splits of one seed.

        Raises:
            DataError: If there are fewer rows than the sizes need, transfer or test has one class, or a shift needs
                something that the rows do not have.
        """
        table, whole_splits = self._dealt(rng)
        dealt, repeated = without_seen(table, whole_splits)
        data = assemble(table, dealt, self.corpus, self.shifts, rng, self.question(table))
        found = {**repeated, **given_up(table, whole_splits), **akin(table, dealt)}
        found |= {**self._classes_missing(table, dealt), **self.checked(table, dealt)}
        return replace(data, counts={**self.counts(), **data.counts, **found})

    def survey(self, rng: np.random.Generator) -> Survey:
        """Return what stands in the splits of one seed, before anything is trained.

        Raises:
            DataError: As `load` does where rows cannot be read or dealt.
        """
        return survey_of(*self._dealt(rng))

    def _dealt(self, rng: np.random.Generator) -> tuple[Table, dict[str, IntArray]]:
        """Return the rows of a seed's part, and which of them are in which split."""
        table = self.table(rng)
        if self.disjoint is not None:
            part = self.part or 0
            own = table.only(np.flatnonzero(part_of(table, self.disjoint) == part))
            table = replace(own, source=f"{table.source}, part {part} of {self.disjoint}")
        sizes = {split: getattr(self, split) for split in SPLITS}
        return table, self._deal(table, sizes, rng)

    def checked(self, table: Table, dealt: Mapping[str, IntArray]) -> Mapping[str, int]:
        """Return what a task found in its rows once they were dealt, where that is something.

        Args:
            table: All `N` rows.
            dealt: The rows of every split.
        """
        return {}

    def _classes_missing(self, table: Table, dealt: Mapping[str, IntArray]) -> dict[str, int]:
        """Return how many classes or rows nobody can be right about, as no one has learned of them.

        Raises:
            DataError: If ready splits keep a class for test sets alone, which is a mistake and the same under every
                seed, or the transfer split lacks the classes of all test rows.
        """
        if self.signal is Texts:
            return {}
        only_tested = set(table.gold.tolist()) - set(table.gold[table.is_in(FREE, *TRAINING)].tolist())
        if only_tested:
            names = [table.classes[label] for label in sorted(only_tested)]
            raise DataError(
                f"{table.source}: class {names[0]!r} must stand in a split that is learned from, all its rows are in "
                f"test sets: drop these rows, or give some of them to 'supervision' and 'transfer'"
            )
        gold = {name: table.gold[rows] for name, rows in dealt.items()}
        asked = np.unique(np.concatenate([labels for name, labels in gold.items() if name != "supervision"]))
        if not np.isin(gold["test"], gold["transfer"]).any():
            raise DataError(
                f"{table.source}: split 'transfer' must hold classes that the test set asks for, it has none of its "
                f"{len(np.unique(gold['test']))}: give more rows, or name the column with the class"
            )
        found = {
            "classes that the supervision split lacks": int((~np.isin(asked, gold["supervision"])).sum()),
            "test rows of classes that the transfer split lacks": int((~np.isin(gold["test"], gold["transfer"])).sum()),
        }
        for name in gold.keys() - set(SPLITS):
            if len(np.unique(gold[name])) == 1:
                found[f"rows of test set {name!r}, all of one class"] = len(gold[name])
        return {name: count for name, count in sorted(found.items()) if count}

    def question(self, table: Table) -> Question[Any]:
        """Return what is asked of each row: by default which class it has."""
        return Classes(table.classes)

    def counts(self) -> Mapping[str, int]:
        """Return what became of the rows that were read, where that is more than taking them."""
        return {}

    def _deal(
        self, table: Table, sizes: Mapping[str, int | float | None], rng: np.random.Generator
    ) -> dict[str, IntArray]:
        admitted = self._admitted(table)
        dealt = deal(table, sizes, admitted, rng)
        if "together" in table.columns:
            whole(table, dealt, admitted, rng)
        return dealt

    def _admitted(self, table: Table) -> dict[str, BoolArray]:
        """Return for each split the rows `(N,)` that every shift lets it hold."""
        masks = {split: np.ones(len(table), dtype=np.bool_) for split in SPLITS}
        for split in SPLITS:
            for shift in self.shifts:
                masks[split] &= shift.admits(table, split)
        return masks


class TextTask(SplitTask):
    """A task whose inputs are texts."""

    @property
    def default_supervisor(self) -> str:
        """The supervisor that fits texts."""
        return "few-words"

    @property
    def default_student(self) -> str:
        """The student that fits texts."""
        return "tfidf"


def deal(
    table: Table,
    sizes: Mapping[str, int | float | None],
    admitted: Mapping[str, BoolArray],
    rng: np.random.Generator,
) -> dict[str, IntArray]:
    """Decide which rows of the pool are in which split, each split in random order.

    Rows with a ready split stay in it (a size then draws a part of it); free rows are dealt to the other splits.

    Args:
        table: All `N` rows.
        sizes: For each split a number of rows, a share of the rows it is drawn from, or None for the default.
        admitted: For each split which rows `(N,)` it may hold.
        rng: Who is where, and in which order.

    Returns:
        The rows of every split and of further ready test sets; a split without rows is absent.

    Raises:
        DataError: If a split would have too few rows.
    """
    order = rng.permutation(len(table))
    ready = [split for split in SPLITS if (table.split == split).any()]
    free = order[(table.split[order] == FREE)]
    # Shares are of the rows that transfer may hold, so that a shift which keeps rows out does not make the shares of
    # the others overrun.
    base = int(admitted["transfer"][free].sum())
    dealt: dict[str, IntArray] = {}
    # Splits are filled in a fixed order from one shuffled list; what a split takes is gone for those after it.
    for split in SPLITS:
        pick = order[table.split[order] == split] if split in ready else free
        pick = pick[admitted[split][pick]]
        want = _wanted(split, sizes[split], ready, len(pick), len(pick) if split in ready else base)
        # Only validation may be empty: the others are what an experiment consists of.
        if want > len(pick) or (want == 0 and split != "validation"):
            before = ", ".join(f"{name} {len(rows)}" for name, rows in dealt.items() if name not in ready)
            raise DataError(
                f"{table.source}: split {split!r} needs {want or 'at least 1'} rows, {len(pick)} of {len(table)} are "
                f"left for it{f' after {before}' if before else ''}: give more rows or change the sizes"
            )
        if want:
            # A prefix of a random order: under one seed a smaller transfer split is part of a larger one.
            dealt[split] = pick[:want]
            free = free[~np.isin(free, pick[:want])]
    further = sorted(set(table.split.tolist()) - {FREE, *SPLITS})
    check_names(further, table.source)
    return {**dealt, **{name: order[table.split[order] == name] for name in further}}


def whole(table: Table, dealt: dict[str, IntArray], admitted: dict[str, BoolArray], rng: np.random.Generator) -> None:
    """Deal the free rows again so that rows that belong together are in one split; sizes stay as far as rows last.

    Groups come in random order; each split takes rows until it is full, and what is left of a group that it has begun
    goes to no other split. Ready splits stay as they were published.

    Raises:
        DataError: If a split is left without rows.
    """
    group = table.columns["together"]
    rank = rng.permutation(int(group.max()) + 1)
    left = np.flatnonzero(table.split == FREE)
    left = left[np.argsort(rank[group[left]], kind="stable")]
    for split, rows in dealt.items():
        if (table.split[rows] != FREE).any():
            continue
        taken = left[admitted[split][left]][: len(rows)]
        if not len(taken):
            raise DataError(
                f"{table.source}: split {split!r} is left without rows, as those that belong together "
                f"stay together: give more rows or change the sizes{_hint(table)}"
            )
        dealt[split] = rng.permutation(taken)
        # The rest of a group that was begun is given up: a few rows are lost, but no passage is both trained on and
        # scored.
        left = left[~np.isin(group[left], group[taken])]


def given_up(table: Table, dealt: Mapping[str, IntArray]) -> dict[str, int]:
    """Return how many rows are in no split because a split has others that they belong together with."""
    if "together" not in table.columns:
        return {}
    group, used = table.columns["together"], np.concatenate(list(dealt.values()))
    rest = np.setdiff1d(np.flatnonzero(np.isin(group, group[used])), used)
    return {"left out: rows of units that a full split has begun": len(rest)} if len(rest) else {}


def _hint(table: Table) -> str:
    """Return what else can be done where many rows have equal inputs."""
    different = len(table) if table.units is None else len(np.unique(table.units))
    if different == len(table):
        return ""
    return (
        f"; of {len(table)} rows {different} have different inputs: task 'files' takes equal ones for examples of "
        "their own with duplicates = 'apart'"
    )


def check_names(names: Sequence[str], source: str) -> None:
    """Check the names of further test sets.

    Raises:
        DataError: If one is no short printable text, or a split's name written in another way.
    """
    for name in names:
        meant = name.strip().casefold()
        if meant in (*SPLITS, *ALIASES):
            raise DataError(f"{source}: test set {name!r} must not be named like the split {meant!r}: write it so")
        if not name.strip() or not name.isprintable() or len(name) > MOST_LETTERS:
            raise DataError(
                f"{source}: the name of a test set must be printable text of at most {MOST_LETTERS} letters, got "
                f"{ascii(name)[:MOST_LETTERS]}: rename it"
            )


def _wanted(split: str, size: int | float | None, ready: list[str], available: int, base: int) -> int:
    """Return the number of rows a split takes; shares are of `base`, the rows that are dealt or ready."""
    if isinstance(size, int):
        return size
    if isinstance(size, float):
        return round(size * base)
    if split in ready or split == "test" or (split == "transfer" and "test" in ready):
        return available
    share = {"supervision": SUPERVISION_SHARE, "transfer": TRANSFER_SHARE}.get(split, 0.0)
    return round(share * base)


def assemble(
    table: Table,
    rows: Mapping[str, IntArray],
    corpus: Literal["all", "transfer"],
    shifts: tuple[AnyShift, ...],
    rng: np.random.Generator,
    question: Question[Any],
) -> TaskData:
    """Make the task data from the rows of every split, with the shifted test sets.

    Where answers are written the classes of the table are the gold texts.

    Raises:
        DataError: If transfer or test has one class, or two test sets have one name.
    """
    # A split of one class cannot tell a student that has learned from one that names that class for everything.
    for split in ("transfer", "test"):
        classes = np.unique(table.gold[rows[split]])
        if len(classes) < 2:
            raise DataError(
                f"{table.source}: split {split!r} must hold at least 2 classes, all its {len(rows[split])} rows are "
                f"{table.classes[int(classes[0])]!r}: give it more rows{_hint(table)}"
            )
    parts = {name: (table.examples(index), table.gold[index]) for name, index in rows.items()}
    # One draw, whatever the number of shifts, and a generator for each by its name: adding a shift changes no other
    # test set.
    entropy, left_out = int(rng.integers(2**63)), 0
    for shift in shifts:
        shifted = shift.test_sets(table, rows["test"], derive(entropy, "shift", shift.test_name))
        if taken := sorted(set(shifted) & set(parts)):
            raise DataError(f"shift {shift.kind!r}: there is a test set {taken[0]!r} already: set 'title' of the shift")
        check_names([name for name in shifted if name not in parts], f"shift {shift.kind!r}")
        for name, (examples, gold) in shifted.items():
            # Changed inputs have a pool of their own; rows of this pool may be copies of rows that are trained on.
            own = examples.inputs.pool is table.pool
            kept = unseen(table, rows, examples.inputs.rows) if own else np.ones(len(examples), dtype=np.bool_)
            if not kept.any():
                raise DataError(f"shift {shift.kind!r}: all {len(kept)} rows have inputs of a training split: drop it")
            parts[name] = examples.take(kept), gold[kept]
            left_out += int((~kept).sum())
    names = ["test", *(name for name in parts if name not in SPLITS)]
    texts = np.array(table.classes, dtype=object) if question.signal is Texts else None
    golds = {name: gold if texts is None else texts[gold] for name, (_, gold) in parts.items()}
    return TaskData(
        question=question,
        supervision=parts["supervision"][0],
        transfer=parts["transfer"][0],
        validation=parts["validation"][0] if "validation" in parts else None,
        tests={name: parts[name][0] for name in names},
        corpus=Inputs(table.pool, np.arange(len(table))) if corpus == "all" else parts["transfer"][0].inputs,
        vault=Vault(golds),
        counts={"left out of shifted test sets: inputs of a training split": left_out} if left_out else {},
    )
