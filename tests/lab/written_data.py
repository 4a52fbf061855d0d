"""What the tests of written studies share: a study of sums and a student that learns by heart."""

from pathlib import Path
from typing import Any

from w2sg.core import registry
from w2sg.graph import Store
from w2sg.lab import Study, StudyResult, study
from w2sg.testing import Rote

SUMS: dict[str, Any] = {"kind": "sums", "digits": 1, "rows": 100, "supervision": 20, "transfer": 40}


def written_study(**fields: Any) -> Study:
    """Return a small study; the student by rote is registered for this test."""
    registry.register()(Rote)
    defaults = {
        "name": "written",
        "seeds": 2,
        "tasks": [SUMS],
        "supervisors": [{"kind": "trained-writer", "student": "rote"}],
        "students": ["rote"],
    }
    return Study.parse({**defaults, **fields})


def run_written(folder: Path, **fields: Any) -> StudyResult:
    return study(written_study(**fields), store=folder, workers=1)


def arrays_of(folder: Path) -> list[dict[str, Any]]:
    """Return the arrays of every artifact of a store."""
    with Store(folder) as store:
        found = [store.get(row["key"]) for row in store.artifact_rows()]
    return [dict(made.arrays) for made in found if made is not None]
