"""Indices of designs that are made for them: Morris' steps and Sobol's shares of variance, by SALib, over tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from w2sg.core import FloatArray
from w2sg.factors.designs import FactorDesign, Morris, SobolIndices, problem_of
from w2sg.measure import Interval, t_interval

if TYPE_CHECKING:
    from w2sg.factors.contract import Factor
    from w2sg.factors.running import Tried

NAMES = {"morris": ("mu_star", "sigma"), "sobol-indices": ("S1", "ST")}
"""What SALib calls the indices of each design: how much a factor matters, and how much with the others."""
RESAMPLES = 100


@dataclass(frozen=True)
class Index:
    """An index of a factor over families: its mean, with Student's interval over them.

    Attributes:
        factor: The factor's name.
        name: What the index is called.
        mean: Its mean over families; the limits are equal to it for one family.
    """

    factor: str
    name: str
    mean: Interval


def indices_of(
    design: FactorDesign, factors: "Sequence[Factor]", points: FloatArray, tried: "Sequence[Tried]", outcome: str
) -> list[Index]:
    """Return the indices of every factor; none for other designs, and of families that lack a point."""
    if not isinstance(design, Morris | SobolIndices):
        return []
    names = NAMES[design.kind]
    by_family: dict[int, list[FloatArray]] = {}
    for one in tried:
        if one.has(outcome).all():
            by_family.setdefault(one.base.family, []).append(
                _analysed(design, factors, points, one.values(outcome), names)
            )
    tables = np.array([np.mean(of, axis=0) for of in by_family.values()])
    found = []
    for place, factor in enumerate(factors):
        for number, name in enumerate(names):
            values = tables[:, number, place] if len(tables) else np.array([])
            if len(values):
                variance = float(values.var(ddof=1)) / len(values) if len(values) > 1 else 0.0
                found.append(
                    Index(factor.name, name, t_interval(float(values.mean()), variance, max(len(values) - 1, 1)))
                )
    return found


def _analysed(
    design: Morris | SobolIndices, factors: "Sequence[Factor]", points: FloatArray, y: FloatArray, names: Sequence[str]
) -> FloatArray:
    """Return the indices of one place, one row for each name."""
    from SALib.analyze import morris, sobol

    problem = problem_of(factors)
    if isinstance(design, Morris):
        found = morris.analyze(problem, points, y, num_levels=4, num_resamples=RESAMPLES, seed=0)
    else:
        found = sobol.analyze(problem, y, calc_second_order=False, num_resamples=RESAMPLES, seed=0)
    return np.stack([np.asarray(found[name], dtype=np.float64) for name in names])
