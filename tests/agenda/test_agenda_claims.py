"""Claims as data: those that ship hold together, and what does not is refused with a reason."""

from pathlib import Path

import pytest

from w2sg.agenda import Agenda, Region, ResearchClaim, add_to
from w2sg.agenda.claim import Arm, Site
from w2sg.core import ConfigError, InputError

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
