"""The scoreboard: observe, predict, seal, only then open the truth, and score every theory on the same runs."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from w2sg.core import CapabilityError, ClassProbabilities, InputError, RunError, StoreError, canonical_json, registry
from w2sg.graph import REFUSED, Artifact, Keys, Result, Step, Store, execute
from w2sg.lab import Score, Study, default_store, name_of, score_of, scores_of_setups, study_runs
from w2sg.theory.cases import Case, Truth
from w2sg.theory.contracts import Answer, Theory
from w2sg.theory.observables import Observables, Quantity
from w2sg.theory.observing import observe
from w2sg.theory.scoreboard.decisions import Regret, regrets_of
from w2sg.theory.scoreboard.predictions import PredictionTable, prediction_table
from w2sg.theory.scoreboard.scores import Contrast, contrasts_of, scores_of
from w2sg.theory.scoreboard.scores import Score as TheoryScore
from w2sg.theory.scoreboard.stack import stacked
from w2sg.theory.steps import (
    LEVEL,
    Observation,
    Predictions,
    RunTruth,
    answers_to,
    check_audits,
    observables_of,
    predict_all,
    truth_values,
)
from w2sg.theory.worlds import FAMILIES, world

AUDITS = (50, 200)
FAMILY_RUNS = 200
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
    scores: Sequence[TheoryScore]
    family_scores: Sequence[TheoryScore]
    contrasts: Sequence[Contrast]
    regrets: Sequence[Regret]
    sheet: PredictionTable | None = field(repr=False)
    families: PredictionTable | None = field(repr=False)

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


@dataclass(frozen=True, eq=False)
class ObservedStudy:
    """The observed runs of a study, or of one run.

    Attributes:
        scores: The last step of each run.
        ids: The runs' names.
        observations: What was observed of each run, by the number of audited labels.
    """

    scores: tuple[Score, ...]
    ids: tuple[str, ...]
    observations: tuple[Mapping[int, Observables], ...]
    audits: tuple[int, ...]
    root: Path


def observe_study(
    study: Study,
    *,
    store: str | Path | None = None,
    audits: Sequence[int] = AUDITS,
    workers: int | None = None,
    progress: Progress | None = None,
) -> ObservedStudy:
    """Make the runs of a study that are missing, and observe all of which theory can speak.

    Raises:
        InputError: No run of the study gives class probabilities.
        RunError: Runs could not be observed.
    """
    root = default_store() if store is None else Path(store)
    say = progress or (lambda *_: None)
    made = study_runs(
        study, store=root, workers=workers, yes=True, progress=lambda done, total: say("runs", done, total)
    )
    runs = [run for run in made.runs if run.setup.task.signal is ClassProbabilities]
    if not runs:
        raise InputError(f"study {study.name!r} has no runs that theory speaks of: it needs class probabilities")
    scores = {score_name(score): score for score in scores_of_setups(study.setups(), study.seed_list())}
    kept = [scores[run.setup.digest(), run.seed] for run in runs]
    return _observed(kept, [run.id for run in runs], root, audits, workers, study.plugins, say)


def observe_run(
    result: Result, *, store: str | Path, audits: Sequence[int] = (), plugins: Sequence[str] = ()
) -> ObservedStudy:
    """Observe one stored run; plugins are those that its setup names.

    Raises:
        InputError: If the run was made by other code or data, or was refused.
    """
    for plugin in plugins:
        registry.load_plugin(plugin)
    score, keys = score_of(result), Keys()
    if keys.of(score) != result.key or "refused" in result.shown:
        raise InputError(f"run {result.key[:12]} was made by other code or data, or was refused: make it again")
    return _observed([score], [result.key], Path(store), audits, 1, plugins, lambda *_: None)


def score_name(score: Score) -> tuple[str, int]:
    """Return what tells a run of a study from the others: its setup and its seed."""
    return score.setup.digest(), score.seed


def _observed(
    scores: Sequence[Score],
    ids: Sequence[str],
    root: Path,
    audits: Sequence[int],
    workers: int | None,
    plugins: Sequence[str],
    say: Progress,
) -> ObservedStudy:
    bought = check_audits([labels for labels in audits if labels])
    steps = [Observation(student=score.student, audits=bought, seed=score.seed) for score in scores]
    artifacts = _artifacts(steps, root, workers, plugins, "observed", say)
    seen = [observables_of(artifact, run) for artifact, run in zip(artifacts, ids, strict=True)]
    return ObservedStudy(tuple(scores), tuple(ids), tuple(seen), bought, root)


def _artifacts(
    steps: Sequence[Step], root: Path, workers: int | None, plugins: Sequence[str], what: str, say: Progress
) -> list[Artifact]:
    """Return the artifacts of steps, made where they are missing.

    Raises:
        CapabilityError: If one was refused.
        InputError: If one failed because something given breaks a rule.
        RunError: If one failed.
    """
    made = execute(steps, root, workers=workers, plugins=plugins, progress=lambda done, total: say(what, done, total))
    if made.failed:
        failure = next(iter(made.failed.values()))
        raise (InputError if failure.bad_input else RunError)(failure.reason)
    with Store(root) as store:
        artifacts = [store.get(key) for key in made.keys]
    lost = [step for step, artifact in zip(steps, artifacts, strict=True) if artifact is None]
    if lost:
        raise StoreError(f"store {root}: {lost[0].title()} cannot be read: run the same command again")
    kept = [artifact for artifact in artifacts if artifact is not None]
    refused = next((artifact.record[REFUSED] for artifact in kept if REFUSED in artifact.record), None)
    if refused is not None:
        raise CapabilityError(refused)
    return kept


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
    sealed, late = canonical_json([]), 0
    family_cases, family_answers = _families(family_runs, audits, among, say)
    cases: list[Case] = []
    answers: list[Answer] = []
    if study is not None:
        observed = observe_study(study, store=store, audits=audits, workers=workers, progress=progress)
        answers, truths, late = _predicted_then_opened(observed, among, workers, study.plugins, say)
        sealed = canonical_json([answer.digest() for answer in answers])
        titles = _titles(study)
        cases = [
            _case(score, titles, seen, Truth(run, values))
            for score, run, seen, values in zip(
                observed.scores, observed.ids, observed.observations, truths, strict=True
            )
        ]
    if not cases and not family_cases:
        raise InputError("there is nothing to score on: give a study, or a number of family runs of at least 1")
    sheet = _with_stack(prediction_table(cases, answers, LEVEL), ("error", "squared"), audits) if cases else None
    families = None
    if family_cases:
        families = _with_stack(
            prediction_table(family_cases, family_answers, LEVEL, sampled=False), ("squared",), audits
        )
    return Scoreboard(
        study="" if study is None else study.name,
        sealed=hashlib.sha256(sealed.encode()).hexdigest(),
        late=late,
        n_runs=dict(Counter(case.task for case in (*cases, *family_cases))),
        scores=scores_of(sheet) if sheet else [],
        family_scores=scores_of(families) if families else [],
        contrasts=contrasts_of(sheet) if sheet else [],
        regrets=regrets_of(sheet) if sheet else [],
        sheet=sheet,
        families=families,
    )


def _with_stack(sheet: PredictionTable, units: Sequence[str], audits: Sequence[int]) -> PredictionTable:
    added = [stacked(sheet, unit, labels=labels) for unit in units for labels in (0, *sorted(audits))]
    return replace(sheet, columns={**sheet.columns, **{column.name: column for column in added}})


def _predicted_then_opened(
    observed: ObservedStudy, among: Sequence[Theory], workers: int | None, plugins: Sequence[str], say: Progress
) -> tuple[list[Answer], list[dict[str, Quantity]], int]:
    """Let theories predict, and only then open the truth of the runs.

    Returns:
        All answers, the truth of each run, and for how many tasks and seeds the truth had been opened before, for other
        predictions than these.
    """
    predictions = [
        Predictions(
            observation=Observation(student=score.student, audits=observed.audits, seed=score.seed),
            theories=tuple(among),
            seed=score.seed,
        )
        for score in observed.scores
    ]
    sealed = _artifacts(predictions, observed.root, workers, plugins, "predicted", say)
    truths = [
        RunTruth(student=score.student, ceiling=score.ceiling, predictions=prediction, seed=score.seed)
        for score, prediction in zip(observed.scores, predictions, strict=True)
    ]
    late = _opened_before(truths, observed.root)
    opened = _artifacts(truths, observed.root, workers, plugins, "scored", say)
    answers = [
        answer for artifact, run in zip(sealed, observed.ids, strict=True) for answer in answers_to(artifact, run)
    ]
    return answers, [truth_values(artifact) for artifact in opened], late


def _opened_before(truths: Sequence[RunTruth], root: Path) -> int:
    """Return in how many places the ledger shows that truth was opened for other predictions than these."""
    keys = Keys()
    ours = {keys.of(step) for step in truths}
    with Store(root) as store:
        entries = [
            entry for place in dict.fromkeys(step.place for step in truths) for entry in store.ledger(place=place)
        ]
    return len({entry.place for entry in entries if entry.kind == "truth" and entry.step not in ours})


def _case(score: Score, titles: Mapping[str, str], seen: Mapping[int, Observables], truth: Truth) -> Case:
    setup = score.setup
    return Case(
        task=titles[setup.task.digest()],
        cluster=f"{setup.task.digest()[:8]} {setup.supervisor.digest()[:8]} {score.seed}",
        seed=score.seed,
        setup=setup.digest(),
        parts={part: getattr(setup, part).digest() for part in ("supervisor", "student", "method")},
        seen=seen,
        truth=truth,
    )


def _families(
    count: int, audits: Sequence[int], among: Sequence[Theory], say: Progress
) -> tuple[list[Case], list[Answer]]:
    cases, answers = [], []
    for family in FAMILIES:
        for index in range(count):
            made = world(family, index, audits)
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
