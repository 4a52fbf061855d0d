"""Recompute the baseline table of the automated-researcher archive, with honest intervals beside the shipped ones.

The archive (cache_results.tar.gz) holds per-seed accuracies of weak supervisors, ceilings and four methods on three
tasks. It is read in memory; its nested second copy of the chat results is ignored. Each PGR here uses the archive's own
16-seed means of weak and ceiling. Run from anywhere:

    python benchmarks/aar_archive.py [ARCHIVE]

Without ARCHIVE it is sought in $W2SG_DATA, or else in shared/data beside the project.
"""

import json
import os
import sys
import tarfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2sg.measure import Pgr, pgr_from_accuracies, seed_only_standard_error

TASKS = ("chat", "math", "code")
METHODS = ("vanilla_w2s", "train_only_on_confident_labels", "critic", "ue_zeroshot")
TEST_EXAMPLES = {"chat": 1263, "math": 1315, "code": 2567}
# The archive's folder, the result's folder, the hyper-parameters' folder, the file: one more is the nested copy.
PATH_PARTS = 4


@dataclass(frozen=True)
class Row:
    """One method on one task."""

    task: str
    method: str
    accuracies: dict[int, float]
    standard_error: float
    pgr: Pgr


def archive_path() -> Path:
    """Return where the archive is expected: under $W2SG_DATA, or else ../shared/data of the project."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("W2SG_DATA", beside)) / "aar_baseline_results" / "cache_results.tar.gz"


def read_archive(path: Path) -> dict[str, dict[int, dict[str, Any]]]:
    """Return folder name -> seed -> the result as stored, without the nested copy."""
    results: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    with tarfile.open(path) as archive:
        for member in archive:
            parts = Path(member.name).parts
            if not member.isfile() or not member.name.endswith(".json") or len(parts) != PATH_PARTS:
                continue
            file = archive.extractfile(member)
            if file is None:
                continue
            seed = int(Path(member.name).stem.removeprefix("seed_"))
            if seed in results[parts[1]]:
                raise ValueError(f"{parts[1]} holds seed {seed} twice")
            results[parts[1]][seed] = json.load(file)
    return dict(results)


def baselines(results: dict[str, dict[int, dict[str, Any]]], task: str) -> tuple[list[float], list[float]]:
    """Return the weak and ceiling accuracies of a task, by seed."""
    weak, ceiling = results[f"{task}_weak_artifacts"], results[f"{task}_train_ceiling"]
    return (
        [weak[seed]["weak_acc"] for seed in sorted(weak)],
        [ceiling[seed]["strong_acc"] for seed in sorted(ceiling)],
    )


def table(results: dict[str, dict[int, dict[str, Any]]]) -> list[Row]:
    """Return a row per task and method."""
    rows = []
    for task in TASKS:
        weak, ceiling = baselines(results, task)
        for method in METHODS:
            stored = results[f"{task}_{method}"]
            accuracies = {seed: float(stored[seed]["transfer_acc"]) for seed in sorted(stored)}
            student = list(accuracies.values())
            error = seed_only_standard_error(student, weak, ceiling)
            result = pgr_from_accuracies(student, weak, ceiling, TEST_EXAMPLES[task])
            rows.append(Row(task, method, accuracies, error, result))
    return rows


def markdown(rows: list[Row]) -> str:
    """Return the table as markdown."""
    lines = [
        "| task | method | seeds | test examples | mean accuracy | PGR | seed-only SE | 95 % Fieller interval |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        interval = f"[{row.pgr.low:.3f}, {row.pgr.high:.3f}]" if row.pgr.estimate is not None else row.pgr.reason
        estimate = "-" if row.pgr.estimate is None else f"{row.pgr.estimate:.3f}"
        lines.append(
            f"| {row.task} | {row.method} | {row.pgr.n_seeds} | {row.pgr.n_examples} | "
            f"{row.pgr.student.estimate:.4f} | {estimate} | {row.standard_error:.3f} | {interval} |"
        )
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print the table; return the exit code."""
    path = Path(arguments[0]) if arguments else archive_path()
    if not path.is_file():
        print(f"no archive at {path}: give its path, or set W2SG_DATA", file=sys.stderr)
        return 2
    rows = table(read_archive(path))
    print(markdown(rows))
    print(f"\nWeak supervisor and ceiling: 16 seeds each. {rows[0].pgr.note[0].upper()}{rows[0].pgr.note[1:]}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
