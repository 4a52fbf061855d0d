"""Ground truth is a type, not a promise: the vault hands gold out for a named purpose and writes it down."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from w2sg.core.arrays import AnyArray, FloatArray, IntArray, frozen
from w2sg.core.errors import GoldError, InputError
from w2sg.core.examples import Inputs
from w2sg.core.ledger import Release, announce

PURPOSES = {
    "supervision": "the weak supervisor is trained on the gold of its own split",
    "simulate": "a simulated annotator corrupts gold to a chosen accuracy",
    "ceiling": "the student is trained on the gold of the transfer split",
    "score": "predictions are scored",
    "audit": "a declared number of labels is bought",
}
_SPLITS_OF = {"supervision": ("supervision",), "ceiling": ("transfer",)}


class Vault:
    """The gold of a task's splits: class numbers, or texts (dtype object) where answers are written."""

    def __init__(self, gold: Mapping[str, AnyArray]) -> None:
        self.__gold = {split: _sealed(np.asarray(labels)) for split, labels in gold.items()}
        self.__record: list[Release] = []

    def __repr__(self) -> str:
        return f"Vault({', '.join(self.__gold)}; {len(self.__record)} hand-outs)"

    @property
    def record(self) -> tuple[Release, ...]:
        """Every hand-out so far, in order."""
        return tuple(self.__record)

    def release(self, purpose: str, split: str, *, asked_by: str = "") -> AnyArray:
        """Hand out the gold of a split, `(n,)` class numbers or texts.

        Args:
            purpose: What for, one of `PURPOSES`.
            split: Which split.
            asked_by: Who asks, for the ledger.

        Raises:
            GoldError: If the purpose is unknown, or may not have this split.
        """
        if purpose not in PURPOSES or purpose == "audit":
            known = ", ".join(name for name in PURPOSES if name != "audit")
            raise GoldError(f"gold is handed out for {known}; got {purpose!r}")
        if split not in self.__gold or split not in _SPLITS_OF.get(purpose, (split,)):
            raise GoldError(f"purpose {purpose!r} may not have the gold of split {split!r}")
        gold = self.__gold[split]
        self._write_down(Release(purpose, split, len(gold), None, asked_by))
        return gold

    def audit(self, split: str, k: int, rng: np.random.Generator, *, asked_by: str = "") -> tuple[IntArray, AnyArray]:
        """Buy `k` labels drawn at random: their positions in the split and their gold, both `(k,)`.

        Raises:
            InputError: If the split has fewer than `k` examples.
        """
        gold = self.__gold[split]
        if not 0 < k <= len(gold):
            raise InputError(f"an audit of split {split!r} takes 1 to {len(gold)} labels, got {k}")
        rows = np.sort(rng.choice(len(gold), size=k, replace=False))
        return rows, self.buy(split, rows, asked_by=asked_by)

    def buy(self, split: str, rows: IntArray, *, purpose: str = "audit", asked_by: str = "") -> AnyArray:
        """Buy the labels of the examples at some positions of a split.

        Raises:
            InputError: If a position is not in the split.
        """
        gold = self.__gold[split]
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(gold):
            raise InputError(f"split {split!r} has the rows 0 to {len(gold) - 1}, got {rows.min()} to {rows.max()}")
        self._write_down(Release(purpose, split, len(rows), np.asarray(rows), asked_by))
        return gold[rows]

    def _write_down(self, release: Release) -> None:
        """Announce a release before it happens: gold that could not be written down is not handed out."""
        announce(release)
        self.__record.append(release)


def _sealed(labels: AnyArray) -> AnyArray:
    return frozen(labels if labels.dtype == object else labels.astype(np.int64))


@dataclass(frozen=True, eq=False)
class WeakSplit:
    """Inputs and their weak labels `(n, k)`: there is no field for gold, ids or metadata.

    Attributes:
        inputs: The `n` inputs.
        weak: Weak labels `(n, k)`.
        members: The weak labels of each of `s` supervisors of a panel, `(s, n, k)`; None if there is one supervisor.
    """

    inputs: Inputs
    weak: FloatArray
    members: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.weak.ndim != 2 or len(self.weak) != len(self.inputs):
            raise InputError(f"weak labels must have shape ({len(self.inputs)}, k), got {self.weak.shape}")
        object.__setattr__(self, "weak", frozen(np.asarray(self.weak, dtype=np.float32)))
        if self.members is not None:
            if self.members.shape[1:] != self.weak.shape:
                raise InputError(f"members must have shape (s, {len(self.inputs)}, k), got {self.members.shape}")
            object.__setattr__(self, "members", frozen(np.asarray(self.members, dtype=np.float32)))

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, eq=False)
class WeakView:
    """All that a method may see: the transfer inputs, their weak labels, and inputs without labels.

    Attributes:
        transfer: The inputs to learn from, with weak labels.
        validation: Other inputs with weak labels, for stopping and selection; None if the task has none.
        corpus: Unlabelled inputs that the student may be pretrained on (feature maps are fitted on them).
    """

    transfer: WeakSplit
    validation: WeakSplit | None
    corpus: Inputs

    @property
    def n_classes(self) -> int:
        """The number of classes `k`."""
        return int(self.transfer.weak.shape[1])


@dataclass(frozen=True, eq=False)
class AuditedView(WeakView):
    """What a method sees that declares a number of labels to buy: the view, and the gold of that many examples.

    Attributes:
        audit_rows: Positions in the transfer split of the audited examples, `(a,)`, drawn at random.
        audit_gold: Their class numbers, `(a,)`.
    """

    audit_rows: IntArray
    audit_gold: IntArray
