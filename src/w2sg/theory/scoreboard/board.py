"""The scoreboard: observe, predict, only then open the truth, and score every theory on the same runs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from w2sg.core import Answer, InputError, Observables, Theory
from w2sg.graph import expect
from w2sg.isolation import load_plugins
from w2sg.lab import Score, Study, default_store, name_of, study_runs
from w2sg.theory.answering import LEVEL, predict_all, theories
from w2sg.theory.cases import Case, Truth
from w2sg.theory.families import FAMILIES, family_run
from w2sg.theory.observing import observe
from w2sg.theory.running import AUDITS, Progress, observe_study, open_truths, predict_observed, scoreboard_steps
from w2sg.theory.scoreboard.predictions import prediction_table
from w2sg.theory.scoreboard.results import Scoreboard, scoreboard_of, with_stacks
from w2sg.theory.sealing import SealedPredictions

FAMILY_RUNS = 200


def scoreboard(
    study: Study | None,
    *,
    store: str | Path | None = None,
    audits: Sequence[int] = AUDITS,
    family_runs: int = FAMILY_RUNS,
    shuffled: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Scoreboard:
    """Score every theory on a study's runs and on the families of synthetic runs.

    Args:
        study: The study; None scores on the families alone.
        store: The store's folder.
        audits: Numbers of audited labels.
        family_runs: Runs of each family; 0 leaves them out.
        shuffled: Whether to deal out anew the gold of supervision splits, by which theories judge models: whatever
            still predicts then has another way to know.
        workers: Processes; None chooses.
        progress: Told what is done.

    Raises:
        InputError: There is nothing to score on.
    """
    say = progress or (lambda *_: None)
    load_plugins(study.plugins if study is not None else ())
    among = theories()
    root = default_store() if store is None else Path(store)
    expect([] if study is None else scoreboard_steps(study, audits, shuffled, among), root, workers)
    family_cases, family_answers = _families(family_runs, audits, among, say)
    cases: list[Case] = []
    predictions: SealedPredictions | None = None
    if study is not None:
        observed = observe_study(
            study, store=store, audits=audits, shuffled=shuffled, workers=workers, progress=progress
        )
        predictions = predict_observed(observed, among, workers=workers, progress=progress)
        # From here on gold of the test sets is handed out.
        truths = open_truths(observed, predictions, workers=workers, progress=progress)
        study_runs(study, store=store, workers=workers, yes=True)
        titles = _titles(study)
        runs = zip(observed.scores, observed.ids, observed.observations, truths, strict=True)
        cases = [_case(score, titles, seen, Truth(run, values)) for score, run, seen, values in runs]
    if not cases and not family_cases:
        raise InputError("there is nothing to score on: give a study, or a number of family runs of at least 1")
    table = family_table = None
    if predictions is not None:
        table = with_stacks(prediction_table(cases, predictions.answers, LEVEL), ("error", "squared"), audits)
    if family_cases:
        family_table = prediction_table(family_cases, family_answers, LEVEL, sampled=False)
        family_table = with_stacks(family_table, ("squared",), audits)
    return scoreboard_of(
        table,
        family_table,
        study="" if study is None else study.name,
        sealed="" if predictions is None else predictions.sha256,
        seals=() if predictions is None else predictions.seals,
        shuffled=shuffled,
    )


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
    cases = []
    for family in FAMILIES:
        for index in range(count):
            made = family_run(family, index, audits)
            seen = observe(made.seen, made.audits)
            cases.append(Case(f"family {family}", made.seen.run, index, family, {}, seen, made.truth))
            say("families", len(cases), count * len(FAMILIES))
    return cases, predict_all((record for case in cases for record in case.seen.values()), among)


def _titles(study: Study) -> dict[str, str]:
    """Return the names of a study's tasks; equal names are told apart by the digest."""
    own, named = study.titles(), {}
    for setup in study.setups():
        digest = setup.task.digest()
        named[digest] = own.get(digest) or name_of("tasks", setup.task)
    twice = {name for name, count in Counter(named.values()).items() if count > 1}
    return {digest: f"{name} {digest[:6]}" if name in twice else name for digest, name in named.items()}
