"""The last step of a run: who was right on which test example, and the metrics of it."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from w2sg.core import (
    AnyArray,
    BoolArray,
    Examples,
    Question,
    Signal,
    Task,
    register,
    registry,
    wording,
)
from w2sg.graph import REFUSED, Artifact, Inputs, Listing, Step, versions
from w2sg.lab.intervals import DRAWS, SAMPLING
from w2sg.lab.setup import Setup, names_of
from w2sg.lab.steps import TRANSFER, Ceiling, OnData, TrainedStudent, answers_of, labels_of
from w2sg.measure import (
    auroc,
    auroc_variance,
    balanced_accuracy,
    balanced_accuracy_variance,
    breakdown,
    calibration_variance,
    conditional_share_variance,
    difficulty_bins,
    draws_of_area,
    draws_of_recall,
    expected_calibration_error,
    share_variance,
    squared_calibration_error,
)

TEST = "test"
SUPERVISION = "supervision"
GROUPS = "together"
"""The metadata column that says which examples belong together, such as the questions on one text."""


@register()
class Score(OnData):
    """What came out of a run: per-example correctness of weak supervisor, student and ceiling, and the metrics."""

    can_do_without: ClassVar[frozenset[str]] = frozenset({"direct"})

    kind: Literal["score"] = "score"
    student: TrainedStudent
    ceiling: Ceiling
    direct: TrainedStudent | None = Field(
        None, description="the student trained on supervision gold: what every use of that gold must beat"
    )

    @property
    def setup(self) -> Setup:
        """What the run tries."""
        labels = self.student.labels
        return Setup(
            task=labels.task, supervisor=labels.supervisor, student=self.student.student, method=self.student.method
        )

    @property
    def on(self) -> Task:
        """The task."""
        return self.student.labels.task

    def inputs(self) -> Mapping[str, Step]:
        """Return the labels, the student, the ceiling and, where there is one, the direct student."""
        direct = {} if self.direct is None else {"direct": self.direct}
        return {"labels": self.student.labels, "student": self.student, "ceiling": self.ceiling, **direct}

    @property
    def batch(self) -> str | None:
        """Runs whose students were trained together are scored together."""
        return None if self.student.batch is None else f"score {self.student.batch}"

    def compute(self, inputs: Inputs) -> Artifact:
        """Score this run alone."""
        (scored,) = self.compute_many([self], [inputs])
        return scored

    @classmethod
    def compute_many(cls, steps: Sequence["Score"], inputs: Sequence[Inputs]) -> Sequence[Artifact]:
        """Open the gold of each test set once, and score every run of the batch with it."""
        data = steps[0].data
        gold = {name: data.vault.release("score", name, asked_by="score") for name in (*data.tests, TRANSFER)}
        scored = []
        for given in inputs:
            labels = labels_of(data, given["labels"])
            students = {
                part: answers_of(data, given[part])
                for part in ("student", "ceiling", "direct")
                if part in given and REFUSED not in given[part].record
            }
            metrics: dict[str, Any] = {}
            evidence: dict[str, AnyArray] = {}
            for name, examples in data.tests.items():
                answers = {"weak": labels[name], **{part: answered[name] for part, answered in students.items()}}
                metrics[name], correct = scores_of(data.question, examples, gold[name], answers)
                groups = {f"{name}.groups": examples.metadata[GROUPS]} if GROUPS in examples.metadata else {}
                hits = {f"{name}.{who}": right for who, right in correct.items()}
                evidence |= {f"{name}.ids": examples.ids, **groups, **hits}
            # whose rows were trained on: how many two seeds share decides how much they tell of new data
            evidence |= {f"{SUPERVISION}.ids": data.supervision.ids, f"{TRANSFER}.ids": data.transfer.ids}
            metrics[TRANSFER] = {
                "n": len(gold[TRANSFER]),
                "weak_accuracy": float(data.question.correct(labels[TRANSFER], gold[TRANSFER]).mean()),
                "agreement": float(data.question.same(students["student"][TRANSFER], labels[TRANSFER]).mean()),
            }
            about = {"classes": list(data.question.names), "counts": dict(data.counts), "versions": versions()}
            scored.append(Artifact(evidence, {"metrics": metrics, **about}))
        return scored

    def listing(self, artifact: Artifact) -> Listing:
        """Return the names of the setup's parts, and the accuracies on the test set in distribution."""
        shown = shown_metrics(artifact.record["metrics"][TEST])
        return Listing(self.setup, {**names_of(self.setup), **shown, "trust": shown_trust(artifact.record["trust"])})

    def refused_listing(self, reason: str) -> Listing:
        """Return the names of the setup's parts, and why they do not fit."""
        return Listing(self.setup, {**names_of(self.setup), REFUSED: reason})

    def title(self) -> str:
        """Return the names of the setup's parts, and the seed."""
        return f"{' / '.join(names_of(self.setup).values())}, seed {self.seed}"


