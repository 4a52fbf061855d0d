"""Certificates of other things than one rate, where the truth is known: audits of a gain, sets, and borrowed labels."""

import math
from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator
from scipy.optimize import brentq
from scipy.stats import beta, norm

from w2sg.core import register
from w2sg.measure import MaurerPontil, Powered, conformal_cut, exact_high, exact_low, hits_by_weak_labels, weighted_cuts
from w2sg.worlds.common import means_of
from w2sg.worlds.contract import Simulation, World, mean_of


@register()
class DisagreementAuditWorld(World):
    """The gain of a student on two classes, by labels of disagreements, and by as many labels at random."""

    kind: Literal["disagreement-audit"] = "disagreement-audit"
    N: int = Field(5000, ge=2, description="unlabelled inputs")
    disagreements: int = Field(600, ge=1, description="inputs on which student and supervisor differ")
    audited: int = Field(200, ge=2, description="labels that are bought")
    right: int = Field(140, ge=0, description="audited disagreements on which the student is right")
    delta: float = Field(0.05, gt=0, lt=1, description="how often the certificate may be wrong")
    trials: int = Field(2000, ge=2, le=100_000, description="simulated audits")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not self.right <= self.audited <= self.disagreements <= self.N:
            raise ValueError("'right', 'audited', 'disagreements', 'N' must each be at most the next")
        return self

    def exact(self) -> Mapping[str, float]:
        """Return the point estimate and the certified gain of exactly these counts."""
        half = self.delta / 2
        win = float(exact_low(self.right, self.audited, half))
        # a gain is bounded by the least share of disagreements, a loss by the largest
        bound = float((exact_low if win >= 0.5 else exact_high)(self.disagreements, self.N, half))
        value = 2 * self.right / self.audited - 1
        return {"gain": self.disagreements / self.N * value, "certified_gain": bound * (2 * win - 1)}

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Audit fresh inputs with these rates: means of the bounds, and how often they hold."""
        share, win, half = self.disagreements / self.N, self.right / self.audited, self.delta / 2
        gain = share * (2 * win - 1)
        differ, right = rng.binomial(self.N, share, self.trials), rng.binomial(self.audited, win, self.trials)
        # bounds of whole arrays of counts at once: a trial of an audit is two binomial draws, and needs no labels one
        # by one
        least = exact_low(right, self.audited, half)
        reach = np.where(least >= 0.5, exact_low(differ, self.N, half), exact_high(differ, self.N, half))
        audit = (2 * least - 1) * reach
        # the same labels drawn from all inputs: most fall on agreements and say nothing of the gain
        chances = [share * win, share * (1 - win), 1 - share]
        better, worse, _ = rng.multinomial(self.audited, chances, size=self.trials).T
        mean = (better - worse) / self.audited
        variance = ((better + worse) / self.audited - mean**2) * self.audited / (self.audited - 1)
        normal = mean + norm.ppf(self.delta) * np.sqrt(variance / self.audited)
        bernstein = 1 - 2 * MaurerPontil().from_moments((1 - mean) / 2, variance / 4, self.audited, self.delta)
        bounds = {"audit": audit, "random_normal": normal, "random_bernstein": bernstein}
        means = {f"{name}_bound": mean_of(bound) for name, bound in bounds.items()}
        return means | {f"{name}_coverage": mean_of(bound <= gain) for name, bound in bounds.items()}


@register(paper="1904.06019")
class ConformalWorld(World):
    """Coverage of split conformal sets, and of weighted ones, when inputs shift from `N(0, 1)` to `N(shift, 1)`.

    Scores are `|N(0, 1)| (0.5 + exp(x / 2))`, so that they grow with the input.
    """

    kind: Literal["conformal"] = "conformal"
    n: int = Field(99, ge=1, le=100_000, description="labelled inputs")
    miss: float = Field(0.1, gt=0, lt=1, description="how often a set may miss the truth")
    shift: float = Field(0.0, ge=-3, le=3, description="mean of deployment inputs")
    trials: int = Field(400, ge=2, le=100_000, description="simulated samples, each with 100 test inputs")

    def exact(self) -> Mapping[str, float]:
        """Return the coverage with infinitely many labels; without a shift, mean and spread of what n labels give."""
        rank = math.ceil((self.n + 1) * (1 - self.miss) - 1e-9)
        exact = {"limit_coverage": self._limit()}
        if self.shift == 0 and rank <= self.n:
            law = beta(rank, self.n + 1 - rank)
            exact |= {"coverage": float(law.mean()), "coverage_sd": float(law.std())}
        return exact

    def _limit(self) -> float:
        """Return the share of shifted inputs below the quantile of the scores of others, by quadrature over inputs."""
        # Gauss-Hermite nodes of the input; given the input a score is a half-normal with a known scale
        nodes, weights = np.polynomial.hermite_e.hermegauss(100)

        def below(cut: float, mean: float) -> float:
            return float(np.average(2 * norm.cdf(cut / (0.5 + np.exp((nodes + mean) / 2))) - 1, weights=weights))

        return below(float(brentq(lambda cut: below(cut, 0.0) - 1 + self.miss, 0, 1e4)), self.shift)

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Cut fresh samples, unweighted and weighted by the true ratio of densities."""
        return means_of(self._trial(rng) for _ in range(self.trials))

    def _trial(self, rng: np.random.Generator) -> dict[str, float]:
        x, test = rng.standard_normal(self.n), self.shift + rng.standard_normal(100)
        scores, fresh = (np.abs(rng.standard_normal(len(z))) * (0.5 + np.exp(z / 2)) for z in (x, test))
        plain = conformal_cut(scores, miss=self.miss).score
        weights = (np.exp(self.shift * z - self.shift**2 / 2) for z in (x, test))
        cuts = weighted_cuts(scores, *weights, miss=self.miss)
        return {"coverage": float(np.mean(fresh <= plain)), "weighted_coverage": float(np.mean(fresh <= cuts))}


