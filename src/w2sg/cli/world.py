"""`w2sg world`: small universes in which the truth is known."""

import time
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


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int | str | bool) else f"{value:.6g}"
