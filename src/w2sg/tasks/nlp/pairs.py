"""The distribution shifts of GENIES (Clymer et al. 2023, arXiv:2311.07723), each as tasks."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2sg.core import DataError
from w2sg.tasks.nlp.task import Nlp
from w2sg.tasks.opening import file_bytes, place_of, unzipped

LISTS = "distribution_shifts"
DISTRIBUTIONS = "distributions"


@dataclass(frozen=True)
class ShiftPair:
    """One shift: a source distribution to train on, and a target distribution to generalise to.

    Attributes:
        folder: The folder with all distributions.
        source: The name of the source.
        target: The name of the target.
        reference: The distribution that a student is trained on to see what it is capable of on the target: the target
            itself, or one that teaches the same without its spurious cue.
        category: The category of the shift, such as `difficulty`; empty where the list names none.
    """

    folder: str
    source: str
    target: str
    reference: str
    category: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """The distributions of the pair that the folder lacks; not all were free to be published again."""
        names = dict.fromkeys((self.source, self.target, self.reference))
        return tuple(name for name in names if not Path(self.folder, name).is_dir())

    def task(self, **fields: Any) -> Nlp:
        """Return the task that trains on the source: test set `test` is of the source, one by its name of the target.

        Args:
            **fields: Further fields of the task.

        Raises:
            DataError: If a distribution is missing.
        """
        return self._of(self.source, {self.target: str(Path(self.folder, self.target))}, fields)

    def capability(self, **fields: Any) -> Nlp:
        """Return the task that trains on the reference, for what a student is capable of: its test set is `test`.

        Raises:
            DataError: If a distribution is missing.
        """
        return self._of(self.reference, {}, fields)

    def _of(self, name: str, further: dict[str, str], fields: dict[str, Any]) -> Nlp:
        if self.missing:
            raise DataError(
                f"{self.folder}: the shift from {self.source!r} to {self.target!r} needs {', '.join(self.missing)}, "
                "which the folder lacks: choose a pair whose 'missing' is empty"
            )
        own = {"dataset": "genies", "answers": "pair", "path": str(Path(self.folder, name)), "further_tests": further}
        return Nlp.model_validate({**own, **fields})


def shift_pairs(folder: str, listed: str = "GENIES") -> tuple[ShiftPair, ...]:
    """Return the shifts of a published list, in its order, whether their distributions are there or not.

    Args:
        folder: The folder with `distributions` and `distribution_shifts` of GENIES.
        listed: The list in `distribution_shifts`, without its ending: `GENIES` (the 15 main shifts), `all` (69),
            `extreme/difficulty` and others.

    Raises:
        DataError: If there is no such list, or it is no list of pairs.
    """
    path = place_of(f"{folder}/{LISTS}/{listed}.json", "folder")
    if not path.is_file() and Path(f"{path}.gz").is_file():
        path = Path(f"{path}.gz")
    try:
        found = json.loads(unzipped(str(path), file_bytes(str(path), "folder")))
    except ValueError as error:
        raise DataError(f"{path}: not a JSON list of shifts ({error}): fetch it again") from None
    if not isinstance(found, list):
        raise DataError(f"{path}: must be a JSON list of shifts, got {type(found).__name__}: fetch it again")
    return tuple(_pair(str(path), f"{folder}/{DISTRIBUTIONS}", number, entry) for number, entry in enumerate(found, 1))


def _pair(path: str, folder: str, number: int, entry: Any) -> ShiftPair:
    """Return the shift of one entry of a list.

    Raises:
        DataError: If it does not name a source and a target, or a name leads out of the folder.
    """
    given = entry if isinstance(entry, dict) else {}
    names: list[str] = []
    for name in (given.get("source"), given.get("target"), given.get("target_reference", given.get("target"))):
        if not isinstance(name, str) or not name or name != Path(name).name:
            raise DataError(
                f"{path}, shift {number}: 'source', 'target' and 'target_reference' must be names of distributions, "
                f"got {name!r:.60}: mend it"
            )
        names.append(name)
    source, target, reference = names
    return ShiftPair(folder, source, target, reference, str(given.get("category", "")))
