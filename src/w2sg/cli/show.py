"""`w2sg show`: one run, with everything it rests on."""

from typing import Annotated

import typer

from w2sg.cli.console import Json, Plugins, StoreFolder, existing_store, number, print_json, print_table


def show(
    run_id: Annotated[str, typer.Argument(help="The run's id, or enough of its beginning.", metavar="ID")],
    plugin: Plugins = None,
    store: StoreFolder = None,
    as_json: Json = False,
) -> None:
    """Show a run: its setup, its metrics on each test set, the gold that was handed out, how it was made.

    For example:

        w2sg show 3fa9c1
    """
    from w2sg.core import InputError, canonical_json, registry
    from w2sg.lab import Store, stored_label

    for path in plugin or []:
        registry.load_plugin(path)
    folder = existing_store(store)
    with Store(folder) as opened:
        found = opened.find_run(run_id)
    if found is None:
        raise InputError(f"store {folder} has no run, or several, whose id begins with {run_id!r}: see 'w2sg runs'")
    if as_json:
        print_json({"id": found.id, "seed": found.seed, "setup": dict(found.setup), **found.result})
        return
    if "refused" in found.result:
        typer.echo(f"run {found.id}: its method does not fit its task: {found.result['refused']}")
        return
    typer.echo(f"run {found.id}\nseed {found.seed}, made {found.created}\nconfig {found.result['config']}")
    for part, name in stored_label(found.setup).items():
        typer.echo(f"{part}: {name}\n    {canonical_json(found.setup[part])}")
    for name, test in found.result["metrics"].items():
        if name == "transfer":
            continue
        rows = [
            [who, *(number(test[who].get(metric)) for metric in ("accuracy", "balanced_accuracy", "auroc", "ece"))]
            for who in ("weak", "student", "ceiling")
        ]
        print_table(f"{name}: {test['n']} examples", ["", "accuracy", "balanced", "AUROC", "ECE"], rows)
        typer.echo(f"agreement {number(test['agreement'])}, supervisor's errors copied {number(test['errors_copied'])}")
    handed = [[h["purpose"], h["split"], str(h["n"])] for h in found.result["gold"]]
    print_table("gold handed out", ["for", "of split", "labels"], handed)
    typer.echo("versions: " + ", ".join(f"{name} {value}" for name, value in found.result["versions"].items()))
