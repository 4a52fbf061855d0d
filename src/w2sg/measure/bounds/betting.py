"""Bounds on a mean by betting against it (Waudby-Smith & Ramdas 2024, arXiv 2010.09686)."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from w2sg.core import InputError, derive, register
from w2sg.measure.bounds.certifier import Certifier, largest
from w2sg.measure.checks import UNIT, FloatArray, Span, check_delta

STEPS = 26
"""Halvings of [0, 1]: bounds are rounded away from the mean by less than 2e-8."""
ORDERS = 16
"""Random orders over which planning takes the mean of a bound."""
BLOCK = 256
"""How many of a sequence's bounds are sought at once."""


@register(paper="2010.09686")
class Betting(Certifier):
    """A confidence sequence from bets against each candidate for the mean; one may look after each label, and stop.

    A gambler who bets that the mean is below m has, after t labels, the capital K_t(m), the product of
    1 + b_i (m - x_i). If m is the mean, K is a nonnegative martingale, and by Ville's inequality it ever reaches
    1 / delta with probability at most delta: the bound is the largest m against which it never did. The bet b_i is the
    predictable plug-in sqrt(2 ln(1 / delta) / (v i ln(i + 1))) with v the variance of the values before i (section
    3.2), or sqrt(2 ln(1 / delta) / (v n)) aimed at a number n of labels; never more than cap / (1 - m). Drawn without
    replacement from a pool of N, the mean of what is left stands in the place of m: (N m - x_1 - ... - x_{i-1}) /
    (N - i + 1) (section 5).

    Both sides with half of delta each are the paper's hedged capital with theta = 1/2. The bound depends on the order
    of the values, which must be that in which they were drawn, or random.
    """

    kind: Literal["betting"] = "betting"
    horizon: int | None = Field(
        None, ge=1, description="number of labels, fixed beforehand, that the bets are aimed at; None aims at all"
    )
    without_replacement_of: int | None = Field(
        None, ge=1, description="size of the pool that is drawn from without replacement, and whose mean is meant"
    )
    cap: float = Field(0.5, gt=0, lt=1, description="largest share of the capital that one label may cost")

    anytime: ClassVar[bool] = True
    assumptions: ClassVar[tuple[str, ...]] = (
        "each value's expectation, given those before it, is the mean (independent draws), or the mean of what is left "
        "of a pool of known size (draws without replacement)",
        "the values lie in a span that is known beforehand",
    )

    def most(self) -> int:
        """Return the size of the pool, if there is one."""
        return self.without_replacement_of or super().most()

    def checked(self, sample: ArrayLike, span: Span = UNIT) -> FloatArray:
        """Return a sample moved to [0, 1].

        Raises:
            InputError: It holds more than the pool, or breaks a rule of all samples.
        """
        unit = super().checked(sample, span)
        if len(unit) > self.most():
            raise InputError(f"{len(unit)} labels cannot be drawn without replacement from {self.most()}")
        return unit

    def highs(self, samples: FloatArray, delta: float) -> FloatArray:
        """Return upper bounds of many samples; none is below its sample's mean, however lucky the bets were."""
        bets, log = self.bets(samples, delta), -np.log(delta)
        ends = np.zeros(len(samples)), self._possible(samples)[:, -1]
        bounds = largest(lambda m: self.log_capital(samples, bets, m).max(axis=1) < log, *ends, STEPS)
        return np.asarray(np.maximum(bounds, samples.mean(axis=1)))

    def sequence(self, sample: ArrayLike, delta: float, span: Span = UNIT) -> FloatArray:
        """Return the upper bound after each label, shape (n,), never rising; all hold together with 1 - delta.

        Raises:
            InputError: As for `high`.
        """
        unit = self.checked(sample, span)[None]
        bets, log = self.bets(unit, check_delta(delta)), -np.log(delta)
        possible = np.minimum.accumulate(self._possible(unit)[0])

        def ends(after: np.ndarray[tuple[int], np.dtype[np.intp]]) -> FloatArray:
            def accepts(m: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
                # a mean that was once ruled out stays ruled out, which is what lets one look after each label
                wealth = np.maximum.accumulate(self.log_capital(unit, bets, m), axis=1)
                return np.asarray(wealth[np.arange(len(after)), after] < log)

            return largest(accepts, np.zeros(len(after)), possible[after], STEPS)

        n = unit.shape[1]
        bounds = np.concatenate([ends(np.arange(at, min(at + BLOCK, n))) for at in range(0, n, BLOCK)])
        return span[0] + np.minimum.accumulate(bounds) * (span[1] - span[0])

    def rules_out(self, sample: ArrayLike, mean: float, delta: float, span: Span = UNIT, *, upper: bool) -> bool:
        """Return whether the upper bound is below a mean, or the lower one above it, without a search for the bound.

        Args:
            sample: Shape (n,), in the order drawn.
            mean: The candidate.
            delta: How often the true mean may be ruled out.
            span: The least and the largest possible value.
            upper: Whether the upper bound is meant.

        Raises:
            InputError: As for `high`.
        """
        unit, m = self.checked(sample, span), (mean - span[0]) / (span[1] - span[0])
        unit, m = (unit[None], m) if upper else (1 - unit[None], 1 - m)
        if m <= float(unit.mean()):
            return False
        if m > float(self._possible(unit)[0, -1]):
            return True
        capital = self.log_capital(unit, self.bets(unit, check_delta(delta)), np.array([m]))
        return bool(capital.max() >= -np.log(delta))

    def expected_high(self, n: int, delta: float, rate: float) -> float:
        """Return the mean bound over a few random orders of n labels, by bets aimed at n; the orders are fixed by n."""
        ones = np.tile(np.arange(n) < round(n * rate), (ORDERS, 1)).astype(np.float64)
        orders = derive(n, "orders in which labels may come").permuted(ones, axis=1)
        return float(self.model_copy(update={"horizon": n}).highs(orders, delta).mean())

    def bets(self, samples: FloatArray, delta: float) -> FloatArray:
        """Return the predictable plug-in bets, shape (r, n), before they are capped (equations 25 and 26)."""
        n = samples.shape[1]
        i = np.arange(1, n + 1)
        # one imaginary label at 1/2 with variance 1/4 begins the estimates, so that the first bets are finite
        means = (0.5 + samples.cumsum(axis=1)) / (i + 1)
        variances = (0.25 + ((samples - means) ** 2).cumsum(axis=1)) / (i + 1)
        # a bet must be laid before its label is seen: the variance is moved one place on, or capital is no martingale
        before = np.concatenate([np.full((len(samples), 1), 0.25), variances[:, :-1]], axis=1)
        labels = i * np.log(i + 1) if self.horizon is None else np.full(n, self.horizon)
        return np.asarray(np.sqrt(-2 * np.log(delta) / (before * labels)))

    def log_capital(self, samples: FloatArray, bets: FloatArray, m: FloatArray) -> FloatArray:
        """Return the log-capital, shape (r, n), of bets that the mean is below m, shape (r,).

        It is infinite once the pool rules m out. Capital never falls in m, so what is accepted is an interval.
        """
        means = self._left(samples, m[:, None])
        with np.errstate(divide="ignore"):
            # the worst label, 1, costs bet * (1 - m); the cap leaves at least 1 - cap of the capital, so that no single
            # label ruins the gambler
            most = np.where(means < 1, self.cap / np.maximum(1 - means, 0), np.inf)
        # sums of logarithms, because products of thousands of factors leave double precision
        gains = np.log1p(np.minimum(bets, most) * (means - samples))
        return np.asarray(np.where(means > 1, np.inf, gains).cumsum(axis=1))

    def _left(self, samples: FloatArray, m: FloatArray) -> FloatArray:
        """Return the mean of what is left before each draw if the mean is m."""
        pool = self.without_replacement_of
        if pool is None:
            return m
        # what was drawn before each draw: without replacement, labels already seen change the mean of the rest
        drawn = samples.cumsum(axis=1) - samples
        return np.asarray((pool * m - drawn) / (pool - np.arange(samples.shape[1])))

    def _possible(self, samples: FloatArray) -> FloatArray:
        """Return the largest mean, shape (r, n), that a pool may have of which these were drawn."""
        pool = self.without_replacement_of
        if pool is None:
            return np.ones_like(samples)
        drawn = np.arange(1, samples.shape[1] + 1)
        return np.asarray((samples.cumsum(axis=1) + pool - drawn) / pool)
