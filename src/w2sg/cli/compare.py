"""`w2sg compare`: two students on the same test examples."""

from typing import Annotated

import typer

from w2sg.cli import console


def compare(
    first: Annotated[str, typer.Argument(help="The start of a run's id; with --study a method's name or title.")],
    second: Annotated[str, typer.Argument(help="Another.")],
    study: Annotated[
        str | None, typer.Option("--study", help="The study whose methods are compared: its name, or its file.")
    ] = None,
    examples: Annotated[
        int, typer.Option("--examples", min=0, help="Examples of each test set on which they differ, at most.")
    ] = 10,
    out: console.PageOut = None,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Compare two students, paired on the same test examples: two runs, or two methods of a study.

    On each test set: the difference with its interval, on how many examples one of them alone is right, and the
    examples on which they differ most, with the labels that scoring opened. Runs must be of one task and seed.

    For example:

        w2sg compare naive confidence --study digits

        w2sg compare 3fa9c1 b0f2 -o compared.html
    """
    import w2sg
    from w2sg.report import page_target

    # A path that cannot be written is said before anything is made.
    if out is not None:
        page_target(out)
    console.load_plugins(plugin)
    given = None if study is None else console.study_result(study, store, workers, plugin)
    found = w2sg.compare(first, second, study=given, examples=examples, store=store)
    of = f" --study {study}" if study else ""
    document = w2sg.document_of(found, made_by=f'w2sg compare "{first}" "{second}"{of}')
    console.publish(document, out, as_json=as_json, name="comparison")
