import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_data import QUICK, Command

from w2sg.core import registry
from w2sg.graph import Store
from w2sg.methods.search import composition_schema

COMMANDS = (
    ("demo",),
    ("run",),
    ("study",),
    ("report",),
    ("list",),
    ("describe",),
    ("runs",),
    ("show",),
    ("ledger",),
    ("league",),
    ("observe",),
    ("predict",),
    ("certify",),
    ("theory", "list"),
    ("theory", "score"),
    ("world", "simulate"),
    ("world", "train"),
    ("battery",),
    ("cache", "verify"),
    ("cache", "gc"),
    ("new", "method"),
    ("new", "task"),
    ("preflight",),
)
TYPES = {"string", "integer", "number", "boolean", "object", "array", "null"}
NAMES = [(sort, name) for sort in registry.contracts() for name in registry.names(sort)]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_help_has_an_example_and_fits_80_columns(
    command: tuple[str, ...], w2sg: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = w2sg(*command, "--help")
    assert done.code == 0
    assert f"w2sg {' '.join(command)}" in done.out.split("For example:")[1]
    assert max(map(len, done.out.splitlines())) <= 80


def test_help_lists_the_commands_and_exit_codes(w2sg: Command) -> None:
    done = w2sg("--help")
    assert all(command[0] in done.out for command in COMMANDS)
    assert w2sg("-h").out == done.out
    assert w2sg("--version").out.strip()
    assert w2sg("no-such").code == 2


@pytest.mark.parametrize(("sort", "name"), NAMES, ids=lambda part: part)
def test_every_name_is_described(sort: str, name: str, w2sg: Command) -> None:
    shown = w2sg("describe", sort, name)
    assert shown.code == 0
    assert shown.out.startswith(f"{name}: ")
    assert f"fields of {name}" in shown.out
    found = w2sg("describe", sort, name, "--json").document
    assert found["name"] == name
    assert found["summary"]
    check_schema(found["schema"], found["schema"])
    assert found["schema"]["properties"].keys() >= found["values"].keys()
    assert found["schema"]["additionalProperties"] is False


@pytest.mark.parametrize("name", ["composition", "confidence"])
def test_the_schema_of_a_composition_has_the_kinds_of_its_parts_and_their_fields(name: str, w2sg: Command) -> None:
    schema = w2sg("describe", "methods", name, "--json").document["schema"]
    assert schema == composition_schema()
    kinds = {one["properties"]["kind"]["const"]: one for one in schema["properties"]["objective"]["oneOf"][1:]}
    assert kinds["confidence"]["properties"]["weight"]["maximum"] == 1


def check_schema(schema: Any, root: dict[str, Any]) -> None:
    """Check that a JSON schema names known types only, requires what it has, and refers to what is there."""
    if isinstance(schema, list):
        for one in schema:
            check_schema(one, root)
    if not isinstance(schema, dict):
        return
    if isinstance(schema.get("type"), str) and "properties" not in schema.get("properties", {}):
        assert schema["type"] in TYPES
    if "$ref" in schema:
        assert schema["$ref"].removeprefix("#/$defs/") in root["$defs"]
    if isinstance(schema.get("required"), list) and "properties" in schema:
        assert set(schema["required"]) <= schema["properties"].keys()
    for key, inner in schema.items():
        if key not in ("default", "const", "enum"):
            check_schema(inner, root)


@pytest.mark.parametrize("sort", registry.contracts())
def test_every_sort_is_listed(sort: str, w2sg: Command) -> None:
    found = w2sg("list", sort, "--json").document
    assert [one["name"] for one in found] == registry.names(sort)
    assert all(one["summary"] for one in found)
    shown = w2sg("list", sort).out
    assert all(one["name"] in shown for one in found)


def test_unknown_sorts_and_names_are_exit_code_2(w2sg: Command) -> None:
    assert "did you mean 'methods'" in w2sg("list", "method").err
    done = w2sg("describe", "methods", "naiv", "--json")
    assert (done.code, done.out) == (2, "")
    assert "did you mean 'naive'" in done.err
    assert w2sg("describe", "things", "x").code == 2


@pytest.fixture
def some_runs(w2sg: Command) -> list[str]:
    found: list[str] = w2sg("run", *QUICK, "--json").document["run_ids"]
    return found


def test_runs_are_listed_the_newest_first(some_runs: list[str], w2sg: Command) -> None:
    found = w2sg("runs", "--json").document
    assert {one["id"] for one in found} == set(some_runs)
    assert found[0]["created"] >= found[1]["created"]
    assert found[0]["student"] == "nystroem(count=12)"
    assert 0 <= found[0]["student_accuracy"] <= 1
    assert len(w2sg("runs", "-n", "1", "--json").document) == 1
    assert found[0]["id"][:8] in w2sg("runs").out


def test_a_run_is_shown_by_the_beginning_of_its_id(some_runs: list[str], w2sg: Command) -> None:
    found = w2sg("show", some_runs[0][:10], "--json").document
    assert found["id"] == some_runs[0]
    assert {"seed", "setup", "metrics", "gold", "versions", "steps", "config"} <= found.keys()
    shown = w2sg("show", some_runs[0][:10]).out
    assert all(part in shown for part in (some_runs[0], "gold handed out", "supervision", "versions: python"))
    assert w2sg("show", "").code == 2
    missing = w2sg("show", "zzzz", "--json")
    assert (missing.code, missing.out) == (2, "")
    assert "has no run, or several, whose id begins with 'zzzz': see 'w2sg runs'" in missing.err


def test_runs_over_a_small_gap_have_no_pgr(
    some_runs: list[str], w2sg: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = w2sg("runs", "--json").document
    gap = max(run["ceiling_accuracy"] - run["weak_accuracy"] for run in runs)
    assert [run["pgr"] is None for run in runs] == [False, False]
    assert "have no PGR" not in w2sg("runs").out
    assert len(w2sg("runs", "--sort", "pgr", "--json").document) == 2
    monkeypatch.setattr("w2sg.lab.scoring.MINIMUM_GAP", gap + 0.001)
    assert [run["pgr"] for run in w2sg("runs", "--json").document] == [None, None]
    assert "have no PGR." in w2sg("runs").out
    assert w2sg("runs", "--sort", "pgr", "--json").document == []
    assert "--sort pgr leaves them out" in w2sg("runs", "--sort", "pgr").out


def test_runs_are_filtered_and_sorted(w2sg: Command) -> None:
    for extra in (("--method", "naive"), ("--method", "confidence"), ("--set", "task.transfer=60")):
        assert w2sg("run", *QUICK, *extra).code == 0

    def found(*conditions: str, sort: str | None = None) -> list[dict[str, Any]]:
        where = [word for condition in conditions for word in ("--where", condition)]
        runs: list[dict[str, Any]] = w2sg("runs", *where, *(["--sort", sort] if sort else []), "--json").document
        return runs

    assert len(found()) == 6
    assert {run["task"] for run in found("task=wine")} == {"wine", "wine(transfer=60)"}
    assert len(found("task=wine(transfer=60)")) == 2
    assert {run["method"] for run in found("method=confidence")} == {"confidence"}
    assert [run["seed"] for run in found("method=confidence", "seed=1")] == [1]
    assert found("task=win") == []
    for number in ("pgr", "student_accuracy"):
        values = [run[number] for run in found(sort=number)]
        assert values == sorted(values, reverse=True)
        assert None not in values
    assert "6 runs" in w2sg("runs").out
    for bad in (("--where", "task"), ("--where", "seed=x"), ("--where", "a-b=1"), ("--sort", "p g r")):
        assert w2sg("runs", *bad).code == 2


def test_the_ledger_is_shown_for_all_and_for_one_run(some_runs: list[str], w2sg: Command) -> None:
    every = w2sg("ledger", "--json").document
    assert len(every) == 2 * 6
    own = w2sg("ledger", some_runs[0][:10], "--json").document
    direct = [line["purpose"] for line in own if line["asked_by"] == "direct"]
    assert direct == ["information", "aggregates"], "what the direct student's tier includes"
    others = [line["purpose"] for line in own if line["asked_by"] != "direct"]
    assert others == ["supervision", "ceiling", "score", "score"]
    assert own[0].keys() >= {"place", "split", "purpose", "n", "rows", "asked_by", "step", "kind", "created"}
    assert [line for line in every if line in own] == own
    shown = w2sg("ledger", some_runs[0][:10]).out
    assert "6 of 6 releases of ground truth" in shown
    assert "2 of 12 releases of ground truth" in w2sg("ledger", "-n", "2").out
    assert w2sg("ledger", "zzzz").code == 2


@pytest.mark.parametrize(
    "command", [("runs",), ("ledger",), ("show", "a"), ("cache", "verify"), ("cache", "gc"), ("report", "x")]
)
def test_looking_does_not_make_a_store(command: tuple[str, ...], w2sg: Command, tmp_path: Path) -> None:
    done = w2sg(*command, "--store", "typo")
    assert done.code == 2
    assert "there is no store in typo: make runs first ('w2sg run')" in done.err
    assert not list(tmp_path.iterdir())


def test_verify_says_no_by_its_exit_code_and_gc_mends(some_runs: list[str], w2sg: Command, tmp_path: Path) -> None:
    assert w2sg("cache", "verify", "--json").document["ok"] is True
    with Store(tmp_path / ".w2sg") as store:
        (place,) = store.database.execute("SELECT id FROM objects ORDER BY bytes DESC").fetchone()
        store.database.execute("UPDATE objects SET content = ? WHERE id = ?", [b"damaged", place])
        lost = [row for row in store.artifact_rows() if place in row["objects"]]
    done = w2sg("cache", "verify", "--json")
    assert done.code == 1
    found = json.loads(done.out)
    assert found["ok"] is False
    assert len(found["damaged"]) == 1
    assert "1 damaged" in w2sg("cache", "verify").out
    assert w2sg("cache", "gc", "--json").document["n_files"] == len(lost[0]["objects"])
    assert w2sg("cache", "verify").code == 0
    assert w2sg("cache", "gc", "--stale").code == 0
    again = w2sg("run", *QUICK, "--json")
    assert again.document["run_ids"] == some_runs


SHOUT = """
from typing import Literal

from w2sg.core import register
from w2sg.methods import TargetObjective


@register()
class Shout(TargetObjective):
    \"\"\"As it is.\"\"\"

    kind: Literal["shout"] = "shout"

    def target(self, weak, log_student, progress):
        return weak
"""


@pytest.mark.slow
def test_runs_of_a_plugin_are_listed_and_shown_without_it(tmp_path: Path) -> None:
    (tmp_path / "shout.py").write_text(SHOUT)

    def command(*arguments: str) -> str:
        whole = [sys.executable, "-m", "w2sg", *arguments, "--json"]
        done = subprocess.run(whole, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    made = json.loads(command("run", *QUICK, "--plugin", "shout.py", "--set", "method.objective=shout"))
    assert json.loads(command("runs"))[0]["method"] == "naive(objective=shout)"
    assert json.loads(command("runs", "--plugin", "shout.py"))[0]["method"] == "naive(objective=shout)"
    assert json.loads(command("show", made["run_ids"][0]))["setup"]["method"]["objective"] == {"kind": "shout"}


def in_terminal(folder: Path, *arguments: str) -> str:
    """What a command prints on a terminal of 80 columns."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    environment = {**os.environ, "TERM": "dumb", "NO_COLOR": "1"}
    environment.pop("COLUMNS", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "w2sg", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    content = b""
    try:
        while found := os.read(ours, 65536):
            content += found
    except OSError:
        pass
    os.close(ours)
    assert process.wait() == 0
    return content.decode().replace("\r\n", "\n")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("command", [("runs",), ("list", "methods"), ("list", "students")], ids=" ".join)
def test_tables_are_readable_at_80_columns(
    command: tuple[str, ...], some_runs: list[str], w2sg: Command, tmp_path: Path
) -> None:
    shown = in_terminal(tmp_path, *command)
    assert max(map(len, shown.splitlines())) <= 80
    words = some_runs
    if command[0] == "list":  # asked in another process: other tests register names of their own in this one
        listed = subprocess.run([sys.executable, "-m", "w2sg", *command, "--json"], stdout=subprocess.PIPE, check=True)
        words = [one["name"] for one in json.loads(listed.stdout)]
    assert all(word[:8] in shown for word in words)


def test_stdout_may_be_closed_early(some_runs: list[str], tmp_path: Path) -> None:
    command = f"{sys.executable} -m w2sg runs --json | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_defaults_are_shown_where_other_fields_must_be_given(w2sg: Command) -> None:
    values = json.loads(w2sg("describe", "students", "readout", "--json").out)["values"]
    assert values["most_tokens"] == 512
    assert "model" not in values
    assert "answers" not in values
