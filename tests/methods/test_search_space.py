"""The space of compositions: what is drawn runs, has its own name, fits the schema; contradictions are said."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from method_data import audit_of, blobs, composed, joined, split_of

from w2sg.core import Audit, InformationTier, InputError, Inputs, Predictor, Student, WeakView, derive, registry
from w2sg.methods import Composition
from w2sg.methods.search import (
    PARTS,
    Circumstances,
    canonical_name,
    composition_schema,
    contradictions,
    kinds_of,
    random_composition,
)
from w2sg.testing.samples import noisy, specialised

N, AUDITS = 90, 50
STUDENT = {"kind": "mlp", "epochs": 2, "hidden": 6}
EVERYTHING = Circumstances(
    frozenset({"gradient", "embed", "represent", "scale", "parts", "peers", "memory"}),
    3,
    N,
    frozenset({"members"}),
    AUDITS,
    InformationTier.AGGREGATES,
)


def drawn(seed: int, given: Circumstances = EVERYTHING) -> Composition:
    return random_composition(np.random.default_rng(seed), given)


def problem() -> WeakView:
    x, gold = blobs(N + 30)
    weak = noisy(gold)
    everyone = Inputs.of(x)
    transfer = split_of(everyone.take(np.arange(N)), weak[:N], specialised(weak[:N]))
    validation = split_of(everyone.take(np.arange(N, N + 30)), weak[N:], specialised(weak[N:]))
    return joined(transfer, validation, everyone, Audit(np.arange(AUDITS), gold[:AUDITS]))


def student(spec: Any = STUDENT) -> Student:
    return registry.build(Student, spec)


def run(composition: Composition) -> Predictor | str:
    """Return the student, or why the composition refuses so small a problem."""
    view = problem()
    bought = audit_of(view)
    few = Audit(bought.rows[: composition.audits], bought.gold[: composition.audits])
    seen = replace(view, audit=few if composition.audits else None)
    try:
        return composition.fit(seen, student(), derive(0, "m"))
    except InputError as error:
        return str(error)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_what_is_drawn_survives_json_and_contradicts_nothing(seed: int) -> None:
    one = drawn(seed)
    again = registry.build("methods", json.loads(one.canonical()))
    assert isinstance(again, Composition)
    assert again == one
    assert canonical_name(again) == canonical_name(one)
    assert contradictions(one, EVERYTHING) == []
    assert one == drawn(seed)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_what_is_drawn_runs_or_says_what_is_too_small(seed: int) -> None:
    found = run(drawn(seed))
    if isinstance(found, str):
        assert any(word in found for word in ("must", "leaves", "keeps", "needs", "fewer", "at most")), found
    else:
        proba = found.predict_proba(problem().corpus)
        np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-4)
        assert np.isfinite(proba).all()


def test_most_of_what_is_drawn_runs() -> None:
    refused = [found for found in (run(drawn(seed)) for seed in range(40)) if isinstance(found, str)]
    assert len(refused) <= 10, refused


def test_names_are_equal_exactly_where_compositions_are() -> None:
    everything = [drawn(seed) for seed in range(400)]
    everything += [one for one in map(_built, registry.names("methods")) if isinstance(one, Composition)]
    names: dict[str, Composition] = {}
    for one in everything:
        assert names.setdefault(canonical_name(one), one) == one
    assert len(names) == len(set(everything))
    assert all(len(name) < 400 for name in names)


def _built(name: str) -> object:
    return registry.build("methods", name)


def test_all_kinds_that_fit_are_drawn() -> None:
    everything = [drawn(seed) for seed in range(800)]
    for field, sort in PARTS.items():
        kinds = {kind for kind in kinds_of(sort) if not registry.lookup(sort, kind).oracle}
        if sort == "objectives":
            kinds -= {"openai-logconf", "eleuther-logconf"}  # two classes only
        assert {getattr(one, field).kind for one in everything} == kinds


@pytest.mark.parametrize("capabilities", [(), ("embed",), ("gradient", "embed")], ids=str)
def test_parts_are_restricted_before_they_are_put_together(
    capabilities: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first composition put together runs, also where one in a hundred of all would."""
    monkeypatch.setattr("w2sg.methods.search.TRIES", 1)
    for seed in range(100):
        assert drawn(seed, Circumstances(frozenset(capabilities), 3, N)).requires <= set(capabilities)


def test_a_student_that_can_little_gets_compositions_that_need_little() -> None:
    knn = student({"kind": "knn", "k": 3})
    view = problem()
    little = Circumstances.of(
        joined(split_of(view.transfer.inputs, view.transfer.weak.probabilities), None, view.corpus), knn
    )
    for seed in range(60):
        one = drawn(seed, little)
        assert one.requires <= {"embed"}
        assert one.objective.kind == "cross-entropy"
        assert (one.audits, one.needs) == (0, frozenset())
    with pytest.raises(InputError, match="no select of .* kinds fits"):
        drawn(0, replace(little, n_transfer=0, audits=-1))


