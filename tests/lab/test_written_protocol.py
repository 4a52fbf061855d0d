"""Studies of written answers: the four steps, keys, resume, gold, refusals, reports. Students learn by heart here."""

import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab_data import PARTS, STEPS, WINE
from written_data import SUMS, arrays_of, run_written, written_study

import w2sg
from w2sg.core import (
    AnyArray,
    AnyTraining,
    CapabilityError,
    Examples,
    InputError,
    Method,
    Student,
    Texts,
    Vault,
    WeakSplit,
    WeakView,
    WritingPredictor,
    derive,
    pack_texts,
    registry,
    unpack_texts,
)
from w2sg.graph import Artifact, Keys, Store, sharing
from w2sg.lab import (
    Score,
    answers_of,
    labels_of,
    make_setup,
    named_methods,
    recall,
    result_of,
    scores_of_setups,
)
from w2sg.testing import Rote

SAMPLED = {"kind": "trained-writer", "student": "rote", "samples": 3}


def test_a_study_of_written_answers_has_all_that_others_have(tmp_path: Path) -> None:
    found = run_written(tmp_path, methods=["*"], supervisors=[SAMPLED])
    assert [result.label["method"] for result in found.results] == named_methods(Texts)
    assert found.steps_done == {"labels": 2, "student": 12, "ceiling": 2, "score": 12}
    (compared,) = found.comparisons
    assert compared.reference.method == "written-naive"
    assert set(compared.rivals) == set(named_methods(Texts)) - {"written-naive"}
    for result in found.results:
        means = result.tests["test"].means
        assert set(means["student"]) == {"accuracy"}
        assert 0 <= means["agreement"] <= 1
        assert result.pgr.n_test == 40
        assert result.to_dict()["student_accuracy"] == result.pgr.student.estimate


def test_a_finished_study_has_nothing_to_do_and_is_recalled(tmp_path: Path) -> None:
    first = run_written(tmp_path)
    assert not run_written(tmp_path).steps_done
    with Store(tmp_path) as store:
        store.forget(first.results[0].run_ids)
        store.forget([row["key"] for row in store.artifact_rows() if row["step"] == "student"])
    again = run_written(tmp_path)
    assert again.steps_done == {"student": 2, "score": 2}
    assert again.results[0].pgr == first.results[0].pgr
    registry.register()(type(again.results[0].setup.student))
    assert recall("written", store=tmp_path).results[0].pgr == first.results[0].pgr


def test_texts_are_kept_as_bytes_and_offsets(tmp_path: Path) -> None:
    run_written(tmp_path, supervisors=[SAMPLED], seeds=1)
    kept = {name: array for arrays in arrays_of(tmp_path) for name, array in arrays.items()}
    # Numbers only, floats among them where a score says how difficult examples are: nothing is kept as a Python object.
    assert all(array.dtype.kind in "biuf" for array in kept.values())
    assert kept["transfer/answers.bytes"].dtype == np.uint8
    assert kept["transfer/answers.offsets"].dtype == np.int64
    assert kept["transfer/samples.offsets"].shape == (40, 3)


@given(st.lists(st.text(), min_size=0, max_size=6))
def test_texts_come_back_from_numbers(texts: list[str]) -> None:
    array = as_array(texts)
    back = {name: unpack_texts(name, {**pack_texts("a", array), **pack_texts("b", array[:, None])}) for name in "ab"}
    assert back["a"] is not None
    assert back["b"] is not None
    assert back["a"].tolist() == texts
    assert back["b"].shape == (len(texts), 1)


def as_array(texts: list[str]) -> AnyArray:
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


def test_half_characters_come_back_too() -> None:
    back = Texts.from_arrays(Texts(as_array(["\ud800x"])).arrays())
    assert back.answers.tolist() == ["\ud800x"]


def test_scores_are_those_of_the_texts(tmp_path: Path) -> None:
    """The student repeats its supervisor on what it was shown, so only the transfer split agrees."""
    found = run_written(tmp_path, seeds=1).results[0]
    score, made, evidence = computed(make_setup(SUMS, {"kind": "trained-writer", "student": "rote"}, "rote"))
    metrics, gold = evidence.record["metrics"], score.data.vault.release("score", "test")
    assert metrics["transfer"]["agreement"] == 1
    for who, answers in made.items():
        right = np.array([text == sure for text, sure in zip(answers["test"].answers, gold, strict=True)])
        np.testing.assert_array_equal(evidence.arrays[f"test.{who}"], right)
        assert found.tests["test"].means[who]["accuracy"] == right.mean()
    gold = score.data.vault.release("score", "transfer")
    assert (made["ceiling"]["transfer"].answers == gold).all()


def computed(setup: Any) -> tuple[Score, dict[str, dict[str, Texts]], Artifact]:
    """Compute the four steps of a run by hand: its score, the answers of all three, and the score's artifact."""
    (score,) = scores_of_setups([setup], [0])
    held: dict[str, Artifact] = {}
    with sharing():
        for name, step in score.inputs().items():
            held[name] = step.compute({inner: held[inner] for inner in step.inputs()})
        evidence = score.compute(held)
        made = {"weak": labels_of(score.data, held["labels"])}
        made |= {name: answers_of(score.data, held[name]) for name in ("student", "ceiling")}
    return score, made, evidence


