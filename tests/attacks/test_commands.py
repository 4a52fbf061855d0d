"""Whatever is given to a command: one message and its exit code, quickly, and never a traceback."""

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from attack_data import STUDY
from cli_data import Command, Outcome

from w2sg.cli import console, ending

LONG, DIGITS = "a" * 5000, "9" * 5000
QUICK_S = 10.0
RUN = ("run", "--task", "wine", "--seeds", "1")


def held(done: Outcome, code: int) -> None:
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    assert "did not foresee" not in done.err
    assert "error: " in done.err or "Usage: " in done.err


BAD: dict[str, tuple[str, ...]] = {
    "no seeds": ("run", "--seeds", "0"),
    "fewer than no seeds": ("run", "--seeds=-3"),
    "seeds are a word": ("run", "--seeds", "x"),
    "seeds nobody can plan": ("run", "--task", "wine", "--seeds", "1000000000"),
    "seeds of 30 digits": ("run", "--task", "wine", "--seeds", "1" + "0" * 30),
    "seeds of 5000 digits": ("run", "--task", "wine", "--seeds", DIGITS),
    "setting without a value": (*RUN, "--set", "foo"),
    "setting without a path": (*RUN, "--set", "=1"),
    "setting of 3000 parts": (*RUN, "--set", "task." + "a." * 3000 + "b=1"),
    "setting nested deep": (*RUN, "--set", "task.transfer=" + "[" * 5000),
    "setting nested deep and closed": (*RUN, "--set", "task.transfer=" + "[" * 99 + "]" * 99),
    "setting of 5000 digits": (*RUN, "--set", f"task.transfer={DIGITS}"),
    "setting that is no number": (*RUN, "--set", "student.c=nan"),
    "setting that is infinite": (*RUN, "--set", "student.c=inf"),
    "transfer is true": (*RUN, "--set", "task.transfer=true"),
    "a part is a list": (*RUN, "--set", "task=[1,2]"),
    "no workers": (*RUN, "--workers", "0"),
    "control characters": ("run", "--task", "wi\x1b[31mne"),
    "half a letter": ("study", "\udcff.toml"),
    "turned letters": ("run", "--task", "\u202eenid"),
    "a long path of a study": ("study", LONG + ".toml"),
    "a long path of a store": ("runs", "--store", LONG),
    "a long path of a page": ("report", "s", "-o", LONG + ".html"),
    "a long path of data": ("run", "--task", "files", "--seeds", "1", "--set", f"task.path={LONG}"),
    "a long id": ("show", LONG),
    "a home that nobody has": ("study", "~nosuchuser/s.toml"),
    "a study that is a folder": ("study", "."),
    "a study that is missing": ("study", "none.toml"),
    "an empty id": ("show", ""),
    "an id of wildcards": ("show", "%"),
    "a limit of 0": ("runs", "-n", "0"),
    "a seed of 40 digits": ("runs", "--where", "seed=" + "9" * 40),
    "a seed that is a raised digit": ("runs", "--where", "seed=²"),
    "a name that is none": ("runs", "--where", "a'b=1"),
    "labels of 5000 digits": ("predict", "x", "--labels", DIGITS),
    "labels that are words": ("observe", "x", "--labels", "5,,x"),
    "labels below 0": ("certify", "x", "--labels=-1"),
    "delta is no number": ("certify", "x", "--labels", "5", "--delta", "nan"),
    "a page without an ending": ("league", "s", "-o", "x.txt"),
    "a page in no folder": ("report", "s", "-o", "no/x.html"),
    "a page that is a folder": ("report", "s", "-o", "."),
    "a study of dots": ("report", ".."),
    "a sort that is none": ("list", "nope"),
    "a name that is not there": ("describe", "methods", "nope"),
    "a world that is none": ("world", "simulate", "nope"),
    "a world's parameter is no number": ("world", "simulate", "two-stage-ridge", "--set", "lambda_t=nan"),
    "a world's parameter below 0": ("world", "simulate", "two-stage-ridge", "--set", "lambda_t=-1"),
    "a new method that climbs": ("new", "method", "../x", "--directory", "."),
    "a new method that is a keyword": ("new", "method", "class", "--directory", "."),
    "a command that is none": ("nope",),
    "an option that is none": ("run", "--nope"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments_are_one_message_and_exit_code_2(name: str, w2sg: Command) -> None:
    started = time.monotonic()
    held(w2sg(*BAD[name]), 2)
    assert time.monotonic() - started < QUICK_S


def test_a_path_that_no_store_can_have_is_exit_code_3(w2sg: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for store in (LONG, "file", "file/below"):
        held(w2sg(*RUN, "--store", store), 3)


def test_a_limit_beyond_64_bits_is_no_limit(w2sg: Command) -> None:
    assert w2sg(*RUN).code == 0
    assert len(w2sg("runs", "-n", "9" * 30, "--json").document) == 1
    assert w2sg("ledger", "-n", "9" * 30, "--json").document


def special(kind: str) -> Callable[[Path], object]:
    return {
        "link": lambda path: path.symlink_to(path.with_name("other.html")),
        "dangling link": lambda path: path.symlink_to("nowhere"),
        "pipe": os.mkfifo,
    }[kind]


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe"])
@pytest.mark.parametrize("command", [("report", "s"), ("league", "s"), ("demo",), ("theory", "score", "s")], ids=str)
def test_a_page_replaces_plain_files_only(kind: str, command: tuple[str, ...], w2sg: Command, tmp_path: Path) -> None:
    """What is no plain file stays what it is, and nothing is computed before this is said."""
    (tmp_path / "other.html").write_text("mine")
    special(kind)(tmp_path / "r.html")
    before = (tmp_path / "r.html").lstat().st_ino
    done = w2sg(*command, "-o", "r.html")
    held(done, 2)
    assert "is no plain file, and only such a one is replaced" in done.err
    assert (tmp_path / "r.html").lstat().st_ino == before
    assert (tmp_path / "other.html").read_text() == "mine"
    assert not (tmp_path / ".w2sg").exists()


def test_a_page_is_whole_or_the_old_one(w2sg: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s.toml").write_text(STUDY)
    (tmp_path / "r.html").write_text("old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        held(w2sg("report", "s.toml", "-o", "r.html"), 3)
    assert (tmp_path / "r.html").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".w2sg", "r.html", "s.toml"]
    assert w2sg("report", "s", "-o", "r.html").code == 0


@pytest.mark.parametrize("threads", ["x", "0", "-1", "", "²", "1" * 99])
def test_threads_that_are_no_number_are_said(threads: str, w2sg: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("W2SG_THREADS", threads)
    done = w2sg("list", "tasks")
    held(done, 2)
    assert "W2SG_THREADS must be a number of at least 1" in done.err


STEERS = "\x1b[31mred\x07\x9b1m\x7f"


def test_nothing_steers_the_terminal(w2sg: Command, tmp_path: Path) -> None:
    """Titles, reasons of failures and names in a store are anybody's text."""
    (tmp_path / "p.py").write_text(
        "from typing import Literal\nfrom w2sg.core import Method, register\n\n\n"
        "@register()\nclass Steers(Method):\n    kind: Literal['steers'] = 'steers'\n\n"
        f"    def train(self, view, student, rng):\n        raise ZeroDivisionError({STEERS!r})\n        yield\n"
    )
    (tmp_path / "s.toml").write_text(
        'plugins = ["p.py"]\nseeds = 1\n[[tasks]]\nkind = "wine"\ntitle = "'
        + "".join(f"\\u{ord(letter):04x}" for letter in STEERS)
        + '"\n[[methods]]\nkind = "naive"\n[[methods]]\nkind = "steers"\n',
    )
    for more in ((), ("--json",)):
        done = w2sg("study", "s.toml", *more)
        assert done.code == 3
        assert "\\u001b[31mred" in done.err
        assert "u001b[31mred" in done.out
        assert not set("\x1b\x07\x9b\x7f") & set(done.out + done.err)


def test_what_a_store_names_is_not_run(w2sg: Command, tmp_path: Path) -> None:
    """A study of a plugin is recalled by who has the plugin and says so; a store's word alone runs nothing."""
    (tmp_path / "p.py").write_text(
        "from pathlib import Path\nfrom w2sg.core import preset\nfrom w2sg.methods import Composition\n\n"
        "preset('mine', Composition, 'Mine.', objective='product')\nPath('ran').touch()\n"
    )
    (tmp_path / "s.toml").write_text(STUDY.replace('"audited-trust"', '"mine"') + 'plugins = ["trusted:p.py"]\n')
    command = [sys.executable, "-m", "w2sg"]

    def run(*given: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "ran").unlink(missing_ok=True)
        return subprocess.run([*command, *given], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run("study", "s.toml").returncode == 0
    assert (tmp_path / "ran").exists()
    done = run("report", "s", "-o", "r.html")
    assert done.returncode == 2
    assert "was made with the plugins trusted:p.py, and what a store names is not run" in done.stderr
    assert not (tmp_path / "ran").exists()
    assert run("report", "s", "-o", "r.html", "--plugin", "trusted:p.py").returncode == 0
    assert (tmp_path / "ran").exists()


def test_a_formula_in_a_cell_of_a_page_is_quoted_when_it_is_saved() -> None:
    script = (Path(console.__file__).parents[1] / "report" / "templates" / "report.js").read_text()
    assert '`"${harmless(text).replaceAll' in script
    (line,) = (line for line in script.splitlines() if "const harmless" in line)
    cells = ["=1+1", "+cmd", "-cmd", "@x", "\tx", "-0.12", "+1e-5", "12 %", "-3 %", "text", "[-1, 2]", "-", ""]
    code = f"{line}\nconsole.log(JSON.stringify({cells!r}.map(harmless)))"
    try:
        done = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("no node to run a page's script")
    quoted = ["'=1+1", "'+cmd", "'-cmd", "'@x", "'\tx", "-0.12", "+1e-5", "12 %", "-3 %", "text", "[-1, 2]", "'-", ""]
    assert json.loads(done.stdout) == quoted


def test_an_error_that_nobody_foresaw_is_a_message_a_file_and_exit_code_70(
    w2sg: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("of w2sg \x1b itself")

    monkeypatch.setattr("w2sg.lab.existing_store", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = w2sg("runs", "--json")
    assert (done.code, done.out) == (ending.UNFORESEEN, "")
    (file,) = tmp_path.glob("w2sg-error-*.txt")
    assert f"ZeroDivisionError: of w2sg \\u001b itself: all that is known of it is in {file}" in done.err
    assert "Traceback" not in done.err
    assert "w2sg runs --json" in file.read_text()
    assert "ZeroDivisionError: of w2sg" in file.read_text()
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: os.open("/no/such/file", 0))
    assert "it could not be written down" in w2sg("runs").err


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError("80 GiB"), "memory is exhausted (80 GiB): use fewer workers, or smaller data"),
        (OSError(errno.ENOSPC, "No space left on device"), "nothing more can be written: No space left on device"),
    ],
)
def test_memory_and_disks_that_are_full_are_exit_code_3(
    error: Exception, message: str, w2sg: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("w2sg.lab.existing_store", fail)
    done = w2sg("runs")
    held(done, 3)
    assert message in done.err


def test_brackets_are_no_markup(w2sg: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of files and titles of columns may look like what colours a terminal."""
    (tmp_path / "[red].toml").write_text('name = "s"\n' + STUDY)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert w2sg("study", "[red].toml").code == 0
    console.print_table("[/a]", ["[/b]"], [["[/c]"]])
