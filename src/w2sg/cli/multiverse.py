"""`w2sg multiverse`: had the analyst chosen otherwise, would the findings of a study stand?"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from w2sg.cli import console

if TYPE_CHECKING:
    from w2sg.lab import Study


def multiverse(
    study: Annotated[str, typer.Argument(help="The study's name, or its file.")],
    full: Annotated[bool, typer.Option("--full", help="Try all combinations too.")] = False,
    worlds: Annotated[
        int, typer.Option("--worlds", min=0, help="Try so many combinations too, drawn at random.", metavar="N")
    ] = 0,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="One choice; see 'w2sg list choices'; may be repeated [default: all]"),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option("--vary", help="A field that could be otherwise: path=[values].", metavar="PATH=VALUES"),
    ] = None,
    method: Annotated[
        list[str] | None, typer.Option("--method", help="One method; may be repeated [default: the study's]")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the page, .html or .md.", metavar="FILE")
    ] = None,
    plugin: console.Plugins = None,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    dry_run: console.DryRun = False,
    as_json: console.Json = False,
) -> None:
    """Run a study with other choices of the analyst, and say in how many of these worlds each claim stands.

    In each world one thing is chosen otherwise: the supervisor's C or its calibration, soft or hard labels, split
    sizes, seeds, the student's C or features. What does not fit the study is left out, with the reason.

    For example:

        w2sg multiverse studies/digits.toml -o multiverse.html

        w2sg multiverse studies/league-held-out.toml --method naive --method confidence

        w2sg multiverse digits --worlds 50 --vary "student.c=[0.01, 100]" --json
    """
    from w2sg.batteries import multiverse_document, run_multiverse
    from w2sg.report import page_target

    if output is not None:
        page_target(output)
    given = _restricted(console.study_of(study, store, plugin), method)
    with console.progress_bar(Path(study).stem, dry_run=dry_run, as_json=as_json) as progress:
        found = run_multiverse(
            given,
            choices=[*_named(only, vary)],
            full=full,
            worlds=worlds,
            store=store,
            workers=workers,
            progress=progress,
        )
    asked = [f"--{option} {name}" for option, names in (("method", method), ("only", only)) for name in names or ()]
    asked += [f'--vary "{text}"' for text in vary or ()] + ["--full"] * full + [f"--worlds {worlds}"] * bool(worlds)
    made_by = " ".join(["w2sg multiverse", study, *asked])
    console.publish(multiverse_document(found, made_by=made_by), output, as_json=as_json, name="multiverse")


def _restricted(study: "Study", methods: Sequence[str] | None) -> "Study":
    """Return a study with the methods that are asked for, or as it is."""
    return study.model_copy(update={"methods": tuple(methods)}) if methods else study


def _named(only: Sequence[str] | None, vary: Sequence[str] | None) -> Iterator[str | dict[str, Any]]:
    """Yield the choices that are asked for; fields that are varied stand beside all others or those that are named."""
    from w2sg.batteries import known_choices
    from w2sg.lab import parse_setting

    yield from only or ([] if not vary else known_choices())
    for text in vary or []:
        path, values = parse_setting(text)
        yield {"kind": "value", "path": path, "values": values if isinstance(values, list) else [values]}
