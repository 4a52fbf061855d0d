import json
from pathlib import Path

import numpy as np
import pytest

from w2sg.core import DataError, Task, derive, registry


def task(**fields: object) -> Task:
    made = registry.build("tasks", {"kind": "files", "supervision": 10, "transfer": 15, **fields})
    assert isinstance(made, Task)
    return made


def columns_file(folder: Path, label: object = 1) -> str:
    lines = ["question,a,b,c,label"] + [f"Q{i},wrong {i},right {i},bad {i},{label}" for i in range(40)]
    (folder / "choices.csv").write_text("\n".join(lines))
    return str(folder / "choices.csv")


def test_columns_of_answers_become_pairs_of_the_right_and_a_wrong_one(tmp_path: Path) -> None:
    made = task(path=columns_file(tmp_path), choices=["a", "b", "c"], text="question", count_from=0).load(
        derive(0, "task")
    )
    gold = made.vault.release("ceiling", "transfer")
    pairs = made.transfer.inputs.values
    for pair, right, number in zip(pairs, gold, made.transfer.ids, strict=True):
        assert pair[right] == f"Q{number}\nright {number}"
        assert pair[1 - right] in (f"Q{number}\nwrong {number}", f"Q{number}\nbad {number}")
    assert made.question.names == ("first", "second")
    wrong = {pair[1 - right].split("\n")[1].split()[0] for pair, right in zip(pairs, gold, strict=True)}
    assert wrong == {"wrong", "bad"}


def test_one_column_of_scores_names_the_right_answer(tmp_path: Path) -> None:
    rows = [{"q": f"Q{i}", "responses": {f"bad {i}": 0.0, f"good {i}": 1.0}} for i in range(40)]
    (tmp_path / "scores.json").write_text(json.dumps(rows))
    made = task(path=str(tmp_path / "scores.json"), choices="responses").load(derive(0, "task"))
    gold = made.vault.release("score", "test")
    pairs = made.tests["test"].inputs.values
    assert [pair[right].split()[0] for pair, right in zip(pairs, gold, strict=True)] == ["good"] * len(gold)
    assert 0 < np.mean(gold) < 1


@pytest.mark.parametrize(
    ("label", "message"),
    [(7, r"choices\.csv.*row 1.*label '7' in column 'label' is not one of 0, 1, 2: mend it or drop the row")],
)
def test_no_right_answer_is_an_error(tmp_path: Path, label: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        task(path=columns_file(tmp_path, label), choices=["a", "b", "c"]).load(derive(0, "task"))


def test_choices_go_with_no_pair(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="goes with neither 'pair' nor 'features'"):
        task(path=columns_file(tmp_path), choices=["a", "b"], pair=["a", "b"])
