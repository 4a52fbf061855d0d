"""What every registered disanalogy keeps: settings that begin with its absence, and differ in what the dial turns."""

from importlib.resources import files
from pathlib import Path

import pytest

from w2sg.batteries import Disanalogy
from w2sg.batteries.disanalogies.families import READ_ON
from w2sg.core import CapabilityError, derive, registry
from w2sg.lab import Setup, make_runs, make_setup, summarise
from w2sg.testing.writers import Rote

NAMES = registry.names("disanalogies")
TURNS = {
    "imitation-saliency": {"student"},
    "pretraining-leakage": {"student"},
    "capability-gap": {"student"},
    "error-structure": {"supervisor"},
    "longer-answers": {"task"},
    "novel-format": {"task"},
    "held-out-family": {"task"},
    "shown-labels": {"task"},
    "label-leakage": {"task"},
    "trusted-labels": {"method"},
}
"""The part of a setup that each dial turns; all others are equal at all settings."""
SMALL = {"kind": "wine", "supervision": 40, "transfer": 60}


def disanalogy(name: str) -> Disanalogy:
    return registry.build(Disanalogy, name)


@pytest.fixture
def families(tmp_path: Path) -> Setup:
    lines = [f"{i % 7},{i * i % 11},{'abcd'[i // 3 % 4]},{'yes' if i % 3 else 'no'}" for i in range(400)]
    (tmp_path / "rows.csv").write_text("x,y,kind,label\n" + "\n".join(lines) + "\n")
    path = str(tmp_path / "rows.csv")
    return make_setup({"kind": "files", "path": path, "group": "kind", "duplicates": "apart"})


def facts() -> Setup:
    # The models of the fact world are files beside the code, which a checkout may lack.
    if not (files("w2sg.worlds.facts") / "models" / "manifest.json").is_file():
        pytest.skip("the models of the fact world are not here")
    return make_setup("facts")


def applied(name: str, families: Setup) -> Setup:
    """Return a setup to which the disanalogy of a name applies."""
    if name == "held-out-family":
        return families
    if name in ("imitation-saliency", "pretraining-leakage", "capability-gap", "longer-answers", "novel-format"):
        return facts()
    return make_setup(SMALL)


def test_the_list_names_every_disanalogy() -> None:
    assert set(TURNS) == set(NAMES)


@pytest.mark.parametrize("name", TURNS)
def test_settings_begin_without_it_and_turn_one_part(name: str, families: Setup) -> None:
    found, setup = disanalogy(name), applied(name, families)
    settings = found.settings(setup)
    values = [setting.value for setting in settings]
    assert len(settings) >= 2
    assert values == sorted(set(values))
    # A student of the supervisor's own rung has no setting: the smallest gap is one rung.
    assert values[0] == (1 if name == "capability-gap" else 0)
    assert len({setting.test for setting in settings}) == 1
    assert len({setting.name for setting in settings}) == len(settings)
    for part in ("task", "supervisor", "student", "method"):
        assert (len({getattr(setting.setup, part) for setting in settings}) == 1) == (part not in TURNS[name]), part
    assert len({setting.setup for setting in settings}) == len(settings)


@pytest.mark.parametrize("name", TURNS)
def test_a_mend_has_a_name_and_keeps_the_dial(name: str, families: Setup) -> None:
    found, setup = disanalogy(name), applied(name, families)
    mended = [found.mend(setting.setup) for setting in found.settings(setup)]
    assert found.title
    assert found.dial
    assert bool(found.mended_by) == any(mended)


@pytest.mark.parametrize(
    ("name", "task", "reason"),
    [
        ("shown-labels", {"kind": "shown", "task": "wine", "supervisor": "few-features"}, "shows labels in its inputs"),
        ("held-out-family", "digits", "a metadata column 'group' or 'domain'"),
        ("trusted-labels", {"kind": "wine", "transfer": 15}, "needs 20 examples in the transfer split, got 15"),
        ("capability-gap", "digits", "needs a pretraining corpus of our own"),
    ],
)
def test_where_it_does_not_apply_it_says_why(name: str, task: object, reason: str) -> None:
    setup = make_setup(task)  # type: ignore[arg-type]
    with pytest.raises(CapabilityError, match=reason):
        disanalogy(name).settings(setup)


@pytest.mark.parametrize("name", ["shown-labels", "label-leakage", "trusted-labels"])
def test_written_answers_have_no_labels_to_show_or_mix_in(name: str) -> None:
    registry.register()(Rote)
    setup = make_setup("sums", {"kind": "trained-writer", "student": "rote"}, "rote")
    with pytest.raises(CapabilityError, match="needs labels that are classes, and this task asks for written answers"):
        disanalogy(name).settings(setup)


def test_a_student_that_knows_no_such_words_is_shown_none() -> None:
    with pytest.raises(CapabilityError, match="knows only the words of its world"):
        disanalogy("shown-labels").settings(facts())


def test_families_that_leave_too_few_rows_do_not_apply(families: Setup) -> None:
    task = {**families.task.model_dump(mode="json"), "supervision": 250, "transfer": 50}
    with pytest.raises(CapabilityError, match="families cannot be held out: .* split 'supervision' needs 250 rows"):
        disanalogy("held-out-family").settings(make_setup(task))


def test_a_family_that_is_held_out_is_not_supervised_and_is_read(families: Setup) -> None:
    plain, one, half = disanalogy("held-out-family").settings(families)
    for setting, lacking in ((plain, set()), (one, {"a"}), (half, {"a", "b"})):
        data = setting.setup.task.load(derive(0, "task"))
        assert set("abcd") - set(data.supervision.metadata["group"].astype(str)) == lacking
        assert set(data.transfer.metadata["group"].astype(str)) == set("abcd")
        assert setting.test == READ_ON
        assert set(data.tests[READ_ON].metadata["group"].astype(str)) == {"a"}


@pytest.mark.parametrize("name", ["shown-labels", "label-leakage"])
def test_weak_labels_are_the_same_whatever_is_shown(name: str, tmp_path: Path) -> None:
    settings = disanalogy(name).settings(make_setup(SMALL))
    made = make_runs([settings[0].setup, settings[-1].setup], [0, 1], store=tmp_path, workers=1)
    made.raise_first_problem()
    first, last = summarise(made.runs)
    assert first.pgr.weak == last.pgr.weak
    assert first.weak_label_accuracy == last.weak_label_accuracy
    assert first.pgr.ceiling != last.pgr.ceiling
