"""Seals: a line of the ledger says when predictions were made, so that it is known what had been opened by then."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from w2sg.core import SEAL, Answer, StoreError, canonical_json

if TYPE_CHECKING:
    from w2sg.graph import LedgerEntry
    from w2sg.theory.steps import Predictions


@dataclass(frozen=True)
class Seal:
    """When all predictions of one run were made, and whether somebody could have known by then what is true.

    Attributes:
        run: The run's name.
        place: The data of the run: a task under a seed.
        n: How many predictions.
        sha256: The hash of them.
        made: When they were made, in UTC.
        opened: When gold of the place's test set had first been handed out for scoring, of whichever run; None if it
            had not been before the seal.
        trust: The trust tier of the predictions, and whose code ran beside ground truth meanwhile.
    """

    run: str
    place: str
    n: int
    sha256: str
    made: str
    opened: str | None
    trust: str

    @property
    def late(self) -> bool:
        """Whether theories, or whoever changed them, could have seen what they are scored on."""
        return self.opened is not None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "late": self.late}


@dataclass(frozen=True, eq=False)
class SealedPredictions:
    """What theories said of runs.

    Attributes:
        steps: The step of each run.
        answers: All answers, run by run.
        seals: The seal of each run.
    """

    steps: tuple["Predictions", ...]
    answers: tuple[Answer, ...]
    seals: tuple[Seal, ...]

    @property
    def sha256(self) -> str:
        """The hash of all answers, with the runs that they speak of."""
        return hashlib.sha256(canonical_json([answer.digest() for answer in self.answers]).encode()).hexdigest()


def digest_of(answers: Sequence[Mapping[str, Any]]) -> str:
    """Return the sha256 of answers in plain data, which their seal holds."""
    return hashlib.sha256(canonical_json(answers).encode()).hexdigest()


def seal_of(
    run: str, key: str, answers: Sequence[Mapping[str, Any]], lines: Sequence["LedgerEntry"], trust: str
) -> Seal:
    """Return the first seal of the predictions of a run.

    Args:
        run: The run's name.
        key: The key of the step that made the predictions.
        answers: The predictions, in plain data.
        lines: The ledger on the test set of the run's place, in its order.
        trust: Where the predictions were made.

    Raises:
        StoreError: If these predictions were not sealed.
    """
    digest, opened = digest_of(answers), None
    for line in lines:
        if line.purpose == "score" and opened is None:
            opened = line.created
        if (line.purpose, line.step, line.asked_by) == (SEAL, key, digest):
            return Seal(run, line.place, line.n, digest, line.created, opened, trust)
    raise StoreError(
        f"run {run[:12]}: its predictions are not those that were sealed, by the ledger: somebody changed the store; "
        "choose another --store, in which no truth was opened"
    )
