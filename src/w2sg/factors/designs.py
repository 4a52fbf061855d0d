"""Designs: at which levels of several factors a setup is tried.

A point of a design has one place in [0, 1] for each factor, from its first level to its last; a factor without a place
(NaN) is left as the setup has it.
"""

import itertools
import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, final

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import Component, FloatArray, InputError, MissingExtraError, contract, derive, register
from w2sg.factors.contract import Factor
from w2sg.factors.searching import Seek, Setting, search

MOST_POINTS = 4096
"""Beyond this nobody waits: fractional and space-filling designs need far fewer."""
MOST_BASE = 12
"""Two-level factors of which a fraction takes all combinations: 2^12 is `MOST_POINTS`."""
PALEY = (11, 19, 23, 43, 47, 59)
"""Primes of the form 4 m - 1, where they make smaller designs than a power of two."""


Trying = Callable[[FloatArray], Mapping[str, FloatArray]]
"""Tries points `(m, k)`, and gives every outcome at each, `(m,)`; NaN where there is none."""


@contract("designs")
class FactorDesign(Component):
    """Which combinations of levels are tried."""

    joint: ClassVar[bool] = True
    """Whether several factors are turned at once."""
    adaptive: ClassVar[bool] = False
    """Whether points are chosen by the outcomes at those before: effects that are read from them are then biased."""

    @abstractmethod
    def places(self, factors: Sequence[Factor]) -> FloatArray:
        """Return the points `(m, k)` for k factors: all of them, or those to begin with.

        Raises:
            InputError: If the design does not fit these factors, or has more than `MOST_POINTS` points.
        """

    def have_tried(self, factors: Sequence[Factor], trying: Trying) -> None:
        """Have all points of the design tried, in as many rounds as it takes: one, unless outcomes choose points."""
        trying(self.points(factors))

    def points(self, factors: Sequence[Factor]) -> FloatArray:
        """Return the points `(m, k)`, or those to begin with, each at a level that its factor has."""
        found = self.places(factors)
        if len(found) > MOST_POINTS:
            raise InputError(f"a design has at most {MOST_POINTS:,} points, got {len(found):,}: take a fraction of it")
        for column, factor in enumerate(factors):
            if not factor.continuous:
                last = len(factor.points) - 1
                # as `Factor.at` counts: levels share [0, 1] evenly, and are told apart by their number over the last
                found[:, column] = np.minimum(np.floor(found[:, column] * (last + 1)), last) / last
        return found


@final
@register()
class OneAtATime(FactorDesign):
    """Each factor at all its levels, all others as the setup has them: it shows no interactions."""

    kind: Literal["one-at-a-time"] = "one-at-a-time"
    joint: ClassVar[bool] = False

    def places(self, factors: Sequence[Factor]) -> FloatArray:
        """Return one point for each level of each factor."""
        rows = []
        for column, factor in enumerate(factors):
            for place in _places(factor):
                rows.append(np.where(np.arange(len(factors)) == column, place, np.nan))
        return np.array(rows)


@final
@register()
class FullFactorial(FactorDesign):
    """All combinations of all levels."""

    kind: Literal["full-factorial"] = "full-factorial"

    def places(self, factors: Sequence[Factor]) -> FloatArray:
        """Return every combination."""
        count = math.prod(len(factor.points) for factor in factors)
        if count > MOST_POINTS:
            raise InputError(f"all combinations are {count:,}, over {MOST_POINTS:,}: take a fraction, or fewer levels")
        return np.array(list(itertools.product(*map(_places, factors))))


def _places(factor: Factor) -> list[float]:
    last = len(factor.points) - 1
    return [place / last for place in range(last + 1)]


@final
@register()
class FractionalFactorial(FactorDesign):
    """A fraction of all combinations of first and last levels, 2^(k - p), of a stated resolution.

    At resolution 3 no two factors are confounded, at 4 none with an interaction of two, at 5 no two such interactions
    with each other (Box and Hunter 1961). Each factor is a product of some of the first ones, and no product of fewer
    factors than the resolution is constant.
    """

    kind: Literal["fractional-factorial"] = "fractional-factorial"
    resolution: Literal[3, 4, 5] = Field(4, description="the least number of factors whose product is constant")

    def places(self, factors: Sequence[Factor]) -> FloatArray:
        """Return the smallest fraction that a search in a fixed order finds."""
        for base in range(1, MOST_BASE + 1):
            words = _words(base, len(factors), self.resolution)
            if words is not None:
                bits = np.arange(2**base)[:, None] & np.array(words)[None, :]
                return np.array([[f"{value:b}".count("1") % 2 for value in row] for row in bits.tolist()], dtype=float)
        raise InputError(
            f"{len(factors)} factors have no fraction of resolution {self.resolution} of at most 2^{MOST_BASE} points: "
            "ask for a lower resolution, or fewer factors"
        )


