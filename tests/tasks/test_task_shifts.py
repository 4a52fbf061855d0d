from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from task_data import Writer, files, make

from w2sg.core import ConfigError, DataError, TaskData, derive
from w2sg.tasks import Noise, Occlusion, Rotation

STANDARD_ERRORS = 4.0


def digits(*shifts: object, **fields: Any) -> TaskData:
    return make({"kind": "digits", "shifts": shifts, **fields}).load(derive(0, "split"))


def test_image_shifts_keep_identity_and_gold() -> None:
    data = digits("noise", {"kind": "rotation", "degrees": 45}, {"kind": "occlusion", "title": "hidden"})
    assert list(data.tests) == ["test", "noise", "rotation", "hidden"]
    plain = data.tests["test"]
    for name, part in data.tests.items():
        np.testing.assert_array_equal(part.ids, plain.ids)
        np.testing.assert_array_equal(data.vault.release("score", name), data.vault.release("score", "test"))
        if name != "test":
            assert part.inputs.values.shape == plain.inputs.values.shape
            assert part.inputs.values.dtype == np.float32
            assert part.inputs.pool is not plain.inputs.pool
            assert not np.array_equal(part.inputs.values, plain.inputs.values)


def test_a_shift_does_not_depend_on_the_others_and_leaves_the_splits_alone() -> None:
    alone, together, none = digits("noise"), digits("rotation", "noise"), digits()
    assert alone.tests["noise"].inputs.digest == together.tests["noise"].inputs.digest
    np.testing.assert_array_equal(alone.transfer.ids, none.transfer.ids)


def test_noise_has_its_standard_deviation() -> None:
    noise = Noise(sd=0.5).apply(np.zeros((200, 8, 8)), derive(0, "noise"))
    assert abs(noise.std() - 0.5) < STANDARD_ERRORS * 0.5 / np.sqrt(2 * noise.size)


def test_rotation_by_a_right_angle_is_exact() -> None:
    image = np.arange(16.0).reshape(1, 4, 4)
    turned = Rotation(degrees=90).apply(image, derive(0, "rotation"))
    np.testing.assert_allclose(turned[0], np.rot90(image[0]), atol=1e-5)


def test_occlusion_hides_its_share_anywhere() -> None:
    images = Occlusion(share=0.25).apply(np.ones((300, 8, 8)), derive(0, "occlusion"))
    np.testing.assert_array_equal((images == 0).sum(axis=(1, 2)), 16)
    assert (images == 0).any(axis=0).all()


