"""The shifts of GENIES: their lists, the tasks of a pair, and the real ones."""

import json
from pathlib import Path

import pytest
from safety_data import distribution, load, real_folder, task, texts

from w2sg.core import DataError
from w2sg.tasks import ShiftPair, shift_pairs


def genies(folder: Path) -> str:
    """Write a folder like that of GENIES, which lacks one distribution of its list."""
    for number, name in enumerate(("easy", "hard", "cue")):
        distribution(folder / "distributions" / name, 1000 * number)
    listed = [
        {"source": "easy", "target": "hard", "label": "extreme", "category": "difficulty"},
        {"source": "cue", "target": "hard", "target_reference": "easy"},
        {"source": "easy", "target": "gone"},
    ]
    (folder / "distribution_shifts" / "extreme").mkdir(parents=True)
    (folder / "distribution_shifts" / "GENIES.json").write_text(json.dumps(listed))
    (folder / "distribution_shifts" / "extreme" / "skill.json").write_text(json.dumps(listed[2:]))
    return str(folder)


def test_shifts_are_read_from_their_list(tmp_path: Path) -> None:
    pairs = shift_pairs(genies(tmp_path))
    own = str(tmp_path / "distributions")
    assert pairs == (
        ShiftPair(own, "easy", "hard", "hard", "difficulty"),
        ShiftPair(own, "cue", "hard", "easy"),
        ShiftPair(own, "easy", "gone", "gone"),
    )
    assert [pair.missing for pair in pairs] == [(), (), ("gone",)]
    assert shift_pairs(str(tmp_path), "extreme/skill") == pairs[2:]


def test_a_shift_trains_on_its_source_and_is_tested_on_both(tmp_path: Path) -> None:
    simple, cue, lacking = shift_pairs(genies(tmp_path))
    data = load(simple.task(supervision=10))
    assert list(data.tests) == ["test", "hard"]
    assert len(data.supervision) == 10
    assert all("q10" in pair[0] for pair in texts(data, "hard"))
    # The capability of a student on the target is measured by training on the reference.
    assert simple.capability().path == str(tmp_path / "distributions" / "hard")
    assert cue.capability().path == str(tmp_path / "distributions" / "easy")
    assert cue.task().path == str(tmp_path / "distributions" / "cue")
    with pytest.raises(DataError, match="shift from 'easy' to 'gone' needs gone, which the folder lacks: choose a pa"):
        lacking.task()


def test_the_target_rows_of_a_shift_are_those_that_the_capability_is_scored_on(tmp_path: Path) -> None:
    simple, *_ = shift_pairs(genies(tmp_path))
    asked = {frozenset(pair) for pair in texts(load(simple.task()), "hard")}
    answered = {frozenset(pair) for pair in texts(load(simple.capability()), "test")}
    assert {min(pair).split("\n")[1] for pair in asked} == {min(pair).split("\n")[1] for pair in answered}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "not a JSON list of shifts"),
        ('{"source": "a"}', "must be a JSON list of shifts, got dict"),
        ('[{"source": "easy"}]', "shift 1: 'source', 'target' and 'target_reference' must be names of dist.*got None"),
        ('["easy"]', "shift 1: .*got None"),
        ('[{"source": "../../x", "target": "easy"}]', r"shift 1: .*got '\.\./\.\./x'"),
    ],
)
def test_a_faulty_list_is_named(content: str, message: str, tmp_path: Path) -> None:
    folder = genies(tmp_path)
    (tmp_path / "distribution_shifts" / "GENIES.json").write_text(content)
    with pytest.raises(DataError, match=message):
        shift_pairs(folder)
    with pytest.raises(DataError, match="'folder' must name a file, there is none"):
        shift_pairs(folder, "nowhere")


@pytest.mark.data
def test_real_shifts() -> None:
    pairs = shift_pairs(real_folder("genies"), "all")
    there = [pair for pair in pairs if not pair.missing]
    assert (len(pairs), len(there)) == (69, 15)
    for pair in there[:3]:
        data = load(pair.task())
        assert list(data.tests) == ["test", pair.target]
        assert 200 < len(data.tests[pair.target]) <= 250


@pytest.mark.data
def test_real_items_that_were_published_twice_are_left_out_of_the_test() -> None:
    data = load(task("genies", path=real_folder("genies/distributions/ranking_logic_easy")))
    assert len(data.tests["test"]) + data.counts["left out of test sets: inputs of a training split"] == 250
    assert data.counts["left out of test sets: inputs of a training split"] >= 105


@pytest.mark.data
def test_real_items_without_a_right_answer_are_left_out() -> None:
    made = task("genies", path=real_folder("genies/distributions/math_easy"))
    assert (made.counts()["rows"], made.counts()["left out: no right answer to show"]) == (850, 40)
