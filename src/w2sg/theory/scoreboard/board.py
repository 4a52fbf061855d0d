"""The scoreboard: observe, predict, seal, only then open the truth, and score every theory on the same runs."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from w2sg.core import InputError, canonical_json, registry
from w2sg.lab import Setup, Store, Study, default_store, name_of
from w2sg.lab.engine import make_runs
from w2sg.lab.launch import pin_threads, spread
from w2sg.lab.plan import Planner
from w2sg.lab.store import StoredRun
from w2sg.theory import dossier
from w2sg.theory.cases import Case
from w2sg.theory.contracts import Answer, Theory
from w2sg.theory.families import FAMILIES, family_run
from w2sg.theory.observables import InfoSet, Observables
from w2sg.theory.observing import observe
from w2sg.theory.scoreboard.decisions import Regret, regrets_of
from w2sg.theory.scoreboard.scores import Contrast, Score, contrasts_of, scores_of
from w2sg.theory.scoreboard.sheet import Sheet, sheet_of
from w2sg.theory.scoreboard.stack import stacked

AUDITS = (50, 200)
FAMILY_RUNS = 200
LEVEL = 0.9
"""Nominal coverage of predictions' intervals."""
Progress = Callable[[str, int, int], None]
"""Told what is done, how much of it, and of how much."""


