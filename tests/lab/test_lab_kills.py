"""Studies that are stopped or killed: nothing is lost and nobody is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from w2sg.graph import Store

KILLS = Path(__file__).parents[2] / "benchmarks" / "kills.py"
PATIENCE_S = 20.0
"""How long a test waits for something that takes a second, on a busy machine."""
N_RUNS = 16 * 20
STUDY = """
seeds = 20
tasks = ["digits"]
methods = ["naive", "naive-hard", "confidence", "product"]
students = [{kind = "nystroem-digits", grid = {"features.count" = [100, 150, 200, 250]}}]
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")


@pytest.fixture
def studying(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """A long study, with two workers if no parameter says otherwise, some of whose runs are in the store."""
    (tmp_path / "long.toml").write_text(STUDY)
    workers = str(getattr(request, "param", 2))
    command = [sys.executable, "-m", "w2sg", "study", "long.toml", "--store", "s", "--workers", workers, "--json"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=obey_ctrl_c,
    )
    try:
        wait_until(lambda: n_runs(tmp_path / "s") > 0 or process.poll() is not None)
        assert process.poll() is None, process.communicate()[1]
        yield process
    finally:
        if group(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def obey_ctrl_c() -> None:
    """Let the child die of SIGINT, as one in the foreground does.

    A shell that starts the tests in the background has them ignore it, and what is ignored stays so over `exec`.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def n_runs(folder: Path) -> int:
    if not (folder / "store.db").exists():
        return 0
    with Store(folder) as store:
        return len(store.results())


def group(leader: int) -> list[int]:
    """The live processes of a process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(pgrp) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return found


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("studying", [1, 2], indirect=True, ids=["one process", "two workers"])
def test_ctrl_c_stops_at_once_keeps_what_is_finished_and_leaves_no_worker(
    studying: subprocess.Popen[str], tmp_path: Path
) -> None:
    os.killpg(studying.pid, signal.SIGINT)  # as a terminal does: to the whole group
    started = time.monotonic()
    out, err = studying.communicate(timeout=PATIENCE_S)
    assert studying.returncode == 130
    assert time.monotonic() - started < 5
    assert out == ""
    assert err.splitlines()[-1].startswith("stopped; what was finished is kept: run the same command again")
    assert "Traceback" not in err
    wait_until(lambda: not group(studying.pid))
    with Store(tmp_path / "s") as store:
        assert not store.verify()["damaged"]
        assert len(store.results()) > 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_workers_of_a_killed_study_end_by_themselves(studying: subprocess.Popen[str], tmp_path: Path) -> None:
    assert len(group(studying.pid)) >= 3
    os.kill(studying.pid, signal.SIGKILL)
    studying.wait()
    wait_until(lambda: not group(studying.pid))
    with Store(tmp_path / "s") as store:
        assert not store.verify()["damaged"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_worker_that_is_killed_is_survived(studying: subprocess.Popen[str], tmp_path: Path) -> None:
    """As the kernel does where memory is short: what was with the workers is done again, and nothing is lost."""
    workers = [pid for pid in group(studying.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(workers[0], signal.SIGKILL)
    out, err = studying.communicate(timeout=30 * PATIENCE_S)
    assert studying.returncode == 0, err
    assert json.loads(out)["n_runs"] == n_runs(tmp_path / "s") == N_RUNS
    assert "Traceback" not in err
    wait_until(lambda: not group(studying.pid))
    with Store(tmp_path / "s") as store:
        assert not any(store.verify().values())
        assert store.failures() == {}


@pytest.mark.slow
def test_kills_at_random_moments_lose_nothing() -> None:
    command = [sys.executable, str(KILLS), "--kills", "3", "--seeds", "1", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    assert done.returncode == 0, found
    assert found["ok"]
    assert found["kills"] == 3
    assert found["lost_runs"] == found["artifacts_differing"] == found["damaged"] == 0
