"""How runs move a claim: Bayes factors, predictions of effects, and the information that an experiment promises.

The model is that of `w2sg.measure.random_effects`: the effect measured on unit i is `mean + N(0, tau^2) + N(0, v_i)`,
units being families of tasks. What is not known of mean and tau is averaged over stated priors and never plugged in, so
one unit already says something, and few units never say too much.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from w2sg.agenda.predictions import Predicted, Region, StudentT
from w2sg.core import BoolArray, FloatArray, derive

SCALE = 0.03
"""Of effects, in accuracy: before any run the mean effect is this times Student's t with three degrees of freedom."""
BETWEEN = 0.03
"""Of how effects differ between units: before any run tau is this times the absolute value of such a t. With tails as
heavy as the mean's, one large effect may be the unit's own: no single family of tasks decides a claim."""
SENSITIVITY = (0.5, 1.0, 2.0)
"""Factors of both scales under which a credence is shown beside its own."""
DEGREES = 3.0
DECIDED = 0.95
"""A claim is decided where its credence is above this, or below what is left of 1."""
_MEANS, _SPREADS, _DRAWS = 120, 16, 96
"""Cells of the grids, and draws of an outcome: twice as many move credences and bits in the third digit."""


@dataclass(frozen=True)
class Prior:
    """What is taken for likely before any run.

    Attributes:
        credence: That the claim is true.
        scale: Of the mean effect.
        between: Of tau.
    """

    credence: float
    scale: float = SCALE
    between: float = BETWEEN

    def times(self, factor: float) -> "Prior":
        """Return the prior with both scales multiplied."""
        return Prior(self.credence, self.scale * factor, self.between * factor)


class Prospects(NamedTuple):
    """What an experiment promises.

    Attributes:
        bits: The expected fall of the entropy of the claim being true or false.
        decides: The probability that as many experiments of its kind as serve it best decide the claim, divided by
            their number: one experiment alone seldom decides what three would.
    """

    bits: float
    decides: float


@dataclass(frozen=True, eq=False)
class Belief:
    """What is believed of one effect: a weight for every point of a grid of mean and tau.

    Attributes:
        prior: What was believed before.
        mean: Grid points of the mean effect, `(m,)`.
        inside: Which of them the claim allows, `(m,)`: where it predicts a distribution some means are there twice,
            once by the claim and once by its alternative.
        spread: Grid points of tau, `(s,)`.
        log_weights: Of prior times likelihood, `(m, s)`, not normalised.
    """

    prior: Prior
    mean: FloatArray
    inside: BoolArray
    spread: FloatArray
    log_weights: FloatArray

    @cached_property
    def weights(self) -> FloatArray:
        """Posterior probabilities of the grid's points, `(m, s)`."""
        weights = np.exp(self.log_weights - self.log_weights.max())
        return np.asarray(weights / weights.sum())

    @property
    def credence(self) -> float:
        """The probability that the claim is true."""
        return float(self._credences(self.log_weights[None])[0])

    @property
    def bayes_factor(self) -> float:
        """How much likelier the evidence is if the claim is true than if it is false."""
        log_odds = _log_sum(self.log_weights[self.inside]) - _log_sum(self.log_weights[~self.inside])
        prior = np.log(self.prior.credence) - np.log1p(-self.prior.credence)
        return float(np.exp(np.clip(log_odds - prior, -700.0, 700.0)))

    def after(self, effects: Sequence[float], variances: Sequence[float]) -> "Belief":
        """Return the belief after further units were measured."""
        log_weights = self.log_weights + sum(
            (self._log_likelihood(y, v) for y, v in zip(effects, variances, strict=True)), np.zeros(1)
        )
        return replace(self, log_weights=log_weights)

    def _log_likelihood(self, effect: float, variance: float) -> FloatArray:
        total = self.spread**2 + variance
        deviations = (effect - self.mean)[:, None] ** 2
        return np.asarray(-0.5 * (deviations / total + np.log(2 * np.pi * total)))

    def log_density(self, effect: float, variance: float) -> float:
        """Return the log density of the effect that a new unit will show, measured with this variance."""
        return _log_sum(np.log(self.weights + 1e-300) + self._log_likelihood(effect, variance))

    def below(self, effect: float, variance: float) -> float:
        """Return the probability that a new unit shows a smaller effect."""
        from scipy.special import ndtr

        z = (effect - self.mean)[:, None] / np.sqrt(self.spread**2 + variance)
        return float((self.weights * ndtr(z)).sum())

    def expected(self, variance: float) -> tuple[float, float]:
        """Return mean and standard deviation of the effect that a new unit will show."""
        mean = float(self.weights.sum(axis=1) @ self.mean)
        square = float((self.weights * (self.spread**2 + (self.mean[:, None] - mean) ** 2)).sum())
        return mean, (square + variance) ** 0.5

    def prospects(self, variance: float, n_units: int = 1) -> "Prospects":
        """Return what measuring new units, with this variance each, promises; outcomes are drawn from what is believed.

        Args:
            variance: Of the effect at one unit.
            n_units: How many new units there are.
        """
        mean, spread, rng = self._drawn()
        total = self.spread**2 + variance
        log_weights = np.repeat(self.log_weights[None], _DRAWS, axis=0)
        bits, decides = 0.0, 0.0
        for number in range(1, n_units + 1):
            outcomes = mean + np.sqrt(spread**2 + variance) * rng.standard_normal(_DRAWS)
            log_weights -= (outcomes[:, None] - self.mean)[:, :, None] ** 2 * (0.5 / total)
            log_weights -= 0.5 * np.log(total)
            then = self._credences(log_weights)
            bits = bits if number > 1 else self._fall_to(then)
            decides = max(decides, self._decided_by(then) / number)
        return Prospects(bits, decides)

    def prospects_of_more(self, without: "Belief", effect: float, variance: float, further: float) -> "Prospects":
        """Return the same of measuring a known unit again, with this further variance.

        Args:
            without: What would be believed without this unit.
            effect: Of the unit as it is known.
            variance: Of that effect.
            further: The variance of the new measurement alone.
        """
        mean, spread, rng = self._drawn()
        precision = 1 / spread**2 + 1 / variance
        own = (mean / spread**2 + effect / variance) / precision + rng.standard_normal(_DRAWS) / np.sqrt(precision)
        again = own + np.sqrt(further) * rng.standard_normal(_DRAWS)
        pooled = 1 / (1 / variance + 1 / further)
        total = self.spread**2 + pooled
        squares = (pooled * (effect / variance + again / further)[:, None] - self.mean)[:, :, None] ** 2 / total
        then = self._credences(without.log_weights - 0.5 * (squares + np.log(total)))
        return Prospects(self._fall_to(then), self._decided_by(then))

    def _fall_to(self, then: FloatArray) -> float:
        """Return by how many bits the entropy falls in the mean, if the credence will be one of some."""
        return max(0.0, entropy(self.credence) - float(np.mean([entropy(c) for c in then])))

    def _decided_by(self, then: FloatArray) -> float:
        """Return how often one of some credences decides what is not decided yet."""
        if not 1 - DECIDED <= self.credence <= DECIDED:
            return 0.0
        return float(((then > DECIDED) | (then < 1 - DECIDED)).mean())

    def _credences(self, log_weights: FloatArray) -> FloatArray:
        """Return the share of the weights, `(n, m, s)`, that the claim has, `(n,)`."""
        by_mean = np.exp(log_weights - log_weights.max(axis=(1, 2), keepdims=True)).sum(axis=2)
        return np.asarray(by_mean @ self.inside / by_mean.sum(axis=1))

    def _drawn(self) -> tuple[FloatArray, FloatArray, np.random.Generator]:
        """Return draws of mean and tau, `(d,)` each, and a generator; equal beliefs draw alike."""
        rng = derive(0, "agenda", "outcomes")
        # Evenly spaced through the weights: with so few draws chance alone would rank experiments otherwise.
        steps = (np.arange(_DRAWS) + 0.5) / _DRAWS
        cells = np.minimum(np.searchsorted(np.cumsum(self.weights), steps), self.weights.size - 1)
        rows, columns = np.unravel_index(cells, self.weights.shape)
        return self.mean[rows], self.spread[columns], rng


