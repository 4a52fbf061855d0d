"""In-context relabelling with a prior over concepts: how fast the posterior finds the right one under weak examples.

Concepts are unit-variance Gaussians with given means under a uniform prior, the first is right; weak examples are drawn
from a mixture of concepts, as in the convex hull of Somerstep et al. (arXiv 2405.16236). Finetuning on them reproduces
the mixture, the posterior does not.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator

from w2sg.core import FloatArray, InputError, register
from w2sg.worlds.common import above, affordable, within
from w2sg.worlds.contract import Simulation, World, mean_of

WIDEST = 1000.0
"""Spread of the means times sqrt(n) up to which the posterior is integrated."""


def log_likelihood_drifts(means: Sequence[float], weights: Sequence[float]) -> FloatArray:
    """Return `E log p_0(x) / p_k(x)` over the mixture for each other concept, `(k - 1,)`.

    The smallest, J, decides: the posterior goes to the first concept iff `J > 0`. In almost every context its wrong
    mass then falls like `exp(-n J)`; its mean over contexts falls more slowly, see `mean_mass_rate`.

    Raises:
        InputError: There are fewer than two means, or the weights are no distribution over them.
    """
    mu, pi = _mixture(means, weights)
    return np.asarray((mu[1:] ** 2 - mu[0] ** 2) / 2 - (mu[1:] - mu[0]) * (pi @ mu))


def mean_mass_rate(means: Sequence[float], weights: Sequence[float]) -> float:
    """Return I, the rate `exp(-n I)` at which the expected wrong mass falls: that of the rare contexts which mislead.

    With `S_k` the log-likelihood ratio of concept `k` to the first, a sum over `n` examples, the wrong mass lies
    between `min(1, exp(max_k S_k)) / 2` and `sum_k min(1, exp(S_k))`. As `min(1, exp(S)) <= exp(t S)` for t from 0 to
    1, its mean is at most `sum_k exp(-n I_k)`, where `I_k` is the largest `-log E exp(t s_k)` over these t and `s_k`
    one example's share; by Cramer's theorem it falls no faster. I is the least `I_k`: 0 where a drift is not above 0.

    Raises:
        InputError: See `log_likelihood_drifts`.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    mu, pi = _mixture(means, weights)

    def log_moment(t: float, concept: float) -> float:
        # the ratio is linear in the example, which is Gaussian around each mean of the mixture
        apart = concept - mu[0]
        shares = t * (apart * mu - (concept**2 - mu[0] ** 2) / 2)
        return float(logsumexp(shares, b=pi) + (t * apart) ** 2 / 2)

    found = [minimize_scalar(log_moment, bounds=(0, 1), args=(concept,), method="bounded") for concept in mu[1:]]
    return max(0.0, -max(float(one.fun) for one in found))


def wrong_mass(means: Sequence[float], weights: Sequence[float], n: int) -> float:
    """Return `E[1 - posterior of the first concept]` after `n` weak examples, for a mixture of at most two concepts.

    The sum of the examples is a mixture of `n + 1` Gaussians of variance `n`; each is integrated by the trapezoid rule,
    and those of a share below 1e-15 are left out.

    Raises:
        InputError: See `log_likelihood_drifts`; more than two weights are above 0, or `n` is below 0.
    """
    from scipy.stats import binom

    mu, pi = _mixture(means, weights)
    above(-1, n=n)
    # with two concepts the sum of the examples depends on how many came from the first alone, which is binomial; with
    # three there would be a two-dimensional sum
    drawn = np.flatnonzero(pi)
    if len(drawn) > 2:
        raise InputError(f"at most two concepts may be drawn from in closed form, got {len(drawn)} weights above 0")
    first, second = mu[drawn[0]], mu[drawn[-1]]
    count = np.arange(n + 1)
    shares = binom.pmf(count, n, pi[drawn[0]])
    count, shares = count[shares > 1e-15], shares[shares > 1e-15]
    centres = count * first + (n - count) * second
    # the posterior jumps from 0 to 1 within 1 / spread standard deviations, so the grid has to grow with the spread
    spread = math.sqrt(n) * float(np.ptp(mu))
    within(0, WIDEST, spread_of_means_times_root_n=spread)
    nodes = np.linspace(-9, 9, 501 + int(180 * spread))
    density = np.exp(-(nodes**2) / 2)
    density /= density.sum()
    wrong = [_wrong(mu, centre + math.sqrt(n) * nodes, n) @ density for centre in centres]
    return float(shares @ np.asarray(wrong))


def _mixture(means: ArrayLike, weights: ArrayLike) -> tuple[FloatArray, FloatArray]:
    mu, pi = np.asarray(means, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if mu.ndim != 1 or len(mu) < 2 or mu.shape != pi.shape:
        raise InputError(f"means and weights must be two lists of one length, at least 2, got {mu.shape}, {pi.shape}")
    if not (np.isfinite(mu).all() and (pi >= 0).all() and math.isclose(pi.sum(), 1, abs_tol=1e-9)):
        raise InputError("means must be finite, and weights must be at least 0 and sum to 1")
    return mu, pi


def _wrong(mu: FloatArray, sums: FloatArray, n: int) -> FloatArray:
    """Return one minus the posterior of the first concept, given sums of `n` examples."""
    from scipy.special import expit, logsumexp

    # examples enter by their sum only; in logarithms neither tail of the posterior underflows
    others = logsumexp([(m - mu[0]) * sums - n * (m**2 - mu[0] ** 2) / 2 for m in mu[1:]], axis=0)
    return np.asarray(expit(others))


@register(paper="2405.16236")
class LatentConceptWorld(World):
    """A posterior over concepts, shown weak examples of which some come from a wrong concept."""

    kind: Literal["latent-concept"] = "latent-concept"
    n: int = Field(16, ge=1, le=500, description="weak examples in the context")
    means: tuple[float, ...] = Field(
        (0.0, 2.0, -2.0), min_length=2, max_length=20, description="concepts; the first is right"
    )
    weights: tuple[float, ...] = Field(
        (0.8, 0.2, 0.0), description="shares of the concepts among weak examples, at most two above 0"
    )
    trials: int = Field(20_000, ge=2, le=1_000_000, description="simulated contexts")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        wrong_mass(self.means, self.weights, 0)
        affordable(self.trials, self.n)
        return self

    def exact(self) -> Mapping[str, float]:
        """Return both rates, the expected wrong posterior mass after n examples, and what finetuning keeps of it."""
        return {
            "drift": float(log_likelihood_drifts(self.means, self.weights).min()),
            "rate": mean_mass_rate(self.means, self.weights),
            "wrong_mass": wrong_mass(self.means, self.weights, self.n),
            "naive_wrong_mass": 1 - self.weights[0],
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Draw contexts and take the posterior."""
        mu = np.asarray(self.means)
        concepts = rng.choice(len(mu), size=(self.trials, self.n), p=self.weights)
        sums = rng.standard_normal((self.trials, self.n)).sum(axis=1) + mu[concepts].sum(axis=1)
        return {
            "wrong_mass": mean_of(_wrong(mu, sums, self.n)),
            "naive_wrong_mass": mean_of((concepts != 0).mean(axis=1)),
        }
