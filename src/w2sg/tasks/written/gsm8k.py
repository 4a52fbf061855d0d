"""GSM8K as a task of written answers: questions, worked solutions, and what four systems wrote (arXiv:2110.14168)."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import AnyArray, DataError, Scorer, as_texts, final_number
from w2sg.core.registry import register
from w2sg.tasks.encoding import Rows, encode_texts
from w2sg.tasks.reading import Sheet, file_bytes, read_sheet
from w2sg.tasks.table import Table
from w2sg.tasks.written.base import RECORDED, WrittenTask

SOLUTIONS, TRAIN, TEST = "example_model_solutions.jsonl", "train.jsonl", "test.jsonl"
FILES = {"solved": (SOLUTIONS,), "published": (TRAIN, TEST)}
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
    folder: str = Field(description="the folder that holds the set's own files, plain or gzipped")
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
        return _digest(self.contents())

    def contents(self) -> dict[str, bytes]:
        """Return the bytes of the files by their path.

        Raises:
            DataError: If a file is missing or cannot be read.
        """
        root = Path(self.folder).expanduser()
        found = {}
        for name in FILES[self.questions]:
            path = next((path for path in (root / name, root / f"{name}.gz") if path.is_file()), None)
            if path is None:
                raise DataError(f"{self.folder}: 'folder' must hold {name} (or .gz of it) of GSM8K, it has none")
            found[str(path)] = file_bytes(str(path), "folder")
        return found


def _digest(contents: dict[str, bytes]) -> str:
    state = hashlib.sha256()
    for data in contents.values():
        state.update(len(data).to_bytes(8, "little") + data)
    return state.hexdigest()


@lru_cache(maxsize=_MEMO)
def _table(fingerprint: str, task: Gsm8k) -> Table:
    contents = task.contents()
    if _digest(contents) != fingerprint:
        raise DataError(f"{task.folder}: a file changed while it was read: run again")
    sheets = [read_sheet(path, data, None, (), None) for path, data in contents.items()]
    rows = Rows(sheets)
    solved = task.questions == "solved"
    solutions = encode_texts(rows, ["ground_truth" if solved else "answer"], "folder").tolist()
    missing = next((place for place, text in enumerate(solutions) if final_number(text) is None), None)
    if missing is not None:
        raise rows.fail(missing, f"a solution must end in a number, got {solutions[missing]!r:.80}")
    columns: dict[str, AnyArray] = {"difficulty": np.array([float(text.count("\n")) for text in solutions])}
    if solved:
        columns |= {f"{RECORDED}{name}": texts for name, texts in _recorded(sheets[0], task.worked).items()}
    split = None if solved else np.repeat(np.array(["", "test"]), [len(sheet) for sheet in sheets])
    prompts = [f"{text}\n" for text in encode_texts(rows, ["question"], "folder")]
    gold = [written(text, task.worked) for text in solutions]
    return task.made(prompts, gold, task.folder, columns, split)


def _recorded(sheet: Sheet, worked: bool) -> dict[str, AnyArray]:
    """Return what each system wrote, `(n,)` texts."""
    systems = [name for name in sheet.names if name not in ("question", "ground_truth")]
    told = {name: encode_texts(Rows([sheet]), [f"{name}.solution"], "folder").tolist() for name in systems}
    return {name: as_texts([written(text, worked) for text in texts]) for name, texts in told.items()}


def written(solution: str, worked: bool) -> str:
    r"""Return a solution as it is to be written: without noted calculations, its answer after `####`, or that alone.

    A solution without an answer at its end is left as it is; without a number its bare answer is empty.

    >>> written("2 + 3 = <<2+3=5>>5 coins\nA: 5", True), written("2 + 3 = 5\n#### 5", False), written("?", False)
    ('2 + 3 = 5 coins\n#### 5', '5', '')
    """
    number = final_number(solution)
    if not worked:
        return "" if number is None else f"{number.normalize():f}"
    plain, found = _NOTES.sub("", solution), _END.search(solution)
    if found is None or number is None:
        return plain
    return f"{_END.sub('', plain)}\n#### {number.normalize():f}".lstrip("\n")
