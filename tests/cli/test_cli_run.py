import json
from pathlib import Path
from typing import Any

import pytest
from cli_data import QUICK, STUDY, Command

from w2sg.core import registry

FIELDS = {
    "setup",
    "label",
    "config",
    "seeds",
    "n_test",
    "weak_accuracy",
    "student_accuracy",
    "ceiling_accuracy",
    "direct_accuracy",
    "pgr",
    "direct_pgr",
    "agreement",
    "errors_copied",
    "run_ids",
    "wall_s",
}


def test_run_gives_one_document_and_progress_on_stderr(w2sg: Command) -> None:
    done = w2sg("run", *QUICK, "--json")
    found = done.document
    assert found.keys() >= FIELDS
    assert found["pgr"].keys() >= {"estimate", "low", "high", "reason"}
    assert found["seeds"] == [0, 1]
    assert found["n_test"] == 68
    assert len(found["run_ids"]) == 2
    assert found["setup"]["student"]["features"]["count"] == 12
    assert all(0 <= found[f"{who}_accuracy"] <= 1 for who in ("weak", "student", "ceiling", "direct"))
    direct = w2sg("run", *QUICK, "--method", "direct", "--json").document
    assert found["direct_accuracy"] == direct["student_accuracy"] != found["student_accuracy"]
    assert done.err.splitlines() == ["run: 1 of 2 runs", "run: 2 of 2 runs"]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(w2sg: Command, tmp_path: Path) -> None:
    planned = w2sg("run", *QUICK, "--dry-run", "--json").document
    assert planned["missing"] == {"labels": 2, "student": 4, "ceiling": 2, "score": 2}
    assert planned["there"] == {}
    assert planned["wall_s"] > 0
    assert not (tmp_path / ".w2sg").exists()
    assert w2sg("run", *QUICK).code == 0
    assert w2sg("run", *QUICK, "--dry-run", "--json").document["missing"] == {}
    told = w2sg("run", *QUICK, "--dry-run")
    assert (told.code, told.err) == (0, "")
    assert "Nothing is to be computed" in told.out
    (tmp_path / "study.toml").write_text(STUDY)
    for command in (("study", "study.toml"), ("league", "study.toml"), ("multiverse", "study.toml")):
        assert w2sg(*command, "--dry-run", "--json").document["missing"]["score"] >= 2


def test_a_second_run_is_silent_and_the_same(w2sg: Command) -> None:
    first, second = (w2sg("run", *QUICK, "--json") for _ in range(2))
    assert second.err == ""
    assert {**first.document, "wall_s": 0} == {**second.document, "wall_s": 0}


def test_a_pgr_that_is_refused_has_no_estimate_and_a_reason(w2sg: Command) -> None:
    found = w2sg("run", "--task", "wine", "--supervisor", "simulated", "--set", "supervisor.accuracy=1.0", "--json")
    pgr = found.document["pgr"]
    assert pgr["estimate"] is None
    assert pgr["low"] is None
    assert pgr["high"] is None
    assert "gap" in pgr["reason"]
    shown = w2sg("run", "--task", "wine", "--supervisor", "simulated", "--set", "supervisor.accuracy=1.0")
    assert "no PGR" in shown.out
    assert "gap" in shown.out


