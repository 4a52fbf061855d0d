"""Boosting against loops over rounds, and against scikit-learn's AdaBoost; bagging as a panel on resamples."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pytest
from sklearn.ensemble import AdaBoostClassifier
from sklearn.tree import DecisionTreeClassifier
from supervisor_data import blobs, examples_of, label, supervision_of

from w2sg.core import ConfigError, Fit, FloatArray, InputError, Inputs, IntArray, Predictor, Student, derive, register
from w2sg.core.registry import build
from w2sg.supervisors import Boosted, Panel
from w2sg.supervisors.boosted import BoostedLabeller


def boosted(**fields: object) -> Boosted:
    built = build("supervisors", {"kind": "boosted", **fields})
    assert isinstance(built, Boosted)
    return built


FEW: dict[str, object] = {"kind": "linear", "features": {"kind": "columns", "share": 0.4}}


def fitted(supervisor: Boosted, n: int = 200, k: int = 3) -> tuple[BoostedLabeller, FloatArray, IntArray]:
    examples, gold = blobs(n, k=k)
    labeller = supervisor.fit(supervision_of((examples, gold), k), derive(0, "fit"))
    assert isinstance(labeller, BoostedLabeller)
    said = np.stack([model.predict_proba(examples.inputs) for model in labeller.models])
    return labeller, said, gold


@pytest.mark.parametrize("k", [2, 3])
def test_votes_follow_from_the_weighted_errors(k: int) -> None:
    labeller, said, gold = fitted(boosted(student=FEW), k=k)
    assert len(labeller.models) > 1
    weights = [1.0 / 200] * 200
    for model, vote in zip(said, labeller.votes, strict=True):
        wrong = [i for i in range(200) if model[i].argmax() != gold[i]]
        error = sum(weights[i] for i in wrong)
        expected = np.log((1 - error) / error) + np.log(k - 1)
        assert vote == pytest.approx(expected, rel=1e-6)
        # The released code's update for two classes: by 1 / (2 e) and 1 / (2 (1 - e)); its k-class form is SAMME.
        raised = [w * np.exp(expected) if i in set(wrong) else w for i, w in enumerate(weights)]
        weights = [w / sum(raised) for w in raised]
        if k == 2:
            assert sum(weights[i] for i in wrong) == pytest.approx(0.5)


def test_labels_are_the_weighted_mean_and_members_are_kept() -> None:
    examples, gold = blobs(200)
    labeller, said, _ = fitted(boosted(student=FEW))
    signal = labeller.label(examples, None, derive(0, "label"))
    total = sum(vote * model for vote, model in zip(labeller.votes, said, strict=True)) / labeller.votes.sum()
    np.testing.assert_allclose(signal.probabilities, total, atol=1e-6)
    assert signal.members is not None
    np.testing.assert_allclose(signal.members, said, atol=1e-6)


class Stump(Student):
    """A decision tree of depth 1."""

    kind: Literal["stump"] = "stump"

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor]:
        trees = [DecisionTreeClassifier(max_depth=1, random_state=0) for _ in fits]
        for tree, fit in zip(trees, fits, strict=True):
            tree.fit(fit.inputs.values, fit.targets.argmax(axis=1), sample_weight=fit.weights)
        return [Grown(tree) for tree in trees]


class Grown(Predictor):
    def __init__(self, tree: DecisionTreeClassifier) -> None:
        self.tree = tree

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        return np.asarray(self.tree.predict_proba(inputs.values))


def test_votes_are_those_of_scikit_learns_adaboost() -> None:
    examples, gold = blobs(150, k=3)
    theirs = AdaBoostClassifier(DecisionTreeClassifier(max_depth=1), n_estimators=4, random_state=0)
    theirs.fit(examples.inputs.values, gold)
    register()(Stump)
    labeller = boosted(student="stump", rounds=4).fit(supervision_of((examples, gold), 3), derive(0, "fit"))
    assert isinstance(labeller, BoostedLabeller)
    # Their weights are float64, ours are handed to students as float32.
    np.testing.assert_allclose(labeller.votes, theirs.estimator_weights_, rtol=1e-4)


def test_a_model_without_error_ends_the_sequence() -> None:
    examples, gold = blobs(60, spread=40.0)
    labeller = boosted().fit(supervision_of((examples, gold), 3), derive(0, "fit"))
    assert isinstance(labeller, BoostedLabeller)
    assert len(labeller.models) == 1
    assert (labeller.label(examples, None, derive(0)).named == gold).all()


def test_a_model_no_better_than_chance_labels_alone() -> None:
    examples, _ = blobs(60, k=2)
    alternating = np.arange(60) % 2
    constant = examples.take(np.zeros(60, dtype=np.int64))  # one input, sixty times: nothing can be learned
    labeller = boosted(student="linear").fit(supervision_of((constant, alternating), 2), derive(0, "fit"))
    assert isinstance(labeller, BoostedLabeller)
    assert len(labeller.models) == 1
    np.testing.assert_allclose(labeller.label(constant, None, derive(0)).probabilities, 0.5, atol=1e-4)


def test_boosted_stumps_beat_one() -> None:
    """A class that is a band of one column: one cut cannot say it, several can."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(400, 2))
    data = examples_of(x), (np.abs(x[:, 0]) < 0.5).astype(np.int64)
    register()(Stump)

    def right(rounds: int) -> float:
        weak = label(boosted(student="stump", rounds=rounds), *data, 2)
        return float((weak.argmax(axis=1) == data[1]).mean())

    assert right(1) < 0.8
    assert right(10) > 0.95


def test_an_empty_split_is_explained() -> None:
    examples, gold = blobs(40)
    with pytest.raises(InputError, match="at most the 0 examples of the supervision split, got all"):
        label(boosted(), examples.take(np.arange(0)), gold[:0], 3)


def test_resamples_are_drawn_with_replacement() -> None:
    panel = build("supervisors", "bagged-few-features")
    assert isinstance(panel, Panel)
    shares = list(panel._shares(200, derive(0)))
    assert [len(rows) for rows in shares] == [200] * 5
    assert len({rows.tobytes() for rows in shares}) == 5
    for rows in shares:
        assert 100 < len(np.unique(rows)) < 150  # about 1 - 1/e of 200
        assert (np.diff(rows) >= 0).all()
    both = {"kind": "bagged-few-features", "split_supervision": True}
    with pytest.raises(ConfigError, match="resample_supervision must be false where split_supervision is true"):
        build("supervisors", both)
