"""A training that diverges ends its own run by name, and the report draws those of the others."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab_data import SMALL, WINE, accuracies, run_small

from w2sg.core import Lines
from w2sg.lab import study_document
from w2sg.methods.objectives import Confidence


def test_only_the_run_whose_training_diverges_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The students of all three methods are trained as one batch; nobody is trained twice for the one that fails."""
    own, calls = Confidence.target, []

    def wild(self: Any, weak: Any, log_student: Any, progress: float) -> Any:
        calls.append(progress)
        return own(self, weak, log_student, progress) * (np.nan if progress >= 0.05 else 1)

    methods = ["naive", "confidence", "naive-hard"]
    with monkeypatch.context() as patched:
        patched.setattr(Confidence, "target", wild)
        found = run_small(tmp_path / "wild", seeds=1, methods=methods)
    (failure,) = found.failed
    assert failure.label["method"] == "confidence"
    assert failure.reason == (
        "student by method 'composition': training diverged at step 6 of 100: its loss is nan, at a learning rate of "
        "1: look at the scale of the features, and at objective 'confidence'"
    )
    assert len(calls) < 10, "its batch was trained once"
    assert accuracies(found) == accuracies(run_small(tmp_path / "without", seeds=1, methods=["naive", "naive-hard"]))
    section = next(part for part in study_document(found).sections if part.name == "trainings")
    (figure,) = section.figures
    assert isinstance(figure, Lines)
    assert [line.name for line in figure.panels[0].lines] == ["naive", "naive-hard"]
    losses = [row[-5].value for row in section.tables[0].rows]
    assert losses == [pytest.approx(np.log(3), abs=1e-6)] * 2


def test_a_run_can_do_without_a_direct_student_that_diverges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from w2sg.students import heads

    train = heads.train_heads

    def fails(given: Any, **rules: Any) -> Any:
        for one in given:
            if len(one.x) == WINE["supervision"]:
                one.targets = np.full_like(one.targets, np.nan)
        return train(given, **rules)

    monkeypatch.setattr("w2sg.students.linear.train_heads", fails)
    found = run_small(
        tmp_path, seeds=1, methods=["naive", "direct"], supervisors=["simulated-uniform"], students=[SMALL]
    )
    assert [result.label["method"] for result in found.results] == ["naive"]
    assert found.results[0].tests["test"].direct is None
    assert [failure.label["method"] for failure in found.failed] == ["direct"]
