"""A look at a study before it is made: its data, and what two of its seeds say of supervisor and ceiling."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from w2sg.core import DataError, derive, wording
from w2sg.graph import Keys, Progress, Store
from w2sg.lab.cautions import Caution, cautions_of, known_of
from w2sg.lab.outcomes import Run
from w2sg.lab.results import SetupResult, summarise
from w2sg.lab.runs import make_runs, scores_of_setups
from w2sg.lab.setup import Setup
from w2sg.lab.steps import TRANSFER, labels_of, task_data
from w2sg.tasks import Column, Files, SplitTask, Survey, columns_and_uses

if TYPE_CHECKING:
    from w2sg.lab.studies import Study

SEEDS = 2
SMALL_GAP = "small gap"
MANY_CLASSES = 50
FEW_OF_A_CLASS = 5
LARGE_SHARE = 0.05
"""Of rows with a near copy elsewhere that has another label: from here on it moves the figures."""


@dataclass(frozen=True)
class PreviewRow:
    """A transfer example as the student and the supervisor see it, and the weak label that came of it."""

    student: str
    supervisor: str
    label: str


@dataclass(frozen=True)
class TaskCheck:
    """What was found of one task.

    Attributes:
        title: Its name in tables.
        setup: The first setup of the study on it, which was tried.
        columns: Columns of its training file with their uses; empty where it has no file of rows.
        survey: What stands in its splits; None where the data were refused or are drawn.
        counts: What became of its rows.
        result: What two seeds gave; None where the data were refused.
        preview: Transfer examples.
        cautions: What to know.
        refused: Why its data cannot be used; empty where they can.
        seconds: Of one run: what a place needs once, and what each method needs.
        file: The name of its training file; empty where it has none.
    """

    title: str
    setup: Setup
    columns: Sequence[tuple[Column, str]] = ()
    survey: Survey | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    result: SetupResult | None = None
    preview: Sequence[PreviewRow] = ()
    cautions: Sequence[Caution] = ()
    refused: str = ""
    seconds: tuple[float, float] = (0.0, 0.0)
    file: str = ""


@dataclass(frozen=True)
class Preflight:
    """What was found of a study: one check for each task, and how long its runs will take in one process."""

    study: "Study"
    checks: Sequence[TaskCheck]
    seeds: Sequence[int]
    n_runs: int
    expected_s: float | None

    @property
    def ready(self) -> bool:
        """Whether nothing stands in the way of figures that mean something."""
        return not any(check.refused or any(caution.serious for caution in check.cautions) for check in self.checks)

    @property
    def without_pgr(self) -> Sequence[str]:
        """The titles of tasks whose gap looks too small for a PGR."""
        return [check.title for check in self.checks if any(one.name == SMALL_GAP for one in check.cautions)]


def preflight(
    study: "Study", *, store: Path, workers: int | None = None, progress: Progress | None = None
) -> Preflight:
    """Look at a study's data, and try the first setup of each task under its first two seeds: runs of the study.

    Args:
        study: The study.
        store: The store's folder.
        workers: Processes; None chooses.
        progress: Told how many runs are done, of how many.

    Raises:
        InputError: If the study breaks a rule.
        RunError: If a run fails for another reason than its data.
    """
    first: dict[str, Setup] = {}
    setups = study.setups()
    for setup in setups:
        first.setdefault(setup.task.digest(), setup)
    seeds, titles = list(study.seed_list())[:SEEDS], study.titles()
    looked = [_looked_at(setup, setup.label(titles)["task"], seeds[0]) for setup in first.values()]
    good = [check.setup for check in looked if not check.refused]
    made = make_runs(good, seeds, store=store, workers=workers, progress=progress) if good else None
    if made is not None:
        made.raise_first_problem()
        results = {result.config: result for result in summarise(made.runs, titles)}
        runs = {setup.digest(): [run for run in made.runs if run.setup.digest() == setup.digest()] for setup in good}
        looked = [
            check if check.refused else _tried(check, results[check.setup.digest()], runs[check.setup.digest()], store)
            for check in looked
        ]
    return Preflight(study, looked, seeds, study.count(), _expected(looked, setups, len(list(study.seed_list()))))


def _looked_at(setup: Setup, title: str, seed: int) -> TaskCheck:
    """Return what the data of a setup's task say."""
    task = setup.task
    file = Path(task.training_file).name if isinstance(task, Files) else ""
    try:
        named = columns_and_uses(task) if isinstance(task, Files) else []
    except DataError as error:
        return TaskCheck(title, setup, refused=str(error))
    try:
        data = task_data(task, seed)
        given = task.under(seed)
        survey = given.survey(derive(seed, "task")) if isinstance(given, SplitTask) else None
    except DataError as error:
        return TaskCheck(title, setup, named, cautions=_of_columns(named), refused=str(error), file=file)
    cautions = [*_of_columns(named), *([] if survey is None else _of_survey(survey)), *_of_counts(data.counts)]
    return TaskCheck(title, setup, named, survey, data.counts, cautions=cautions, file=file)


def _of_columns(named: Sequence[tuple[Column, str]]) -> list[Caution]:
    """Return what the columns of a file say."""
    found = []
    for column, use in named:
        if use == "features" and column.holds == "names" and column.different > column.rows / 2:
            text = f"feature {column.name!r} has {column.different:,} different names in {column.rows:,} rows"
            found.append(Caution("identities", f"{text}: it tells who a row is, leave it out of 'features'", False))
        if use == "features" and column.different < 2:
            found.append(Caution("constant column", f"feature {column.name!r} is the same in every row", False))
        if use == "label" and column.different > MANY_CLASSES:
            text = f"label {column.name!r} has {column.different:,} different values"
            found.append(
                Caution("many classes", f"{text}: is it a label? 'merge' makes few classes of many labels", False)
            )
    return found


