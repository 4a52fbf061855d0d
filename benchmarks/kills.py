"""Kill commands again and again, at random moments, and see whether anything is lost or comes out otherwise.

One trial goes through all kinds of step: a study (a frozen body's encoding, weak labels, students, ceilings, scores),
what theories observe of it, their sealed predictions and the truth, and a certificate. Another one begins with a store
that version 0.1.0 wrote, so that taking it over is killed too. Each command runs in a process group of its own, which
is killed with SIGKILL at a moment drawn from its usual length, up to four times; then it runs to its end. After each
kill the store is checked, and every run and every release of gold that was written must be there, then and ever after.
At the end of a trial every artifact is compared with that of a trial that nobody disturbed.

    python benchmarks/kills.py --kills 200
"""

import argparse
import json
import math
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path

import numpy as np

from w2sg.graph import Artifact, Store

OLD = Path(__file__).parents[1] / "tests" / "lab" / "stores" / "v1" / "store.zip"
STUDY = """
name = "kills"
seeds = {seeds}
methods = ["naive", "confidence", "early-stopping", "bootstrapping", "audited-trust"]
plugins = ["trusted:whole.py"]

[[tasks]]
kind = "digits"
supervision = 200
transfer = 400
test = 400

[[students]]
kind = "nystroem"
features = {{kind = "kept", count = 64}}
"""
WHOLE = '''
import hashlib
from typing import Literal

import numpy as np

import w2sg.lab.evidence
from w2sg.core import cached, register
from w2sg.students import FeatureMap

# Predictions are kept to the bit: rounded ones would hide small differences, or enlarge them.
w2sg.lab.evidence.KEPT_BITS = 24


@register()
class Kept(FeatureMap):
    """A random projection whose outputs are kept in the store, as those of a large frozen body are."""

    kind: Literal["kept"] = "kept"
    count: int

    @property
    def strength(self):
        return float(self.count)

    def scaled(self, fraction):
        return Kept(count=max(1, round(fraction * self.count)))

    def fit(self, corpus):
        def transform(values):
            flat = np.asarray(values, dtype=np.float32).reshape(len(values), -1)
            key = hashlib.sha256(flat.tobytes() + bytes([self.count])).hexdigest()
            weights = np.random.default_rng(0).normal(size=(flat.shape[1], self.count)).astype(np.float32)
            return cached(key, self, lambda: np.tanh(flat @ weights / 16))

        return transform
'''
SCHEMA = "SELECT value FROM meta WHERE name = 'schema'"
STEP_S = 0.15
"""Many steps last about so long."""
TOLERANCE = 1e-5
"""A student that is trained again after a kill may be in a smaller batch, whose float32 sums have another order."""
TIMES = ("seconds", "took_s", "apart_s", "created")
MIGRATION_S = 0.08
"""Taking over the small old store lasts about so long; it begins when the first file of its database's log appears."""


@dataclass
class Trial:
    """A store, and what is known to have been written to it."""

    store: Path
    runs: set[str] = field(default_factory=set)
    releases: Counter[tuple[object, ...]] = field(default_factory=Counter)

    def start(self, command: Sequence[str]) -> "subprocess.Popen[str]":
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "w2sg", *command, "--store", str(self.store), "--json"],
            cwd=self.store.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ready(self) -> bool:
        """Whether there is a store of today's form: an old one is taken over by commands alone."""
        return (self.store / "store.db").exists() and asked(self.store, SCHEMA) != [("1",)]

    def check(self, said: str) -> Counter[str]:
        """Count what is wrong with the store, given what the command had said on stderr."""
        if not self.ready():
            return Counter(lost_runs=len(self.runs))
        with Store(self.store) as store:
            found = store.verify()
            there = {run.key for run in store.results()}
            releases = Counter(astuple(entry) for entry in store.ledger())
        told = max((int(n) for n in re.findall(r"^kills: (\d+) of \d+ runs", said, re.M)), default=0)
        lost = len(self.runs - there) + max(0, told - len(there))
        wrong = Counter(lost_runs=lost, lost_releases=sum((self.releases - releases).values()))
        self.runs, self.releases = there, releases
        return wrong + Counter({name: len(items) for name, items in found.items()})

    def made(self) -> list[str]:
        """Return the kind of step of each artifact, in the order in which they were made."""
        return [str(row[0]) for row in asked(self.store, "SELECT step FROM artifacts ORDER BY created")]

    def artifacts(self) -> dict[str, tuple[str, Artifact]]:
        """Return all artifacts with their kind of step, by key."""
        with Store(self.store) as store:
            found = {row["key"]: (row["step"], store.get(row["key"])) for row in store.artifact_rows()}
        return {key: (step, artifact) for key, (step, artifact) in found.items() if artifact is not None}


