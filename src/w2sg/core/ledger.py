"""The ledger's entrance: every release of ground truth is told, at the moment it happens, to whoever keeps the books.

The vault announces what it hands out; the step graph listens while it computes a step and appends each release to the
store's ledger. Where nobody listens (a notebook, a test) nothing is written down beside the vault's own record.

What is predicted of labels that nobody has seen yet is told in the same way, so that the ledger says which came first.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from w2sg.core.arrays import IntArray


SEAL = "seal"
"""The purpose of a line that is no hand-out: predictions were made, `n` of them, and `asked_by` is their sha256."""


@dataclass(frozen=True, eq=False)
class Release:
    """One hand-out of ground truth, or a seal of predictions.

    Attributes:
        purpose: What it is for, such as `ceiling`, `score` or `audit`.
        split: Which split of the task.
        n: How many labels.
        rows: Their positions in the split, `(n,)`; None for all of them.
        asked_by: Who asked: the component or part of the laboratory that is given the labels.
    """

    purpose: str
    split: str
    n: int
    rows: "IntArray | None" = None
    asked_by: str = ""


Listener = Callable[[Release], None]
_listener: ContextVar[Listener | None] = ContextVar("ledger", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell a listener of every release inside, at the moment of release and before the labels are handed over."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def announce(release: Release) -> None:
    """Tell the listener, if there is one. What it raises (a full disk, say) keeps the labels in the vault."""
    listener = _listener.get()
    if listener is not None:
        listener(release)


def seal(split: str, n: int, digest: str) -> None:
    """Have it written down that predictions were made, before the gold of the split that they speak of is opened.

    Args:
        split: Which split of the task.
        n: How many predictions.
        digest: Their sha256.
    """
    announce(Release(SEAL, split, n, None, digest))
