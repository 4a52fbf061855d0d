"""Labels in the inputs: what is shown, to whom, and that nothing else of gold comes out with it."""

from typing import Any, ClassVar

import numpy as np
import pytest
from task_data import Writer, make

from w2sg.core import (
    AnyArray,
    ConfigError,
    DataError,
    Examples,
    Supervision,
    TaskData,
    WeakSupervisor,
    derive,
    registry,
)
from w2sg.tasks.notes import with_notes
from w2sg.testing import TaskContract
from w2sg.testing.base import Spec

RIGHT = {"kind": "simulated", "accuracy": 1.0}
COLUMN = "recorded.supervisor"


def shown(task: Any = "wine", seed: int = 0, **fields: Any) -> TaskData:
    spec = {"kind": "shown", "task": task, "supervisor": "few-features", **fields}
    return make(spec).load(derive(seed, "task"))


def splits(data: TaskData) -> dict[str, Examples]:
    return {"supervision": data.supervision, **data.labelled_by_supervisor()}


def named(part: Examples, d: int) -> AnyArray:
    """What inputs of `d` numbers show, `(n,)`; -1 where nothing is shown."""
    columns = part.inputs.values[:, d:]
    assert ((columns > 0).sum(axis=1) <= 1).all()
    return np.where(columns.any(axis=1), columns.argmax(axis=1), -1)


class TestShownContract(TaskContract):
    spec: ClassVar[Spec] = {"kind": "shown", "task": "wine", "supervisor": "few-features", "share": 0.5}


class TestLeakContract(TaskContract):
    spec: ClassVar[Spec] = {"kind": "shown", "task": "digits", "supervisor": "pooled-pixels", "label": "gold"}


def test_without_a_share_inputs_are_those_of_the_task() -> None:
    data, plain = shown(share=0.0), make("wine").load(derive(0, "task"))
    assert data.corpus.digest == plain.corpus.digest
    for name, part in splits(data).items():
        np.testing.assert_array_equal(part.ids, splits(plain)[name].ids)
        assert part.inputs.digest == splits(plain)[name].inputs.digest


@pytest.mark.parametrize("label", ["weak", "gold"])
@pytest.mark.parametrize("share", [0.25, 1.0])
def test_a_share_of_every_split_shows_the_label(label: str, share: float) -> None:
    data = shown(share=share, label=label)
    for name, part in splits(data).items():
        says, weak = named(part, 13), part.metadata[COLUMN]
        told = says >= 0
        assert told.sum() == round(share * len(part))
        expected = weak if label == "weak" else data.vault.release("score", name)
        np.testing.assert_array_equal(says[told], expected[told])


def test_a_dial_turns_what_inputs_show_and_nothing_else() -> None:
    some, more, leak = shown(share=0.25), shown(share=0.75), shown(share=0.75, label="gold")
    for name, part in splits(some).items():
        np.testing.assert_array_equal(part.metadata[COLUMN], splits(more)[name].metadata[COLUMN])
        np.testing.assert_array_equal(part.metadata[COLUMN], splits(leak)[name].metadata[COLUMN])
        np.testing.assert_array_equal(part.inputs.rows, splits(more)[name].inputs.rows)
        np.testing.assert_array_equal(part.inputs.values[:, :13], splits(more)[name].inputs.values[:, :13])
        told = named(part, 13) >= 0
        np.testing.assert_array_equal(named(part, 13)[told], named(splits(more)[name], 13)[told])


def test_hidden_labels_are_in_test_sets_only() -> None:
    data = shown(hide=True)
    assert (named(data.transfer, 13) == -1).all()
    assert (named(data.supervision, 13) == -1).all()
    np.testing.assert_array_equal(named(data.tests["test"], 13), data.tests["test"].metadata[COLUMN])


def test_the_recorded_labels_are_the_weak_labels() -> None:
    data = shown()
    supervisor = registry.build(
        WeakSupervisor, make({"kind": "shown", "task": "wine", "supervisor": RIGHT}).default_supervisor
    )
    gold = data.vault.release("supervision", "supervision")
    given = Supervision(data.supervision, gold, data.question, data.corpus)
    labels = supervisor.fit(given, derive(0)).label(data.transfer, None, derive(0))
    np.testing.assert_array_equal(labels.named, named(data.transfer, 13))
    np.testing.assert_array_equal(labels.probabilities.max(axis=1), 1)


