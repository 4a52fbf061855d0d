"""The benchmark that holds a scoreboard against the project's goals."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "theory_goals.py"


@pytest.fixture
def goals() -> ModuleType:
    spec = importlib.util.spec_from_file_location("theory_goals", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BOARD = {
    "stacks": [
        {
            "name": "stack",
            "within": {"estimate": 0.86, "low": 0.81, "high": 0.9},
            "pooled": {"estimate": 0.74, "low": 0.6, "high": 0.8},
            "covered_doubted": {"estimate": 0.9, "low": 0.8, "high": 0.95},
        },
        {"name": "stack@50", "within": None, "pooled": None, "covered_doubted": None},
    ]
}


def test_goals_are_reached_or_missed_by_an_amount(goals: ModuleType) -> None:
    rows = goals.verdicts(BOARD)
    assert [goals.sentence(row) for row in rows[:4]] == [
        "stack: Spearman within tasks 0.8 is reached (estimate 0.86)",
        "stack: Spearman pooled 0.8 is missed by 0.06 (estimate 0.74)",
        "stack: coverage where most hypotheses fail 0.85 is reached by the estimate, not by its whole interval "
        "(estimate 0.90)",
        "stack@50: Spearman within tasks 0.8 was not measured",
    ]


def test_the_benchmark_reads_what_the_command_prints(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    path.write_text(json.dumps(BOARD), encoding="utf-8")
    command = [sys.executable, str(SCRIPT), str(path), "--json"]
    rows = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert [row["stack"] for row in rows] == ["stack"] * 3 + ["stack@50"] * 3
    assert rows[1]["misses_by"] == pytest.approx(0.06)
