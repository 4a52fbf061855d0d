"""The text data sets: their formats, what rows become, splits, rules and faults."""

import csv
import gzip
import io
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nlp_samples import SAMPLES, Row, expected, rows, wrongs
from task_data import make, real

from w2sg.core import ConfigError, DataError, Task, TaskData, derive, registry
from w2sg.tasks.nlp import BURNS, FORMATS, Nlp
from w2sg.tasks.nlp.shapes import Labelled, fields
from w2sg.testing import TaskContract

TRAIN, TEST = 12, 6


def lines(found: Sequence[Row]) -> str:
    return "\n".join(json.dumps(row) for row in found)


def published(name: str) -> Mapping[str, str]:
    """Return the files of a data set, each with what its rows become; where each file is a task, there is one."""
    return FORMATS[name].splits or {"behaviour": ""}


def folder_of(name: str, folder: Path, train: int = TRAIN, test: int = TEST) -> Path:
    """Write the published splits of a data set, and return what `path` has to name."""
    start = 0
    for split, becomes in published(name).items():
        count = test if becomes == "test" else train
        (folder / f"{split}.jsonl").write_text(lines(rows(name, start, count)))
        start += count
    return folder if FORMATS[name].splits else folder / "behaviour.jsonl"


def task(name: str, path: Path, **more: Any) -> Nlp:
    made = make({"kind": name, "path": str(path), **more})
    assert isinstance(made, Nlp)
    return made


def load(made: Task, seed: int = 0) -> TaskData:
    return made.load(derive(seed, "split"))


def examples(made: Nlp) -> list[tuple[Any, str]]:
    table = made.table(derive(0, "table"))
    return [(text, table.classes[gold]) for text, gold in zip(table.pool.values, table.gold.tolist(), strict=True)]


def texts_of(data: TaskData) -> dict[str, list[Any]]:
    parts = {"supervision": data.supervision, "transfer": data.transfer, **data.tests}
    return {split: list(part.inputs.values) for split, part in parts.items()}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_data_set_becomes_its_texts_and_classes(name: str, tmp_path: Path) -> None:
    made = task(name, folder_of(name, tmp_path), balance=False, answers="both")
    found = examples(made)
    total = sum(TEST if becomes == "test" else TRAIN for becomes in published(name).values())
    for i in range(total):
        assert expected(name, i) in found
    if not FORMATS[name].candidates:
        assert len(found) == total
        return
    assert len(found) == 2 * total
    other, right = FORMATS[name].classes
    assert Counter(label for _, label in found) == {right: total, other: total}
    wrong = {text for text, label in found if label == other}
    assert all(len(wrong & set(wrongs(name, i))) == 1 for i in range(total))


@pytest.mark.parametrize("name", SAMPLES)
def test_every_data_set_loads_by_its_name_with_published_splits(name: str, tmp_path: Path) -> None:
    data = load(task(name, folder_of(name, tmp_path, train=24, test=12), answers="both"))
    parts = texts_of(data)
    flat = [text for part in parts.values() for text in part]
    assert len(set(flat)) == len(flat)
    if "test" in FORMATS[name].splits.values():
        assert {int(i) for text in parts["test"] for i in re.findall(r"\d+", text)[:1]} <= set(
            range(24 * len(published(name)) + 12)
        )
    assert data.question.names == FORMATS[name].classes


def test_the_paper_has_22_tasks_and_no_format_shows_its_label() -> None:
    assert len(BURNS) == 22
    for made in FORMATS.values():
        assert made.source
        assert made.example
        assert made.published
        assert set(made.splits.values()) <= {"", "test"} or made.name == "hh-single-turn"
        if isinstance(made, Labelled):
            assert made.label not in fields(made.template)
            assert set(made.known.values()) == {0, 1}


class TestNlpContract(TaskContract):
    """A text task holds the contract of tasks."""

    @pytest.fixture
    def component(self, tmp_path: Path) -> Nlp:
        return task("boolq", folder_of("boolq", tmp_path, train=60, test=20))


class TestNlpChoiceContract(TaskContract):
    """So does one whose questions give two texts each."""

    @pytest.fixture
    def component(self, tmp_path: Path) -> Nlp:
        return task("sciq", folder_of("sciq", tmp_path, train=30))


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "json", "jsonl.gz", "parquet"])
def test_files_of_every_format_give_the_same_examples(suffix: str, tmp_path: Path) -> None:
    plain = examples(task("sst2", folder_of("sst2", tmp_path)))
    other = tmp_path / "other"
    other.mkdir()
    for split, start, count in (("train", 0, TRAIN), ("dev", TRAIN, TEST)):
        write(other / f"{split}.{suffix}", rows("sst2", start, count))
    assert sorted(examples(task("sst2", other))) == sorted(plain)