@pytest.mark.parametrize(
    ("task", "shifts", "message"),
    [
        ("wine", ["noise"], r"shift 'noise' needs images \(n, h, w\), got an array of shape \(68, 13\)"),
        (
            "digits",
            [{"kind": "domain", "source": ["a"]}],
            "shift 'domain' needs the column 'domain', .* has no metadata",
        ),
        ("digits", [{"kind": "groups", "shares": {"a": 1}}], "shift 'groups' needs the column 'group'"),
        ("digits", ["easy-to-hard"], "shift 'easy-to-hard' needs the column 'difficulty'"),
        ("digits", ["noise", {"kind": "noise", "sd": 1}], "there is a test set 'noise' already: set 'title'"),
    ],
)
def test_a_shift_that_does_not_fit_says_why(task: str, shifts: Sequence[object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make({"kind": task, "shifts": shifts}).load(derive(0, "split"))


def test_shift_fields_are_checked_with_their_path() -> None:
    with pytest.raises(ConfigError, match=r"shifts\.0\.sd: input should be greater than 0"):
        make({"kind": "digits", "shifts": [{"kind": "noise", "sd": -1}]})
    with pytest.raises(ConfigError, match="did you mean 'noise'"):
        make({"kind": "digits", "shifts": ["nois"]})


@pytest.fixture
def shop(write: Writer) -> Path:
    """300 rows from three shops, two groups and five levels of difficulty."""
    rows = [f"{i % 7 + i / 1000},{i % 2},{'abc'[i % 3]},{'old' if i % 4 else 'new'},{i % 5}" for i in range(300)]
    return write("shop.csv", "x,label,shop,age,steps\n" + "\n".join(rows) + "\n")


def load(path: Path, *shifts: object, **fields: Any) -> TaskData:
    named = {"domain": "shop", "group": "age", "difficulty": "steps"}
    return files(path, **named, shifts=shifts, **fields).load(derive(0, "split"))


def test_domain_shift(shop: Path) -> None:
    data = load(shop, {"kind": "domain", "source": ["a"]})
    assert {name: len(part) for name, part in data.tests.items()} == {"test": 25, "b": 100, "c": 100}
    for part in (data.supervision, data.transfer, data.tests["test"]):
        assert set(part.metadata["domain"].tolist()) == {"a"}
    assert set(data.tests["b"].metadata["domain"].tolist()) == {"b"}
    assert len(data.corpus) == 300


def test_domain_shift_with_named_targets(shop: Path) -> None:
    data = load(shop, {"kind": "domain", "source": ["a", "b"], "target": ["c"], "title": "elsewhere"})
    assert {name: len(part) for name, part in data.tests.items()} == {"test": 50, "elsewhere": 100}


def test_group_shift(shop: Path) -> None:
    data = load(shop, {"kind": "groups", "shares": {"new": 0.5, "old": 0.5}})
    test, mixed = data.tests["test"], data.tests["groups"]
    n_new = int((test.metadata["group"] == "new").sum())
    assert len(mixed) == 2 * n_new
    assert (mixed.metadata["group"] == "new").mean() == 0.5
    assert set(mixed.ids.tolist()) < set(test.ids.tolist())
    gold = dict(zip(test.ids.tolist(), data.vault.release("score", "test").tolist(), strict=True))
    assert [gold[i] for i in mixed.ids.tolist()] == data.vault.release("score", "groups").tolist()


def test_easy_to_hard(shop: Path) -> None:
    data = load(shop, {"kind": "easy-to-hard", "share": 0.4})
    assert set(data.supervision.metadata["difficulty"].tolist()) == {0.0, 1.0}
    assert data.tests["hard"].metadata["difficulty"].min() == 2
    assert set(data.transfer.metadata["difficulty"].tolist()) == {0.0, 1.0, 2.0, 3.0, 4.0}
    assert len(data.supervision) == 75


@pytest.mark.parametrize(
    ("shift", "message"),
    [
        ({"kind": "domain", "source": ["z"]}, "column 'domain' has no value 'z'; it has 'a', 'b', 'c'"),
        ({"kind": "domain", "source": ["a"], "target": ["a"]}, "'a' is both in 'source' and in 'target'"),
        ({"kind": "domain", "source": ["a", "b", "c"]}, "has no value beside 'source'"),
        (
            {"kind": "groups", "shares": {"new": 0.5, "young": 0.5}},
            "no test row has group 'young'; it has 'new', 'old'",
        ),
        ({"kind": "groups", "shares": {"new": 0.5}}, "'shares' must add up to 1, got 0.5"),
        ({"kind": "easy-to-hard", "share": 0.99}, "no row of the test split is hard .* lower 'share'"),
    ],
)
def test_shifts_by_column_say_what_is_wrong(shop: Path, shift: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(shop, shift)


def test_too_few_easy_rows_are_an_error(shop: Path) -> None:
    with pytest.raises(DataError, match="split 'supervision' needs 100 rows, 60 of 300 are left"):
        load(shop, {"kind": "easy-to-hard", "share": 0.1}, supervision=100)


def test_held_out_families_are_not_supervised_and_are_a_test_set(shop: Path) -> None:
    plain = load(shop)
    families = np.unique(plain.supervision.metadata["group"].astype(str)).tolist()
    data = load(shop, {"kind": "held-out", "families": families[:1], "title": "new"})
    assert families[0] not in data.supervision.metadata["group"].astype(str)
    assert families[0] in data.transfer.metadata["group"].astype(str)
    assert set(data.tests["new"].metadata["group"].astype(str)) == set(families[:1])
    assert set(data.tests["new"].ids.tolist()) < set(data.tests["test"].ids.tolist())
    with pytest.raises(DataError, match="shift 'held-out': column 'group' has no value 'nowhere'; it has"):
        load(shop, {"kind": "held-out", "families": ["nowhere"]})


def test_a_scarce_class_is_kept_out_of_one_split_and_no_commoner_on_its_test_set() -> None:
    scarce = {"kind": "scarce-class", "split": "transfer", "kept": 0.25}
    sizes = {"supervision": 200, "transfer": 400, "test": 300}
    plain, found = digits(**sizes), digits(scarce, **sizes)

    def share(data: TaskData, purpose: str, split: str) -> float:
        return float((data.vault.release(purpose, split) == 9).mean())

    assert len(found.transfer) == len(plain.transfer)
    assert share(found, "ceiling", "transfer") < 0.4 * share(plain, "ceiling", "transfer")
    np.testing.assert_array_equal(found.supervision.ids, plain.supervision.ids)
    # What transfer may not hold is left for the test split; the test set of the shift has the shares of all rows.
    assert share(found, "score", "test") > share(plain, "score", "test")
    assert abs(share(found, "score", "scarce-class") - 0.1) < 0.005
    assert set(found.tests["scarce-class"].ids) <= set(found.tests["test"].ids)
