"""What a data file seems to be: a first guess at the fields of task `files`, with the reason of each.

The guess looks at names and at cells, and is there to be read and mended: whoever has the file knows better.
"""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from w2sg.core import DataError
from w2sg.tasks.encoding import Rows
from w2sg.tasks.features import counts_rows
from w2sg.tasks.offers import Offer, found_mark, offers_in_columns, offers_in_lists, offers_in_texts, right_ones
from w2sg.tasks.opening import file_bytes, unzipped
from w2sg.tasks.profile import Column, columns_of
from w2sg.tasks.reading import DELIMITERS, Format, Sheet, format_of, read_sheet
from w2sg.tasks.splitnames import SPLIT_NAMES, splits_of, words_of

LABELS = (
    *("label", "labels", "class", "target", "gold", "y", "answerkey", "correct", "truth", "answer", "sentiment"),
    *(
        "category",
        "outcome",
        "verdict",
        "winner",
        "result",
        "rating",
        "stars",
        "score",
        "matching",
        "quality",
        "income",
    ),
)
"""What label columns are called, the surest first."""
PAIRS = (
    *(("chosen", "rejected"), ("better", "worse"), ("preferred", "dispreferred"), ("accepted", "rejected")),
    *(("winner", "loser"), ("good", "bad"), ("correct", "incorrect")),
)
COMMON = frozenset(
    ("user", "author", "speaker", "group", "document", "doc", "article", "passage", "session", "subject")
    + ("patient", "batch", "pair", "conversation")
)
"""Words in the names of columns that say what rows have in common."""
_ANSWERS = frozenset({"answer", "answers", "target", "output", "solution", "correct", "truth", "gold"})
"""Words in the names of columns that would tell the label if they were shown."""
MOST_CLASSES = 50
CLEARLY = 3.0
"""By so much the best label must be ahead of another, or the other is named as a doubt."""
TEXT_WORDS = 6
_ONE_OF_MANY = re.compile(r"(.*?)[ _-]?([A-Ea-e]|\d)")


@dataclass
class Guess:
    """What a file seems to be.

    Attributes:
        paths: The file, or a file for each split, by its name; that of the rows that are learned from comes first.
        rows: How many rows that file has.
        columns: What its columns hold.
        fields: Fields of task `files`.
        reasons: Why, for each field.
        doubts: What nobody can tell by looking.
    """

    paths: Mapping[str, str]
    rows: int
    columns: Sequence[Column]
    fields: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)

    def take(self, name: str, value: Any, reason: str) -> None:
        """Set a field, with its reason."""
        self.fields[name], self.reasons[name] = value, reason

    def role(self, column: str) -> str:
        """Return what a column is used as: the name of a field, or nothing."""
        for name, value in self.fields.items():
            named = [value] if isinstance(value, str) else value if isinstance(value, list) else []
            if name != "columns" and column in named:
                return name
        nobody = {"text", "pair", "choices", "features"} & self.fields.keys()
        return "" if nobody or self.fields.get("label") is None else "features"


def guess(paths: Sequence[str]) -> Guess:
    """Return what one or more files of the same columns seem to be.

    Raises:
        DataError: If a file cannot be read as any format, or files cannot be told apart by their names.
    """
    named = {"": paths[0]} if len(paths) == 1 else splits_of(paths)
    fields, reasons, sheet = _read(next(iter(named.values())))
    made = Guess(named, len(sheet), columns_of(sheet), fields, reasons)
    looked_at = Rows([Sheet(sheet.file, sheet.records)])
    if {"supervision", "transfer"} <= named.keys():
        supervisor, student = (Path(named[split]).name for split in ("supervision", "transfer"))
        made.doubts.append(f"whether {supervisor!r} is for the supervisor and {student!r} for the student")
    if sheet.images is not None:
        made.doubts.append("images need the file of their labels: set 'labels'")
        return made
    _guess_rows(made, sheet)
    if not (_guess_pair(made) or _guess_choices(made, looked_at)) and _guess_label(made):
        _guess_inputs(made, sheet)
    return made


