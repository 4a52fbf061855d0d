"""Every finite-sample certificate holds as often as it says, and an audit of disagreements beats labels at random."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "certificates.py"
SMALLEST_P = 1e-5
"""A cell fails if so few successes have a smaller chance at coverage 1 - delta: with 279 cells, one fails by chance in
less than 3 of 1,000 choices of the seeds. Of 2,000 repetitions at .95 it asks for 93 %, of 400 for 90 %."""
PROGRAMS = 400
"""Repetitions where linear programs are solved; the benchmark by itself makes 2,000 of them too."""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("certificates_benchmark", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def failures(script: ModuleType, repetitions: int, numbers: tuple[int, ...]) -> list[object]:
    cells = script.coverage(repetitions, numbers, limiting=False, programs=min(repetitions, PROGRAMS))
    assert len(cells) == len(numbers) * 3 * (17 + len(script.FINITE))
    return [one for one in cells if one.p_value < SMALLEST_P]


def test_coverage_of_50_labels(script: ModuleType) -> None:
    assert failures(script, 100, (50,)) == []


@pytest.mark.slow
@pytest.mark.parametrize("n", [50, 200, 1000])
def test_coverage(script: ModuleType, n: int) -> None:
    assert failures(script, 2000, (n,)) == []


@pytest.mark.slow
def test_an_audit_of_disagreements_certifies_more(script: ModuleType) -> None:
    """Targets and ours are means of 2,000 simulations each: tolerances are three standard errors of a difference."""
    found = script.bought(2000)
    assert found["disagreement audit"]["bound"] == pytest.approx(0.0293, abs=5e-4)
    assert found["disagreement audit"]["coverage"] == pytest.approx(0.993, abs=0.009)
    assert found["at random, normal"]["bound"] == pytest.approx(0.0085, abs=2.3e-3)
    assert found["at random, normal"]["coverage"] == pytest.approx(0.954, abs=0.02)
    assert found["at random, maurer-pontil"]["bound"] == pytest.approx(-0.104, abs=2.3e-3)
    others = [one["bound"] for name, one in found.items() if name != "disagreement audit"]
    assert max(others) < 0.4 * found["disagreement audit"]["bound"]
