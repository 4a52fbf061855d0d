"""What the tests of the laboratory share: small setups, and how two outcomes are compared."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from w2sg.core import AnyArray, ClassProbabilities
from w2sg.graph import Store
from w2sg.lab import Study, StudyResult, study
from w2sg.lab.evidence import unpack_answers

METHODS = ("naive", "naive-hard", "confidence", "product", "early-stopping", "bootstrapping", "confident-only")
WINE: Mapping[str, Any] = {"kind": "wine", "supervision": 30, "transfer": 60}
SMALL: Mapping[str, Any] = {"kind": "nystroem", "features": {"count": 12}}
STEPS = ("labels", "student", "ceiling", "score")
"""The kinds of steps of a run."""
PARTS = (*STEPS, "direct")
"""The steps of a run of class probabilities: the direct student is a second one of kind `student`."""

BATCH_TOLERANCE = 1e-5
"""Probabilities of a student trained alone and in a batch: a product of m heads sums its float32 in another order than
a product of one, and the 100 steps of the trainer carry that on; 1e-6 was measured on digits."""
WHOLE = 24
"""With so many significant bits kept, a student's probabilities are stored as they are: for tests that compare them."""


def small_study(**fields: Any) -> Study:
    defaults = {"name": "small", "seeds": 2, "tasks": [WINE], "students": [SMALL], "methods": ["naive", "naive-hard"]}
    return Study.parse({**defaults, **fields})


def accuracies(found: StudyResult) -> list[tuple[str, float | None, float | None, float | None]]:
    return [
        (" / ".join(r.label.values()), r.pgr.weak.estimate, r.pgr.student.estimate, r.pgr.ceiling.estimate)
        for r in found.results
    ]


def artifacts(folder: Path, step: str = "student") -> dict[str, Mapping[str, AnyArray]]:
    """The arrays of all artifacts of a kind of step, by key; those of students as probabilities again."""
    with Store(folder) as store:
        keys = [row["key"] for row in store.artifact_rows() if row["step"] == step]
        found = {key: store.get(key) for key in keys}
    arrays = {key: made.arrays for key, made in found.items() if made is not None}
    if step in ("student", "ceiling"):
        arrays = {key: dict(_probabilities(kept)) for key, kept in arrays.items()}
    return arrays


def _probabilities(kept: Mapping[str, AnyArray]) -> Iterator[tuple[str, AnyArray]]:
    for split, answers in unpack_answers(ClassProbabilities, kept).items():
        assert isinstance(answers, ClassProbabilities)
        yield split, answers.probabilities


def largest_difference(one: Path, other: Path, step: str = "student") -> float:
    """The largest difference between the arrays of two stores, which must hold the same keys."""
    first, second = artifacts(one, step), artifacts(other, step)
    assert first.keys() == second.keys()
    assert first
    return max(
        float(np.abs(first[key][name].astype(float) - second[key][name]).max()) for key in first for name in first[key]
    )


def damage(store: Store, place: int, how: str) -> None:
    """Damage an array of a store: flip a bit of it, cut it, empty it or delete it, wherever it lies."""
    ((digest, content),) = store.database.execute("SELECT hash, content FROM objects WHERE id = ?", [place])
    path = None if content is not None else store.files.path(digest)
    whole = bytearray(content if path is None else path.read_bytes())
    if how == "delete":
        if path is None:
            store.database.execute("DELETE FROM objects WHERE id = ?", [place])
        else:
            path.unlink()
        return
    if how == "flip":
        whole[len(whole) // 2] ^= 1
    else:
        whole = whole[: len(whole) // 2] if how == "truncate" else bytearray()
    if path is None:
        store.database.execute("UPDATE objects SET content = ? WHERE id = ?", [bytes(whole), place])
    else:
        path.write_bytes(whole)


def run_small(folder: Path, **fields: Any) -> StudyResult:
    return study(small_study(**fields), store=folder, workers=1)


def write_study(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def lines_of_code(path: Path) -> int:
    """How many lines of a file are neither empty, nor a comment, nor a docstring."""
    text = path.read_text(encoding="utf-8")
    words: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            words.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = enumerate(text.splitlines(), start=1)
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") and number not in words for number, line in lines
    )
