"""Claims as data: those that ship hold together, and what does not is refused with a reason."""

from pathlib import Path

import numpy as np
import pytest

from w2sg.agenda import Agenda, Region, ResearchClaim, Workbench, add_to, claim_document, run_agenda
from w2sg.agenda.claim import Arm, Site
from w2sg.core import ConfigError, InputError
from w2sg.lab import make_runs
from w2sg.measure import t_quantile

CLAIM = """
pillar = "theory"
[[claims]]
name = "mine"
statement = "Mine."
source = "me"
credence = 0.5
reason = "No idea."
arms = [{ weight = 1, method = "naive" }]
region = { low = 0 }
"""


@pytest.fixture(scope="module")
def shipped() -> Agenda:
    return Agenda.read()


def test_the_shipped_agenda_holds_together(shipped: Agenda) -> None:
    assert len(shipped.claims) >= 40
    tested = {trial.claim.name for trial in shipped.trials}
    for claim in shipped.claims.values():
        assert bool(claim.needs) != (claim.name in tested)
    for pillar in shipped.pillars:
        assert any(claim.pillar == pillar for claim in shipped.claims.values())
        assert any(question.pillar == pillar for question in shipped.questions.values())
    asked = {name for question in shipped.questions.values() for name in question.claims}
    assert asked == set(shipped.claims)
    assert not shipped.left_out
    assert shipped.contradictions({name: claim.credence for name, claim in shipped.claims.items()}) == []


def test_no_claim_compares_an_arm_with_itself(shipped: Agenda) -> None:
    for trial in shipped.trials:
        assert len(set(trial.setups)) == len(trial.setups), f"{trial.claim.name} at {trial.site.name}"


def test_claims_that_exclude_each_other_are_told_when_both_are_believed(shipped: Agenda) -> None:
    believed = {name: 0.6 for name in shipped.claims}
    assert ("imitation-recovers-half", "imitation-recovers-less-than-half") in shipped.contradictions(believed)


