"""`w2sg ledger`: every release of ground truth and every seal of predictions, in the order in which they happened."""

from typing import TYPE_CHECKING, Annotated

import typer

from w2sg.cli import console

if TYPE_CHECKING:
    from w2sg.graph import LedgerEntry, Store

SEALED = "predictions"
"""What a seal is of, where other lines say which labels."""
SHORT_SEAL = 16


def ledger(
    run_id: Annotated[
        str | None, typer.Argument(help="Only for one run: its id, or enough of its beginning.", metavar="RUN")
    ] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="Show at most this many, the newest last.")] = 40,
    store: console.StoreFolder = None,
    as_json: console.Json = False,
) -> None:
    """Show which labels were handed out, for what, to whom, for which step, and when; and when predictions were sealed.

    The ledger is written at the moment of release, and nothing in it is ever changed or removed. Certificates read it:
    a second look at the same labels promises less than the first. So do seals: predictions that were made after the
    labels had been handed out for scoring are late. Of a run, also the labels that its checks and certifications bought
    are shown.

    For example:

        w2sg ledger

        w2sg ledger 3fa9c1 --json
    """
    from w2sg.core import SEAL
    from w2sg.graph import Store

    folder = console.existing_store(store)
    if run_id is None:
        with Store(folder) as opened:
            total, entries = opened.ledger_size(), opened.ledger(last=limit)
    else:
        run = console.known_run(folder, run_id)
        with Store(folder) as opened:
            entries = _of_run(opened, run.key)
        total, entries = len(entries), entries[-limit:]
    if as_json:
        console.print_json([vars(entry) for entry in entries])
        return
    rows = [
        [
            entry.created[:19].replace("T", " "),
            entry.purpose,
            entry.split,
            str(entry.n),
            *((SEALED, entry.asked_by[:SHORT_SEAL]) if entry.purpose == SEAL else (_which(entry), entry.asked_by)),
            f"{entry.kind} {entry.step[:8]}",
            entry.place[:8],
        ]
        for entry in entries
    ]
    columns = ["when (UTC)", "for", "of split", "labels", "which", "to", "for step", "data"]
    console.print_table(f"{len(rows)} of {total} releases of ground truth and seals of predictions", columns, rows)


def _of_run(store: "Store", run: str) -> "list[LedgerEntry]":
    """Return the lines of a run's own steps, and of those that read its student later: checks, certifications."""
    inputs = (store.record(run) or {}).get("inputs", {})
    # Gold is released to steps, and a run is its last step: those before it trained and labelled.
    own = {run, *inputs.values()}
    places = {entry.place for entry in store.ledger(steps=own)}
    entries = [entry for place in sorted(places) for entry in store.ledger(place=place)]
    student = inputs.get("student")
    for step in {entry.step for entry in entries} - own if student else ():
        if (store.record(step) or {}).get("inputs", {}).get("student") == student:
            own.add(step)
    return [entry for entry in entries if entry.step in own]


def _which(entry: "LedgerEntry") -> str:
    return "all" if entry.rows is None else "chosen"
