"""The files of GSM8K (arXiv:2110.14168): questions with worked solutions, and what four systems wrote to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from w2sg.core import FloatArray
from w2sg.tasks.encoding import Rows, encode_texts
from w2sg.tasks.reading import Sheet

SOLVED, TRAIN, TEST = "example_model_solutions.jsonl", "train.jsonl", "test.jsonl"
"""The test questions with the systems' solutions, and the two published files."""


@dataclass(frozen=True, eq=False)
class WordProblems:
    """The `n` questions of one or several files.

    Attributes:
        rows: Where they stand, for messages.
        questions: `(n,)` texts.
        solutions: The right worked solutions, `(n,)` texts.
        steps: The number of steps of each right solution, `(n,)`.
        written: What each system wrote, `(n,)` texts; empty where the files hold no systems.
    """

    rows: Rows
    questions: Sequence[str]
    solutions: Sequence[str]
    steps: FloatArray
    written: Mapping[str, Sequence[str]]


def read_problems(sheets: Sequence[Sheet], *, solved: bool) -> WordProblems:
    """Return the questions of files that systems solved, or of published ones.

    Raises:
        DataError: If a column is missing, or a cell holds no text.
    """
    rows = Rows(sheets)

    def texts(column: str) -> list[str]:
        cells: list[str] = encode_texts(rows, [column], "folder").tolist()
        return cells

    fixed = ("question", "ground_truth") if solved else ("question", "answer")
    # The file has a column for each system and none that lists them.
    systems = [name for name in sheets[0].names if name not in fixed] if solved else []
    questions, solutions = map(texts, fixed)
    # Each step of a solution is a line, and the last line holds the answer.
    steps = np.array([float(solution.count("\n")) for solution in solutions])
    return WordProblems(rows, questions, solutions, steps, {name: texts(f"{name}.solution") for name in systems})
