"""Tasks of written answers: sums, and GSM8K from files of its real schema."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from task_data import real

from w2sg.core import DataError, Task, TaskData, WrittenAnswers, derive, number_match, registry
from w2sg.tasks import Gsm8k, Sums
from w2sg.tasks.written.gsm8k import written


def loaded(spec: Any, seed: int = 0) -> TaskData:
    task = registry.build("tasks", spec)
    assert isinstance(task, Task)
    return task.load(derive(seed, "task"))


@pytest.mark.parametrize("backward", [True, False])
def test_sums_are_right(backward: bool) -> None:
    data = loaded({"kind": "sums", "rows": 600, "supervision": 50, "transfer": 200, "backward": backward})
    assert data.question == WrittenAnswers("exact")
    for split, part in {"supervision": data.supervision, **data.labelled_by_supervisor()}.items():
        for prompt, answer in zip(part.inputs.values, data.vault.release("score", split), strict=True):
            first, second = prompt.removesuffix("=").split("+")
            assert int(first) + int(second) == int(answer[::-1] if backward else answer)
            assert len(answer) == 3


def test_sums_are_the_same_under_every_seed_and_at_most_all() -> None:
    spec = {"kind": "sums", "digits": 1, "rows": 5000, "supervision": 20, "transfer": 40}
    one, other = loaded(spec), loaded(spec, 1)
    assert len(one.corpus) == 100
    assert one.corpus.digest == other.corpus.digest
    assert len({str(text) for text in one.corpus.values}) == 100
    assert not set(Sums(rows=200).places()) - set(Sums(rows=300).places())


def test_difficulty_is_the_number_of_carries() -> None:
    data = loaded({"kind": "sums", "rows": 600, "supervision": 50, "transfer": 200})
    for prompt, difficulty in zip(data.transfer.inputs.values, data.transfer.metadata["difficulty"], strict=True):
        first, second = map(int, prompt.removesuffix("=").split("+"))
        ones = first % 10 + second % 10 > 9
        assert difficulty == ones + (first // 10 + second // 10 + ones > 9)


def test_sums_go_from_easy_to_hard() -> None:
    spec = {"kind": "sums", "rows": 2000, "supervision": 100, "transfer": 200, "shifts": ["easy-to-hard"]}
    data = loaded(spec)
    (name,) = [name for name in data.tests if name != "test"]
    hard = data.tests[name].metadata["difficulty"]
    assert hard.min() >= data.transfer.metadata["difficulty"].max()
    assert data.vault.release("score", name).dtype == object


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    solved, train = [], []
    for i in range(40):
        told = {"6b": f"so\n2 * {i} = <<2*{i}={2 * i}>>{2 * i}\nA: {2 * i if i % 2 else 1000}", "175b": "no idea"}
        worked = {name: {"solution": text, "is_correct": bool(i % 2) and name == "6b"} for name, text in told.items()}
        end = f"Twice.\n2 * {i} = <<2*{i}={2 * i}>>{2 * i}"
        solved.append(json.dumps({"question": f"Twice {i}?", "ground_truth": f"{end}\nA: {2 * i:,}", **worked}))
        train.append(json.dumps({"question": f"Twice {i}?", "answer": f"{end}\n#### {2 * i}"}))
    (tmp_path / "example_model_solutions.jsonl").write_text("\n".join(solved))
    (tmp_path / "train.jsonl.gz").write_bytes(gzip.compress("\n".join(train).encode()))
    (tmp_path / "test.jsonl").write_text("\n".join(train[:7]).replace("Twice ", "What is twice "))
    return tmp_path


def test_solved_questions_have_what_systems_wrote(folder: Path) -> None:
    data = loaded({"kind": "gsm8k", "folder": str(folder)})
    assert data.question == WrittenAnswers("number")
    assert (len(data.supervision), len(data.transfer), len(data.tests["test"])) == (10, 20, 10)
    gold = data.vault.release("score", "transfer")
    said, lost = (data.transfer.metadata[f"written.{name}"] for name in ("6b", "175b"))
    number = [int(str(prompt).removeprefix("Twice ").removesuffix("?\n")) for prompt in data.transfer.inputs.values]
    assert gold.tolist() == [f"Twice.\n2 * {i} = {2 * i}\n#### {2 * i}" for i in number]
    np.testing.assert_array_equal(number_match(said, gold), [bool(i % 2) for i in number])
    assert set(lost) == {"no idea"}
    assert set(data.transfer.metadata["difficulty"]) == {2}


def test_bare_answers_are_final_numbers(folder: Path) -> None:
    data = loaded({"kind": "gsm8k", "folder": str(folder), "worked": False})
    assert all(text.isdigit() for text in data.vault.release("score", "test"))
    assert set(data.transfer.metadata["written.175b"]) == {""}


def test_published_questions_are_dealt_from_train_and_scored_on_test(folder: Path) -> None:
    data = loaded({"kind": "gsm8k", "folder": str(folder), "questions": "published"})
    assert len(data.supervision) + len(data.transfer) == 40
    assert sorted(data.tests["test"].inputs.values) == sorted(f"What is twice {i}?\n" for i in range(7))
    assert not any(name.startswith("written.") for name in data.transfer.metadata)


@pytest.mark.parametrize(
    ("solution", "worked", "expected"),
    [
        ("A: $1,000", True, "#### 1000"),
        ("half\nA: 0.50", True, "half\n#### 0.5"),
        ("half\nA: 0.50", False, "0.5"),
        ("x = <<1+1=2>>2 of them\nA: none", True, "x = 2 of them\n#### 2"),
        ("a <<1+1=2>>2", True, "a 2"),
    ],
)
def test_solutions_are_written_in_one_way(solution: str, worked: bool, expected: str) -> None:
    assert written(solution, worked) == expected


def test_what_is_missing_is_named(folder: Path) -> None:
    (folder / "test.jsonl").unlink()
    with pytest.raises(DataError, match="'folder' must hold test.jsonl .or .gz of it. of GSM8K, it has none"):
        loaded({"kind": "gsm8k", "folder": str(folder), "questions": "published"})
    path = folder / "example_model_solutions.jsonl"
    row = {"question": "How many?", "ground_truth": "none", "6b": {"solution": "1"}, "175b": {"solution": "2"}}
    path.write_text(f"{path.read_text()}\n{json.dumps(row)}")
    with pytest.raises(DataError, match="row 41: a solution must end in a number, got 'none'"):
        loaded({"kind": "gsm8k", "folder": str(folder)})


def test_another_file_is_another_fingerprint(folder: Path) -> None:
    task = Gsm8k(folder=str(folder))
    before = task.fingerprint()
    path = folder / "example_model_solutions.jsonl"
    path.write_text(path.read_text().replace("Twice 0?", "Twice nought?"))
    assert task.fingerprint() != before
    assert any("nought" in str(text) for text in task.load(derive(0, "task")).corpus.values)


@pytest.mark.data
def test_the_scorer_agrees_with_the_published_verdicts() -> None:
    content = gzip.decompress(Path(real("gsm8k/example_model_solutions.jsonl.gz")).read_bytes())
    rows = [json.loads(line) for line in content.splitlines()]
    for system in ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"):
        verdicts = [row[system]["is_correct"] for row in rows]
        for worked in (True, False):
            said = [written(row[system]["solution"], worked) for row in rows]
            right = number_match(said, [written(row["ground_truth"], worked) for row in rows])
            np.testing.assert_array_equal(right, verdicts)
