"""The agenda from its command to its store: forecasts are sealed first, nothing is made twice, lost runs are told."""

from pathlib import Path

import pytest
from cli_data import Command, Outcome

from w2sg.agenda import Agenda, Workbench, knowledge_of, run_agenda
from w2sg.agenda.costs import seconds_of
from w2sg.core import SEAL, InputError
from w2sg.graph import Store

OWN = """
pillar = "framework"
[[sites]]
name = "wine"
family = "wine"
task = "wine"
student = { kind = "nystroem", features = { count = 12 } }
[[sites]]
name = "tumours"
family = "tumours"
task = "breast-cancer"
student = { kind = "nystroem", features = { count = 12 } }
[[claims]]
name = "gains"
statement = "Students gain."
source = "a test"
credence = 0.6
reason = "For a test."
outcome = "gain"
arms = [{ weight = 1, method = "naive" }]
region = { low = 0 }
[[claims]]
name = "smooth"
statement = "Smoothing does little."
source = "a test"
credence = 0.6
reason = "For a test."
presupposes = ["gains"]
arms = [{ weight = 1, method = "label-smoothing" }, { weight = -1, method = "naive" }]
region = { low = -0.02, high = 0.02 }
"""


@pytest.fixture(scope="module")
def spent(tmp_path_factory: pytest.TempPathFactory) -> tuple[Agenda, Path, Workbench]:
    folder = tmp_path_factory.mktemp("agenda")
    file = folder / "own.toml"
    file.write_text(OWN, encoding="utf-8")
    agenda = Agenda.read(None, [file], shipped=False)
    bench = Workbench(agenda, folder / "store", range(4))
    done = run_agenda(bench, 60, workers=1)
    assert done.why_over == "no experiment promises anything"
    return agenda, folder / "store", bench


def test_every_forecast_is_sealed_before_its_runs_are_scored(spent: tuple[Agenda, Path, Workbench]) -> None:
    agenda, store, _ = spent
    known = knowledge_of(agenda, store)
    assert len(known.measurements) == 4
    assert not any(one.late for one in known.measurements)
    with Store(store) as opened:
        lines = opened.ledger()
    first = {line.place: line.purpose for line in reversed(lines) if line.split == "test"}
    assert set(first.values()) == {SEAL}
    # the runs that two claims share were made once: for each site and seed two students, and one score for each
    assert sum(line.purpose == "score" and line.split == "test" for line in lines) == 2 * 4 * 2


def test_the_same_call_goes_on_with_what_was_learned(spent: tuple[Agenda, Path, Workbench]) -> None:
    agenda, store, bench = spent
    again = Workbench(agenda, store, range(4))
    assert again.known.credences == bench.known.credences != {name: 0.6 for name in agenda.claims}
    done = run_agenda(again, 60, workers=1)
    assert (done.made, done.seconds) == ((), 0.0)


def test_more_seeds_promise_less_than_they_cost_nothing(spent: tuple[Agenda, Path, Workbench]) -> None:
    agenda, store, _ = spent
    more = Workbench(agenda, store, range(8)).candidates()
    assert {one.n_seeds for one in more} == {8}
    assert all(0 < one.bits < 2 and one.seconds > 0 for one in more)


def test_evidence_of_deleted_runs_is_dropped_and_told(spent: tuple[Agenda, Path, Workbench]) -> None:
    agenda, store, _ = spent
    lost = knowledge_of(agenda, store).measurements[0]
    with Store(store) as opened:
        kept = opened.get(lost.runs[0])
        opened.forget([lost.runs[0]])
    known = knowledge_of(agenda, store)
    assert kept is not None
    assert any("1 of its runs were deleted" in reason for reason in known.dropped)
    assert known.at(lost.claim, lost.site) is None


def test_a_budget_that_affords_nothing_is_refused(tmp_path: Path, spent: tuple[Agenda, Path, Workbench]) -> None:
    with pytest.raises(InputError, match=r"expected to cost [\d.]+ s, and the budget is 0.1 s"):
        run_agenda(Workbench(spent[0], tmp_path / "empty"), 0.1)


def test_what_open_experiments_share_is_paid_once(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN.replace("{ low = -0.02, high = 0.02 }", "{ low = 0 }"), encoding="utf-8")
    bench = Workbench(Agenda.read(None, [file], shipped=False), tmp_path / "store", range(2))
    here = [one for one in bench.planner.possible(bench.known, bench.costs) if one.trial.site.name == "wine"]
    assert all(one.decides > 0 for one in here)
    together = {id(score): score for one in here for score in bench.catalogue.scores_of(one.trial, range(2))}
    assert sum(one.share_s for one in here) == pytest.approx(bench.costs.seconds(together.values()))
    assert sum(one.seconds for one in here) > 1.5 * bench.costs.seconds(together.values())


@pytest.mark.parametrize("text", ["30", "m", "-1m", "0s", "1d", "1e3s", ""])
def test_budgets_are_times(text: str) -> None:
    assert seconds_of("1.5h") == 5400
    with pytest.raises(InputError, match="such as 30m"):
        seconds_of(text)


def test_the_command_line_says_what_is_known_and_what_is_next(w2sg: Command, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN.replace('"wine"\nf', '"own-wine"\nf').replace('"gains"', '"own-gains"'))
    assert f"{len(Agenda.read().claims) + 2} claims" in w2sg("agenda", "add", "own.toml").out
    shown = w2sg("agenda", "show", "--json").document
    assert shown["claims"]["own-gains"]["credence"] == 0.6
    assert shown["claims"]["debate-helps"]["state"] == "elsewhere"
    candidates = w2sg("agenda", "next", "--json").document["candidates"]
    assert len(candidates) == 10
    rates = [(one["decides"] / one["share_s"], one["bits"] / one["share_s"]) for one in candidates]
    assert rates == sorted(rates, reverse=True)
    assert "own-gains" in w2sg("agenda", "show", "own-gains").out
    assert "did you mean naive-gains" in told(w2sg("agenda", "show", "naive-gain"))
    assert "larger --budget" in told(w2sg("agenda", "run", "--budget", "0.1s"))
    assert "No forecast" in w2sg("agenda", "score").out
    assert w2sg("agenda", "page", "-o", "page.html").code == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "own-gains" in page
    assert "Questions of the five pillars" in page


def told(outcome: Outcome) -> str:
    assert outcome.code == 2
    return " ".join(outcome.err.split())


def test_an_experiment_that_cannot_be_made_keeps_no_other_from_being_made(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    # more labels than there are in the supervision split: known only once the data are there
    file.write_text(OWN.replace('"label-smoothing" }', '"naive", settings = { "supervisor.labels" = 90 } }'))
    bench = Workbench(Agenda.read(None, [file], shipped=False), tmp_path / "store", range(2))
    done = run_agenda(bench, 60, workers=1)
    assert list(done.failed) == ["smooth at wine"]
    assert "at most the 40 examples" in done.failed["smooth at wine"]
    assert {one.title for one in done.made} >= {"gains at wine", "smooth at tumours"}


@pytest.mark.parametrize("command", ["show", "next", "run", "score", "add", "page"])
def test_each_help_has_an_example_and_fits_80_columns(
    command: str, w2sg: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = w2sg("agenda", command, "--help")
    assert f"w2sg agenda {command}" in done.out.split("For example:")[1]
    assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize("kind", ["forecast", "experiment"])
def test_its_steps_are_described(kind: str, w2sg: Command) -> None:
    assert w2sg("describe", "steps", kind, "--json").document["schema"]["additionalProperties"] is False
