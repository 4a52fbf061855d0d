"""What the tests of the laboratory share: small setups, and how two outcomes are compared."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from w2sg.core import AnyArray
from w2sg.lab import Store, Study, StudyResult, study

METHODS = ("naive", "naive-hard", "confidence", "product", "early-stopping", "bootstrapping", "confident-only")
WINE: Mapping[str, Any] = {"kind": "wine", "supervision": 30, "transfer": 60}
SMALL: Mapping[str, Any] = {"kind": "nystroem", "features": {"count": 12}}

BATCH_TOLERANCE = 1e-5
"""Probabilities of a student trained alone and in a batch: a product of m heads sums its float32 in another order than
a product of one, and the 100 steps of the trainer carry that on; 1e-6 was measured on digits."""


def small_study(**fields: Any) -> Study:
    defaults = {"name": "small", "seeds": 2, "tasks": [WINE], "students": [SMALL], "methods": ["naive", "naive-hard"]}
    return Study.parse({**defaults, **fields})


def accuracies(found: StudyResult) -> list[tuple[str, float | None, float | None, float | None]]:
    return [
        (" / ".join(r.label.values()), r.pgr.weak.estimate, r.pgr.student.estimate, r.pgr.ceiling.estimate)
        for r in found.results
    ]


def artifacts(folder: Path, step: str = "student") -> dict[str, Mapping[str, AnyArray]]:
    with Store(folder) as store:
        keys = [row["key"] for row in store.artifact_rows() if row["step"] == step]
        found = {key: store.get(key) for key in keys}
    return {key: made.arrays for key, made in found.items() if made is not None}


def largest_difference(one: Path, other: Path, step: str = "student") -> float:
    """The largest difference between the arrays of two stores, which must hold the same keys."""
    first, second = artifacts(one, step), artifacts(other, step)
    assert first.keys() == second.keys()
    return max(
        float(np.abs(first[key][name].astype(float) - second[key][name]).max()) for key in first for name in first[key]
    )


def run_small(folder: Path, **fields: Any) -> StudyResult:
    return study(small_study(**fields), store=folder, workers=1)


def write_study(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