def test_run_prints_a_table_and_where_to_look_on(w2sg: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")  # a narrower terminal shows the table in parts
    shown = w2sg("run", *QUICK).out
    assert "2 seeds, 68 test examples each" in shown
    assert all(who in shown for who in ("weak", "student", "ceiling", "agreement with the supervisor"))
    rows = [line.split() for line in shown.splitlines()]
    assert sum(words[0:1] == ["direct"] for words in rows) == 1
    assert "direct, the student trained on the supervision gold itself: " in shown
    prefix = shown.rsplit("runs ", 1)[1].split(",")[0]
    assert w2sg("show", prefix).code == 0


def test_run_prints_what_its_document_says_of_intervals_and_the_direct_student(
    w2sg: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    shown = w2sg("run", *QUICK).out.splitlines()
    found = w2sg("run", *QUICK, "--json").document
    test = found["tests"]["test"]
    cells = {words[0]: " ".join(words[1:]) for words in map(str.split, shown) if words}
    for who in ("weak", "student", "ceiling", "direct"):
        own = test["intervals"][who]
        accuracy = limits(found["intervals"][who]) if who in found["intervals"] else cells[who].split("]")[0] + "]"
        beside = limits(own["auroc"]), f"{test[who]['ece']:.3f}", limits(own["calibration_error"])
        assert cells[who] == " ".join((accuracy, *beside))
    assert cells["direct"].startswith(f"{found['direct_accuracy']:.3f} [")
    assert f"note: {found['pgr']['note']}" in shown
    assert found["pgr"]["note"].startswith("two seeds: ")
    assert "they share 50% of their test examples" in found["pgr"]["note"]
    assert f"ratios that the data allow: {found['pgr']['set']}" in shown
    assert found["direct_pgr"]["reason"] in next(line for line in shown if line.startswith("direct, "))
    agreement, copied = (limits(test["intervals"][name]) for name in ("agreement", "errors_copied"))
    assert f"agreement with the supervisor {agreement}, share of its errors copied {copied}" in shown


def test_run_prints_a_dash_where_nothing_is_defined_and_no_note_where_there_is_nothing_to_know(w2sg: Command) -> None:
    """A supervisor that is always right has no errors to copy; three seeds with parts of their own share no rows."""
    own_parts = ("task.disjoint=3", "task.supervision=0.25", "task.transfer=0.5", "supervisor.accuracy=1.0")
    settings = [word for setting in own_parts for word in ("--set", setting)]
    shown = w2sg("run", "--task", "wine", "--supervisor", "simulated", "--seeds", "3", *settings).out
    assert "share of its errors copied -" in shown
    assert "note: " not in shown


def limits(interval: dict[str, float]) -> str:
    return f"{interval['estimate']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--task", "wien"), "unknown task 'wien': did you mean 'wine'?"),
        (("--method", "confidnce"), "unknown method 'confidnce': did you mean 'confidence'"),
        (("--student", "nistroem"), "unknown student 'nistroem': did you mean 'nystroem'"),
        (("--supervisor", "fewer-label"), "did you mean 'fewer-labels'"),
        (("--set", "student.features.count=many"), "student.features.count: input should be a valid integer"),
        (("--set", "student.features.count=0"), "student.features.count: input should be greater than or equal to 1"),
        (("--set", "student.feature.count=3"), "student.feature: no such field"),
        (("--set", "student.c=nan"), "student.c: "),
        (("--set", "count=3"), "count: a path starts with task, supervisor, student, method"),
        (("--set", "student.c"), "student.c: a setting is path=value"),
        (("--set", "student.c=1", "--set", "student.c.x=1"), "student.c.x: 'c' has no fields"),
        (("--set", "task.supervision=100000"), "needs 100000 rows"),
        (("--student", "knn", "--method", "confidence"), "needs 'gradient', student 'knn' has"),
        (("--plugin", "gone.py"), "plugin gone.py: no such Python file"),
        (("--seeds", "0"), "--seeds"),
        (("--seeds", "x"), "--seeds"),
        (("--workers", "0"), "--workers"),
        (("--tusk", "wine"), "--tusk"),
    ],
)
def test_bad_input_is_exit_code_2_and_one_message(arguments: tuple[str, ...], message: str, w2sg: Command) -> None:
    given = arguments if "--task" in arguments else ("--task", "digits", *arguments)
    done = w2sg("run", *given, "--json")
    assert done.code == 2
    assert done.out == ""
    assert message in done.err.replace("\n", " ")
    assert "Traceback" not in done.err


def test_a_method_that_fails_is_exit_code_3(w2sg: Command, tmp_path: Path) -> None:
    (tmp_path / "failing.py").write_text(
        "from typing import Literal\nfrom w2sg.core import Method, register\n\n\n"
        "@register()\nclass Failing(Method):\n    kind: Literal['cli-fails'] = 'cli-fails'\n\n"
        "    def train(self, view, student, rng):\n        raise ZeroDivisionError('of its own')\n        yield\n"
    )
    done = w2sg("run", *QUICK, "--method", "cli-fails", "--plugin", "failing.py", "--json")
    assert done.code == 3
    assert done.out == ""
    assert "2 of 2 runs failed" in done.err
    assert "cli-fails, seed 0: ZeroDivisionError: of its own" in done.err
    assert "Traceback" not in done.err


FAILING = """
from typing import Literal

from w2sg.core import Method, register


@register()
class Failing(Method):
    kind: Literal["cli-fails"] = "cli-fails"

    def train(self, view, student, rng):
        raise ZeroDivisionError("of its own")
        yield
"""


def test_failed_runs_of_a_study_are_listed_and_the_others_shown(w2sg: Command, tmp_path: Path) -> None:
    """The document and the tables have what was made; the exit code says that it is not all."""
    (tmp_path / "failing.py").write_text(FAILING)
    (tmp_path / "two.toml").write_text(STUDY.replace('"confidence"', '"cli-fails"') + 'plugins = ["failing.py"]\n')
    done = w2sg("study", "two.toml", "--json")
    assert done.code == 3
    found = json.loads(done.out)
    assert found["n_runs"] == 2
    assert [one["label"]["method"] for one in found["results"]] == ["naive"]
    for seed in (0, 1):
        assert f"/ cli-fails, seed {seed}: ZeroDivisionError: of its own" in done.err
    assert "2 of 4 runs failed; the others are kept" in done.err
    assert "Traceback" not in done.err
    shown = w2sg("study", "two.toml")
    assert shown.code == 3
    assert "2 of 4 runs failed and are in no number of this page" in shown.out
    assert "few-features" in shown.out
    assert "2 of 4 runs failed" in shown.err
    (tmp_path / "none.toml").write_text(
        STUDY.replace('"naive", "confidence"', '"cli-fails"') + 'plugins = ["failing.py"]\n'
    )
    none = w2sg("study", "none.toml", "--json")
    assert (none.code, none.out) == (3, "")
    assert "2 of 2 runs failed" in none.err


