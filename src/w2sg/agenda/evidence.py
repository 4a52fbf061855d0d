"""What is known: the experiments of a store, as far as their runs are there, and what they make of each claim.

A claim has at most one measurement for each site, that of the experiment with most seeds, which holds the runs of the
smaller ones: no run counts twice. Sites of one family are pooled into one unit. The belief is made anew from all units
each time, so the order of experiments cannot matter, and nothing is updated by hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from w2sg.agenda.belief import DECIDED, SENSITIVITY, Belief, Prior, belief_of
from w2sg.graph import Result, Store
from w2sg.measure import RandomEffects, pooled_by_unit, random_effects

if TYPE_CHECKING:
    from w2sg.agenda.agenda import Agenda
    from w2sg.agenda.claim import ResearchClaim

EXPERIMENT = "experiment"
"""The kind of step that tries a claim at a site."""


@dataclass(frozen=True)
class Measurement:
    """What an experiment showed.

    Attributes:
        claim: The claim's name.
        site: The site's name.
        estimate: The effect.
        variance: Of the effect.
        n_seeds: The number of seeds.
        runs: The runs' names.
        shown: Further numbers, such as how good the forecast was.
        late: Whether all of its runs had been scored before the forecast was sealed.
    """

    claim: str
    site: str
    estimate: float
    variance: float
    n_seeds: int
    runs: tuple[str, ...] = ()
    shown: Mapping[str, float] = field(default_factory=dict)
    late: bool = False


@dataclass(frozen=True, eq=False)
class Units:
    """The evidence on one claim by family: one unit each."""

    families: tuple[str, ...]
    effects: tuple[float, ...]
    variances: tuple[float, ...]

    @cached_property
    def model(self) -> RandomEffects | None:
        """The random-effects model; None without a unit."""
        return random_effects(self.effects, self.variances) if self.effects else None


class Knowledge:
    """What an agenda knows after some experiments.

    Args:
        agenda: The agenda.
        measurements: In the order in which they were made; a later one of a claim and a site with as many seeds or more
            takes the place of the one before.
        dropped: Experiments that no longer count, each with its reason.
    """

    def __init__(self, agenda: "Agenda", measurements: Sequence[Measurement], dropped: Sequence[str] = ()) -> None:
        self.agenda, self.measurements, self.dropped = agenda, tuple(measurements), tuple(dropped)
        self._best: dict[tuple[str, str], Measurement] = {}
        for one in measurements:
            known = self._best.get((one.claim, one.site))
            if known is None or one.n_seeds >= known.n_seeds:
                self._best[one.claim, one.site] = one
        self._units: dict[tuple[str, str], Units] = {}

    def at(self, claim: str, site: str) -> Measurement | None:
        """Return what is known of a claim at a site."""
        return self._best.get((claim, site))

    def sites_of(self, claim: str) -> list[Measurement]:
        """Return what is known of a claim, site by site."""
        return [one for (name, _), one in self._best.items() if name == claim]

    def units_of(self, claim: str, without: str = "") -> Units:
        """Return the evidence on a claim, a unit for each family, `without` one of them."""
        if (claim, without) not in self._units:
            by_family: dict[str, list[Measurement]] = {}
            for one in sorted(self.sites_of(claim), key=lambda one: one.site):
                by_family.setdefault(self.agenda.sites[one.site].family, []).append(one)
            by_family.pop(without, None)
            found = [(place, one) for place, members in enumerate(by_family.values()) for one in members]
            effects, variances = (
                ((), ())
                if not found
                else pooled_by_unit(
                    [one.estimate for _, one in found],
                    [one.variance for _, one in found],
                    [place for place, _ in found],
                )
            )
            self._units[claim, without] = Units(
                tuple(by_family), tuple(map(float, effects)), tuple(map(float, variances))
            )
        return self._units[claim, without]

    def belief(self, claim: "ResearchClaim", without: str = "", factor: float = 1.0) -> Belief:
        """Return what is believed of a testable claim's effect, `without` one family, with scales times a factor."""
        units = self.units_of(claim.name, without)
        assert claim.says is not None
        return belief_of(claim.says, Prior(claim.credence).times(factor), units.effects, units.variances)

    def own_credence(self, name: str, factor: float = 1.0) -> float:
        """Return a claim's credence by its own evidence alone."""
        claim = self.agenda.claims[name]
        return claim.credence if claim.says is None else self.belief(claim, factor=factor).credence

    @cached_property
    def credences(self) -> dict[str, float]:
        """The credence of every claim: that of its own evidence, and at most that of what it presupposes."""
        return self.credences_if({})

    def credences_if(self, settled: Mapping[str, float]) -> dict[str, float]:
        """Return all credences if those of some claims were others."""
        own = {name: settled.get(name, self.own_credence(name)) for name in self.agenda.claims}
        return {name: min([own[name], *(own[inner] for inner in self.agenda.below(name))]) for name in own}

    def range_of(self, name: str) -> tuple[float, float]:
        """Return the least and the largest credence of a claim by its own evidence, over `SENSITIVITY`."""
        found = [self.own_credence(name, factor) for factor in SENSITIVITY]
        return min(found), max(found)

    @property
    def decided(self) -> list[str]:
        """The testable claims that are decided."""
        here = [name for name in self.agenda.claims if name not in self.agenda.untested]
        return [name for name in here if not 1 - DECIDED <= self.credences[name] <= DECIDED]

    def after(self, more: Sequence[Measurement]) -> "Knowledge":
        """Return what is known after further experiments."""
        return Knowledge(self.agenda, [*self.measurements, *more], self.dropped)


