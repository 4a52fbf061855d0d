"""From a study or a stored run to what theories see of it and say of it, by way of the step graph."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from w2sg.core import (
    CapabilityError,
    ClassProbabilities,
    InputError,
    Observables,
    Quantity,
    RunError,
    StoreError,
    Theory,
)
from w2sg.graph import REFUSED, Artifact, Keys, Result, Step, Store, execute, expect
from w2sg.isolation import load_plugins, loading_again
from w2sg.lab import Score, Study, default_store, score_of, scores_of_setups, shown_trust, study_runs
from w2sg.theory.answering import LEVEL
from w2sg.theory.observing.runs import TEST
from w2sg.theory.sealing import SealedPredictions, seal_of
from w2sg.theory.steps import Observation, Predictions, RunTruth, answers_to, check_audits, observables_of, truth_values

AUDITS = (50, 200)
"""Numbers of audited labels where nothing else is asked for."""
Progress = Callable[[str, int, int], None]
"""Told what is done, how much of it, and of how much."""


@dataclass(frozen=True, eq=False)
class ObservedStudy:
    """The observed runs of a study, or of one run.

    Attributes:
        scores: The last step of each run.
        ids: The runs' names.
        observations: What was observed of each run, by the number of audited labels.
        steps: The steps that observed them.
        root: The store's folder.
        plugins: Python files that other processes have to load.
    """

    scores: tuple[Score, ...]
    ids: tuple[str, ...]
    observations: tuple[Mapping[int, Observables], ...]
    steps: tuple[Observation, ...]
    root: Path
    plugins: tuple[str, ...] = ()


def observe_study(
    study: Study,
    *,
    store: str | Path | None = None,
    audits: Sequence[int] = AUDITS,
    shuffled: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> ObservedStudy:
    """Train the students of a study that are missing, and observe all runs of which theory can speak.

    No run is scored for it, but of a study that adds seeds until scores decide it. With `shuffled` gold of the
    supervision splits is dealt out anew before anything is judged by it.

    Raises:
        InputError: No run of the study gives class probabilities.
        RunError: Runs could not be observed.
    """
    root = default_store() if store is None else Path(store)
    say = progress or (lambda *_: None)
    expect(_observations(_scores(study), audits, shuffled), root, workers)
    made = study_runs(
        study,
        store=root,
        workers=workers,
        yes=True,
        progress=lambda done, total: say("trained", done, total),
        scored=False,
    )
    runs = [run for run in made.runs if run.setup.task.signal is ClassProbabilities]
    if not runs:
        raise InputError(f"study {study.name!r} has no runs that theory speaks of: it needs class probabilities")
    scores = {score_name(score): score for score in scores_of_setups(study.setups(), study.seed_list())}
    kept = [scores[run.setup.digest(), run.seed] for run in runs]
    return _observed(kept, [run.id for run in runs], root, audits, workers, study.plugins, say, shuffled)


def observe_run(
    result: Result, *, store: str | Path, audits: Sequence[int] = (), plugins: Sequence[str] = ()
) -> ObservedStudy:
    """Observe one stored run; plugins are those that its setup names.

    Raises:
        InputError: If the run was made by other code or data, or was refused.
    """
    load_plugins(plugins)
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
    shuffled: bool = False,
) -> ObservedStudy:
    steps = _observations(scores, audits, shuffled)
    artifacts = _artifacts(steps, root, workers, plugins, "observed", say)
    seen = [observables_of(artifact, run) for artifact, run in zip(artifacts, ids, strict=True)]
    return ObservedStudy(tuple(scores), tuple(ids), tuple(seen), tuple(steps), root, tuple(plugins))


def _scores(study: Study) -> list[Score]:
    """Return the scores of a study's runs, as far as it says beforehand which these are."""
    setups = [setup for setup in study.setups() if setup.task.signal is ClassProbabilities]
    return scores_of_setups(setups, [] if isinstance(study.seeds, str) else study.seed_list())


def _observations(scores: Sequence[Score], audits: Sequence[int], shuffled: bool) -> list[Observation]:
    bought = check_audits([labels for labels in audits if labels])
    return [Observation(student=score.student, audits=bought, shuffled=shuffled, seed=score.seed) for score in scores]


def scoreboard_steps(study: Study, audits: Sequence[int], shuffled: bool, among: Sequence[Theory]) -> list[Step]:
    """Return the last steps of a scoreboard: the truth about each run, which predictions go before, and its score."""
    scores = _scores(study)
    seen = _observations(scores, audits, shuffled)
    predictions = _predictions(seen, among, LEVEL)
    return [*_truths(scores, predictions), *scores]


def _predictions(seen: Sequence[Observation], among: Sequence[Theory], level: float) -> list[Predictions]:
    return [Predictions(observation=one, theories=tuple(among), level=level, seed=one.seed) for one in seen]


def _truths(scores: Sequence[Score], predictions: Sequence[Predictions]) -> list[RunTruth]:
    return [
        RunTruth(student=score.student, ceiling=score.ceiling, predictions=step, seed=score.seed)
        for score, step in zip(scores, predictions, strict=True)
    ]


def _artifacts(
    steps: Sequence[Step], root: Path, workers: int | None, plugins: Sequence[str], what: str, say: Progress
) -> list[Artifact]:
    """Return the artifacts of steps, made where they are missing.

    Raises:
        CapabilityError: If one was refused.
        InputError: If one failed because something given breaks a rule.
        RunError: If one failed.
    """
    made = execute(
        steps,
        root,
        workers=workers,
        prepare=loading_again(plugins),
        progress=lambda done, total: say(what, done, total),
    )
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


def predict_observed(
    observed: ObservedStudy,
    among: Sequence[Theory],
    level: float = LEVEL,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> SealedPredictions:
    """Let theories predict the runs that were observed; what they say is kept and sealed.

    Raises:
        InputError: If `level` is not between 0 and 1, or an answer breaks the contract.
        StoreError: If what the store holds is not what was sealed.
    """
    if not 0 < level < 1:
        raise InputError(f"level must be between 0 and 1, got {level}")
    steps = _predictions(observed.steps, among, level)
    artifacts = _artifacts(steps, observed.root, workers, observed.plugins, "predicted", progress or (lambda *_: None))
    keys, made = Keys(), list(zip(steps, artifacts, observed.ids, strict=True))
    with Store(observed.root) as store:
        lines = {place: store.ledger(place=place, split=TEST) for place in dict.fromkeys(step.place for step in steps)}
    seals = [
        seal_of(run, keys.of(step), kept.record["answers"], lines[step.place], shown_trust(kept.record["trust"]))
        for step, kept, run in made
    ]
    answers = [answer for _, kept, run in made for answer in answers_to(kept, run)]
    return SealedPredictions(tuple(steps), tuple(answers), tuple(seals))


def open_truths(
    observed: ObservedStudy,
    predictions: SealedPredictions,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[dict[str, Quantity]]:
    """Return the truth of each run, which is opened for predictions that are sealed."""
    truths = _truths(observed.scores, predictions.steps)
    opened = _artifacts(truths, observed.root, workers, observed.plugins, "scored", progress or (lambda *_: None))
    return [truth_values(artifact) for artifact in opened]
