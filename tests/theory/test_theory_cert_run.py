"""All certificates of a run: labels are spent as declared, delta is split in the open, and the whole holds."""

from typing import Any

import numpy as np
import pytest

from w2sg.core import Examples, Inputs, derive
from w2sg.core.errors import InputError
from w2sg.theory import together
from w2sg.theory.certificates import CLAIMS, Certified, certify_run
from w2sg.theory.looking import one_of_each

N = 2000


class World:
    """Two classes; the supervisor is right on .8 of the inputs, the student on .88, independently."""

    def __init__(self, seed: int = 0, n: int = N, soft: bool = False) -> None:
        rng = derive(seed, "world")
        self.gold = rng.integers(2, size=n)
        self.weak, self.student = (np.where(rng.random(n) < right, self.gold, 1 - self.gold) for right in (0.8, 0.88))
        self.asked: list[np.ndarray] = []
        self.rng = derive(seed, "audit")
        if soft:
            self.weak, self.student = np.eye(2)[self.weak] * 0.7 + 0.15, np.eye(2)[self.student] * 0.8 + 0.1

    def ask(self, rows: np.ndarray) -> np.ndarray:
        self.asked.append(rows)
        return np.asarray(self.gold[rows])

    def certified(self, k: int = 200, delta: float = 0.05, **other: Any) -> Certified:
        given: dict[str, Any] = {} if self.weak.ndim == 2 else {"n_classes": 2}
        return certify_run(self.weak, self.student, self.ask, k, delta, self.rng, **(given | other))


def test_labels_are_spent_as_declared() -> None:
    world = World()
    found = world.certified(200, on_disagreements=0.25)
    (asked,) = world.asked
    assert asked.tolist() == found.rows.tolist()
    assert len(np.unique(asked)) == len(asked) == 200
    assert found.n_random == 150
    differs = world.weak != world.student
    assert found.n_disagreements == differs.sum()
    assert differs[asked[150:]].all()
    assert found.certificates["gain"].n_labels == differs[asked].sum()
    assert found.certificates["student_risk"].n_labels == 150


def test_delta_is_split_over_what_can_be_certified() -> None:
    for soft in (False, True):
        found = World(soft=soft).certified()
        assert together(list(found.certificates.values())) == pytest.approx(0.05)
        assert set(found.certificates) | set(found.skipped) == set(CLAIMS)
        ratio = found.certificates["gain"].delta / found.certificates["gain_reach"].delta
        assert ratio == pytest.approx(CLAIMS["gain"].weight / CLAIMS["gain_reach"].weight)
    assert "gain_squared" in found.certificates
    assert found.skipped["student_risk_agreement"] == "needs held-out labels of the weak supervisor"
    assert found.skipped["gain_explicit"] == "needs a bound of the best student's risk"


def test_every_claim_can_be_certified() -> None:
    world = World(soft=True)
    said, labels = np.tile([[0.9, 0.1]], (100, 1)), np.arange(100) < 20
    found = world.certified(400, held_out=(said, labels.astype(int)), approximation=0.05)
    assert set(found.certificates) == set(CLAIMS)
    assert not found.skipped


def test_claims_may_be_chosen() -> None:
    found = World().certified(claims={"gain": 3, "student_risk": 1})
    assert [one.delta for one in found.certificates.values()] == pytest.approx([0.0375, 0.0125])
    gain, risk = found.certificates["gain"], found.certificates["student_risk"]
    assert gain.low is not None
    assert gain.low > 0
    assert (risk.low or 0) < 0.12 < (risk.high or 0)


def test_soft_and_hard_predictions_certify_the_same_errors() -> None:
    hard, soft = (World(soft=soft).certified(claims={"gain": 1, "gain_paired": 1}) for soft in (False, True))
    assert hard.certificates == soft.certificates


def test_no_labels_leave_what_is_free() -> None:
    world = World()
    found = world.certified(0)
    assert world.asked == []
    assert set(found.certificates) == {"gain", "gain_reach"}
    assert found.certificates["gain"].low == pytest.approx(-0.28, abs=0.04)
    assert found.skipped["student_risk"] == "needs labels drawn at random"


def test_labels_that_no_disagreement_needs_are_not_bought() -> None:
    world = World()
    world.student = world.weak.copy()
    world.student[:7] = 1 - world.student[:7]
    found = world.certified(200)
    assert found.n_random == 100
    assert 100 < len(found.rows) <= 107
    assert found.certificates["gain"].n_labels == 7
    world.student = world.weak
    same = world.certified(200)
    assert same.certificates["gain"].n_labels == 0
    assert same.certificates["gain"].low == pytest.approx(0, abs=0.01)


