"""Evidence for a choice without the truth, and the selectors that act on it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from method_data import method
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from w2sg.core import (
    Aggregates,
    ClassProbabilities,
    FloatArray,
    InputError,
    Inputs,
    IntArray,
    LabelledExamples,
    Predictor,
    Rehearsal,
    Student,
    WeakSplit,
    WeakView,
    derive,
    one_hot,
    registry,
)
from w2sg.methods import AutoSupervision
from w2sg.methods.auto.candidates import Committee, candidates, together, views_of
from w2sg.methods.auto.density import gaussians, leading, posterior, unseen
from w2sg.methods.auto.evidence import consensus, mutual_information, separability, share_distance
from w2sg.testing import numbered_classes

N_TRANSFER, N_SUPERVISION, N_TEST = 120, 50, 60
CLOSE = 1e-9


def problem(seed: int = 0, wrong: float = 0.2, k: int = 3) -> tuple[WeakView, IntArray, IntArray]:
    """Clusters, weak labels of which some are wrong at random; the view, and rows and gold of test inputs."""
    rng = np.random.default_rng(seed)
    n = N_TRANSFER + N_SUPERVISION + N_TEST
    gold = rng.permutation(np.arange(n) % k)
    x = (4.0 * np.eye(k, 6)[gold] + rng.normal(size=(n, 6))).astype(np.float32)
    everything = Inputs.of(x)
    first, second = np.arange(N_TRANSFER), np.arange(N_TRANSFER, N_TRANSFER + N_SUPERVISION)
    named = np.where(rng.random(N_TRANSFER) < wrong, rng.integers(k, size=N_TRANSFER), gold[first])
    weak = ClassProbabilities((0.8 * one_hot(named, k) + 0.2 / k).astype(np.float32))
    view = WeakView(
        WeakSplit(everything.take(first), weak),
        None,
        everything,
        numbered_classes(k),
        aggregates=Aggregates(N_SUPERVISION, np.bincount(gold[second], minlength=k) / N_SUPERVISION),
        supervision=LabelledExamples(everything.take(second), gold[second]),
        rehearsals=tuple(Rehearsal(weak, part) for part in np.array_split(np.arange(N_SUPERVISION), 5)),
    )
    last = np.arange(N_TRANSFER + N_SUPERVISION, n)
    return view, last, gold[last]


def linear(**fields: object) -> Student:
    built: Student = registry.build(Student, {"kind": "linear", "features": "raw", **fields})
    return built


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=60))
def test_information_is_scikit_learns_symmetric_and_at_most_an_entropy(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs).T
    found = mutual_information(first, second, 4)
    assert found == pytest.approx(mutual_info_score(first, second), abs=CLOSE)
    assert found == pytest.approx(mutual_information(second, first, 4), abs=CLOSE)
    assert -CLOSE <= found <= entropy(np.bincount(first)) + CLOSE


def test_consensus_weighs_families_alike() -> None:
    right = np.tile([0, 1], 50)
    other = np.repeat([0, 1], 50)  # tells nothing of `right`
    alone = consensus([right, right, other, other, other, other], ["a", "b", "c", "c", "c", "c"], 2)
    # Four of one family agree with each other and nobody else; two of different families agree.
    one_bit = np.log(2)
    np.testing.assert_allclose(alone[:2], one_bit / 2, atol=CLOSE)
    np.testing.assert_allclose(alone[2:], one_bit / 3, atol=CLOSE)


def test_one_student_has_no_consensus() -> None:
    assert consensus([np.array([0, 1])], ["a"], 2).tolist() == [0.0]


def test_naming_one_class_only_is_no_consensus() -> None:
    constant = np.zeros(40, dtype=int)
    assert consensus([constant, constant, constant], ["a", "b", "c"], 2).max() == 0


def test_distance_of_shares() -> None:
    assert share_distance(np.array([0, 0, 1, 1]), np.array([0.5, 0.5])) == 0
    assert share_distance(np.array([0, 0, 0, 0]), np.array([0.25, 0.75])) == pytest.approx(1.5)


@pytest.mark.parametrize(("apart", "low", "high"), [(0.0, 0.35, 0.65), (3.0, 0.95, 1.0)])
def test_inputs_that_differ_are_told_apart_and_others_are_not(apart: float, low: float, high: float) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(150, 4)), apart + rng.normal(size=(220, 4))
    assert low <= separability(first, second, derive(0, "test")) <= high


def test_too_few_inputs_are_not_told_apart() -> None:
    assert separability(np.zeros((4, 2)), np.ones((4, 2)), derive(0, "test")) == 0.5


def test_leading_directions_are_those_of_the_covariance() -> None:
    rng = np.random.default_rng(1)
    for n, d in ((50, 6), (6, 50)):
        x = rng.normal(size=(n, d)) * np.linspace(3, 1, d)
        found, theirs = leading(x, 3), np.linalg.svd(x, full_matrices=False)[2][:3].T
        np.testing.assert_allclose(found @ found.T, theirs @ theirs.T, atol=1e-8)


def test_gaussians_are_linear_discriminant_analysis() -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    rng = np.random.default_rng(2)
    gold = np.arange(90) % 3
    z = 2.0 * np.eye(3)[gold] + rng.normal(size=(90, 3))
    shares = np.full(3, 1 / 3)  # scikit-learn weighs the classes' covariances by them, which is the same only here
    ours = posterior(z, *gaussians(z, np.eye(3)[gold], shares, 1e-12))
    theirs = LinearDiscriminantAnalysis(solver="lsqr", priors=shares).fit(z, gold).predict_proba(z)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_clusters_mend_labels_that_are_wrong_at_random() -> None:
    view, rows, gold = problem(wrong=0.5)
    found = method("gaussian-clusters").fit(view, linear(), derive(0, "test")).predict_proba(view.corpus.take(rows))
    assert (found.argmax(axis=1) == gold).mean() > 0.95
    assert (view.transfer.weak.named == view.transfer.weak.named).mean() == 1


def test_spread_labels_answer_by_the_nearest_known_inputs() -> None:
    view, rows, gold = problem(wrong=0.3)
    found = method("label-spreading").fit(view, linear(), derive(0, "test")).predict_proba(view.corpus.take(rows))
    assert (found.argmax(axis=1) == gold).mean() > 0.9


def test_unseen_inputs_are_those_not_learned_from() -> None:
    view, *_ = problem()
    assert set(unseen(view, derive(0, "test")).rows) == set(range(N_TRANSFER, N_TRANSFER + N_SUPERVISION + N_TEST))
    assert unseen(view.__class__(view.transfer, None, view.transfer.inputs, view.question), derive(0, "t")) is (
        view.transfer.inputs
    )


def test_a_rehearsal_never_teaches_what_it_holds_out() -> None:
    view, *_ = problem()
    assert view.supervision is not None
    for seen, rehearsal in zip(views_of(view)[1:], view.rehearsals, strict=True):
        out = set(view.supervision.inputs.rows[rehearsal.held_out])
        assert not out & set(seen["gold"].transfer.inputs.rows)
        assert not out & set(seen["both"].transfer.inputs.rows)


def test_candidates_that_learn_from_gold_are_there_only_where_gold_is() -> None:
    view, *_ = problem()
    bare = WeakView(view.transfer, None, view.corpus, view.question)
    assert {one.learns_from for one in candidates(view, linear())} == {"weak", "gold", "both"}
    assert {one.learns_from for one in candidates(bare, linear())} == {"weak"}
    assert not any("known shares" in one.name for one in candidates(bare, linear()))


def test_a_student_without_a_penalty_has_fewer_candidates() -> None:
    view, *_ = problem()
    assert len(candidates(view, linear(c="cv"))) < len(candidates(view, linear()))


class Fixed(Predictor):
    def __init__(self, row: list[float]) -> None:
        self.row = np.array([row])

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        return np.repeat(self.row, len(inputs), axis=0)


def test_a_committee_answers_by_the_geometric_mean() -> None:
    inputs = Inputs.of(np.zeros((2, 1)))
    found = Committee([Fixed([0.9, 0.1]), Fixed([0.2, 0.8])], {}).predict_proba(inputs)
    odds = np.sqrt(0.9 * 0.2) / np.sqrt(0.1 * 0.8)
    np.testing.assert_allclose(found[0], [odds / (1 + odds), 1 / (1 + odds)], rtol=1e-6)
    assert together([np.array([[0.4, 0.6]])]).tolist() == [[0.4, 0.6]]


@pytest.mark.parametrize("name", ["auto-weak", "auto-aggregates", "auto"])
def test_what_was_chosen_is_told(name: str) -> None:
    view, rows, gold = problem(wrong=0.4)
    trained = method(name).fit(view, linear(), derive(0, "test"))
    assert trained.notes["chose"]
    assert trained.notes["by"]
    naive = method("naive").fit(view, linear(), derive(0, "test"))
    inputs = view.corpus.take(rows)
    ours, plain = ((one.predict_proba(inputs).argmax(axis=1) == gold).mean() for one in (trained, naive))
    assert ours >= plain - 0.02


def test_under_shift_it_abstains() -> None:
    view, *_ = problem()
    assert view.supervision is not None
    values = np.array(view.corpus.pool.values)
    values[N_TRANSFER : N_TRANSFER + N_SUPERVISION] += 20  # supervision lies elsewhere
    moved = Inputs.of(values)
    shifted = WeakView(
        WeakSplit(moved.take(view.transfer.inputs.rows), view.transfer.weak),
        None,
        moved,
        view.question,
        aggregates=view.aggregates,
        supervision=LabelledExamples(moved.take(view.supervision.inputs.rows), view.supervision.gold),
        rehearsals=view.rehearsals,
    )
    notes = AutoSupervision().fit(shifted, linear(), derive(0, "test")).notes
    assert notes["by"].startswith("nothing: transfer inputs are unlike")
    assert notes["chose"] == ["naive"]


def test_a_view_without_what_the_tier_gives_is_refused() -> None:
    view, *_ = problem()
    bare = WeakView(view.transfer, None, view.corpus, view.question)
    with pytest.raises(InputError, match="reads class shares"):
        method("auto-aggregates").fit(bare, linear(), derive(0, "test"))
    with pytest.raises(InputError, match="reads supervision gold and rehearsals"):
        method("auto").fit(bare, linear(), derive(0, "test"))


def test_tiers_are_declared() -> None:
    tiers = {name: str(method(name).tier) for name in ("auto-weak", "auto-aggregates", "auto", "label-spreading")}
    assert tiers == {
        "auto-weak": "weak-labels",
        "auto-aggregates": "aggregates",
        "auto": "supervision-gold",
        "label-spreading": "weak-labels",
    }
