"""The closed forms of the Gaussian world, held to simulation."""

from functools import cache

import numpy as np
import pytest

from w2sg.core import FloatArray, InputError, IntArray, derive
from w2sg.tasks import Gaussian

STANDARD_ERRORS = 4.0
"""A right formula misses the simulation by more than this about once in 16,000 comparisons; seeds are fixed."""
CENTRAL_LIMIT = 0.002
"""What the normal approximation of `averaging_error` may add, see its docstring."""
N = 100_000

WORLD = Gaussian(dimension=6, noise=0.7, decay=1.0)


@cache
def sample() -> tuple[FloatArray, IntArray]:
    return WORLD.sample(N, derive(0, "test"))


def assert_error(answers: object, exact: float) -> None:
    errors = np.asarray(answers).astype(int) != sample()[1]
    assert abs(errors.mean() - exact) < STANDARD_ERRORS * np.sqrt(exact * (1 - exact) / N)


def test_optimal_error() -> None:
    assert_error(sample()[0] @ WORLD.truth > 0, WORLD.optimal_error())
    assert WORLD.optimal_error() == pytest.approx(WORLD.error_of(WORLD.truth), abs=1e-12)


@pytest.mark.parametrize("intercept", [0.0, 0.4, -1.3])
@pytest.mark.parametrize("sign", [1, -1])
def test_error_of_any_linear_rule(intercept: float, sign: int) -> None:
    direction = sign * np.array([1.0, -0.5, 0.3, 0.0, 2.0, 0.1])
    assert_error(sample()[0] @ direction + intercept > 0, WORLD.error_of(direction, intercept))


@pytest.mark.parametrize("intercept", [0.0, 0.4, -1.3])
@pytest.mark.parametrize("correlation", [-0.8, 0.0, 0.3, 0.95])
def test_error_equals_the_integral_over_the_score_of_the_rule(intercept: float, correlation: float) -> None:
    from scipy.integrate import quad
    from scipy.stats import norm

    world = Gaussian(dimension=2, noise=0.0, decay=0.0)
    along = world.truth
    across = np.array([along[1], -along[0]])
    direction = correlation * along + np.sqrt(1 - correlation**2) * across

    def density(u: float) -> float:
        positive = norm.cdf(correlation * u / np.sqrt(1 - correlation**2))
        return float(norm.pdf(u) * (1 - positive if u > -intercept else positive))

    exact = quad(density, -9, -intercept)[0] + quad(density, -intercept, 9)[0]
    assert world.error_of(direction, intercept) == pytest.approx(exact, abs=1e-8)


def test_error_is_continuous_in_the_intercept_and_scale_free() -> None:
    w = np.ones(6)
    assert WORLD.error_of(w, 1e-12) == pytest.approx(WORLD.error_of(w), abs=1e-9)
    assert WORLD.error_of(5 * w, 5.0) == pytest.approx(WORLD.error_of(w, 1.0), abs=1e-12)
    assert WORLD.error_of(np.zeros(6), 3.0) == 0.5
    assert WORLD.error_of(-w) == pytest.approx(1 - WORLD.error_of(w), abs=1e-12)


def test_error_without_noise_along_the_truth_is_the_mass_between() -> None:
    from scipy.stats import norm

    world = Gaussian(dimension=3, noise=0.0)
    assert world.error_of(world.truth, 0.5) == pytest.approx(norm.cdf(0.5) - 0.5, abs=1e-12)


@pytest.mark.parametrize("columns", [[0], [1, 2], [0, 1, 2, 3, 4, 5], [2, 2]])
def test_weak_error_is_that_of_the_best_rule_on_some_columns(columns: list[int]) -> None:
    x = sample()[0]
    assert_error(x[:, columns] @ WORLD.truth[columns] > 0, WORLD.weak_error(columns))
    assert WORLD.weak_error(columns) >= WORLD.optimal_error() - 1e-12


def test_weak_error_without_columns_is_a_half() -> None:
    assert WORLD.weak_error([]) == 0.5


@pytest.mark.parametrize(("dimension", "n", "flip"), [(20, 50, 0.0), (20, 400, 0.3), (1, 50, 0.2), (60, 100, 0.45)])
def test_averaging_error(dimension: int, n: int, flip: float) -> None:
    world, rng = Gaussian(dimension=dimension), derive(1, "test")
    times = 400
    x, y = world.sample(times * n, rng)
    signs = (2 * y - 1) * np.where(rng.random(times * n) < flip, -1, 1)
    directions = (signs[:, None] * x).reshape(times, n, dimension).mean(axis=1)
    errors = np.array([world.error_of(direction) for direction in directions])
    slack = STANDARD_ERRORS * errors.std() / np.sqrt(times) + CENTRAL_LIMIT
    assert abs(errors.mean() - world.averaging_error(n, flip)) < slack


def test_averaging_error_has_the_right_limits() -> None:
    world = Gaussian()
    assert world.averaging_error(10**9) == pytest.approx(world.optimal_error(), abs=1e-4)
    assert world.averaging_error(100, 0.5) == pytest.approx(0.5, abs=1e-9)
    assert world.averaging_error(200, 0.1) == pytest.approx(1 - world.averaging_error(200, 0.9), abs=1e-9)


def test_truth_follows_the_profile() -> None:
    truth = Gaussian(dimension=4, truth_length=3.0, decay=1.0).truth
    assert np.linalg.norm(truth) == pytest.approx(3.0)
    np.testing.assert_allclose(truth / truth[0], [1, 1 / 2, 1 / 3, 1 / 4])


def test_rows_are_fresh_for_every_seed() -> None:
    one, two = (Gaussian().load(derive(seed, "split")) for seed in (0, 1))
    assert not set(one.tests["test"].ids.tolist()) & set(two.tests["test"].ids.tolist())
    assert one.corpus.digest != two.corpus.digest


def test_a_fixed_test_set_is_the_same_under_every_seed() -> None:
    loads = [Gaussian(fixed_test=True, validation=30).load(derive(seed, "split")) for seed in (0, 1)]
    tests = []
    for data in loads:
        test, gold = data.tests["test"], data.vault.release("score", "test")
        order = np.argsort(test.ids)
        tests.append((test.ids[order], test.inputs.values[order], gold[order]))
    for left, right in zip(*tests, strict=True):
        np.testing.assert_array_equal(left, right)
    assert not set(loads[0].transfer.ids.tolist()) & set(loads[1].transfer.ids.tolist())
    assert [len(loads[0].supervision), len(loads[0].transfer), len(loads[0].tests["test"])] == [100, 400, 1000]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: WORLD.error_of([1.0]), "direction must hold 6 finite numbers, got shape"),
        (lambda: WORLD.weak_error([6]), "columns must be numbers from 0 to 5, got"),
        (lambda: WORLD.averaging_error(0), "n >= 1"),
        (lambda: Gaussian(transfer=0.5).load(derive(0, "split")), "'transfer' must be a number of rows, got 0.5"),
    ],
)
def test_bad_arguments(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(InputError, match=message):
        call()