def _words(base: int, count: int, resolution: int) -> list[int] | None:
    """Return for each factor the base factors that it is the product of, as bits; None where they do not suffice."""
    words: list[int] = []
    # products of up to so many of the chosen words: a new word among them would close a product that is too short
    taken = [{0}]
    for word in sorted(range(1, 2**base), key=lambda word: (word.bit_count() > 1, word)):
        if word in set().union(*taken):
            continue
        words.append(word)
        grown = [*taken, set()]
        for size in range(len(taken), 0, -1):
            grown[size] = grown[size] | {word ^ product for product in grown[size - 1]}
        taken = grown[: resolution - 1]
        if len(words) == count:
            return words
    return None


@final
@register()
class PlackettBurman(FactorDesign):
    """First and last levels in the fewest points that tell all main effects apart (Plackett and Burman 1946).

    Main effects are confounded with parts of interactions; with `foldover`, which doubles the points, with none of two
    factors.
    """

    kind: Literal["plackett-burman"] = "plackett-burman"
    foldover: bool = Field(False, description="add the mirror image of every point")

    def places(self, factors: Sequence[Factor]) -> FloatArray:
        """Return columns of a Hadamard matrix with more rows than there are factors."""
        count = len(factors)
        prime = next((prime for prime in PALEY if prime >= count), math.inf)
        power = 2 ** max(2, count.bit_length())
        matrix = _paley(int(prime)) if prime + 1 < power else _sylvester(power)
        rows = (1 + matrix[:, 1 : count + 1]) / 2
        return np.concatenate([rows, 1 - rows]) if self.foldover else rows


def _sylvester(size: int) -> FloatArray:
    from scipy.linalg import hadamard

    return np.asarray(hadamard(size), dtype=np.float64)


def _paley(prime: int) -> FloatArray:
    """Return the Hadamard matrix `(prime + 1, prime + 1)` of quadratic residues (Paley 1933), its first column 1."""
    squares = {place * place % prime for place in range(prime)}
    row = np.array([1.0 if place in squares else -1.0 for place in range(prime)])
    circulant = np.stack([np.roll(row, shift) for shift in range(prime)])
    body = np.concatenate([circulant, -np.ones((1, prime))])
    return np.concatenate([np.ones((prime + 1, 1)), body], axis=1)


class _Sampled(FactorDesign):
    """Points that fill the space of all factors."""

    count: int = Field(32, ge=4, le=MOST_POINTS, description="how many points")
    seed: int = Field(0, ge=0, description="which draw")


@final
@register()
class LatinHypercube(_Sampled):
    """Points that are spread evenly along every factor (McKay, Beckman and Conover 1979), by scipy."""

    kind: Literal["latin-hypercube"] = "latin-hypercube"

    def places(self, factors: Sequence[Factor]) -> FloatArray:
        """Return the points."""
        from scipy.stats import qmc

        sampler = qmc.LatinHypercube(len(factors), rng=derive(self.seed, self.kind))
        return np.asarray(sampler.random(self.count))


