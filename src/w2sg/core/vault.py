"""Ground truth is a type, not a promise: the vault hands gold out for a named purpose and writes it down."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from w2sg.core.arrays import AnyArray, FloatArray, IntArray, digest_arrays, frozen
from w2sg.core.errors import GoldError, InputError
from w2sg.core.ledger import Release, announce
from w2sg.core.randomness import derive

PURPOSES = {
    "supervision": "the weak supervisor is trained on the gold of its own split",
    "simulate": "a simulated annotator corrupts gold to a chosen accuracy",
    "ceiling": "the student is trained on the gold of the transfer split",
    "score": "predictions are scored",
    "information": "a method of a declared tier reads the gold of the supervision split",
    "aggregates": "a method of a declared tier is told figures of the supervision split, such as its class shares",
    "audit": "a declared number of labels is bought",
    "show": "a task puts gold into inputs, so that a leak of labels can be measured",
}
_WITHOUT_ROWS = ("supervision", "simulate", "ceiling", "score", "information")
"""The purposes of `release`: all the others have a way of their own, which hands out less than a split's labels."""
_BY_ROWS = ("audit", "score", "show")
"""The purposes of `buy`, which hands out the labels of chosen examples."""
_SPLITS_OF = {
    "supervision": ("supervision",),
    "ceiling": ("transfer",),
    "information": ("supervision",),
    "aggregates": ("supervision",),
}


@dataclass(frozen=True, eq=False)
class Audit:
    """Gold that was bought.

    Attributes:
        rows: Positions in the transfer split, `(a,)`.
        gold: Their gold, `(a,)`.
    """

    rows: IntArray
    gold: AnyArray


@dataclass(frozen=True, eq=False)
class Aggregates:
    """What is told of the supervision split in sum.

    Attributes:
        n: How many examples it has.
        class_shares: The share of each class in its gold, `(k,)`; None where answers are no classes.
        supervisor_accuracy: How often the weak supervisor is right on examples of the split that it did not learn from,
            a fraction; None for a method that declares no `rehearsals`.
        confusion: How many examples of each class (row) it gave each name (column) there, `(k, k)`; None like the
            accuracy, and where answers are no classes.
    """

    n: int
    class_shares: FloatArray | None = None
    supervisor_accuracy: float | None = None
    confusion: IntArray | None = None


class Vault:
    """The gold of a task's splits: class numbers, or what its question asks for (numbers, or dtype object)."""

    def __init__(self, gold: Mapping[str, AnyArray]) -> None:
        # Two underscores keep gold out of reach of a method that only tries attributes: a guard against accidents.
        self.__gold = {split: _sealed(np.asarray(labels)) for split, labels in gold.items()}
        self.__record: list[Release] = []
        self.__salt = digest_arrays(*self.__gold.values())

    def __repr__(self) -> str:
        return f"Vault({', '.join(self.__gold)}; {len(self.__record)} hand-outs)"

    @property
    def record(self) -> tuple[Release, ...]:
        """Every hand-out so far, in order."""
        return tuple(self.__record)

    def generator(self, seed: int, *purpose: str) -> np.random.Generator:
        """Return the generator of a purpose under a seed, which nobody can derive again who does not know the gold.

        A method is handed its randomness, and could try seeds until one gives the same; were the noise of simulated
        labels derived from that seed alone, it could then take the noise away. Mixed with all of the gold, the streams
        of two purposes tell nothing of each other, and no seed can be found by trying.
        """
        return derive(seed, self.__salt, *purpose)

    def release(self, purpose: str, split: str, *, asked_by: str = "") -> AnyArray:
        """Hand out the gold of a split, `(n,)`.

        Args:
            purpose: What for, one of `PURPOSES` except `audit`, `aggregates` and `show`.
            split: Which split.
            asked_by: Who asks, for the ledger.

        Raises:
            GoldError: If the purpose is unknown, or may not have this split.
        """
        if purpose not in _WITHOUT_ROWS:
            raise GoldError(f"gold is handed out for {', '.join(_WITHOUT_ROWS)}; got {purpose!r}")
        gold = self._gold_for(purpose, split)
        self._write_down(Release(purpose, split, len(gold), None, asked_by))
        return gold

    def aggregates(self, split: str, n_classes: int, *, asked_by: str = "") -> Aggregates:
        """Tell how many examples the supervision split has and, of its gold, no more than the share of each class.

        Args:
            split: Which split; only `supervision` may be told of.
            n_classes: `k`; 0 where gold is no class numbers, and there are then no shares.
            asked_by: Who asks, for the ledger.

        Raises:
            GoldError: If the split is another.
        """
        gold = self._gold_for("aggregates", split)
        self._write_down(Release("aggregates", split, len(gold), None, asked_by))
        shares = np.bincount(gold, minlength=n_classes) / max(len(gold), 1) if n_classes else None
        return Aggregates(len(gold), shares)

    def audit(self, split: str, k: int, rng: np.random.Generator, *, asked_by: str = "") -> Audit:
        """Buy `k` labels drawn at random: their positions in the split and their gold, both `(k,)`.

        Raises:
            InputError: If the split has fewer than `k` examples.
        """
        gold = self.__gold[split]
        if not 0 < k <= len(gold):
            raise InputError(f"an audit of split {split!r} takes 1 to {len(gold)} labels, got {k}")
        # Drawn without replacement and then sorted: the order in which labels are bought tells nothing.
        rows = np.sort(rng.choice(len(gold), size=k, replace=False))
        return Audit(rows, self.buy(split, rows, asked_by=asked_by))

    def buy(self, split: str, rows: IntArray, *, purpose: str = "audit", asked_by: str = "") -> AnyArray:
        """Hand out the labels of the examples at some positions of a split.

        Args:
            split: Which split.
            rows: Positions in it.
            purpose: `audit` where a declared number of labels is bought, `score` where predictions are judged by them,
                `show` where a task puts them into inputs.
            asked_by: Who asks, for the ledger.

        Raises:
            GoldError: If the purpose is another.
            InputError: If a position is not in the split.
        """
        if purpose not in _BY_ROWS:
            raise GoldError(f"single labels are handed out for audit, score or show; got {purpose!r}")
        gold = self.__gold[split]
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(gold):
            raise InputError(f"split {split!r} has the rows 0 to {len(gold) - 1}, got {rows.min()} to {rows.max()}")
        self._write_down(Release(purpose, split, len(rows), np.asarray(rows), asked_by))
        return gold[rows]

    def _gold_for(self, purpose: str, split: str) -> AnyArray:
        """Return the gold of a split, if the purpose may have it."""
        # Some purposes are bound to splits and get no others: the ceiling, for one, is never trained on a test set.
        if split not in self.__gold or split not in _SPLITS_OF.get(purpose, (split,)):
            raise GoldError(f"purpose {purpose!r} may not have the gold of split {split!r}")
        return self.__gold[split]

    def _write_down(self, release: Release) -> None:
        """Announce a release before it happens: gold that could not be written down is not handed out."""
        announce(release)
        self.__record.append(release)


def _sealed(labels: AnyArray) -> AnyArray:
    # Numbers that are no class numbers, such as the gold of a regression, stay what they are.
    return frozen(labels if labels.dtype.kind in "Of" else labels.astype(np.int64))