@lru_cache(maxsize=1024)
def belief_of(
    says: Region | Predicted,
    prior: Prior,
    effects: tuple[float, ...] = (),
    variances: tuple[float, ...] = (),
) -> Belief:
    """Return what is believed of a claim's effect after some units were measured.

    Where a claim names a region the prior of the mean effect is cut at its ends: the part inside has the claim's
    credence, the part outside the rest. Where it predicts a distribution, that one has the claim's credence, and its
    alternative the rest. The Bayes factor is then the ratio of the two parts' marginal likelihoods.

    Args:
        says: Where the claim says that the mean effect lies, or how it says that it is distributed.
        prior: What was believed before.
        effects: One for each unit.
        variances: Their sampling variances.
    """
    from scipy.special import stdtrit

    mean, mass, inside = _cut(says.ends, prior) if isinstance(says, Region) else _rivals(says, prior)
    tails = 1 - (1 - np.linspace(0, 1, _SPREADS + 1)) ** 3
    return Belief(
        prior,
        mean,
        inside,
        prior.between * stdtrit(DEGREES, (2 + tails[1:] + tails[:-1]) / 4),
        np.log(mass)[:, None] + np.log(np.diff(tails)),
    ).after(effects, variances)


def _cut(ends: tuple[float, float], prior: Prior) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return the cells of a prior that is cut at the ends of a region: mean, mass, and whether they are inside."""
    from scipy.special import stdtr, stdtrit

    low, high = (float(stdtr(DEGREES, end / prior.scale)) for end in ends)
    edges = np.unique(np.concatenate([_edges(), [low, high]]))
    middles = (edges[1:] + edges[:-1]) / 2
    inside = (middles > low) & (middles < high)
    share = np.where(inside, prior.credence / (high - low), (1 - prior.credence) / (1 - high + low))
    return prior.scale * stdtrit(DEGREES, middles), np.diff(edges) * share, inside


def _rivals(says: Predicted, prior: Prior) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return the cells of a claim's distribution, and then those of its alternative."""
    usual = StudentT(scale=prior.scale, degrees=DEGREES)
    # The claim keeps to what it says; what is taken for likely otherwise is what its credence may hang on.
    against = usual if says.against is None else says.against.widened(prior.scale / SCALE)
    edges = _edges()
    middles, masses = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    return (
        np.concatenate([says.effect.quantiles(middles), against.quantiles(middles)]),
        np.concatenate([prior.credence * masses, (1 - prior.credence) * masses]),
        np.repeat([True, False], _MEANS),
    )


def _edges() -> FloatArray:
    """Return the ends of cells of a distribution's probability, small in both tails, `(_MEANS + 1,)`."""
    even = np.linspace(0, 1, _MEANS + 1)
    return np.asarray(even**2 * (3 - 2 * even))


def entropy(credence: float) -> float:
    """Return the entropy of a credence, in bits.

    >>> entropy(0.5), entropy(1.0)
    (1.0, 0.0)
    """
    p = np.array([credence, 1 - credence])
    p = p[p > 0]
    return float(-(p * np.log2(p)).sum()) + 0.0


def _log_sum(values: FloatArray) -> float:
    most = float(values.max())
    return most + float(np.log(np.exp(values - most).sum()))
