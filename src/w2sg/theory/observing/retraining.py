"""A task's weak supervisors, students and judges, trained again so that labels of the supervision split can judge them.

No label judges a model that it trained. There are three ways to have such labels, here called lessons:

- *refits*: the supervisor is trained again without each fold of its split, on gold of the rest;
- *strict refits*: the same among the labels that the supervisor really learned from, as it saw them, noise included;
- *its own*: the supervisor as it is, on labels of its split that it did not learn from.

In each a student is trained on what the supervisor of the lesson says. A judge is the strong student trained on the
same labels directly; it is cross-fitted as well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from w2sg.core import (
    AnyTraining,
    CapabilityError,
    ClassProbabilities,
    DivergedError,
    Examples,
    FloatArray,
    InformationTier,
    IntArray,
    Labeller,
    SeenLabels,
    Signal,
    Supervision,
    TaskData,
    WeakSupervisor,
    derive,
    one_hot,
    run_timed,
)
from w2sg.theory.observing.judges import FEWEST_LABELS, Judges
from w2sg.theory.observing.observed import FewerLabels, Refits, UnseenLabels

if TYPE_CHECKING:
    from w2sg.lab import Setup
    from w2sg.theory.observing.runs import RunAnswers

FOLDS = 5
ENOUGH = 30
"""With so many labels of its split that the supervisor did not learn from, these judge it as it is."""
SUPERVISION = "supervision"
VALIDATION = "validation"
"""The name of a judge that is trained on all labels of the split."""
Way = Literal["refits", "half", "quarter", "strict", "own"]
FEWER: dict[Way, float] = {"half": 0.5, "quarter": 0.25}
"""Rehearsals with fewer labels, by the share of a refit's labels that their supervisors learn from."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """A supervisor of which some labels know nothing.

    Attributes:
        labeller: It.
        count: How many labels it learned from.
        rows: Positions in the supervision split of inputs whose labels it did not learn from, `(r,)`.
        weak: What it says of them, `(r, k)`.
    """

    labeller: Labeller[Any]
    count: int
    rows: IntArray
    weak: FloatArray


def as_it_was(
    data: TaskData, seed: int, supervisor: WeakSupervisor[Any], supervision: Supervision, rows: IntArray
) -> tuple[Labeller[Any], Any]:
    """Return a run's weak supervisor, trained again exactly as for the run, and what it says of its own split.

    Args:
        data: The splits of the run's place.
        seed: The run's seed.
        supervisor: The run's weak supervisor.
        supervision: Its split, with gold.
        rows: Positions in the split of the inputs that it is asked about.
    """
    labeller = supervisor.fit(supervision, data.vault.generator(seed, "supervisor"))
    gold = supervision.gold[rows] if supervisor.simulates else None
    return labeller, labeller.label(data.supervision.take(rows), gold, data.vault.generator(seed, "label", SUPERVISION))


class Retraining:
    """What is trained again on one task under one seed; supervisors and judges are shared by runs."""

    def __init__(self, data: TaskData, seed: int, fresh: Examples, *, shuffled: bool = False) -> None:
        self.data, self.seed, self.fresh, self.shuffled = data, seed, fresh, shuffled
        self._lessons: dict[tuple[str, Way], list[Lesson] | str] = {}
        self._students: dict[tuple[str, Way], list[FloatArray] | str] = {}
        self._fresh_answers: dict[str, list[FloatArray]] = {}
        self._golds: dict[str, IntArray] = {}
        self._judges = Judges(data, seed, self.fold, fresh)

    @cached_property
    def fold(self) -> IntArray:
        """The fold of each supervision example; examples that belong together are in one."""
        supervision = self.data.supervision
        _, unit = np.unique(supervision.metadata.get("together", np.arange(len(supervision))), return_inverse=True)
        folds = derive(self.seed, "theory", "folds").permutation(unit.max(initial=0) + 1) % FOLDS
        return np.asarray(folds[unit])

    def refits(self, supervisor: WeakSupervisor[Any]) -> Refits | str:
        """Return the refits of a supervisor without each fold, or why there are none."""
        lessons = self._taught(supervisor, "refits")
        if isinstance(lessons, str):
            return lessons
        n, k = len(self.data.supervision), len(self.data.question.names)
        held_out = np.zeros((n, k))
        for lesson in lessons:
            held_out[lesson.rows] = lesson.weak
        count, size = self._refit_size(supervisor)
        # Of the labels of one refit, all but one fold, another one has all but two folds.
        overlap = (FOLDS - 2) / (FOLDS - 1) * count / size
        fresh = np.stack(self._fresh_answers[supervisor.digest()])
        return Refits(held_out, one_hot(self._gold(supervisor), k).astype(np.float64), fresh, count, overlap)

    def student_held_out(self, setup: "Setup") -> FloatArray | str:
        """Return what students of refits say of all supervision inputs, `(n, k)`, or why nothing."""
        answers = self._students.get((setup.digest(), "refits"), "students were not trained again")
        lessons = self._taught(setup.supervisor, "refits")
        if isinstance(answers, str) or isinstance(lessons, str):
            return answers if isinstance(answers, str) else str(lessons)
        held_out = np.zeros((len(self.data.supervision), len(self.data.question.names)))
        for lesson, answer in zip(lessons, answers, strict=True):
            held_out[lesson.rows] = answer
        return held_out

    def validation(self, setup: "Setup") -> UnseenLabels | str:
        """Return labels of the supervision split that judge the run, whether or not its supervisor learned from them.

        Those that it did not learn from judge supervisor and student as they are, where there are enough of them;
        otherwise all labels judge refits.
        """
        return self._held_out(setup, self._way(setup.supervisor), self._every(setup.supervisor), VALIDATION)

    def strict(self, setup: "Setup") -> UnseenLabels | str:
        """Return the labels that the supervisor learned from, as it saw them, and what refits without them say."""
        if setup.supervisor.simulates:
            return "the supervisor is simulated: it has learned from no labels"
        seen = self._seen(setup.supervisor)
        if self._saw_all(seen):
            return self._held_out(setup, "refits", self._every(setup.supervisor), VALIDATION)
        return self._held_out(setup, "strict", seen, setup.supervisor.digest())

    def train(self, runs: Sequence["RunAnswers"]) -> None:
        """Train the students of all lessons and all judges.

        All train in step, as in a study: which of them train together moves the last bits of what they say.
        """
        todo: list[tuple[RunAnswers, Way, list[Lesson]]] = []
        for run in runs:
            for way in self._ways(run.setup.supervisor):
                lessons = self._taught(run.setup.supervisor, way)
                unfit = _unfit(run.setup)
                if isinstance(lessons, str) or unfit is not None:
                    self._students[run.setup.digest(), way] = unfit or str(lessons)
                else:
                    todo.append((run, way, lessons))
        courses = [course for run, way, lessons in todo for course in self._courses(run, way, lessons)]
        trained = iter(run_timed(courses)[0])
        for run, way, lessons in todo:
            answers: list[FloatArray] | str = []
            for lesson in lessons:
                student = next(trained)
                if isinstance(student, CapabilityError | DivergedError):
                    answers = str(student)
                elif not isinstance(answers, str):
                    inputs = self.data.supervision.take(lesson.rows).inputs
                    answers.append(student.answer(inputs).probabilities.astype(np.float64))
            self._students[run.setup.digest(), way] = answers
        for run in runs:
            for key, seen in self._judged_on(run.setup.supervisor).items():
                self._judges.ask(run.setup.student, key, seen)
        self._judges.train()

    def _judged_on(self, supervisor: WeakSupervisor[Any]) -> dict[str, SeenLabels]:
        """Return the labels on which judges are trained, by a name for them."""
        own = {supervisor.digest(): self._seen(supervisor)} if "strict" in self._ways(supervisor) else {}
        return {VALIDATION: self._every(supervisor), **own}

    def _ways(self, supervisor: WeakSupervisor[Any]) -> Iterator[Way]:
        """Yield the lessons that a supervisor's students need."""
        yield "refits"
        if self._way(supervisor) == "own":
            yield "own"
        else:
            yield from FEWER
        if not supervisor.simulates and not self._saw_all(self._seen(supervisor)):
            yield "strict"

    def _way(self, supervisor: WeakSupervisor[Any]) -> Way:
        return "own" if len(self._unused(supervisor)) >= ENOUGH else "refits"

    def _unused(self, supervisor: WeakSupervisor[Any]) -> IntArray:
        """Return positions of supervision examples whose labels the supervisor did not learn from."""
        rows = np.arange(len(self.data.supervision))
        return rows if supervisor.simulates else np.setdiff1d(rows, self._seen(supervisor).rows)

    def _saw_all(self, seen: SeenLabels) -> bool:
        return len(seen.rows) == len(self.data.supervision) and not seen.noise

    def _gold(self, supervisor: WeakSupervisor[Any]) -> IntArray:
        key = supervisor.digest()
        if key not in self._golds:
            gold = self.data.vault.release("supervision", "supervision", asked_by=supervisor.kind)
            self._golds[key] = derive(self.seed, "theory", "shuffled").permutation(gold) if self.shuffled else gold
        return self._golds[key]

    def _supervision(self, supervisor: WeakSupervisor[Any]) -> Supervision:
        data = self.data
        return Supervision(data.supervision, self._gold(supervisor), data.question, data.corpus)

    def _every(self, supervisor: WeakSupervisor[Any]) -> SeenLabels:
        """Return all labels of the split, as they are."""
        return SeenLabels(np.arange(len(self.data.supervision)), self._gold(supervisor))

    def _seen(self, supervisor: WeakSupervisor[Any]) -> SeenLabels:
        """Return what the run's supervisor learned from: the generator is that of the run."""
        return supervisor.sees(self._supervision(supervisor), self.data.vault.generator(self.seed, "supervisor"))

    def _taught(self, supervisor: WeakSupervisor[Any], way: Way) -> list[Lesson] | str:
        key = supervisor.digest(), way
        if key not in self._lessons:
            unfit = None if way == "own" and supervisor.simulates else self._not_again(supervisor, way)
            makers = {"strict": self._strictly, "own": self._as_it_is}
            made = makers[way](supervisor) if way in makers else self._refit(supervisor, FEWER.get(way, 1.0))
            self._lessons[key] = unfit or list(made)
        return self._lessons[key]

    def _not_again(self, supervisor: WeakSupervisor[Any], way: Way) -> str | None:
        """Return why a supervisor is not trained again, or None."""
        if supervisor.simulates:
            return "the supervisor is simulated"
        if supervisor.model is not None and supervisor.model.alone:
            return "the supervisor is too costly to train again"
        n = len(self._seen(supervisor).rows if way == "strict" else self.data.supervision)
        if way in FEWER:
            n = round(FEWER[way] * self._refit_size(supervisor)[0])
        if n < FEWEST_LABELS:
            return f"the supervisor has {n} labels, {FEWEST_LABELS} are needed"
        return None

    def _refit_size(self, supervisor: WeakSupervisor[Any]) -> tuple[int, int]:
        """Return how many labels each refit learns from, and of how many it draws them.

        A supervisor that uses some of the labels uses as many of what the largest fold leaves over, so that refits
        differ from it, and from each other, in which labels they saw and as little as can be in how many.
        """
        n = len(self.data.supervision)
        size = n - int(np.bincount(self.fold, minlength=FOLDS).max())
        return min(supervisor.labels_used(n), size), size

    def _refit(self, supervisor: WeakSupervisor[Any], share: float) -> Iterator[Lesson]:
        """Yield lessons without each fold, from a share of the labels that a refit has."""
        supervision = self._supervision(supervisor)
        count = round(share * self._refit_size(supervisor)[0])
        smaller = supervisor.with_labels(count)
        fresh = self._fresh_answers.setdefault(supervisor.digest(), [])
        for index in range(FOLDS):
            rest, left_out = np.flatnonzero(self.fold != index), np.flatnonzero(self.fold == index)
            if share < 1:
                # A permutation, cut: fewer labels are part of more, so that a curve does not compare different draws.
                order = derive(self.seed, "theory", "fewer labels", str(index)).permutation(rest)
                rest = np.sort(order[: round(share * len(rest))])
            rng = derive(self.seed, "theory", "refit", str(index))
            labeller = smaller.fit(supervision.take(rest), rng)
            yield Lesson(labeller, count, left_out, self._said(labeller, left_out, rng))
            if share == 1:
                fresh.append(labeller.label(self.fresh, None, rng).probabilities)

    def _strictly(self, supervisor: WeakSupervisor[Any]) -> Iterator[Lesson]:
        seen, supervision = self._seen(supervisor), self._supervision(supervisor)
        taken = supervision.take(seen.rows)
        as_seen = Supervision(taken.examples, seen.labels, taken.question, taken.corpus)
        for index in range(FOLDS):
            out = self.fold[seen.rows] == index
            # Few labels may all be in other folds, or in this one: nothing is judged then, or nobody could judge.
            if not out.any() or out.all():
                continue
            rng = derive(self.seed, "theory", "strict refit", str(index))
            labeller = supervisor.without_handicap.fit(as_seen.take(~out), rng)
            yield Lesson(labeller, int((~out).sum()), seen.rows[out], self._said(labeller, seen.rows[out], rng))

    def _as_it_is(self, supervisor: WeakSupervisor[Any]) -> Iterator[Lesson]:
        rows, supervision = self._unused(supervisor), self._supervision(supervisor)
        labeller, said = as_it_was(self.data, self.seed, supervisor, supervision, rows)
        weak = said.probabilities.astype(np.float64)
        yield Lesson(labeller, supervisor.labels_used(len(supervision)), rows, weak)

    def _said(self, labeller: Labeller[Any], rows: IntArray, rng: np.random.Generator) -> FloatArray:
        said = labeller.label(self.data.supervision.take(rows), None, rng)
        return np.asarray(said.probabilities, dtype=np.float64)

    def _courses(self, run: "RunAnswers", way: Way, lessons: Sequence[Lesson]) -> Iterator[AnyTraining]:
        """Yield the trainings of a run's student on what the supervisor of each lesson says."""
        data, setup = self.data, run.setup
        splits = {"transfer": data.transfer} | ({"validation": data.validation} if data.validation is not None else {})
        for index, lesson in enumerate(lessons):
            labels: dict[str, Signal]
            if way == "own":
                labels = {split: ClassProbabilities(run.weak[split]) for split in splits}
                rng = data.vault.generator(self.seed, "student")
            else:
                asked = derive(self.seed, "theory", "labels", way, str(index))
                labels = {name: lesson.labeller.label(examples, None, asked) for name, examples in splits.items()}
                rng = data.vault.generator(self.seed, "theory", "student", way, str(index))
            yield setup.method.train(data.view(labels), setup.student, rng)

    def _held_out(self, setup: "Setup", way: Way, seen: SeenLabels, judge: str) -> UnseenLabels | str:
        """Return labels that no lesson of a way has used, with what supervisor, student and judge say of them."""
        lessons = self._taught(setup.supervisor, way)
        answers = self._students.get((setup.digest(), way), "students were not trained again")
        judged = self._judges.of(setup.student, judge)
        for part in (lessons, answers, judged):
            if isinstance(part, str):
                return part
        assert not isinstance(lessons, str)
        assert not isinstance(answers, str)
        assert not isinstance(judged, str)
        rows = np.concatenate([lesson.rows for lesson in lessons])
        # Where each of these rows is among the labels that are known.
        order = np.argsort(seen.rows)
        place = order[np.searchsorted(seen.rows[order], rows)]
        return UnseenLabels(
            labels=one_hot(seen.labels[place], len(self.data.question.names)).astype(np.float64),
            weak=np.concatenate([lesson.weak for lesson in lessons]),
            student=np.concatenate(answers),
            judge=judged.held_out[place],
            judge_fresh=judged.fresh,
            noise=seen.noise,
            rows=rows,
            count=lessons[0].count,
            retrained=way != "own",
            fewer=tuple(self._with_fewer(setup)) if way == "refits" else (),
        )

    def _with_fewer(self, setup: "Setup") -> Iterator[FewerLabels]:
        """Yield the same from fewer labels, for each number of them that is large enough."""
        for way in FEWER:
            lessons, answers = self._taught(setup.supervisor, way), self._students.get((setup.digest(), way), "")
            if not isinstance(lessons, str) and not isinstance(answers, str):
                weak = np.concatenate([lesson.weak for lesson in lessons])
                yield FewerLabels(lessons[0].count, weak, np.concatenate(answers))


def _unfit(setup: "Setup") -> str | None:
    """Return why the student of a setup is not trained again, or None."""
    if setup.method.audits:
        return "the method buys labels"
    if setup.method.tier is not InformationTier.WEAK_LABELS:
        # It would be told of all supervision labels, the left-out ones that judge its student among them.
        return "the method knows more of the supervision split than a refit may"
    return "the student is too costly to train again" if setup.student.alone else None
