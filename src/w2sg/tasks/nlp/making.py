"""From the rows of a text data set to its examples: candidates, lengths, balance."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from w2sg.core import AnyArray, BoolArray, DataError, FloatArray, IntArray, canonical_json, derive
from w2sg.tasks.choices import RowError
from w2sg.tasks.duplicates import marked
from w2sg.tasks.encoding import METADATA, PAIR_CLASSES, Rows, encode_numbers, encode_pairs
from w2sg.tasks.nlp.shapes import Texts, TextSet
from w2sg.tasks.nlp.sources import Parts
from w2sg.tasks.reading import Sheet
from w2sg.tasks.table import CountedTable, Table

AnswersShown = Literal["both", "one", "pair"]
"""What a question becomes: a text with the right and one with a wrong answer, one of these two, or the pair of them."""


@dataclass(frozen=True)
class Rule:
    """How rows become examples.

    Attributes:
        answers: What a question with candidates becomes.
        words: The most words of a text; None is any number.
        longer: Whether longer texts are dropped or cut to their last words.
        balance: Whether classes are made equal.
        opposite: Test sets whose labels say the opposite of what the task asks.
    """

    answers: AnswersShown
    words: int | None
    longer: Literal["drop", "cut"]
    balance: bool
    opposite: tuple[str, ...] = ()


def make(text_set: TextSet, parts: Parts, rule: Rule) -> CountedTable:
    """Return the examples of a data set.

    Raises:
        DataError: If a column is missing, or a row breaks a rule of the data set.
    """
    for _, sheet in parts:
        check_columns(text_set, sheet)
    rows = Rows([sheet for _, sheet in parts])
    texts, counts = _texts(text_set, rows, rule)
    pairs = rule.answers == "pair" and text_set.candidates
    values, gold, row = _paired(texts) if pairs else _single(texts)
    where = np.repeat([split for split, _ in parts], [len(sheet) for _, sheet in parts])[row]
    # There are two classes, of single texts as of pairs.
    gold = np.where(np.isin(where, rule.opposite), 1 - gold, gold)
    # Pairs are balanced by the draw of their sides already.
    kept = _balanced(gold, where) if rule.balance and not pairs else np.ones(len(gold), dtype=np.bool_)
    columns = {name: METADATA[name](rows, column)[row] for name, column in text_set.metadata.items()}
    if text_set.confidence is not None:
        columns["difficulty"] = _difficulty(encode_numbers(rows, text_set.confidence, "difficulty")[row], gold)
    together = _together(text_set, rows, rule)
    if together is not None:
        columns["together"] = together[row]
    counts |= {"dropped for balance": int((~kept).sum()), "examples": int(kept.sum())}
    table = Table.of(
        values[kept],
        gold[kept],
        PAIR_CLASSES if pairs else text_set.classes,
        f"task {text_set.name!r}",
        ids=np.flatnonzero(kept),
        columns={name: column[kept] for name, column in columns.items()},
        split=where[kept],
    )
    return CountedTable(marked(table), counts)


def check_columns(text_set: TextSet, sheet: Sheet) -> None:
    """Check that a file has every column of a data set.

    Raises:
        DataError: If one is missing.
    """
    missing = [column for column in text_set.columns if column not in sheet.names]
    if missing:
        raise DataError(
            f"{sheet.file}: task {text_set.name!r} needs the columns {_list(text_set.columns)}; {_list(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing, there are {_list(sheet.names[:30])}: give the files of "
            f"{text_set.published}, or rename the columns"
        )


def _list(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(map(repr, names))


def _texts(text_set: TextSet, rows: Rows, rule: Rule) -> tuple[list[Texts], dict[str, int]]:
    """Return the classified texts of every row that fit the rule, and what became of the rows."""
    # Two numbers for each row whether they are used or not, so that rows do not change because another one gave no
    # text.
    draws = derive(0, "choices", text_set.name).random((len(rows), 2))
    counts: Counter[str] = Counter()
    texts_by_row: list[Texts] = []
    for index, record in enumerate(rows.records):
        try:
            texts = text_set.texts(record, float(draws[index, 0]))
        except RowError as error:
            raise rows.fail(index, f"task {text_set.name!r}: {error}") from None
        counts["left out: no right answer to show"] += not texts
        if rule.answers != "pair" and draws[index, 1] < 0.5:
            texts = texts[::-1]  # the number of an example tells nothing of its class
        if rule.answers == "one":
            texts = texts[:1]
        # Both candidates of a question go or stay: one of them alone would change the balance, and its length would
        # tell.
        long = rule.words is not None and any(len(text.split()) > rule.words for text, _ in texts)
        if long and rule.longer == "drop":
            counts["left out: too long"] += 1
            texts = []
        elif long and rule.words is not None:
            counts["cut"] += 1
            texts = [(last_words(text, rule.words), label) for text, label in texts]
        texts_by_row.append(texts)
    names = ("left out: no right answer to show", "left out: too long", "cut")
    return texts_by_row, {"rows": len(rows), **{name: counts[name] for name in names}}


def last_words(text: str, count: int) -> str:
    """Return the last words of a text, as they were spaced: question and answer stand at its end.

    >>> last_words("a long  story. Why?", 2)
    'story. Why?'
    """
    # By the words' places in the text, not by joining words again, which would change its line breaks.
    starts = [match.start() for match in re.finditer(r"\S+", text)]
    return text if len(starts) <= count else text[starts[-count] :]


def _single(texts: list[Texts]) -> tuple[AnyArray, IntArray, IntArray]:
    """Return texts `(n,)`, their classes `(n,)` and the rows `(n,)` that they are from."""
    flat = [(text, label, row) for row, of_row in enumerate(texts) for text, label in of_row]
    values = np.empty(len(flat), dtype=object)
    values[:] = [text for text, _, _ in flat]
    gold, row = (np.array([item[i] for item in flat], dtype=np.int64) for i in (1, 2))
    return values, gold, row


def _paired(texts: list[Texts]) -> tuple[AnyArray, IntArray, IntArray]:
    """Return pairs `(n, 2)`, which side is right `(n,)` and the rows `(n,)` that they are from."""
    full = [(row, of_row) for row, of_row in enumerate(texts) if of_row]
    sides = Sheet("", [{"right": right, "wrong": wrong} for _, ((right, _), (wrong, _)) in full])
    return *encode_pairs(Rows([sides]), "right", "wrong"), np.array([row for row, _ in full], dtype=np.int64)


def _difficulty(confidence: FloatArray, gold: IntArray) -> FloatArray:
    """Return for each example `(n,)` the share of its class's examples whose label is surer than its own, in [0, 1)."""
    # Within classes, as sources are often surer of one class than of the other: in 36 of the 135 personas of Perez et
    # al. the surer half of all rows is of one class, and who learns from it alone learns nothing.
    difficulty = np.zeros(len(gold))
    for label in np.unique(gold):
        own = confidence[gold == label]
        difficulty[gold == label] = (len(own) - np.searchsorted(np.sort(own), own, side="right")) / len(own)
    return difficulty


def _together(text_set: TextSet, rows: Rows, rule: Rule) -> IntArray | None:
    """Return for every row `(n,)` a number that rows share which must stay in one split; None if none do."""
    if not text_set.together:
        # The right and the wrong text of one question share its words; in two splits, the one would be trained on and
        # the other scored.
        return np.arange(len(rows)) if text_set.candidates and rule.answers == "both" else None
    keys = [canonical_json([record.get(column) for column in text_set.together]) for record in rows.records]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys], dtype=np.int64)


def _balanced(gold: IntArray, split: AnyArray) -> BoolArray:
    """Return which examples `(n,)` are kept so that in each split every class there is has as many."""
    kept = np.zeros(len(gold), dtype=np.bool_)
    for name in np.unique(split):
        inside = np.flatnonzero(split == name)
        order = derive(0, "balance", str(name)).permutation(inside)
        classes = [order[gold[order] == label] for label in np.unique(gold[inside])]
        fewest = min(map(len, classes))
        for members in classes:
            kept[members[:fewest]] = True
    return kept