def _of_survey(survey: Survey) -> list[Caution]:
    """Return what the splits of a task say."""
    found = []
    rare = [
        name
        for name, count in zip(survey.classes, survey.labels["supervision"].tolist(), strict=True)
        if count < FEW_OF_A_CLASS
    ]
    if rare:
        text = f"{wording.quantity(len(rare), 'class', 'classes')} ({wording.listed(rare[:6])})"
        advice = "merge classes, or give the supervision split more rows"
        few = f"{text} with fewer than {FEW_OF_A_CLASS} rows in the supervision split: {advice}"
        found.append(Caution("rare classes", few, False))
    for twins in survey.twins[1:]:
        if twins.opposed > LARGE_SHARE * twins.rows:
            looked_at = twins.sample or f"{twins.rows:,} rows"
            found.append(
                Caution(
                    "twins with other labels",
                    f"{twins.opposed:,} of {looked_at} of {twins.split} are nearly a copy of one in {twins.other} that "
                    "has another label: who learns from the one is wrong about the other; keep them in one split by "
                    "'together'",
                    serious=False,
                )
            )
    return found


def _of_counts(counts: Mapping[str, int]) -> list[Caution]:
    """Return what reading and dealing the rows told."""
    told = [
        name for name in counts if "tells the label" in name or "contradicting" in name or "belong together" in name
    ]
    return [Caution("rows", f"{name}: {counts[name]:,}", serious=False) for name in told]


def _tried(check: TaskCheck, result: SetupResult, runs: Sequence[Run], store: Path) -> TaskCheck:
    """Return a check with what two seeds gave."""
    steps = [run.result["steps"] for run in runs]
    once = ("labels", "ceiling", "direct")
    shared = sum(step.get(name, {}).get("seconds", 0.0) for step in steps for name in once)
    own = sum(step.get("student", {}).get("seconds", 0.0) for step in steps)
    scored = sum(run.result.get("seconds", 0.0) for run in runs)
    return replace(
        check,
        result=result,
        preview=_preview(check, runs[0].seed, store),
        cautions=[*check.cautions, *cautions_of(result), *_small_gap(result)],
        seconds=(shared / len(runs), (own + scored) / len(runs)),
    )


def _small_gap(result: SetupResult) -> list[Caution]:
    """Return a word on a gap that is there, and too small for a PGR."""
    gap, least = known_of(result)["gap"], result.pgr.minimum_gap
    if not 0 < gap.low < least:
        return []
    text = f"gap {wording.difference(gap)}: no PGR is reported unless it is surely above {wording.number(least, 2)}"
    return [Caution(SMALL_GAP, f"{text}; a weaker supervisor, such as one with labels = 25, widens it", serious=False)]


def _preview(check: TaskCheck, seed: int, store: Path) -> list[PreviewRow]:
    """Return some transfer examples with the labels that the student is given."""
    if check.survey is None:
        return []
    (score,) = scores_of_setups([check.setup], [seed])
    with Store(store) as opened:
        artifact = opened.get(Keys().of(score.student.labels))
    data = task_data(check.setup.task, seed)
    weak = None if artifact is None else data.question.probabilities(labels_of(data, artifact)[TRANSFER])
    if weak is None:
        return []
    models = check.setup.student, getattr(check.setup.supervisor, "student", None)
    student, supervisor = (_known_words(check, model) for model in models)
    shown = []
    for row, inputs in enumerate(data.transfer.inputs.values[: len(check.survey.preview)]):
        label = int(np.argmax(weak[row]))
        said = f"{data.question.names[label]} ({wording.number(float(weak[row, label]), 2)})"
        shown.append(PreviewRow(_text_of(inputs, student), _text_of(inputs, supervisor), said))
    return shown


def _known_words(check: TaskCheck, model: object) -> frozenset[str] | None:
    """Return the words that a student, or a supervisor's, knows; None where its view is no list of words."""
    known = getattr(getattr(model, "features", None), "known_words", None)
    return None if known is None or check.survey is None else known(check.survey.corpus)


def _text_of(inputs: Any, known: frozenset[str] | None = None) -> str:
    """Return an input in words; of a text what a view knows of it, where one is given."""
    if isinstance(inputs, str):
        words = inputs.split()
        if known is not None:
            words = [word if word.casefold().strip(".,;:!?\"'()") in known else "·" for word in words]
        return wording.shortened(" ".join(words), 300)
    array = np.asarray(inputs)
    if array.dtype == object:
        return " | ".join(_text_of(text, known) for text in array.tolist())
    some = ", ".join(wording.number(float(value), 2) for value in array.ravel()[:8])
    return f"{array.size} numbers: {some}{', ...' if array.size > 8 else ''}"


def _expected(checks: Sequence[TaskCheck], setups: Sequence[Setup], n_seeds: int) -> float | None:
    """Return the seconds that all runs of a study take in one process, as those that were made took."""
    measured = {check.setup.task.digest(): check.seconds for check in checks if check.result is not None}
    if not measured:
        return None
    usual = tuple(median(seconds[part] for seconds in measured.values()) for part in (0, 1))
    places = {(s.task.digest(), s.supervisor.digest(), s.student.digest()) for s in setups}
    once = sum(measured.get(task, usual)[0] for task, _, _ in places)
    return n_seeds * (once + sum(measured.get(setup.task.digest(), usual)[1] for setup in setups))
