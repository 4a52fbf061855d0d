"""A small study with titles and a shifted test set, for tests of what is done with finished runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from w2sg.lab import Study, StudyResult, study

SCANS: Mapping[str, Any] = {
    "kind": "digits",
    "title": "Scans",
    "supervision": 60,
    "transfer": 100,
    "test": 80,
    "shifts": ["noise"],
}
TITLED = Study.parse(
    {
        "name": "titled",
        "seeds": 2,
        "tasks": [SCANS],
        "supervisors": [{"kind": "trained", "student": {"kind": "linear", "features": {"kind": "pooled"}}}],
        "students": [{"kind": "nystroem", "features": {"count": 20}}],
        "methods": ["naive", {"kind": "naive-hard", "title": "Hard ones"}],
    }
)
TEST_SETS = ("test", "noise")


def made(folder: Path) -> StudyResult:
    return study(TITLED, store=folder, workers=1)