def write(path: Path, found: list[Row]) -> None:
    stream = io.StringIO()
    if path.name.endswith(".parquet"):
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        pq.write_table(pa.Table.from_pylist(found), path)
        return
    if ".csv" in path.name:
        writer = csv.DictWriter(stream, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    text = stream.getvalue() or (json.dumps(found) if path.name.endswith(".json") else lines(found))
    path.write_bytes(gzip.compress(text.encode()) if path.name.endswith(".gz") else text.encode())


def test_shards_and_subfolders_as_on_the_hub_are_found(tmp_path: Path) -> None:
    plain = examples(task("sst2", folder_of("sst2", tmp_path)))
    hub = tmp_path / "hub"
    for number in (0, 1):
        file = hub / "data" / f"train-0000{number}-of-00002.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(lines(rows("sst2", 6 * number, 6)))
    (hub / "validation").mkdir()
    (hub / "validation" / "0000.jsonl").write_text(lines(rows("sst2", TRAIN, TEST)))
    assert sorted(examples(task("sst2", hub))) == sorted(plain)


def test_shards_of_two_configurations_are_not_mixed(tmp_path: Path) -> None:
    for config in ("additional", "main"):
        (tmp_path / config).mkdir()
        for split, start in (("train", 0), ("test", TRAIN)):
            file = tmp_path / config / f"{split}-00000-of-00001.jsonl"
            file.write_text(lines(rows("openbookqa", start, TEST)))
    assert task("openbookqa", tmp_path).counts()["rows"] == 2 * TEST
    (tmp_path / "main").rename(tmp_path / "other")
    with pytest.raises(DataError, match=r"has several files, additional.train-.* and other.train-.* the folder of one"):
        task("openbookqa", tmp_path).counts()
    (tmp_path / "other" / "train-00000-of-00001.jsonl").rename(tmp_path / "other" / "train-00000-of-00003.jsonl")
    with pytest.raises(DataError, match=r"split 'train' of task 'openbookqa' has 1 of 3 shards: add the others"):
        task("openbookqa", tmp_path / "other").counts()


def test_one_file_is_dealt(tmp_path: Path) -> None:
    (tmp_path / "all.jsonl").write_text(lines(rows("cola", 0, 40)))
    assert {split: len(part) for split, part in texts_of(load(task("cola", tmp_path / "all.jsonl"))).items()} == {
        "supervision": 10,
        "transfer": 20,
        "test": 10,
    }


@pytest.mark.parametrize("seed", range(5))
def test_texts_of_one_question_are_in_one_split(seed: int, tmp_path: Path) -> None:
    made = task("sciq", folder_of("sciq", tmp_path, train=20), supervision=21, transfer=41)
    parts = texts_of(load(made, seed))
    questions = {split: {text.split("\n")[0] for text in part} for split, part in parts.items()}
    assert not questions["supervision"] & questions["transfer"]
    assert not (questions["supervision"] | questions["transfer"]) & questions["test"]
    assert [len(part) for part in parts.values()] == [21, 41, 56]


def test_rows_of_one_passage_are_in_one_split(tmp_path: Path) -> None:
    found = [{**row, "paragraph": f"passage {i // 8}"} for i, row in enumerate(rows("multirc", 0, 160))]
    (tmp_path / "all.jsonl").write_text(lines(found))
    parts = texts_of(load(task("multirc", tmp_path / "all.jsonl")))
    passages = [{text.split("\n")[0] for text in part} for part in parts.values()]
    assert sum(map(len, passages)) == len(set.union(*passages)) == 20


def test_a_split_that_is_left_without_rows_is_an_error(tmp_path: Path) -> None:
    found = [{**row, "paragraph": "the only one"} for row in rows("multirc", 0, 40)]
    (tmp_path / "all.jsonl").write_text(lines(found))
    with pytest.raises(DataError, match=r"split 'transfer' is left without rows.*stay together: give more rows"):
        load(task("multirc", tmp_path / "all.jsonl"))


def test_pairs_have_the_right_answer_on_either_side(tmp_path: Path) -> None:
    made = task("anthropic-hh", folder_of("anthropic-hh", tmp_path, train=40, test=20))
    assert made.answers == "pair"
    found = examples(made)
    assert all(pair[int(label == "second")].endswith("good") for pair, label in found)
    assert all(pair[int(label == "first")].endswith("bad") for pair, label in found)
    assert {label for _, label in found} == {"first", "second"}
    assert load(made).corpus.values.shape == (60, 2)


def test_one_answer_for_each_question(tmp_path: Path) -> None:
    made = task("sciq", folder_of("sciq", tmp_path, train=40), answers="one", balance=False)
    found = examples(made)
    questions = [text.split("\n")[0] for text, _ in found]
    assert len(set(questions)) == len(questions) == 120
    right = sum(label == "right" for _, label in found)
    assert 30 < right < 90  # far from all on one side


def test_the_number_of_an_example_does_not_tell_its_class(tmp_path: Path) -> None:
    table = task("sciq", folder_of("sciq", tmp_path, train=40)).table(derive(0, "table"))
    right = (table.ids % 2)[table.gold == 1]
    assert 40 < right.sum() < 80  # of 120 questions


def test_a_right_answer_that_cannot_be_shown_alone_leaves_the_question_out(tmp_path: Path) -> None:
    found = [{**row, "label": 3 if i < 4 else 1} for i, row in enumerate(rows("cosmos-qa", 0, 20))]
    (tmp_path / "all.jsonl").write_text(lines(found))
    made = task("cosmos-qa", tmp_path / "all.jsonl")
    assert not any("None of the above" in text for text, _ in examples(made))
    assert made.counts()["left out: no right answer to show"] == 4
    assert made.counts()["examples"] == 32


def test_classes_are_made_equal_in_each_published_split(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(lines([{"sentence": f"s{i}", "label": int(i < 30)} for i in range(40)]))
    (tmp_path / "dev.jsonl").write_text(lines([{"sentence": f"t{i}", "label": int(i < 5)} for i in range(20)]))
    made = task("cola", tmp_path)
    assert made.counts() == {
        "rows": 60,
        "left out: no right answer to show": 0,
        "left out: too long": 0,
        "cut": 0,
        "dropped for balance": 30,
        "examples": 30,
    }
    found = Counter((text[0], label) for text, label in examples(made))
    assert found == {(s, c): n for s, n in (("s", 10), ("t", 5)) for c in ("acceptable", "unacceptable")}
    assert len(examples(task("cola", tmp_path, balance=False))) == 60


def test_long_texts_are_dropped_or_cut_to_their_last_words(tmp_path: Path) -> None:
    found = [{**row, "support": "long " * 50 * (i < 4)} for i, row in enumerate(rows("sciq-support", 0, 20))]
    (tmp_path / "all.jsonl").write_text(lines(found))
    dropped = task("sciq-support", tmp_path / "all.jsonl", words=20)
    assert (dropped.counts()["left out: too long"], dropped.counts()["examples"]) == (4, 32)
    cut = task("sciq-support", tmp_path / "all.jsonl", words=20, longer="cut")
    assert (cut.counts()["cut"], cut.counts()["examples"]) == (4, 40)
    assert max(len(text.split()) for text, _ in examples(cut)) == 20
    assert all(re.search(r"Question: q\d+\nAnswer: a", text) for text, _ in examples(cut))


def test_limit_reads_a_fixed_choice_of_each_file(tmp_path: Path) -> None:
    made = task("sst2", folder_of("sst2", tmp_path, train=40, test=40), limit=10, balance=False)
    assert made.counts()["rows"] == 20
    assert examples(made) == examples(task("sst2", tmp_path, limit=10, balance=False))


def test_metadata_of_a_set_reaches_shifts(tmp_path: Path) -> None:
    found = [{**row, "domain": "news" if i % 4 else "blogs"} for i, row in enumerate(rows("quail", 0, 80))]
    (tmp_path / "all.jsonl").write_text(lines(found))
    shift = {"kind": "domain", "source": ["news"], "target": ["blogs"]}
    data = load(task("quail", tmp_path / "all.jsonl", shifts=[shift]))
    assert len(data.tests["blogs"]) == 40
    assert set(data.transfer.metadata["domain"]) == {"news"}


def faulty(name: str, **change: Any) -> str:
    found: list[Mapping[str, Any]] = [dict(row) for row in rows(name, 0, 4)]
    found[2] = {**found[2], **change}
    return lines(found)


ROW_FAULTS = [
    ("boolq", {"answer": "maybe"}, r"row 3: task 'boolq': label 'maybe' in column 'answer' is not one of 'false', 'tr"),
    ("boolq", {"passage": " "}, r"row 3: task 'boolq': column 'passage' must hold text, it is empty: fill it or drop"),
    ("boolq", {"passage": None}, r"row 3: .*column 'passage' must hold text, got nothing"),
    ("boolq", {"passage": {"a": 1}}, r"row 3: .*column 'passage' must hold text, got an object"),
    ("hellaswag", {"label": ""}, r"row 3: .*label '' in column 'label' is not one of 0, 1, 2, 3: mend it"),
    ("hellaswag", {"endings": "a, b"}, r"column 'endings' must hold a list of answers, got 'a, b': use JSON or Parq"),
    ("hellaswag", {"endings": ["a"], "label": "0"}, r"needs two answers or more, got 1"),
    ("social-i-qa", {"label": "0"}, r"label '0' in column 'label' is not one of 1, 2, 3"),
    ("dream", {"answer": "other"}, r"column 'answer' must repeat one of the answers in 'choice', got 'other'"),
    ("openbookqa", {"choices": ["a", "b"]}, r"column 'choices' must hold an object with 'text' and 'label', got \["),
    ("openbookqa", {"answerKey": "E"}, r"column 'answerKey' must be one of the letters \['A', 'B', 'C', 'D'\], got 'E"),
    ("piqa", {"sol2": ""}, r"column 'sol2' must hold an answer, it is empty"),
]


@pytest.mark.parametrize(("name", "change", "message"), ROW_FAULTS)
def test_a_faulty_row_is_named(name: str, change: dict[str, Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "all.jsonl").write_text(faulty(name, **change))
    with pytest.raises(DataError, match=message):
        task(name, tmp_path / "all.jsonl").counts()


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "all.jsonl").write_text('{"question": "q", "text": "p", "answer": true}')
    message = (
        r"all\.jsonl: task 'boolq' needs the columns 'passage', 'question', 'answer'; 'passage' is missing, there are "
        r"'question', 'text', 'answer': give the files of google/boolq, or rename the columns"
    )
    with pytest.raises(DataError, match=message):
        task("boolq", tmp_path / "all.jsonl").counts()


def test_a_folder_without_a_split_or_with_two_files_for_one_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(lines(rows("boolq", 0, 4)))
    with pytest.raises(
        DataError, match=r"none is named validation or valid or val or dev .*there is train\.jsonl: add"
    ):
        task("boolq", tmp_path).counts()
    folder_of("boolq", tmp_path)
    (tmp_path / "train.csv").write_text("question,passage,answer\n")
    with pytest.raises(
        DataError, match=r"split 'train' of task 'boolq' has several files, train\.csv and train\.jsonl"
    ):
        task("boolq", tmp_path).counts()
    with pytest.raises(DataError, match="'path' must name a file, there is none"):
        task("boolq", tmp_path / "nowhere").fingerprint()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "nlp", "dataset": "boolk"}, "unknown 'dataset' 'boolk': did you mean 'boolq'"),
        ({"kind": "boolq", "answers": "pair"}, "'answers' must be 'both' for 'boolq': its rows give one text each"),
        ({"kind": "boolq", "path": "x", "revision": "y"}, "'path' is a local copy and 'revision' one on the hub"),
    ],
)
def test_wrong_settings(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        registry.build("tasks", fields)


@pytest.mark.data
def test_real_boolean_questions() -> None:
    made = task("boolq", Path(real("boolq/dev.jsonl.gz")))
    assert (made.counts()["rows"], made.counts()["examples"]) == (3270, 2 * (3270 - 2033))
    assert set(np.bincount(made.table(derive(0, "t")).gold)) == {3270 - 2033}


@pytest.mark.data
def test_real_stories() -> None:
    made = task("cosmos-qa", Path(real("cosmosqa/valid.csv.gz")))
    counts = made.counts()
    assert (counts["rows"], counts["examples"]) == (2985, 2 * (2985 - counts["left out: no right answer to show"]))
    contexts = [{text.split("\nQuestion: ")[0] for text in part} for part in texts_of(load(made)).values()]
    assert sum(map(len, contexts)) == len(set.union(*contexts))


@pytest.mark.data
def test_real_preference_pairs() -> None:
    data = load(task("anthropic-hh", Path(real("hh_rlhf/harmless-base_test.jsonl.gz"))))
    assert data.corpus.values.shape == (2312, 2)


@pytest.mark.data
def test_real_reviews_in_the_columns_of_polarity(tmp_path: Path) -> None:
    plain = gzip.decompress(Path(real("sentiment_labelled_sentences/amazon_cells_labelled.txt.gz")).read_bytes())
    found = [line.split("\t") for line in plain.decode().splitlines() if line]
    (tmp_path / "all.jsonl").write_text(lines([{"title": "", "content": text, "label": int(y)} for text, y in found]))
    assert task("amazon-polarity", tmp_path / "all.jsonl").counts()["examples"] == 2 * 464


@pytest.mark.data
def test_real_science_questions_in_the_columns_of_the_hub(tmp_path: Path) -> None:
    asked = json.loads(gzip.decompress(Path(real("openbookqa/test.json.gz")).read_bytes()))
    found = []
    for one in asked:
        stem, *texts = re.split(r"\s+Answer\d: ", one["instruction"].split("\n\nAnswer format")[0])
        key = "ABCD"[int(one["answer"].removeprefix("answer")) - 1]
        question = stem.removeprefix("Please choose the correct answer to the question: ")
        found.append({"question_stem": question, "choices": {"text": texts, "label": list("ABCD")}, "answerKey": key})
    (tmp_path / "all.jsonl").write_text(lines(found))
    assert task("openbookqa", tmp_path / "all.jsonl").counts()["examples"] == 1000
