"""Kill a study again and again, at random moments, and see whether anything is lost or comes out otherwise.

A study of seven methods, two students and four seeds on digits runs in a process group of its own, which is killed with
SIGKILL at a moment drawn from its usual length. After each kill the store is checked, and every run that was
acknowledged must be there, then and ever after. By turns the study is started again on the same store, or run to its
end and compared with a run that nobody disturbed.

    python benchmarks/kills.py --kills 20
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from w2sg.core import ClassProbabilities, unpack_signals
from w2sg.graph import Store
from w2sg.lab.evidence import unpack_answers

STUDY = """
name = "kills"
seeds = {seeds}
methods = ["naive", "naive-hard", "confidence", "product", "early-stopping", "bootstrapping", "confident-only"]
plugins = ["trusted:whole.py"]

[[tasks]]
kind = "digits"
supervision = 200
transfer = 500
test = 500

[[students]]
kind = "nystroem-digits"
grid = {{"features.count" = [100, 200]}}
"""
WHOLE = "import w2sg.lab.evidence\n\nw2sg.lab.evidence.KEPT_BITS = 24\n"
"""A plugin that keeps predictions to the bit: rounded ones would hide small differences, or enlarge them."""
PROBABILITY_TOLERANCE = 1e-5
"""A student that is trained again after a kill may be in a smaller batch, whose float32 sums have another order."""


class Trial:
    """The study on one store, from the first start to its end."""

    def __init__(self, folder: Path, file: Path) -> None:
        self.store, self.file = folder, file
        self.acknowledged: set[str] = set()
        self.begun = False

    def start(self, workers: int) -> subprocess.Popen[str]:
        """Start the study in a process group of its own."""
        command = [sys.executable, "-m", "w2sg", "study", str(self.file), "--store", str(self.store), "--json"]
        return subprocess.Popen(
            [*command, "--workers", str(workers)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def check(self, said: str) -> Counter[str]:
        """Count what is wrong with the store, given what the study had said on stderr."""
        if not (self.store / "store.db").exists():
            return Counter(lost_runs=len(self.acknowledged))
        with Store(self.store) as store:
            found = store.verify()
            there = {run.key for run in store.results()}
            n_artifacts = len(store.artifact_rows())
        told = max((int(n) for n in re.findall(r"(\d+) of \d+ runs", said)), default=0)
        lost = len(self.acknowledged - there) + max(0, told - len(there))
        self.acknowledged |= there
        self.begun = self.begun or bool(found["orphans"]) or n_artifacts > 0
        return Counter({"lost_runs": lost, **{name: len(items) for name, items in found.items()}})


def results(folder: Path) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Return the accuracies of all runs and the probabilities of all students, by key."""
    accuracies: dict[str, float] = {}
    probabilities: dict[str, np.ndarray] = {}
    with Store(folder) as store:
        for run in store.results():
            for who in ("weak", "student", "ceiling"):
                accuracies[f"{run.key} {who}"] = run.shown[f"{who}_accuracy"]
        for row in store.artifact_rows():
            made = store.get(row["key"])
            if made is not None and row["step"] in ("labels", "student", "ceiling"):
                unpack = unpack_signals if row["step"] == "labels" else unpack_answers
                signal = unpack(ClassProbabilities, made.arrays)["test"]
                assert isinstance(signal, ClassProbabilities)
                probabilities[row["key"]] = signal.probabilities
    return accuracies, probabilities


def finish(trial: Trial, expected: tuple[dict[str, float], dict[str, np.ndarray]]) -> dict[str, float]:
    """Run a study to its end and compare it with the undisturbed one."""
    process = trial.start(workers=1)
    _, said = process.communicate()
    if process.returncode:
        raise SystemExit(f"the study failed after a kill:\n{said}")
    wrong = trial.check(said)
    with Store(trial.store) as store:
        store.collect_garbage()
        left = sum(len(items) for items in store.verify().values())
    accuracies, probabilities = results(trial.store)
    same = probabilities.keys() == expected[1].keys()
    pairs = [(probabilities[key], expected[1][key]) for key in probabilities] if same else []
    return {
        "lost_runs": wrong["lost_runs"] + (len(expected[0].keys() - accuracies.keys())),
        "accuracies_differing": sum(accuracies.get(key) != value for key, value in expected[0].items()),
        "predictions_differing": sum(int((a.argmax(axis=1) != b.argmax(axis=1)).sum()) for a, b in pairs),
        "keys_differing": len(probabilities.keys() ^ expected[1].keys()),
        "wrong_after_collection": left,
        "max_probability_difference": max((float(np.abs(a - b).max()) for a, b in pairs), default=0.0),
    }


def trials(n_kills: int, seeds: int, folder: Path, rng: np.random.Generator) -> dict[str, object]:
    """Kill the study `n_kills` times and return what was found."""
    file = folder / "kills.toml"
    file.write_text(STUDY.format(seeds=seeds), encoding="utf-8")
    (folder / "whole.py").write_text(WHOLE, encoding="utf-8")
    whole = Trial(folder / "whole", file)
    started = time.perf_counter()
    if whole.start(workers=1).wait():
        raise SystemExit("the undisturbed study failed")
    usual_s = time.perf_counter() - started
    expected = results(whole.store)

    count, compared = Counter(damaged=0, database=0, orphans=0, leftovers=0), []
    trial = Trial(folder / "0", file)
    for kill in range(n_kills):
        process = trial.start(workers=1 + kill % 2)
        time.sleep(float(rng.uniform(0.2, 1.0)) * usual_s)
        count["too_late"] += process.poll() is not None
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        _, said = process.communicate()
        count.update(trial.check(said))
        complete = len(trial.acknowledged) == len(expected[0]) // 3
        count["kills"] += 1
        count["kills_midway"] += trial.begun and not complete
        if complete or rng.random() < 0.5 or kill + 1 == n_kills:
            compared.append(finish(trial, expected))
            trial = Trial(folder / f"{kill + 1}", file)
    sums = {name: sum(one[name] for one in compared) for name in compared[0] if not name.startswith("max_")}
    lost = count.pop("lost_runs", 0) + int(sums.pop("lost_runs"))
    worst = max(one["max_probability_difference"] for one in compared)
    clean = not lost and not any(sums.values()) and not count["damaged"] and not count["database"]
    return {
        "ok": clean and worst <= PROBABILITY_TOLERANCE,
        "runs": len(expected[0]) // 3,
        "usual_s": round(usual_s, 2),
        **count,
        "stores_compared": len(compared),
        "lost_runs": lost,
        **sums,
        "max_probability_difference": worst,
    }


def main() -> None:
    """Print one JSON document; exit code 1 if anything was lost or came out otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=4, help="seeds of the study")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    given = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = trials(given.kills, given.seeds, Path(folder), np.random.default_rng(given.seed))
    print(json.dumps({**found, "wall_s": round(time.perf_counter() - started, 1)}, indent=2))
    raise SystemExit(not found["ok"])


if __name__ == "__main__":
    main()
