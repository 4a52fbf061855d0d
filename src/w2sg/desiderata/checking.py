"""Checking a specification: labels of a stored run's test sets are bought until it is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from w2sg.core import BoolArray, Classes, Examples, IntArray, Question, Signal, derive, register, registry
from w2sg.desiderata.buying import buy_until_decided
from w2sg.desiderata.facts import DIFFICULTY, GROUP, GROUPS, RunFacts, Who, facts_of_run
from w2sg.desiderata.outcome import JudgedNode, Outcome, judged_tree
from w2sg.desiderata.specification import Specification
from w2sg.desiderata.studies import judged
from w2sg.desiderata.tree import Requirement
from w2sg.graph import Artifact, Inputs, Listing, Result, Step, Store
from w2sg.lab import (
    TEST,
    Ceiling,
    Run,
    Score,
    Setup,
    TrainedStudent,
    answers_of,
    labels_of,
    names_of,
    unlabelled_columns,
)
from w2sg.theory import LookAtLabels, look_at, one_of_each, share_of_look


@register()
class Check(LookAtLabels):
    """Labels of a run's test sets, bought one after the other until a specification is decided on it."""

    kind: Literal["check"] = "check"
    specification: Specification
    labels: int = Field(ge=0, description="the budget")
    ceiling: Ceiling | None = Field(None, description="where a requirement speaks of it")
    direct: TrainedStudent | None = Field(None, description="where a requirement speaks of it")

    def inputs(self) -> Mapping[str, Step]:
        """Return the labels, the student, and whom else requirements speak of."""
        more = {"ceiling": self.ceiling, "direct": self.direct}
        return {**super().inputs(), **{name: step for name, step in more.items() if step is not None}}

    def compute(self, inputs: Inputs) -> Artifact:
        """Buy labels until the specification is decided, or the budget is spent."""
        data, name = self.data, self.setup.digest()
        answers: dict[Who, Mapping[str, Signal]] = {
            "weak": labels_of(data, inputs["labels"]),
            "student": answers_of(data, inputs["student"]),
        }
        for who in ("ceiling", "direct"):
            if who in inputs:
                answers[who] = answers_of(data, inputs[who])
        kept, tests = dict[str, IntArray](), dict[str, RunFacts]()
        for test, examples in data.tests.items():
            # Examples that belong together are no independent draws: one of each group stands for it.
            kept[test] = one_of_each(examples, derive(self.draw, "check", "units", name, test, str(self.seed)))
            given = {who: signals[test].take(kept[test]) for who, signals in answers.items()}
            plain = data.tests[TEST], answers["student"][TEST]
            tests[test] = before_labels(test, examples.take(kept[test]), data.question, given, plain)

        def ask(test: str, rows: IntArray) -> Mapping[Who, BoolArray]:
            gold = data.vault.buy(test, kept[test][rows], purpose="score", asked_by=self.kind)
            chosen = {who: signals[test].take(kept[test][rows]) for who, signals in answers.items()}
            return {who: data.question.correct(signal, gold) for who, signal in chosen.items()}

        decision = buy_until_decided(
            self.specification,
            tests,
            ask,
            self.labels,
            derive(self.draw, "check", name, str(self.seed)),
            delta=self.specification.delta * share_of_look(self.look),
        )
        rows = {f"rows/{test}": kept[test][bought] for test, bought in decision.bought.items()}
        record = {
            "specification": self.specification.model_dump(mode="json"),
            "look": self.look,
            "tree": asdict(judged_tree(decision)),
            "n_labels": decision.n_labels,
            "n_inputs": {test: len(facts) for test, facts in tests.items()},
        }
        return Artifact(rows, record)

    def listing(self, artifact: Artifact) -> Listing:
        """Return the names of the setup's parts, the specification, and the verdict."""
        verdict = artifact.record["tree"]["verdict"]
        shown = {"specification": self.specification.name, "verdict": verdict, "labels": artifact.record["n_labels"]}
        return Listing(self.setup, {**names_of(self.setup), **shown})


def before_labels(
    name: str,
    examples: Examples,
    question: Question[Any],
    answers: Mapping[Who, Signal],
    plain: tuple[Examples, Signal],
) -> RunFacts:
    """Return what is known of a test set before a label of it is bought.

    Args:
        name: The test set.
        examples: Its examples.
        question: What the task asks.
        answers: Who answers, and what.
        plain: The test set in distribution, and what the student answers there.
    """
    columns = unlabelled_columns(question, examples, {who: answer for who, answer in answers.items()}, plain)
    if GROUP in examples.metadata:
        columns[GROUP] = examples.metadata[GROUP].astype(str)
    if DIFFICULTY in examples.metadata:
        columns[DIFFICULTY] = examples.metadata[DIFFICULTY].astype(np.float64)
    unknown = np.zeros(len(examples), dtype=np.bool_)
    return RunFacts(
        name=name,
        ids=examples.ids,
        answers=_numbered(question, answers),
        n_answers=len(question.names) if isinstance(question, Classes) else None,
        columns=columns,
        copied=question.same(answers["student"], answers["weak"]),
        right={who: unknown for who in answers},
        known=unknown,
        units=examples.metadata.get(GROUPS),
    )