def test_a_launcher_is_chosen_by_name(w2sg: Command) -> None:
    assert w2sg("run", *QUICK, "--launcher", "in-process", "--json").document["seeds"] == [0, 1]
    assert {one["name"] for one in w2sg("list", "launchers", "--json").document} >= {"in-process", "processes"}
    done = w2sg("run", *QUICK, "--launcher", "in-proces", "--json")
    assert (done.code, done.out) == (2, "")
    assert "unknown launcher 'in-proces': did you mean 'in-process'" in done.err


def test_a_broken_store_is_exit_code_3(w2sg: Command, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "store.db").write_bytes(b"no database" * 100)
    for arguments in (("run", *QUICK), ("runs",), ("show", "a"), ("cache", "verify"), ("cache", "gc")):
        done = w2sg(*arguments, "--store", "broken", "--json")
        assert done.code == 3
        assert done.out == ""
        assert "choose another --store" in done.err


def test_the_store_is_that_of_the_environment(w2sg: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("W2SG_STORE", str(tmp_path / "elsewhere"))
    assert w2sg("run", *QUICK).code == 0
    assert (tmp_path / "elsewhere" / "store.db").exists()
    assert not (tmp_path / ".w2sg").exists()


def test_study_gives_one_document(w2sg: Command, tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(STUDY)
    found = w2sg("study", "two.toml", "--json").document
    assert found["study"] == "two"
    assert found["n_runs"] == 4
    # Under each of two seeds: a student for each of two methods, and the direct one.
    assert found["steps_done"] == {"labels": 2, "student": 6, "ceiling": 2, "score": 4}
    assert [one["label"]["method"] for one in found["results"]] == ["naive", "confidence"]
    assert found["contests"][0]["comparisons"].keys() == {"confidence"}
    again = w2sg("study", "two.toml", "--json")
    assert again.document["steps_done"] == {}
    assert again.document["wall_s"] < 2


def test_study_prints_tables(w2sg: Command, tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(STUDY)
    shown = w2sg("study", "two.toml").out
    assert "two: Results" in shown
    assert shown.startswith("4 runs: 2 setups under 2 seeds each, from 1 task (wine)")
    assert "In all rows: task wine, supervisor few-features, student nystroem(count=12), trust tier T0" in shown
    assert "two: Comparisons of methods" in shown
    assert "Every method with the reference of its task, supervisor and student, paired by seed" in shown
    assert "steps done: 2 labels, 6 student, 2 ceiling, 4 score" in shown
    assert "steps done: none: all were in the store" in w2sg("study", "two.toml").out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "bad.toml: No such file or directory"),
        ("tasks = [", "bad.toml: is not TOML"),
        ("taskz = ['wine']", "taskz: no such field"),
        ("tasks = ['wine']\nseeds = 0", "seeds must be a number of at least 1"),
        ("tasks = ['wine']\nseeds = 2000000", "2,000,000 runs, over 1,000,000: say --yes"),
        ("tasks = ['wine']\nmethods = []", "has no runs"),
        ("tasks = ['wine']\nmethods = [{kind = 'confidence', grid = 3}]", "methods.0.grid: must be lists of values"),
    ],
)
def test_a_bad_study_is_exit_code_2(text: str | None, message: str, w2sg: Command, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "bad.toml").write_text(text)
    done = w2sg("study", "bad.toml", "--json")
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_report_writes_one_file(w2sg: Command, tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(STUDY)
    w2sg("study", "two.toml", "--json")
    found = w2sg("report", "two", "-o", "out.html", "--json").document
    assert found == {"report": "out.html", "n_runs": 4}
    assert "<html" in (tmp_path / "out.html").read_text().lower()
    assert w2sg("report", "two.toml", "-o", "again.html").code == 0
    missing = w2sg("report", "three", "--json")
    assert (missing.code, missing.out) == (2, "")
    assert "has no study 'three': it has two" in missing.err


def test_demo_runs_every_named_method(w2sg: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import w2sg as package

    seen: list[package.Study] = []
    small = package.Study.parse({"name": "demo", "seeds": 1, "tasks": ["wine"], "methods": ["naive", "confidence"]})
    real = package.study

    def study(given: package.Study, **rest: Any) -> package.StudyResult:
        seen.append(given)
        return real(small, **rest)

    monkeypatch.setattr(package, "study", study)
    found = w2sg("demo", "--seeds", "1", "--json").document
    assert found["report"] == "report.html"
    assert (tmp_path / "report.html").exists()
    tried = {setup.label()["method"] for setup in seen[0].setups()}
    assert {"naive", "confidence", "bootstrapping"} <= tried
    assert not any(registry.lookup("methods", name).oracle for name in tried)
