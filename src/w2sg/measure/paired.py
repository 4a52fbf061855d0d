"""The evidence behind a PGR: per-example correctness of weak, student and ceiling, on the same examples, per seed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.checks import BoolArray, IntArray, as_classes, as_correct, n_distinct

Array = TypeVar("Array", BoolArray, IntArray)
PREDICTORS = ("weak", "student", "ceiling")


@dataclass(frozen=True, eq=False)
class Paired:
    """Correctness of the three predictors on the same test examples, for S seeds.

    The ids say which test examples seeds share. Where all seeds are tested on the same examples the design is
    *crossed*; where each seed has fresh ones it is *nested*; random splits of one pool *overlap*.

    Attributes:
        seeds: The S different seeds.
        ids: For each seed the ids of its test examples, shape (n_s,), different within a seed.
        weak: For each seed whether the weak supervisor is right, shape (n_s,).
        student: The same for the student.
        ceiling: The same for the ceiling.
        groups: For each seed the group of each test example, shape (n_s,), where examples come in groups whose members
            are not independent (the texts of one question); None where each stands for itself.
        shared_training: The share of a seed's training rows that another seed trains on as well, the mean over pairs of
            seeds (see `mean_overlap`); None where that is not known.

    Raises:
        InputError: The parts do not fit together, or ids repeat within a seed.

    >>> evidence = Paired((0, 1), ([7, 8], [8, 9]), ([0, 1], [0, 0]), ([0, 1], [1, 0]), ([1, 1], [1, 1]))
    >>> evidence.n_seeds, evidence.n_test, evidence.n_examples, evidence.design
    (2, 2.0, 3, 'overlapping')
    """

    seeds: tuple[int, ...]
    ids: tuple[IntArray, ...]
    weak: tuple[BoolArray, ...]
    student: tuple[BoolArray, ...]
    ceiling: tuple[BoolArray, ...]
    groups: tuple[IntArray, ...] | None = field(default=None, kw_only=True)
    shared_training: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        # a frozen dataclass may set its own fields here only: inputs are checked, copied to one type, and closed to
        # writing
        object.__setattr__(self, "seeds", tuple(int(seed) for seed in self.seeds))
        if not self.seeds:
            raise InputError("Paired needs at least one seed, got none")
        if len(set(self.seeds)) != len(self.seeds):
            raise InputError(f"seeds must differ from each other, got {self.seeds}")
        object.__setattr__(self, "ids", tuple(_frozen(as_classes("ids", part)) for part in self.ids))
        if self.groups is not None:
            object.__setattr__(self, "groups", tuple(_frozen(as_classes("groups", part)) for part in self.groups))
        for name in PREDICTORS:
            parts = tuple(_frozen(as_correct(name, part)) for part in getattr(self, name))
            object.__setattr__(self, name, parts)
        self._check_fit()
        if self.shared_training is not None and not 0 <= self.shared_training <= 1:
            raise InputError(f"shared_training must be a share in [0, 1], got {self.shared_training!r}")

    def _check_fit(self) -> None:
        parts = PREDICTORS if self.groups is None else (*PREDICTORS, "groups")
        for name in ("ids", *parts):
            if len(getattr(self, name)) != self.n_seeds:
                raise InputError(
                    f"{name} must have one array per seed ({self.n_seeds}), got {len(getattr(self, name))}"
                )
        for index, (seed, ids) in enumerate(zip(self.seeds, self.ids, strict=True)):
            if n_distinct(ids) != len(ids):
                raise InputError(f"ids of seed {seed} must differ from each other: an example counts once per seed")
            for name in parts:
                if len(getattr(self, name)[index]) != len(ids):
                    raise InputError(
                        f"{name} of seed {seed} must have one entry per id ({len(ids)}), "
                        f"got {len(getattr(self, name)[index])}"
                    )

    @property
    def n_seeds(self) -> int:
        """The number of seeds S."""
        return len(self.seeds)

    @property
    def n_test(self) -> float:
        """The number of test examples of a seed (the mean over seeds)."""
        return sum(len(ids) for ids in self.ids) / self.n_seeds

    @property
    def n_examples(self) -> int:
        """The number of different test examples over all seeds."""
        return n_distinct(np.concatenate(self.ids))

    @property
    def units(self) -> tuple[IntArray, ...]:
        """What is sampled, for each seed, shape (n_s,): the groups, or the examples themselves."""
        return self.ids if self.groups is None else self.groups

    @property
    def design(self) -> str:
        """How seeds share test examples: 'single', 'crossed', 'nested' or 'overlapping'."""
        if self.n_seeds == 1:
            return "single"
        records = sum(len(ids) for ids in self.ids)
        distinct = self.n_examples
        # no id occurs twice: seeds share nothing; each id as often as there are seeds: they share everything
        if distinct == records:
            return "nested"
        return "crossed" if distinct * self.n_seeds == records else "overlapping"

    @property
    def test_overlap(self) -> float:
        """The share of a seed's test examples that another seed has as well: 1 crossed, 0 nested or for one seed."""
        return mean_overlap(self.ids)

    @property
    def training_overlap(self) -> float:
        """The share of a seed's training rows that another seed trains on as well.

        Where it is not known and test sets overlap, seeds split one pool, and each is taken to train on all that it is
        not tested on: the share is at most that. It is 0 for one seed.
        """
        if self.n_seeds == 1:
            return 0.0
        if self.shared_training is not None:
            return self.shared_training
        return 1 - self.test_overlap if self.design == "overlapping" else 0.0

    @property
    def are_copies(self) -> bool:
        """Whether all seeds gave weak, student and ceiling alike on the same test examples: then there is one run."""
        if self.n_seeds == 1 or self.design != "crossed":
            return False
        orders = [np.argsort(ids) for ids in self.ids]
        columns = [getattr(self, name) for name in ("ids", *PREDICTORS)]
        return all(
            np.array_equal(column[0][orders[0]], part[order])
            for column in columns
            for part, order in zip(column[1:], orders[1:], strict=True)
        )

    def with_student(self, student: Iterable[ArrayLike]) -> "Paired":
        """Return the same evidence with another student, given as correctness per seed on the same ids."""
        return replace(self, student=tuple(as_correct("student", part) for part in student))


def mean_overlap(parts: Sequence[IntArray]) -> float:
    """Return the share of a part's ids that another part has as well, the mean over pairs; 0 for one part.

    >>> mean_overlap([np.array([1, 2, 3, 4]), np.array([3, 4, 5, 6])])
    0.5
    """
    if len(parts) < 2:
        return 0.0
    counts = np.unique(np.concatenate(parts), return_counts=True)[1].astype(np.float64)
    # an id that c of the parts have is shared by c (c - 1) ordered pairs of them
    return float((counts * (counts - 1)).sum() / ((len(parts) - 1) * counts.sum()))


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array
