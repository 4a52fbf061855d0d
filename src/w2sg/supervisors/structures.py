"""Error structures: which examples a simulated annotator gets wrong, and what it says instead.

Each is a pure function of the examples, their gold `(n,)`, the number of errors, randomness and the state that was
fixed on the supervision split. It returns `(wrong, instead)`: a mask `(n,)` with exactly that many True, and the label
to give there `(n,)`, which is never the gold one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from w2sg.core import AnyArray, BoolArray, DataError, Examples, FloatArray, IntArray
from w2sg.supervisors.geometry import InputGeometry

StructureName = Literal[
    "uniform", "confusion", "difficulty", "region", "overconfident", "adversarial", "systematic", "sycophantic"
]
Errors = tuple[BoolArray, IntArray]

DIFFICULTY_STEEPNESS = 6.0
"""The hardest example is e^6 = 400 times as likely to be drawn first as the easiest."""


@dataclass(frozen=True, eq=False)
class State:
    """What is fixed on the supervision split and holds for every split.

    Attributes:
        n_classes: `k`.
        instead: `(k,)`: the class that each class is mistaken for.
        known_geometry: Geometry of the inputs, for structures that depend on them.
        stored_difficulty: Whether difficulty is read from the metadata.
        column: The metadata column with the groups, for structures that err by group.
        groups: These groups, in the order in which they are erred on.
    """

    n_classes: int
    instead: IntArray
    known_geometry: InputGeometry | None = None
    stored_difficulty: bool = False
    column: str = "group"
    groups: tuple[str, ...] = ()

    @property
    def geometry(self) -> InputGeometry:
        """The geometry of the inputs, where the structure has one."""
        assert self.known_geometry is not None, "the structure was fitted without geometry"
        return self.known_geometry


Structure = Callable[[Examples, IntArray, int, np.random.Generator, State], Errors]


def uniform(examples: Examples, gold: IntArray, n_wrong: int, rng: np.random.Generator, state: State) -> Errors:
    """Err anywhere, with any wrong class: the easiest errors to see through, as they cancel."""
    wrong = highest(rng.random(len(gold)), n_wrong, rng)
    # A shift round the classes by 1 to k - 1 is any wrong class alike and never the right one.
    shift = rng.integers(1, state.n_classes, size=len(gold))
    return wrong, (gold + shift) % state.n_classes


def confusion(examples: Examples, gold: IntArray, n_wrong: int, rng: np.random.Generator, state: State) -> Errors:
    """Err anywhere, and mistake each class for one fixed other class."""
    return highest(rng.random(len(gold)), n_wrong, rng), state.instead[gold]


def difficulty(examples: Examples, gold: IntArray, n_wrong: int, rng: np.random.Generator, state: State) -> Errors:
    """Err more on harder examples, and mistake each for the nearest other class.

    Drawn without replacement with weight `exp(6 r)`, where `r` in [0, 1] is the rank of the difficulty in the split:
    the metadata column `difficulty` if the supervision split has it, otherwise minus the margin of the centroid rule.
    """
    margin, nearest = state.geometry.nearest_other(examples.inputs, gold)
    hardness = _stored_difficulty(examples) if state.stored_difficulty else -margin
    # Ranks, not values: the same share of errors falls on the hard part whatever the scale of difficulty is. Adding
    # Gumbel noise and taking the highest draws without replacement with weights `exp(6 r)`.
    rank = _ranks(hardness) / max(len(gold) - 1, 1)
    return highest(DIFFICULTY_STEEPNESS * rank + rng.gumbel(size=len(gold)), n_wrong, rng), nearest


def region(examples: Examples, gold: IntArray, n_wrong: int, rng: np.random.Generator, state: State) -> Errors:
    """Err on everything inside a half-space and nowhere else: a student can learn these errors.

    The direction is random, fixed for all splits; the boundary is set on each split so that the accuracy is exact.
    """
    # Who lies highest along the direction is wrong: a half-space whose border moves with the split, so that as many are
    # wrong as were asked for.
    return highest(state.geometry.heights(examples.inputs), n_wrong, rng), state.instead[gold]


def adversarial(examples: Examples, gold: IntArray, n_wrong: int, rng: np.random.Generator, state: State) -> Errors:
    """Err on the most typical examples of each class, and give the nearest other class.

    Each class has its share of the errors; in it the examples of highest margin by the centroid rule are wrong.
    """
    margin, nearest = state.geometry.nearest_other(examples.inputs, gold)
    size = np.bincount(gold, minlength=state.n_classes)
    # Each class gets its share of the errors, rounded down; the errors left over go to the classes that lost most by
    # rounding. So the accuracy is exact.
    exact = size * n_wrong / max(len(gold), 1)
    quota = np.floor(exact).astype(np.int64)
    quota += highest(exact - quota, n_wrong - int(quota.sum()), rng)
    wrong = np.zeros(len(gold), dtype=np.bool_)
    for label in np.flatnonzero(quota):
        rows = np.flatnonzero(gold == label)
        wrong[rows[highest(margin[rows], int(quota[label]), rng)]] = True
    return wrong, nearest


def systematic(examples: Examples, gold: IntArray, n_wrong: int, rng: np.random.Generator, state: State) -> Errors:
    """Err on whole groups, as on all of one relation, one after the other until there are enough errors."""
    score = -_places(examples, state).astype(np.float64)
    return highest(score, n_wrong, rng), state.instead[gold]


def sycophantic(examples: Examples, gold: IntArray, n_wrong: int, rng: np.random.Generator, state: State) -> Errors:
    """Say the last class, such as "true", to some groups, as to some who ask; err on no example of that class.

    Only where all others are wrong already are examples of the last class wrong too.
    """
    agreed = state.n_classes - 1
    score = -_places(examples, state).astype(np.float64)
    # Below every group's place: those whom one agrees with are right.
    score[gold == agreed] -= len(state.groups) + 1
    return highest(score, n_wrong, rng), np.where(gold == agreed, state.instead[gold], agreed)


STRUCTURES: dict[StructureName, Structure] = {
    "uniform": uniform,
    "confusion": confusion,
    "difficulty": difficulty,
    "region": region,
    "overconfident": uniform,
    "adversarial": adversarial,
    "systematic": systematic,
    "sycophantic": sycophantic,
}
NEEDS_GEOMETRY: frozenset[StructureName] = frozenset({"difficulty", "region", "adversarial"})
NEEDS_GROUPS: frozenset[StructureName] = frozenset({"systematic", "sycophantic"})


def highest(score: FloatArray, count: int, rng: np.random.Generator) -> BoolArray:
    """Return a mask `(n,)` of the `count` highest scores; ties are broken at random.

    >>> highest(np.array([0.1, 0.9, 0.5]), 2, np.random.default_rng(0))
    array([False,  True,  True])
    """
    mask = np.zeros(len(score), dtype=np.bool_)
    # The last key sorts first: by score, and among equal scores by a random number.
    order = np.lexsort((rng.random(len(score)), -score))
    mask[order[:count]] = True
    return mask


def groups_of(examples: Examples, column: str) -> AnyArray:
    """Return the group of each example as text, `(n,)`.

    Raises:
        DataError: If the examples have no such column.
    """
    if column not in examples.metadata:
        have = ", ".join(map(repr, examples.metadata)) or "none"
        raise DataError(
            f"errors by group need the metadata column {column!r}, the task has {have}: name one of them in 'column', "
            "or choose another structure"
        )
    return np.asarray(examples.metadata[column]).astype(str)


def _places(examples: Examples, state: State) -> IntArray:
    """Return the place of each example's group in the order in which groups are erred on; unknown groups come last."""
    place = {group: number for number, group in enumerate(state.groups)}
    return np.array([place.get(group, len(place)) for group in groups_of(examples, state.column)], dtype=np.int64)


def _ranks(values: FloatArray) -> FloatArray:
    """Return 0 for the lowest to n - 1 for the highest; equal values share the mean of their ranks."""
    unique, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    upper = np.cumsum(counts)
    # A run of c equal values takes up the ranks `upper - c` to `upper - 1`, whose mean this is.
    mean: FloatArray = (upper - (counts + 1) / 2)[where]
    return mean


def _stored_difficulty(examples: Examples) -> FloatArray:
    column = examples.metadata.get("difficulty")
    if column is None:
        raise DataError(
            "metadata 'difficulty' must be stored with every split once the supervision split has it, got a split "
            "without: store it, or leave it out everywhere"
        )
    try:
        values = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"metadata 'difficulty' must be numbers, got {column.dtype}") from None
    if values.shape != (len(examples),) or not np.isfinite(values).all():
        raise DataError(f"metadata 'difficulty' must be finite numbers of shape ({len(examples)},), got {values.shape}")
    return values
