"""A key changes exactly when something that the result depends on changes; steps travel as plain data."""

import json
from typing import Any

import pytest

from w2sg.graph import Keys, Step, keys
from w2sg.graph.steps import packed, topological, unpacked


def total(toy: Any, **fields: Any) -> Step:
    defaults: dict[str, Any] = {"first": toy.Number(seed=1), "second": toy.Number(seed=2), "seed": 3}
    made: Step = toy.Total(**{**defaults, **fields})
    return made


def test_equal_steps_have_equal_keys(toy: Any) -> None:
    assert Keys().of(total(toy)) == Keys().of(total(toy))
    assert len(Keys().of(total(toy))) == 64


@pytest.mark.parametrize(
    "fields", [{"seed": 4}, {"together": "x"}, {"first": ("seed", 5)}, {"second": ("scale", 2.0)}], ids=str
)
def test_what_is_computed_differently_has_another_key(toy: Any, fields: dict[str, Any]) -> None:
    given = {
        name: toy.Number(**{"seed": 1 if name == "first" else 2, value[0]: value[1]})
        if isinstance(value, tuple)
        else value
        for name, value in fields.items()
    }
    assert Keys().of(total(toy, **given)) != Keys().of(total(toy))


def test_a_changed_version_of_a_step_or_of_what_it_stands_on_is_another_key(
    toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Keys().of(total(toy)), Keys().of(toy.Number(seed=1))
    monkeypatch.setattr(toy.Total, "version", 2)
    after = Keys().of(total(toy)), Keys().of(toy.Number(seed=1))
    assert (before[0] != after[0], before[1] == after[1]) == (True, True)
    monkeypatch.setattr(toy.Number, "version", 2)
    assert Keys().of(total(toy)) != after[0]


def test_another_version_of_a_library_is_another_key(toy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Keys().of(total(toy))
    newer = {**keys.versions(), "numpy": "0"}
    monkeypatch.setattr(keys, "versions", lambda: newer)
    assert Keys().of(total(toy)) != before


def test_steps_travel_as_plain_data_in_which_each_part_stands_once(toy: Any) -> None:
    shared = toy.Number(seed=1)
    steps = [toy.Total(first=shared, second=toy.Number(seed=seed), seed=seed) for seed in range(5)]
    plain = packed(steps)
    assert len(plain["parts"]) == 11
    again = unpacked(json.loads(json.dumps(plain)))
    assert again == steps
    assert len({id(step.inputs()["first"]) for step in again}) == 1
    assert [Keys().of(step) for step in again] == [Keys().of(step) for step in steps]


def test_inputs_come_before_what_reads_them(toy: Any) -> None:
    step = total(toy)
    order = topological([toy.Chain(total=step), step])
    assert [one.kind for one in order] == ["toy-number", "toy-number", "toy-total", "toy-chain"]
