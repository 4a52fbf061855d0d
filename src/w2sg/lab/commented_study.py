"""A first study of somebody's own file: every line explained, to be read and mended."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from w2sg.core import wording
from w2sg.tasks import Guess, toml_value

_HEAD = """\
# A study of {source}, written by looking at the file: {rows}, {columns}.
# What follows '#' is a remark. What is guessed says why: read these lines first, and mend what is wrong.
#
# See what is in the data, and whether the setup can work:   w2sg preflight {file}
# Make all runs, and print the table:                        w2sg study {file}
# Write it as a page:                                        w2sg report {file} -o {stem}.html
"""
_GRID = """
# Each seed splits the rows anew and trains everything again: more seeds make intervals narrower.
seeds = 8
# How the student learns from the weak labels; the first is what the others are compared with. See 'w2sg list methods'.
methods = ["naive", "confidence"]
# The weak supervisor and the strong student; without these lines they are those that fit the data. See 'w2sg list
# supervisors' and 'w2sg list students'.
# supervisors = ["{supervisor}"]
# A supervisor that knows less, taught by 25 true labels only, where its gap to the ceiling would be too small:
# supervisors = [{{ kind = "{supervisor}", labels = 25 }}]
# students = ["{student}"]

[[tasks]]
# Your own files; all that can be said of them: 'w2sg describe tasks files'.
kind = "files"
# The name in tables.
title = "{stem}"
"""
_TAIL = """
# Further fields, with what they are if they are left out:
# supervision = 0.25   # share of the rows (or how many) whose true labels teach the weak supervisor
# transfer = 0.5       # those that it labels for the student; what is left are the test examples
# limit = 10000        # keep so many rows, drawn at random: for a first look at a large file
"""
_MEANING = {
    "path": "The file, as seen from the folder in which you start w2sg.",
    "paths": "A file for each split: rows of 'train' are dealt to supervision and transfer; 'test' scores; any other\n"
    "# name is a further test set, such as one from elsewhere.",
    "format": "How the file is written.",
    "delimiter": "What stands between cells.",
    "columns": "Names of the columns, as the file has no header line.",
    "label": "The column with the right answer. Methods never see it.",
    "merge": "Classes made of labels: 'null' is an empty cell, '*' all that no class names.",
    "text": "What is shown of each row: the text in these columns.",
    "pair": "Two texts of which the first is the better one: which of them is on which side is drawn.",
    "choices": "The answers of each row; it becomes a pair of the right answer and a wrong one.",
    "unreadable": "Rows without two different answers: 'leave-out' drops and counts them, 'refuse' is strict.",
    "count_from": "The number that labels give the first answer: 0 or 1.",
    "features": "What is shown of each row: numbers are standardised, names get a coordinate for each value.",
    "missing": "Empty cells among numbers: 'fill' takes the median, and says so in a column more; 'refuse' is strict.",
    "together": "Rows that share a value of this column stay in one split: otherwise the test set is known in part.",
    "id": "A column that only names the rows.",
    "split": "A column that says which split a row is in.",
    "difficulty": "A column of numbers, higher is harder: results are shown by quarters of it.",
}
_ORDER = tuple(_MEANING)


def commented_study(guess: Guess, file: str) -> str:
    """Return the text of a study file for what a file of rows seems to be.

    Args:
        guess: What it seems to be.
        file: The name under which the text will be kept, for the commands in it.
    """
    source, stem = next(iter(guess.paths.values())), Path(file).stem
    rows, columns = wording.quantity(guess.rows, "row"), wording.quantity(len(guess.columns), "column")
    head = _HEAD.format(source=source, rows=rows, columns=columns, file=file, stem=stem)
    text = {"text", "pair", "choices"} & guess.fields.keys()
    defaults = ("few-words", "tfidf") if text else ("few-features", "nystroem")
    grid = _GRID.format(stem=stem, supervisor=defaults[0], student=defaults[1])
    doubts = "".join(f"# Look at this: nobody can tell by looking {doubt}.\n" for doubt in guess.doubts)
    return head + grid + "".join(_lines(guess)) + doubts + _unnamed(guess) + _TAIL


def fields_of(guess: Guess) -> dict[str, Any]:
    """Return the fields of the task that a guess stands for, without `kind`."""
    named: Mapping[str, str] = guess.paths
    files = {"path": named[""]} if "" in named else {"paths": dict(named)}
    return {**files, **guess.fields}


def _lines(guess: Guess) -> list[str]:
    fields = fields_of(guess)
    lines = []
    for name in sorted(fields, key=_ORDER.index):
        reason = f" Guessed: {guess.reasons[name]}." if name in guess.reasons else ""
        lines.append(f"# {_MEANING[name]}{reason}\n{name} = {toml_value(fields[name])}\n")
    return lines


def _unnamed(guess: Guess) -> str:
    """Return lines for what has to be named and could not be guessed."""
    if "label" in guess.fields or "pair" in guess.fields:
        return ""
    names = ", ".join(column.name for column in guess.columns[:20])
    return f'# {_MEANING["label"]} Not found: name one of {names}.\n# label = "..."\n'
