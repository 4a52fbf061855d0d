"""GSM8K as a task of written answers: questions, worked solutions, and what four systems wrote (arXiv:2110.14168)."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import AnyArray, DataError, Scorer, as_texts, final_number, register
from w2sg.tasks.duplicates import marked
from w2sg.tasks.gsm8k import SOLVED, TEST, TRAIN, read_problems
from w2sg.tasks.opening import PathText, digest_of, folder_bytes
from w2sg.tasks.reading import read_sheet
from w2sg.tasks.table import Table
from w2sg.tasks.written.base import RECORDED, WrittenTask

FILES = {"solved": (SOLVED,), "published": (TRAIN, TEST)}
_NOTES = re.compile(r"<<[^<>]*>>")
"""Calculations noted inside a solution."""
_END = re.compile(r"(?:^|\n)(?:####|A:)[^\n]*$")
"""The last line of a solution, with its answer."""
_MEMO = 4


@final
@register()
class Gsm8k(WrittenTask):
    """Word problems of GSM8K whose solutions are written; right is who comes to the right number.

    `solved` are the 1,319 test questions with solutions by four systems, for the supervisor `recorded-solutions`: they
    are dealt to the splits, so that no question is both trained on and scored. `published` deals the train questions
    and scores on the test questions. Difficulty is the number of steps of the solution.
    """

    kind: Literal["gsm8k"] = "gsm8k"
    folder: PathText = Field(description="the folder that holds the set's own files, plain or gzipped")
    questions: Literal["solved", "published"] = Field("solved", description="which questions")
    worked: bool = Field(True, description="answers are worked solutions; otherwise their final numbers only")

    @property
    def scored_by(self) -> Scorer:
        """A right answer ends in the right number."""
        return "number"

    @property
    def default_supervisor(self) -> str:
        """What was recorded, where it was."""
        return "recorded-solutions" if self.questions == "solved" else "trained-writer"

    def table(self, rng: np.random.Generator) -> Table:
        """Return all questions; a table that was made before from the same bytes is not made again."""
        return _table(self.fingerprint(), self)

    def fingerprint(self) -> str:
        """Return the sha256 over the bytes of the files.

        Raises:
            DataError: If a file is missing or cannot be read.
        """
        return digest_of(self.contents())

    def contents(self) -> dict[str, bytes]:
        """Return the bytes of the files by their path.

        Raises:
            DataError: If a file is missing or cannot be read.
        """
        return folder_bytes(self.folder, FILES[self.questions], "GSM8K")


@lru_cache(maxsize=_MEMO)
def _table(fingerprint: str, task: Gsm8k) -> Table:
    contents = task.contents()
    if digest_of(contents) != fingerprint:
        raise DataError(f"{task.folder}: a file changed while it was read: run again")
    sheets = [read_sheet(path, data, None, (), None) for path, data in contents.items()]
    solved = task.questions == "solved"
    problems = read_problems(sheets, solved=solved)
    missing = next((place for place, text in enumerate(problems.solutions) if final_number(text) is None), None)
    if missing is not None:
        got = problems.solutions[missing]
        raise problems.rows.fail(missing, f"a solution must end in a number, got {got!r:.80}")

    def as_answers(solutions: Sequence[str]) -> list[str]:
        return [written(text, task.worked) for text in solutions]

    columns: dict[str, AnyArray] = {"difficulty": problems.steps}
    columns |= {f"{RECORDED}{name}": as_texts(as_answers(texts)) for name, texts in problems.written.items()}
    # The published train questions are free to be dealt; the published test questions stay the test set.
    split = None if solved else np.repeat(np.array(["", "test"]), [len(sheet) for sheet in sheets])
    # The newline ends the question, so that the answer begins a line, as it does in what was recorded.
    prompts = [f"{text}\n" for text in problems.questions]
    return marked(task.as_table(prompts, as_answers(problems.solutions), task.folder, columns, split))


def written(solution: str, worked: bool) -> str:
    r"""Return a solution as it is to be written: without noted calculations, its answer after `####`, or that alone.

    A solution without an answer at its end is left as it is; without a number its bare answer is empty.

    >>> written("2 + 3 = <<2+3=5>>5 coins\nA: 5", True), written("2 + 3 = 5\n#### 5", False), written("?", False)
    ('2 + 3 = 5 coins\n#### 5', '5', '')
    """
    number = final_number(solution)
    if not worked:
        return "" if number is None else f"{number.normalize():f}"
    # The noted calculations are an aid for calculators that was left in the set: a model would learn to write marks
    # that no reader counts.
    plain, last_line = _NOTES.sub("", solution), _END.search(solution)
    if last_line is None or number is None:
        return plain
    return f"{_END.sub('', plain)}\n#### {number.normalize():f}".lstrip("\n")
