"""The ladder: language models of several sizes, pretrained on fact worlds, that come with the package.

A model is named `facts:WIDTH`, and with dials of its corpus `facts:WIDTH+dial=value`. It is a folder of safetensors as
any other model is; a manifest beside the folders holds the hash of every file, and what made it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from w2sg.core import DataError, RunError, UnknownNameError, build
from w2sg.graph import Artifact, Progress, Step, Store, execute
from w2sg.worlds.facts.pretraining import Pretraining, write_model
from w2sg.worlds.facts.universe import FactWorld

PREFIX = "facts:"
"""What the names of models that come with the package begin with."""
MODELS = Path(__file__).parent / "models"
MANIFEST = "manifest.json"
LADDER = (16, 24, 32, 48, 64, 96)
"""The widths of the ladder, smallest first."""
DIALLED = 48
"""The width of the models whose corpus has a dial."""
DIALS: Mapping[str, tuple[float, ...]] = {
    "saliency": (0.1, 0.2, 0.4, 0.8),
    "leakage": (0.25, 0.5, 0.75, 1.0),
}
"""The dials of a corpus, with the settings beside 0 of which there are models."""


COMMAND = "w2sg world train --ladder --to FOLDER"
"""What makes all of them again."""


def name_of_model(width: int, **dials: float) -> str:
    """Return the name of a model.

    >>> name_of_model(48), name_of_model(48, saliency=0.2), name_of_model(48, leakage=0.0)
    ('facts:48', 'facts:48+saliency=0.2', 'facts:48')
    """
    return PREFIX + "+".join([str(width), *(f"{dial}={value:g}" for dial, value in dials.items() if value)])


def shipped_trainings() -> dict[str, Pretraining]:
    """Return what makes the models that come with the package, by their names: smallest first, then the dials."""
    ladder = {name_of_model(width): Pretraining(width=width) for width in LADDER}
    for dial, values in DIALS.items():
        for value in values:
            world = FactWorld.parse({dial: value})
            ladder[name_of_model(DIALLED, **{dial: value})] = Pretraining(world=world, width=DIALLED)
    return ladder


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


def trained(
    asked: Mapping[str, Pretraining], store: Path, *, workers: int | None = None, progress: Progress | None = None
) -> dict[str, tuple[Pretraining, Artifact]]:
    """Return what came of trainings, by their names; those that the store has are not done again.

    Args:
        asked: The trainings.
        store: The store's folder.
        workers: Processes, each with one thread; None takes one for each core.
        progress: Told how many are done, of how many.

    Raises:
        RunError: If one failed.
    """
    # The largest first: what is left at the end is then small, and no core waits long.
    order = sorted(asked, key=lambda name: -asked[name].width)
    steps = [asked[name] for name in order]
    execution = execute(steps, store, workers=workers or os.cpu_count(), progress=progress)
    for place, failure in execution.failed.items():
        raise RunError(f"training {order[place]!r} failed: {failure.reason}")
    found = {}
    with Store(store) as opened:
        for name, key in zip(order, execution.keys, strict=True):
            artifact = opened.get(key)
            assert artifact is not None
            found[name] = (asked[name], artifact)
    return {name: found[name] for name in asked}


def write_ladder(folder: Path, trained: Mapping[str, tuple[Pretraining, Artifact]]) -> None:
    """Write models as folders, and the manifest beside them: what made each, its scores, and the hash of its files.

    Args:
        folder: Where to; it is made.
        trained: For each name the training and what came of it.
    """
    models = {}
    for name, (training, artifact) in trained.items():
        own = folder / name.removeprefix(PREFIX)
        own.mkdir(parents=True, exist_ok=True)
        write_model(training, artifact.arrays, own)
        models[name] = {
            "training": training.model_dump(mode="json", exclude={"kind"}),
            **{key: artifact.record[key] for key in ("scores", "corpus", "parameters")},
            "files": {path.name: hash_of(path) for path in sorted(own.iterdir())},
        }
    text = json.dumps({"command": COMMAND, "models": models}, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


@cache
def manifest() -> Mapping[str, Mapping[str, Any]]:
    """Return what is known of each model that comes with the package: its training, scores, corpus and file hashes."""
    known: dict[str, Any] = json.loads((MODELS / MANIFEST).read_text(encoding="utf-8"))["models"]
    return known


def training_of(name: str) -> Pretraining:
    """Return what made a model that comes with the package."""
    shipped_model(name)
    training = build(Step, {"kind": "pretraining", **manifest()[name]["training"]})
    assert isinstance(training, Pretraining)
    return training
