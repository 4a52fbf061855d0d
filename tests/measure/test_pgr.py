import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from paired_simulations import crossed, nested

from w2sg.core.errors import InputError
from w2sg.measure import Paired, fieller_limits, pgr, t_quantile


def one_seed(weak: Sequence[int], student: Sequence[int], ceiling: Sequence[int], times: int = 1) -> Paired:
    n = len(weak) * times
    return Paired((0,), (np.arange(n),), *((np.tile(np.array(x), times),) for x in (weak, student, ceiling)))


def test_one_seed_is_fieller_with_the_paired_covariance() -> None:
    rng = np.random.default_rng(0)
    evidence = crossed(rng, 1, 500, 0.0)
    result = pgr(evidence)
    weak = evidence.weak[0].astype(float)
    gain, gap = evidence.student[0] - weak, evidence.ceiling[0] - weak
    covariance = np.cov(gain, gap) / 500
    limits = fieller_limits(gain.mean(), gap.mean(), covariance, t_quantile(0.95, 499))
    assert limits is not None
    assert (result.low, result.high) == pytest.approx(limits)
    assert result.estimate == pytest.approx(gain.mean() / gap.mean())
    assert result.degrees_of_freedom == pytest.approx(499)
    assert "one seed" in result.note
    assert result.method == "fieller, clustered by example"


def test_identical_seeds_are_one_seed() -> None:
    """Copies of a seed on the same examples bring nothing: the interval must not shrink."""
    single = crossed(np.random.default_rng(1), 1, 300, 0.0)
    copies = Paired(tuple(range(6)), single.ids * 6, single.weak * 6, single.student * 6, single.ceiling * 6)
    one, six = pgr(single), pgr(copies)
    assert (six.low, six.high) == pytest.approx((one.low, one.high))
    assert (six.n_seeds, six.n_test, six.n_examples) == (1, 300, 300)
    assert six.note.startswith("6 seeds gave the same answers on the same test examples: they are copies of one run")
    assert one.note in six.note


def test_numbers_rest_on_what_is_said() -> None:
    result = pgr(nested(np.random.default_rng(2), 4, 400, 0.02))
    assert (result.n_seeds, result.n_test, result.n_examples) == (4, 400, 1600)
    assert result.note == ""
    total = result.weak.estimate + result.gain.estimate + result.shortfall.estimate
    assert total == pytest.approx(result.ceiling.estimate)
    assert result.student.low < result.student.estimate < result.student.high


def test_pairing_narrows_the_interval() -> None:
    evidence = nested(np.random.default_rng(3), 1, 2000, 0.0)
    shuffled = evidence.with_student([np.random.default_rng(4).permutation(evidence.student[0])])
    paired, unpaired = pgr(evidence), pgr(shuffled)
    assert paired.gain.high - paired.gain.low < unpaired.gain.high - unpaired.gain.low


def test_refusal_says_the_numbers() -> None:
    evidence = one_seed([1, 0, 1, 0, 1], [1, 0, 1, 0, 1], [1, 0, 1, 1, 0], times=100)
    result = pgr(evidence)
    assert (result.estimate, result.low, result.high, result.degrees_of_freedom) == (None, None, None, None)
    assert result.reason == (
        "gap ceiling - weak is 0.000, 95 % interval [-0.056, 0.056]; its lower bound is below the stated minimum 0.05, "
        "so a ratio would not be meaningful"
    )
    assert str(result).startswith("no PGR: gap ceiling")
    assert result.weak.estimate == 0.6
    assert result.gap.estimate == 0.0


def test_the_minimum_gap_is_held_to_the_lower_bound() -> None:
    evidence = one_seed([0] * 5 + [1] * 5, [0] * 4 + [1] * 6, [0] * 3 + [1] * 7, times=50)
    low = pgr(evidence).gap.low
    assert pgr(evidence, minimum_gap=low - 1e-9).estimate == pytest.approx(0.5)
    assert pgr(evidence, minimum_gap=low + 1e-9).estimate is None


def test_without_a_minimum_the_gap_must_still_exclude_zero() -> None:
    evidence = one_seed([1, 0, 1, 0], [1, 0, 1, 0], [1, 0, 1, 0], times=10)
    reason = pgr(evidence, minimum_gap=0.0).reason
    assert reason is not None
    assert "does not exclude 0" in reason


def test_pgr_is_not_clipped() -> None:
    weak, ceiling = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 0, 0, 0]
    better, worse = [1, 1, 1, 1, 1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    assert pgr(one_seed(weak, better, ceiling, times=50)).estimate == pytest.approx(1.5)
    assert pgr(one_seed(weak, worse, ceiling, times=50)).estimate == pytest.approx(-0.5)


def test_two_seeds_carry_a_warning() -> None:
    assert "two seeds" in pgr(crossed(np.random.default_rng(5), 2, 200, 0.0)).note


def test_a_higher_level_is_wider() -> None:
    evidence = crossed(np.random.default_rng(6), 8, 400, 0.02)
    usual, wide = pgr(evidence), pgr(evidence, level=0.99)
    assert usual.low is not None
    assert wide.low is not None
    assert wide.low < usual.low
    assert "99 % interval" in str(wide)


@pytest.mark.parametrize(
    ("name", "value"), [("level", 1.0), ("level", 0.0), ("minimum_gap", -0.1), ("minimum_gap", 1.0)]
)
def test_arguments_out_of_range_are_refused(name: str, value: float) -> None:
    arguments: dict[str, Any] = {"level": 0.95, "minimum_gap": 0.05, name: value}
    with pytest.raises(InputError, match=name):
        pgr(crossed(np.random.default_rng(0), 2, 50, 0.0), **arguments)


def test_import_is_light() -> None:
    code = "import sys, w2sg.measure; print(sorted({'scipy', 'scipy.stats', 'sklearn'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