# keys


def keys(**fields: Any) -> dict[str, str]:
    return keys_of(scores_of_setups(written_study(**fields).setups(), [0]))


def keys_of(scores: list[Score]) -> dict[str, str]:
    (score,) = scores
    known = Keys()
    return {"score": known.of(score), **{name: known.of(step) for name, step in score.inputs().items()}}


@pytest.mark.parametrize(
    ("fields", "steps"),
    [
        ({"tasks": [{**SUMS, "backward": False}]}, {"labels", "student", "ceiling", "score"}),
        ({"supervisors": [SAMPLED]}, {"labels", "student", "score"}),
        ({"students": [{"kind": "rote", "word": 1}]}, {"student", "ceiling", "score"}),
        ({"methods": ["written-preferences"]}, {"student", "score"}),
    ],
)
def test_keys_change_with_what_a_step_is_made_of(fields: dict[str, Any], steps: set[str]) -> None:
    before, after = keys(), keys(**fields)
    assert {name for name in before if before[name] != after[name]} == steps


@pytest.mark.parametrize(
    ("edited", "of_texts", "of_classes"),
    [
        ("w2sg.supervisors.written", {"labels", "student", "score"}, set()),
        ("w2sg.methods.written.imitation", {"student", "ceiling", "score"}, set()),
        ("w2sg.core.writing", set(STEPS), set()),
        ("w2sg.methods.composition", set(), {"student", "ceiling", "score"}),
        ("w2sg.lab.steps", set(STEPS), set(PARTS)),
    ],
)
def test_written_answers_and_classes_are_made_by_the_same_steps_and_by_code_of_their_own(
    edited: str, of_texts: set[str], of_classes: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from w2sg.graph import code
    from w2sg.graph import keys as keys_module

    def both() -> list[dict[str, str]]:
        return [keys(), keys_of(scores_of_setups([make_setup(WINE)], [0]))]

    before = both()
    real = code._source_digest
    monkeypatch.setattr(code, "_source_digest", lambda name: "edited" if name == edited else real(name))
    monkeypatch.setattr(keys_module, "_code", keys_module._code.__wrapped__)
    changed = [{name for name in old if old[name] != new[name]} for old, new in zip(before, both(), strict=True)]
    assert changed == [of_texts, of_classes]


# gold


class Watches(Method[Texts, WritingPredictor]):
    """Keeps what it was shown."""

    kind: Literal["watches-texts"] = "watches-texts"
    signal = Texts

    def train(
        self, view: WeakView[Texts], student: Student[Any, Any], rng: np.random.Generator
    ) -> AnyTraining[WritingPredictor]:
        SEEN.append(view)
        yield from ()
        untrained: WritingPredictor = student.published()  # type: ignore[attr-defined]
        return untrained


SEEN: list[WeakView[Texts]] = []


def test_the_record_of_a_run_lists_every_hand_out(tmp_path: Path) -> None:
    run_written(tmp_path, seeds=1)
    with Store(tmp_path) as store:
        (stored,) = store.results()
        result = result_of(store, stored.key, store.record(stored.key) or {})
    assert result["gold"] == [
        {"purpose": "supervision", "split": "supervision", "n": 20, "asked_by": "trained-writer", "step": "labels"},
        {"purpose": "ceiling", "split": "transfer", "n": 40, "asked_by": "ceiling", "step": "ceiling"},
        {"purpose": "score", "split": "test", "n": 40, "asked_by": "score", "step": "score"},
        {"purpose": "score", "split": "transfer", "n": 40, "asked_by": "score", "step": "score"},
    ]
    assert result["steps"]["student"]["notes"] == {"learned_from": 40, "cut_answers": 0}


def test_a_method_is_shown_no_gold(tmp_path: Path) -> None:
    SEEN.clear()
    registry.register()(Watches)
    run_written(tmp_path, seeds=1, methods=["watches-texts"], supervisors=[SAMPLED])
    (view,) = SEEN
    task = make_setup(SUMS, {"kind": "trained-writer", "student": "rote"}, "rote").task
    gold = task.load(derive(0, "task")).vault.release("score", "transfer").tolist()
    waiting: list[Any] = [view]
    found: list[Any] = []
    while waiting:
        item = waiting.pop()
        found.append(item)
        waiting += list(getattr(item, "__dict__", {}).values())
    assert not [item for item in found if isinstance(item, Vault | Examples)]
    arrays = [item for item in found if isinstance(item, np.ndarray)]
    assert len(arrays) > 4
    assert not [array for array in arrays if array.shape == (40,) and array.tolist() == gold]
    assert all(array.base is None and not array.flags.writeable for array in arrays)


# refusals


CLASSES: list[tuple[dict[str, Any], str]] = [
    (
        {"method": "naive"},
        "task 'sums' asks for 'texts', and method 'composition' is for 'classes': choose another",
    ),
    ({"student": "tfidf"}, "task 'sums' asks for 'texts', and student 'linear' is for 'classes': .*'writer'"),
    (
        {"supervisor": "few-words"},
        "task 'sums' asks for 'texts', and supervisor 'trained' is for 'classes': .*'trained-writer'",
    ),
]


@pytest.mark.parametrize(("parts", "message"), CLASSES)
def test_parts_for_classes_are_refused_on_a_task_of_written_answers(parts: dict[str, Any], message: str) -> None:
    written_study()
    fitting = {"supervisor": {"kind": "trained-writer", "student": "rote"}, "student": "rote"}
    with pytest.raises(CapabilityError, match=message):
        make_setup(SUMS, **{**fitting, **parts})


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"method": "written-naive"}, "task 'wine' asks for 'classes', and method 'imitation' is for 'texts'"),
        ({"student": "rote"}, "task 'wine' asks for 'classes', and student 'rote' is for 'texts'"),
        (
            {"supervisor": {"kind": "recorded-solutions", "by": ["x"]}},
            "task 'wine' asks for 'classes', and supervisor 'recorded-solutions' is for 'texts'",
        ),
    ],
)
def test_parts_for_written_answers_are_refused_on_a_task_of_classes(parts: dict[str, Any], message: str) -> None:
    written_study()
    with pytest.raises(CapabilityError, match=message):
        make_setup(WINE, **parts)


