"""What the store keeps for theory: observables, sealed predictions, and only then ground truth.

There is one file of each for a task under a seed. The truth of runs cannot be opened here before predictions of them
are sealed, and what was sealed is compared with what is scored.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from w2sg.core import CapabilityError, StoreError, canonical_json, registry
from w2sg.lab import Setup, Store
from w2sg.lab.code import code_digest
from w2sg.lab.plan import Bundle, Job, Planner
from w2sg.lab.protocol import Bench
from w2sg.lab.store import Artifact
from w2sg.lab.work import working_with
from w2sg.theory.cases import Case, Truth
from w2sg.theory.contracts import Answer
from w2sg.theory.observables import Observables, Quantity
from w2sg.theory.observing.runs import RecordedRun, RunParts, TaskObserver

CODE = ("w2sg.theory.observing.runs",)


@dataclass(frozen=True, eq=False)
class PlainBundle:
    """The runs of a task under a seed as plain data, for workers: setups, seed, audits, plugins, and the store."""

    root: str
    setups: tuple[Mapping[str, Any], ...]
    seed: int
    audits: tuple[int, ...]
    plugins: tuple[str, ...] = ()


def observe_bundle(bundle: PlainBundle) -> None:
    """Observe the runs of a bundle, and keep what was seen."""
    for plugin in bundle.plugins:
        registry.load_plugin(plugin)
    jobs = _jobs(bundle)
    with Store(Path(bundle.root)) as store:
        key = _key("observables", jobs, bundle.audits)
        if store.get(key) is None:
            with working_with(store):
                seen = _observed(
                    TaskObserver(Bench(jobs[0].setup.task, bundle.seed).data, bundle.seed),
                    [stored_arrays(store, job) for job in jobs],
                    bundle.audits,
                )
            _put(store, key, "observables", {run: _packed(found) for run, found in seen.items()})


def observed(bundle: PlainBundle) -> dict[str, dict[int, Observables]]:
    """Return the observables of a bundle's runs, by run and number of audited labels.

    Raises:
        StoreError: They were not made.
    """
    with Store(Path(bundle.root)) as store:
        found = _get(store, _key("observables", _jobs(bundle), bundle.audits), "observables")
    return {run: _unpacked(packed) for run, packed in found.items()}


def seal(bundle: PlainBundle, answers: Sequence[Answer]) -> tuple[str, bool]:
    """Keep the hashes of predictions for a bundle's runs.

    Returns:
        The hash of them all, and whether they come late: the truth of these runs was opened before, for other
        predictions than these.
    """
    sealed = {f"{answer.theory} {answer.run} {answer.labels}": answer.digest() for answer in answers}
    jobs = _jobs(bundle)
    key = _key("predictions", jobs, bundle.audits)
    with Store(Path(bundle.root)) as store:
        before = store.get(key)
        same = before is not None and dict(json.loads(before.arrays["json"].tobytes())) == sealed
        late = not same and store.get(_key("truth", jobs, ())) is not None
        if not same:
            _put(store, key, "predictions", sealed)
    return hashlib.sha256(canonical_json(sealed).encode()).hexdigest(), late


def open_truth(bundle: PlainBundle) -> None:
    """Measure the ground truth of a bundle's runs, and keep it.

    Raises:
        StoreError: No predictions of these runs are sealed.
    """
    for plugin in bundle.plugins:
        registry.load_plugin(plugin)
    jobs = _jobs(bundle)
    with Store(Path(bundle.root)) as store:
        _get(store, _key("predictions", jobs, bundle.audits), "predictions")
        key = _key("truth", jobs, ())
        if store.get(key) is None:
            with working_with(store):
                stand = TaskObserver(Bench(jobs[0].setup.task, bundle.seed).data, bundle.seed)
                truths = {job.run: stand.truth(stored_arrays(store, job)).to_dict()["values"] for job in jobs}
            _put(store, key, "truth", truths)


def cases(bundle: PlainBundle, answers: Sequence[Answer], labels: Mapping[str, str]) -> Iterator[Case]:
    """Yield the cases of a bundle whose answers were sealed, with observables and truth.

    Raises:
        StoreError: Truth was not opened, or an answer is not the one that was sealed.
    """
    jobs, seen = _jobs(bundle), observed(bundle)
    with Store(Path(bundle.root)) as store:
        sealed = _get(store, _key("predictions", jobs, bundle.audits), "predictions")
        truth = _get(store, _key("truth", jobs, ()), "truth")
    for answer in answers:
        if sealed.get(f"{answer.theory} {answer.run} {answer.labels}") != answer.digest():
            raise StoreError(
                f"{answer.theory} on run {answer.run[:12]}: this prediction was not sealed before the truth"
            )
    for job in jobs:
        values = {name: Quantity(**one, estimator="scored half") for name, one in truth[job.run].items()}
        yield Case(
            task=labels[job.setup.task.digest()],
            cluster=f"{job.setup.task.digest()[:8]} {job.setup.supervisor.digest()[:8]} {job.seed}",
            seed=job.seed,
            setup=job.setup.digest(),
            parts={part: getattr(job.setup, part).digest() for part in ("supervisor", "student", "method")},
            seen=seen[job.run],
            truth=Truth(job.run, values),
        )


def task_of(bundle: Bundle, root: Path, audits: Sequence[int], plugins: Sequence[str]) -> PlainBundle | None:
    """Return the work of a bundle without the runs that were refused; None if none is left."""
    with Store(root) as store:
        runs = store.runs(job.run for job in bundle.jobs)
    kept = [job for job in bundle.jobs if job.run in runs and "refused" not in runs[job.run].result]
    if not kept:
        return None
    setups = tuple(job.setup.model_dump(mode="json") for job in kept)
    return PlainBundle(str(root), setups, bundle.seed, tuple(sorted(audits)), tuple(plugins))


def _jobs(bundle: PlainBundle) -> list[Job]:
    planner = Planner()
    return [planner.job(Setup.parse(setup), bundle.seed) for setup in bundle.setups]


def stored_arrays(store: Store, job: Job) -> RecordedRun:
    """Return the arrays of a run.

    Raises:
        StoreError: The store has lost them.
    """
    found = [store.get(key) for key in (job.labels, job.student, job.ceiling)]
    arrays = [dict(one.arrays) for one in found if one is not None]
    if len(arrays) < 3:
        raise StoreError(f"run {job.run[:12]}: its predictions are not in the store: run the study again")
    return RecordedRun(job.run, RunParts(job.setup.supervisor, job.setup.student, job.setup.method), *arrays)


def _observed(
    stand: TaskObserver, runs: Sequence[RecordedRun], audits: Sequence[int]
) -> dict[str, dict[int, Observables]]:
    if not stand.data.classes:
        raise CapabilityError("theory speaks of class probabilities: this task has written answers")
    stand.train_again({stored.id: stored.parts for stored in runs})
    bought = [stand.audit(labels) for labels in audits if labels <= len(stand.halves[0])]
    return {stored.id: stand.observe(stored, bought) for stored in runs}


def _packed(found: Mapping[int, Observables]) -> dict[str, Any]:
    """Return plain data that says what all budgets share once."""
    base = found[0].to_dict()
    own = {str(k): one.to_dict()["quantities"] for k, one in found.items()}
    extra = {k: {n: q for n, q in quantities.items() if n not in base["quantities"]} for k, quantities in own.items()}
    return {"base": base, "extra": extra}


def _unpacked(packed: Mapping[str, Any]) -> dict[int, Observables]:
    base = Observables.from_dict(packed["base"])
    made = {}
    for k, extra in sorted(packed["extra"].items(), key=lambda item: int(item[0])):
        added = {name: Quantity(**fields) for name, fields in extra.items()}
        made[int(k)] = base.audited(int(k), added) if int(k) else base
    return made


def _key(step: str, jobs: Sequence[Job], audits: Sequence[int]) -> str:
    parts = {"step": step, "runs": [job.run for job in jobs], "audits": list(audits), "code": code_digest(CODE)}
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


def _put(store: Store, key: str, step: str, content: Mapping[str, Any]) -> None:
    text = np.frombuffer(canonical_json(content).encode(), dtype=np.uint8)
    store.put([Artifact(key, step, {"json": text})])


def _get(store: Store, key: str, step: str) -> dict[str, Any]:
    found = store.get(key)
    if found is None:
        raise StoreError(f"the store has no {step} of these runs: observe, predict and score in this order")
    return dict(json.loads(found.arrays["json"].tobytes()))
