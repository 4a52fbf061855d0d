"""Studies of written answers: the four steps, keys, resume, gold, refusals, reports. Students learn by heart here."""

import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab_data import WINE
from w2sg.lab.benches import BENCHES
from w2sg.lab.plan import Planner
from w2sg.lab.texts import packed, unpacked
from written_data import SUMS, arrays_of, run_written, written_study

import w2sg
from w2sg.core import (
    CapabilityError,
    Examples,
    InputError,
    Vault,
    WritingMethod,
    WritingPredictor,
    WritingStudent,
    WrittenSplit,
    WrittenView,
    derive,
    registry,
)
from w2sg.lab import Store, make_setup, named_methods, recall
from w2sg.testing import Rote

SAMPLED = {"kind": "trained-writer", "student": "rote", "samples": 3}


def test_a_study_of_written_answers_has_all_that_others_have(tmp_path: Path) -> None:
    found = run_written(tmp_path, methods=["*"], supervisors=[SAMPLED])
    assert [result.label["method"] for result in found.results] == named_methods("texts")
    assert found.steps_done == {"labels": 2, "student": 12, "ceiling": 2, "score": 12}
    (compared,) = found.comparisons
    assert compared.reference.method == "written-naive"
    assert set(compared.rivals) == set(named_methods("texts")) - {"written-naive"}
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
        store.forget_runs(first.results[0].run_ids)
        store.forget([row["key"] for row in store.artifact_rows() if row["step"] == "student"])
    again = run_written(tmp_path)
    assert again.steps_done == {"student": 2, "score": 2}
    assert again.results[0].pgr == first.results[0].pgr
    registry.register()(type(again.results[0].setup.student))
    assert recall("written", store=tmp_path).results[0].pgr == first.results[0].pgr


def test_texts_are_kept_as_bytes_and_offsets(tmp_path: Path) -> None:
    run_written(tmp_path, supervisors=[SAMPLED], seeds=1)
    kept = {name: array for arrays in arrays_of(tmp_path) for name, array in arrays.items()}
    assert all(array.dtype.kind in "biu" for array in kept.values())
    assert kept["transfer.bytes"].dtype == np.uint8
    assert kept["transfer.offsets"].dtype == np.int64
    assert kept["samples.transfer.offsets"].shape == (40, 3)


@given(st.lists(st.text(), min_size=0, max_size=6))
def test_texts_come_back_from_numbers(texts: list[str]) -> None:
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    back = unpacked(packed({"a": array, "b": array[:, None]}))
    assert back["a"].tolist() == texts
    assert back["b"].shape == (len(texts), 1)


def test_half_characters_come_back_too() -> None:
    assert unpacked(packed({"a": np.array(["\ud800x"], dtype=object)}))["a"].tolist() == ["\ud800x"]


def test_scores_are_those_of_the_texts(tmp_path: Path) -> None:
    """The student repeats its supervisor on what it was shown, so only the transfer split agrees."""
    found = run_written(tmp_path, seeds=1).results[0]
    setup = make_setup(SUMS, {"kind": "trained-writer", "student": "rote"}, "rote")
    bench = BENCHES["texts"](setup.task, 0)
    labels, (taught, ceiling) = _steps(bench, setup)
    metrics, evidence = bench.score(labels, taught, ceiling)
    gold = bench.data.vault.release("score", "test")
    assert metrics["transfer"]["agreement"] == 1
    for who, made in (("weak", labels), ("student", taught), ("ceiling", ceiling)):
        right = np.array([text == sure for text, sure in zip(unpacked(made)["test"], gold, strict=True)])
        np.testing.assert_array_equal(evidence[f"test.{who}"], right)
        assert found.tests["test"].means[who]["accuracy"] == right.mean()
    gold = bench.data.vault.release("score", "transfer")
    assert (unpacked(ceiling)["transfer"] == gold).all()