def _numbered(question: Question[Any], answers: Mapping[Who, Signal]) -> dict[Who, IntArray]:
    """Return a number for every answer: answers to one input that are the same have one number."""
    numbers: dict[Who, IntArray] = {}
    for place, (who, signal) in enumerate(answers.items()):
        own = np.full(len(signal), place)
        # The first who said the same lends its number; later ones cannot change what is equal already.
        for other in reversed(list(numbers)):
            own = np.where(question.same(signal, answers[other]), numbers[other], own)
        numbers[who] = own
    return numbers


def check_run(
    result: Result, specification: Specification, *, store: str | Path, labels: int, draw: int = 0
) -> tuple[Outcome, int]:
    """Buy labels of a run's test sets until a specification is decided on it, with what earlier looks left of delta.

    Asking the very same again gives the same answer and is no new look.

    Args:
        result: The run, as the store lists it.
        specification: What is required.
        store: The store that has it.
        labels: The budget.
        draw: Decides the order in which labels are bought.

    Returns:
        What came of it, and the how-manieth look at the labels of this place it is.

    Raises:
        InputError: The run was made by other code or data.
        CapabilityError: The specification does not fit the run.
    """
    atoms = [part for part in specification.require.walk() if isinstance(part, Requirement)]
    about = frozenset[Who]().union(*(atom.quantity.about for atom in atoms))

    def step(score: Score, look: int) -> Check:
        return Check(
            student=score.student,
            seed=score.seed,
            specification=specification,
            labels=labels,
            draw=draw,
            look=look,
            ceiling=score.ceiling if "ceiling" in about else None,
            direct=score.direct if "direct" in about else None,
        )

    artifact, look = look_at(result, store, step)
    return outcome_of(artifact, result), look


def outcome_of(artifact: Artifact, result: Result) -> Outcome:
    """Return what came of a check from its artifact.

    Args:
        artifact: The artifact.
        result: The run that was checked, or the check, as the store lists it.
    """
    record = artifact.record
    return Outcome(
        about=names_of(Setup.parse(result.about)),
        tree=JudgedNode.from_plain(record["tree"]),
        delta=record["specification"]["delta"] * share_of_look(record["look"]),
        n_labels=record["n_labels"],
        n_inputs=record["n_inputs"],
        seeds=(result.seed,),
        rows={name.removeprefix("rows/"): tuple(rows.tolist()) for name, rows in artifact.arrays.items()},
    )


@dataclass(frozen=True)
class StoredCheck:
    """A specification that was decided on a run by labels of its test sets.

    Attributes:
        run_id: The run.
        specification: What was required.
        outcome: What came of it.
        look: The how-manieth look at the labels of the run's place it was.
    """

    run_id: str
    specification: Specification
    outcome: Outcome
    look: int


def checks_of(store: str | Path, run_ids: Sequence[str]) -> list[StoredCheck]:
    """Return the checks of some runs, in the order of the runs, those of a run in the order of their looks.

    Args:
        store: The store that has them.
        run_ids: The ids of the runs.
    """
    found: dict[str, list[StoredCheck]] = {}
    with Store(store) as opened:
        # A check is about the student that a run scored: both have its key among what they read.
        students = {(opened.record(run) or {}).get("inputs", {}).get("student"): run for run in run_ids}
        for result in opened.results(step=registry.kind_of(Check)):
            artifact = opened.get(result.key)
            run = None if artifact is None else students.get(artifact.record["inputs"]["student"])
            if artifact is not None and run is not None:
                given = Specification.parse(artifact.record["specification"])
                one = StoredCheck(run, given, outcome_of(artifact, result), artifact.record["look"])
                found.setdefault(run, []).append(one)
    return [one for run in run_ids for one in sorted(found.get(run, []), key=lambda check: check.look)]


def check_runs(specification: Specification, runs: Sequence[Run], titles: Mapping[str, str]) -> list[Outcome]:
    """Judge every setup of some finished runs by a specification, from all labels of their test sets.

    Args:
        specification: What is required.
        runs: The runs of a study.
        titles: Names to show for parts, by the digest of the part.
    """
    by_setup: dict[str, list[Run]] = {}
    for run in runs:
        by_setup.setdefault(run.setup.digest(), []).append(run)
    found = []
    for own in by_setup.values():
        setup = own[0].setup
        others = {
            theirs[0].setup.label(titles)["supervisor"]: theirs
            for theirs in by_setup.values()
            if _differs_in_supervisor(setup, theirs[0].setup)
        }
        decision = judged(specification, own, others)
        inputs = {name: len(facts) for name, facts in facts_of_run(own[0]).items()}
        outcome = Outcome(
            about=setup.label(titles),
            tree=judged_tree(decision),
            delta=specification.delta,
            n_labels=sum(inputs.values()) * len(own),
            n_inputs=inputs,
            seeds=tuple(sorted(run.seed for run in own)),
            all_labels=True,
        )
        found.append(outcome)
    return found


def _differs_in_supervisor(setup: Setup, other: Setup) -> bool:
    same = all(getattr(setup, part) == getattr(other, part) for part in ("task", "student", "method"))
    return same and setup.supervisor != other.supervisor
