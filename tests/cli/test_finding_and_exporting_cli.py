"""What is done with a finished study from the command line, and that Python has a function for each command."""

import importlib
import inspect
import json
from pathlib import Path

import typer
from cli_data import Command
from looked_up import made

import w2sg as package
from w2sg.cli import main

CALLED = {
    "report": "write_report",
    "list": "names",
    "factors": "run_factors",  # `w2sg.factors` is the room
    "cache": "Store",
    "world": "worlds",
    "theory": "scoreboard",
    "demo": "study",
    "oracle": "worlds",
}
"""Commands that Python calls otherwise."""
FOR_FILES = {"new"}
"""Commands that write source files."""


def test_each_command_is_a_function_of_the_package() -> None:
    app = typer.Typer()
    main.add_commands_to(app)
    commands = {str(command.name) for command in app.registered_commands}
    commands |= {str(group.name) for group in app.registered_groups}
    assert {"compare", "export", "certify", "agenda"} <= commands
    for command in sorted(commands - FOR_FILES):
        name = CALLED.get(command, command.replace("-", "_"))
        found = getattr(package, name, None) or importlib.import_module(f"w2sg.{name}")
        assert found.__doc__, command
    assert set(CALLED) <= commands, "an exception for a command that is gone"


def test_each_function_says_what_it_takes_and_returns() -> None:
    for name in package.__all__:
        found = getattr(package, name)
        if inspect.isfunction(found):
            text = inspect.getdoc(found) or ""
            missing = [given for given in inspect.signature(found).parameters if f"\n    {given}:" not in text]
            assert missing == [], name
            assert "Returns:" in text or text.startswith("Return "), name
        if name in ("run", "study", "league", "compare", "export", "certify", "plot", "runs"):
            assert "\nExample:\n    >>> import w2sg" in text, name


def test_a_finished_study_is_looked_up_compared_and_exported(tmp_path: Path, w2sg: Command) -> None:
    result = made(tmp_path / ".w2sg")
    naive, hard = result.results
    listed = w2sg("runs", "--study", "titled", "--method", "Hard ones", "--json").document
    assert {run["id"] for run in listed} == set(hard.run_ids)
    assert {(run["titles"]["method"], *run["studies"]) for run in listed} == {("Hard ones", "titled")}
    assert "Scans / " in w2sg("runs", "--task", "Scans").out
    shown = w2sg("show", hard.run_ids[0][:10]).out
    assert "of the study titled" in shown
    assert "method: Hard ones (naive-hard)" in shown
    assert w2sg("runs", "--study", "other").code == 2

    found = w2sg("compare", "naive", "Hard ones", "--study", "titled", "--json", "-o", "c.html").document
    assert [test["test"] for test in found["places"][0]["tests"]] == ["test", "noise"]
    assert found["tables"]["examples"]["rows"]
    assert "Examples on which they differ" in Path("c.html").read_text()
    two = w2sg("compare", naive.run_ids[0][:12], hard.run_ids[0][:12], "--examples", "0")
    assert "Examples" not in two.out
    assert "no difference was shown" in two.out or " is better" in two.out or " is worse" in two.out
    assert w2sg("compare", "naive", "Hard ones").code == 2

    rows = json.loads(w2sg("export", "titled", "--to", "json").out)
    assert {row["run"] for row in rows} == {*naive.run_ids, *hard.run_ids}
    assert w2sg("export", "titled", "--to", "csv", "-o", "rows.csv").out == ""
    assert len(Path("rows.csv").read_text().splitlines()) == 1 + len(rows)
    assert w2sg("export", "titled", "--to", "parquet").code == 2

    certified = w2sg("certify", naive.run_ids[0][:12], "--labels", "30", "--test", "noise", "--json").document
    assert certified["test"] == "noise"
    assert w2sg("certify", naive.run_ids[0][:12], "--labels", "30", "--test", "nose").code == 2

    assert w2sg("report", "titled", "-o", "r.md").code == 0
    page = Path("r.md").read_text()
    assert "## Examples" in page
    assert "| Hard ones | noise |" in page
