"""Trained students as folders: safetensors, configuration as JSON and a card, written whole or not at all."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from w2sg.core import (
    DataError,
    FloatArray,
    InputError,
    Inputs,
    MissingExtraError,
    Predictor,
    SavedStudent,
    StoreError,
    Student,
    as_texts,
    registry,
)

WEIGHTS, CONFIG, CARD = "model.safetensors", "w2sg.json", "README.md"
FORMAT = 1


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A trained student that was exported.

    Attributes:
        predictor: The student.
        classes: What its columns of probabilities stand for.
        about: All else that its folder says: run, setup, versions.
    """

    predictor: Predictor
    classes: tuple[str, ...]
    about: Mapping[str, Any]

    def predict_proba(self, inputs: Any) -> FloatArray:
        """Return class probabilities `(n, k)` of inputs as the task shows them.

        Args:
            inputs: Numbers `(n, ...)`, `n` texts, or `n` pairs of texts.
        """
        values = np.asarray(inputs)
        if values.dtype.kind in "OUT":
            values = as_texts(values.ravel().tolist()).reshape(values.shape)
        return self.predictor.predict_proba(Inputs.of(values))


def write_model(folder: Path, saved: SavedStudent, about: Mapping[str, Any], card: str) -> None:
    """Write a trained student.

    Args:
        folder: The folder to make.
        saved: The student.
        about: What else is known of it, as JSON; `classes` names the columns of its probabilities.
        card: What people read of it, in Markdown.

    Raises:
        InputError: If the folder is there already.
        MissingExtraError: If safetensors is not installed.
        StoreError: If it cannot be written.
    """
    numpy_files = _safetensors()
    if folder.exists():
        raise InputError(f"{folder} is there already: remove it, or choose another folder with -o")
    config = {"format": FORMAT, "student": dict(saved.student), "facts": dict(saved.facts), **about}
    fresh = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    try:
        fresh.mkdir(parents=True)
        numpy_files.save_file(
            {name: np.ascontiguousarray(array) for name, array in saved.arrays.items()}, fresh / WEIGHTS
        )
        (fresh / CONFIG).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (fresh / CARD).write_text(card, encoding="utf-8")
        fresh.rename(folder)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise StoreError(
            f"{folder} cannot be written: {error.strerror}: free space, or choose another with -o"
        ) from error


def load_model(folder: str | Path) -> LoadedModel:
    """Load a trained student that `w2sg export-model` wrote.

    Args:
        folder: Its folder.

    Returns:
        The model; `predict_proba` gives class probabilities `(n, k)` of inputs as its task shows them.

    Raises:
        InputError: If the folder holds no such model, or its student is of a plugin that is not loaded.
        MissingExtraError: If a package that it needs is not installed.
    """
    place = Path(folder)
    try:
        about = json.loads((place / CONFIG).read_text(encoding="utf-8"))
        arrays = _safetensors().load_file(place / WEIGHTS)
        known = about.pop("format"), about.pop("student"), about.pop("facts"), tuple(about["classes"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{place} holds no model that 'w2sg export-model' wrote: {error}") from error
    version, student, facts, classes = known
    if version != FORMAT:
        raise DataError(f"{place} is of format {version}, and this version of w2sg reads {FORMAT}: update w2sg")
    predictor = registry.build(Student, student).restored(SavedStudent(student, arrays, facts))
    return LoadedModel(predictor, classes, about)


def _safetensors() -> Any:
    try:
        from safetensors import numpy as numpy_files
    except ImportError:
        raise MissingExtraError("safetensors", "lm") from None
    return numpy_files
