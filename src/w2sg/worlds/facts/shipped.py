"""The models of the fact world that come with the package: what they are called, and where their checked files are.

A model is named `facts:WIDTH`, and with dials of its corpus `facts:WIDTH+dial=value`. It is a folder of safetensors as
any other model is; a manifest beside the folders holds the hash of every file, and what made it.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from w2sg.core import DataError, UnknownNameError

PREFIX = "facts:"
"""What the names of models that come with the package begin with."""
MODELS = Path(__file__).parent / "models"
MANIFEST = "manifest.json"
LADDER = (8, 12, 16, 24, 32, 48, 64, 96)
"""The widths of the ladder, smallest first."""
DIALLED = 48
"""The width of the models whose corpus has a dial."""
DIALS: Mapping[str, tuple[float, ...]] = {
    "saliency": (0.1, 0.2, 0.4, 0.8),
    "leakage": (0.25, 0.5, 0.75, 1.0),
}
"""The dials of a corpus, with the settings beside 0 of which there are models."""


def name_of_model(width: int, **dials: float) -> str:
    """Return the name of a model.

    >>> name_of_model(48), name_of_model(48, saliency=0.2), name_of_model(48, leakage=0.0)
    ('facts:48', 'facts:48+saliency=0.2', 'facts:48')
    """
    return PREFIX + "+".join([str(width), *(f"{dial}={value:g}" for dial, value in dials.items() if value)])


def is_shipped(name: str) -> bool:
    """Whether a name is that of a model which comes with the package."""
    return name.startswith(PREFIX)


@cache
def shipped_model(name: str) -> Path:
    """Return the folder of a model that comes with the package, once its files have been checked in this process.

    Raises:
        UnknownNameError: If there is no such model.
        DataError: If a file is not the one that the manifest knows: changed, cut short, added or missing.
    """
    described = manifest().get(name)
    if described is None:
        raise UnknownNameError("models of the fact world", name, sorted(manifest()))
    folder = MODELS / name.removeprefix(PREFIX)
    check_files(folder, described["files"])
    return folder


def check_files(folder: Path, hashes: Mapping[str, str]) -> None:
    """Check that a folder holds exactly the files of which a manifest has the sha256.

    Raises:
        DataError: If it does not.
    """
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    for file in sorted(found ^ set(hashes)):
        what = "is no file of the model" if file in found else "is missing"
        raise DataError(f"{folder}: {file} {what}: install the package again, or train the models: w2sg world train")
    for file, expected in hashes.items():
        if hash_of(folder / file) != expected:
            raise DataError(
                f"{folder / file} is not the file that came with the package, its sha256 differs: install the package "
                "again, or train the models: w2sg world train"
            )


def hash_of(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def manifest() -> Mapping[str, Mapping[str, Any]]:
    """Return what is known of each model that comes with the package: its training, scores, corpus and file hashes."""
    known: dict[str, Any] = json.loads((MODELS / MANIFEST).read_text(encoding="utf-8"))["models"]
    return known
