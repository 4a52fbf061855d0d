"""The ladder: training language models of several sizes on fact worlds, those that come with the package among them."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from w2sg.core import UnknownNameError
from w2sg.graph import Artifact, Progress, artifacts_of
from w2sg.worlds.facts.pretraining import Pretraining, write_model
from w2sg.worlds.facts.shipped import DIALLED, DIALS, LADDER, MANIFEST, PREFIX, hash_of, manifest, name_of_model
from w2sg.worlds.facts.universe import FactWorld

COMMAND = "w2sg world train --ladder --to FOLDER"
"""What makes all of them again."""


def shipped_trainings(only: Sequence[str] = ()) -> dict[str, Pretraining]:
    """Return what makes the models that come with the package, by their names: smallest first, then the dials.

    Args:
        only: The names of some; empty takes all.

    Raises:
        UnknownNameError: If there is no such model.
    """
    ladder = {name_of_model(width): Pretraining(width=width) for width in LADDER}
    for dial, values in DIALS.items():
        for value in values:
            world = FactWorld.parse({dial: value})
            ladder[name_of_model(DIALLED, **{dial: value})] = Pretraining(world=world, width=DIALLED)
    for name in only:
        if name not in ladder:
            raise UnknownNameError("models of the fact world", name, sorted(ladder))
    return {name: training for name, training in ladder.items() if not only or name in only}


def score_differences(made: Mapping[str, tuple[Pretraining, Artifact]]) -> dict[str, float]:
    """Return for each model that came with the package by how much a score of a new training is off at most."""
    return {
        name: max(abs(artifact.record["scores"][score] - value) for score, value in manifest()[name]["scores"].items())
        for name, (_, artifact) in made.items()
    }


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
    found = artifacts_of(steps, store, workers=workers or os.cpu_count(), progress=progress)
    made = dict(zip(order, found, strict=True))
    return {name: (training, made[name]) for name, training in asked.items()}


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
