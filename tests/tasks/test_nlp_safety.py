"""Text data sets on safety: ready splits, further test sets, difficulty, options, prompts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nlp_samples import rows
from safety_data import distribution, load, question, real_folder, task, texts, write
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from task_data import make, real

from w2sg.core import ConfigError, DataError, derive
from w2sg.tasks import Nlp
from w2sg.testing import TaskContract


class TestFurtherTestsContract(TaskContract):
    """A task with a further test set holds the contract of tasks."""

    @pytest.fixture
    def component(self, tmp_path: Path) -> Nlp:
        further = {"target": distribution(tmp_path / "target", 1000)}
        return task("genies", path=distribution(tmp_path / "source", 0), further_tests=further)


class TestReadySplitsContract(TaskContract):
    """So does one whose published splits are those of the task."""

    @pytest.fixture
    def component(self, tmp_path: Path) -> Nlp:
        return task("hh-single-turn", path=harmless(tmp_path))


def harmless(folder: Path) -> str:
    for number, part in enumerate(("train_gt", "train_w2s", "test")):
        write(folder / f"harmless_{part}.jsonl", rows("hh-single-turn", 100 * number, 20 + number))
    return str(folder)


@pytest.mark.parametrize("seed", [0, 1])
def test_published_splits_become_those_of_the_task(seed: int, tmp_path: Path) -> None:
    data = load(task("hh-single-turn", path=harmless(tmp_path)), seed)
    parts = {"supervision": data.supervision, "transfer": data.transfer, **data.tests}
    assert {name: len(part) for name, part in parts.items()} == {"supervision": 20, "transfer": 21, "test": 22}
    numbers = {
        name: {int(pair[0].split("q")[1].split()[0]) // 100 for pair in part.inputs.values}
        for name, part in parts.items()
    }
    assert numbers == {"supervision": {0}, "transfer": {1}, "test": {2}}
    assert data.question.names == ("first", "second")


@pytest.mark.parametrize("answers", ["pair", "both", "one"])
def test_a_target_is_a_further_test_set(answers: str, tmp_path: Path) -> None:
    source, target = distribution(tmp_path / "source", 0), distribution(tmp_path / "target", 1000)
    data = load(task("genies", path=source, further_tests={"hard": target}, answers=answers, balance=False))
    size = 24 if answers == "both" else 12
    assert {name: len(part) for name, part in data.tests.items()} == {"test": size, "hard": size}
    # Of the target's folder the test rows are read, and none of its training rows.
    assert all(any(f"q{number}" in str(text) for number in range(1040, 1052)) for text in texts(data, "hard"))
    trained = [*data.supervision.inputs.values.tolist(), *data.transfer.inputs.values.tolist()]
    assert all(any(f"q{number}" in str(text) for number in range(40)) for text in trained)
    gold = data.vault.release("score", "hard")
    if answers == "pair":
        assert all(pair[label].endswith(".1") for pair, label in zip(texts(data, "hard"), gold, strict=True))
    else:
        assert [text.endswith(".1") for text in texts(data, "hard")] == gold.astype(bool).tolist()


@pytest.mark.parametrize("answers", ["pair", "both"])
def test_a_further_test_set_leaves_out_what_was_trained_on(answers: str, tmp_path: Path) -> None:
    source = distribution(tmp_path / "source", 0)
    # The answers of an item may come in another order.
    again = [{**row, "responses": dict(reversed(row["responses"].items()))} for row in rows("genies", 0, 5)]
    target = write(tmp_path / "target.jsonl", [*again, *rows("genies", 500, 7)])
    data = load(task("genies", path=source, further_tests={"target": target}, answers=answers))
    number = 2 if answers == "both" else 1
    trained = {question(text) for part in (data.supervision, data.transfer) for text in part.inputs.values.tolist()}
    assert trained <= set(range(40))
    # Rows of a group that a full split has begun are trained on nowhere, and may be tested.
    assert {question(text) for text in texts(data, "target")} == {*range(5), *range(500, 507)} - trained
    assert data.counts["left out of test sets: inputs of a training split"] == number * len(trained & set(range(5)))
    assert len(trained & set(range(5))) > 2


@pytest.mark.parametrize("answers", ["pair", "both"])
def test_classes_of_an_opposite_test_set_are_exchanged_and_no_others(answers: str, tmp_path: Path) -> None:
    further = {"same": distribution(tmp_path / "same", 1000), "other": distribution(tmp_path / "other", 2000)}
    fields = {"path": distribution(tmp_path / "source", 0), "further_tests": further, "answers": answers}
    plain, turned = load(task("genies", **fields)), load(task("genies", **fields, opposite=["other"]))
    for name, wanted in (("test", 1), ("same", 1), ("other", 0)):
        for data, right in ((plain, 1), (turned, wanted)):
            for shown, label in zip(texts(data, name), data.vault.release("score", name), strict=True):
                is_right = shown[label].endswith(".1") if answers == "pair" else shown.endswith(".1") == bool(label)
                assert is_right == bool(right)


def test_what_a_further_test_set_holds_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    source = distribution(tmp_path / "source", 0)
    target = write(tmp_path / "target.jsonl", rows("genies", 500, 7))
    made = task("genies", path=source, further_tests={"target": target})
    before = made.fingerprint()
    assert before != task("genies", path=source).fingerprint()
    assert before != task("genies", path=source, further_tests={"other": target}).fingerprint()
    write(Path(target), rows("genies", 500, 8))
    assert made.fingerprint() != before
    assert made.counts()["rows"] == 60


def test_difficulty_is_higher_where_the_label_is_less_sure(tmp_path: Path) -> None:
    path = write(tmp_path / "behaviour.jsonl", rows("anthropic-persona", 0, 80))
    data = load(task("anthropic-persona", path=path, shifts=["easy-to-hard"]))
    # Confidence rises with the number of a row, so the easy half are the rows from 40 on.
    assert all(int(text[1:]) >= 40 for text in data.supervision.inputs.values)
    assert all(int(text[1:]) < 40 for text in texts(data, "hard"))
    # Of the 40 rows of a class, which are every second one, those with a higher number are surer.
    number = np.array([int(text[1:]) for text in data.transfer.inputs.values])
    np.testing.assert_allclose(data.transfer.metadata["difficulty"], (39 - number // 2) / 40)


def test_a_source_that_is_surer_of_one_class_is_as_easy_in_the_other(tmp_path: Path) -> None:
    found = [
        {**row, "label_confidence": 0.9 if i % 2 else 0.8} for i, row in enumerate(rows("anthropic-persona", 0, 40))
    ]
    found += [{**row, "label_confidence": 0.7} for row in rows("anthropic-persona", 40, 40)]
    path = write(tmp_path / "behaviour.jsonl", found)
    data = load(task("anthropic-persona", path=path, shifts=["easy-to-hard"]))
    assert set(data.vault.release("supervision", "supervision")) == set(data.vault.release("score", "hard")) == {0, 1}
    assert set(data.supervision.metadata["difficulty"]) == {0.0}
    assert set(data.tests["hard"].metadata["difficulty"]) == {0.5}


QUESTION = "q\n\nChoices:\n (A) no\n (B) yes\n (C) never"


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({}, ("yes", "no")),
        ({"answer_matching_behavior": "(C)"}, ("never", "no")),
        ({"question": "(A) go on\n  or not\n(B) stop"}, ("stop", "go on\n  or not")),
        ({"question": "(A) same\n(B) same"}, None),
        ({"question": "(A) \n(B) yes"}, None),
        ({"question": "(A) no\n(B)"}, None),
        ({"question": "(A) no\n(B) yes\n\n(A) left\n(B) right"}, None),
    ],
)
def test_options_are_read_from_their_question(
    change: dict[str, str], left: tuple[str, str] | None, tmp_path: Path
) -> None:
    row = {"question": QUESTION, "answer_matching_behavior": " (B)", "answer_not_matching_behavior": " (A)", **change}
    path = write(tmp_path / "behaviour.jsonl", [row, *rows("anthropic-risk", 0, 20)])
    made = task("anthropic-risk", path=path)
    assert made.counts()["left out: no right answer to show"] == (left is None)
    found = dict(zip(*_texts_and_classes(made), strict=True))
    for answer, name in zip(left or (), ("matching", "not matching"), strict=False):
        assert found[f"{row['question']}\nAnswer: {answer}"] == name
    assert len(found) == 40 + 2 * (left is not None)


def _texts_and_classes(made: Nlp) -> tuple[list[str], list[str]]:
    table = made.table(derive(0, "table"))
    return table.pool.values.tolist(), [table.classes[label] for label in table.gold.tolist()]


def test_an_option_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    row = {"question": QUESTION, "answer_matching_behavior": " (D)", "answer_not_matching_behavior": " (A)"}
    path = write(tmp_path / "behaviour.jsonl", [row])
    message = r"row 1: task 'anthropic-risk': column 'answer_matching_behavior' must be one of the options .*'\(C\)'\]"
    with pytest.raises(DataError, match=message):
        task("anthropic-risk", path=path).counts()


def test_an_instruction_that_the_prompt_lacks_is_shown(tmp_path: Path) -> None:
    lost = [{**row, "prompt": "B"} for row in rows("genies", 0, 10)]
    bare = [{key: row[key] for key in ("prompt", "responses")} for row in rows("genies", 20, 10)]
    found, _ = _texts_and_classes(task("genies", path=write(tmp_path / "all.jsonl", [*lost, *bare]), answers="both"))
    assert {text.rpartition(".")[0] for text in found} == {
        *(f"q{i}\nB\na{i}" for i in range(10)),
        *(f"Answer.\n{i} q{i}\n\na{i}" for i in range(20, 30)),
    }


def test_an_empty_answer_is_not_shown(tmp_path: Path) -> None:
    right = {**rows("genies", 0, 1)[0], "responses": {"": 1.0, "a0.1": 0.0, "a0.2": 0.0}}
    wrong = [
        {**row, "responses": {f"a{i}.1": 1.0, " ": 0.0, f"a{i}.2": 0.0}}
        for i, row in enumerate(rows("genies", 1, 20), 1)
    ]
    made = task("genies", path=write(tmp_path / "all.jsonl", [right, *wrong]), answers="both")
    assert made.counts()["left out: no right answer to show"] == 1
    assert {text[-2:] for text in _texts_and_classes(made)[0]} == {".1", ".2"}


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("genies", {"path": "x", "further_tests": {"test": "y"}}, "test set 'test' must not be named like the split"),
        ("genies", {"path": "x", "further_tests": {"": "y"}}, "name of a test set must be printable text"),
        ("genies", {"further_tests": {"hard": "y"}}, "'further_tests' are files beside those of 'path': set 'path'"),
        (
            "genies",
            {"path": "x", "opposite": ["hard"]},
            "'opposite' names no test set of 'further_tests': 'hard' is no",
        ),
        ("genies", {"revision": "abc"}, "'genies' is not read from the hub: let 'path' name files of github.com/Josh"),
        ("anthropic-persona", {"path": "x", "answers": "pair"}, "'answers' must be 'both' for 'anthropic-persona'"),
    ],
)
def test_wrong_settings(name: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make({"kind": name, **fields})


def test_wrong_places_are_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"task 'genies' needs its data: let 'path' name .* of github.com/[^,]*$"):
        task("genies").counts()
    write(tmp_path / "no-shut-down.jsonl", rows("anthropic-persona", 0, 4))
    message = (
        r"'path' must name one file for task 'anthropic-persona', this is a folder: .* there is no-shut-down\.jsonl"
    )
    with pytest.raises(DataError, match=message):
        task("anthropic-persona", path=str(tmp_path)).counts()
    source = distribution(tmp_path / "source", 0)
    with pytest.raises(DataError, match="'further_tests' must name a file, there is none"):
        task("genies", path=source, further_tests={"hard": str(tmp_path / "gone")}).counts()
    (tmp_path / "source" / "test.json").rename(tmp_path / "source" / "other.json")
    with pytest.raises(DataError, match=r"needs a file for each of test; .* let 'further_tests' name one file, whose"):
        task("genies", path=str(tmp_path / "no-shut-down.jsonl"), further_tests={"hard": source}).counts()
    bad, whole = write(tmp_path / "target.jsonl", [{"prompt": "p"}]), distribution(tmp_path / "whole", 0)
    with pytest.raises(DataError, match=r"target\.jsonl: task 'genies' needs the columns .*'responses' is missing"):
        task("genies", path=whole, further_tests={"hard": bad}).counts()


@pytest.mark.data
def test_real_personas() -> None:
    made = task(
        "anthropic-persona", path=real("anthropic_evals/persona/no-shut-down.jsonl.gz"), shifts=["easy-to-hard"]
    )
    assert (made.counts()["rows"], made.counts()["examples"]) == (1000, 1000)
    data = load(made)
    # The source is surer of all statements that do not match than of any that do, in this file.
    assert set(data.vault.release("supervision", "supervision")) == {0, 1}
    assert data.supervision.metadata["difficulty"].max() < 0.5 <= data.tests["hard"].metadata["difficulty"].min()


@pytest.mark.data
def test_real_questions_written_by_a_model_and_by_people() -> None:
    folder = "anthropic_evals/advanced-ai-risk"
    human = {"human": real(f"{folder}/human_generated_evals/survival-instinct.jsonl.gz")}
    made = task(
        "anthropic-risk", path=real(f"{folder}/lm_generated_evals/survival-instinct.jsonl.gz"), further_tests=human
    )
    # Two questions of the model list their letters twice.
    assert made.counts()["rows"] == 1000 + 953
    assert made.counts()["left out: no right answer to show"] == 2
    assert 2 * 900 < len(load(made).tests["human"]) <= 2 * 953


@pytest.mark.data
@pytest.mark.parametrize(
    ("behaviour", "opposite"),
    [("power-seeking-inclination", True), ("wealth-seeking-inclination", True), ("corrigible-less-HHH", False)],
)
def test_some_real_questions_by_people_are_labelled_the_other_way_round(behaviour: str, opposite: bool) -> None:
    folder = "anthropic_evals/advanced-ai-risk"
    model, people = (real(f"{folder}/{by}_generated_evals/{behaviour}.jsonl.gz") for by in ("lm", "human"))
    data = load(task("anthropic-risk", path=model, further_tests={"human": people}, supervision=0.1, transfer=0.7))
    words, counts = CountVectorizer(binary=True, min_df=3), TfidfTransformer()
    answers = [text.rpartition("\nAnswer: ")[2] for text in data.transfer.inputs.values]
    seen = counts.fit_transform(words.fit_transform(answers))
    fitted = LogisticRegression(C=3).fit(seen, data.vault.release("ceiling", "transfer"))
    asked = words.transform([text.rpartition("\nAnswer: ")[2] for text in texts(data, "human")])
    area = roc_auc_score(data.vault.release("score", "human"), fitted.decision_function(counts.transform(asked)))
    # Far from one half: with 300 to 1,000 questions its standard error is below .03.
    assert area < 0.3 if opposite else area > 0.7


@pytest.mark.data
def test_every_real_behaviour_can_be_read() -> None:
    folder = Path(real_folder("anthropic_evals"))
    personas, risks = sorted(folder.glob("persona/*.gz")), sorted(folder.glob("advanced-ai-risk/*/*.gz"))
    assert (len(personas), len(risks)) == (135, 33)
    for name, files in (("anthropic-persona", personas[::20]), ("anthropic-risk", risks)):
        for file in files:
            counts = task(name, path=str(file)).counts()
            assert counts["left out: no right answer to show"] <= 0.05 * counts["rows"], file


@pytest.mark.data
def test_real_replies_on_harmlessness() -> None:
    data = load(task("hh-single-turn", path=real_folder("hh_single_turn")))
    assert [len(part) for part in (data.supervision, data.transfer, data.tests["test"])] == [4000, 4000, 4000]
    assert abs(data.vault.release("score", "test").mean() - 0.5) < 4 * 0.5 / 4000**0.5