def _read(path: str) -> tuple[dict[str, Any], dict[str, str], Sheet]:
    """Return the fields that say how a file is read, their reasons, and its rows."""
    data = file_bytes(path)
    plain = unzipped(path, data)
    fields: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    try:
        form = format_of(path)
    except DataError:
        form = _form_of(plain)
        fields["format"], reasons["format"] = form, "the name says no format, so the first letters were looked at"
    if form not in ("csv", "tsv"):
        return fields, reasons, read_sheet(path, data, form, (), None)
    first = plain.split(b"\n", 1)[0].decode("utf-8", "replace").strip("\ufeff\r")
    counts = {mark: first.count(mark) for mark in DELIMITERS}
    usual = "," if form == "csv" else "\t"
    delimiter = max(counts, key=lambda mark: (counts[mark], mark == usual))
    if delimiter != usual and not counts[usual]:
        fields["delimiter"], reasons["delimiter"] = delimiter, f"{delimiter!r} stands in the first line, {usual!r} not"
    cells = [cell.strip().strip('"') for cell in first.split(fields.get("delimiter", usual))]
    if any(_is_value(cell) for cell in cells) or len(set(cells)) < len(cells):
        fields["columns"] = [f"column {number}" for number in range(1, len(cells) + 1)]
        reasons["columns"] = "the first line looks like a row: these names are made up, put yours in their place"
    return (
        fields,
        reasons,
        read_sheet(path, data, form, tuple(fields.get("columns", ())), None, fields.get("delimiter")),
    )


def _form_of(data: bytes) -> Format:
    start = data.lstrip()[:1]
    return {b"{": "jsonl", b"[": "json"}.get(start, "csv")  # type: ignore[return-value]


def _is_value(cell: str) -> bool:
    """Whether a cell of the first line is no name of a column: a number, or a long text."""
    return bool(re.fullmatch(r"[+-]?\d+(\.\d*)?", cell)) or len(cell) > 60


def _guess_rows(made: Guess, sheet: Sheet) -> None:
    """Guess the columns that say something of rows: their identity, their split, what they have in common."""
    for column in made.columns:
        words, all_differ = set(words_of(column.name)), column.different == column.rows > 1
        if "id" not in made.fields and all_differ and words & {"id", "index", "uid", "idx"} and column.words < 2:
            made.take("id", column.name, "every row has another value, and it is called so")
        elif column.holds == "names" and words & {"split", "fold", "set", "partition"}:
            values = {str(value).casefold() for value in sheet.column(column.name, "split")}
            if values <= SPLIT_NAMES:
                made.take("split", column.name, f"its values are {', '.join(sorted(values))}")
        elif words & COMMON and column.different <= 0.7 * column.rows and column.different > MOST_CLASSES:
            made.take("together", column.name, f"{column.different:,} values in {column.rows:,} rows: shared by some")
        elif column.holds == "numbers" and column.name.casefold() == "difficulty" and column.filled == column.rows:
            made.take("difficulty", column.name, "it is called so, and holds numbers")


def _guess_pair(made: Guess) -> bool:
    """Guess a pair of texts, the better one first."""
    names = {column.name.casefold(): column.name for column in made.columns if column.holds in ("texts", "lists")}
    for better, worse in PAIRS:
        if better in names and worse in names:
            made.take("pair", [names[better], names[worse]], "by their names the first is the better one")
            return True
    return False


