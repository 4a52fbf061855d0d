"""Streams that are closed or full, and Ctrl-C at any moment: what only a process of its own can show."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")

LONG = """
seeds = 20
tasks = ["digits"]
methods = ["naive", "naive-hard", "confidence", "product"]
students = [{kind = "nystroem-digits", grid = {"features.count" = [100, 150, 200, 250]}}]
"""
ENDS_S = 10.0


def started(folder: Path, *arguments: str, before: Callable[[], object] = lambda: None) -> subprocess.Popen[str]:
    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        before()

    return subprocess.Popen(
        [sys.executable, "-m", "w2sg", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=prepare,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=ENDS_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        pytest.fail("it did not end")
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    return process.returncode, out, err


def test_without_stdout_nothing_is_begun(tmp_path: Path) -> None:
    code, _, err = ended(started(tmp_path, "run", "--task", "wine", before=lambda: os.close(1)))
    assert code == 2
    assert "stdout is closed" in err
    assert not (tmp_path / ".w2sg").exists()


def test_without_stderr_the_result_is_printed(tmp_path: Path) -> None:
    code, out, _ = ended(started(tmp_path, "list", "tasks", before=lambda: os.close(2)))
    assert code == 0
    assert "wine" in out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("list", "tasks"), ("list", "tasks", "--json"), ("--version",)], ids=str)
def test_a_stdout_that_is_full_is_exit_code_3(arguments: tuple[str, ...], tmp_path: Path) -> None:
    def full() -> None:
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)

    code, _, err = ended(started(tmp_path, *arguments, before=full))
    assert code == 3
    assert "No space left on device" in err


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    process = started(tmp_path, "list", "methods", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=ENDS_S) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.1, 0.2, 0.3, 0.5, 0.8])
def test_ctrl_c_in_the_first_second_is_one_line(moment: float, tmp_path: Path) -> None:
    process = started(tmp_path, "list", "methods", "--json")
    time.sleep(moment)
    os.killpg(process.pid, signal.SIGINT)
    code, _, err = ended(process)
    # Before Python itself is ready, the system ends it.
    assert code in (0, 130, -signal.SIGINT)
    assert err.startswith("stopped" if code == 130 else "")


@pytest.mark.slow
@pytest.mark.parametrize("pause", [0.0, 0.01, 0.1])
def test_a_second_ctrl_c_changes_nothing(pause: float, tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_text(LONG)
    process = started(tmp_path, "study", "long.toml", "--workers", "2")
    time.sleep(4)
    os.killpg(process.pid, signal.SIGINT)
    for _ in range(3):
        time.sleep(pause)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
    code, _, err = ended(process)
    assert code == 130
    assert err.splitlines()[-1].startswith("stopped; what was finished is kept")
