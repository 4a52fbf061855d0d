"""A study in its worlds: which are declared, what each choice changes, what stands, and what cannot be."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import w2sg
from w2sg.batteries import Analysis, AnalystChoice, Multiverse, known_choices, multiverse_document, run_multiverse
from w2sg.batteries.multiverse.claims import SAME_ANSWERS
from w2sg.batteries.multiverse.results import OpenChoice
from w2sg.batteries.multiverse.running import NOT_ONE_PLACE
from w2sg.batteries.multiverse.worlds import MOST_WORLDS, declared, in_world
from w2sg.core import CapabilityError, InputError, registry
from w2sg.lab import Setup, Study, make_setup
from w2sg.supervisors import Calibrated

SEEDS = (0, 1, 2)
SMALL = {"kind": "wine", "supervision": 40, "transfer": 60}
STUDY = {
    "name": "small",
    "seeds": 3,
    "tasks": [{**SMALL, "title": "wine"}],
    "methods": ["naive", "naive-hard", "confidence"],
}
TURNS = {
    "supervisor-c": {"supervisor"},
    "calibration": {"supervisor"},
    "labels": {"method"},
    "splits": {"task"},
    "seeds": set(),
    "student-c": {"student"},
    "features": {"student"},
}
"""What each choice decides about a setup; the seeds stand beside it."""


def choice(name: str | Mapping[str, Any]) -> AnalystChoice:
    return registry.build(AnalystChoice, name)


def analysis(setup: Setup | None = None) -> Analysis:
    return Analysis(setup or make_setup(SMALL), SEEDS)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("multiverse")


@pytest.fixture(scope="module")
def found(store: Path) -> Multiverse:
    return run_multiverse(
        Study.parse(STUDY), choices=["labels", "seeds", "student-c", "features"], store=store, workers=1
    )


def test_every_choice_that_needs_no_field_is_known() -> None:
    assert known_choices() == list(TURNS)


@pytest.mark.parametrize("name", TURNS)
def test_a_choice_changes_what_it_decides_and_nothing_else(name: str) -> None:
    base = analysis()
    options = choice(name).options(base)
    assert options
    assert len({base, *options.values()}) == 1 + len(options)
    for other in options.values():
        parts = {part for part in ("task", "supervisor", "student", "method")}
        changed = {part for part in parts if getattr(other.setup, part) != getattr(base.setup, part)}
        assert changed == TURNS[name]
        assert (other.seeds == base.seeds) == (name != "seeds")
        assert set(other.seeds).isdisjoint(base.seeds) or name != "seeds"


@pytest.mark.parametrize("first", TURNS)
@pytest.mark.parametrize("second", TURNS)
def test_choices_can_be_made_one_after_the_other(first: str, second: str) -> None:
    if first == second:
        return
    base, one, two = analysis(), choice(first), choice(second)
    for changed in one.options(base).values():
        assert list(two.options(changed)) == list(two.options(base))


def test_options_say_what_they_are() -> None:
    base = analysis()
    assert base.setup.supervisor.model is not None
    assert list(choice("supervisor-c").options(base)) == ["1", "100"]
    assert list(choice("seeds").options(base)) == ["3 to 5", "6 to 8"]
    tenth, tenfold = choice("student-c").options(base).values()
    assert (tenth.setup.student.c, tenfold.setup.student.c) == (0.1, 10.0)  # type: ignore[attr-defined]
    halves = choice("splits").options(base)
    assert halves["half the supervision"].setup.task.supervision == 20  # type: ignore[attr-defined]
    assert halves["half the transfer"].setup.task.transfer == 30  # type: ignore[attr-defined]
    assert list(choice("supervisor-c").options(analysis(make_setup(SMALL, {"kind": "trained"})))) == [
        "100",
        "by cross-validation",
    ]


def test_what_is_calibrated_or_hard_can_be_undone() -> None:
    base = analysis()
    (calibrated,) = choice("calibration").options(base).values()
    assert isinstance(calibrated.setup.supervisor, Calibrated)
    assert choice("calibration").options(calibrated) == {"none": base}
    (hard,) = choice("labels").options(base).values()
    assert choice("labels").options(hard) == {"soft": base}


@pytest.mark.parametrize(
    ("name", "parts", "reason"),
    [
        ("supervisor-c", {"supervisor": "simulated"}, "needs a supervisor that is a trained model, and 'simulated'"),
        ("calibration", {"supervisor": "simulated"}, "needs a supervisor trained on gold as it is"),
        ("calibration", {"supervisor": {"kind": "few-features", "label_noise": 0.1}}, "trained on gold as it is"),
        ("student-c", {"student": "boosting"}, "needs a linear model with an inverse penalty 'c', and 'boosting'"),
        ("features", {"student": "boosting"}, "needs a student whose number of features is a choice"),
        ("features", {"student": "linear"}, "needs a student whose number of features is a choice"),
        ("labels", {"method": "naive-hard"}, "its objective hardens them"),
        ("labels", {"method": "knn-relabel"}, "needs a method without a relabeling of its own"),
        ("labels", {"method": "direct"}, "needs a method without a relabeling of its own"),
        ({"kind": "value", "path": "student.nothing", "values": [1]}, {}, "needs a setup with the field"),
    ],
)
def test_what_does_not_fit_says_why(name: str, parts: dict[str, Any], reason: str) -> None:
    with pytest.raises(CapabilityError, match=reason):
        choice(name).options(analysis(make_setup(SMALL, **parts)))


def opened(*sizes: int) -> list[OpenChoice]:
    """Choices that leave so many options open."""
    return [
        OpenChoice(
            choice({"kind": "value", "path": f"student.field{number}", "values": [0]}),
            tuple(f"option {option}" for option in range(size)),
        )
        for number, size in enumerate(sizes)
    ]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.integers(0, 40))
def test_worlds_are_declared_once_and_always_the_same(sizes: list[int], drawn: int) -> None:
    choices = opened(*sizes)
    single, full = declared(choices), declared(choices, full=True)
    assert len(single) == 1 + sum(sizes)
    assert len(full) == len(set(full)) == math.prod(1 + size for size in sizes)
    assert full[: len(single)] == single
    some = declared(choices, drawn=drawn)
    assert some == declared(choices, drawn=drawn)
    assert len(some) == len(set(some)) == min(len(full), len(single) + drawn)
    assert set(some) <= set(full)
    assert all(len(world) == len(dict(world)) for world in full)


def test_too_many_worlds_are_refused() -> None:
    choices = opened(*[3] * 7)
    with pytest.raises(InputError, match=f"at most {MOST_WORLDS:,} worlds, of 16,384 here: draw fewer"):
        declared(choices, full=True)
    assert len(declared(choices, drawn=100)) == 1 + 21 + 100
    with pytest.raises(InputError, match="draw at least 0 worlds, or take all"):
        declared(choices, drawn=1, full=True)


def test_a_choice_that_does_not_fit_leaves_an_analysis_as_it_is() -> None:
    boosting, base = analysis(make_setup(SMALL, student="boosting")), analysis()
    choices = [OpenChoice(choice(name), ()) for name in ("student-c", "labels")]
    chosen = (("student's C", "x 10"), ("labels", "hard"))
    assert in_world(boosting, choices, chosen).setup.student == boosting.setup.student
    both = in_world(base, choices, chosen).setup
    assert both.student.c == 10  # type: ignore[attr-defined]
    assert both.method.relabel.kind == "harden"  # type: ignore[attr-defined]


def test_a_world_is_the_study_with_one_thing_otherwise(found: Multiverse, store: Path) -> None:
    assert [world.title for world in found.worlds] == [
        "the study as it is",
        "labels: hard",
        "seeds: 3 to 5",
        "seeds: 6 to 8",
        "student's C: x 0.1",
        "student's C: x 10",
        "features: half as many",
        "features: twice as many",
        "features: of another kind",
    ]
    plain = w2sg.study(Study.parse(STUDY), store=store, workers=1)
    assert [one.to_dict() for one in found.worlds[0].comparisons] == [one.to_dict() for one in plain.comparisons]
    other = Study.parse({**STUDY, "seeds": [3, 4, 5], "name": "other"})
    again = w2sg.study(other, store=store, workers=1)
    assert dict(again.steps_done) == {}
    assert [one.to_dict() for one in found.worlds[2].comparisons] == [one.to_dict() for one in again.comparisons]


def test_nothing_is_made_twice(found: Multiverse, store: Path) -> None:
    again = w2sg.multiverse(
        Study.parse(STUDY), choices=["labels", "seeds", "student-c", "features"], store=store, workers=1
    )
    assert dict(again.steps_done) == {}
    assert again.to_dict() == found.to_dict()
    # Of hard labels only the methods that can learn soft ones are made: 9 worlds of 3 methods and 3 seeds, less 3.
    assert found.n_runs == 9 * 9 - 3


def test_progress_counts_every_run_once(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    made = run_multiverse(
        Study.parse({**STUDY, "methods": ["naive"]}),
        choices=["seeds"],
        store=tmp_path,
        workers=1,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == sorted(told)
    assert told[-1] == (made.n_runs, made.n_runs) == (9, 9)


def test_worlds_that_change_nothing_for_a_claim_do_not_count_for_it(found: Multiverse) -> None:
    claim = found.claim("difference", "naive-hard", "wine")
    assert len(claim.others) == 7
    assert claim.missing == {1: SAME_ANSWERS}
    assert 1 not in found.claim("pgr", "naive-hard", "wine").others
    assert 1 in found.claim("pgr", "naive", "wine").others
    assert 1 not in found.claim("gap", place="wine").others
    with pytest.raises(
        InputError, match="no claim on the gap of 'naive' at 'wine'; there are difference of confidence"
    ):
        found.claim("gap", "naive", "wine")


def test_all_combinations_on_request(store: Path) -> None:
    study = Study.parse({**STUDY, "methods": ["naive", "confidence"]})
    made = run_multiverse(study, choices=["labels", "student-c"], full=True, store=store, workers=1)
    assert len(made.worlds) == 6
    assert made.worlds[-1].title == "labels: hard; student's C: x 10"
    some = run_multiverse(study, choices=["labels", "student-c"], worlds=1, store=store, workers=1)
    assert len(some.worlds) == 5
    assert len(some.worlds[-1].chosen) == 2


def test_a_field_of_ones_own_can_be_varied(store: Path) -> None:
    own = {"kind": "value", "path": "student.features.gamma", "values": [0.1, "scale"]}
    made = run_multiverse(Study.parse(STUDY), choices=[own], store=store, workers=1)
    assert [world.title for world in made.worlds] == ["the study as it is", "student.features.gamma: 0.1"]


def test_a_study_without_the_reference_is_compared_with_what_it_has(store: Path) -> None:
    study = Study.parse({**STUDY, "name": "none", "methods": ["confidence", "product"]})
    made = run_multiverse(study, choices=["student-c"], store=store, workers=1)
    assert made.claim("difference", "product", "wine").reference == "confidence"


def test_one_method_has_no_rival_and_still_claims_a_gain(store: Path) -> None:
    study = Study.parse({**STUDY, "name": "one", "methods": ["naive"]})
    made = run_multiverse(study, choices=["student-c"], store=store, workers=1)
    assert {claim.about for claim in made.claims} <= {"gap", "pgr"}
    assert json.loads(json.dumps(multiverse_document(made).to_dict()))["study"] == "one"


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ([{"kind": "value", "path": "student.k", "values": [3]}], "nothing about this study could have been chosen"),
        (["labels", "labels"], "two choices are called 'labels': name each once"),
        (["label"], "did you mean 'labels'"),
    ],
)
def test_choices_that_cannot_be_are_refused_before_any_run(choices: list[Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=told):
        run_multiverse(Study.parse(STUDY), choices=choices, store=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_world_that_fails_is_told_and_ends_no_other(store: Path) -> None:
    """So many neighbours there are not; the other worlds are read as if it had not been asked for."""
    study = Study.parse({"name": "near", "seeds": 2, "tasks": [SMALL], "students": ["knn"], "methods": ["naive"]})
    own = {"kind": "value", "path": "student.k", "values": [5, 61]}
    made = run_multiverse(study, choices=[own], store=store, workers=1)
    assert len(made.failed) == 2
    claim = made.claims[0]
    assert dict(claim.missing) == {2: "its runs could not be made"}
    assert set(claim.others) == {1}
    texts = [finding.text for finding in multiverse_document(made).findings]
    assert texts[-1].startswith("2 runs of other worlds failed; the first: wine")


def test_methods_that_a_choice_tears_apart_are_not_compared(store: Path) -> None:
    """A choice that fits one method's setup and not another's leaves two places, and no comparison."""

    class Tearing(AnalystChoice):
        kind: str = "tearing"

        def options(self, analysis: Analysis) -> Mapping[str, Analysis]:
            if analysis.setup.method.objective.kind != "cross-entropy":  # type: ignore[attr-defined]
                raise CapabilityError("needs cross-entropy")
            return choice("student-c").options(analysis)

    study = Study.parse({**STUDY, "methods": ["naive", "confidence"]})
    made = run_multiverse(study, choices=[Tearing()], store=store, workers=1)
    assert dict(made.claim("difference", "confidence", "wine").missing) == {1: NOT_ONE_PLACE, 2: NOT_ONE_PLACE}
