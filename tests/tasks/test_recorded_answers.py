"""Recorded answers as metadata: through `files`, and through the task that reads three published sets."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from task_data import DATA, Writer, files, make

from w2sg.core import Component, ConfigError, DataError, Supervision, TaskData, UnknownNameError, derive
from w2sg.tasks.answers import Answers, Source, contents_of, read_answers, verification
from w2sg.testing import TaskContract

LETTERS = "ABCD"
Row = dict[str, object]


def put(path: Path, content: object) -> None:
    """Write texts as they are, rows as CSV or JSONL, all else as JSON; gzipped if the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.name.removesuffix(".gz")
    if isinstance(content, list) and name.endswith(".csv"):
        stream = io.StringIO()
        writer = csv.DictWriter(stream, list(content[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(content)
        text = stream.getvalue()
    else:
        text = "\n".join(map(json.dumps, content)) if isinstance(content, list) else json.dumps(content)
    path.write_bytes(gzip.compress(text.encode()) if path.name.endswith(".gz") else text.encode())


def mmlu(folder: Path, subjects: Sequence[str] = ("college_x", "high_school_x", "x"), each: int = 20) -> Path:
    rng = np.random.default_rng(0)
    said: list[Row] = []
    for subject in subjects:
        right = rng.integers(4, size=each).tolist()
        rows: list[Row] = [
            {"question": f"{subject} {i}?", **{f"choice{c}": f"{c} of {i}" for c in range(4)}, "answer": r}
            for i, r in enumerate(right)
        ]
        put(folder / f"test/{subject}_test.csv.gz", rows)
        for i, r in enumerate(right):
            late = "" if i == 0 else LETTERS[r]
            said.append({"subject": subject, "row": i, "answer": LETTERS[r], "early": "A", "late": late})
    put(folder / "llm_predictions.csv.gz", said)
    return folder


def bbh(folder: Path, questions: int = 20) -> Path:
    options = "Options:\n(A) a\n(B) b\n(C) c"
    targets = {"logic_three_objects": ("(A)", "(C)"), "navigate": ("Yes", "No"), "counting": ("3", "14")}
    for task, right in targets.items():
        asked = [f"{task} {i}?" + (f"\n{options}" if task.startswith("logic") else "") for i in range(questions)]
        gold = [right[i % 2] for i in range(questions)]
        put(
            folder / f"tasks/{task}.json",
            {"canary": "x", "examples": [{"input": q, "target": t} for q, t in zip(asked, gold, strict=True)]},
        )
        for kind, predict in (("direct", "{}"), ("cot", "First this.\nSo the answer is {}.")):
            outputs = [
                {"input": f"Q: one\nA: (A)\n\nQ: {q}\nA:", "prediction": predict.format(right[0]), "target": t}
                for q, t in zip(asked, gold, strict=True)
            ]
            if kind == "cot":
                outputs[1]["prediction"] = "So the answer is (A) or (B)."
                outputs[2]["prediction"] = "and so on without an end"
            put(folder / f"code-davinci-002_{kind}/{task}.json", {"canary": "x", "outputs": outputs})
    return folder


def gsm8k(folder: Path, questions: int = 40) -> Path:
    rows = []
    for i in range(questions):
        row: dict[str, Any] = {"question": f"How many are {i}?", "ground_truth": "one step\n" * (1 + i % 3) + f"A: {i}"}
        given = {"6b": f"A: ${i}.0" if i % 4 == 0 else "A: 1,000", "175b": f"A: {i}" if i % 2 == 0 else "A: 1000"}
        if i == 1:
            given["6b"] = "no end"
        for name, solution in given.items():
            right = solution in (f"A: ${i}.0", f"A: {i}")
            row[name] = {"is_correct": right, "solution": f"so many\n{solution}"}
        rows.append(row)
    put(folder / "example_model_solutions.jsonl.gz", rows)
    return folder


MAKERS: dict[str, Callable[[Path], Path]] = {"mmlu": mmlu, "bbh": bbh, "gsm8k": gsm8k}


def read(source: Source, folder: Path, *only: str) -> Answers:
    return read_answers(source, contents_of(source, str(folder)), only)


def load(source: Source, folder: Path, **fields: object) -> TaskData:
    if source == "gsm8k":
        fields = {"judged": "175b", **fields}
    spec = {"kind": "recorded-answers", "source": source, "folder": str(folder), **fields}
    return make(spec).load(derive(0, "split"))


class TestRecordedAnswersContract(TaskContract):
    sources: ClassVar[tuple[str, ...]] = ("mmlu", "bbh", "gsm8k")

    @pytest.fixture(params=sources)
    def component(self, request: pytest.FixtureRequest, tmp_path: Path) -> Component:
        folder = MAKERS[request.param](tmp_path)
        judged = {"judged": "175b"} if request.param == "gsm8k" else {}
        return make({"kind": "recorded-answers", "source": request.param, "folder": str(folder), **judged})


def test_mmlu_puts_options_under_the_question(tmp_path: Path) -> None:
    found = read("mmlu", mmlu(tmp_path))
    assert found.texts[0] == "college_x 0?\nA. 0 of 0\nB. 1 of 0\nC. 2 of 0\nD. 3 of 0"
    assert found.classes == tuple(LETTERS)
    assert found.recorded["early"].tolist() == [0] * 60
    assert np.flatnonzero(found.recorded["late"] == -1).tolist() == [0, 20, 40]
    answered = found.recorded["late"] >= 0
    np.testing.assert_array_equal(found.recorded["late"][answered], found.gold[answered])
    np.testing.assert_array_equal(found.difficulty, np.repeat([2, 1, np.nan], 20))


def test_what_is_kept_decides_which_columns_there_are(tmp_path: Path) -> None:
    folder = mmlu(tmp_path)
    whole, graded = load("mmlu", folder), load("mmlu", folder, only=["college", "high_school"])
    assert set(whole.transfer.metadata) == {"recorded.early", "recorded.late", "group"}
    assert set(graded.transfer.metadata) == {"recorded.early", "recorded.late", "group", "difficulty"}
    assert set(graded.transfer.metadata["group"]) == {"college_x", "high_school_x"}
    assert len(graded.corpus) == 40


def test_bbh_reads_letters_and_words_and_leaves_open_questions_out(tmp_path: Path) -> None:
    found = read("bbh", bbh(tmp_path))
    assert len(found.texts) == 40
    assert found.classes == ("A", "C", "no", "yes")
    assert found.gold[:2].tolist() == [0, 1]
    assert found.recorded["direct"].tolist() == [0] * 20 + [3] * 20
    assert found.recorded["chain-of-thought"][:4].tolist() == [0, -1, -1, 0]
    assert set(found.group) == {"logic_three_objects", "navigate"}
    np.testing.assert_array_equal(found.difficulty, np.repeat([3, np.nan], 20))
    np.testing.assert_array_equal(found.options, np.repeat([3, 2], 20))
    with pytest.raises(DataError, match=r"whose answers are labels such as \(A\) or yes, got \['counting'\]"):
        read("bbh", tmp_path, "counting")


def test_gsm8k_asks_whether_a_solution_is_right(tmp_path: Path) -> None:
    found = read("gsm8k", gsm8k(tmp_path))
    assert (found.recorded["6b"] == found.gold).sum() == 10
    assert np.unique(found.difficulty).tolist() == [1, 2, 3]
    asked = verification(found, "175b")
    assert asked.texts[3] == "How many are 3?\nso many\nA: 1000"
    assert asked.gold.tolist() == [1, 0] * 20
    # right together on every fourth, wrong together on the odd ones, and no number from the other once
    assert asked.recorded["6b"].tolist() == [1, -1, 0, 1] + [1, 1, 0, 1] * 9
    assert list(asked.recorded) == ["6b"]
    with pytest.raises(UnknownNameError, match="unknown system .* '1750b': did you mean '175b'"):
        verification(found, "1750b")


def test_gold_of_the_task_is_that_of_its_rows(tmp_path: Path) -> None:
    data = load("gsm8k", gsm8k(tmp_path))
    right = ["A: 1000" not in text for text in data.transfer.inputs.values]
    np.testing.assert_array_equal(data.vault.release("score", "transfer"), right)
    assert data.question.names == ("wrong", "right")


def test_a_supervisor_learns_what_recorded_answers_mean(tmp_path: Path) -> None:
    from w2sg.core import registry
    from w2sg.supervisors import Recorded

    data = load("mmlu", mmlu(tmp_path))
    supervisor = registry.build("supervisors", {"kind": "recorded", "by": "late", "labels": "one-hot"})
    assert isinstance(supervisor, Recorded)
    gold = data.vault.release("supervision", "supervision")
    labeller = supervisor.fit(Supervision(data.supervision, gold, data.question, data.corpus), derive(0, "fit"))
    weak = labeller.label(data.transfer, None, derive(0, "label"))
    right = weak.named == data.vault.release("score", "transfer")
    assert right[data.transfer.metadata["recorded.late"] >= 0].all()


def test_the_fingerprint_follows_every_file(tmp_path: Path) -> None:
    spec = {"kind": "recorded-answers", "source": "bbh", "folder": str(bbh(tmp_path))}
    before = make(spec).fingerprint()
    path = tmp_path / "code-davinci-002_cot/navigate.json"
    path.write_text(path.read_text().replace("is Yes", "is No"))
    assert make(spec).fingerprint() != before


def test_files_that_do_not_fit_are_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'folder' must hold llm_predictions.csv .* of 'mmlu', it has none"):
        load("mmlu", tmp_path)
    folder = mmlu(tmp_path / "m")
    (folder / "test/x_test.csv.gz").unlink()
    with pytest.raises(DataError, match="has answers of subject 'x', but there is no test/x_test.csv"):
        read("mmlu", folder)
    with pytest.raises(UnknownNameError, match="unknown beginning of a subject or task .* 'collage': did you mean"):
        read("mmlu", folder, "collage")
    put(folder / "llm_predictions.csv.gz", [{"subject": "college_x", "row": 20, "answer": "A", "early": "A"}])
    with pytest.raises(DataError, match="row 1: must be the answer of row 20 of 'college_x', it is not"):
        read("mmlu", folder)
    put(folder / "llm_predictions.csv.gz", [{"subjects": "college_x", "row": 0, "answer": "A"}])
    with pytest.raises(DataError, match="a column 'subject' that is not there: did you mean 'subjects'"):
        read("mmlu", folder)


def test_outputs_that_do_not_belong_are_explained(tmp_path: Path) -> None:
    folder = bbh(tmp_path)
    path = folder / "code-davinci-002_direct/navigate.json"
    held = json.loads(path.read_text())
    held["outputs"][4]["input"] = "Q: another\nA:"
    put(path, held)
    with pytest.raises(DataError, match="row 5: must answer question 5 of 'navigate', the prompt is another"):
        read("bbh", folder)
    put(path, {**held, "outputs": held["outputs"][:3]})
    with pytest.raises(DataError, match="must answer the 20 questions of 'navigate', got 3"):
        read("bbh", folder)
    path.unlink()
    with pytest.raises(DataError, match="has no answers code-davinci-002_direct/navigate.json beside it"):
        read("bbh", folder)


def test_a_verdict_that_contradicts_the_numbers_is_an_error(tmp_path: Path) -> None:
    row = {"question": "q", "ground_truth": "s\nA: 2", "6b": {"is_correct": True, "solution": "A: 3"}}
    put(tmp_path / "example_model_solutions.jsonl", [row])
    with pytest.raises(DataError, match="6b: is_correct is True, got 3.0 for 2.0"):
        read("gsm8k", tmp_path)
    put(tmp_path / "example_model_solutions.jsonl", [{**row, "ground_truth": "no number"}])
    with pytest.raises(DataError, match="'ground_truth' must end in a line 'A: ' with a number"):
        read("gsm8k", tmp_path)


def test_fields_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="'only' names mmlu subjects or bbh tasks, gsm8k has none"):
        make({"kind": "recorded-answers", "source": "gsm8k", "folder": "x", "only": ["a"]})
    with pytest.raises(ConfigError, match="'judged' goes with source 'gsm8k' only, got 'a' with 'bbh'"):
        make({"kind": "recorded-answers", "source": "bbh", "folder": "x", "judged": "a"})


def test_files_keep_recorded_answers_beside_the_inputs(write: Writer) -> None:
    lines = [f"{i % 7},{i % 5},{'yes' if i % 2 else 'no'},{'yes' if i % 3 else ''},{i % 2}" for i in range(60)]
    path = write("a.csv", "\n".join(["x,z,label,weak,strong", *lines]))
    data = files(path, recorded={"small": "weak", "large": "strong"}, allow_leak=True, duplicates="apart").load(
        derive(0, "split")
    )
    assert set(data.transfer.metadata) == {"recorded.small", "recorded.large"}
    assert data.corpus.values.shape == (60, 2)
    rows = data.transfer.ids
    np.testing.assert_array_equal(data.transfer.metadata["recorded.small"], np.where(rows % 3, 1, -1))
    np.testing.assert_array_equal(data.transfer.metadata["recorded.large"], rows % 2)


def test_recorded_columns_of_files_are_checked(write: Writer) -> None:
    path = write("a.csv", "x,label,weak\n" + "".join(f"{i * i},{i % 2},{i % 2}\n" for i in range(20)) + "3,1,maybe\n")
    with pytest.raises(DataError, match=r"row 21: recorded must be -1 .* or a class of \['0', '1'\], got 'maybe'"):
        files(path, recorded={"m": "weak"}).load(derive(0, "split"))
    with pytest.raises(DataError, match="recorded names a column 'week' that is not there: did you mean 'weak'"):
        files(path, features=["x"], recorded={"m": "week"}).load(derive(0, "split"))
    with pytest.raises(ConfigError, match="'recorded' must not name the label column 'label': it is the right answer"):
        files(path, recorded={"m": "label"})
    with pytest.raises(ConfigError, match="'recorded' holds classes of 'label', it goes with neither 'pair' nor"):
        files(path, recorded={"m": "weak"}, pair=["x", "label"])
    listed = write("b.json", json.dumps([{"t": str(i), "label": i % 2, "m": [0, 1]} for i in range(20)]))
    with pytest.raises(DataError, match="'m' .recorded. must hold one answer in a cell, got 2"):
        files(listed, text="t", recorded={"m": "m"}).load(derive(0, "split"))


def test_files_read_rows_that_lie_beside_notes(write: Writer) -> None:
    rows = [{"input": f"question {i}", "target": "Yes" if i % 2 else "No"} for i in range(20)]
    path = write("a.json", json.dumps({"canary": "do not train", "examples": rows}))
    assert len(files(path, text="input", label="target").load(derive(0, "split")).corpus) == 20


def real(source: Source) -> Answers:
    if not (DATA / source).is_dir():
        pytest.skip(f"no {DATA / source}")
    return read(source, DATA / source)


def shares(answers: Answers) -> dict[str, float]:
    return {name: round(float((given == answers.gold).mean()), 4) for name, given in answers.recorded.items()}


@pytest.mark.data
def test_real_mmlu() -> None:
    found = real("mmlu")
    assert len(found.texts) == 12343
    assert len(set(found.group)) == 55
    assert all(0.46 < share < 0.47 for share in shares(found).values())
    assert len(found.recorded) == 5


@pytest.mark.data
def test_real_bbh() -> None:
    found = real("bbh")
    assert len(found.texts) == 27 * 250 - 63 - 104 - 72 - 4 * 250 - 3  # three small sets, four open ones, three stray
    assert len(set(found.group)) == 23
    assert {name: (given < 0).sum() for name, given in found.recorded.items()} == {"direct": 0, "chain-of-thought": 137}
    assert np.unique(found.difficulty[np.isfinite(found.difficulty)], return_counts=True)[1].tolist() == [500] * 3
    letters = np.array([ord(found.classes[c]) - ord("A") for c in found.gold if len(found.classes[c]) == 1])
    lettered = [len(found.classes[c]) == 1 for c in found.gold]
    assert (letters < found.options[lettered]).all()


@pytest.mark.data
def test_real_gsm8k() -> None:
    found = real("gsm8k")
    assert len(found.texts) == 1319
    published = {
        "6b_finetuning": 0.2168,
        "6b_verification": 0.3904,
        "175b_finetuning": 0.3472,
        "175b_verification": 0.5625,
    }
    assert shares(found) == published
    assert (found.difficulty == 2).sum() == 326