def test_an_arm_takes_the_sites_own_parts() -> None:
    site = Site(name="here", family="f", task="wine", supervisor="few-features")
    arm = Arm(
        weight=1,
        task={"kind": "shown", "task": "@task", "supervisor": "@supervisor", "share": 0.5},
        supervisor="as-recorded",
        settings={"student.c": 3.0},
    )
    setup = arm.setting(site).setup
    assert setup.task.model_dump()["task"]["kind"] == "wine"
    assert setup.student.model_dump()["c"] == 3.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (CLAIM.replace("{ low = 0 }", "{ low = 1, high = 0 }"), "'low' must be below 'high'"),
        (CLAIM.replace("{ low = 0 }", "{ }"), "says nothing"),
        (CLAIM.replace("region", 'needs = "people"\nregion'), "although it 'needs'"),
        (CLAIM + 'predicts = { effect = { kind = "normal", mean = 0, sd = 1 } }', "it says one of both"),
        (CLAIM + 'outcome = "gain"\nmargin = "no-copy"', "it is about one of both"),
        (CLAIM.replace("region = { low = 0 }", 'predicts = { effect = { kind = "normal", mean = 0, sd = 0 } }'), "sd"),
        (CLAIM.replace("region = { low = 0 }", 'predicts = { effect = { kind = "gamma" } }'), "student-t"),
        (CLAIM.replace("credence = 0.5", "credence = 1.0"), "credence"),
        (CLAIM + 'presupposes = ["mine"]', "presupposes itself"),
        (CLAIM + 'presupposes = ["nobody"]', "'nobody', which is not there"),
        (CLAIM.replace('"mine"', '"naive-gains"'), "is there already and is another"),
        (CLAIM.replace("[[claims]]", "[claims]"), "write [[claims]]"),
        (CLAIM.replace("[[claims]]", "[[claim]]"), "no such part"),
        (CLAIM.replace("naive", "naïf"), "naïf"),
        ("", "adds nothing"),
        ("a = ", "is not TOML"),
    ],
)
def test_what_does_not_hold_together_is_refused(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises((ConfigError, InputError)) as refusal:
        _ = add_to(tmp_path / "store", file).trials
    assert told in str(refusal.value)


def test_a_claim_that_was_added_is_the_stores_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(CLAIM, encoding="utf-8")
    assert add_to(tmp_path / "store", file).claims["mine"].pillar == "theory"
    assert "mine" in Agenda.read(tmp_path / "store").claims
    assert "mine" not in Agenda.read(tmp_path / "other").claims
    file.write_text(CLAIM.replace("Mine.", "Mine!"), encoding="utf-8")
    with pytest.raises(InputError):
        add_to(tmp_path / "store", file)


def test_a_claim_restated_is_another_effect_and_a_new_credence_is_not() -> None:
    claim = ResearchClaim(
        name="c",
        pillar="theory",
        statement="s",
        source="s",
        credence=0.5,
        reason="r",
        arms=(Arm(weight=1, method="naive"),),
        region=Region(low=0),
    )
    assert claim.effect == claim.model_copy(update={"credence": 0.9, "region": Region(high=0)}).effect
    assert claim.effect != claim.model_copy(update={"arms": (Arm(weight=2, method="naive"),)}).effect


def test_arms_are_levels_of_a_factor_by_name() -> None:
    site = Site(name="here", family="f", task="wine", supervisor="few-features")
    clean, noisy = (
        Arm.parse({"weight": 1, "method": "naive", "factor": "gold-noise", "level": level}).setting(site)
        for level in ("0", "0.3")
    )
    assert [one.setup.supervisor.model_dump()["label_noise"] for one in (clean, noisy)] == [0.0, 0.3]
    assert clean.setup.student == noisy.setup.student
    # a shift makes a test set of its own, on which the arm is read
    shifted = Arm.parse({"weight": 1, "factor": "noise-shift", "level": "0.4"})
    assert shifted.setting(site.model_copy(update={"task": "digits"})).test == "shifted"
    with pytest.raises(ConfigError, match=r"one of factor 'gold noise': 0, 0.1, 0.2, 0.3; got 'much'"):
        Arm.parse({"weight": 1, "factor": "gold-noise", "level": "much"})
    with pytest.raises(ConfigError, match="'level' goes with a 'factor'"):
        Arm.parse({"weight": 1, "level": "0.3"})


SEVERAL = """
pillar = "framework"
[[sites]]
name = "wine"
family = "wine"
task = "wine"
student = { kind = "nystroem", features = { count = 12 } }
[[claims]]
name = "near"
margin = "near-ceiling"
arms = [{ weight = 1, method = "naive", factor = "gold-noise", level = "0.3" }, { weight = -1, method = "naive" }]
predicts = { effect = { kind = "uniform", low = -0.1, high = 0.1 }, against = { kind = "normal", mean = 0, sd = 0.2 } }
statement = "Noise in gold leaves students where they were."
source = "a test"
credence = 0.5
reason = "For a test."
[[claims]]
name = "both"
margin = { kind = "all", of = ["near-ceiling", "no-copy"] }
arms = [{ weight = 1, method = "naive" }]
region = { high = 0.5 }
statement = "Students are at most .45 better than is required of them."
source = "a test"
credence = 0.5
reason = "For a test."
"""


def test_margins_of_requirements_and_of_trees_are_measured(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(SEVERAL, encoding="utf-8")
    agenda = Agenda.read(None, [file], shipped=False)
    bench = Workbench(agenda, tmp_path / "store", range(2))
    done = run_agenda(bench, 60, workers=1)
    assert not done.failed
    noisy, clean = (make_runs([setup], range(2), store=tmp_path / "store").runs for setup in agenda.trials[0].setups)
    shortfalls = [
        np.array([run.evidence["test.ceiling"].mean() - run.evidence["test.student"].mean() for run in runs])
        for runs in (noisy, clean)
    ]
    # its threshold is the same for both arms
    near = bench.known.at("near", "wine")
    assert near is not None
    assert near.estimate == pytest.approx(float((shortfalls[1] - shortfalls[0]).mean()))
    disagreement = np.array([1 - run.evidence["test.copied"].mean() for run in clean])
    both = bench.known.at("both", "wine")
    assert both is not None
    margins = np.minimum(0.05 - shortfalls[1], disagreement - 0.02)
    assert both.estimate == pytest.approx(float(margins.mean()))
    # to the noise of two seeds (Student's t with one degree of freedom) examples of the part that decides add theirs
    wide = t_quantile(0.95, 1) / t_quantile(0.95, np.inf)
    of_seeds = wide * float(margins.std(ddof=1)) / 2**0.5
    assert of_seeds < both.variance**0.5 < 1.5 * of_seeds
    assert "uniform, -0.1 to 0.1" in claim_document(bench.known, "near").lead
