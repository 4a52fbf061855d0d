"""`w2sg show`: one run, with everything it rests on."""

from typing import Annotated

import typer

from w2sg.cli import console


def show(
    run_id: Annotated[str, typer.Argument(help="The run's id, or enough of its beginning.", metavar="ID")],
    plugin: console.Plugins = None,
    store: console.StoreFolder = None,
    as_json: console.Json = False,
) -> None:
    """Show a run: its setup, its metrics on each test set, the gold that was handed out, how it was made.

    For example:

        w2sg show 3fa9c1
    """
    from w2sg.core import canonical_json
    from w2sg.graph import REFUSED
    from w2sg.lab import details_of, shown_trust

    console.load_plugins(plugin)
    found, result = details_of(run_id, console.existing_store(store))
    run = found.result
    if as_json:
        console.print_json(result)
        return
    # It was tried and refused: the reason is all there is to show.
    if REFUSED in run.shown:
        console.echo(f"run {run.key}: its method does not fit its task: {run.shown[REFUSED]}")
        return
    console.echo(f"run {run.key}\nseed {run.seed}, made {run.created}")
    if found.studies:
        console.echo(f"of the study {found.studies[0]}" + "".join(f", also of {name}" for name in found.studies[1:]))
    for part, name in found.label.items():
        known = "" if name == run.shown[part] else f" ({run.shown[part]})"
        console.echo(f"{part}: {name}{known}\n    {canonical_json(run.about[part])}")
    for name, test in result["metrics"].items():
        if name == "transfer":
            continue
        rows = [
            [
                who,
                *(
                    console.number(test[who].get(metric))
                    for metric in ("accuracy", "balanced_accuracy", "auroc", "ece")
                ),
            ]
            for who in ("weak", "student", "ceiling")
        ]
        console.print_table(f"{name}: {test['n']} examples", ["", "accuracy", "balanced", "AUROC", "ECE"], rows)
        agreement, copied = console.number(test["agreement"]), console.number(test["errors_copied"])
        console.echo(f"agreement {agreement}, supervisor's errors copied {copied}")
    handed = [[h["purpose"], h["split"], str(h["n"]), h.get("asked_by", "")] for h in result["gold"]]
    console.print_table("gold handed out", ["for", "of split", "labels", "to"], handed)
    if "trust" in result:
        console.echo(f"trust tier: {shown_trust(result['trust'])}")
    console.echo("versions: " + ", ".join(f"{name} {value}" for name, value in result["versions"].items()))
