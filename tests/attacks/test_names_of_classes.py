"""One class has one name, ties have no favourite, and a class that nobody can learn is not passed over in silence."""

import json
import unicodedata
from typing import Any

import numpy as np
import pytest
from attacked_files import Writer, csv, load, measured

import w2sg
from w2sg.core import ClassProbabilities, DataError, derive

E_ACUTE = unicodedata.normalize("NFD", "\u00e9")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1.0"),
        ("1", "01"),
        ("1", "true"),
        ("True", "true"),
        ("Spam", "spam"),
        ("\u00e9", E_ACUTE),
        ("\uff21", "A"),
        ("a b", "a  b"),
        ("1000", "1e3"),
    ],
)
def test_two_spellings_of_one_class_are_refused(write: Writer, one: str, other: str) -> None:
    rows = [(a, b, "no" if not label else (one, other)[i // 2 % 2]) for i, (a, b, label) in enumerate(measured(80))]
    path = write("d.csv", csv("a,b,label", rows))
    with pytest.raises(DataError, match=r"label .* and label .* of .*d\.csv, row \d+ are one name in two spellings"):
        load(path)
    # Who means two classes lists them.
    assert load(path, classes=["no", one, other]).question.names == ("no", one, other)


@pytest.mark.parametrize("values", [[0, 1, 1.0], [False, True]])
def test_numbers_and_truths_of_json_are_one_class_each(write: Writer, values: list[Any]) -> None:
    rows = [{"a": a, "b": b, "label": values[i % len(values)]} for i, (a, b, _) in enumerate(measured(90))]
    data = load(write("d.jsonl", "\n".join(map(json.dumps, rows))))
    assert len(data.question.names) == 2


def test_a_truth_among_numbers_is_refused(write: Writer) -> None:
    rows = [{"a": a, "b": b, "label": [0, 1, True][i % 3]} for i, (a, b, _) in enumerate(measured(90))]
    with pytest.raises(DataError, match="label 'true' and label '1' of .* are one name in two spellings"):
        load(write("d.jsonl", "\n".join(map(json.dumps, rows))))


@pytest.mark.parametrize("gap", ["nan", "NA", "N/A", "None", "null", "?"])
def test_a_label_that_reads_like_a_gap_is_refused(write: Writer, gap: str) -> None:
    rows = [(a, b, gap if i % 9 == 0 else label) for i, (a, b, label) in enumerate(measured(90))]
    path = write("d.csv", csv("a,b,label", rows))
    with pytest.raises(DataError, match=r"row 1: label '.*' reads like a missing value: drop the row"):
        load(path)
    assert len(load(path, classes=["0", "1", gap]).question.names) == 3


def test_the_order_of_the_classes_decides_no_tie(write: Writer) -> None:
    """Reversing the classes moved the accuracy of tied votes from .596 to .871."""
    rows = [
        (a, b, *((0, 1) if i % 2 else (label, -1)), label if i % 5 else 0)
        for i, (a, b, label) in enumerate(measured(900))
    ]
    path = write("d.csv", csv("a,b,v1,v2,label", rows))

    def weak(classes: list[str]) -> float:
        task = {"kind": "files", "path": str(path), "votes": ["v1", "v2"], "classes": classes}
        student: dict[str, Any] = {"kind": "linear"}
        return w2sg.run(task=task, supervisor="rules", student=student, seeds=4, store=None).pgr.weak.estimate

    assert weak(["0", "1"]) == pytest.approx(weak(["1", "0"]), abs=0.06)


def test_a_tie_is_drawn_among_the_best_alone() -> None:
    probabilities = np.tile(np.array([[0.4, 0.4, 0.2]]), (2000, 1))
    signal = ClassProbabilities(probabilities, probabilities[None]).untied(derive(0, "ties"))
    shares = np.bincount(signal.named, minlength=3) / 2000
    assert shares[2] == 0
    assert abs(shares[0] - 0.5) < 4 * 0.5 / np.sqrt(2000)
    np.testing.assert_allclose(signal.probabilities, probabilities, atol=2e-6)
    np.testing.assert_allclose(signal.probabilities.sum(axis=1), 1, atol=1e-6)
    assert signal.members is not None
    assert not np.array_equal(signal.members[0].argmax(axis=1), signal.named)


def test_a_signal_without_ties_stays_as_it_is() -> None:
    rows = derive(0, "rows").dirichlet(np.ones(3), size=50)
    np.testing.assert_array_equal(
        ClassProbabilities(rows).untied(derive(0, "ties")).probabilities, ClassProbabilities(rows).probabilities
    )


def parted(write: Writer, odd: str, share: int = 8) -> Any:
    """Return a file with ready splits in one of which some rows have a class `z`."""
    names = ["supervision", "transfer", "test"]
    rows = [
        (a, b, names[i % 3], "z" if names[i % 3] == odd and i % share == 0 else label)
        for i, (a, b, label) in enumerate(measured(600))
    ]
    return write("d.csv", csv("a,b,part,label", rows))


def test_a_class_that_is_only_tested_is_refused(write: Writer) -> None:
    with pytest.raises(DataError, match="class 'z' must stand in a split that is learned from, all its rows are in"):
        load(parted(write, "test"), split="part")


def test_a_class_that_the_supervisor_never_saw_is_said(write: Writer) -> None:
    data = load(parted(write, "transfer"), split="part")
    assert data.counts == {"classes that the supervision split lacks": 1}


def test_a_further_test_set_of_one_class_is_said(write: Writer) -> None:
    rows = [(a, b, "one" if label and i % 5 == 0 else "", label) for i, (a, b, label) in enumerate(measured(300))]
    counts = load(write("d.csv", csv("a,b,part,label", rows)), split="part").counts
    assert counts == {"rows of test set 'one', all of one class": 30}


def test_classes_that_come_apart_by_chance_are_said(write: Writer) -> None:
    rows = [(a, b, f"c{i % 60}") for i, (a, b, _) in enumerate(measured(180))]
    counts = load(write("d.csv", csv("a,b,label", rows))).counts
    assert counts["classes that the supervision split lacks"] > 5
    assert counts["test rows of classes that the transfer split lacks"] > 0


def test_labels_that_are_no_classes_are_refused(write: Writer) -> None:
    rows = [(a, b, f"l{i}") for i, (a, b, _) in enumerate(measured(400))]
    with pytest.raises(DataError, match="split 'transfer' must hold classes that the test set asks for, it has none"):
        load(write("d.csv", csv("a,b,label", rows)), features=["a", "b"])


def test_what_became_of_rows_is_in_document_and_page(write: Writer) -> None:
    from w2sg.lab import study_document

    path = parted(write, "transfer")
    result = w2sg.run(task={"kind": "files", "path": str(path), "split": "part"}, seeds=2, store=None)
    document = study_document(result)
    assert result.to_dict()["counts"] == {"classes that the supervision split lacks": [1, 1]}
    assert any("classes that the supervision split lacks: 1" in finding.text for finding in document.findings)
