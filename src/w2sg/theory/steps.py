"""Theory's kinds of steps: what is observed of a run, what theories predict of it, and only then the truth.

The order is the graph's: the truth of a run has its predictions for an input, so it cannot be opened before they are in
the store, and a prediction that was changed afterwards has another key. Each set of predictions is sealed by a line of
the ledger, which also tells what had been opened by then (`w2sg.theory.sealing`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny

from w2sg.core import (
    Answer,
    InputError,
    Observables,
    Quantity,
    Task,
    Theory,
    component_field,
    register,
    seal,
)
from w2sg.graph import Artifact, Inputs, Step, on_behalf_of
from w2sg.lab import Ceiling, OnData, Setup, TrainedStudent, answers_of, labels_of
from w2sg.theory.answering import LEVEL, predict_all
from w2sg.theory.observing.runs import TEST, RunAnswers, TaskObserver, truth_of_run
from w2sg.theory.sealing import digest_of

AnyTheory = Annotated[SerializeAsAny[Theory], *component_field(Theory, "a theory")]


class OfRun(OnData):
    """A step about a trained student and its weak supervisor."""

    student: TrainedStudent

    @property
    def on(self) -> Task:
        """The task."""
        return self.student.labels.task

    @property
    def setup(self) -> Setup:
        """What the run tries."""
        labels = self.student.labels
        return Setup(
            task=labels.task, supervisor=labels.supervisor, student=self.student.student, method=self.student.method
        )

    def answers(self, inputs: Inputs) -> RunAnswers:
        """Return the answers of weak supervisor and student to every split."""
        weak, student = labels_of(self.data, inputs["labels"]), answers_of(self.data, inputs["student"])
        return RunAnswers(
            self.setup,
            {split: signal.probabilities for split, signal in weak.items()},
            {split: signal.probabilities for split, signal in student.items()},
        )


@register()
class Observation(OfRun):
    """What can be seen of a run without its ground truth, and with each of some numbers of audited labels."""

    kind: Literal["observation"] = "observation"
    audits: tuple[int, ...] = Field((), description="numbers of labels that are bought; larger ones hold smaller ones")
    shuffled: bool = Field(
        False, description="deal the supervision split's gold out anew: what then still predicts has seen other gold"
    )

    def inputs(self) -> Mapping[str, Step]:
        """Return the labels and the student."""
        return {"labels": self.student.labels, "student": self.student}

    @property
    def batch(self) -> str | None:
        """All runs on the same data: weak supervisors are trained again once, and all students in step."""
        return f"observation {self.place} {self.audits} {self.shuffled}"

    def compute(self, inputs: Inputs) -> Artifact:
        """Observe this run alone."""
        return self.compute_many([self], [inputs])[0]

    @classmethod
    def compute_many(cls, steps: Sequence["Observation"], inputs: Sequence[Inputs]) -> Sequence[Artifact]:
        """Observe runs on the same data together."""
        observer = TaskObserver(steps[0].data, steps[0].seed, shuffled=steps[0].shuffled)
        runs = [step.answers(given) for step, given in zip(steps, inputs, strict=True)]
        observer.train_again(runs)
        audits = [observer.audit(labels) for labels in steps[0].audits if labels <= len(observer.halves[0])]
        return [Artifact({}, _packed(observer.observe(run, audits))) for run in runs]


@register()
class Predictions(Step):
    """What theories say of a run, made and kept before its truth is opened."""

    kind: Literal["predictions"] = "predictions"
    observation: Observation
    theories: tuple[AnyTheory, ...] = Field(description="who is asked")
    level: float = Field(LEVEL, gt=0, lt=1, description="nominal coverage of the intervals")

    @property
    def place(self) -> str:
        """Where the run was observed."""
        return self.observation.place

    @property
    def batch(self) -> str | None:
        """All runs of a place: a theory of a plugin is asked of them at once, in one worker."""
        return f"predictions {self.place}"

    def compute(self, inputs: Inputs) -> Artifact:
        """Ask every theory of this run alone."""
        return self.compute_many([self], [inputs])[0]

    @classmethod
    def compute_many(cls, steps: Sequence["Predictions"], inputs: Sequence[Inputs]) -> Sequence[Artifact]:
        """Ask every theory, and have the ledger say that its answers were given."""
        said: dict[int, list[dict[str, Any]]] = {}
        for rows in _alike(steps):
            asked = [record for row in rows for record in observables_of(inputs[row]["observation"], str(row)).values()]
            for answer in predict_all(asked, steps[rows[0]].theories, steps[rows[0]].level):
                said.setdefault(int(answer.run), []).append(replace(answer, run="").to_dict())
        artifacts = []
        for row, step in enumerate(steps):
            answers = said.get(row, [])
            with on_behalf_of(step):
                seal(TEST, len(answers), digest_of(answers))
            artifacts.append(Artifact({}, {"answers": answers}))
        return artifacts


def _alike(steps: Sequence[Predictions]) -> list[list[int]]:
    """Return the rows of steps that ask the same theories; those of one study share the very objects."""
    groups: dict[tuple[float, ...], list[int]] = {}
    for row, step in enumerate(steps):
        groups.setdefault((step.level, *map(id, step.theories)), []).append(row)
    return list(groups.values())


@register()
class RunTruth(OfRun):
    """What really happened in a run: on the half of its test set that no observable saw, and on the other."""

    kind: Literal["truth"] = "truth"
    ceiling: Ceiling
    predictions: Predictions

    def inputs(self) -> Mapping[str, Step]:
        """Return what was predicted, and the answers to be judged."""
        judged = {"labels": self.student.labels, "student": self.student, "ceiling": self.ceiling}
        return {"predictions": self.predictions, **judged}

    @property
    def batch(self) -> str | None:
        """All runs on the same data: their gold is opened once."""
        return f"truth {self.place}"

    def compute(self, inputs: Inputs) -> Artifact:
        """Open the truth of this run alone."""
        return self.compute_many([self], [inputs])[0]

    @classmethod
    def compute_many(cls, steps: Sequence["RunTruth"], inputs: Sequence[Inputs]) -> Sequence[Artifact]:
        """Open the gold of both halves once, and judge every run by it."""
        data = steps[0].data
        # What happened to the inputs that were seen has names of its own: theories may speak of these very inputs, and
        # two measurements of one thing show how much noise is in each.
        halves = TaskObserver(data, steps[0].seed).halves
        opened = [
            (prefix, rows, data.vault.buy(TEST, rows, purpose="score", asked_by="theory"))
            for prefix, rows in zip(("batch_", ""), halves, strict=True)
        ]
        artifacts = []
        for step, given in zip(steps, inputs, strict=True):
            run, ceiling = step.answers(given), answers_of(data, given["ceiling"])
            weak, student, best = run.weak[TEST], run.student[TEST], ceiling[TEST].probabilities
            values = {
                f"{prefix}{name}": one
                for prefix, rows, gold in opened
                for name, one in truth_of_run(weak[rows], student[rows], best[rows], gold).items()
            }
            plain = {name: {"value": one.value, "se": one.se, "n": one.n} for name, one in values.items()}
            artifacts.append(Artifact({}, {"values": plain}))
        return artifacts


def observables_of(artifact: Artifact, run: str) -> dict[int, Observables]:
    """Return the observables of a run by the number of audited labels, from the artifact of `Observation`.

    Args:
        artifact: The artifact.
        run: The run's name, which stands in the observables.
    """
    base = replace(Observables.from_dict(artifact.record["base"]), run=run)
    observables: dict[int, Observables] = {}
    for labels, extra in sorted(artifact.record["extra"].items(), key=lambda item: int(item[0])):
        added = {name: Quantity(**fields) for name, fields in extra.items()}
        observables[int(labels)] = base.audited(int(labels), added) if int(labels) else base
    return observables


def answers_to(artifact: Artifact, run: str) -> list[Answer]:
    """Return what theories said of a run, from the artifact of `Predictions`."""
    return [replace(Answer.from_dict(plain), run=run) for plain in artifact.record["answers"]]


def truth_values(artifact: Artifact) -> dict[str, Quantity]:
    """Return the truth of a run by `target unit`, from the artifact of `RunTruth`."""
    return {name: Quantity(**plain, estimator="measured") for name, plain in artifact.record["values"].items()}


def _packed(observed: Mapping[int, Observables]) -> dict[str, Any]:
    """Return plain data that says what all numbers of labels share once."""
    base = observed[0].to_dict()
    own = {str(labels): one.to_dict()["quantities"] for labels, one in observed.items()}
    extra = {
        labels: {name: quantity for name, quantity in quantities.items() if name not in base["quantities"]}
        for labels, quantities in own.items()
    }
    return {"base": base, "extra": extra}


def check_audits(audits: Sequence[int]) -> tuple[int, ...]:
    """Return numbers of audited labels in order, each once.

    Raises:
        InputError: If one is not positive.
    """
    if any(labels < 1 for labels in audits):
        raise InputError(f"numbers of audited labels must be at least 1, got {list(audits)}")
    return tuple(sorted(set(audits)))
