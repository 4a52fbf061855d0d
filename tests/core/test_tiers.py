"""What a method sees beyond weak labels is what its tier asks for, and each hand-out is told before it happens."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from w2sg.core import (
    Classes,
    Examples,
    GoldError,
    InformationTier,
    InputError,
    Inputs,
    Release,
    TaskData,
    Texts,
    Vault,
    WeakView,
    WrittenAnswers,
    as_texts,
    derive,
    listening,
)

GOLD = {"supervision": np.array([0, 0, 1, 2]), "transfer": np.arange(6) % 3, "test": np.array([2, 1])}
TIERS = list(InformationTier)


def data(question: Any = None, gold: Any = None) -> TaskData:
    """A small task of three classes."""
    parts = {
        name: Examples(np.arange(len(column)), Inputs.of(as_texts([f"{name} {i}" for i in range(len(column))])))
        for name, column in GOLD.items()
    }
    return TaskData(
        question=question or Classes(("a", "b", "c")),
        supervision=parts["supervision"],
        transfer=parts["transfer"],
        validation=None,
        tests={"test": parts["test"]},
        corpus=parts["transfer"].inputs,
        vault=Vault(gold or GOLD),
    )


def view(task: TaskData, tier: InformationTier, **fields: Any) -> WeakView[Any]:
    truth = task.question.truth(task.vault.release("score", "transfer"))
    return task.view({"transfer": truth}, tier=tier, asked_by="me", **fields)


@pytest.mark.parametrize("tier", TIERS)
def test_a_view_has_what_the_tier_asks_for_and_no_more(tier: InformationTier) -> None:
    shown = view(data(), tier)
    assert (shown.aggregates is not None) == (tier != InformationTier.WEAK_LABELS)
    assert (shown.supervision is not None) == (tier == InformationTier.SUPERVISION_GOLD)
    assert shown.audit is None
    assert (shown.transfer.weak.named == GOLD["transfer"]).all()


def test_each_tier_knows_what_those_before_it_know() -> None:
    for first in range(3):
        for second in range(3):
            assert TIERS[first].includes(TIERS[second]) == (first >= second)


def test_aggregates_are_sums_and_not_labels() -> None:
    told = view(data(), InformationTier.AGGREGATES).aggregates
    assert told is not None
    assert (told.n, told.supervisor_accuracy, told.confusion) == (4, None, None)
    assert told.class_shares is not None
    np.testing.assert_allclose(told.class_shares, [0.5, 0.25, 0.25])


def test_texts_have_no_class_shares() -> None:
    gold = {name: as_texts([str(number) for number in column]) for name, column in GOLD.items()}
    shown = view(data(WrittenAnswers(), gold), InformationTier.SUPERVISION_GOLD)
    assert shown.aggregates is not None
    assert (shown.aggregates.n, shown.aggregates.class_shares) == (4, None)
    assert shown.supervision is not None
    assert shown.supervision.gold.tolist() == ["0", "0", "1", "2"]
    assert shown.supervision.inputs.texts == [f"supervision {i}" for i in range(4)]
    assert isinstance(shown.transfer.weak, Texts)


@pytest.mark.parametrize(
    ("tier", "audits", "told"),
    [
        (InformationTier.WEAK_LABELS, 0, []),
        (InformationTier.WEAK_LABELS, 2, [("audit", "transfer", 2)]),
        (InformationTier.AGGREGATES, 0, [("aggregates", "supervision", 4)]),
        (
            InformationTier.SUPERVISION_GOLD,
            3,
            [("aggregates", "supervision", 4), ("audit", "transfer", 3), ("information", "supervision", 4)],
        ),
    ],
)
def test_each_hand_out_is_announced_with_who_asked(tier: InformationTier, audits: int, told: list[Any]) -> None:
    task, heard = data(), list[Release]()
    weak = {"transfer": task.question.truth(GOLD["transfer"])}
    with listening(heard.append):
        shown = task.view(weak, tier=tier, audits=audits, rng=derive(0, "audit"), asked_by="me")
    assert sorted((out.purpose, out.split, out.n) for out in heard) == told
    assert {out.asked_by for out in heard} <= {"me"}
    assert task.vault.record == tuple(heard)
    if audits:
        assert shown.audit is not None
        np.testing.assert_array_equal(shown.audit.gold, GOLD["transfer"][shown.audit.rows])


@pytest.mark.parametrize("ask", ["release", "aggregates", "audit", "buy", "gold_view"])
def test_what_cannot_be_written_down_stays_in_the_vault(ask: str) -> None:
    task = data()

    def full_disk(_: Release) -> None:
        raise OSError("no space left")

    asks: dict[str, Any] = {
        "release": lambda: task.vault.release("information", "supervision"),
        "aggregates": lambda: task.vault.aggregates("supervision", 3),
        "audit": lambda: task.vault.audit("transfer", 2, derive(0, "audit")),
        "buy": lambda: task.vault.buy("test", np.array([0])),
        "gold_view": task.gold_view,
    }
    with listening(full_disk), pytest.raises(OSError, match="no space left"):
        asks[ask]()
    assert task.vault.record == ()


@pytest.mark.parametrize("split", ["transfer", "test"])
def test_only_the_supervision_split_is_told_of(split: str) -> None:
    task = data()
    with pytest.raises(GoldError, match=f"purpose 'aggregates' may not have the gold of split '{split}'"):
        task.vault.aggregates(split, 3)
    with pytest.raises(GoldError, match=f"purpose 'information' may not have the gold of split '{split}'"):
        task.vault.release("information", split)


def test_an_audit_is_drawn_at_random() -> None:
    with pytest.raises(InputError, match="2 audited labels are drawn at random: give 'rng'"):
        view(data(), InformationTier.WEAK_LABELS, audits=2)


def test_the_ceiling_sees_gold_in_the_place_of_weak_labels() -> None:
    task = replace(data())
    shown = task.gold_view()
    assert (shown.transfer.weak.named == GOLD["transfer"]).all()
    assert (shown.validation, shown.audit, shown.aggregates, shown.supervision) == (None, None, None, None)
    assert [(out.purpose, out.split, out.asked_by) for out in task.vault.record] == [("ceiling", "transfer", "ceiling")]
