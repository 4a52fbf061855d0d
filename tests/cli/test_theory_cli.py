"""The commands of theory, as a user sees them."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cli_data import Command

WINE = ("run", "--task", "wine", "--seeds", "1", "--set", "task.test=60", "--json")


@pytest.fixture
def run_id(w2sg: "Command") -> str:
    """Make a run, and return its id."""
    return str(json.loads(w2sg(*WINE).out)["run_ids"][0])


def test_observe_shows_what_is_seen_and_why_the_rest_is_not(w2sg: "Command", run_id: str) -> None:
    shown = w2sg("observe", run_id[:8])
    assert shown.code == 0
    assert "misfit_reverse_kl" in shown.out
    assert "no labels were bought" in shown.out
    found = json.loads(w2sg("observe", run_id[:8], "--labels", "20", "--json").out)["runs"]
    assert [one["labels"] for one in found] == [0, 20]
    assert found[1]["quantities"]["audit_gain_error"]["n"] == 20
    assert "audit_gain_error" not in found[0]["quantities"]
    assert "labels not bought: 5000" in w2sg("observe", run_id[:8], "--labels", "20,5000").err


def test_predict_gives_numbers_with_conditions_or_reasons(w2sg: "Command", run_id: str) -> None:
    found = json.loads(w2sg("predict", run_id, "--labels", "20", "--level", "0.8", "--json").out)["answers"]
    by_name = {(one["theory"], one["labels"]): one for one in found}
    assert by_name["paired-difference", 20]["low"] < by_name["paired-difference", 20]["mean"]
    assert by_name["misfit", 0]["mean"] is None
    assert "class is convex" in by_name["misfit", 0]["abstains"]
    assert by_name["misfit", 0]["formula"] > 0
    assert all(len(one["digest"]) == 64 and one["level"] == 0.8 for one in found)
    shown = w2sg("predict", run_id, "--labels", "5000")
    assert "on condition" in shown.out
    assert re.search("[0-9]+ of [0-9]+ answers are abstentions", shown.out.splitlines()[0])
    assert "Who abstains, by reason" in shown.out
    assert "violated: class is convex" in shown.out
    assert "no hypothesis stated" in shown.out
    assert "labels not bought: 5000" in shown.err


def test_certify_splits_delta_in_the_open(w2sg: "Command", run_id: str) -> None:
    found = json.loads(w2sg("certify", run_id, "--labels", "40", "--json").out)
    certificates = found["certificates"]
    assert found["look"] == 1
    assert found["delta"] == pytest.approx(0.05 * 6 / math.pi**2), "what is left is for all further looks together"
    assert sum(one["delta"] for one in certificates.values()) == pytest.approx(found["delta"])
    assert found["n_labels"] <= 40
    assert certificates["gain"]["low"] <= certificates["gain"]["estimate"]
    assert all(one["frame"] for one in certificates.values())
    assert "up to" in certificates["set_coverage"]["method"]
    shown = w2sg("certify", run_id, "--labels", "40").out
    assert "hold together with probability 0.9696" in shown
    assert "asymptotic ones for many labels only" in " ".join(shown.split())
    assert "asymptotic" not in w2sg("certify", run_id, "--labels", "0").out
    further = w2sg("certify", run_id, "--labels", "40", "--seed", "1")
    assert "This is look 2 at labels of these data" in " ".join(further.out.split())
    bought = [line for line in w2sg("ledger", "--json").document if line["kind"] == "certification"]
    assert [len(line["rows"]) for line in bought if line["split"] == "test"] == [line["n"] for line in bought]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("certify", "zz", "--labels", "5"), "no run"),
        (("certify", "RUN", "--labels", "5000"), "k must be from 0 to the 60 inputs"),
        (("certify", "RUN", "--labels", "5", "--delta", "1.5"), "delta must be between 0 and 1, got 1.5"),
        (("predict", "RUN", "--level", "2"), "level must be between 0 and 1"),
        (("observe", "RUN", "--labels", "many"), "--labels takes numbers of labels with commas"),
        (("world", "simulate", "two-stage-ridge", "--set", "gamma=-1"), "gamma"),
        (("observe", "zz"), "no study 'zz', and no run (or several) whose id starts so"),
        (("observe", "RUN", "--labels", "\u00b2"), "--labels takes numbers of labels with commas"),
        (("world", "simulate", "nothing"), "nothing"),
        (
            ("world", "simulate", "oversight", "--set", "game=mafia", "--set", "intercept=9"),
            "'mafia' has fitted slopes",
        ),
        (("theory", "score", "nowhere"), "no study 'nowhere'"),
        (("theory", "score", "--families", "0"), "nothing to score on"),
    ],
)
def test_bad_input_is_said_in_one_line(w2sg: "Command", run_id: str, arguments: tuple[str, ...], message: str) -> None:
    found = w2sg(*(run_id if one == "RUN" else one for one in arguments))
    assert found.code == 2
    assert message in " ".join(found.err.split())


def test_a_world_gives_exact_and_simulated(w2sg: "Command") -> None:
    asked = ("world", "simulate", "two-stage-ridge", "--set", "gamma=0.5", "--set", "sigma2=1", "--set", "lambda_t=0.1")
    found = json.loads(w2sg(*asked, "--set", "lambda_s=0.2914", "--json").out)
    assert found["exact"]["weak_risk"] == pytest.approx(0.6036, abs=5e-5)
    assert found["exact"]["student_risk"] == pytest.approx(0.4861, abs=5e-5)
    simulated = found["simulated"]["student_risk"]
    assert abs(simulated["value"] - 0.4861) < 4 * simulated["se"]
    asked = ("world", "simulate", "certificate", "--set", "kind=hoeffding", "--set", "k=50", "--set", "n=1000")
    bound = json.loads(w2sg(*asked, "--json").out)
    assert bound["exact"]["high"] == pytest.approx(0.0887, abs=5e-5)
    assert (
        "exact"
        in w2sg("world", "simulate", "oversight", "--set", "game=mafia", "--set", "gap=400", "--no-simulate").out
    )


def test_a_world_is_an_oracle_by_another_word(w2sg: "Command") -> None:
    asked = ("gain-identified", "--set", "weak=.6", "--set", "student=.9", "--set", "risk=.36", "--json")
    found, world = (json.loads(w2sg(*command, *asked).out) for command in (("oracle",), ("world", "simulate")))
    assert (found["exact"]["low"], found["exact"]["high"]) == pytest.approx((0.18, 0.18), abs=1e-9)
    assert {**found, "seconds": 0} == {**world, "seconds": 0}


def test_theories_are_listed_with_what_they_take_for_granted(w2sg: "Command") -> None:
    found = {one["name"]: one for one in json.loads(w2sg("theory", "list", "--json").out)["theories"]}
    assert found["misfit"]["information"] == "S0-strict"
    assert "truth is in the class" in json.dumps(found["misfit"]["hypotheses"])
    assert found["paired-difference"]["information"] == "S1"
    assert "takes for granted" in w2sg("theory", "list").out


def test_a_scoreboard_is_scored_and_written(w2sg: "Command", write: Callable[[str, str], object]) -> None:
    study = 'name = "tiny"\nseeds = 2\ntasks = [{kind = "wine", test = 60}]\nmethods = ["naive", "confidence"]\n'
    write("tiny.toml", study)
    shown = w2sg("theory", "score", "tiny.toml", "--labels", "20", "--families", "12", "-o", "scores.md")
    assert shown.code == 0, shown.err
    assert "paired-difference@20" in shown.out
    assert "sealed before ground truth was opened" in shown.out
    page = Path("scores.md").read_text(encoding="utf-8")
    assert "w2sg theory score tiny.toml --labels 20 --families 12 -o scores.md" in page
    again = json.loads(w2sg("theory", "score", "tiny", "--labels", "20", "--families", "0", "--json").out)
    assert again["n_runs"]["wine(test=60)"] == 4
    assert [seal["late"] for seal in again["seals"]] == [False] * 4
    assert again["late"] == 0


def test_predictions_of_a_study_are_sealed_before_any_score(
    w2sg: "Command", write: Callable[[str, str], object]
) -> None:
    write("tiny.toml", 'name = "tiny"\nseeds = 1\ntasks = [{kind = "wine", test = 60}]\nmethods = ["naive"]\n')
    found = w2sg("predict", "tiny.toml", "--json").document
    (seal,) = found["seals"]
    assert (seal["late"], seal["opened"], seal["n"]) == (False, None, len(found["answers"]))
    assert w2sg("runs", "--json").document == []
    (line,) = (line for line in w2sg("ledger", "--json").document if line["purpose"] == "seal")
    assert (line["asked_by"], line["created"], line["split"]) == (seal["sha256"], seal["made"], "test")
    assert seal["sha256"][:16] in w2sg("ledger").out
    w2sg("study", "tiny.toml")
    assert w2sg("predict", "tiny.toml", "--json").document["seals"] == [seal], "a seal stays what it was"
    other = w2sg("predict", "tiny.toml", "--level", "0.8", "--json").document["seals"]
    assert [one["late"] for one in other] == [True], "other predictions, made after the score"
    assert "opened 20" in w2sg("predict", "tiny.toml", "--level", "0.8").out
