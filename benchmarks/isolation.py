"""What a worker costs: the same methods trained in the laboratory's process, and as a plugin's in workers.

A plugin gives the package's composition another kind; everything else is the same, so that the numbers must be the
same and the difference in time is that of isolation: a process for each training, and no batches.

    python benchmarks/isolation.py --seeds 4
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from w2sg import Study, study
from w2sg.core import Method, registry
from w2sg.isolation.session import isolation_tier

PLUGIN = """
from typing import Literal
from w2sg.core import register
from w2sg.methods import Composition

@register()
class Elsewhere(Composition):
    "The package's composition, as a plugin's."
    kind: Literal["elsewhere"] = "elsewhere"
"""
METHODS = ("naive", "naive-hard", "confidence", "product", "early-stopping", "bootstrapping", "confident-learning")


def timed(folder: Path, methods: list[Any], seeds: int, plugins: list[str]) -> tuple[float, Any]:
    """Return the seconds of a study of some methods on digits in one process, and what came out."""
    given = {"name": "cost", "seeds": seeds, "tasks": ["digits"], "methods": methods, "plugins": plugins}
    parsed = Study.parse(given)
    started = time.perf_counter()
    found = study(parsed, store=folder, workers=1, yes=True)
    return time.perf_counter() - started, found


def main() -> None:
    """Print seconds here and in workers, for each training, and the largest difference of accuracies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "elsewhere.py").write_text(PLUGIN, encoding="utf-8")
        plain = [registry.build(Method, method).model_dump(mode="json") for method in METHODS]
        here_s, here = timed(folder / "here", list(METHODS), asked.seeds, [])
        foreign = [{**table, "kind": "elsewhere"} for table in plain]
        there_s, there = timed(folder / "there", foreign, asked.seeds, [str(folder / "elsewhere.py")])
    pairs = zip(here.results, there.results, strict=True)
    trainings = len(METHODS) * asked.seeds
    said = {
        "tier": isolation_tier(),
        "trainings": trainings,
        "here_s": round(here_s, 2),
        "workers_s": round(there_s, 2),
        "more_s_each": round((there_s - here_s) / trainings, 3),
        "largest_difference": max(abs(a.pgr.student.estimate - b.pgr.student.estimate) for a, b in pairs),
    }
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
