"""What the fact world shows: `python benchmarks/fact_world.py [PART...]` writes docs/reference/fact-world.json.

The parts, in the order in which the page on the empirical framework shows them: `pretraining` (what pretraining does as
steps and layers grow), `gap` (PGR between all rungs of the ladder, for probes and for trained weights), `next-rung`
(PGR and ceiling predicted from the small end of the ladder, of the numbers of `gap`), `faithful` (where the student's
own gold does not do the work), `draws` (how pretrainings of one corpus differ), `battery`, `deception`. Without a part
all are made; a part that is named replaces its own numbers only. All runs are kept in the store, so the same command
again costs nothing.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from w2sg.batteries import run_battery, run_deceptions
from w2sg.core import plain
from w2sg.graph import Artifact
from w2sg.lab import Setup, SetupResult, default_store, make_runs, make_setup, summarise
from w2sg.measure import t_interval
from w2sg.worlds import LADDER, FactWorld, Pretraining, name_of_model, trained, write_model

PAGE = Path("docs/reference/fact-world.json")
SEEDS, TRAINED_SEEDS, DECEPTION_SEEDS, FRESH = range(10), range(3), range(3), range(100, 110)
STRENGTHS = (0.25, 0.5, 1.0)
DRAWN, PRETRAININGS = (0.0, 0.2, 0.8), (1, 2)
LAYMAN = {"kind": "recorded", "by": "layman", "labels": "one-hot"}
FULL = {"mode": "full", "rate": 1e-3, "epochs": 2.0}
LORA = {"mode": "lora", "rate": 3e-3, "epochs": 2.0}
TRAINED_WIDTHS = (32, 48, 64, 96)
TEACHER = 12
"""The width of the supervisor where weights are trained: one that leaves a gap to all of these."""
WIDTH, STEPS = 32, (1000, 3000)
CURVE = [(layers, steps) for layers in (3, 4) for steps in STEPS]


def probe_of(width: int) -> dict[str, Any]:
    """Return a probe of a rung."""
    return {"kind": "language-model", "model": name_of_model(width), "mode": "probe"}


def taught(width: int) -> dict[str, Any]:
    """Return the weak supervisor that is a probe of a rung."""
    return {"kind": "trained", "student": probe_of(width)}


ANYWHERE = {"kind": "facts", "supervision": 0.25, "shifts": []}
"""The task with gold of statements of all kinds, as in the pilot."""


def results_of(setups: Sequence[Setup], seeds: Sequence[int]) -> dict[Setup, SetupResult]:
    """Return the result of every setup, made where the store lacks it."""
    made = make_runs(setups, seeds, store=default_store(), progress=_tell)
    made.raise_first_problem()
    return {result.setup: result for result in summarise(made.runs)}


def _tell(done: int, total: int) -> None:
    if done == total or done % 50 == 0:
        print(f"  {done} of {total}", flush=True)


def shown(result: SetupResult) -> dict[str, Any]:
    """Return the numbers of a result."""
    share = result.pgr
    return {
        "pgr": share.estimate,
        "low": share.low,
        "high": share.high,
        "weak": share.weak.estimate,
        "student": share.student.estimate,
        "ceiling": share.ceiling.estimate,
        "seeds": share.n_seeds,
        "n_test": round(share.n_test),
        "n_examples": share.n_examples,
    }


def gap() -> Any:
    """PGR for every pair of rungs by probing, and from one supervisor by training adapters or all weights."""
    setups = {}
    for place, weak in enumerate(LADDER):
        for strong in LADDER[place + 1 :]:
            for method in ("naive", "direct"):
                setups["probe", weak, strong, method] = make_setup(ANYWHERE, taught(weak), probe_of(strong), method)
    rows = [_row(key, result) for key, result in _keyed(setups, SEEDS).items()]
    setups = {
        (name, TEACHER, strong, method): make_setup(ANYWHERE, taught(TEACHER), {**probe_of(strong), **mode}, method)
        for name, mode in (("full", FULL), ("lora", LORA))
        for strong in TRAINED_WIDTHS
        for method in ("naive", "direct")
    }
    return rows + [_row(key, result) for key, result in _keyed(setups, TRAINED_SEEDS).items()]


def _keyed(setups: Mapping[Any, Setup], seeds: Sequence[int]) -> dict[Any, SetupResult]:
    found = results_of(list(setups.values()), seeds)
    return {key: found[setup] for key, setup in setups.items()}


def _row(key: tuple[Any, ...], result: SetupResult) -> dict[str, Any]:
    mode, weak, strong, method = key
    return {"mode": mode, "supervisor": weak, "width": strong, "method": method, **shown(result)}


def next_rung() -> Any:
    """Predict PGR and ceiling at each rung from those below it, by a line over the logarithm of the width.

    The interval is the prediction interval of the line, which knows nothing of what happens beyond: whether it covers
    is the question.
    """
    found = []
    rows = [
        row
        for row in json.loads(PAGE.read_text())["gap"]
        if row["mode"] == "probe" and row["method"] == "naive" and row["pgr"] is not None
    ]
    for weak in LADDER[:3]:
        above = sorted((row for row in rows if row["supervisor"] == weak), key=lambda row: row["width"])
        for upto in range(3, len(above)):
            known, asked = above[:upto], above[upto]
            for what in ("pgr", "ceiling"):
                predicted = _line(known, asked["width"], what)
                true = asked[what]
                found.append(
                    {
                        "supervisor": weak,
                        "from": [row["width"] for row in known],
                        "width": asked["width"],
                        "what": what,
                        **plain(predicted),
                        "true": true,
                        "covered": predicted.low <= true <= predicted.high,
                    }
                )
    return found


def _line(rows: Sequence[Mapping[str, Any]], width: int, what: str) -> Any:
    x, y = np.log([row["width"] for row in rows]), np.array([row[what] for row in rows])
    design = np.column_stack([np.ones_like(x), x])
    fitted, *_ = np.linalg.lstsq(design, y, rcond=None)
    left = y - design @ fitted
    free = len(x) - 2
    at = np.array([1.0, np.log(width)])
    spread = float(left @ left) / free * (1 + float(at @ np.linalg.inv(design.T @ design) @ at))
    return t_interval(float(at @ fitted), spread, free)


def faithful() -> Any:
    """Where the student's own gold does not do the work: few gold labels, or gold of the head where a layman is right.

    The last series has seeds that nothing was chosen on, and a universe of its own with models trained on it.
    """
    setups: dict[tuple[str, float, str], Setup] = {}
    for method in ("naive", "direct"):
        for labels in (8, 16, 64, 400):
            task = {**ANYWHERE, "supervision": labels}
            setups["gold anywhere, by labels", labels, method] = make_setup(task, taught(24), probe_of(64), method)
        for saliency in (0.0, 0.1, 0.2, 0.4, 0.8):
            student = {**probe_of(48), "model": name_of_model(48, saliency=saliency)}
            setups["gold of the head, by saliency", saliency, method] = make_setup("facts", taught(24), student, method)
    chosen = {method: make_setup("facts", method=method) for method in ("naive", "direct")}
    elsewhere = {method: _elsewhere(method) for method in ("naive", "direct")}
    rows = [_faithful_row(key, result) for key, result in _keyed(setups, SEEDS).items()]
    for name, which in (("the default, fresh seeds", chosen), ("the default, another universe", elsewhere)):
        found = _keyed(which, FRESH)
        rows += [_faithful_row((name, 0.4, method), result) for method, result in found.items()]
    return rows


def _faithful_row(key: tuple[str, float, str], result: SetupResult) -> dict[str, Any]:
    series, value, method = key
    # Where there is a shifted test set, it is the tail, of which nobody has gold.
    test = "hard" if "hard" in result.tests else "test"
    share = result.tests[test].pgr
    accuracies: dict[str, Any] = {name: plain(getattr(share, name)) for name in ("weak", "student", "ceiling")}
    known = {"series": series, "value": value, "method": method, "test": test}
    return {**known, **accuracies, "pgr": share.estimate, "low": share.low, "high": share.high}


def _elsewhere(method: str) -> Setup:
    """Return the default setup in another universe, with models that are trained on its corpus."""
    plainly, quoting = FactWorld(seed=1), FactWorld(seed=1, saliency=0.4)
    asked = {"24": Pretraining(world=plainly, width=24), "48": Pretraining(world=quoting, width=48)}
    folders = {}
    for name, (training, artifact) in trained(asked, default_store(), progress=_tell).items():
        model = _written(training, artifact, f"elsewhere/{name}")
        folders[name] = {"kind": "language-model", "model": model, "mode": "probe"}
    task = {"kind": "facts", "world": plainly.model_dump(mode="json")}
    return make_setup(task, {"kind": "trained", "student": folders["24"]}, folders["48"], method)


def draws() -> Any:
    """PGR by imitation saliency in several pretrainings of each corpus: what differs between them by chance alone."""
    asked = {
        (saliency, seed): Pretraining(world=FactWorld(saliency=saliency), width=48, seed=seed)
        for saliency in DRAWN
        for seed in PRETRAININGS
    }
    made = trained({str(key): training for key, training in asked.items()}, default_store(), progress=_tell)
    setups: dict[tuple[float, int], Setup] = {}
    for saliency, seed in ((saliency, seed) for saliency in DRAWN for seed in (0, *PRETRAININGS)):
        model = name_of_model(48, saliency=saliency)
        if seed:
            training, artifact = made[str((saliency, seed))]
            model = _written(training, artifact, f"draws/{saliency:g}-{seed}")
        student = {"kind": "language-model", "model": model, "mode": "probe"}
        setups[saliency, seed] = make_setup("facts", LAYMAN, student)
    return [
        {"saliency": saliency, "pretraining": seed, **shown(result)}
        for (saliency, seed), result in _keyed(setups, SEEDS).items()
    ]


def _written(training: Pretraining, artifact: Artifact, name: str) -> str:
    """Write a model into a folder beside the store, and return the folder."""
    folder = default_store() / name
    folder.mkdir(parents=True, exist_ok=True)
    write_model(training, artifact.arrays, folder)
    return str(folder)


def battery() -> Any:
    """The battery of the default setup."""
    started = time.perf_counter()
    found = run_battery(make_setup("facts"), SEEDS, progress=_tell)
    return {**found.to_dict(), "seconds": round(time.perf_counter() - started)}


def deception() -> Any:
    """Detectors by analogs and strengths, for two numbers of trusted labels."""
    setup = make_setup(ANYWHERE, taught(24), probe_of(64))
    store = default_store()
    found = run_deceptions(setup, DECEPTION_SEEDS, strengths=STRENGTHS, store=store, workers=2, progress=_tell)
    return found.to_dict()


def pretraining() -> Any:
    """What a model of one width knows after more steps, with more layers, and of corpora and losses of other kinds."""
    trainings = {
        (layers, steps, "as shipped"): Pretraining(width=WIDTH, layers=layers, steps=steps) for layers, steps in CURVE
    }
    for steps in STEPS:
        trainings[4, steps, "loss on all words"] = Pretraining(width=WIDTH, steps=steps, learns="all")
        trainings[4, steps, "Zipf's exponent 1"] = Pretraining(width=WIDTH, steps=steps, world=FactWorld(zipf=1.0))
    made = trained({str(key): training for key, training in trainings.items()}, default_store(), progress=_tell)
    return [
        {"layers": layers, "steps": steps, "how": how, **made[str((layers, steps, how))][1].record["scores"]}
        for layers, steps, how in trainings
    ]


PARTS: dict[str, Callable[[], Any]] = {
    "pretraining": pretraining,
    "gap": gap,
    "next-rung": next_rung,
    "faithful": faithful,
    "draws": draws,
    "battery": battery,
    "deception": deception,
}


def main() -> None:
    """Make the parts that were asked for, and write them beside those that were made before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts; all where none is named")
    asked = parser.parse_args().parts or list(PARTS)
    known = json.loads(PAGE.read_text()) if PAGE.exists() else {}
    for part in asked:
        print(part, flush=True)
        started = time.perf_counter()
        known[part] = plain(PARTS[part]())
        print(f"  {time.perf_counter() - started:.0f} s", flush=True)
        PAGE.write_text(json.dumps({name: known[name] for name in PARTS if name in known}, indent=1) + "\n")


if __name__ == "__main__":
    main()
