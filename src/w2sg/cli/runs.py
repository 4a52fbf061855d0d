"""`w2sg runs`: the runs in the store."""

from typing import Annotated

import typer

from w2sg.cli.console import Json, Plugins, StoreFolder, existing_store, number, print_json, print_table


def runs(
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="Show at most this many, the newest first.")] = 20,
    plugin: Plugins = None,
    store: StoreFolder = None,
    as_json: Json = False,
) -> None:
    """List the runs in the store, the newest first.

    For example:

        w2sg runs -n 5
    """
    from w2sg.core import registry
    from w2sg.lab import Store, stored_label

    for path in plugin or []:
        registry.load_plugin(path)
    with Store(existing_store(store)) as opened:
        found = [run for run in opened.runs().values() if "refused" not in run.result][:limit]
    rows = []
    for run in found:
        label = stored_label(run.setup)
        test = run.result["metrics"]["test"]
        accuracies = {f"{who}_accuracy": test[who]["accuracy"] for who in ("weak", "student", "ceiling")}
        rows.append(
            {"id": run.id, **label, "seed": run.seed, "n_test": test["n"], **accuracies, "created": run.created}
        )
    if as_json:
        print_json(rows)
        return
    cells = [
        [run.id[:8], " / ".join(stored_label(run.setup).values()), str(run.seed)]
        + [number(row[f"{who}_accuracy"]) for who in ("weak", "student", "ceiling")]
        + [run.created[:16].replace("T", " ")]
        for run, row in zip(found, rows, strict=True)
    ]
    columns = ["id", "setup", "seed", "weak", "student's", "ceiling", "made (UTC)"]
    print_table(f"{len(cells)} runs", columns, cells)
