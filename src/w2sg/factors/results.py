"""What a factor study found, and how it is found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from w2sg.core import FloatArray, InputError, plain
from w2sg.factors.contract import GAP, Direction, Factor
from w2sg.factors.designs import Adaptive
from w2sg.factors.effects import ALPHA, Effect, LeftOut, Share, effects_of, left_out_of, shares_of
from w2sg.factors.indices import Index, indices_of
from w2sg.factors.running import BaseSetup, Tried, base_setups, check_commuting, over_families, try_points
from w2sg.factors.terms import Term, terms_of
from w2sg.graph import Progress
from w2sg.measure import holm

if TYPE_CHECKING:
    from w2sg.factors.outcomes import FactorOutcome
    from w2sg.factors.study import FactorStudy


@dataclass(frozen=True)
class Sign:
    """A predicted sign, and what was found.

    Attributes:
        factor: The factor's name.
        outcome: The outcome.
        predicted: What theory says.
        source: Where it says so.
        estimate: The mean effect over families.
        p_adjusted: Two-sided, of a mean effect of 0, adjusted by Holm over all predictions; None for one family.
    """

    factor: str
    outcome: str
    predicted: Direction
    source: str
    estimate: float
    p_adjusted: float | None

    @property
    def verdict(self) -> str:
        """Whether the prediction was right, wrong, or neither was shown."""
        if self.p_adjusted is None or self.p_adjusted >= ALPHA:
            return "open"
        return "right" if (self.estimate > 0) == (self.predicted == "rises") else "wrong"


@dataclass(frozen=True, eq=False)
class FactorResults:
    """What a factor study found.

    Attributes:
        study: The study.
        points: The points of its design, `(m, k)`.
        families: The names of the families of its tasks.
        tried: What came of every setup.
        outcomes: The outcomes.
        terms: The terms of the design.
        effects: The effects of all terms, by outcome.
        shares: The share of variance of every factor, by outcome.
        left_out: How well a family is predicted by the others, by outcome; None where nothing moves.
        indices: Morris' or Sobol's indices by outcome, where the design is made for them.
        responses: Each outcome at every point, `(m,)`: the mean over families; NaN where one lacks it.
        signs: What was predicted, and what was found.
        n_runs: How many runs it rests on.
        missing: Why factors or points are missing, by the name of the setup.
    """

    study: "FactorStudy"
    points: FloatArray
    families: tuple[str, ...]
    tried: tuple[Tried, ...]
    outcomes: "tuple[FactorOutcome, ...]"
    terms: tuple[Term, ...]
    effects: Mapping[str, tuple[Effect, ...]]
    shares: Mapping[str, Mapping[int, Share]]
    left_out: Mapping[str, LeftOut | None]
    indices: Mapping[str, tuple[Index, ...]]
    responses: Mapping[str, FloatArray]
    signs: tuple[Sign, ...]
    n_runs: int
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The factors."""
        return self.study.factors

    def effects_on(self, outcome: str, sort: str, factor: int | None = None) -> list[Effect]:
        """Return the effects on an outcome of one sort, of one factor or of all."""
        return [
            effect
            for effect in self.effects[outcome]
            if effect.term.sort == sort and factor in (None, effect.term.factors[0])
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the first part of `--json`."""
        return {
            "study": self.study.model_dump(mode="json"),
            "points": [_or_none(point) for point in self.points],
            "responses": {name: _or_none(values) for name, values in self.responses.items()},
            "families": list(self.families),
            "n_runs": self.n_runs,
            "effects": {name: [self._plain(one) for one in effects] for name, effects in self.effects.items()},
            "shares": {
                name: {self.factors[factor].name: plain(share, sparse=False) for factor, share in shares.items()}
                for name, shares in self.shares.items()
            },
            "predicted_by_others": {name: plain(one, sparse=False) for name, one in self.left_out.items()},
            "indices": {name: plain(list(some), sparse=False) for name, some in self.indices.items()},
            "signs": [{**plain(sign, sparse=False), "verdict": sign.verdict} for sign in self.signs],
            "missing": {name: list(reasons) for name, reasons in self.missing.items()},
        }

    def _plain(self, effect: Effect) -> dict[str, Any]:
        return {
            "sort": effect.term.sort,
            "factors": [self.factors[place].name for place in effect.term.factors],
            "name": effect.term.name,
            "estimate": effect.model.estimate,
            "interval": plain(effect.interval, sparse=False),
            "between": effect.model.between,
            "prediction": plain(effect.model.prediction, sparse=False),
            "by_family": {self.families[family]: value for family, value in effect.by_family.items()},
            "by_gap": plain(effect.by_gap, sparse=False),
            **(
                {"families_needed": effect.families_needed, "families_at_least": effect.families_at_least}
                if effect.term.sort == "effect"
                else {}
            ),
        }


def _or_none(values: FloatArray) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]


def run_factors(
    study: "FactorStudy",
    *,
    store: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> FactorResults:
    """Try a study's setups at the points of its design, and say what its factors do to its outcomes.

    The runs are ordinary ones: they are kept in the store like those of any study, and none is made twice.

    Args:
        study: The study.
        store: The store's folder; None is the usual one.
        workers: Processes; None chooses.
        progress: Told how many runs are done, of how many.

    Raises:
        InputError: If the study breaks a rule, its points do not tell its factors apart, or no factor fits.
        MissingExtraError: If a package that the design needs is not installed.
        RunError: If runs failed by accident.
    """
    bases, families = base_setups(study)
    factors, outcomes, design = study.factors, tuple(study.outcomes()), study.design
    if design.joint:
        check_commuting(bases[0].setup, factors)
    # Points that do not tell factors apart are refused before anything is run. Chosen points tell no effects at all.
    terms = [] if design.adaptive else terms_of(design, factors, design.points(factors), interactions=True)
    points, tried = _in_rounds(study, bases, store=store, workers=workers, progress=progress)
    gaps = _gaps(tried)
    effects = {one.name: tuple(effects_of(tried, terms, one.name, gaps)) for one in outcomes}
    if terms and not any(effects.values()):
        raise InputError(f"no factor has two levels on any task: {'; '.join(tried[0].missing)}")
    responses = {one.name: over_families(tried, one.name) for one in outcomes}
    if isinstance(design, Adaptive) and np.isnan(responses[design.outcome]).all():
        raise InputError(f"outcome {design.outcome!r} is known at no point: {'; '.join(tried[0].missing)}")
    return FactorResults(
        study=study,
        points=points,
        families=tuple(families),
        tried=tuple(tried),
        outcomes=outcomes,
        terms=tuple(terms),
        effects=effects,
        shares={name: shares_of(of) for name, of in effects.items()},
        left_out={name: left_out_of(of) for name, of in effects.items()},
        indices={one.name: tuple(indices_of(design, factors, points, tried, one.name)) for one in outcomes},
        responses=responses,
        signs=tuple(_signs(factors, effects)),
        n_runs=len(frozenset().union(*(one.run_ids for one in tried))),
        missing={one.base.name: one.missing for one in tried if one.missing},
    )


def _in_rounds(
    study: "FactorStudy",
    bases: Sequence[BaseSetup],
    *,
    store: str | Path | None,
    workers: int | None,
    progress: Progress | None,
) -> tuple[FloatArray, list[Tried]]:
    """Have the points of the study's design tried, and return them with what came of each setup at all of them."""
    rounds, tried, outcomes = list[FloatArray](), list[Tried](), study.outcomes()

    def trying(asked: FloatArray) -> dict[str, FloatArray]:
        new = try_points(
            bases,
            study.factors,
            asked,
            outcomes,
            study.seed_list(),
            store=store,
            workers=workers,
            plugins=study.plugins,
            progress=progress,
        )
        rounds.append(asked)
        tried[:] = [one.and_then(more) for one, more in zip(tried, new, strict=True)] if tried else new
        return {one.name: over_families(tried, one.name)[-len(asked) :] for one in outcomes}

    study.design.have_tried(study.factors, trying)
    return np.concatenate(rounds), tried


def _gaps(tried: Sequence[Tried]) -> dict[int, float]:
    """Return the gap of each family: the mean over its places and their points, in which factors are turned alike."""
    found: dict[int, list[float]] = {}
    for one in tried:
        if len(values := one.values(GAP)):
            found.setdefault(one.base.family, []).append(float(values.mean()))
    return {family: float(np.mean(gaps)) for family, gaps in found.items()}


def _signs(factors: Sequence[Factor], effects: Mapping[str, Sequence[Effect]]) -> list[Sign]:
    """Return what theory predicted of factors with a way up, and what was found."""
    found = [
        (factor, outcome, predicted, effect.model)
        for place, factor in enumerate(factors)
        for outcome, predicted in factor.predicted.items()
        for effect in effects.get(outcome, ())
        if effect.term.sort == "effect" and effect.term.factors == (place,) and factor.ordered
    ]
    tested = [model.p_value for *_, model in found if model.p_value is not None]
    adjusted = iter(holm(tested).tolist() if tested else [])
    return [
        Sign(
            factor.name,
            outcome,
            predicted,
            factor.source,
            model.estimate,
            None if model.p_value is None else next(adjusted),
        )
        for factor, outcome, predicted, model in found
    ]
