"""`w2sg world`: small universes in which the truth is known."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from w2sg.cli import console

app = typer.Typer(no_args_is_help=True, help="Small universes in which the truth is known.")

Settings = Annotated[
    list[str] | None, typer.Option("--set", help="A parameter: key=value; may be repeated.", metavar="KEY=VALUE")
]


@app.command()
def simulate(
    name: Annotated[str, typer.Argument(help="The world; see 'w2sg list worlds'.")],
    settings: Settings = None,
    seed: Annotated[int, typer.Option(min=0, help="The simulation's seed.")] = 0,
    simulate: Annotated[bool, typer.Option(help="Simulate too, or give the closed forms alone.")] = True,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Compute what a theory says exactly in a world of its own, beside what a simulation gives, with standard errors.

    For example:

        w2sg world simulate two-stage-ridge --set lambda_t=0.1 --set lambda_s=0.2914

        w2sg world simulate oversight --set game=mafia --set gap=400 --json
    """
    from threadpoolctl import threadpool_limits

    from w2sg.core import registry
    from w2sg.lab import parse_setting
    from w2sg.worlds import World

    console.load_plugins(plugin)
    given = dict(parse_setting(text) for text in settings or [])
    if "kind" in given:  # every component's own `kind` is the world's name; a certificate's is its `method`
        given["method"] = given.pop("kind")
    world = registry.build(World, {"kind": name, **given})
    started = time.perf_counter()
    exact = dict(world.exact())
    # One thread: sums over several add up in another order, and the same seed would give other last digits.
    with threadpool_limits(1):
        simulated = dict(world.simulated(seed)) if simulate else {}
    parameters = world.model_dump(mode="json", exclude={"kind"})
    document = {
        "world": name,
        "parameters": parameters,
        "seed": seed,
        "exact": exact,
        "simulated": {key: {"value": drawn.value, "se": drawn.se, "n": drawn.n} for key, drawn in simulated.items()},
        "seconds": round(time.perf_counter() - started, 3),
    }
    if as_json:
        console.print_json(document)
        return
    rows = []
    for key in dict.fromkeys([*exact, *simulated]):
        drawn = simulated.get(key)
        numbers = (None, None, None) if drawn is None else (drawn.value, drawn.se, drawn.n)
        rows.append([key, *(_shown(value) for value in (exact.get(key), *numbers))])
    shown = ", ".join(f"{key}={value}" for key, value in parameters.items())
    console.print_table(f"{name}: {shown}", ["quantity", "exact", "simulated", "standard error", "trials"], rows)


@app.command()
def train(
    to: Annotated[Path, typer.Option("--to", help="The folder to write.", metavar="FOLDER")],
    settings: Settings = None,
    ladder: Annotated[bool, typer.Option("--ladder", help="Train all models that come with the package.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="With --ladder: one of these models; may be repeated.")
    ] = None,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    as_json: console.Json = False,
) -> None:
    """Pretrain a small language model on the corpus of a fact world, or the whole ladder anew; needs the extra [lm].

    The folder is one that students take as their 'model'. What was trained is kept in the store: stopped at any moment,
    a ladder goes on with the next model when it is started again. How far its scores are off those of the models that
    come with the package is said.

    For example:

        w2sg world train --to models/mine --set width=32 --set world.saliency=0.3

        w2sg world train --ladder --only facts:12 --to models/ladder
    """
    from w2sg.core import InputError
    from w2sg.lab import default_store
    from w2sg.worlds import Pretraining, score_differences, shipped_trainings, trained, write_ladder, write_model

    if ladder and settings:
        raise InputError("--ladder trains the models as they come with the package: leave out --set")
    asked = shipped_trainings(only or ()) if ladder else {"model": Pretraining.parse(_nested(settings or []))}
    with console.progress_bar("world train", unit="models") as progress:
        made = trained(asked, store or default_store(), workers=workers, progress=progress)
    if ladder:
        write_ladder(to, made)
    else:
        to.mkdir(parents=True, exist_ok=True)
        training, artifact = made["model"]
        write_model(training, artifact.arrays, to)
    document = {name: dict(artifact.record) for name, (_, artifact) in made.items()}
    off = score_differences(made) if ladder else {}
    if as_json:
        console.print_json({"folder": str(to), "models": document, "differ_from_shipped": off})
        return
    scores = sorted({score for record in document.values() for score in record["scores"]})
    rows = [[name, *(_shown(record["scores"].get(score)) for score in scores)] for name, record in document.items()]
    console.print_table(f"trained to {to}", ["model", *scores], rows)
    if off:
        worst = max(off, key=lambda name: off[name])
        console.echo(f"a score differs from that of the model in the package by at most {off[worst]:.3g} ({worst})")


def _nested(settings: list[str]) -> dict[str, Any]:
    """Return settings by dotted path as tables inside tables."""
    from w2sg.lab import parse_setting

    fields: dict[str, Any] = {}
    for path, value in map(parse_setting, settings):
        *outer, last = path.split(".")
        table = fields
        for name in outer:
            table = table.setdefault(name, {})
        table[last] = value
    return fields


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int | str | bool) else f"{value:.6g}"
