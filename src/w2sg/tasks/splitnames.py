"""Which split each of several files is for, as far as their names say."""

import re
from collections.abc import Sequence
from pathlib import Path

from w2sg.core import DataError
from w2sg.tasks.splits import ALIASES, SPLITS
from w2sg.tasks.table import learned_from

SPLIT_NAMES = frozenset({*SPLITS, *ALIASES, "dev"})
_WORD = re.compile(r"[a-z0-9]+")
_TRAINING = re.compile(r"(?<!s)train", re.IGNORECASE)
"""In the name of a file whose rows are learned from; no word such as 'strain'."""
_PARTS = {
    "supervision": {"gt", "supervision", "supervisor"},
    "transfer": {"w2s", "transfer", "unlabeled", "unlabelled", "unlabel"},
}
"""Words in the names of several training files that say who learns from which."""


def words_of(name: str) -> list[str]:
    """Return the words of a name, in small letters.

    >>> words_of("isRight_2")
    ['is', 'right', '2']
    """
    return _WORD.findall(re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold())


def splits_of(paths: Sequence[str]) -> dict[str, str]:
    """Return a name for each file: of the split it is named after, or else its own, as a further test set.

    Raises:
        DataError: If two files have one name, or several are for training and do not say who learns from which.
    """
    training = [path for path in paths if _TRAINING.search(_stem(path))]
    named = {_part_of(path): path for path in training}
    if len(training) == 1:
        named = {"train": training[0]}
    elif len(named) < len(training) or "train" in named:
        raise DataError(
            f"{', '.join(training)}: of several files with 'train' in their names one must be for the supervisor and "
            "one for the student, and these names do not say which is: join them to one file, or write it in a study "
            "as paths = { supervision = '...', transfer = '...', test = '...' }"
        )
    for path in (path for path in paths if path not in training):
        stem = _stem(path)
        meant = next((name for name in sorted(SPLIT_NAMES) if name in _WORD.findall(stem.casefold())), stem)
        meant = "validation" if meant in ("dev", "val", "valid") else meant
        meant = meant if meant not in named else Path(path).parent.name
        if meant in named:
            raise DataError(f"{named[meant]}, {path}: files for each split must differ in their names: rename one")
        named[meant] = path
    if not {"train", "transfer"} & named.keys():
        first = next((name for name in named if name not in ("test", "validation")), next(iter(named)))
        named = {"train" if name == first else name: path for name, path in named.items()}
    first = learned_from(named)
    return {first: named[first], **named}


def _stem(path: str) -> str:
    return Path(path).name.split(".")[0]


def _part_of(path: str) -> str:
    """Return who learns from one of several training files, as far as its name says: supervision, transfer or train."""
    words = {*words_of(_stem(path)), *_WORD.findall(_stem(path).casefold())}
    return next((part for part, marks in _PARTS.items() if words & marks), "train")