def test_one_stratum_without_a_label_is_an_abstention() -> None:
    world = World()
    world.student = 1 - world.weak
    world.student[0] = world.weak[0]
    found = world.certified(20)
    assert found.skipped["student_risk_stratified"] == "a stratum has inputs but no label"
    assert together(list(found.certificates.values())) < 0.05


def test_the_whole_holds() -> None:
    """All unconditional certificates together, in 300 worlds: the budget is .2, the union bound is far from tight."""
    truth = {"gain": 0.08, "student_risk": 0.12, "weak_risk": 0.2, "gain_paired": 0.08, "gain_reach": 0.08}
    broken = 0
    for seed in range(300):
        found = World(seed).certified(100, 0.2, claims=dict.fromkeys(truth, 1))
        ends = ((found.certificates[name], value) for name, value in truth.items())
        broken += any(
            not (-1 if one.low is None else one.low) <= value <= (1 if one.high is None else one.high)
            for one, value in ends
        )
    assert broken / 300 <= 0.2


def test_bounds_stay_where_the_quantity_can_be() -> None:
    for seed in range(20):
        found = World(seed, soft=True).certified(8).certificates
        assert found["gain_squared"].low is None or found["gain_squared"].low >= -2
        powered = found.get("student_risk_powered")
        if powered is not None:
            assert powered.low is not None
            assert powered.high is not None
            assert 0 <= powered.low <= powered.high <= 1


def test_a_gain_without_labels_says_what_it_rests_on() -> None:
    found = World().certified(0).certificates["gain"]
    assert found.method == "share of disagreements (clopper-pearson)"
    assert len(found.assumptions) == 1


def test_one_example_of_each_group_is_certified() -> None:
    groups = np.array([3, 3, 1, 1, 1, 2])
    examples = Examples(np.arange(6), Inputs.of(np.zeros((6, 1))), {"together": groups})
    drawn = [one_of_each(examples, np.random.default_rng(seed)) for seed in range(30)]
    assert all(sorted(groups[rows]) == [1, 2, 3] for rows in drawn)
    assert {int(row) for rows in drawn for row in rows} == set(range(6))
    alone = Examples(np.arange(6), Inputs.of(np.zeros((6, 1))))
    assert one_of_each(alone, np.random.default_rng(0)).tolist() == list(range(6))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"k": N + 1}, "k must be from 0 to the 2000 inputs"),
        ({"k": -1}, "k must be from 0"),
        ({"delta": 0.0}, "delta must be between 0 and 1"),
        ({"n_classes": None}, "n_classes must be given"),
        ({"on_disagreements": 1.5}, "on_disagreements must be between 0 and 1"),
        ({"claims": {"luck": 1}}, "claims must be some of gain, student_risk.*got luck"),
        ({"claims": {}}, "got none"),
        ({"claims": {"gain": 0}}, "weights of claims must be positive"),
        ({"held_out": ([0.5], [0])}, "held_out must be a vector of class numbers"),
        ({"held_out": ([0, 1], [0])}, "predictions in the form of weak for each of its labels"),
    ],
)
def test_what_is_refused(other: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        World().certified(**other)


def test_predictions_and_answers_that_do_not_fit() -> None:
    world = World()
    calls: list[tuple[Any, Any, Any, str]] = [
        (world.weak, world.student[:5], world.ask, "same inputs"),
        (world.weak, np.full((N, 2), np.nan), world.ask, "student must be probabilities"),
        (world.weak, np.full((N, 2), 0.7), world.ask, "rows of student must sum to 1"),
        (world.weak, np.full((N, 3), 1 / 3), world.ask, r"probabilities of shape \(N, 2\)"),
        (world.weak + 1, world.student, world.ask, "weak must be classes"),
        (world.weak, world.student, lambda rows: rows, "what ask returned must be classes"),
        (world.weak, world.student, lambda rows: [0], "a class for each row, got 1 for 50"),
        ([], [], world.ask, "same inputs"),
    ]
    for weak, student, ask, message in calls:
        with pytest.raises(InputError, match=message):
            certify_run(weak, student, ask, 50 if len(weak) else 0, 0.05, world.rng, n_classes=2)
