"""What every registered task must do, whatever its data."""

import json
from pathlib import Path

import numpy as np
import pytest
from task_data import Writer, make

from w2sg.core import AnyArray, Examples, Task, TaskData, derive, registry
from w2sg.tasks import SplitTask

NAMES = ["digits", "breast-cancer", "wine", "gaussian", "files"]
ELSEWHERE = {"recorded-answers", "nlp", "sums", "gsm8k", "facts", "shown"}
"""Tasks that read a folder of their own, or cannot be made by name: their tests hold them to the same contract."""
MIX = 4.0
"""Standard errors by which the share of a class in the first half of the pool may miss the whole."""


@pytest.fixture
def path(write: Writer) -> Path:
    rng = np.random.default_rng(0)
    lines = [f"{rng.normal():.6f},{rng.normal():.6f},{int(i > 100)}" for i in range(200)]
    return write("sorted.csv", "a,b,label\n" + "\n".join(lines) + "\n")


@pytest.fixture(params=NAMES)
def task(request: pytest.FixtureRequest, path: Path) -> Task:
    return make({"kind": "files", "path": str(path)} if request.param == "files" else request.param)


def splits(data: TaskData) -> dict[str, Examples]:
    return {"supervision": data.supervision, **data.labelled_by_supervisor()}


def test_the_list_names_every_registered_task() -> None:
    assert set(NAMES) | ELSEWHERE == {
        name
        for name in registry.names("tasks")
        if not (entry := registry.lookup("tasks", name)).preset and entry.cls.__module__.startswith("w2sg.tasks")
    }


@pytest.mark.parametrize("seed", [0, 1])
def test_splits_are_disjoint_and_complete(task: Task, seed: int) -> None:
    data = task.load(derive(seed, "split"))
    ids = np.concatenate([part.ids for part in splits(data).values()])
    assert len(np.unique(ids)) == len(ids) == len(data.corpus)
    assert next(iter(data.tests)) == "test"
    for split, part in splits(data).items():
        assert len(part) == len(data.vault.release("score", split))


def test_a_seed_gives_the_same_splits_again_and_another_seed_others(task: Task) -> None:
    one, again, other = (splits(task.load(derive(seed, "split"))) for seed in (0, 0, 1))
    for name in one:
        np.testing.assert_array_equal(one[name].ids, again[name].ids)
        assert one[name].inputs.digest == again[name].inputs.digest
        assert not np.array_equal(one[name].ids, other[name].ids)


def test_pool_owns_its_memory_and_is_read_only(task: Task) -> None:
    data = task.load(derive(0, "split"))
    for part in splits(data).values():
        assert part.inputs.pool is data.corpus.pool
        assert part.inputs.pool.values.base is None
        assert part.inputs.values.base is None
    with pytest.raises(ValueError, match="read-only"):
        data.corpus.pool.values[0] = 0


def test_order_of_the_pool_does_not_tell_labels(task: Task) -> None:
    data = task.load(derive(0, "split"))
    gold = np.full(len(data.corpus), -1)
    for split, part in splits(data).items():
        gold[part.inputs.rows] = data.vault.release("score", split)
    half = len(gold) // 2
    share, first = np.mean(gold == gold.max()), np.mean(gold[:half] == gold.max())
    assert abs(first - share) < MIX * np.sqrt(share * (1 - share) / (2 * half))


def test_the_pool_is_the_same_for_every_seed(task: Task) -> None:
    pools = [task.load(derive(seed, "split")).corpus.digest for seed in (0, 1)]
    assert (pools[0] == pools[1]) == (task.kind != "gaussian")


def test_task_survives_json_and_its_fingerprint_is_stable(task: Task) -> None:
    again = make(json.loads(task.canonical()))
    assert again == task
    assert again.digest() == task.digest()
    assert again.fingerprint() == task.fingerprint()


def test_transfer_corpus_holds_only_transfer(task: Task) -> None:
    data = make({**json.loads(task.canonical()), "corpus": "transfer"}).load(derive(0, "split"))
    np.testing.assert_array_equal(data.corpus.rows, data.transfer.inputs.rows)


def digits() -> tuple[AnyArray, AnyArray]:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images, bunch.target


def test_digits_are_aligned_with_their_source() -> None:
    images, target = digits()
    data = make({"kind": "digits", "validation": 100}).load(derive(3, "split"))
    assert {split: len(part) for split, part in splits(data).items()} == {
        "supervision": 400,
        "transfer": 800,
        "validation": 100,
        "test": 497,
    }
    for split, part in splits(data).items():
        np.testing.assert_array_equal(part.inputs.values, (images[part.ids] / 16).astype(np.float32))
        np.testing.assert_array_equal(data.vault.release("score", split), target[part.ids])


def test_tables_are_standardised_and_aligned() -> None:
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    data = make("breast-cancer").load(derive(0, "split"))
    np.testing.assert_allclose(data.corpus.values.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(data.corpus.values.std(axis=0), 1, atol=1e-5)
    np.testing.assert_array_equal(data.vault.release("score", "test"), bunch.target[data.tests["test"].ids])
    assert data.question.names == ("malignant", "benign")


def test_defaults_name_a_supervisor_and_a_student() -> None:
    assert (make("digits").default_supervisor, make("digits").default_student) == ("pooled-pixels", "nystroem-digits")
    assert make("wine").default_supervisor == "few-features"
    assert issubclass(registry.lookup("tasks", "wine").cls, SplitTask)
