"""Who was handed ground truth: each release is written to the store's ledger while it happens, for the steps at work.

The vault announces (`w2sg.core.ledger`), the graph listens. A release that serves several steps, such as the gold that
a batch of runs is scored with, is a line for each of them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from w2sg.core import InputError, Release, listening
from w2sg.graph.steps import Step
from w2sg.graph.store import LedgerEntry, Store

_at_work: ContextVar[Sequence[Step]] = ContextVar("at_work", default=())


@contextmanager
def on_behalf_of(*steps: Step) -> Iterator[None]:
    """Attribute the releases inside to these steps: a step that computes many says so which of them gold is for."""
    token = _at_work.set(steps)
    try:
        yield
    finally:
        _at_work.reset(token)


@contextmanager
def writing_ledger(store: Store, key_of: Callable[[Step], str]) -> Iterator[None]:
    """Append every release inside to the store's ledger, before the labels are handed over.

    Raises:
        InputError: If gold is asked for while no step is at work: the ledger could not say what for.
    """

    def append(release: Release) -> None:
        steps = _at_work.get()
        if not steps:
            raise InputError(f"gold of split {release.split!r} was asked for outside of a step: ask inside compute")
        rows = None if release.rows is None else tuple(release.rows.tolist())
        store.append(
            LedgerEntry(
                step.place, release.split, release.purpose, release.n, rows, release.asked_by, key_of(step), step.kind
            )
            for step in steps
        )

    with listening(append):
        yield
