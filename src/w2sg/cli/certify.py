"""`w2sg certify`: what may be promised about a run, for so many labels."""

from typing import Annotated

import typer

from w2sg.cli.console import Json, Plugins, StoreFolder, existing_store
from w2sg.cli.seen import print_document
from w2sg.core.errors import InputError


def certify(
    run: Annotated[str, typer.Argument(help="The start of the run's id; see 'w2sg runs'.")],
    labels: Annotated[int, typer.Option("--labels", min=0, help="How many labels of the test set may be bought.")],
    delta: Annotated[float, typer.Option(help="How often any of the certificates may be wrong.")] = 0.05,
    on_disagreements: Annotated[
        float, typer.Option(min=0, max=1, help="The share of labels for inputs where supervisor and student disagree.")
    ] = 0.5,
    seed: Annotated[int, typer.Option(min=0, help="Draws which inputs are labelled.")] = 0,
    store: StoreFolder = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Buy labels and certify: gain, risks of weak supervisor and student, sets that hold the truth.

    All certificates hold together with probability 1 - delta if what they rest on is true, asymptotic ones for many
    labels only. Each says its own share of delta, what it rests on, and from what its labels were sampled. Another seed
    buys other labels: choose it before looking.

    For example:

        w2sg certify 3fa2 --labels 200 --delta 0.05
    """
    from w2sg.core import registry
    from w2sg.lab import Store
    from w2sg.theory import certificate_document
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
    print_document(certificate_document(found.id, certified), as_json)
