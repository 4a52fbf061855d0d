"""Effects over tasks: each term's contrast on every task, and its mean over families by the random-effects model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from w2sg.measure import (
    Interval,
    RandomEffects,
    contrast_means,
    pooled_by_unit,
    random_effects,
    t_interval,
    tasks_needed,
)

if TYPE_CHECKING:
    from w2sg.factors.running import Tried
    from w2sg.factors.terms import Term

ALPHA = 0.05
"""All intervals of one outcome hold together with one minus this (Bonferroni over its effects and interactions)."""
LEAST_FAMILIES = 4
"""A line over families needs as many: two for the line, two to say how far they are from it."""
EFFECT, POWER = 0.02, 0.8
"""What plans are made for: an effect of this size, shown with this probability."""


@dataclass(frozen=True, eq=False)
class Effect:
    """A term's effect on an outcome.

    Attributes:
        term: The term.
        outcome: The outcome's name.
        by_family: The effect on each family that has it, by its number.
        own: The sampling variance of the effect on a family: the mean over families, and at least that over examples.
        model: The random-effects model of these.
        interval: The mean effect over families, at the level at which all effects of the outcome hold together; of a
            level of a curve the pointwise one. None for one family.
        by_gap: How the effect grows with the gap of a family, per unit of the gap, at the same level; None with too few
            families.
    """

    term: "Term"
    outcome: str
    by_family: Mapping[int, float]
    own: float
    model: RandomEffects
    interval: Interval | None
    by_gap: Interval | None

    @property
    def families_needed(self) -> int | None:
        """How many families show an effect of `EFFECT` with `POWER`, with examples and seeds as here; None unknown."""
        return self._needed(self.own)

    @property
    def families_at_least(self) -> int | None:
        """The same with examples and seeds without end."""
        return self._needed(0.0)

    def _needed(self, own: float) -> int | None:
        between = self.model.between
        return None if between is None or between**2 + own == 0 else tasks_needed(between**2 + own, EFFECT, POWER)

    @property
    def verdict(self) -> str:
        """Which way the outcome surely goes, if any."""
        if self.interval is None or self.interval.low <= 0 <= self.interval.high:
            return "open"
        return "rises" if self.interval.estimate > 0 else "falls"


def effects_of(
    tried: "Sequence[Tried]", terms: "Sequence[Term]", outcome: str, gaps: Mapping[int, float]
) -> list[Effect]:
    """Return the effects of all terms on an outcome that some family has.

    Args:
        tried: What came of every setup.
        terms: The terms.
        outcome: The outcome's name.
        gaps: The gap of each family, by its number.
    """
    found = [_on_setup(one, terms, outcome) for one in tried]
    shown = sum(term.sort != "level" for term in terms)
    effects = []
    for place, term in enumerate(terms):
        known = [(one.base.family, *values[place]) for one, values in zip(tried, found, strict=True) if place in values]
        if known:
            families, estimates, variances, floors = (np.array(column) for column in zip(*known, strict=True))
            own, pooled = pooled_by_unit(estimates, variances, families)
            _, least = pooled_by_unit(estimates, floors, families)
            by_family = dict(zip(np.unique(families).tolist(), own.tolist(), strict=True))
            level = 1 - ALPHA / (1 if term.sort == "level" else shown)
            effects.append(_effect(term, outcome, by_family, max(pooled.mean(), least.mean()), level, gaps))
    return effects


def _on_setup(tried: "Tried", terms: "Sequence[Term]", outcome: str) -> dict[int, tuple[float, float, float]]:
    """Return the estimate of each term on a setup, its variance and the floor of that, where its points are known."""
    known = tried.has(outcome)
    used = {place for place, term in enumerate(terms) if known[term.weights != 0].all()}
    rows = np.flatnonzero(known)
    if not used:
        return {}
    chosen = sorted(used)
    weights = np.stack([terms[place].weights[rows] for place in chosen])
    readings = [point[outcome] for point in tried.readings if outcome in point]
    made = contrast_means(readings, weights)
    # With one seed the spread over examples is all that is known; without examples the spread over seeds.
    whole, floor = (np.maximum(np.diagonal(view.covariance), 0.0) for view in (made.views[0], made.views[-1]))
    return {
        place: (float(estimate), float(variance), float(least))
        for place, estimate, variance, least in zip(chosen, made.mean, whole, floor, strict=True)
    }


def _effect(
    term: "Term",
    outcome: str,
    by_family: Mapping[int, float],
    own: float,
    level: float,
    gaps: Mapping[int, float],
) -> Effect:
    # Families weigh alike: few seeds tell the variance of one family too badly to weigh it by, and in a balanced design
    # the mean is then that of a mixed model with random slopes.
    model = random_effects(list(by_family.values()), np.full(len(by_family), own))
    return Effect(
        term=term,
        outcome=outcome,
        by_family=by_family,
        own=float(own),
        model=model,
        interval=None
        if model.mean is None
        else t_interval(model.estimate, model.standard_error**2, model.n_units - 1, level),
        by_gap=_slope([gaps[family] for family in by_family], list(by_family.values()), level),
    )


def _slope(gaps: Sequence[float], effects: Sequence[float], level: float) -> Interval | None:
    """Return the slope of a least-squares line over families, with Student's interval; None where there is no line."""
    from scipy.stats import linregress

    if len(effects) < LEAST_FAMILIES or np.ptp(gaps) == 0 or np.ptp(effects) == 0:
        return None
    line = linregress(gaps, effects)
    return t_interval(float(line.slope), float(line.stderr) ** 2, len(effects) - 2, level)


