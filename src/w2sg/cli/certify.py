"""`w2sg certify`: what may be promised about a run, for so many labels."""

from typing import Annotated

import typer

from w2sg.cli import console


def certify(
    run: Annotated[str, typer.Argument(help="The start of the run's id; see 'w2sg runs'.")],
    labels: Annotated[int, typer.Option("--labels", min=0, help="How many labels of the test set may be bought.")],
    test: Annotated[
        str, typer.Option("--test", help="Which test set; a shifted one is certified for inputs shifted so.")
    ] = "test",
    delta: Annotated[
        float, typer.Option(help="How often any certificate of this run may be wrong, however often one looks.")
    ] = 0.05,
    on_disagreements: Annotated[
        float,
        typer.Option(min=0, max=1, help="The share of labels for inputs where weak supervisor and student disagree."),
    ] = 0.5,
    seed: Annotated[int, typer.Option(min=0, help="Draws which inputs are labelled.")] = 0,
    store: console.StoreFolder = None,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Buy labels and certify: gain, risks of weak supervisor and student, sets that hold the truth.

    All certificates hold together with their stated probability if what they rest on is true, asymptotic ones for
    many labels only. Each says its own share of delta, what it rests on, and from what its labels were sampled. Labels
    of the supervision split that the weak supervisor did not learn from judge it at no further cost.

    Whoever looks at labels of the same data again and again, with other draws, for other runs or other test sets, and
    reports the best, errs more often. So each further look gets less of delta: the ledger says how many there were.

    For example:

        w2sg certify 3fa2 --labels 200 --delta 0.05

        w2sg certify 3fa2 --labels 200 --test noisy
    """
    from w2sg.theory import certificate_document, certify_stored

    console.load_plugins(plugin)
    folder = console.existing_store(store)
    result = console.known_run(folder, run)
    with console.progress_bar("certify"):
        certified, look = certify_stored(
            result, store=folder, labels=labels, delta=delta, test=test, on_disagreements=on_disagreements, draw=seed
        )
    trust = str(result.shown.get("trust") or "")
    document = certificate_document(result.key, certified, test=test, look=look, trust=trust)
    console.print_document(document, as_json=as_json)