@final
@register()
class Adaptive(FactorDesign):
    """Points chosen from the outcomes so far, toward the largest or the smallest of one outcome, by Optuna.

    It begins with a Latin hypercube, and goes on with what the tree-structured Parzen estimator proposes
    (Bergstra et al. 2011). It is for finding settings that are worth a closer look; where an outcome changes smoothly
    and luck is small, it needs fewer runs for that than a design that fills the space. It tells no effects: points at
    which luck was good draw further points to them, so what is read from such points is biased, and the best of them
    looks better than it is.
    """

    kind: Literal["adaptive"] = "adaptive"
    adaptive: ClassVar[bool] = True

    outcome: str = Field("gain", min_length=1, description="the outcome of the study that points are chosen by")
    seek: Seek = Field("largest", description="what of it is looked for; of a margin the largest is furthest inside")
    count: int = Field(32, ge=4, le=MOST_POINTS, description="how many points")
    begin: int = Field(8, ge=4, description="how many of them are spread evenly before outcomes choose")
    at_once: int = Field(4, ge=1, description="how many are chosen together: their runs share work")
    seed: int = Field(0, ge=0, description="which draw")

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "Adaptive":
        if self.begin > self.count:
            raise ValueError(f"'begin' must be at most 'count', {self.count}, got {self.begin}")
        return self

    def places(self, factors: Sequence[Factor]) -> FloatArray:
        """Return the points to begin with."""
        return LatinHypercube(count=self.begin, seed=self.seed).places(factors)

    def have_tried(self, factors: Sequence[Factor], trying: Trying) -> None:
        """Have the points to begin with tried, and then those that Optuna proposes.

        Raises:
            MissingExtraError: If Optuna is not installed.
        """
        lasts = [None if factor.continuous else len(factor.points) - 1 for factor in factors]
        names = [factor.name for factor in factors]

        def as_setting(point: FloatArray) -> Setting:
            numbers = zip(names, lasts, point.tolist(), strict=True)
            return {name: place if last is None else round(place * last) for name, last, place in numbers}

        def tried(settings: Sequence[Setting]) -> list[float | None]:
            points = [[one[name] / (last or 1) for name, last in zip(names, lasts, strict=True)] for one in settings]
            values = trying(np.array(points))[self.outcome].tolist()
            return [None if math.isnan(value) else value for value in values]

        search(
            {name: None if last is None else last + 1 for name, last in zip(names, lasts, strict=True)},
            tried,
            count=self.count,
            at_once=self.at_once,
            seed=self.seed,
            begin=[as_setting(point) for point in self.points(factors)],
            seek=self.seek,
        )


@final
@register()
class SobolSequence(_Sampled):
    """A scrambled Sobol sequence, evenly spread in all directions, by scipy; the count is a power of two."""

    kind: Literal["sobol-sequence"] = "sobol-sequence"

    def places(self, factors: Sequence[Factor]) -> FloatArray:
        """Return the points.

        Raises:
            InputError: If their number is no power of two.
        """
        from scipy.stats import qmc

        if self.count.bit_count() != 1:
            raise InputError(f"a Sobol sequence has a power of two of points, got {self.count}: take 32 or 64")
        sampler = qmc.Sobol(len(factors), rng=derive(self.seed, self.kind))
        return np.asarray(sampler.random(self.count))


def problem_of(factors: Sequence[Factor]) -> dict[str, Any]:
    """Return the problem as SALib knows it: the factors' names, each with places from 0 to 1."""
    return {"num_vars": len(factors), "names": [f.name for f in factors], "bounds": [[0.0, 1.0]] * len(factors)}


@final
@register()
class Morris(FactorDesign):
    """Trajectories that turn one factor after the other from random places (Morris 1991), by SALib.

    The mean of a factor's steps is its effect, their mean size how much it matters at all, and their spread how much
    that hangs on the others.
    """

    kind: Literal["morris"] = "morris"
    trajectories: int = Field(8, ge=2, description="how many; each has one point more than there are factors")
    seed: int = Field(0, ge=0, description="which draw")

    def places(self, factors: Sequence[Factor]) -> FloatArray:
        """Return the trajectories, one after the other.

        Raises:
            MissingExtraError: If SALib is not installed.
        """
        try:
            from SALib.sample import morris
        except ImportError:
            raise MissingExtraError("SALib", "research") from None
        return np.asarray(morris.sample(problem_of(factors), self.trajectories, num_levels=4, seed=self.seed))


@final
@register()
class SobolIndices(FactorDesign):
    """Points from which each factor's share of the variance is estimated, alone and with all others (Saltelli 2002).

    By SALib: `count (k + 2)` points for k factors.
    """

    kind: Literal["sobol-indices"] = "sobol-indices"
    count: int = Field(32, ge=4, description="how many base points, a power of two")
    seed: int = Field(0, ge=0, description="which draw")

    def places(self, factors: Sequence[Factor]) -> FloatArray:
        """Return Saltelli's points.

        Raises:
            MissingExtraError: If SALib is not installed.
            InputError: If the number of base points is no power of two.
        """
        try:
            from SALib.sample import sobol
        except ImportError:
            raise MissingExtraError("SALib", "research") from None
        if self.count.bit_count() != 1:
            raise InputError(f"Saltelli's design has a power of two of base points, got {self.count}: take 32 or 64")
        points = sobol.sample(problem_of(factors), self.count, calc_second_order=False, seed=self.seed)
        return np.asarray(points)