def test_nothing_is_trained_before_a_refusal_and_skip_leaves_the_rest(tmp_path: Path) -> None:
    with pytest.raises(CapabilityError, match="method 'composition' is for 'classes'"):
        run_written(tmp_path, methods=["written-naive", "naive"])
    assert not (tmp_path / "store.db").exists()
    found = run_written(tmp_path, methods=["written-naive", "naive"], incapable="skip")
    assert [result.label["method"] for result in found.results] == ["written-naive"]


def test_one_study_holds_classes_and_written_answers(tmp_path: Path) -> None:
    tasks = [{**SUMS, "supervisors": [SAMPLED], "students": ["rote"]}, {**WINE, "supervisors": ["few-features"]}]
    found = run_written(tmp_path, tasks=tasks, supervisors=[], students=[], seeds=1)
    assert [result.label["method"] for result in found.results] == ["written-naive", "naive"]


def test_a_student_without_preferences_is_refused() -> None:
    class Plain(Rote):
        kind: Literal["plain"] = "plain"  # type: ignore[assignment]

        @property
        def capabilities(self) -> frozenset[str]:
            return frozenset({"write"})

    registry.register()(Plain)
    setup: dict[str, Any] = {"supervisor": {"kind": "trained-writer", "student": "plain"}, "student": "plain"}
    with pytest.raises(CapabilityError, match="method needs 'preferences', student 'plain' has write: choose another"):
        make_setup(SUMS, method="written-preferences", **setup)


def test_a_majority_of_one_answer_is_refused_with_what_to_set(tmp_path: Path) -> None:
    message = "needs several answers to each prompt, and this supervisor gives one: set 'samples' of supervisor"
    with pytest.raises(CapabilityError, match=message):
        run_written(tmp_path, methods=["written-majority"], seeds=1)
    found = run_written(tmp_path, methods=["written-naive", "written-majority"], seeds=1, incapable="skip")
    assert [result.label["method"] for result in found.results] == ["written-naive"]


def test_a_supervisor_whose_student_does_not_write_is_refused() -> None:
    with pytest.raises(InputError, match="'student' must be one that writes, such as 'writer', got 'linear'"):
        registry.build("supervisors", {"kind": "trained-writer", "student": "linear"})


def test_weak_answers_must_be_texts_one_for_each_prompt() -> None:
    from w2sg.testing import written_sample

    sample = written_sample()
    with pytest.raises(InputError, match="a weak signal must be for all 60 inputs, got 59"):
        WeakSplit(sample.corpus, Texts(sample.gold[:-1]))
    with pytest.raises(InputError, match="weak labels must be for 60 examples, got 59: give one answer to each"):
        sample.question.checked(Texts(sample.gold[:-1]), 60, "weak labels")
    with pytest.raises(InputError, match="answers must be texts, got 3"):
        Texts(np.full(60, 3, dtype=object))
    with pytest.raises(InputError, match=r"samples must have shape \(60, s\) with s at least 1, got \(60,\)"):
        Texts(sample.gold, sample.gold)


# what is shown


def test_a_report_is_drawn_with_dashes_where_classes_have_numbers(tmp_path: Path) -> None:
    found = run_written(tmp_path / "store", methods=["*"], supervisors=[SAMPLED])
    page = w2sg.write_report(found, tmp_path / "report.html").read_text()
    assert "written-agreement" in page
    assert not re.search(r">\s*nan\s*<", page, re.IGNORECASE)
    rows = re.findall(r"<tr>.*?</tr>", page[page.index("AUROC") :], re.DOTALL)
    (row,) = [row for row in rows if "written-majority" in row and "errors" not in row][:1]
    assert row.count("\N{EN DASH}") >= 2
