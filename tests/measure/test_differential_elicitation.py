"""Differential elicitation: its closed form, the published numbers, its interval, what is refused."""

import numpy as np
import pytest

from w2sg.core import InputError
from w2sg.measure import clustered_mean, differential_elicitation, elicitation_from_accuracies, ratio_interval

# (generalization accuracy, baseline accuracy, target-tuned capability, differential elicitation) as they stand in
# results/generalization_metrics/llama-7b/lora_fine_tuning/GENIES.csv of Joshuaclymer/GENIES at 70bd2ea.
PUBLISHED = [
    (0.972, 0.708, 0.9973333333333333, 0.2647058823529412),  # us_history_textbook to us_history_fiction
    (0.628, 0.7386666666666667, 0.8906666666666667, -0.12425149700598805),  # code_easy to code_hard
    (0.052, 0.036, 0.82, 0.01951219512195122),  # alpaca_short to alpaca_long, capability of alpaca_mmlu
    (0.436, 0.37733333333333335, 0.92, 0.06376811594202896),  # alpaca_mmlu to truthful_qa
    (0.464, 0.336, 1.0, 0.128),  # alpaca_mmlu to survival_influence
]
ROUNDING = 1e-12


@pytest.mark.parametrize(("transferred", "baseline", "capability", "differential"), PUBLISHED)
def test_published_numbers_come_out(
    transferred: float, baseline: float, capability: float, differential: float
) -> None:
    found = elicitation_from_accuracies(transferred, baseline, capability)
    assert found == pytest.approx(differential, abs=ROUNDING)


def test_it_is_not_the_performance_gap_recovered() -> None:
    # All the way from chance to a perfect capability: a PGR of 1.
    assert elicitation_from_accuracies(1.0, 0.5, 1.0) == 0.5
    assert elicitation_from_accuracies(0.5, 0.5, 1.0) == 0.0
    assert elicitation_from_accuracies(0.0, 0.0, 0.0) is None


def test_arrays_give_what_their_accuracies_give() -> None:
    rng = np.random.default_rng(0)
    transferred, baseline, capability = (rng.random(500) < share for share in (0.7, 0.5, 0.9))
    found = differential_elicitation(transferred, baseline, capability)
    expected = elicitation_from_accuracies(transferred.mean(), baseline.mean(), capability.mean())
    assert found.differential is not None
    assert found.differential.estimate == pytest.approx(expected, abs=ROUNDING)
    assert found.differential.low < found.differential.estimate < found.differential.high
    assert found.transferred.estimate == transferred.mean()
    assert found.baseline.estimate == baseline.mean()
    assert found.capability.estimate == capability.mean()
    assert (found.n_seeds, found.n_examples, found.reason) == (1, 500, None)
    assert "one seed" in found.note


def test_with_a_perfect_capability_the_interval_is_that_of_the_paired_gain() -> None:
    rng = np.random.default_rng(1)
    transferred, baseline = rng.random(400) < 0.8, rng.random(400) < 0.5
    found = differential_elicitation(transferred, baseline, np.ones(400, dtype=bool))
    gain = clustered_mean(transferred * 1.0 - baseline, np.zeros(400, dtype=int), np.arange(400)).interval((1.0,))
    assert found.differential is not None
    assert (found.differential.low, found.differential.high) == pytest.approx((gain.low, gain.high), abs=1e-9)


def test_seeds_and_shared_examples_are_clusters() -> None:
    rng = np.random.default_rng(2)
    seeds, ids = np.repeat(np.arange(5), 100), np.tile(np.arange(100), 5)
    flags = np.stack([rng.random(500) < share for share in (0.7, 0.5, 0.9)], axis=1)
    found = differential_elicitation(*flags.T, seeds=seeds, ids=ids)
    expected, _ = ratio_interval(clustered_mean(flags.astype(float), seeds, ids), (1, -1, 0), (0, 0, 1))
    assert found.differential == expected
    assert (found.n_seeds, found.n_examples, found.note) == (5, 100, "")


def test_without_any_capability_there_is_none_and_a_reason() -> None:
    found = differential_elicitation([1, 0, 1], [0, 0, 1], [0, 0, 0])
    assert found.differential is None
    assert found.reason is not None
    assert "right on no example" in found.reason
    hardly = differential_elicitation([1, 0, 1, 0], [0, 0, 1, 0], [1, 0, 0, 0])
    assert hardly.differential is None
    assert hardly.reason is not None
    assert "too uncertain" in hardly.reason


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="transferred must be an accuracy as a fraction"):
        elicitation_from_accuracies(70.0, 0.5, 0.9)
    with pytest.raises(InputError, match="capability must be an accuracy"):
        elicitation_from_accuracies(0.7, 0.5, float("nan"))
    with pytest.raises(InputError, match="transferred 2, baseline 3, capability 2"):
        differential_elicitation([1, 0], [1, 0, 1], [1, 1])
    with pytest.raises(InputError, match="ids must differ within a seed"):
        differential_elicitation([1, 0, 1], [1, 0, 1], [1, 1, 0], ids=[0, 0, 1])
