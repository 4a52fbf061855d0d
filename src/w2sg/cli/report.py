"""`w2sg report`: the report of a study, as one HTML file, or as Markdown."""

from pathlib import Path
from typing import Annotated

import typer

from w2sg.cli import console


def report(
    study: Annotated[str, typer.Argument(help="The study's name, or its file.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the report goes.")] = Path("report.html"),
    store: console.StoreFolder = None,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Write the report of a study: one HTML file that needs no network, or Markdown (-o digits.md).

    Specifications that 'w2sg check' decided on runs of the study stand in it, with their verdicts.

    For example:

        w2sg report digits -o digits.html
    """
    import w2sg
    from w2sg.desiderata import checks_of, checks_section
    from w2sg.report import page_target

    # A path that cannot be written is said before anything is made.
    page_target(out)
    result = console.study_result(study, store, plugins=plugin)
    runs = [run for setup in result.results for run in setup.run_ids]
    checks = checks_of(console.existing_store(store), runs)
    sections = [checks_section(checks)] if checks else []
    with console.progress_bar("examples") as progress:
        examples = w2sg.examples(result, store=store, progress=progress)
    command = f"w2sg report {study} -o {out}"
    path = w2sg.write_report(result, out, examples=examples, sections=sections, command=command)
    if as_json:
        console.print_json({"report": str(path), "n_runs": result.n_runs})
    else:
        console.say(f"report: {path}")
