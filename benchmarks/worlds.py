"""Every world once, in closed form and simulated: how long it takes, and how far both are apart.

python benchmarks/worlds.py [--seed 0] [--json]
"""

import argparse
import json
import math
import time
from typing import Any

from threadpoolctl import threadpool_limits

from w2sg.core import registry
from w2sg.worlds import World


def measured(name: str, seed: int) -> dict[str, Any]:
    """Return the seconds of one world, and how far exact and simulated quantities are apart, in standard errors."""
    world = registry.build(World, name)
    started = time.perf_counter()
    exact = world.exact()
    simulated = world.simulated(seed)
    seconds = time.perf_counter() - started
    apart = {
        key: abs(one.value - exact[key]) / one.se
        for key, one in simulated.items()
        if key in exact and one.se and math.isfinite(one.value)
    }
    worst = max(apart, key=lambda key: apart[key], default=None)
    return {
        "world": name,
        "seconds": round(seconds, 2),
        "exact": len(exact),
        "simulated": len(simulated),
        "both": len(apart),
        "worst": worst,
        "worst_se": None if worst is None else round(apart[worst], 2),
    }


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with threadpool_limits(1):
        found = [measured(name, asked.seed) for name in registry.names(World)]
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    print("| world | seconds | exact | simulated | both | farthest apart | in standard errors |")
    print("|---|---:|---:|---:|---:|---|---:|")
    for one in found:
        worst = "– | –" if one["worst"] is None else f"{one['worst']} | {one['worst_se']:.2f}"
        counts = " | ".join(str(one[key]) for key in ("exact", "simulated", "both"))
        print(f"| {one['world']} | {one['seconds']:.2f} | {counts} | {worst} |")
    print(f"\n{sum(one['seconds'] for one in found):.1f} s in all")


if __name__ == "__main__":
    main()
