"""Terms of a design: which contrast between its points is which effect."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from w2sg.core import FloatArray, InputError
from w2sg.factors.contract import Factor, level_name

if TYPE_CHECKING:
    from w2sg.factors.designs import FactorDesign

Sort = Literal["effect", "interaction", "level"]


@dataclass(frozen=True, eq=False)
class Term:
    """An effect as a contrast between points.

    Attributes:
        sort: `effect` of a factor from its first level to its last, or to one of levels without an order;
            `interaction` of two; `level`, a point of its dose-response curve.
        factors: The places of its factors, one or two.
        name: What it is, such as `0.125 to 1`.
        value: Of a level its number on the dial; else 0.
        weights: One for each point of the design, `(m,)`.
    """

    sort: Sort
    factors: tuple[int, ...]
    name: str
    value: float
    weights: FloatArray


def terms_of(design: "FactorDesign", factors: Sequence[Factor], points: FloatArray, interactions: bool) -> list[Term]:
    """Return the terms of a design: the effect of every factor, the interactions that it tells apart, and curves.

    One at a time an effect is the difference of two levels. Where several factors are turned at once it is a
    coefficient of the least-squares fit of an outcome to all points of a task: a factor with a way up has one column,
    from 0 at its first level to 1 at its last, another one for each further level.

    Raises:
        InputError: If the points do not tell the factors' effects apart.
    """
    if not design.joint:
        return [term for place, factor in enumerate(factors) for term in _alone(place, factor, points)]
    columns = [_columns(place, factor, points) for place, factor in enumerate(factors)]
    mains = [term for of in columns for term in of]
    fitted = _fitted(mains)
    if fitted is None:
        raise InputError(
            f"{len(points)} points do not tell the effects of {len(factors)} factors apart: take more points"
        )
    ordered = [term for term, factor in ((of[0], factors[of[0].factors[0]]) for of in columns) if factor.ordered]
    pairs = [_pair(one, two, factors) for one, two in itertools.combinations(ordered, 2)] if interactions else []
    # What is confounded with main effects or with each other is not estimated at all. No point need be left over: how
    # far an estimate can be trusted is told by examples, seeds and tasks.
    with_pairs = _fitted([*mains, *pairs])
    curves = [term for place, factor in enumerate(factors) for term in _curve(place, factor, points, mains)]
    return [*(with_pairs or fitted), *curves]


def _alone(place: int, factor: Factor, points: FloatArray) -> list[Term]:
    rows = np.flatnonzero(~np.isnan(points[:, place]))
    terms = []
    for number, row in enumerate(rows[1:], start=1):
        weights = np.zeros(len(points))
        weights[[row, rows[0]]] = 1.0, -1.0
        terms.append(Term("level", (place,), level_name(factor.points[number]), factor.value_of(number), weights))
        if not factor.ordered or row == rows[-1]:
            terms.append(Term("effect", (place,), _from_to(factor, number), 0.0, weights))
    return terms


def _from_to(factor: Factor, number: int) -> str:
    return f"{level_name(factor.points[0])} to {level_name(factor.points[number])}"


def _columns(place: int, factor: Factor, points: FloatArray) -> list[Term]:
    """Return the columns of a factor as terms whose weights are still values."""
    column = points[:, place]
    if factor.ordered:
        ends = (factor.at(0.0), factor.at(1.0))
        return [Term("effect", (place,), f"{level_name(ends[0])} to {level_name(ends[1])}", 0.0, column)]
    last = len(factor.points) - 1
    return [
        Term("effect", (place,), _from_to(factor, number), 0.0, (np.round(column * last) == number) * 1.0)
        for number in range(1, last + 1)
    ]


def _pair(one: Term, two: Term, factors: Sequence[Factor]) -> Term:
    """Return the product of two centred columns: how much more one does at the other's last level than at its first."""
    names = [factors[term.factors[0]].name for term in (one, two)]
    product = (one.weights - one.weights.mean()) * (two.weights - two.weights.mean())
    return Term("interaction", (*one.factors, *two.factors), " x ".join(names), 0.0, product)


def _fitted(columns: Sequence[Term]) -> list[Term] | None:
    """Return the terms with the weights of their coefficients; None where the columns are not independent."""
    x = np.stack([np.ones(len(columns[0].weights)), *(term.weights for term in columns)], axis=1)
    if np.linalg.matrix_rank(x) < x.shape[1]:
        return None
    weights = np.linalg.pinv(x)[1:]
    return [
        Term(term.sort, term.factors, term.name, term.value, row) for term, row in zip(columns, weights, strict=True)
    ]


def _curve(place: int, factor: Factor, points: FloatArray, mains: Sequence[Term]) -> list[Term]:
    """Return the levels of a factor over its first, in a fit with the main effects of all others.

    Of a range they are points of a parabola; where the design does not tell a curve from the other effects, of a line.
    """
    others = [term for term in mains if term.factors != (place,)]
    own = [term for term in mains if term.factors == (place,)]
    column, last = points[:, place], len(factor.points) - 1
    grid = np.arange(1, last + 1) / last
    if factor.continuous:
        shapes = [column, column**2]
        at = np.stack([grid, grid**2])
    else:
        shapes = [(np.round(column * last) == number) * 1.0 for number in range(1, last + 1)]
        at = np.eye(last)
    bent = _fitted([*(Term("level", (place,), "", 0.0, shape) for shape in shapes), *others])
    if bent is not None:
        weights = at.T @ np.stack([term.weights for term in bent[: len(shapes)]])
    else:
        straight = _fitted([*own, *others])
        assert straight is not None
        weights = grid[:, None] * straight[0].weights if factor.ordered else np.stack([t.weights for t in straight])
    return [
        Term("level", (place,), level_name(level), factor.value_of(number), row)
        for number, (level, row) in enumerate(zip(factor.points[1:], weights, strict=False), start=1)
    ]