def _guess_choices(made: Guess, rows: Rows) -> bool:
    """Guess multiple choice: answers in columns, in a list, or in a text, and a label that names one of them."""
    for where, offers in _offered(made, rows):
        for column in _label_candidates(made, most=made.rows):
            own = [where] if isinstance(where, str) else where
            if column.name in own or (column.holds == "texts" and not set(LABELS) & set(words_of(column.name))):
                continue
            counted = _decoded(rows, offers, column.name)
            if counted is None:
                continue
            made.take("choices", where, "answers stand there, and the label below names one of them in every row")
            made.take("label", column.name, f"it names an answer in every row, such as {column.example!r}")
            if None in offers:
                made.take("unreadable", "leave-out", "in some rows no two answers were found")
            if counted == "open":
                made.take("count_from", 0, "labels would also fit if they counted from 1: look which is meant")
                made.doubts.append(f"whether {column.name!r} counts answers from 0 or from 1")
            heads = any(offer is not None and offer.head for offer in offers)
            prompt = [] if isinstance(where, str) and heads else _prompts(made, where)
            if prompt:
                made.take("text", prompt if len(prompt) > 1 else prompt[0], "what is asked, put before both answers")
            return True
    return False


def _offered(made: Guess, rows: Rows) -> list[tuple[Any, Sequence[Offer | None]]]:
    """Return where a row may have its answers, each with the answers."""
    stems: dict[str, list[str]] = {}
    for column in made.columns:
        match = _ONE_OF_MANY.fullmatch(column.name)
        if match and column.holds in ("texts", "names") and column.different > MOST_CLASSES:
            stems.setdefault(match[1].casefold(), []).append(column.name)
    families = [(names, offers_in_columns(rows, names)) for names in stems.values() if len(names) > 1]
    lists = [column.name for column in made.columns if column.holds == "lists" and _lists_texts(rows, column.name)]
    parents = [column.name.removesuffix(".text") for column in made.columns if column.name.endswith(".text")]
    marked = [column.name for column in made.columns if column.holds == "texts" and _marks(rows, column.name)]
    found: list[tuple[Any, Sequence[Offer | None]]] = [*families]
    for name in [*parents, *marked, *lists]:
        with suppress(DataError):  # it is no answers that stand there
            if name in marked:
                found.append((name, offers_in_texts(rows, name, leave_out=True)))
            else:
                found.append((name, offers_in_lists(rows, name)))
    return found


def _lists_texts(rows: Rows, column: str) -> bool:
    return any(isinstance(cell, list) and cell and isinstance(cell[0], str) for cell in rows.column(column, "choices"))


def _marks(rows: Rows, column: str) -> bool:
    return found_mark([str(value) for value in rows.column(column, "choices")]) is not None


def _decoded(rows: Rows, offers: Sequence[Offer | None], label: str) -> str | None:
    """Return whether labels name answers: `told`, or `open` where they may count from 0 or from 1; None if not."""
    try:
        right_ones(rows, offers, label, None)
    except DataError:
        try:
            right_ones(rows, offers, label, 0)
            right_ones(rows, offers, label, 1)
        except DataError:
            return None
        return "open"
    return "told"


def _prompts(made: Guess, where: Any) -> list[str]:
    taken = {where} if isinstance(where, str) else set(where)
    return [
        column.name
        for column in made.columns
        if column.holds == "texts" and column.name not in taken and made.role(column.name) == ""
    ]


def _label_candidates(made: Guess, most: int) -> list[Column]:
    """Return the columns that may be labels, the likeliest first."""
    return [column for _, column in _scored_labels(made, most)]


def _scored_labels(made: Guess, most: int) -> list[tuple[float, Column]]:
    """Return the columns that may be labels with how likely each is, the likeliest first."""
    last = made.columns[-1].name
    found = []
    for place, column in enumerate(made.columns):
        if column.holds not in ("names", "numbers", "texts") or not 2 <= column.different <= most:
            continue
        if made.role(column.name) not in ("", "features"):
            continue
        words = words_of(column.name)
        rank = min((LABELS.index(word) for word in ["".join(words), *words] if word in LABELS), default=None)
        score = 0.0 if rank is None else 10 - 0.3 * rank - 2 * ("".join(words) not in LABELS)
        score += 2.0 * (column.name == last) + 0.5 * (place == 0) + 1.0 * (column.different == 2)
        score += 0.5 * (column.different <= 20) - 3.0 * ("not" in words) - 1.0 * (column.filled < column.rows)
        found.append((score, column))
    return sorted(found, key=lambda one: -one[0])


