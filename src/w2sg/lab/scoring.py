"""The last step of a run: who was right on which test example, and the metrics of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    BoolArray,
    ClassProbabilities,
    Examples,
    IntArray,
    Question,
    Signal,
    Task,
    register,
    registry,
    wording,
)
from w2sg.graph import REFUSED, Artifact, Inputs, Listing, Result, Step, versions
from w2sg.lab.intervals import DRAWS, SAMPLING
from w2sg.lab.setup import Setup, names_of
from w2sg.lab.steps import CURVE, TRANSFER, Ceiling, OnData, TrainedStudent, answers_of, labels_of
from w2sg.lab.unlabelled import unlabelled_columns
from w2sg.measure import (
    MINIMUM_GAP,
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
        # Supervisor, ceiling and direct student are the same in most runs of a batch, and are judged once.
        judged: dict[tuple[str, str], Judged] = {}
        for step, given in zip(steps, inputs, strict=True):
            whose = {"weak" if part == "labels" else part: made.digest() for part, made in step.inputs().items()}
            labels = labels_of(data, given["labels"])
            students = {
                part: answers_of(data, given[part])
                for part in ("student", "ceiling", "direct")
                if part in given and REFUSED not in given[part].record
            }
            metrics: dict[str, Any] = {}
            evidence: dict[str, AnyArray] = {}
            group_names: dict[str, list[str]] = {}
            for name, examples in data.tests.items():
                answers = {"weak": labels[name], **{part: answered[name] for part, answered in students.items()}}
                of_each = {}
                for who, signal in answers.items():
                    known = name, whose[who]
                    if known not in judged:
                        judged[known] = Judged.of(data.question, examples, gold[name], signal)
                    of_each[who] = judged[known]
                metrics[name], correct = scores_of(data.question, examples, answers, of_each)
                metrics[name] |= baselines_of(data.question, gold[name], gold[TRANSFER])
                plain = data.tests[TEST], students["student"][TEST]
                columns, group_names[name] = _columns(data.question, examples, answers, plain)
                evidence |= {f"{name}.{what}": column for what, column in {**columns, **correct}.items()}
            # whose rows were trained on: how many two seeds share decides how much they tell of new data
            evidence |= {f"{SUPERVISION}.ids": data.supervision.ids, f"{TRANSFER}.ids": data.transfer.ids}
            # Beside the evidence, so that whoever has the runs of a study has their curves; arrays are kept once.
            evidence |= {
                f"{CURVE}/{part}": given[part].arrays[CURVE] for part in students if CURVE in given[part].arrays
            }
            metrics[TRANSFER] = {
                "n": len(gold[TRANSFER]),
                "weak_accuracy": float(data.question.correct(labels[TRANSFER], gold[TRANSFER]).mean()),
                "agreement": float(data.question.same(students["student"][TRANSFER], labels[TRANSFER]).mean()),
            }
            about = {"classes": list(data.question.names), "counts": dict(data.counts), "versions": versions()}
            scored.append(Artifact(evidence, {"metrics": metrics, "group_names": group_names, **about}))
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


def pgr_of_run(result: Result) -> float | None:
    """Return the PGR of a run alone; None where its ceiling is less than the minimum gap above its weak supervisor."""
    shown = result.shown
    pgr = shown.get("pgr")
    if pgr is None or shown["ceiling_accuracy"] - shown["weak_accuracy"] < MINIMUM_GAP:
        return None
    return float(pgr)


@dataclass(frozen=True, eq=False)
class Judged:
    """What gold says of one who answers.

    Attributes:
        correct: Which answers are right, `(n,)`.
        metrics: Accuracy, and what needs probabilities (AUROC, calibration) where the variant of signal has them.
        noise: The sampling variance of metrics.
        draws: Of how many independent draws they are made.
    """

    correct: BoolArray
    metrics: Mapping[str, Any]
    noise: Mapping[str, Any]
    draws: Mapping[str, Any]

    @classmethod
    def of(cls, question: Question[Any], examples: Examples, gold: AnyArray, signal: Signal) -> Self:
        """Judge answers by gold `(n,)`."""
        correct, units = question.correct(signal, gold), examples.metadata.get(GROUPS)
        plain = {"accuracy": float(correct.mean())}
        probabilities = question.probabilities(signal)
        if probabilities is None:
            return cls(correct, plain, {}, {})
        named, alone = probabilities.argmax(axis=1), _alone(examples)
        metrics = {
            "balanced_accuracy": balanced_accuracy(named, gold),
            "most_named": _largest_share(named),
            "auroc": auroc(probabilities, gold),
            "ece": expected_calibration_error(probabilities, gold),
            "squared_calibration_error": squared_calibration_error(probabilities, gold),
        }
        noise = {
            "balanced_accuracy": balanced_accuracy_variance(named == gold, gold, units),
            "auroc": auroc_variance(probabilities, gold, units),
            "squared_calibration_error": calibration_variance(probabilities, gold, units),
        }
        draws = {
            "balanced_accuracy": alone * draws_of_recall(gold),
            "auroc": alone * draws_of_area(gold),
            "squared_calibration_error": alone * len(gold),
        }
        return cls(correct, plain | metrics, noise, draws)


def scores_of(
    question: Question[Any], examples: Examples, answers: Mapping[str, Signal], judged: Mapping[str, Judged]
) -> tuple[dict[str, Any], dict[str, BoolArray]]:
    """Return the metrics of a test set and who was right, `(n,)` each.

    Args:
        question: What the task asks.
        examples: The test set.
        answers: What `weak`, `student`, `ceiling` and, where there is one, `direct` answer.
        judged: How each of them did.
    """
    correct, units = {who: one.correct for who, one in judged.items()}, examples.metadata.get(GROUPS)
    metrics: dict[str, Any] = {"n": len(examples)} | {who: dict(one.metrics) for who, one in judged.items()}
    noise: dict[str, Any] = {who: dict(one.noise) for who, one in judged.items() if one.noise}
    draws: dict[str, Any] = {who: dict(one.draws) for who, one in judged.items() if one.draws}
    copied, wrong = question.same(answers["student"], answers["weak"]), ~correct["weak"]
    metrics["agreement"], noise["agreement"] = float(copied.mean()), share_variance(copied, units)
    metrics["errors_copied"] = float(copied[wrong].mean()) if wrong.any() else None
    noise["errors_copied"] = conditional_share_variance(copied, wrong, units) if wrong.any() else None
    alone = _alone(examples)
    draws |= {"agreement": alone * len(examples), "errors_copied": alone * int(wrong.sum())}
    metrics[SAMPLING], metrics[DRAWS] = noise, draws
    metrics["breakdown"] = _breakdowns(examples, correct)
    return metrics, correct


def baselines_of(question: Question[Any], gold: AnyArray, learned_from: AnyArray) -> dict[str, float]:
    """Return how often one is right without a model, where classes are asked for.

    Args:
        question: What the task asks.
        gold: The right classes of the test set.
        learned_from: Those of the transfer split, whose most frequent class `majority` names for everything.
    """
    if question.signal is not ClassProbabilities:
        return {}
    frequent = np.bincount(learned_from).argmax()
    return {"majority": float((gold == frequent).mean()), "chance": 1 / len(question.names)}


def _largest_share(labels: IntArray) -> float:
    """Return the share of the most frequent of some labels `(n,)`."""
    return float(np.unique(labels, return_counts=True)[1].max() / len(labels))


def _columns(
    question: Question[Any], examples: Examples, answers: Mapping[str, Signal], plain: tuple[Examples, Signal]
) -> tuple[dict[str, AnyArray], list[str]]:
    """Return what is known of each example without its label, `(n,)` each, and what the numbers of `group` stand for.

    They say which examples a requirement speaks of: `copied` where the student answers as its weak supervisor, what
    `unlabelled_columns` says, `group` and `difficulty` where examples have them, `groups` that belong together.
    """
    columns = {"ids": examples.ids, **unlabelled_columns(question, examples, answers, plain)}
    columns["copied"] = question.same(answers["student"], answers["weak"])
    if "difficulty" in examples.metadata:
        columns["difficulty"] = examples.metadata["difficulty"].astype(np.float64)
    if GROUPS in examples.metadata:
        columns["groups"] = examples.metadata[GROUPS]
    if "group" not in examples.metadata:
        return columns, []
    names, columns["group"] = np.unique(examples.metadata["group"].astype(str), return_inverse=True)
    return columns, [str(name) for name in names]


def _alone(examples: Examples) -> float:
    """Return how many independent draws one example is: those of one group are drawn together."""
    groups = examples.metadata.get(GROUPS)
    return 1.0 if groups is None else len(set(groups.tolist())) / len(examples)


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
