"""Published text data sets as tasks: each by its name, from local files or from the hub."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Literal, Self, final

import numpy as np
from pydantic import Field, WithJsonSchema, model_validator

from w2sg.core import DataError, preset, register
from w2sg.tasks.nlp.formats import FORMATS
from w2sg.tasks.nlp.making import AnswersShown, Rule, make
from w2sg.tasks.nlp.shapes import TextSet
from w2sg.tasks.nlp.sources import contents, hub_parts, local_parts
from w2sg.tasks.opening import PathText
from w2sg.tasks.splits import SPLITS, TextTask, check_names
from w2sg.tasks.table import CountedTable, Table

_MEMO = 4


@final
@register()
class Nlp(TextTask):
    """A published text data set, as two classes of texts or as pairs of texts."""

    kind: Literal["nlp"] = "nlp"
    dataset: Annotated[str, WithJsonSchema({"type": "string", "enum": list(FORMATS)})] = Field(
        description="which data set: docs/reference/text-tasks.md lists them"
    )
    path: PathText | None = Field(
        None, description="a folder with a file for each published split (train.jsonl), or one file, which is dealt"
    )
    further_tests: Mapping[str, PathText] = Field(
        {},
        description="further test sets by their name: a folder, of which the published test split is read, or a file, "
        "in the columns of the data set",
    )
    opposite: tuple[str, ...] = Field(
        (),
        description="further test sets whose labels say the opposite in their files: their two classes are exchanged",
    )
    revision: str | None = Field(None, description="without 'path': the commit or tag to read from the hub")
    answers: AnswersShown = Field(
        "both",
        description="what a question with answers becomes: two texts, one with the right and one with a wrong answer; "
        "one of the two, drawn; or the pair, of which the first or the second is right",
    )
    words: int | None = Field(None, ge=1, description="the most words of a text; by default any number")
    longer: Literal["drop", "cut"] = Field(
        "drop", description="rows with longer texts are dropped, or cut to their last words"
    )
    balance: bool = Field(True, description="make classes equal in each published split by dropping at random")
    limit: int | None = Field(None, ge=2, description="rows to read of each file or published split, chosen at random")

    @property
    def sources(self) -> frozenset[str]:
        """The data set."""
        return frozenset({self.dataset})

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.dataset not in FORMATS:
            near = get_close_matches(self.dataset, FORMATS, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"known: {', '.join(FORMATS)}"
            raise ValueError(f"unknown 'dataset' {self.dataset!r}: {hint}")
        if self.path is not None and self.revision is not None:
            raise ValueError("'path' is a local copy and 'revision' one on the hub: use one")
        self._check_source(FORMATS[self.dataset])
        if self.answers != "both" and not FORMATS[self.dataset].candidates:
            raise ValueError(f"'answers' must be 'both' for {self.dataset!r}: its rows give one text each")
        return self

    def _check_source(self, chosen: TextSet) -> None:
        """Check where data and further test sets come from.

        Raises:
            ValueError: If the hub does not have the data, or further test sets lack their main one or a proper name.
        """
        if self.revision is not None and not chosen.hub:
            raise ValueError(f"{self.dataset!r} is not read from the hub: let 'path' name files of {chosen.published}")
        if self.further_tests and self.path is None:
            raise ValueError("'further_tests' are files beside those of 'path': set 'path' too")
        if unknown := sorted(set(self.opposite) - set(self.further_tests)):
            raise ValueError(f"'opposite' names no test set of 'further_tests': {unknown[0]!r} is not one of them")
        try:
            check_names(list(self.further_tests), "'further_tests'")
        except DataError as error:
            raise ValueError(str(error)) from None

    def table(self, rng: np.random.Generator) -> Table:
        """Return all examples; those made before from the same rows are not made again."""
        return self._made().table

    def counts(self) -> Mapping[str, int]:
        """Return what became of the rows: read, left out, cut, dropped for balance, and the examples.

        Raises:
            DataError: If the data cannot be read or break a rule.
        """
        return self._made().counts

    def fingerprint(self) -> str:
        """Return the sha256 over the rows and their splits.

        Raises:
            DataError: If the data cannot be read.
        """
        if self.path is not None:
            return contents(self.path, FORMATS[self.dataset], self.further_tests)[0]
        return hub_parts(FORMATS[self.dataset], self.revision, self.limit)[0]

    def read(self, expected: str) -> CountedTable:
        """Make the examples anew.

        Raises:
            DataError: If the data break a rule, or are no longer those with the fingerprint `expected`.
        """
        chosen = FORMATS[self.dataset]
        if self.path is not None:
            fingerprint, files = contents(self.path, chosen, self.further_tests)
            parts = local_parts(files, self.limit)
        else:
            fingerprint, parts = hub_parts(chosen, self.revision, self.limit)
        if fingerprint != expected:
            raise DataError(f"{self.path}: a file changed while it was read: run again")
        return make(chosen, parts, Rule(self.answers, self.words, self.longer, self.balance, self.opposite))

    def _made(self) -> CountedTable:
        # What decides the examples, without what decides the splits: many studies deal the same examples anew.
        fields = self.model_dump(mode="json", exclude={*SPLITS, "corpus", "shifts", "disjoint", "part"})
        return _made(self.fingerprint(), json.dumps(fields, sort_keys=True))


@lru_cache(maxsize=_MEMO)
def _made(fingerprint: str, fields: str) -> CountedTable:
    return Nlp.model_validate(json.loads(fields)).read(fingerprint)


for _name, _set in FORMATS.items():
    _fields = {"dataset": _name, **({"answers": "pair"} if _set.paired else {})}
    _summary = f"{_set.published}{f' ({_set.config})' if _set.config else ''}: {_set.example}."
    preset(_name, Nlp, _summary, paper=_set.paper, **_fields)  # type: ignore[arg-type]
