"""The store at scale: how fast runs are listed, filtered and shown among a million, and what a run takes on disk.

The bytes of a run are those of a real study (every named method on `digits`), rows, evidence, weak labels and ceilings
together. The store that is timed holds so many runs of the same form, with other names, seeds and numbers, written in
bulk. Times are medians over several calls in a process that has just opened the store.

    python benchmarks/store.py --runs 1000000 --json

`--bytes-only` measures no more than the study, by public functions that older versions have as well.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import w2sg

STUDY = {
    "name": "bytes",
    "tasks": ["digits"],
    "methods": ["*"],
    "without": ["icm", "ccs", "crc"],
    "incapable": "skip",
}
TASKS, SUPERVISORS, STUDENTS, METHODS = 40, 10, 10, 50
CALLS = 5


def main() -> None:
    """Print the times and the bytes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seeds", type=int, default=2, help="seeds of the study that is weighed")
    parser.add_argument("--bytes-only", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = weighed(Path(folder), options.seeds)
        if not options.bytes_only:
            measured |= timed(Path(folder), options.runs)
    text = "\n".join(f"{name}: {value}" for name, value in measured.items())
    print(json.dumps(measured, indent=2) if options.json else text)


def weighed(folder: Path, seeds: int) -> dict[str, Any]:
    """Run the study and weigh its store."""
    study = w2sg.study(w2sg.Study.parse({**STUDY, "seeds": seeds}), store=folder / "real", workers=1)
    files = [path for path in (folder / "real").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files if not path.name.endswith(("-wal", "-shm")))
    return {
        "version": w2sg.__version__,
        "study_runs": study.n_runs,
        "bytes_per_run": round(size / study.n_runs),
        "files_per_run": round(len(files) / study.n_runs, 2),
    }


def timed(folder: Path, n_runs: int) -> dict[str, Any]:
    """Fill a store in bulk and time what `w2sg runs` and `w2sg show` ask of it."""
    from w2sg.graph import Store
    from w2sg.lab import result_of

    with Store(folder / "real") as real:
        template = real.results(without="refused")[0]
        record = dict(real.record(template.key) or {})
    started = time.perf_counter()
    keys = filled(folder / "large", n_runs, template, record)
    fill_s = time.perf_counter() - started

    def listed(store: Store) -> object:
        return store.results(limit=20, without="refused")

    def filtered(store: Store) -> object:
        return store.results(where={"task": "task-7"}, sort="pgr", limit=20, without="refused")

    def filtered_rarely(store: Store) -> object:
        conditions: dict[str, str | float] = {"task": "task-7", "method": "method-3", "student": "student-2"}
        return store.results(where=conditions, sort="student_accuracy", limit=20, without="refused")

    def shown(store: Store) -> object:
        result = store.find(keys[n_runs // 2][:8])
        assert result is not None
        return result_of(store, result.key, store.record(result.key) or {})

    asked: dict[str, Callable[[Store], object]] = {
        "list_s": listed,
        "filter_s": filtered,
        "filter_rare_s": filtered_rarely,
        "show_s": shown,
    }
    times = {name: median_s(folder / "large", ask) for name, ask in asked.items()}
    size = (folder / "large" / "store.db").stat().st_size
    return {"runs": n_runs, **times, "fill_s": round(fill_s, 1), "row_bytes_per_run": round(size / n_runs)}


def filled(folder: Path, n_runs: int, template: Any, record: dict[str, Any]) -> list[str]:
    """Write runs in bulk, as many rows of a run as the store has, without evidence; return their keys."""
    from w2sg.core import canonical_json
    from w2sg.graph import Store
    from w2sg.graph.packing import squeezed

    rng = np.random.default_rng(0)
    keys = [rng.bytes(32) for _ in range(n_runs)]
    numbers = rng.random((n_runs, 3))
    names = [rng.integers(size, size=n_runs) for size in (TASKS, SUPERVISORS, STUDENTS, METHODS)]
    packed = squeezed(record)
    with Store(folder) as store, store.transaction():
        store.database.executemany(
            "INSERT INTO subjects (id, digest, config) VALUES (?, ?, ?)",
            ((place, place.to_bytes(32, "big"), canonical_json(dict(template.about))) for place in range(1, 1001)),
        )
        store.database.executemany(
            "INSERT INTO results (key, step, subject, seed, shown, created) VALUES (?, 'score', ?, ?, ?, ?)",
            (
                (key, 1 + place % 1000, place % 20, canonical_json(shown_of(template, place, names, numbers)), "2026")
                for place, key in enumerate(keys)
            ),
        )
        store.database.executemany(
            "INSERT INTO artifacts VALUES (?, 'score', '{}', ?, '2026')", ((key, packed) for key in keys)
        )
    return [key.hex() for key in keys]


def shown_of(template: Any, place: int, names: list[Any], numbers: Any) -> dict[str, Any]:
    """Return what a run is listed with, with names and numbers of its own."""
    parts = zip(("task", "supervisor", "student", "method"), names, strict=True)
    low, middle, high = sorted(numbers[place])
    return {
        **template.shown,
        **{part: f"{part}-{chosen[place]}" for part, chosen in parts},
        "weak_accuracy": low,
        "student_accuracy": middle,
        "ceiling_accuracy": high,
        "pgr": (middle - low) / (high - low),
    }


def median_s(folder: Path, ask: Callable[[Any], object]) -> float:
    """Return the median time of a question to a store that was just opened."""
    from w2sg.graph import Store

    seconds = []
    for _ in range(CALLS):
        with Store(folder) as store:
            started = time.perf_counter()
            ask(store)
            seconds.append(time.perf_counter() - started)
    return round(statistics.median(seconds), 4)


if __name__ == "__main__":
    main()