def shown_trust(trust: Mapping[str, Any]) -> str:
    """Return where numbers were made, in words: a trust tier, and whose code ran beside ground truth."""
    beside = [name.removeprefix(registry.PLUGIN) for name in trust["beside"]]
    return f"{trust['tier']} beside {wording.listed(beside)}" if beside else str(trust["tier"])


def shown_metrics(test: Mapping[str, Any]) -> dict[str, int | float | None]:
    """Return what a run is listed with: test examples, three accuracies, and the PGR of this run alone.

    The PGR of one run has no interval and is there to sort by; it is None where the ceiling is not above the weak
    supervisor.
    """
    weak, student, ceiling = (test[who]["accuracy"] for who in ("weak", "student", "ceiling"))
    pgr = (student - weak) / (ceiling - weak) if ceiling > weak else None
    accuracies = {"weak_accuracy": weak, "student_accuracy": student, "ceiling_accuracy": ceiling}
    return {"n_test": test["n"], **accuracies, "pgr": pgr}


def scores_of(
    question: Question[Any], examples: Examples, gold: AnyArray, answers: Mapping[str, Signal]
) -> tuple[dict[str, Any], dict[str, BoolArray]]:
    """Return the metrics of a test set and who was right, `(n,)` each.

    Metrics that need probabilities (AUROC, calibration) are there where the variant of signal has them.

    Args:
        question: What the task asks.
        examples: The test set.
        gold: Its gold, `(n,)`.
        answers: What `weak`, `student`, `ceiling` and, where there is one, `direct` answer.
    """
    correct = {who: question.correct(signal, gold) for who, signal in answers.items()}
    units = examples.metadata.get(GROUPS)
    metrics: dict[str, Any] = {"n": len(gold)}
    noise: dict[str, Any] = {}
    # Examples of one group are drawn together: there are as many draws as groups.
    alone = 1.0 if units is None else len(set(units.tolist())) / len(gold)
    draws: dict[str, Any] = {"agreement": alone * len(gold)}
    for who, signal in answers.items():
        metrics[who] = {"accuracy": float(correct[who].mean())}
        probabilities = question.probabilities(signal)
        if probabilities is not None:
            metrics[who] |= {
                "balanced_accuracy": balanced_accuracy(probabilities.argmax(axis=1), gold),
                "auroc": auroc(probabilities, gold),
                "ece": expected_calibration_error(probabilities, gold),
                "squared_calibration_error": squared_calibration_error(probabilities, gold),
            }
            noise[who] = {
                "balanced_accuracy": balanced_accuracy_variance(probabilities.argmax(axis=1) == gold, gold, units),
                "auroc": auroc_variance(probabilities, gold, units),
                "squared_calibration_error": calibration_variance(probabilities, gold, units),
            }
            draws[who] = {
                "balanced_accuracy": alone * draws_of_recall(gold),
                "auroc": alone * draws_of_area(gold),
                "squared_calibration_error": alone * len(gold),
            }
    copied, wrong = question.same(answers["student"], answers["weak"]), ~correct["weak"]
    metrics["agreement"], noise["agreement"] = float(copied.mean()), share_variance(copied, units)
    metrics["errors_copied"] = float(copied[wrong].mean()) if wrong.any() else None
    noise["errors_copied"] = conditional_share_variance(copied, wrong, units) if wrong.any() else None
    draws["errors_copied"] = alone * int(wrong.sum())
    metrics[SAMPLING], metrics[DRAWS] = noise, draws
    metrics["breakdown"] = _breakdowns(examples, correct)
    return metrics, correct


def _breakdowns(examples: Examples, correct: Mapping[str, BoolArray]) -> dict[str, Any]:
    """Return accuracy by group and by quarter of difficulty, where the examples say them."""
    columns: dict[str, AnyArray] = {}
    if "group" in examples.metadata:
        columns["group"] = examples.metadata["group"].astype(str)
    if "difficulty" in examples.metadata:
        columns["difficulty"] = difficulty_bins(examples.metadata["difficulty"].astype(float))
    return {
        name: {
            who: {str(label): {"n": cell.n, "accuracy": cell.accuracy} for label, cell in cells.items()}
            for who, cells in ((who, breakdown(hits, column)) for who, hits in correct.items())
        }
        for name, column in columns.items()
    }