def _guess_label(made: Guess) -> bool:
    likely = _scored_labels(made, most=min(MOST_CLASSES, made.rows // 2))
    candidates = [(score, column) for score, column in likely if column.holds in ("names", "numbers")]
    if not candidates:
        made.doubts.append("no column looks like a label of a few classes: name it by 'label'")
        return False
    best, label = candidates[0]
    reason = f"{label.different} different values, such as {label.example!r}"
    made.take("label", label.name, reason)
    if label.filled < label.rows:
        empty, filled = f"no {label.name}", f"with {label.name}"
        reason = f"{label.rows - label.filled:,} of {label.rows:,} cells are empty: two classes, empty and filled"
        made.take("merge", {empty: ["null"], filled: ["*"]}, reason)
    others = [column.name for score, column in candidates[1:4] if score > best - CLEARLY]
    if others:
        made.doubts.append(f"whether {label.name!r} is the label: {', '.join(map(repr, others))} could be it, too")
    return True


def _guess_inputs(made: Guess, sheet: Sheet) -> None:
    """Guess what is shown of each row: texts, or features."""
    free = [column for column in made.columns if made.role(column.name) == "features"]
    looked_at = Rows([sheet])
    shown = [column for column in free if not _ANSWERS & set(words_of(column.name))]
    lines = [column for column in shown if column.holds == "lists" and _lists_texts(looked_at, column.name)]
    texts = [column for column in shown if column.holds == "texts"]
    single = [column for column in free if column.holds in ("names", "numbers")]
    lone = [column for column in single if column.holds == "names" and column.different > made.rows / 2]
    if not texts and len(single) == 1 == len(lone):
        texts = lone
    if texts and (max(column.words for column in texts) >= TEXT_WORDS or len(single) < 3 or lines):
        names = _without_repeats(sheet, [column.name for column in [*texts, *lines]])
        made.take("text", names if len(names) > 1 else names[0], "texts, joined by a newline where there are several")
        left = [column.name for column in free if column.name not in names]
        if left:
            made.doubts.append(f"whether {', '.join(map(repr, left[:6]))} should be seen: beside texts they are not")
        shared = [c.name for c in texts if c.name in names and c.different < 0.95 * c.rows]
        if shared and len(names) > 1 and "together" not in made.fields:
            made.take("together", shared, "rows share such a text and differ in the other: one split for them")
        return
    _guess_features(made, sheet, single)


def _without_repeats(sheet: Sheet, names: list[str]) -> list[str]:
    """Return the columns of texts without those that stand inside another column in the first rows."""
    some = {name: [str(value) for value in sheet.column(name, "text")[:50]] for name in names}
    inside = [
        name
        for name in names
        if any(
            other != name and all(own in whole for own, whole in zip(some[name], some[other], strict=True))
            for other in names
        )
    ]
    return [name for name in names if name not in inside] or names


def _guess_features(made: Guess, sheet: Sheet, columns: Sequence[Column]) -> None:
    out = {
        column.name: "all its cells are one value" if column.different < 2 else "nearly every row has a name of its own"
        for column in columns
        if column.different < 2 or (column.holds == "names" and column.different > made.rows / 2)
    }
    out |= {
        column.name: "it numbers the rows"
        for column in columns
        if column.holds == "numbers" and counts_rows(sheet.column(column.name, "features"))
    }
    kept = [column.name for column in columns if column.name not in out]
    left = [c.name for c in made.columns if made.role(c.name) == "features" and c.name not in kept]
    if left:
        why = "; ".join(f"{name}: {reason}" for name, reason in out.items())
        made.take("features", kept, f"all others but {', '.join(left)}{f' ({why})' if why else ''}")
    if any(column.holds == "numbers" and column.filled < column.rows for column in columns if column.name in kept):
        made.take("missing", "fill", "some numbers are missing")


def toml_value(value: Any) -> str:
    """Return a value as TOML writes it on one line.

    >>> toml_value({"good": ["4", "5"]}), toml_value(True)
    ('{ "good" = ["4", "5"] }', 'true')
    """
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml_value(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
