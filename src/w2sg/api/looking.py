"""What the store holds: its runs, one of them, its ledger, what there is to choose from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from w2sg import lab
from w2sg.core import registry
from w2sg.graph import LedgerEntry, Store
from w2sg.lab import FoundRun


def runs(
    *,
    study: str | None = None,
    task: str | None = None,
    method: str | None = None,
    where: Mapping[str, str | float] | None = None,
    sort: str | None = None,
    limit: int | None = 20,
    store: str | Path | None = None,
) -> list[FoundRun]:
    """Return runs of a store, the newest first, or the largest by some number.

    Args:
        study: Only those of this study, by its name; parts are then called as it calls them.
        task: Only those of this task: its name, which stands for all its settings, or its title in a study.
        method: Only those of this method, likewise.
        where: What else they must have: `supervisor`, `student`, `seed`.
        sort: `pgr` (of the run alone), `student_accuracy`, `weak_accuracy`, `ceiling_accuracy` or `n_test`.
        limit: At most so many; None is all.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.

    Returns:
        The runs, each with its id in `result.key`.

    Raises:
        InputError: If there is no store, or it has no such study.

    Example:
        >>> import w2sg
        >>> [run.label["method"] for run in w2sg.runs(task="digits", sort="pgr")]  # doctest: +SKIP
    """
    named = {part: name for part, name in (("task", task), ("method", method)) if name is not None}
    with Store(lab.existing_store(store)) as opened:
        return lab.find_runs(opened, study=study, where={**(where or {}), **named}, sort=sort, limit=limit)


def show(run: str, *, store: str | Path | None = None) -> dict[str, Any]:
    """Return all that is known of a stored run, as plain data: what `w2sg show --json` prints.

    Args:
        run: Its id, or enough of its beginning.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.

    Raises:
        InputError: If no run's id begins so, or several do.
        StoreError: If its result is lost.
    """
    return lab.details_of(run, lab.existing_store(store))[1]


def ledger(run: str | None = None, *, limit: int = 40, store: str | Path | None = None) -> list[LedgerEntry]:
    """Return releases of ground truth and seals of predictions, in the order in which they happened.

    Args:
        run: Only for this run: its id, or enough of its beginning; None is the end of the whole ledger.
        limit: At most so many, the newest.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.

    Raises:
        InputError: If no run's id begins so, or several do.
    """
    folder = lab.existing_store(store)
    with Store(folder) as opened:
        if run is None:
            return opened.ledger(last=limit)
        key = lab.known_run(folder, run).key
        # Gold is released to steps, and a run is its last step: those before it trained and labelled.
        return opened.ledger(steps=[*(opened.record(key) or {}).get("inputs", {}).values(), key])[-limit:]


def names(kind: str) -> list[str]:
    """Return the names of a kind of thing: what `w2sg list` prints.

    Args:
        kind: The kind, such as `methods` or `tasks`.

    Raises:
        InputError: If there is no such kind.

    Example:
        >>> import w2sg
        >>> "confidence" in w2sg.names("methods")
        True
    """
    return registry.names(kind)


def describe(kind: str, name: str) -> dict[str, Any]:
    """Return what a component is and the values of its fields, as plain data.

    Args:
        kind: The kind of thing, such as `methods`.
        name: Its name.

    Raises:
        InputError: If there is no such kind or name, or a field has no value by itself.

    Example:
        >>> import w2sg
        >>> w2sg.describe("methods", "naive")["kind"]
        'composition'
    """
    entry = registry.lookup(kind, name)
    values = registry.build(kind, name).model_dump(mode="json")
    return {
        "name": name,
        "kind": registry.kind_of(entry.cls),
        "summary": entry.summary,
        "paper": entry.paper,
        "values": values,
    }
