"""`w2sg oracle`: a theory's own world, in closed form and simulated."""

import time
from typing import Annotated, Any

import typer

from w2sg.cli.console import Json, Plugins, print_json, print_table

Settings = Annotated[
    list[str] | None, typer.Option("--set", help="A parameter: key=value; may be repeated.", metavar="KEY=VALUE")
]


def oracle(
    name: Annotated[str, typer.Argument(help="The world; see 'w2sg list oracles'.")],
    settings: Settings = None,
    seed: Annotated[int, typer.Option(min=0, help="The simulation's seed.")] = 0,
    simulate: Annotated[bool, typer.Option(help="Simulate too, or give the closed forms alone.")] = True,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Compute what a theory says exactly in its own world, beside what a simulation gives, with standard errors.

    For example:

        w2sg oracle two-stage-ridge --set lambda_t=0.1 --set lambda_s=0.2914

        w2sg oracle oversight --set game=mafia --set gap=400 --json
    """
    from threadpoolctl import threadpool_limits

    from w2sg.core import derive, registry
    from w2sg.lab import parse_setting
    from w2sg.theory import Oracle

    for path in plugin or []:
        registry.load_plugin(path)
    given = dict(parse_setting(text) for text in settings or [])
    if "kind" in given:  # every component's own `kind` is the oracle's name; a certificate's is its `method`
        given["method"] = given.pop("kind")
    world = registry.build("oracles", {"kind": name, **given})
    assert isinstance(world, Oracle)
    started = time.perf_counter()
    exact = dict(world.exact())
    with threadpool_limits(1):
        simulated = dict(world.simulate(derive(seed, "oracle", name))) if simulate else {}
    document = {
        "oracle": name,
        "parameters": world.model_dump(mode="json", exclude={"kind"}),
        "seed": seed,
        "exact": exact,
        "simulated": {key: {"value": one.value, "se": one.se, "n": one.n} for key, one in simulated.items()},
        "seconds": round(time.perf_counter() - started, 3),
    }
    if as_json:
        print_json(document)
        return
    rows = [
        [
            key,
            _shown(exact.get(key)),
            _shown(getattr(simulated.get(key), "value", None)),
            _shown(getattr(simulated.get(key), "se", None)),
            _shown(getattr(simulated.get(key), "n", None)),
        ]
        for key in dict.fromkeys([*exact, *simulated])
    ]
    shown = ", ".join(f"{key}={value}" for key, value in document["parameters"].items())  # type: ignore[attr-defined]
    print_table(f"{name}: {shown}", ["quantity", "exact", "simulated", "standard error", "trials"], rows)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int | str | bool) else f"{value:.6g}"
