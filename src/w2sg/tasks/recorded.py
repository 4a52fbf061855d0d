"""Tasks from published sets that come with the answers language models gave."""

from functools import lru_cache
from typing import Literal, Self, final

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import AnyArray, DataError, register
from w2sg.tasks.answers import Answers, Source, contents_of, read_answers, verification
from w2sg.tasks.duplicates import marked
from w2sg.tasks.encoding import RECORDED
from w2sg.tasks.opening import PathText, digest_of
from w2sg.tasks.splits import TextTask
from w2sg.tasks.table import Table

JUDGED = "175b_verification"
_MEMO = 4


@final
@register()
class RecordedAnswers(TextTask):
    """Questions of a published set with the answers that language models gave, for the supervisor `recorded`.

    `mmlu` (Hendrycks et al. 2021, arXiv 2009.03300): 4 options. `bbh` (Suzgun et al. 2022, arXiv 2210.09261): questions
    whose answer is a letter, yes or no, and the like. `gsm8k` (Cobbe et al. 2021, arXiv 2110.14168): is one system's
    worked solution right; another system's answer is yes where it came to the same number.
    """

    kind: Literal["recorded-answers"] = "recorded-answers"
    source: Source = Field(description="which set: mmlu, bbh or gsm8k")
    folder: PathText = Field(description="the folder that holds the set's own files, plain or gzipped")
    only: tuple[str, ...] = Field(
        (), description="beginnings of the names of mmlu subjects or bbh tasks to keep; empty keeps all"
    )
    judged: str | None = Field(
        None, description=f"gsm8k: the system whose solutions are to be judged; default {JUDGED}"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.source == "gsm8k" and self.only:
            raise ValueError(f"'only' names mmlu subjects or bbh tasks, gsm8k has none, got {list(self.only)}")
        if self.source != "gsm8k" and self.judged is not None:
            raise ValueError(f"'judged' goes with source 'gsm8k' only, got {self.judged!r} with {self.source!r}")
        return self

    @property
    def sources(self) -> frozenset[str]:
        """The set: subjects of one are one family."""
        return frozenset({self.source})

    def table(self, rng: np.random.Generator) -> Table:
        """Return all rows; a table that was made before from the same bytes is not made again."""
        return _table(self.fingerprint(), self.source, self.folder, self.only, self.judged)

    def fingerprint(self) -> str:
        """Return the sha256 over the bytes of all files of the set.

        Raises:
            DataError: If a file is missing or cannot be read.
        """
        return digest_of(contents_of(self.source, self.folder))


@lru_cache(maxsize=_MEMO)
def _table(fingerprint: str, source: Source, folder: str, only: tuple[str, ...], judged: str | None) -> Table:
    contents = contents_of(source, folder)
    # Read again rather than handed in, so that the memory is keyed by a short hash; in between a file may have changed.
    if digest_of(contents) != fingerprint:
        raise DataError(f"{folder}: a file changed while it was read: run again")
    answers = read_answers(source, contents, only)
    if source == "gsm8k":
        answers = verification(answers, judged or JUDGED)
    texts = np.empty(len(answers.texts), dtype=object)
    texts[:] = answers.texts
    return marked(Table.of(texts, answers.gold, answers.classes, folder, columns=_columns(answers)))


def _columns(answers: Answers) -> dict[str, AnyArray]:
    """Return recorded answers, and group and difficulty where every question has one."""
    columns: dict[str, AnyArray] = {RECORDED + name: given for name, given in answers.recorded.items()}
    if answers.group:
        columns["group"] = np.array(answers.group)
    # Shifts and error structures need a difficulty for every row, and half a column would fail them later.
    if np.isfinite(answers.difficulty).all():
        columns["difficulty"] = answers.difficulty
    return columns
