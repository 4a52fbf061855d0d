"""What to try next: candidate experiments, ranked by how many claims they promise to decide per processor second.

What one experiment tells is little where several are needed, so the bits that each promises are a poor guide to what
will be decided: an experiment counts for its part in the number of experiments that serves its claim best. And the
first experiment at a site pays for supervisors that all others there use, so their cost is shared by those that are
open. Where none promises a decision, bits rank.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from w2sg.agenda.belief import Prior, Prospects
from w2sg.agenda.expected import Expected

if TYPE_CHECKING:
    from w2sg.agenda.agenda import Trial
    from w2sg.agenda.claim import ResearchClaim
    from w2sg.agenda.costs import Costs, RunCatalogue
    from w2sg.agenda.evidence import Knowledge
    from w2sg.lab import Score

SEEDS = 4
"""An experiment begins with as many, and one that is made again has twice as many as before."""
MOST_SEEDS = 16
UNMEASURED_NOISE = 0.03**2
"""The variance of an effect at one site under one seed, where none was ever measured."""
LEAST_S = 0.05
"""An experiment whose runs are all there is taken to cost as much."""
LEAST_BITS = 1e-4
"""Experiments that promise less are not proposed: rounding of the grids would rank them."""


class _Next(NamedTuple):
    """What a trial would be tried with next."""

    trial: "Trial"
    n_seeds: int
    scores: "tuple[Score, ...]"

    @property
    def runs(self) -> frozenset[int]:
        return frozenset(map(id, self.scores))


@dataclass(frozen=True, eq=False)
class PlannedExperiment:
    """A claim that may be tried at a site.

    Attributes:
        trial: The claim at the site.
        n_seeds: Under how many seeds.
        seconds: Of a processor that its missing runs are expected to take.
        share_s: What of these falls to it: a step that several open experiments of its site need is shared by all.
        bits: By how much it is expected to lower the entropy of credences: of this claim, and of those of the same site
            whose runs it brings along.
        decides: How many of these claims it is expected to decide, as its part in the number of experiments that serves
            each best.
        together: The trials that its runs decide on together, this one first.
    """

    trial: "Trial"
    n_seeds: int
    seconds: float
    share_s: float
    bits: float
    decides: float
    together: "tuple[Trial, ...]"

    @property
    def rate(self) -> tuple[float, float]:
        """Claims decided per second that falls to it, and then bits."""
        seconds = max(self.share_s, LEAST_S)
        return self.decides / seconds, self.bits / seconds

    @property
    def title(self) -> str:
        """The claim and the site."""
        return f"{self.trial.claim.name} at {self.trial.site.name}"


class Planner:
    """Ranks what may be tried next.

    Args:
        catalogue: The runs that may be asked for.
        seeds: All seeds, in the order in which experiments take them.
    """

    def __init__(self, catalogue: "RunCatalogue", seeds: Sequence[int]) -> None:
        self.catalogue, self.seeds = catalogue, tuple(seeds)
        self._known: dict[tuple[object, ...], Prospects] = {}
        self._where: dict[str, set[str]] = {}

    def candidates(self, known: "Knowledge", costs: "Costs") -> list[PlannedExperiment]:
        """Return all experiments that promise something, the best first; of those with the same runs one."""
        found = [one for one in self.possible(known, costs) if one.bits >= LEAST_BITS]
        ranked = sorted(sorted(found, key=lambda one: one.title), key=lambda one: one.rate, reverse=True)
        alike = {frozenset(map(id, one.together)): one for one in reversed(ranked)}
        return [one for one in ranked if alike[frozenset(map(id, one.together))] is one]

    def possible(self, known: "Knowledge", costs: "Costs") -> list[PlannedExperiment]:
        """Return all experiments that were not made and can be."""
        by_site: dict[str, list[_Next]] = {}
        for trial in known.agenda.trials:
            n_seeds = self._n_seeds(trial, known)
            if n_seeds is not None:
                scores = self.catalogue.scores_of(trial, self.seeds[:n_seeds])
                if not costs.refused(scores):
                    by_site.setdefault(trial.site.name, []).append(_Next(trial, n_seeds, scores))
        noise = _Noise(known)
        found = []
        for at_site in by_site.values():
            missing = [one.runs - costs.done for one in at_site]
            told = [self._prospects(one.trial, noise.of(one.trial) / one.n_seeds, known) for one in at_site]
            steps = [costs.missing(one.scores) for one in at_site]
            sharing = Counter(id(step) for own, of in zip(told, steps, strict=True) if own.decides for step in of)
            for one, own, of in zip(at_site, missing, steps, strict=True):
                # What another trial of the site still lacks may be among the runs of this one.
                alike = [place for place, other in enumerate(at_site) if other.n_seeds == one.n_seeds]
                brought = [place for place in alike if missing[place] <= own]
                together = sorted((at_site[place].trial for place in brought), key=lambda trial: trial is not one.trial)
                seconds = [(costs.expected(step), max(1, sharing[id(step)])) for step in of]
                found.append(
                    PlannedExperiment(
                        one.trial,
                        one.n_seeds,
                        seconds=sum(cost for cost, _ in seconds),
                        share_s=sum(cost / n for cost, n in seconds),
                        bits=sum(told[place].bits for place in brought),
                        decides=sum(told[place].decides for place in brought),
                        together=tuple(together),
                    )
                )
        return found

    def _n_seeds(self, trial: "Trial", known: "Knowledge") -> int | None:
        """Return how many seeds the next experiment of a trial has; None where it has had all."""
        done = known.at(trial.claim.name, trial.site.name)
        wanted = min(SEEDS, len(self.seeds)) if done is None else 2 * done.n_seeds
        return wanted if wanted <= len(self.seeds) else None

    def _prospects(self, trial: "Trial", noise: float, known: "Knowledge") -> Prospects:
        """Return what an experiment promises for its own claim."""
        claim, units = trial.claim, known.units_of(trial.claim.name)
        again = trial.site.family if trial.site.family in units.families else ""
        n_new = len(self._families(claim, known) - set(units.families))
        key = claim.says, claim.credence, again, noise, n_new, units.effects, units.variances
        if key not in self._known:
            belief = known.belief(claim)
            if again:
                place = units.families.index(again)
                measured = units.effects[place], units.variances[place]
                self._known[key] = belief.prospects_of_more(known.belief(claim, without=again), *measured, noise)
            else:
                self._known[key] = belief.prospects(noise, n_new)
        return self._known[key]

    def _families(self, claim: "ResearchClaim", known: "Knowledge") -> set[str]:
        """Return the families at which a claim can be tried."""
        if not self._where:
            for trial in known.agenda.trials:
                self._where.setdefault(trial.claim.name, set()).add(trial.site.family)
        return self._where[claim.name]

    def expected(self, trial: "Trial", n_seeds: int, known: "Knowledge") -> Expected:
        """Return what is to be sealed of an experiment: belief and noise, without this site's family."""
        claim = trial.claim
        units, prior = known.units_of(claim.name, without=trial.site.family), Prior(claim.credence)
        assert claim.says is not None
        return Expected(
            says=claim.says,
            credence=prior.credence,
            scale=prior.scale,
            between=prior.between,
            effects=units.effects,
            variances=units.variances,
            noise=_Noise(known).of(trial) / n_seeds,
        )


class _Noise:
    """The variance that effects are expected to have under one seed.

    It is the median of those known, times how much larger the median at the site is, and that of the claim: a method
    that changes few answers is measured more precisely than one that changes many. It is rounded to the nearest power
    of the root of 2: finer ones would have all information computed anew after each experiment, and change it little.
    """

    def __init__(self, known: "Knowledge") -> None:
        self._known: dict[tuple[str, str], list[float]] = {}
        for one in known.measurements:
            for key in (("", ""), ("site", one.site), ("claim", one.claim)):
                self._known.setdefault(key, []).append(one.variance * one.n_seeds)
        self._median = {key: log2(median(variances)) for key, variances in self._known.items()}

    def of(self, trial: "Trial") -> float:
        usual = self._median.get(("", ""), log2(UNMEASURED_NOISE))
        own = [self._median.get(key, usual) for key in (("site", trial.site.name), ("claim", trial.claim.name))]
        noise: float = 2 ** (round(2 * (sum(own) - usual)) / 2)
        return noise