def test_a_supervisor_does_not_repeat_the_gold_that_it_learned_from() -> None:
    """Inputs of the supervision split stand in the corpus: a supervisor that knows its training set would tell it."""
    memory = {"kind": "trained", "student": {"kind": "knn", "k": 1}}
    wrong = []
    for seed in range(3):
        data = shown(seed=seed, supervisor=memory, task={"kind": "wine", "corpus": "all"})
        wrong.append((data.supervision.metadata[COLUMN] != data.vault.release("score", "supervision")).mean())
    assert min(wrong) > 0


def test_every_label_that_is_shown_is_told_to_the_ledger() -> None:
    weak, leak = shown(), shown(label="gold", share=0.5)
    assert [(r.purpose, r.split) for r in weak.vault.record] == [("supervision", "supervision")]
    bought = {r.split: r.n for r in leak.vault.record if r.purpose == "show"}
    assert bought == {name: round(0.5 * len(part)) for name, part in splits(leak).items()}
    assert {r.purpose for r in leak.vault.record} == {"supervision", "show"}


def test_noise_of_labels_does_not_follow_from_the_seed_alone() -> None:
    """Two tasks that differ in gold alone: whoever knows the seed only cannot tell where the errors are."""
    wrong = []
    for noise in (0.5, 0.6):
        task = {"kind": "gaussian", "noise": noise}
        data = shown(task=task, supervisor={"kind": "simulated", "accuracy": 0.75})
        wrong.append(data.transfer.metadata[COLUMN] != data.vault.release("score", "transfer"))
    assert wrong[0].sum() == wrong[1].sum()
    assert not np.array_equal(wrong[0], wrong[1])


def test_who_shows_a_label_tells_nothing_of_it() -> None:
    told, right = [], []
    for seed in range(20):
        data = shown(share=0.5, seed=seed)
        told.append(named(data.transfer, 13) >= 0)
        right.append(data.vault.release("score", "transfer") == 0)
    together = np.corrcoef(np.concatenate(told), np.concatenate(right))[0, 1]
    assert abs(together) < 4 / np.sqrt(sum(map(len, told)))


def test_shifted_copies_show_what_their_originals_show() -> None:
    data = shown(task={"kind": "digits", "shifts": ["noise"]}, supervisor="pooled-pixels", share=1.0, label="gold")
    plain, noisy = (data.tests[name].inputs.values[:, 8:] for name in ("test", "noise"))
    np.testing.assert_array_equal(plain, noisy)
    assert data.tests["noise"].inputs.pool is not data.corpus.pool


def test_texts_and_pairs_say_it_in_words(write: Writer) -> None:
    lines = [f"{'good' if i % 2 else 'bad'} film {i},{'yes' if i % 2 else 'no'}" for i in range(80)]
    path = write("texts.csv", "text,label\n" + "\n".join(lines) + "\n")
    task = {"kind": "files", "path": str(path), "text": "text", "allow_leak": True}
    data = shown(task=task, supervisor=RIGHT, sentence="I think {label}!")
    for text in data.transfer.inputs.texts:
        assert text.endswith("I think yes!" if text.startswith("good") else "I think no!")
    pairs = np.array([["a", "b"], ["c", ""]], dtype=object)
    said = with_notes(pairs, np.array([0, 1]), ("no", "yes"), sentence="It is {label}.", reach=0)
    assert said.tolist() == [["a", "b It is no."], ["c", "It is yes."]]
    assert pairs[0, 1] == "b"


def test_images_show_it_in_a_strip_below() -> None:
    values = with_notes(np.zeros((2, 4, 4)), np.array([5, -1]), tuple("abcdef"), sentence="", reach=3.0)
    assert values.shape == (2, 6, 4)
    assert values[0, 5, 1] == 3
    assert np.count_nonzero(values) == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"task": "sums"}, "labels that are shown are classes, and 'sums' is for 'texts'"),
        ({"task": {"kind": "shown", "task": "wine", "supervisor": RIGHT}}, "set its 'share' instead"),
        ({"sentence": "It is so."}, "'sentence' must hold {label} once, got 'It is so.'"),
    ],
)
def test_what_does_not_fit_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        shown(**fields)


def test_other_forms_of_inputs_are_refused() -> None:
    with pytest.raises(DataError, match=r"got inputs of shape \(2, 1, 1, 1\): choose another task"):
        with_notes(np.zeros((2, 1, 1, 1)), np.array([0, 1]), ("a", "b"), sentence="", reach=1)
