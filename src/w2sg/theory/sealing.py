"""Seals: a line of the ledger says when predictions were made, so that it is known what had been opened by then."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from w2sg.core import SEAL, Answer, StoreError, canonical_json
from w2sg.graph import Artifact, Keys, LedgerEntry, Store
from w2sg.lab import shown_trust
from w2sg.theory.observing.runs import TEST
from w2sg.theory.steps import Predictions, answers_to


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

    steps: tuple[Predictions, ...]
    answers: tuple[Answer, ...]
    seals: tuple[Seal, ...]

    @property
    def sha256(self) -> str:
        """The hash of all answers, with the runs that they speak of."""
        return hashlib.sha256(canonical_json([answer.digest() for answer in self.answers]).encode()).hexdigest()


def sealed(
    steps: Sequence[Predictions], artifacts: Sequence[Artifact], runs: Sequence[str], root: Path
) -> SealedPredictions:
    """Return predictions with their seals, which the ledger must have.

    Args:
        steps: The step of each run.
        artifacts: What each step made.
        runs: The runs' names.
        root: The store's folder.

    Raises:
        StoreError: If predictions are not those that were sealed.
    """
    keys = Keys()
    answers = [answer for artifact, run in zip(artifacts, runs, strict=True) for answer in answers_to(artifact, run)]
    with Store(root) as store:
        lines = {place: store.ledger(place=place, split=TEST) for place in dict.fromkeys(step.place for step in steps)}
    seals = [
        _seal(run, keys.of(step), artifact, lines[step.place])
        for step, artifact, run in zip(steps, artifacts, runs, strict=True)
    ]
    return SealedPredictions(tuple(steps), tuple(answers), tuple(seals))


def _seal(run: str, key: str, artifact: Artifact, lines: Sequence[LedgerEntry]) -> Seal:
    """Return the first seal of what a step made; `lines` are those on the test set of its place, in their order."""
    digest, opened = Predictions.digest_of(artifact.record["answers"]), None
    for line in lines:
        if line.purpose == "score" and opened is None:
            opened = line.created
        if (line.purpose, line.step, line.asked_by) == (SEAL, key, digest):
            trust = shown_trust(artifact.record["trust"])
            return Seal(run, line.place, line.n, digest, line.created, opened, trust)
    raise StoreError(
        f"run {run[:12]}: its predictions are not those that were sealed, by the ledger: somebody changed the store; "
        "choose another --store, in which no truth was opened"
    )