def test_names_by_hand() -> None:
    assert canonical_name(Composition()) == "naive"
    assert canonical_name(built(chain="strong-to-strong")) == "strong-to-strong"
    assert canonical_name(built(chain={"kind": "strong-to-strong", "rounds": 2})) == "strong-to-strong"
    assert canonical_name(built(chain={"kind": "strong-to-strong", "rounds": 3})) == "chain:strong-to-strong(rounds=3)"
    many = built(
        select={"kind": "confident", "threshold": 0.5},
        relabel="harden",
        objective={"kind": "product", "beta": 0.25},
        stopping={"kind": "plateau", "measure": "likelihood"},
        chain={"kind": "bootstrap", "scales": [0.1, 0.5]},
    )
    assert canonical_name(many) == (
        "select:confident(threshold=0.5)+relabel:harden+objective:product(beta=0.25)"
        "+stopping:plateau(measure=likelihood)+chain:bootstrap(scales=[0.1,0.5])"
    )


def built(**parts: Any) -> Composition:
    made = composed(**parts)
    assert isinstance(made, Composition)
    return made


@pytest.mark.parametrize(
    ("parts", "changes", "reason"),
    [
        ({"objective": "confidence"}, {"capabilities": frozenset()}, "needs 'gradient', and the student has none"),
        (
            {"stopping": "plateau"},
            {"capabilities": frozenset({"embed"})},
            "needs 'gradient', and the student has embed",
        ),
        ({"chain": "bootstrap"}, {"capabilities": frozenset({"gradient"})}, "needs 'scale'"),
        ({"chain": "lp-ft"}, {"capabilities": frozenset({"gradient"})}, "needs 'parts'"),
        (
            {"chain": "panel-assignment"},
            {"gives": frozenset()},
            "needs 'members', which task and supervisor do not give",
        ),
        ({"objective": "openai-logconf"}, {}, "objective 'openai-logconf' is for 2 classes, got 3"),
        ({"stopping": "oracle-validation"}, {"audits": 500}, "stopping 'oracle-validation' is an oracle"),
        ({"stopping": "oracle-validation"}, {}, "buys 100 gold labels, and 50 may be bought"),
        ({"stopping": "oracle-validation"}, {"audits": 500}, "buys 100 of 90 transfer examples"),
        ({"stopping": {"kind": "oracle-validation", "labels": 90}}, {"audits": 500}, "leaves none to train on"),
        ({"stopping": "weak-validation"}, {"n_transfer": 1}, "lends examples of the transfer split, and it has 1"),
    ],
)
def test_contradictions_are_found_with_the_reason(parts: Any, changes: dict[str, Any], reason: str) -> None:
    composition, given = built(**parts), replace(EVERYTHING, **changes)
    assert any(reason in said for said in contradictions(composition, given))


def test_an_oracle_may_run_where_it_is_asked_for() -> None:
    oracle = built(stopping={"kind": "oracle-validation", "labels": 9})
    assert contradictions(oracle, replace(EVERYTHING, oracles=True)) == []
    assert contradictions(built(), Circumstances()) == []


def matches(value: Any, schema: Any) -> bool:
    """Return whether a value fits a schema, for the keywords that occur."""
    if not isinstance(schema, dict):
        return bool(schema)
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
    }
    kinds["null"] = type(None)
    rules: dict[str, Callable[[Any], bool]] = {
        "const": lambda want: value == want,
        "enum": lambda want: value in want,
        "anyOf": lambda want: any(matches(value, option) for option in want),
        "oneOf": lambda want: sum(matches(value, option) for option in want) == 1,
        "type": lambda want: isinstance(value, kinds[want]) and (want == "boolean" or not isinstance(value, bool)),
        "minimum": lambda want: value >= want,
        "maximum": lambda want: value <= want,
        "exclusiveMinimum": lambda want: value > want,
        "exclusiveMaximum": lambda want: value < want,
        "required": lambda want: set(want) <= set(value),
        "properties": lambda want: all(matches(item, want[key]) for key, item in value.items() if key in want),
        "items": lambda want: all(matches(item, want) for item in value),
        "minItems": lambda want: len(value) >= want,
    }
    if "type" in schema and not rules["type"](schema["type"]):
        return False
    closed = schema.get("additionalProperties") is not False or set(value) <= set(schema["properties"])
    return closed and all(rule(schema[key]) for key, rule in rules.items() if key in schema)


def test_the_schema_is_plain_and_every_composition_fits_it() -> None:
    schema = composition_schema()
    text = json.dumps(schema)
    assert "$ref" not in text
    assert "$defs" not in text
    for seed in range(150):
        assert matches(json.loads(drawn(seed).canonical()), schema)
    assert matches({"kind": "composition", "objective": "confidence"}, schema)


@pytest.mark.parametrize(
    "wrong",
    [
        {"objective": "no-such"},
        {"objective": {"kind": "confidence", "weight": 2}},
        {"objective": {"kind": "confidence", "no_such": 2}},
        {"objective": {"weight": 0.5}},
        {"chain": {"kind": "ensemble", "members": 1}},
        {"stopping": "confidence"},
        {"no_such": 1},
    ],
)
def test_the_schema_refuses_what_the_package_refuses(wrong: dict[str, Any]) -> None:
    assert not matches({"kind": "composition", **wrong}, composition_schema())
    with pytest.raises(InputError):
        registry.build("methods", {"kind": "composition", **wrong})


def test_the_schema_names_every_kind() -> None:
    schema = composition_schema()
    for field, sort in PARTS.items():
        options = schema["properties"][field]["oneOf"]
        assert options[0]["enum"] == registry.names(sort)
        assert [option["properties"]["kind"]["const"] for option in options[1:]] == list(kinds_of(sort))
