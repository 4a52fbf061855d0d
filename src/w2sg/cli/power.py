"""`w2sg power`: how many seeds, test examples and tasks an effect needs, by a study's own variance."""

from typing import Annotated

import typer

from w2sg.cli import console


def power(
    study: Annotated[str, typer.Argument(help="The pilot: a study's name, or its file.")],
    effect: Annotated[float, typer.Option("--effect", help="The difference in accuracy to be shown.")] = 0.02,
    probability: Annotated[float, typer.Option("--power", help="With which probability.")] = 0.8,
    method: Annotated[
        str | None, typer.Option("--method", help="Whose variance counts.", show_default="the mean over methods")
    ] = None,
    out: console.PageOut = None,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Say how many seeds, test examples and tasks an effect needs.

    The study is the pilot: what its runs say of the variance between seeds,
    examples and tasks. Runs that its store lacks are made.

    For example:

        w2sg power studies/digits.toml --effect 0.02
    """
    from w2sg.lab import plan_of, power_document
    from w2sg.report import page_target

    # A path that cannot be written is said before the runs are made.
    if out is not None:
        page_target(out)
    result = console.study_result(study, store, workers, plugin)
    plan = plan_of(result, effect=effect, power=probability, method=method)
    document = power_document(plan, made_by=f"w2sg power {study} --effect {effect:g} --power {probability:g}")
    console.publish(document, out, as_json=as_json, name="power")
