import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import w2sg
from w2sg.core import CapabilityError, ConfigError, InputError, UnknownNameError, registry
from w2sg.lab import Setup, make_setup, name_of, parse_setting


def test_what_is_left_out_comes_from_the_task() -> None:
    label = make_setup("digits").label()
    assert label == {
        "task": "digits",
        "supervisor": "pooled-pixels",
        "student": "nystroem-digits",
        "method": "naive",
    }


def test_settings_change_fields_by_path_and_keep_the_rest() -> None:
    settings = {"student.features.count": 7, "supervisor.student.features.size": 2, "task.transfer": 300}
    setup = make_setup("digits", settings=settings).model_dump(mode="json")
    assert setup["student"]["features"] == {"kind": "nystroem", "count": 7, "gamma": 0.3, "seed": 0}
    assert setup["supervisor"]["student"]["features"]["size"] == 2
    assert setup["task"]["transfer"] == 300
    assert setup["task"]["supervision"] == 400


def test_a_setting_may_change_the_kind_of_a_part_and_then_its_fields() -> None:
    setup = make_setup("digits", settings={"student.features": "pca", "student.features.count": 5})
    assert setup.student.model_dump()["features"] == {"kind": "pca", "count": 5, "seed": 0}


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"student.features.count": "many"}, "student.features.count: "),
        ({"student.features.count": 0}, "student.features.count: "),
        ({"student.features.size": 3}, "student.features.size: no such field"),
        ({"student.c": -1.0}, "student.c: "),
        ({"student.c": float("nan")}, "student.c: "),
        ({"supervisor.labels": 0}, "supervisor.labels: "),
        ({"task.transfer": -5}, "task.transfer: "),
        ({"task.shift": "none"}, "task.shift: no such field"),
        ({"method.select.share": 2, "method.select.kind": "confident"}, "method.select.share: "),
        ({"student": "linear"}, "student: a path starts with"),
        ({"students.c": 1}, "students.c: a path starts with"),
        ({"": 1}, "value: a path starts with"),
        ({"student.c": 1, "student.c.deep": 2}, "student.c.deep: 'c' has no fields: it is 1"),
    ],
)
def test_errors_have_the_full_path_of_the_field(settings: dict[str, Any], path: str) -> None:
    with pytest.raises(ConfigError) as error:
        make_setup("digits", "fewer-labels", settings=settings)
    assert str(error.value).startswith(path)


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        make_setup("digits", settings={"student.c": -1, "student.steps": 0})
    assert str(error.value).count("\n") == 1


def test_unknown_names_suggest_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown task 'digit': did you mean 'digits'"):
        make_setup("digit")
    with pytest.raises(UnknownNameError, match="unknown method 'confidnce': did you mean 'confidence'"):
        make_setup("digits", method="confidnce")


def test_a_student_that_lacks_what_the_method_needs_is_refused_before_any_work() -> None:
    with pytest.raises(CapabilityError, match=r"needs 'gradient', student 'knn' has "):
        make_setup("digits", student="knn", method="confidence")


@pytest.mark.parametrize("sort", ["tasks", "supervisors", "students", "methods"])
def test_every_registered_name_is_its_own_label(sort: str) -> None:
    for name in registry.names(sort):
        try:
            found = registry.build(sort, name)
        except ConfigError:
            continue  # it has no default: files need a path, a panel its members
        assert registry.build(sort, name_of(sort, found)) == found


def test_a_label_says_what_differs() -> None:
    setup = make_setup("digits", student={"kind": "nystroem-digits", "features": {"count": 50}})
    assert setup.label()["student"] == "nystroem-digits(count=50)"


def test_a_setup_comes_back_from_its_plain_data_with_the_same_digest() -> None:
    setup = make_setup("wine", method="early-stopping")
    again = Setup.parse(setup.model_dump(mode="json"))
    assert again == setup
    assert again.digest() == setup.digest()


def test_a_preset_and_the_same_thing_written_out_are_one_setup() -> None:
    written = make_setup("wine", method={"kind": "composition", "objective": {"kind": "confidence"}})
    assert written.digest() == make_setup("wine", method="confidence").digest()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b=3", 3),
        ("a.b=3.5", 3.5),
        ("a.b=pca", "pca"),
        ("a.b='x y'", "x y"),
        ("a.b=[1, 2]", [1, 2]),
        ("a.b=true", True),
        ("a.b=c=d", "c=d"),
        ("a.b=", ""),
        (" a.b = 4 ", 4),
    ],
)
def test_a_setting_is_read_as_toml_or_text(text: str, value: object) -> None:
    assert parse_setting(text) == ("a.b", value)


@pytest.mark.parametrize("text", ["", "a.b", "=3"])
def test_a_setting_without_path_or_value_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="a setting is path=value"):
        parse_setting(text)


def test_texts_of_one_question_are_one_sampling_unit(tmp_path: Path) -> None:
    """Both texts of a question are scored, and intervals count questions."""
    rng = np.random.default_rng(0)
    words = [f"word{i}" for i in range(40)]
    rows = []
    for number in range(120):
        right, *wrong = (" ".join(rng.choice(words, 3)) for _ in range(4))
        answers = {f"distractor{i + 1}": text for i, text in enumerate(wrong)}
        rows.append({"question": f"question {number}", "correct_answer": right, "support": "", **answers})
    path = tmp_path / "sciq.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    found = w2sg.run({"kind": "sciq", "path": str(path)}, seeds=2, store=tmp_path / "store")
    evidence = found.tests["test"].evidence
    assert evidence.groups is not None
    sizes = np.unique(evidence.groups[0], return_counts=True)[1]
    assert set(sizes.tolist()) == {2}
    assert len(evidence.ids[0]) == 2 * len(sizes)