def asked(folder: Path, question: str) -> list[tuple[object, ...]]:
    """Return what the database answers, whatever its form; nothing where it cannot answer yet."""
    if not (folder / "store.db").exists():
        return []
    database = sqlite3.connect(folder / "store.db")
    try:
        return database.execute(question).fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        database.close()


def difference(one: object, other: object) -> float:
    """Return the largest difference between numbers of plain data; infinity where anything else differs."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        if one.keys() != other.keys():
            return math.inf
        return max((difference(one[name], other[name]) for name in one if name not in TIMES), default=0.0)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        return max(map(difference, one, other), default=0.0)
    if isinstance(one, float) and isinstance(other, float) and math.isfinite(one) and math.isfinite(other):
        return float(abs(one - other) / max(1.0, abs(one)))
    return 0.0 if one == other or (one != one and other != other) else math.inf  # noqa: PLR0124 - a number that is none


def compared(found: Artifact, expected: Artifact) -> float:
    """Return the largest difference between two artifacts."""
    worst = difference(found.record, expected.record)
    if found.arrays.keys() != expected.arrays.keys():
        return math.inf
    for name, array in expected.arrays.items():
        other = found.arrays[name]
        if array.dtype != other.dtype or array.shape != other.shape:
            return math.inf
        if array.dtype.kind == "f":
            gap = np.abs(np.nan_to_num(array.astype(float)) - np.nan_to_num(other.astype(float)))
            worst = max(worst, float(gap.max(initial=0.0)))
        elif not np.array_equal(array, other):
            worst = math.inf
    return worst


@dataclass
class Course:
    """The commands of a trial, how long each takes, and what comes of them where nobody disturbs them."""

    commands: list[list[str]]
    old: bool
    usual_s: list[float] = field(default_factory=list)
    made: list[list[str]] = field(default_factory=list)
    expected: dict[str, tuple[str, Artifact]] = field(default_factory=dict)

    def new_trial(self, folder: Path) -> Trial:
        """Return a trial on a store of its own, beside the study file."""
        store = folder / f"{'old' if self.old else 'new'}-{len(list(folder.iterdir()))}"
        if self.old:
            with zipfile.ZipFile(OLD) as packed:
                packed.extractall(store)
        return Trial(store)

    def undisturbed(self, folder: Path) -> None:
        """Run everything once."""
        trial = self.new_trial(folder)
        for command in self.commands:
            started = time.perf_counter()
            finish(trial, command)
            self.usual_s.append(time.perf_counter() - started)
            self.made.append(trial.made())
        self.expected = trial.artifacts()


def finish(trial: Trial, command: Sequence[str]) -> Counter[str]:
    """Run a command to its end, and count what is wrong with the store then."""
    _, said = (process := trial.start(command)).communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}:\n{said}")
    return trial.check(said)


def killed(trial: Trial, course: Course, stage: int, rng: np.random.Generator) -> Counter[str]:
    """Kill a command at a random moment, and count what is wrong with the store then."""
    process = trial.start(course.commands[stage])
    if course.old and stage == 0:
        while process.poll() is None and not (trial.store / "store.db-wal").exists():
            time.sleep(0.0005)
        time.sleep(float(rng.uniform(0, MIGRATION_S)))
    elif (left := len(course.made[stage]) - (made := len(trial.made()))) < 2 or rng.random() < 0.25:
        time.sleep(float(rng.uniform(0.35, 1.0)) * course.usual_s[stage])
    else:  # steps last from milliseconds to seconds: each is met as often as another
        enough = made + int(rng.integers(1, left))
        while process.poll() is None and len(trial.made()) < enough:
            time.sleep(0.002)
        time.sleep(float(rng.uniform(0, STEP_S)))
    late = process.poll() is not None
    if not late:
        os.killpg(process.pid, signal.SIGKILL)
    _, said = process.communicate()
    at_work = "taking over"
    if trial.ready():
        at_work = (course.made[stage][len(trial.made()) :] or ["loading, reading or printing"])[0]
    return trial.check(said) + Counter({"kills": 1, "too_late": late, f"at_work: {at_work}": 1})


def end(trial: Trial, course: Course) -> tuple[Counter[str], float]:
    """Compare a trial with the undisturbed one; return what is wrong, and the largest difference of a number."""
    with Store(trial.store) as store:
        store.collect_garbage()
        left = sum(len(items) for items in store.verify().values())
    found = trial.artifacts()
    gaps = {key: compared(found[key][1], course.expected[key][1]) for key in course.expected.keys() & found.keys()}
    wrong = Counter(
        stores_compared=1,
        artifacts_compared=len(gaps),
        artifacts_lost=len(course.expected.keys() - found.keys()),
        artifacts_differing=sum(gap > TOLERANCE for gap in gaps.values()),
        wrong_after_collection=left,
    )
    return wrong, max(gaps.values(), default=0.0)


def trials(n_kills: int, seeds: int, folder: Path, rng: np.random.Generator) -> dict[str, object]:
    """Kill commands `n_kills` times and return what was found."""
    (folder / "kills.toml").write_text(STUDY.format(seeds=seeds), encoding="utf-8")
    (folder / "whole.py").write_text(WHOLE, encoding="utf-8")
    study = ["study", "kills.toml", "--workers", "1"]
    theory = ["theory", "score", "kills.toml", "--labels", "50", "--families", "4", "--workers", "1"]
    observe = ["observe", "kills.toml", "--labels", "50", "--workers", "1"]
    first = Trial(folder / "first")
    finish(first, study)
    with Store(first.store) as store:
        run = store.results(limit=1)[0].key
    certify = ["certify", run, "--labels", "100", "--plugin", "trusted:whole.py"]
    courses = [Course([study, observe, theory, certify], old=False), Course([["runs"], study], old=True)]
    for course in courses:
        course.undisturbed(folder)
    count: Counter[str] = Counter()
    worst = 0.0
    while count["kills"] < n_kills:
        course = courses[int(rng.random() < 0.25)]
        trial = course.new_trial(folder)
        for stage, command in enumerate(course.commands):
            for _ in range(min(int(rng.integers(1, 5)), n_kills - count["kills"])):
                if trial.ready() and len(trial.made()) >= len(course.made[stage]):
                    break  # it was killed so late that nothing is left to make
                count += killed(trial, course, stage, rng)
            ended = finish(trial, command)
            count += Counter({name: ended[name] for name in ("lost_runs", "lost_releases")})
        wrong, gap = end(trial, course)
        count, worst = count + wrong, max(worst, gap)
    bad = ("lost_runs", "lost_releases", "damaged", "database", "unreadable", "artifacts_lost", "artifacts_differing")
    return {
        "ok": not any(count[name] for name in (*bad, "wrong_after_collection")),
        "usual_s": [[round(seconds, 2) for seconds in course.usual_s] for course in courses],
        **dict.fromkeys((*bad, "wrong_after_collection"), 0),
        **dict(sorted(count.items())),
        "largest_difference": worst,
    }


def main() -> None:
    """Print one JSON document; exit code 1 if anything was lost or came out otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=2, help="seeds of the study")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    given = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = trials(given.kills, given.seeds, Path(folder), np.random.default_rng(given.seed))
    print(json.dumps({**found, "wall_s": round(time.perf_counter() - started, 1)}, indent=2))
    raise SystemExit(not found["ok"])


if __name__ == "__main__":
    main()