def knowledge_of(agenda: "Agenda", folder: Path, keys: Sequence[str] | None = None) -> Knowledge:
    """Return what the experiments of a store, or those of some keys, tell about an agenda.

    An experiment does not count, and is named in `dropped`, where its runs were deleted, or its claim or its site is
    gone or was stated anew.

    Raises:
        StoreError: If the store cannot be read.
    """
    if not (folder / "store.db").exists():
        return Knowledge(agenda, ())
    measurements, dropped = [], []
    with Store(folder) as store:
        for result in reversed(store.results(keys, step=EXPERIMENT)):
            measurement = _measurement(store, result)
            why = _why_dropped(agenda, store, result, measurement)
            if why:
                dropped.append(f"{measurement.claim} at {measurement.site}: {why}")
            else:
                measurements.append(measurement)
    return Knowledge(agenda, measurements, dropped)


def _measurement(store: Store, result: Result) -> Measurement:
    inputs: Mapping[str, str] = (store.record(result.key) or {}).get("inputs", {})
    runs = tuple(key for name, key in inputs.items() if name.startswith("run "))
    forecasts = [key for name, key in inputs.items() if name.startswith("forecast ")]
    lines = [line.step for line in store.ledger(steps=[*forecasts, *runs])]
    sealed = [place for place, step in enumerate(lines) if step in forecasts]
    shown = {name: float(value) for name, value in result.shown.items() if isinstance(value, int | float)}
    return Measurement(
        claim=str(result.about["claim"]),
        site=str(result.about["site"]),
        estimate=shown["estimate"],
        variance=shown["variance"],
        n_seeds=len(result.about["seeds"]),
        runs=runs,
        shown=shown,
        late=not sealed or all(run in lines[: sealed[0]] for run in runs),
    )


def _why_dropped(agenda: "Agenda", store: Store, result: Result, one: Measurement) -> str:
    claim = agenda.claims.get(one.claim)
    if claim is None or one.site not in agenda.sites:
        return "the claim or the site is no longer in the agenda"
    stated = claim.effect, agenda.sites[one.site].digest()
    if stated != (result.about["effect"], result.about["site_digest"]):
        return "the claim or the site was stated anew since"
    present = store.having(one.runs)
    lost = [run for run in one.runs if run not in present]
    if lost or not one.runs:
        return f"{len(lost) or 'all'} of its runs were deleted"
    return ""
