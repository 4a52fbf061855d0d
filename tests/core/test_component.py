from typing import Literal

import pytest
from pydantic import Field, ValidationError

from w2sg.core import Component, ConfigError, InputError, canonical_json, registry
from w2sg.methods import Composition
from w2sg.students import Linear


def refusal(sort: str, spec: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        registry.build(sort, spec)  # type: ignore[call-overload]
    return str(caught.value).split("\n")


def test_a_problem_is_given_with_the_full_path_through_parts() -> None:
    spec = {
        "kind": "composition",
        "objective": {"kind": "confidence", "weight": 2},
        "select": {"kind": "confident", "share": 0},
    }
    assert sorted(refusal("methods", spec)) == [
        "objective.weight: input should be less than or equal to 1, got 2",
        "select.share: input should be greater than 0, got 0",
    ]


def test_paths_go_through_parts_of_parts_and_tuples() -> None:
    student = {"kind": "linear", "features": {"kind": "nystroem", "gamma": "wide"}}
    panel = {"kind": "panel", "members": ["simulated", {"kind": "trained", "student": student}]}
    problems = refusal("supervisors", panel)
    assert len(problems) == 2  # a number was possible, or one word
    assert all(problem.startswith("members.1.student.features.gamma") for problem in problems)
    assert all("got 'wide'" in problem for problem in problems)
    assert refusal("supervisors", {**panel, "members": []}) == [
        "members: tuple should have at least 2 items after validation, not 0, got []"
    ]


def test_unknown_fields_and_missing_kinds_are_refused_by_name() -> None:
    assert refusal("students", {"kind": "linear", "C": 1}) == [
        "C: no such field; did you mean 'c'? 'w2sg describe' lists the fields"
    ]
    (problem,) = refusal("students", {"c": 1})
    assert problem == "value: needs 'kind': the name of one of the students ('w2sg list students')"
    assert refusal("students", 3) == ["value: must be a name or a table, got 3"]
    assert refusal("methods", {"kind": "composition", "objective": 3}) == [
        "objective: must be a name or a table, got 3"
    ]
    nested = {"kind": "composition", "chain": {"kind": "bootstrap", "scale": 1}}
    assert refusal("methods", nested) == [
        "chain.scale: no such field; did you mean 'scales'? 'w2sg describe' lists the fields"
    ]


def test_an_unknown_name_in_a_part_keeps_its_path_and_its_hint() -> None:
    (problem,) = refusal("methods", {"kind": "composition", "objective": "confidance"})
    assert problem == "objective: unknown objective 'confidance': did you mean 'confidence'?"


def test_infinite_numbers_are_refused() -> None:
    (problem,) = refusal("students", {"kind": "linear", "tolerance": float("inf")})
    assert problem.startswith("tolerance: input should be a finite number")


@pytest.mark.parametrize("given", [float("inf"), float("nan"), 0, -1.0, "vc", None])
def test_a_field_that_takes_a_number_or_a_word_says_so_in_one_sentence(given: object) -> None:
    problems = refusal("students", {"kind": "linear", "c": given})
    assert problems == [f"c: should be a finite number above 0 or 'cv', got {given!r}"]


class Pair(Component):
    kind: Literal["pair"] = "pair"
    b: float = Field(1.0, ge=0)
    a: tuple[int, ...] = (1, 2)
    name: str | None = None


def test_canonical_text_is_pinned() -> None:
    """Cache keys and recorded hashes rest on this text: a change here makes every stored result unfindable."""
    assert Pair(name="é").canonical() == '{"a":[1,2],"b":1.0,"kind":"pair","name":"é"}'
    assert canonical_json({"b": [1, 2.5, True, None], "a": {"z": "x", "y": 1e-9}}) == (
        '{"a":{"y":1e-09,"z":"x"},"b":[1,2.5,true,null]}'
    )
    assert Pair().digest() == Pair(b=1, a=(1, 2)).digest()
    with pytest.raises(ValueError, match="Out of range float"):
        canonical_json(float("nan"))


def test_canonical_text_holds_all_defaults_and_parts() -> None:
    text = Composition().canonical()
    assert '"objective":{"kind":"cross-entropy","labels":"soft"}' in text
    assert registry.build("methods", "naive").canonical() == text


def test_equal_configurations_are_equal_however_they_are_written() -> None:
    written = [
        registry.build("methods", "confidence"),
        registry.build("methods", {"kind": "composition", "objective": "confidence"}),
        registry.build("methods", {"kind": "naive", "objective": {"kind": "confidence", "weight": 0.5}}),
    ]
    assert len(set(written)) == 1
    assert len({component.digest() for component in written}) == 1
    assert written[0] != registry.build("methods", {"kind": "confidence", "objective": {"weight": 0.75}})


def test_components_are_frozen_and_hash_by_content() -> None:
    student = Linear(c=2)
    with pytest.raises(ValidationError, match="frozen"):
        student.c = 3  # type: ignore[misc]
    assert hash(student) == hash(Linear(c=2.0))
    assert {student: 1}[Linear(c=2)] == 1
    task = registry.build("tasks", {"kind": "files", "paths": {"train": "a.csv", "test": "b.csv"}})
    assert hash(task) == hash(registry.build("tasks", task.model_dump()))


def test_problems_can_be_put_under_a_path() -> None:
    error = ConfigError([(("weight",), "is too large"), ((), "is odd")]).under("methods", "0")
    assert str(error) == "methods.0.weight: is too large\nmethods.0: is odd"
    assert isinstance(error, InputError)
