"""`w2sg preflight`: a look at data and setup, before anything is believed."""

from typing import Annotated

import typer

from w2sg.cli import console


def preflight(
    files: Annotated[
        list[str], typer.Argument(help="A study's file or name, or data files: train, test, ...", metavar="FILE...")
    ],
    out: console.PageOut = None,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Look at data before a study is made of them: columns, classes, copies, and whether the setup can work.

    Two seeds of each task are run, as parts of the study. Of a bare data file
    it is guessed what its columns are; the guess is printed as a study file.
    Exit code 1 says that something must be mended first.

    For example:

        w2sg preflight reviews.csv

        w2sg preflight reviews.toml -o preflight.html
    """
    from w2sg.core import InputError
    from w2sg.lab import Study, commented_study, default_store, preflight_document, toml_table
    from w2sg.lab import preflight as look
    from w2sg.report import page_target
    from w2sg.tasks import guess

    if out is not None:
        page_target(out)
    console.load_plugins(plugin)
    guessed, text, folder = None, "", store or default_store()
    if len(files) == 1 and not console.is_data_file(files[0]):
        study = console.study_of(files[0], store, plugin)
    else:
        guessed = guess(files)
        name = console.study_name(files[0])
        text = commented_study(guessed, f"{name}.toml")
        if not {"label", "pair"} & guessed.fields.keys():
            console.echo(text)
            raise InputError(f"{files[0]}: no column looks like a label: write the study above to a file, and name it")
        study = Study.parse({"name": name, **toml_table(text)})
    with console.progress_bar("preflight") as progress:
        found = look(study, store=folder, workers=workers, progress=progress)
    document = preflight_document(found, guess=guessed, text=text, made_by=f"w2sg preflight {' '.join(files)}")
    console.publish(document, out, as_json=as_json, name="preflight")
    if text and not as_json:
        console.echo(f"\nThe study that says what was guessed; 'w2sg new task {' '.join(files)}' writes it:\n\n{text}")
    raise typer.Exit(0 if found.ready else 1)