@dataclass(frozen=True)
class Share:
    """Which part of an outcome's variance over points and tasks a factor makes.

    Attributes:
        common: The part that is alike on all families.
        own: The part that differs between families; what few examples leave unsaid is in it.
    """

    common: float
    own: float


def shares_of(effects: Sequence[Effect]) -> dict[int, Share]:
    """Return the shares of factors, by their place, from the curves of an outcome.

    A factor's part is the variance of its curve over its levels: that of the mean curve, and the mean over families of
    that of what is left of theirs. Shares are of the sum over all factors, each with the range that it was given.
    """
    levels: dict[int, list[Effect]] = {}
    for effect in effects:
        if effect.term.sort == "level":
            levels.setdefault(effect.term.factors[0], []).append(effect)
    parts = {}
    for factor, curve in levels.items():
        families = sorted(set.intersection(*(set(one.by_family) for one in curve)))
        if families:
            # the first level is 0 on every curve
            table = np.array([[0.0] * len(families), *([one.by_family[f] for f in families] for one in curve)])
            mean = table.mean(axis=1)
            parts[factor] = float(mean.var()), float((table - mean[:, None]).var(axis=0).mean())
    total = sum(map(sum, parts.values()))
    return {factor: Share(common / total, own / total) for factor, (common, own) in parts.items()} if total else {}


@dataclass(frozen=True)
class LeftOut:
    """How well a task's response is predicted by the others.

    Attributes:
        explained: One minus the squared errors of the prediction over those of predicting no effect at all.
        most: The same of a prediction that knew the true effects: the rest is what examples and seeds leave unsaid.
        n_families: How many families were left out in turn.
        n_effects: How many effects were predicted.
    """

    explained: float
    most: float
    n_families: int
    n_effects: int


def left_out_of(effects: Sequence[Effect]) -> LeftOut | None:
    """Return how well the response of a family, level by level, is predicted by the mean of the others'."""
    errors = moved = noise = 0.0
    count, families = 0, set()
    for effect in effects:
        if effect.term.sort != "level" or len(effect.by_family) < 2:
            continue
        values = np.array(list(effect.by_family.values()))
        others = (values.sum() - values) / (len(values) - 1)
        errors += float(((values - others) ** 2).sum())
        moved += float((values**2).sum())
        noise += effect.own * len(values)
        count += len(values)
        families |= set(effect.by_family)
    return LeftOut(1 - errors / moved, 1 - noise / moved, len(families), count) if moved else None
