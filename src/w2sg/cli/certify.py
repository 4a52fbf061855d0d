"""`w2sg certify`: what may be promised about a run, for so many labels."""

from typing import TYPE_CHECKING, Annotated

import typer

from w2sg.cli.console import Json, Plugins, StoreFolder, existing_store, number, print_json, print_table
from w2sg.core.errors import InputError

if TYPE_CHECKING:
    from w2sg.theory.certificates import Certified


def certify(
    run: Annotated[str, typer.Argument(help="The start of the run's id; see 'w2sg runs'.")],
    labels: Annotated[int, typer.Option("--labels", min=0, help="How many labels of the test set may be bought.")],
    delta: Annotated[float, typer.Option(help="How often any of the certificates may be wrong.")] = 0.05,
    on_disagreements: Annotated[
        float, typer.Option(min=0, max=1, help="The share of labels for inputs where teacher and student disagree.")
    ] = 0.5,
    seed: Annotated[int, typer.Option(min=0, help="Draws which inputs are labelled.")] = 0,
    store: StoreFolder = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Buy labels and certify: gain, risks of teacher and student, sets that hold the truth.

    All certificates hold together with probability 1 - delta if what they rest on is true, asymptotic ones for many
    labels only. Each says its own share of delta, what it rests on, and from what its labels were sampled. Another seed
    buys other labels: choose it before looking.

    For example:

        w2sg certify 3fa2 --labels 200 --delta 0.05
    """
    from w2sg.core import registry
    from w2sg.lab import Store
    from w2sg.theory.certifying import certify_stored

    for path in plugin or []:
        registry.load_plugin(path)
    folder = existing_store(store)
    with Store(folder) as opened:
        found = opened.find_run(run)
    if found is None:
        raise InputError(f"store {folder} has no run (or several) whose id starts with {run!r}: see 'w2sg runs'")
    certified = certify_stored(
        found, store=folder, labels=labels, delta=delta, on_disagreements=on_disagreements, seed=seed
    )
    if as_json:
        print_json(_document(found.id, certified))
    else:
        _print(found.id, certified)


def _document(run: str, certified: "Certified") -> dict[str, object]:
    return {
        "run": run,
        "delta": certified.delta,
        "n_labels": len(certified.rows),
        "n_random": certified.n_random,
        "n_disagreements": certified.n_disagreements,
        "certificates": {name: one.to_dict() for name, one in certified.certificates.items()},
        "skipped": dict(certified.skipped),
    }


def _print(run: str, certified: "Certified") -> None:
    rows = [
        [name, one.unit, *(number(value, 4) for value in (one.low, one.estimate, one.high, one.delta))]
        + [str(one.n_labels), one.strength, one.method]
        for name, one in certified.certificates.items()
    ]
    more = len(certified.rows) - certified.n_random
    asymptotic = any(one.strength == "asymptotic" for one in certified.certificates.values())
    limit = ", and the asymptotic ones for many labels only" if asymptotic else ""
    title = (
        f"run {run[:8]}: {certified.n_random} labels at random and {more} more on disagreements; "
        f"all of these hold together with probability {1 - certified.delta:g}, if what they rest on is true{limit}"
    )
    columns = ["certificate", "unit", "at least", "estimate", "at most", "delta", "labels", "strength", "method"]
    print_table(title, columns, rows)
    for name, one in certified.certificates.items():
        typer.echo(f"{name}: {one.frame}. It rests on: {'; '.join(one.assumptions)}.")
    for name, why in certified.skipped.items():
        typer.echo(f"no {name}: {why}")
