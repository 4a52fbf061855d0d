"""Answers that were recorded once, as weak labels."""

from typing import ClassVar

import numpy as np
import pytest
from supervisor_data import Data, examples_of, label, supervision_of

from w2sg.core import AnyArray, ConfigError, DataError, Examples, InputError, UnknownNameError, derive
from w2sg.core.registry import build
from w2sg.supervisors import Recorded
from w2sg.supervisors.recorded import PREFIX
from w2sg.testing import Sample, Spec, SupervisorContract, samples

GOLD = np.array([0, 0, 0, 1, 1, 2])
ANSWERS = np.array([0, 0, 1, 1, 1, -1])
SHARES = np.array([3, 2, 1]) / 6


def made(**fields: object) -> Recorded:
    recorded = build("supervisors", {"kind": "recorded", "by": "a model", **fields})
    assert isinstance(recorded, Recorded)
    return recorded


def answered(answers: AnyArray, by: str = "a model") -> Examples:
    return examples_of(np.zeros((len(answers), 1)), **{PREFIX + by: np.asarray(answers)})


ON: Data = (answered(ANSWERS), GOLD)


class TestContract(SupervisorContract):
    spec: ClassVar[Spec] = {"kind": "recorded", "by": "annotator"}

    @pytest.fixture
    def sample(self) -> Sample:
        known = samples()["texts"]
        votes = known.examples.metadata["votes"]
        columns = {"votes": votes, PREFIX + "annotator": votes[:, 0]}
        return Sample(Examples(known.examples.ids, known.examples.inputs, columns), known.gold)


class TestOneHotContract(TestContract):
    spec: ClassVar[Spec] = {"kind": "recorded", "by": "annotator", "labels": "one-hot"}


def test_an_answer_means_what_it_meant_on_the_supervision_split() -> None:
    weak = label(made(prior_strength=2.0), answered(np.array([0, 1, 2, -1])), GOLD[:4], 3, fitted_on=ON)
    # of two answers 0 both were class 0; of three answers 1 one was 0 and two were 1; 2 was never given
    expected = [(np.array([2, 0, 0]) + 2 * SHARES) / 4, (np.array([1, 2, 0]) + 2 * SHARES) / 5, SHARES, SHARES]
    np.testing.assert_allclose(weak, np.array(expected))


def test_a_weak_prior_leaves_the_counts_and_a_strong_one_the_shares() -> None:
    rows = answered(np.array([0, 1]))
    weak, strong = (label(made(prior_strength=s), rows, GOLD[:2], 3, fitted_on=ON) for s in (1e-9, 1e9))
    np.testing.assert_allclose(weak, np.array([[1, 0, 0], [1 / 3, 2 / 3, 0]]), atol=1e-8)
    np.testing.assert_allclose(strong, np.array([SHARES, SHARES]), atol=1e-8)


def test_one_hot_labels_are_the_answers_themselves() -> None:
    weak = label(made(labels="one-hot"), answered(np.array([2, 1, -1])), GOLD[:3], 3, fitted_on=ON)
    np.testing.assert_allclose(weak, np.array([[0, 0, 1], [0, 1, 0], SHARES]))


def test_posteriors_are_calibrated_and_may_overrule_a_biased_answer() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(2, size=20_000)
    given = np.where(rng.random(len(gold)) < np.where(gold == 1, 0.9, 0.7), 1, 0)  # says 1 far too often
    half = len(gold) // 2
    weak = label(made(), answered(given[half:]), gold[half:], 2, fitted_on=(answered(given[:half]), gold[:half]))
    for answer, meant in ((0, 0.1 / (0.1 + 0.3)), (1, 0.9 / (0.9 + 0.7))):
        found = weak[given[half:] == answer, 1]
        assert np.ptp(found) == 0
        assert found[0] == pytest.approx(meant, abs=4 * 0.5 / np.sqrt((given[:half] == answer).sum()))
    rare = (answered(np.array([1, 1, 1, 0])), np.array([0, 0, 1, 0]))
    assert label(made(prior_strength=0.01), rare[0], rare[1], 2)[0].argmax() == 0


def test_it_never_sees_gold_of_what_it_labels() -> None:
    supervisor = made()
    assert not supervisor.simulates
    labeller = supervisor.fit(supervision_of(ON, 3), derive(0, "fit"))
    weak = labeller.label(ON[0], None, derive(0, "label"))
    assert weak.probabilities.shape == (6, 3)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(DataError, match="needs recorded answers, the data have none: choose a task that stores them"):
        label(made(), examples_of(np.zeros((6, 1)), votes=np.zeros((6, 2))), GOLD, 3)
    with pytest.raises(UnknownNameError, match="unknown recorded answers .* 'a model': did you mean 'a_model'"):
        label(made(), answered(ANSWERS, by="a_model"), GOLD, 3)
    with pytest.raises(UnknownNameError, match="known: other"):
        label(made(), answered(ANSWERS, by="other"), GOLD, 3)


def test_bad_answers_are_explained() -> None:
    with pytest.raises(DataError, match="metadata 'recorded.a model' must be -1 .* or a class from 0 to 2, got 3"):
        label(made(), answered(np.array([0, 3, 1, 1, 1, 1])), GOLD, 3)
    with pytest.raises(DataError, match="must be integers"):
        label(made(), answered(np.full(6, 0.5)), GOLD, 3)
    with pytest.raises(DataError, match=r"must have shape \(n,\), got \(6, 1\)"):
        label(made(), answered(ANSWERS[:, None]), GOLD, 3)
    with pytest.raises(InputError, match="class shares need supervision gold, got none"):
        label(made(), *ON, 3, fitted_on=(answered(ANSWERS[:0]), GOLD[:0]))


def test_bad_fields_are_explained() -> None:
    with pytest.raises(ConfigError, match="by: "):
        build("supervisors", "recorded")
    with pytest.raises(ConfigError, match="prior_strength"):
        made(prior_strength=0)
    with pytest.raises(ConfigError, match="labels"):
        made(labels="soft")
