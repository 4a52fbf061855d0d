"""`w2sg export-model`: the student of a run, as a folder that can be loaded."""

from pathlib import Path
from typing import Annotated

import typer

from w2sg.cli import console


def export_model(
    run: Annotated[str, typer.Argument(help="The start of the run's id; see 'w2sg runs'.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="The folder to make [default: model- and the run's id]", show_default=False),
    ] = None,
    store: console.StoreFolder = None,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Write the student of a run as a folder: weights as safetensors, its configuration, and a model card.

    The store keeps what students answer, and not their weights. So the student is trained again, by the run's own step
    under its own seed, and its answers are held against those that were kept; where they differ nothing is written. The
    weights are then in the store, and a second export takes no time.

    Linear, ridge and MLP students and language models can be exported. Boosting and neighbours cannot: scikit-learn has
    no format for them but pickles, which run code when they are read. `w2sg.load_model(FOLDER)` loads the folder.

    For example:

        w2sg export-model 3fa2 -o student
    """
    from w2sg.lab import export_model as export

    console.load_plugins(plugin)
    folder = console.existing_store(store)
    result = console.known_run(folder, run)
    place = Path(f"model-{result.key[:12]}") if out is None else out
    about = export(result, place, store=folder)
    if as_json:
        console.print_json({"folder": str(place), **about})
    else:
        console.say(f"model: {place}")
