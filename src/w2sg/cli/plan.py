"""`w2sg plan`: how many labels or seeds will decide a specification?"""

from pathlib import Path
from typing import Annotated

import typer

from w2sg.cli import console


def plan(
    specification: Annotated[Path, typer.Argument(help="The specification's file, such as specs/minimal.toml.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="What is supposed: weak, student, ceiling, direct, disagreement, inputs, groups or spread; such as "
            "weak=0.7; may be repeated.",
        ),
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="How many test sets are simulated.")] = 60,
    out: console.PageOut = None,
    as_json: console.Json = False,
) -> None:
    """Say how many labels of a run, or seeds of a study, a decision will need, before any is spent.

    No run and no study is given: what it would show is supposed, each by a '--set'.
    Test sets are drawn on which accuracies are as supposed, and decided label by label as 'w2sg check' does.

    For example:

        w2sg plan specs/minimal.toml --set weak=0.7 --set student=0.75 --set disagreement=0.15
    """
    from dataclasses import asdict

    from w2sg.core import InputError
    from w2sg.desiderata import Specification, Supposed, labels_needed, plan_document
    from w2sg.lab import parse_setting
    from w2sg.report import page_target

    if out is not None:
        page_target(out)
    given = dict(parse_setting(text) for text in settings or [])
    known = asdict(Supposed())
    for name, value in given.items():
        if name not in known or not isinstance(value, int | float):
            raise InputError(
                f"--set takes a number for one of {', '.join(known)}, such as weak=0.7; got {name}={value!r}"
            )
    supposed = Supposed(**{name: type(known[name])(value) for name, value in given.items()})
    found = labels_needed(Specification.read(specification), supposed, draws=draws)
    wanted = "".join(f" --set {text}" for text in settings or [])
    console.publish(
        plan_document(found, made_by=f"w2sg plan {specification}{wanted}"), out, as_json=as_json, name="plan"
    )