@dataclass(frozen=True, eq=False)
class Scoreboard:
    """Every theory held against the same runs.

    Attributes:
        study: The study of the real runs; empty where only families were scored.
        sealed: The hash of all predictions, made before ground truth was opened.
        late: In how many tasks and seeds the truth had been opened before, for other predictions than these: theories
            that were changed since have seen what they are scored on.
        n_runs: How many runs there are of each task.
        scores: Scores on the study's runs.
        family_scores: Scores on the families of synthetic runs.
        contrasts: Every theory against the baseline, on the study's runs.
        regrets: What decisions by each theory cost, on the study's runs.
        sheet: The study's runs with all predictions, the stack among them.
        families: The synthetic runs with all predictions.
    """

    study: str
    sealed: str
    late: int
    n_runs: dict[str, int]
    scores: Sequence[Score]
    family_scores: Sequence[Score]
    contrasts: Sequence[Contrast]
    regrets: Sequence[Regret]
    sheet: Sheet | None = field(repr=False)
    families: Sheet | None = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the document of `w2sg theory score --json`."""
        return {
            "study": self.study,
            "sealed": self.sealed,
            "late": self.late,
            "n_runs": dict(self.n_runs),
            **{
                name: [one.to_dict() for one in getattr(self, name)]
                for name in ("scores", "family_scores", "contrasts", "regrets")
            },
        }


def theories() -> list[Theory]:
    """Return every registered theory in its default configuration."""
    made = [registry.build("theories", name) for name in registry.names("theories")]
    return [theory for theory in made if isinstance(theory, Theory)]


def predict_all(seen: Iterable[Observables], among: Sequence[Theory], level: float = LEVEL) -> list[Answer]:
    """Return what theories say of runs: of each record those that can read it, and no theory the same thing twice."""
    return [
        theory.predict(one, level)
        for one in seen
        for theory in among
        if (theory.reads_labels if one.labels else theory.info == InfoSet.S0)
    ]


def observe_study(
    study: Study,
    *,
    store: str | Path | None = None,
    audits: Sequence[int] = AUDITS,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[dossier.PlainBundle]:
    """Make the runs of a study that are missing, observe all, and return where the observables are.

    Raises:
        InputError: No run of the study gives class probabilities.
    """
    root = default_store() if store is None else Path(store)
    say = progress or (lambda *_: None)
    setups, seeds = study.setups(), study.seed_list()
    records, _ = make_runs(
        setups,
        seeds,
        store=root,
        workers=workers,
        plugins=study.plugins,
        progress=lambda done, total: say("runs", done, total),
        skip_refused=study.incapable == "skip",
    )
    with Store(root) as opened:
        opened.put_study(study.name, study.model_dump(mode="json"), [record.job.run for record in records])
    spoken_of = [setup for setup in setups if setup.task.output == "classes"]
    bundles = Planner().bundles(spoken_of, seeds)
    found = [dossier.task_of(bundle, root, audits, study.plugins) for bundle in bundles]
    tasks = [task for task in found if task is not None]
    if not tasks:
        raise InputError(f"study {study.name!r} has no runs that theory speaks of: it needs class probabilities")
    _each(dossier.observe_bundle, tasks, workers, "observed", say)
    return tasks


def observe_run(
    run: StoredRun, *, store: str | Path, audits: Sequence[int] = (), plugins: Sequence[str] = ()
) -> dossier.PlainBundle:
    """Observe one stored run, and return where its observables are; plugins are those that its setup names."""
    for plugin in plugins:
        registry.load_plugin(plugin)
    (bundle,) = Planner().bundles([Setup.parse(run.setup)], [run.seed])
    task = dossier.task_of(bundle, Path(store), audits, plugins)
    if task is None:
        raise InputError(f"run {run.id[:12]} was made by other code or data, or was refused: make it again")
    dossier.observe_bundle(task)
    return task


def scoreboard(
    study: Study | None,
    *,
    store: str | Path | None = None,
    audits: Sequence[int] = AUDITS,
    family_runs: int = FAMILY_RUNS,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Scoreboard:
    """Score every theory on a study's runs and on the families of synthetic runs.

    Args:
        study: The study; None scores on the families alone.
        store: The store's folder.
        audits: Numbers of audited labels.
        family_runs: Runs of each family; 0 leaves them out.
        workers: Processes; None chooses.
        progress: Told what is done.

    Raises:
        InputError: There is nothing to score on.
        StoreError: Predictions were not sealed before the truth was opened.
    """
    say = progress or (lambda *_: None)
    for plugin in study.plugins if study is not None else ():
        registry.load_plugin(plugin)
    among = theories()
    seals: list[tuple[str, bool]] = []
    family_cases, family_answers = _families(family_runs, audits, among, say)
    cases: list[Case] = []
    answers: list[Answer] = []
    if study is not None:
        tasks = observe_study(study, store=store, audits=audits, workers=workers, progress=progress)
        answered = {task: _answers(task, among) for task in tasks}
        seals = [dossier.seal(task, made) for task, made in answered.items()]
        _each(dossier.open_truth, tasks, workers, "scored", say)
        titles = _titles(study)
        cases = [case for task, made in answered.items() for case in dossier.cases(task, made, titles)]
        answers = [answer for made in answered.values() for answer in made]
    if not cases and not family_cases:
        raise InputError("there is nothing to score on: give a study, or a number of family runs of at least 1")
    sheet = _with_stack(sheet_of(cases, answers, LEVEL), ("error", "squared"), audits) if cases else None
    families = None
    if family_cases:
        families = _with_stack(sheet_of(family_cases, family_answers, LEVEL, sampled=False), ("squared",), audits)
    return Scoreboard(
        study="" if study is None else study.name,
        sealed=hashlib.sha256(canonical_json([digest for digest, _ in seals]).encode()).hexdigest(),
        late=sum(late for _, late in seals),
        n_runs=dict(Counter(case.task for case in (*cases, *family_cases))),
        scores=scores_of(sheet) if sheet else [],
        family_scores=scores_of(families) if families else [],
        contrasts=contrasts_of(sheet) if sheet else [],
        regrets=regrets_of(sheet) if sheet else [],
        sheet=sheet,
        families=families,
    )


def _with_stack(sheet: Sheet, units: Sequence[str], audits: Sequence[int]) -> Sheet:
    added = [stacked(sheet, unit, labels=labels) for unit in units for labels in (0, *sorted(audits))]
    return replace(sheet, columns={**sheet.columns, **{column.name: column for column in added}})


def _answers(task: dossier.PlainBundle, among: Sequence[Theory]) -> list[Answer]:
    return [
        answer for by_labels in dossier.observed(task).values() for answer in predict_all(by_labels.values(), among)
    ]


def _families(
    count: int, audits: Sequence[int], among: Sequence[Theory], say: Progress
) -> tuple[list[Case], list[Answer]]:
    cases, answers = [], []
    for family in FAMILIES:
        for index in range(count):
            made = family_run(family, index, audits)
            seen = observe(made.seen, made.audits)
            answers += predict_all(seen.values(), among)
            cases.append(Case(f"family {family}", made.seen.run, index, family, {}, seen, made.truth))
            say("families", len(cases), count * len(FAMILIES))
    return cases, answers


def _titles(study: Study) -> dict[str, str]:
    """Return the names of a study's tasks; equal names are told apart by the digest."""
    own, named = study.titles(), {}
    for setup in study.setups():
        digest = setup.task.digest()
        named[digest] = own.get(digest) or name_of("tasks", setup.task)
    twice = {name for name, count in Counter(named.values()).items() if count > 1}
    return {digest: f"{name} {digest[:6]}" if name in twice else name for digest, name in named.items()}


def _each(
    work: Callable[[dossier.PlainBundle], None],
    tasks: Sequence[dossier.PlainBundle],
    workers: int | None,
    what: str,
    say: Progress,
) -> None:
    pin_threads()
    for done, _ in enumerate(spread(work, tasks, workers or os.cpu_count() or 1), 1):
        say(what, done, len(tasks))
