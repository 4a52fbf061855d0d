"""Making runs: setups and seeds become steps, the graph makes what is missing, and the runs are read back."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2sg.core import CapabilityError, Component, InputError, Method, RunError, StoreError, registry
from w2sg.graph import REFUSED, Execution, Failure, Keys, Launcher, Prepare, Progress, Result, Store, execute, nothing
from w2sg.lab.outcomes import FailedRun, Run, failures_message
from w2sg.lab.scoring import Score
from w2sg.lab.setup import DIRECT, Setup, names_of
from w2sg.lab.steps import Ceiling, Rehearsals, TrainedStudent, WeakLabels
from w2sg.measure import MINIMUM_GAP


@dataclass(frozen=True, eq=False)
class MadeRuns:
    """What came of asking for runs.

    Attributes:
        runs: Those that were made, now or before, in the order of the study.
        refused: Those whose method does not fit its data, with the reason.
        failed: Those that could not be made.
        done: How many steps of each kind had to be computed.
    """

    runs: tuple[Run, ...]
    refused: tuple[FailedRun, ...]
    failed: tuple[FailedRun, ...]
    done: Counter[str]

    def raise_first_problem(self) -> None:
        """Raise what went wrong, if anything did: for callers that want all runs or none.

        Raises:
            CapabilityError: If a method does not fit its data.
            InputError: If runs failed because something given breaks a rule.
            RunError: If runs failed.
        """
        if self.refused:
            first = self.refused[0]
            raise CapabilityError(f"method {first.label['method']!r}: {first.reason}")
        if self.failed and all(failure.bad_input for failure in self.failed):
            raise InputError(self.failed[0].reason)
        if self.failed:
            total = len(self.runs) + len(self.refused) + len(self.failed)
            raise RunError(failures_message(self.failed, total))


def default_store() -> Path:
    """Return the store of this command: `$W2SG_STORE`, or `.w2sg` in the working folder."""
    return Path(os.environ.get("W2SG_STORE", ".w2sg"))


def known_run(folder: Path, prefix: str) -> Result:
    """Return the stored run whose id begins so.

    Raises:
        InputError: If there is none, or several.
    """
    with Store(folder) as store:
        result = store.find(prefix)
    if result is None:
        raise InputError(f"store {folder} has no run, or several, whose id begins with {prefix!r}: see 'w2sg runs'")
    return result


def existing_store(folder: str | Path | None) -> Path:
    """Return the store's folder.

    Raises:
        InputError: If there is no store: who only reads does not make one.
    """
    folder = default_store() if folder is None else Path(folder)
    try:
        there = (folder / "store.db").exists()
    except OSError as error:
        raise InputError(f"store {folder} cannot be looked at: {error.strerror}: choose another --store") from None
    if not there:
        raise InputError(f"there is no store in {folder}: make runs first ('w2sg run'), or give its folder by --store")
    return folder


def pgr_of_run(result: Result) -> float | None:
    """Return the PGR of a run alone; None where its ceiling is less than the minimum gap above its weak supervisor."""
    shown = result.shown
    pgr = shown.get("pgr")
    if pgr is None or shown["ceiling_accuracy"] - shown["weak_accuracy"] < MINIMUM_GAP:
        return None
    return float(pgr)


def make_runs(
    setups: Iterable[Setup],
    seeds: Sequence[int],
    *,
    store: Path,
    launcher: Launcher | None = None,
    workers: int | None = None,
    prepare: Prepare = nothing,
    progress: Progress | None = None,
) -> MadeRuns:
    """Make the runs of all setups under all seeds that the store lacks, and return them all.

    Args:
        setups: What to try.
        seeds: Under which seeds.
        store: The store's folder.
        launcher: Where the work is done; None chooses.
        workers: Processes, where the launcher is None; 1 works in this process, None chooses.
        prepare: Called first in other processes that do the work, such as to load plugins.
        progress: Told how many runs are done, of how many.

    Raises:
        StoreError: If the store cannot be read or written.
    """
    steps = scores_of_setups(setups, seeds)
    done: Counter[str] = Counter()
    for _attempt in range(2):
        execution = execute(steps, store, launcher=launcher, workers=workers, prepare=prepare, progress=progress)
        done += execution.done
        with Store(store) as opened:
            found, lost = _collect(opened, steps, execution, done)
        if not lost:
            return found
    raise StoreError(
        f"store {store}: {lost} runs were made twice and cannot be read: if no code or data changed meanwhile and "
        "no other process removes files of this store, check the disk"
    )


def train_runs(
    setups: Iterable[Setup],
    seeds: Sequence[int],
    *,
    store: Path,
    launcher: Launcher | None = None,
    workers: int | None = None,
    prepare: Prepare = nothing,
    progress: Progress | None = None,
) -> MadeRuns:
    """Make all that the scores of runs read, and no score: nobody has then been told who was right.

    The arguments and errors are those of `make_runs`; its runs have no result yet.
    """
    scores = scores_of_setups(setups, seeds)
    steps = list({id(step): step for score in scores for step in score.inputs().values()}.values())

    def tell(done: int, total: int) -> None:
        if progress is not None:  # of runs, as those are told who wait for scores
            progress(done * len(scores) // total, len(scores))

    execution = execute(steps, store, launcher=launcher, workers=workers, prepare=prepare, progress=tell)
    failures = {id(steps[place]): failure for place, failure in execution.failed.items()}
    with Store(store) as opened:
        records = [(opened.record(key) or {}) if key else {} for key in execution.keys]
    refusals = {
        id(step): Failure(record[REFUSED], bad_input=True)
        for step, record in zip(steps, records, strict=True)
        if REFUSED in record
    }
    keys = Keys()
    runs: list[Run] = []
    refused: list[FailedRun] = []
    failed: list[FailedRun] = []
    for score in scores:
        failure, refusal = _in_the_way(score, failures), _in_the_way(score, refusals)
        if failure is not None:
            failed.append(_failed(score, failure))
        elif refusal is not None:
            refused.append(_failed(score, refusal))
        else:
            runs.append(Run(keys.of(score), score.setup, score.seed, {}))
    return MadeRuns(tuple(runs), tuple(refused), tuple(failed), execution.done)


def _in_the_way(score: Score, found: Mapping[int, Failure]) -> Failure | None:
    """Return what keeps a score from being made, of what was found of steps by their `id`, as the graph would judge.

    A score can do without some inputs, but not where they failed by what may go well another time.
    """
    for name, step in score.inputs().items():
        failure = found.get(id(step))
        if failure is not None and not (name in score.can_do_without and failure.bad_input):
            return failure
    return None


def scores_of_setups(setups: Iterable[Setup], seeds: Sequence[int]) -> list[Score]:
    """Return the score of every setup under every seed, each once; equal parts are one object.

    All tasks come under the first seed before any under the second: workers that start together then make the features
    of different tasks, and a study that is stopped early has seen all its tasks.
    """
    interned: dict[tuple[str, str], Any] = {}

    def one(component: Component) -> tuple[str, Any]:
        digest = component.digest()
        return digest, interned.setdefault((type(component).__qualname__, digest), component)

    parts = [[one(part) for part in (setup.task, setup.supervisor, setup.student, setup.method)] for setup in setups]
    rival = registry.build(Method, DIRECT)
    steps: dict[tuple[object, ...], Any] = {}

    def step(cls: type[Any], *key: object, **fields: Any) -> Any:
        if (cls, *key) not in steps:
            steps[cls, *key] = cls(**fields)
        return steps[cls, *key]

    scores: dict[int, Score] = {}
    for seed in seeds:
        for (t, task), (w, supervisor), (s, student), (m, method) in parts:
            plain = registry.build(Method, task.default_method)
            labels = step(WeakLabels, t, w, seed, task=task, supervisor=supervisor, seed=seed)
            rehearsals = None
            if method.rehearsals:
                parts_of_split = {"task": task, "supervisor": supervisor, "folds": method.rehearsals}
                rehearsals = step(Rehearsals, t, w, method.rehearsals, seed, **parts_of_split, seed=seed)
            given = {"labels": labels, "student": student, "seed": seed}
            taught = step(TrainedStudent, t, w, s, m, seed, **given, method=method, rehearsals=rehearsals)
            ceiling = step(Ceiling, t, s, seed, task=task, student=student, method=one(plain)[1], seed=seed)
            direct = None
            if task.signal is rival.signal:
                d, known = one(rival)
                direct = step(TrainedStudent, t, w, s, d, seed, **given, method=known)
            score = step(Score, t, w, s, m, seed, student=taught, ceiling=ceiling, direct=direct, seed=seed)
            scores.setdefault(id(score), score)
    return list(scores.values())


def score_of(result: Result) -> Score:
    """Return the last step of a stored run, as today's code and data would make it.

    Raises:
        InputError: If a component of the run is not registered here.
    """
    (score,) = scores_of_setups([Setup.parse(result.about)], [result.seed])
    return score


def _collect(store: Store, steps: Sequence[Score], execution: Execution, done: Counter[str]) -> tuple[MadeRuns, int]:
    """Read the runs back; return beside them how many could not be read (their artifacts are forgotten by then)."""
    runs: list[Run] = []
    refused: list[FailedRun] = []
    failed: list[FailedRun] = []
    lost = 0
    for place, (step, key) in enumerate(zip(steps, execution.keys, strict=True)):
        failure = execution.failed.get(place)
        artifact = store.get(key) if key and failure is None else None
        if failure is not None:
            failed.append(_failed(step, failure))
        elif artifact is None:
            lost += 1
        elif REFUSED in artifact.record:
            refused.append(_failed(step, Failure(artifact.record[REFUSED], bad_input=True)))
        else:
            runs.append(Run(key, step.setup, step.seed, result_of(store, key, artifact.record), artifact.arrays))
    return MadeRuns(tuple(runs), tuple(refused), tuple(failed), done), lost


def _failed(step: Score, failure: Failure) -> FailedRun:
    return FailedRun(names_of(step.setup), step.seed, failure.reason, failure.bad_input)


def result_of(store: Store, key: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of a run as plain data: its record, that of each step before it, and who was handed gold."""
    if "first_steps" in record:  # made by version 0.1: its record says all there is
        return {
            **{name: value for name, value in record.items() if name != "first_steps"},
            "steps": record["first_steps"],
        }
    steps = {name: {"key": inner, **(store.record(inner) or {})} for name, inner in record.get("inputs", {}).items()}
    for step in steps.values():
        step.pop("inputs", None)
    return {
        **{name: value for name, value in record.items() if name != "inputs"},
        "steps": steps,
        "gold": releases_of(store, [*(step["key"] for step in steps.values()), key]),
    }


def releases_of(store: Store, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Return the releases of gold that some steps were computed with, each once although a step was computed again."""
    lines = [
        {"purpose": entry.purpose, "split": entry.split, "n": entry.n, "asked_by": entry.asked_by, "step": entry.kind}
        for key in keys
        for entry in store.ledger(steps=[key])
    ]
    return [line for place, line in enumerate(lines) if line not in lines[:place]]
