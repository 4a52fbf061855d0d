import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from supervisor_data import Data, blobs, digits, examples_of, label

from w2sg.core import ClassProbabilities, ConfigError, InputError, IntArray, derive
from w2sg.core.registry import build
from w2sg.supervisors import Panel
from w2sg.supervisors.combine import Combination
from w2sg.supervisors.panel import PanelLabeller

MEMBERS: list[object] = [
    "simulated-uniform",
    "simulated-uniform",
    {"kind": "simulated", "accuracy": 0.6},
    {"kind": "simulated", "accuracy": 0.9, "structure": "confusion"},
    "rules",
]


def made(members: Sequence[object], **fields: object) -> Panel:
    panel = build("supervisors", {"kind": "panel", "members": list(members), **fields})
    assert isinstance(panel, Panel)
    return panel


def voted(n: int = 60, seed: int = 0) -> Data:
    examples, gold = blobs(n, seed=seed)
    votes = np.random.default_rng(seed).integers(-1, 3, size=(n, 4))
    return examples_of(examples.inputs.values, votes=votes), gold


@settings(max_examples=25, deadline=None)
@given(
    order=st.permutations(range(5)),
    combine=st.sampled_from(["mean", "majority", "dawid-skene"]),
    split=st.booleans(),
)
def test_order_of_members_does_not_matter(order: list[int], combine: Combination, split: bool) -> None:
    plain = made(MEMBERS, combine=combine, split_supervision=split)
    moved = made([MEMBERS[place] for place in order], combine=combine, split_supervision=split)
    np.testing.assert_array_equal(label(moved, *voted(), 3), label(plain, *voted(), 3))


@pytest.mark.parametrize("combine", ["mean", "majority", "dawid-skene"])
def test_a_panel_of_independent_annotators_beats_its_members(combine: str) -> None:
    examples, gold = blobs(1000)
    panel = made([{"kind": "simulated", "accuracy": 0.7}] * 5, combine=combine)
    weak = label(panel, examples, gold, 3)
    np.testing.assert_allclose(weak.sum(axis=1), 1, atol=1e-4)
    assert (weak.argmax(axis=1) == gold).mean() > 0.8
    np.testing.assert_array_equal(weak, label(panel, examples, gold, 3))
    assert (weak != label(panel, examples, gold, 3, seed=1)).any()


def test_dawid_skene_trusts_the_better_members() -> None:
    examples, gold = blobs(2000)
    members = [{"kind": "simulated", "accuracy": a} for a in (0.95, 0.9, 0.4, 0.4, 0.4, 0.4)]
    right = {
        combine: (label(made(members, combine=combine), examples, gold, 3).argmax(axis=1) == gold).mean()
        for combine in ("majority", "dawid-skene")
    }
    assert right["dawid-skene"] > right["majority"] + 0.05


def test_mean_is_the_mean_of_soft_labels() -> None:
    examples, gold = voted()
    panel = made(["rules", {"kind": "rules", "combine": "mean"}])
    each = [label(member, examples, gold, 3) for member in panel.members]
    np.testing.assert_allclose(label(panel, examples, gold, 3), np.mean(each, axis=0))


class Recorder:
    """Stands for a fitted member, and remembers whether it saw gold."""

    def __init__(self) -> None:
        self.gold: list[IntArray | None] = []

    def label(self, examples: object, gold: IntArray | None, rng: np.random.Generator) -> ClassProbabilities:
        self.gold.append(gold)
        return ClassProbabilities(np.full((4, 3), 1 / 3))


def test_gold_reaches_only_members_that_simulate() -> None:
    panel = made(["rules", "simulated-uniform"])
    assert panel.simulates
    assert not made(["rules", "rules"]).simulates
    recorders = [Recorder(), Recorder()]
    examples, gold = voted(4)
    PanelLabeller(panel, 3, tuple(recorders)).label(examples, gold, derive(0))  # type: ignore[arg-type]
    for (member, _), recorder in zip(panel.ordered(), recorders, strict=True):
        assert (recorder.gold[0] is not None) == member.simulates


def test_split_supervision_gives_disjoint_shares() -> None:
    shares = list(made(MEMBERS, split_supervision=True)._shares(12, derive(0)))
    assert sorted(map(len, shares)) == [2, 2, 2, 3, 3]
    assert sorted(np.concatenate(shares)) == list(range(12))
    assert all(len(rows) == 12 for rows in made(MEMBERS)._shares(12, derive(0)))


def test_panel_of_five_trains_on_fifths() -> None:
    on, (examples, gold) = digits()
    panel = build("supervisors", "panel-of-five")
    assert isinstance(panel, Panel)
    weak = label(panel, examples, gold, 10, fitted_on=on)
    alone = label(panel.members[0], examples, gold, 10, fitted_on=(on[0].take(np.arange(120)), on[1][:120]))
    assert (weak.argmax(axis=1) == gold).mean() > (alone.argmax(axis=1) == gold).mean() > 0.6


def test_bad_panels_are_explained() -> None:
    with pytest.raises(ConfigError, match=r"members: tuple should have at least 2 items .* 1"):
        made(["rules"])
    with pytest.raises(ConfigError, match=r"members.1.accuracy: input should be less than or equal to 1, got 2"):
        made(["rules", {"kind": "simulated", "accuracy": 2}])
    with pytest.raises(InputError, match="split_supervision needs at least 5 supervision examples .* got 3: enlarge"):
        label(made(MEMBERS, split_supervision=True), *voted(3), 3)


def test_config_survives_its_own_text() -> None:
    panel = made([*MEMBERS, {"kind": "panel", "members": ["rules", "fewer-labels"]}], combine="majority")
    again = build("supervisors", json.loads(panel.canonical()))
    assert again == panel
    assert again.digest() == panel.digest()
    assert hash(again) == hash(panel)