def _steps(bench: Any, setup: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    labels = bench.labels(setup.supervisor).arrays
    made = bench.students(setup.student, [setup.method], [labels], True)
    return labels, [one.arrays for one in made]


# keys


def keys(**fields: Any) -> dict[str, str]:
    (setup,) = written_study(**fields).setups()
    job = Planner().job(setup, 0)
    return {name: getattr(job, name) for name in ("labels", "student", "ceiling", "run")}


@pytest.mark.parametrize(
    ("fields", "steps"),
    [
        ({"tasks": [{**SUMS, "backward": False}]}, {"labels", "student", "ceiling", "run"}),
        ({"supervisors": [SAMPLED]}, {"labels", "student", "run"}),
        ({"students": [{"kind": "rote", "word": 1}]}, {"student", "ceiling", "run"}),
        ({"methods": ["written-preferences"]}, {"student", "run"}),
    ],
)
def test_keys_change_with_what_a_step_is_made_of(fields: dict[str, Any], steps: set[str]) -> None:
    before, after = keys(), keys(**fields)
    assert {name for name in before if before[name] != after[name]} == steps


def test_written_answers_and_classes_have_protocols_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from w2sg.lab import code, plan

    def of_classes() -> str:
        return Planner().job(make_setup(WINE), 0).run

    before, classes = keys(), of_classes()
    real = code._source_digest.__wrapped__
    edited = "w2sg.lab.protocol_written"
    monkeypatch.setattr(code, "_source_digest", lambda name: "edited" if name == edited else real(name))
    monkeypatch.setattr(plan, "_code", plan._code.__wrapped__)
    assert of_classes() == classes
    assert all(before[name] != key for name, key in keys().items())


# gold


class Watches(WritingMethod):
    """Keeps what it was shown."""

    kind: Literal["watches-texts"] = "watches-texts"

    def learn(self, view: WrittenView, student: WritingStudent, rng: np.random.Generator) -> WritingPredictor:
        SEEN.append(view)
        return student.published()


SEEN: list[WrittenView] = []


def test_the_record_of_a_run_lists_every_hand_out(tmp_path: Path) -> None:
    run_written(tmp_path, seeds=1)
    with Store(tmp_path) as store:
        (stored,) = store.runs().values()
    assert stored.result["gold"] == [
        {"purpose": "supervision", "split": "supervision", "n": 20},
        {"purpose": "ceiling", "split": "transfer", "n": 40},
        {"purpose": "score", "split": "test", "n": 40},
        {"purpose": "score", "split": "transfer", "n": 40},
    ]
    assert stored.result["steps"]["student"]["notes"] == {"learned_from": 40, "cut_answers": 0}


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
        "task 'sums' asks for written answers, and method 'composition' is for classes: choose another",
    ),
    ({"student": "tfidf"}, "task 'sums' asks for written answers, and student 'linear' is for classes: .*'writer'"),
    (
        {"supervisor": "few-words"},
        "task 'sums' asks for .*, and supervisor 'trained' is for classes: .*'trained-writer'",
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
        ({"method": "written-naive"}, "task 'wine' asks for classes, and method 'imitation' is for written answers"),
        ({"student": "rote"}, "task 'wine' asks for classes, and student 'rote' is for written answers"),
        (
            {"supervisor": {"kind": "recorded-solutions", "by": ["x"]}},
            "task 'wine' asks for classes, and supervisor 'recorded-solutions' is for written answers",
        ),
    ],
)
def test_parts_for_written_answers_are_refused_on_a_task_of_classes(parts: dict[str, Any], message: str) -> None:
    written_study()
    with pytest.raises(CapabilityError, match=message):
        make_setup(WINE, **parts)


def test_nothing_is_trained_before_a_refusal_and_skip_leaves_the_rest(tmp_path: Path) -> None:
    with pytest.raises(CapabilityError, match="method 'composition' is for classes"):
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

    examples, gold = written_sample()
    with pytest.raises(InputError, match=r"weak answers must have shape \(60,\), got \(59,\)"):
        WrittenSplit(examples.inputs, gold[:-1])
    with pytest.raises(InputError, match="weak answers must be texts, got 3"):
        WrittenSplit(examples.inputs, np.full(60, 3, dtype=object))
    with pytest.raises(InputError, match=r"weak samples must have shape \(60, s\) with s at least 1, got \(60,\)"):
        WrittenSplit(examples.inputs, gold, gold)


# what is shown


def test_a_report_is_drawn_with_dashes_where_classes_have_numbers(tmp_path: Path) -> None:
    found = run_written(tmp_path / "store", methods=["*"], supervisors=[SAMPLED])
    page = w2sg.write_report(found, tmp_path / "report.html").read_text()
    assert "written-agreement" in page
    assert not re.search(r">\s*nan\s*<", page, re.IGNORECASE)
    rows = re.findall(r"<tr>.*?</tr>", page[page.index("AUROC") :], re.DOTALL)
    (row,) = [row for row in rows if "written-majority" in row and "errors" not in row][:1]
    assert row.count("\N{EN DASH}") >= 2
