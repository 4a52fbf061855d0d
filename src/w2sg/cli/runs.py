"""`w2sg runs`: the runs in the store."""

from typing import Annotated

import typer

from w2sg.cli.console import Json, StoreFolder, number, print_json, print_table


def runs(
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="Show at most this many, the newest first.")] = 20,
    store: StoreFolder = None,
    as_json: Json = False,
) -> None:
    """List the runs in the store, the newest first.

    For example:

        w2sg runs -n 5
    """
    from w2sg.lab import Setup, Store, default_store

    with Store(store or default_store()) as opened:
        found = list(opened.runs().values())[:limit]
    rows = []
    for run in found:
        label = Setup.parse(run.setup).label()
        test = run.result["metrics"]["test"]
        accuracies = {who: test[who]["accuracy"] for who in ("weak", "student", "ceiling")}
        rows.append(
            {"id": run.id, **label, "seed": run.seed, "n_test": test["n"], **accuracies, "created": run.created}
        )
    if as_json:
        print_json(rows)
        return
    cells = [
        [str(row["id"])[:10], *(str(row[part]) for part in ("task", "supervisor", "method")), str(row["seed"])]
        + [number(row[who]) for who in ("weak", "student", "ceiling")]
        + [str(row["created"])[:19]]
        for row in rows
    ]
    columns = ["id", "task", "supervisor", "method", "seed", "weak", "student", "ceiling", "made (UTC)"]
    print_table(f"{len(cells)} runs", columns, cells)
