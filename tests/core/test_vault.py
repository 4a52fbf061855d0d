import dataclasses

import numpy as np
import pytest

from w2sg.core import ClassProbabilities, GoldError, InputError, Inputs, Rehearsal, Vault, WeakSplit, WeakView, derive
from w2sg.core.vault import PURPOSES

SPLITS = ("supervision", "transfer", "validation", "test", "rotation")


@pytest.fixture
def vault() -> Vault:
    return Vault({split: np.arange(6 + i) % 2 for i, split in enumerate(SPLITS)})


ALLOWED = {
    "supervision": ("supervision",),
    "ceiling": ("transfer",),
    "simulate": SPLITS,
    "score": SPLITS,
    "information": ("supervision",),
}


def test_the_purposes_are_known_here() -> None:
    assert set(PURPOSES) == {*ALLOWED, "audit", "aggregates", "show"}


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("purpose", ALLOWED)
def test_a_purpose_has_its_splits_only(vault: Vault, purpose: str, split: str) -> None:
    if split in ALLOWED[purpose]:
        gold = vault.release(purpose, split)
        np.testing.assert_array_equal(gold, np.arange(len(gold)) % 2)
        (release,) = vault.record
        assert (release.purpose, release.split, release.n, release.rows) == (purpose, split, len(gold), None)
    else:
        with pytest.raises(GoldError, match=f"purpose '{purpose}' may not have the gold of split '{split}'"):
            vault.release(purpose, split)
        assert vault.record == ()


@pytest.mark.parametrize("purpose", ["training", "audit", "aggregates", "show", "", "audit(5)"])
def test_no_other_purpose_has_any(vault: Vault, purpose: str) -> None:
    with pytest.raises(
        GoldError,
        match=f"for supervision, simulate, ceiling, score, information; got {purpose!r}".replace("(", r"\(").replace(
            ")", r"\)"
        ),
    ):
        vault.release(purpose, "transfer")
    with pytest.raises(GoldError, match="split 'nowhere'"):
        vault.release("score", "nowhere")
    assert vault.record == ()


def test_every_hand_out_is_written_down_in_order(vault: Vault) -> None:
    vault.release("supervision", "supervision")
    vault.release("score", "test")
    vault.release("score", "test")
    vault.audit("transfer", 3, derive(0, "audit"))
    assert [(out.purpose, out.split, out.n) for out in vault.record] == [
        ("supervision", "supervision", 6),
        ("score", "test", 9),
        ("score", "test", 9),
        ("audit", "transfer", 3),
    ]
    with pytest.raises(dataclasses.FrozenInstanceError):
        vault.record[0].n = 0  # type: ignore[misc]


def test_an_audit_buys_so_many_labels_and_no_more(vault: Vault) -> None:
    bought = vault.audit("test", 4, derive(0, "audit"))
    assert len(set(bought.rows.tolist())) == 4
    np.testing.assert_array_equal(bought.gold, bought.rows % 2)
    assert bought.gold.base is None
    for k in (0, 10):
        with pytest.raises(InputError, match=f"takes 1 to 9 labels, got {k}"):
            vault.audit("test", k, derive(0, "audit"))


def test_gold_is_a_copy_that_nobody_can_change() -> None:
    mine = np.array([0, 1, 1])
    vault = Vault({"test": mine})
    mine[0] = 1
    gold = vault.release("score", "test")
    assert gold.tolist() == [0, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        gold[0] = 1


def test_a_vault_shows_no_gold() -> None:
    vault = Vault({"test": np.array([7, 8, 9])})
    assert repr(vault) == "Vault(test; 0 hand-outs)"
    assert not any(character in repr(vault) for character in "789")
    assert not hasattr(vault, "gold")


def test_a_view_has_no_field_for_gold_ids_or_metadata() -> None:
    given = [field.name for field in dataclasses.fields(WeakView) if field.default is dataclasses.MISSING]
    assert given == ["transfer", "validation", "corpus", "question"]
    asked_for = {field.name: field.default for field in dataclasses.fields(WeakView) if field.name not in given}
    assert asked_for == {"audit": None, "aggregates": None, "supervision": None, "rehearsals": ()}
    assert [field.name for field in dataclasses.fields(WeakSplit)] == ["inputs", "weak"]
    assert [field.name for field in dataclasses.fields(Rehearsal)] == ["weak", "held_out"]
    assert [field.name for field in dataclasses.fields(Inputs)] == ["pool", "rows"]


def test_weak_labels_are_a_read_only_copy_of_a_fitting_shape() -> None:
    inputs, weak = Inputs.of(np.zeros((3, 2))), np.full((3, 2), 0.5)
    split = WeakSplit(inputs, ClassProbabilities(weak))
    weak[0] = 0
    assert split.weak.probabilities[0].tolist() == [0.5, 0.5]
    assert split.weak.probabilities.base is None
    with pytest.raises(ValueError, match="read-only"):
        split.weak.probabilities[0] = 1
    with pytest.raises(InputError, match="a weak signal must be for all 3 inputs, got 2"):
        WeakSplit(inputs, ClassProbabilities(weak[:2]))
    with pytest.raises(InputError, match=r"class probabilities must have shape \(n, k\), got \(3,\)"):
        ClassProbabilities(weak[:, 0])


def test_labels_that_are_bought_by_row_are_written_down() -> None:
    vault = Vault({"test": np.array([3, 1, 2, 0])})
    assert vault.buy("test", np.array([2, 0])).tolist() == [2, 3]
    assert [(out.purpose, out.split, out.n) for out in vault.record] == [("audit", "test", 2)]
    with pytest.raises(InputError, match="rows 0 to 3, got 1 to 4"):
        vault.buy("test", np.array([1, 4]))


def test_single_labels_are_handed_out_for_stated_purposes_only() -> None:
    vault = Vault({"test": np.arange(4)})
    with pytest.raises(GoldError, match="single labels are handed out for audit, score or show; got 'curiosity'"):
        vault.buy("test", np.array([0]), purpose="curiosity")
    assert vault.buy("test", np.array([2]), purpose="score").tolist() == [2]
