"""Inputs without ground truth: pools, rows of them, and examples with their metadata."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from w2sg.core.arrays import AnyArray, IntArray, digest_arrays, frozen
from w2sg.core.errors import InputError


@dataclass(frozen=True, eq=False)
class Pool:
    """All inputs that a task ever shows, in an order that tells nothing of their labels.

    Attributes:
        values: `(N, d)` numbers, `(N, h, w)` images, `(N,)` texts or `(N, 2)` text pairs (dtype object); read-only.
    """

    values: AnyArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values))

    @cached_property
    def digest(self) -> str:
        """The sha256 of the contents."""
        return digest_arrays(self.values)

    @property
    def is_text(self) -> bool:
        """Whether the inputs are texts or text pairs."""
        return self.values.dtype == object


@dataclass(frozen=True, eq=False)
class Inputs:
    """Rows of a pool: what a model may see of some examples."""

    pool: Pool
    rows: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", frozen(np.asarray(self.rows, dtype=np.int64)))

    @classmethod
    def of(cls, values: AnyArray) -> "Inputs":
        """Return a pool of its own with all its rows."""
        return cls(Pool(values), np.arange(len(values)))

    @property
    def values(self) -> AnyArray:
        """The inputs themselves, `(n, ...)`."""
        values: AnyArray = self.pool.values[self.rows]
        return values

    @property
    def texts(self) -> list[str]:
        """The inputs as single texts, such as the prompts of written answers.

        Raises:
            InputError: If they are numbers, or pairs of texts.
        """
        if not self.pool.is_text or self.pool.values.ndim != 1:
            raise InputError(
                f"written answers need inputs that are single texts, got shape {self.pool.values.shape} of "
                f"{self.pool.values.dtype}: choose a task of texts"
            )
        return [str(text) for text in self.values]

    @cached_property
    def digest(self) -> str:
        """The sha256 of the pool and the rows."""
        # The pool, which may be large, is hashed once; inputs of the same pool differ by their rows only.
        return digest_arrays(np.frombuffer(bytes.fromhex(self.pool.digest), np.uint8), self.rows)

    def take(self, rows: AnyArray) -> "Inputs":
        """Return some of these inputs, by position or mask."""
        return Inputs(self.pool, self.rows[rows])

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs with identities and metadata, and no ground truth.

    Attributes:
        ids: `(n,)` integers, unique in the task; the same example has the same id under every seed.
        inputs: The `n` inputs.
        metadata: Columns `(n, ...)` such as `group`, `difficulty`, `votes`; never shown to a method.
    """

    ids: IntArray
    inputs: Inputs
    metadata: Mapping[str, AnyArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, column in [("ids", self.ids), *self.metadata.items()]:
            if len(column) != len(self.inputs):
                raise InputError(f"column {name!r} must have {len(self.inputs)} rows, got {len(column)}")

    def take(self, rows: AnyArray) -> "Examples":
        """Return some of these examples, by position or mask."""
        columns = {name: column[rows] for name, column in self.metadata.items()}
        return Examples(self.ids[rows], self.inputs.take(rows), columns)

    def __len__(self) -> int:
        return len(self.ids)
