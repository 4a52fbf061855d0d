"""Who was handed ground truth: each release is written to the store's ledger while it happens, for the steps at work.

So is each seal of predictions: the order of the lines says which came first.

The vault announces (`w2sg.core.ledger`), the graph listens. A release that serves several steps, such as the gold that
a batch of runs is scored with, is a line for each of them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from w2sg.core import InputError, Release, listening
from w2sg.graph.entries import LedgerEntry
from w2sg.graph.steps import Step, steps_at_work

if TYPE_CHECKING:
    from w2sg.graph.store import Store


@contextmanager
def writing_ledger(store: "Store", key_of: Callable[[Step], str]) -> Iterator[None]:
    """Append every release inside to the store's ledger, before the labels are handed over.

    Raises:
        InputError: If gold is asked for while no step is at work: the ledger could not say what for.
    """

    def append(release: Release) -> None:
        steps = steps_at_work()
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
