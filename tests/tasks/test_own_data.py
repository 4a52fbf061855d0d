"""What somebody's own files hold: answers in texts, labels that count, rows that belong together, and first guesses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from task_data import Writer, files

from w2sg.core import DataError, TaskData, derive
from w2sg.tasks import Files, columns_and_uses, guess


def loaded(path: Path | None, **fields: Any) -> TaskData:
    return files(path, **{"supervision": 10, "transfer": 15, **fields}).load(derive(0, "task"))


def rows(*given: dict[str, Any]) -> str:
    return "\n".join(json.dumps(row) for row in given)


def asked(number: int, **fields: Any) -> dict[str, Any]:
    text = (
        f"Which of (A) and (B) is {number}?\n\nChoices:\n (A) wrong {number}\n (B) right {number}\n\nReply by a letter."
    )
    return {"question": text, "answer": " (B)", **fields}


def shown_right(data: TaskData) -> list[str]:
    """The right answer of every transfer pair, without what stands before it."""
    gold = data.vault.release("ceiling", "transfer")
    return [pair[number].split("\n")[-1] for pair, number in zip(data.transfer.inputs.values, gold, strict=True)]


def test_answers_in_a_text_are_told_apart_from_its_question_and_from_what_follows(write: Writer) -> None:
    path = write("a.jsonl", rows(*(asked(number) for number in range(40))))
    data = loaded(path, choices="question", label="answer")
    numbers = data.transfer.ids
    assert shown_right(data) == [f"right {number}" for number in numbers]
    pair = data.transfer.inputs.values[0]
    assert {text.rpartition("\n")[0] for text in pair} == {f"Which of (A) and (B) is {numbers[0]}?\n\nChoices:"}
    inline = "Q{0}\n\nAnswer1: wrong {0} Answer2: right {0}\n\nAnswer format: answer1/answer2"
    path = write("b.jsonl", rows(*({"q": inline.format(number), "a": "answer2"} for number in range(40))))
    assert {text.split()[0] for text in shown_right(loaded(path, choices="q", label="a"))} == {"right"}


def test_rows_whose_answers_cannot_be_read_are_refused_or_counted(write: Writer) -> None:
    path = write("a.jsonl", rows(*(asked(number) for number in range(40)), asked(40, question="Nothing to choose.")))
    with pytest.raises(DataError, match=r"row 41: column 'question' .* must mark two answers .* \(1 such rows"):
        loaded(path, choices="question", label="answer")
    data = loaded(path, choices="question", label="answer", unreadable="leave-out")
    assert data.counts["rows left out: no two different answers were found in them"] == 1
    assert 40 not in np.concatenate([data.transfer.ids, data.supervision.ids, data.tests["test"].ids])


@pytest.mark.parametrize(
    ("labels", "fields", "right"),
    [
        (["0", "1", "2"], {}, "abc"),
        (["1", "2", "3"], {}, "abc"),
        (["C", "A", "B"], {}, "cab"),
        (["b", "c", "a"], {}, "bca"),
        (["a1", "c1", "b1"], {}, "acb"),
        (["1", "2", "1"], {"count_from": 1}, "aba"),
        (["1", "2", "1"], {"count_from": 0}, "bcb"),
    ],
)
def test_labels_name_answers_by_number_letter_column_or_text(
    labels: list[str], fields: dict[str, Any], right: str, write: Writer
) -> None:
    lines = [f"Q{i},a1,b1,c1,{labels[i % 3]}" for i in range(60)]
    data = loaded(write("a.csv", "\n".join(["q,a,b,c,label", *lines])), choices=["a", "b", "c"], text="q", **fields)
    assert shown_right(data) == [f"{right[number % 3]}1" for number in data.transfer.ids]


def test_labels_that_count_in_two_ways_are_refused(write: Writer) -> None:
    lines = [f"Q{i},x{i},y{i},z{i},{1 + i % 2}" for i in range(40)]
    path = write("a.csv", "\n".join(["q,ans_x,ans_y,ans_z,label", *lines]))
    with pytest.raises(
        DataError, match="labels in column 'label' are 1, 2 and can number answers from 0 or from 1: set"
    ):
        loaded(path, choices=["ans_x", "ans_y", "ans_z"])


def test_nested_lists_of_answers_are_reached_by_dotted_names(write: Writer) -> None:
    listed = [{"q": {"stem": f"Q{i}", "of": [{"text": f"no {i}"}, {"text": f"yes {i}"}]}, "k": "B"} for i in range(40)]
    data = loaded(write("a.jsonl", rows(*listed)), choices="q.of.text", text="q.stem", label="k")
    assert {text.split()[0] for text in shown_right(data)} == {"yes"}
    with pytest.raises(
        DataError, match=r"choices names a column 'q.of.txt' that is not there: did you mean 'q.of.text'"
    ):
        loaded(write("a.jsonl", rows(*listed)), choices="q.of.txt", label="k")


def test_rows_that_share_a_value_stay_in_one_split_and_are_one_unit(write: Writer) -> None:
    lines = [f"text {i} of {i // 3},{i // 3 if i < 90 else ''},{i % 2}" for i in range(120)]
    path = write("a.csv", "\n".join(["t,user,label", *lines]))
    data = loaded(path, text="t", together="user", supervision=0.25, transfer=0.5)
    splits = [data.supervision, data.transfer, data.tests["test"]]
    of_split = [{number // 3 for number in split.ids.tolist() if number < 90} for split in splits]
    assert not of_split[0] & of_split[1]
    assert not (of_split[0] | of_split[1]) & of_split[2]
    units = data.tests["test"].metadata["together"]
    expected = [number // 3 if number < 90 else number for number in data.tests["test"].ids.tolist()]
    assert len(set(units.tolist())) == len(set(expected))
    ready = {"train": str(path), "test": str(write("b.csv", "t,user,label\nnew one,3,0\nnew two,99,1\n"))}
    assert (
        loaded(None, paths=ready, text="t", together="user", supervision=0.3, transfer=0.6).counts[
            "test rows that belong together with rows of a training split"
        ]
        == 1
    )


def test_labels_are_merged_to_classes_and_gaps_are_filled(write: Writer) -> None:
    made = [{"x": None if i == 5 else i, "y": i * i % 11, "step": None if i % 3 else i} for i in range(60)]
    path = write("a.jsonl", rows(*made))
    with pytest.raises(DataError, match=r"row 6: column 'x' .* got nothing: fill it .* or set missing = 'fill'"):
        loaded(path, label="step", merge={"none": ["null"], "some": ["*"]})
    data = loaded(path, label="step", merge={"none": ["null"], "some": ["*"]}, missing="fill")
    assert data.question.names == ("none", "some")
    assert data.counts["column 'x': gaps filled with the median"] == 1
    gold = data.vault.release("ceiling", "transfer")
    assert gold.tolist() == [int(number % 3 == 0) for number in data.transfer.ids]
    features = data.corpus.values
    assert features.shape == (60, 3)
    assert features[:, 1].sum() == 1
    with pytest.raises(DataError, match=r"label '3' is in no class of 'merge' \('null', '0'\): add it to one"):
        loaded(path, label="step", merge={"none": ["null"], "some": ["0"]}, missing="fill")


def test_errors_name_the_cause_and_suggest_near_names_only(write: Writer) -> None:
    path = write("a.csv", "age,Income\n1,a\n2,b\n")
    with pytest.raises(DataError, match="column 'label' that is not there: it has 'age', 'Income'$"):
        loaded(path)
    with pytest.raises(DataError, match="column 'income' that is not there: did you mean 'Income'"):
        loaded(path, label="income")
    with pytest.raises(
        DataError, match="the header is one cell, 'a;b;label': if ';' stands between cells, set delimiter"
    ):
        loaded(write("b.csv", "a;b;label\n1;2;x\n"))
    assert loaded(write("c.csv", "a;label\n" + "".join(f"{i % 7};{i % 2}\n" for i in range(40))), delimiter=";").corpus


SENTENCES = [f"this is sentence number {i} about the matter of {i * 7} things" for i in range(80)]


NUMBERED = list(enumerate(SENTENCES))
GAPPED = (None, 3, 8)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("table.csv", "age;job;city;ok\n" + "".join(f"{i};{'ab'[i % 2]};{i % 5};{i % 3 > 0}\n" for i in range(80)),
         {"delimiter": ";", "label": "ok", "features": ["job", "city"]}),
        ("texts.tsv", "".join(f"{text}\t{i % 2}\n" for i, text in enumerate(SENTENCES)),
         {"columns": ["column 1", "column 2"], "label": "column 2", "text": "column 1"}),
        ("pairs.jsonl", rows(*({"chosen": text, "rejected": f"not {text}"} for text in SENTENCES)),
         {"pair": ["chosen", "rejected"]}),
        ("mc.csv", "q,option_a,option_b,right\n" + "".join(f"{t},a{i},b{i},{'AB'[i % 2]}\n" for i, t in NUMBERED),
         {"choices": ["option_a", "option_b"], "label": "right", "text": "q"}),
        ("steps.jsonl", rows(*({"input": t, "steps": ["so", "it"], "target": f"{i} x", "mistake_index": GAPPED[i % 3]}
                               for i, t in NUMBERED)),
         {"label": "mistake_index", "merge": {"no mistake_index": ["null"], "with mistake_index": ["*"]},
          "text": ["input", "steps"]}),
        ("count.csv", "ask,c1,c2,c3,best\n" + "".join(f"{t},a{i},b{i},c{i},{1 + i % 2}\n" for i, t in NUMBERED),
         {"choices": ["c1", "c2", "c3"], "label": "best", "count_from": 0, "text": "ask"}),
        ("ids.csv", "id,name,x,y,label\n" + "".join(f"u{i},n{i},{i % 7},{i % 5 or ''},{i % 2}\n" for i in range(80)),
         {"id": "id", "label": "label", "features": ["x", "y"], "missing": "fill"}),
    ],
)  # fmt: skip
def test_a_file_is_guessed_with_reasons_and_can_be_read_so(
    name: str, content: str, expected: dict[str, Any], write: Writer
) -> None:
    path = write(name, content)
    found = guess([str(path)])
    assert found.fields == expected
    assert found.reasons.keys() == expected.keys()
    task = files(path, **found.fields)
    assert isinstance(task, Files)
    survey = task.survey(derive(0, "task"))
    left_out = task.load(derive(0, "task")).counts.get("left out: rows of units that a full split has begun", 0)
    assert sum(int(counts.sum()) for counts in survey.labels.values()) == 80 - left_out
    assert {column.name for column, use in columns_and_uses(task) if use == "label"} <= {expected.get("label")}


def test_files_of_splits_are_told_by_their_names(write: Writer) -> None:
    made = "".join(f"{text}\t{i % 2}\n" for i, text in enumerate(SENTENCES))
    paths = [str(write(name, f"text\tlabel\n{made}")) for name in ("my_train.tsv", "test.tsv", "forum.tsv")]
    assert guess(paths).paths == dict(zip(("train", "test", "forum"), paths, strict=True))


def test_a_guess_and_its_columns_are_those_of_the_training_file(write: Writer) -> None:
    sizes = {"test.tsv": 5, "amazon.tsv": 7, "train.tsv": 80}
    paths = [
        str(write(name, "text\tlabel\n" + "".join(f"{text}\t{i % 2}\n" for i, text in enumerate(SENTENCES[:size]))))
        for name, size in sizes.items()
    ]
    found = guess(paths)
    assert next(iter(found.paths)) == "train"
    assert found.rows == 80
    assert found.columns[0].rows == 80
    task = files(None, paths=found.paths, text="text")
    assert isinstance(task, Files)
    assert task.training_file == paths[2]
    assert {column.rows for column, _ in columns_and_uses(task)} == {80}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("harmless_test harmless_train_gt harmless_train_w2s", "test supervision transfer"),
        ("my-supervision-train test trainUnlabeled", "supervision test transfer"),
        ("mytrainset strain test_b", "train strain test"),
        ("test reviews", "test train"),
        ("train_a train_b test", None),
        ("train train_gt test", None),
        ("train_w2s train_gt train_more test", None),
    ],
)
def test_no_training_file_becomes_a_test_set(names: str, expected: str | None, write: Writer) -> None:
    content = "text\tlabel\n" + "".join(f"{text}\t{i % 2}\n" for i, text in enumerate(SENTENCES))
    paths = [str(write(f"{name}.tsv", content)) for name in names.split()]
    if expected is None:
        with pytest.raises(DataError, match="these names do not say which is: join them to one file, or write"):
            guess(paths)
        return
    found = guess(paths)
    assert found.paths == dict(zip(expected.split(), paths, strict=True))
    assert any("for the student" in doubt for doubt in found.doubts) == ("transfer" in expected)


def test_near_copies_with_other_labels_are_surveyed(write: Writer) -> None:
    long = [f"{text} which nobody who reads it would ever take for another one at all" for text in SENTENCES]
    lines = [(f"{text}\t0", f"{text} really\t1") for text in long]
    path = write("a.tsv", "text\tlabel\n" + "".join(f"{one}\n{two}\n" for one, two in lines))
    task = files(path, text="text")
    assert isinstance(task, Files)
    within, across = task.survey(derive(0, "task")).twins
    assert within.near is not None
    assert across.near is not None
    assert across.opposed > across.rows / 3
    assert across.equal == 0


def test_copies_of_a_pair_contradict_each_other_only_where_the_better_text_differs(write: Writer) -> None:
    twice = [{"chosen": text, "rejected": f"not {text}"} for text in SENTENCES] * 2
    found = loaded(write("a.jsonl", rows(*twice)), pair=["chosen", "rejected"]).counts
    assert found["rows that repeat the inputs of another"] == 80
    assert "rows of equal inputs with contradicting labels" not in found
    turned = [*twice, {"chosen": f"not {SENTENCES[0]}", "rejected": SENTENCES[0]}]
    found = loaded(write("b.jsonl", rows(*turned)), pair=["chosen", "rejected"]).counts
    assert found["rows of equal inputs with contradicting labels"] == 3
