"""What to try next: candidate experiments, ranked by expected information per processor second."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from w2sg.agenda.agenda import Trial
from w2sg.agenda.belief import Prior
from w2sg.agenda.costs import Costs, RunCatalogue
from w2sg.agenda.evidence import Knowledge
from w2sg.agenda.steps import Expected

SEEDS = 3
"""An experiment begins with as many, and one that is made again has twice as many as before."""
MOST_SEEDS = 12
UNMEASURED_NOISE = 0.015**2
"""The variance of an effect at one site under `SEEDS` seeds, where none was ever measured."""
LEAST_S = 0.05
"""An experiment whose runs are all there is taken to cost as much."""
LEAST_BITS = 1e-4
"""Experiments that promise less are not proposed: rounding of the grids would rank them."""


@dataclass(frozen=True, eq=False)
class PlannedExperiment:
    """A claim that may be tried at a site.

    Attributes:
        trial: The claim at the site.
        n_seeds: Under how many seeds.
        seconds: Of a processor that its missing runs are expected to take.
        bits: By how much it is expected to lower the entropy of credences: of this claim, and of those of the same site
            whose runs it brings along.
        together: The trials that its runs decide on together, this one first.
    """

    trial: Trial
    n_seeds: int
    seconds: float
    bits: float
    together: tuple[Trial, ...]

    @property
    def rate(self) -> float:
        """Expected information per second."""
        return self.bits / max(self.seconds, LEAST_S)

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

    def __init__(self, catalogue: RunCatalogue, seeds: Sequence[int]) -> None:
        self.catalogue, self.seeds = catalogue, tuple(seeds)
        self._bits: dict[tuple[object, ...], float] = {}

    def candidates(self, known: Knowledge, costs: Costs) -> list[PlannedExperiment]:
        """Return all experiments that promise something, the best first."""
        by_site: dict[str, list[Trial]] = {}
        for trial in known.agenda.trials:
            by_site.setdefault(trial.site.name, []).append(trial)
        found = [self._planned(trial, by_site[trial.site.name], known, costs) for trial in known.agenda.trials]
        promising = [one for one in found if one is not None and one.bits >= LEAST_BITS]
        return sorted(promising, key=lambda one: (-one.rate, one.title))

    def _planned(
        self, trial: Trial, at_site: Sequence[Trial], known: Knowledge, costs: Costs
    ) -> PlannedExperiment | None:
        n_seeds = self._n_seeds(trial, known)
        if n_seeds is None:
            return None
        seeds = self.seeds[:n_seeds]
        own = self.catalogue.scores(trial, seeds)
        if costs.refused(own):
            return None
        brought = {id(score) for score in own}
        together = [trial]
        for other in at_site:
            wanted = self.catalogue.scores(other, seeds)
            if other is trial or self._n_seeds(other, known) != n_seeds or costs.refused(wanted):
                continue
            if costs.has([score for score in wanted if id(score) not in brought]):
                together.append(other)
        bits = sum(self.bits(one, n_seeds, known) for one in together)
        return PlannedExperiment(trial, n_seeds, costs.seconds(own), bits, tuple(together))

    def _n_seeds(self, trial: Trial, known: Knowledge) -> int | None:
        """Return how many seeds the next experiment of a trial has; None where it has had all."""
        done = known.at(trial.claim.name, trial.site.name)
        wanted = SEEDS if done is None else 2 * done.n_seeds
        return wanted if wanted <= min(len(self.seeds), MOST_SEEDS) else None

    def bits(self, trial: Trial, n_seeds: int, known: Knowledge) -> float:
        """Return by how much an experiment is expected to lower the entropy of its claim's credence."""
        claim, family = trial.claim, trial.site.family
        noise, units = self.noise(trial, n_seeds, known), known.units_of(claim.name)
        key = claim.name, family, round(noise, 6), units.effects, units.variances
        if key not in self._bits:
            belief = known.belief(claim)
            if family in units.families:
                place = units.families.index(family)
                without = known.belief(claim, without=family)
                measured = units.effects[place], units.variances[place]
                self._bits[key] = belief.information_of_more(without, *measured, noise)
            else:
                self._bits[key] = belief.information(noise)
        return self._bits[key]

    def noise(self, trial: Trial, n_seeds: int, known: Knowledge) -> float:
        """Return the variance that an effect at a site is expected to be measured with.

        It is the median of those known at the site, or else of all, each as it would be with this number of seeds.
        """
        scaled = [(one.site, one.variance * one.n_seeds / n_seeds) for one in known.measurements]
        here = [variance for site, variance in scaled if site == trial.site.name]
        either = here or [variance for _, variance in scaled]
        return median(either) if either else UNMEASURED_NOISE * SEEDS / n_seeds

    def expected(self, trial: Trial, n_seeds: int, known: Knowledge) -> Expected:
        """Return what is to be sealed of an experiment: belief and noise, without this site's family."""
        claim = trial.claim
        units, prior = known.units_of(claim.name, without=trial.site.family), Prior(claim.credence)
        assert claim.region is not None
        return Expected(
            region=claim.region,
            credence=prior.credence,
            scale=prior.scale,
            between=prior.between,
            effects=units.effects,
            variances=units.variances,
            noise=self.noise(trial, n_seeds, known),
        )