@register(paper="2201.08315")
class WeaklyLabelledSetsWorld(World):
    """Sets of a student on two classes, whose coverage is measured against weak labels, and corrected for their errors.

    The class is -1 or 1, the input `N(distance * class, 1)`. The student's set holds 1 where the input is at least
    `-reach`, and -1 where it is at most `reach`. A weak label is the class, wrong with chance `error`; on the share
    `follows` of the inputs it is the sign of the input, which the student sees too.
    """

    kind: Literal["weakly-labelled-sets"] = "weakly-labelled-sets"
    distance: float = Field(1.0, gt=0, le=10, description="mean of the inputs of class 1")
    reach: float = Field(0.3, ge=0, le=10, description="how far beyond 0 a class still belongs to the set")
    error: float = Field(0.2, ge=0, lt=0.5, description="chance that a weak label is wrong, whatever the input")
    follows: float = Field(0.0, ge=0, le=1, description="share of weak labels that are the sign of the input")
    n: int = Field(2000, ge=2, le=1_000_000, description="inputs with weak labels")
    trials: int = Field(400, ge=2, le=100_000, description="simulated samples")

    def exact(self) -> Mapping[str, float]:
        """Return the coverage of the truth and of weak labels, its correction, and the bound by agreement."""
        covered = float(norm.cdf(self.distance + self.reach))
        both = covered + float(norm.cdf(self.reach - self.distance))
        chance = (1 - self.error) * covered + self.error * (both - covered)
        # the sign of the input is in every set
        held, wrong = self.follows + (1 - self.follows) * chance, self._wrong
        return {
            "coverage": covered,
            "weak_coverage": held,
            "corrected_coverage": (held - wrong * both) / (1 - 2 * wrong),
            "agreement_bound": held - wrong,
        }

    @property
    def _wrong(self) -> float:
        return self.follows * float(norm.cdf(-self.distance)) + (1 - self.follows) * self.error

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Draw inputs and weak labels; the confusion matrix is the true one, over all inputs."""
        return means_of(self._trial(rng) for _ in range(self.trials))

    def _trial(self, rng: np.random.Generator) -> dict[str, float]:
        label = rng.integers(2, size=self.n)
        x = self.distance * (2 * label - 1) + rng.standard_normal(self.n)
        follows, wrong = rng.random(self.n) < self.follows, rng.random(self.n) < self.error
        weak = np.where(follows, x > 0, label ^ wrong)
        sets = np.stack([x <= self.reach, x >= -self.reach], axis=1)
        rows, error = np.arange(self.n), self._wrong
        values, _ = hits_by_weak_labels(sets, weak, [[1 - error, error], [error, 1 - error]])
        return {
            "coverage": float(sets[rows, label].mean()),
            "weak_coverage": float(sets[rows, weak].mean()),
            "corrected_coverage": float(values.mean()),
        }


@register(paper="2311.01453")
class PredictionPoweredWorld(World):
    """An error rate by few labels and many predictions of them: the width that predictions save."""

    kind: Literal["prediction-powered"] = "prediction-powered"
    n: int = Field(200, ge=20, le=100_000, description="labelled inputs")
    N: int = Field(5000, ge=20, le=1_000_000, description="unlabelled inputs")
    prevalence: float = Field(0.15, gt=0, lt=1, description="the rate that is sought")
    accuracy: float = Field(0.9, ge=0.5, le=1, description="how often a prediction of a label is right")
    delta: float = Field(0.05, gt=0, lt=1, description="how often the interval may miss")
    trials: int = Field(1000, ge=2, le=100_000, description="simulated samples")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        rarer = self.n * min(self.prevalence, 1 - self.prevalence)
        if rarer < 10:
            raise ValueError(
                f"a normal interval needs 10 labels of the rarer kind, expected are {rarer:.3g}: raise 'n'"
            )
        return self

    def exact(self) -> Mapping[str, float]:
        """Return the limits of the widths, at the power that makes the interval shortest, and with no predictions."""
        variance = self.prevalence * (1 - self.prevalence)
        share = self.prevalence * self.accuracy + (1 - self.prevalence) * (1 - self.accuracy)
        spread, both = share * (1 - share), variance * (2 * self.accuracy - 1)
        # the best power is a regression slope; few unlabelled inputs make it smaller
        power = both / ((1 + self.n / self.N) * spread)
        rest = variance - 2 * power * both + power**2 * spread
        z = -2 * float(norm.ppf(self.delta / 2))
        return {
            "limit_power": power,
            "limit_width": z * math.sqrt(power**2 * spread / self.N + rest / self.n),
            "limit_classical_width": z * math.sqrt(variance / self.n),
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Make intervals of fresh samples."""
        return means_of(self._trial(rng) for _ in range(self.trials))

    def _trial(self, rng: np.random.Generator) -> dict[str, float]:
        y = rng.random(self.n + self.N) < self.prevalence
        # a prediction is the label, flipped with chance 1 - accuracy
        f = (y ^ (rng.random(self.n + self.N) > self.accuracy)).astype(np.float64)
        labels = y[: self.n].astype(np.float64)
        quantities: dict[str, float] = {}
        for name, power in (("", None), ("classical_", 0.0)):
            given = Powered.of(labels, f[: self.n], f[self.n :], power)
            half = float(-norm.ppf(self.delta / 2)) * given.standard_error
            low, high = max(0.0, given.estimate - half), min(1.0, given.estimate + half)
            quantities |= {f"{name}width": high - low, f"{name}coverage": float(low <= self.prevalence <= high)}
        return quantities
