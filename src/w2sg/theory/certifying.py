"""Certificates of a stored run: labels of its test set are bought, and what they allow is certified.

Labels of the supervision split that the weak supervisor did not learn from cost nothing more, and judge it too.

A certificate holds with probability 1 - delta for whoever asks once. What a second look costs is in `looking.py`.
"""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from w2sg.core import (
    CapabilityError,
    ClassProbabilities,
    FloatArray,
    InputError,
    IntArray,
    Supervision,
    TaskData,
    WeakSupervisor,
    derive,
    register,
)
from w2sg.graph import Artifact, Inputs, Result
from w2sg.lab import Score
from w2sg.theory.certificate import Certificate
from w2sg.theory.certificates import CLAIMS, Certified, certify_run
from w2sg.theory.looking import LookAtLabels, look_at, one_of_each, share_of_look
from w2sg.theory.observing.retraining import ENOUGH, SUPERVISION, as_it_was
from w2sg.theory.observing.runs import TEST

LIKE_DEPLOYMENT = "the supervision split is drawn as deployment is"
"""What labels of the supervision split rest on. A task does not say of itself whether it is true."""


@register()
class Certification(LookAtLabels):
    """Labels of a run's test set, and the certificates that they allow."""

    kind: Literal["certification"] = "certification"
    labels: int = Field(ge=0, description="the budget")
    delta: float = Field(gt=0, lt=1, description="how often any certificate from this test set may be wrong")
    test: str = Field(TEST, description="which test set; all but 'test' are shifted")
    on_disagreements: float = Field(0.5, ge=0, le=1, description="share of the budget for where the models disagree")

    def compute(self, inputs: Inputs) -> Artifact:
        """Buy labels and certify.

        Raises:
            InputError: There is no such test set, or the budget is more than it (or its groups).
            CapabilityError: The task asks for no class probabilities.
        """
        data, test = self.data, self.test
        if test not in data.tests:
            raise InputError(f"the task has no test set {test!r}: it has {', '.join(data.tests)}")
        if data.question.signal is not ClassProbabilities:
            raise CapabilityError(
                f"certificates speak of class probabilities: this task asks for {data.question.signal.variant!r}"
            )
        run, examples, name = self.answers(inputs), data.tests[test], self.setup.digest()
        kept = one_of_each(examples, derive(self.draw, "certify", "units", name, str(self.seed)))
        held_out: tuple[FloatArray, IntArray] | str = f"that split is not shifted as {test!r} is"
        if test == TEST:
            held_out = left_over(data, self.setup.supervisor, self.seed, asked_by=self.kind)

        def ask(rows: IntArray) -> IntArray:
            return np.asarray(data.vault.buy(test, kept[rows], asked_by=self.kind))

        certified = certify_run(
            run.weak[test][kept],
            run.student[test][kept],
            ask,
            self.labels,
            self.delta * share_of_look(self.look),
            derive(self.draw, "certify", name, str(self.seed)),
            on_disagreements=self.on_disagreements,
            held_out=None if isinstance(held_out, str) else held_out,
            inputs=_inputs_of(test) + (", one of each group" if len(kept) < len(examples) else ""),
        )
        told = _of_supervision(certified, held_out if isinstance(held_out, str) else "")
        return Artifact({"rows": np.asarray(certified.rows)}, {**_plain(told), "look": self.look})


def _inputs_of(test: str) -> str:
    return "inputs of the test set" if test == TEST else f"inputs of the shifted test set {test!r}"


def certify_stored(
    result: Result,
    *,
    store: str | Path,
    labels: int,
    delta: float,
    test: str = TEST,
    on_disagreements: float = 0.5,
    draw: int = 0,
) -> tuple[Certified, int]:
    """Buy labels of a run's test set and certify what they allow, with what earlier looks left of delta.

    Asking the very same again gives the same certificates and is no new look.

    Args:
        result: The run, as the store lists it.
        store: The store that has it.
        labels: The budget.
        delta: How often any certificate from this run's test sets may be wrong, however often one looks.
        test: Which test set; what is certified of a shifted one holds for inputs that are shifted so.
        on_disagreements: Which share of the budget goes to inputs on which weak supervisor and student disagree.
        draw: Decides which inputs are labelled.

    Where test examples come in groups that belong together, one of each is taken at random: groups are the draws.

    Returns:
        The certificates, and the how-manieth look they are.

    Raises:
        InputError: There is no such test set, the budget is more than it (or its groups), or the run was made by other
            code or data.
        CapabilityError: The task asks for no class probabilities.
    """
    if not 0 < delta < 1:
        raise InputError(f"delta must be between 0 and 1, got {delta}")

    def step(score: Score, look: int) -> Certification:
        asked = {"labels": labels, "delta": delta, "test": test, "on_disagreements": on_disagreements, "draw": draw}
        return Certification.parse({**asked, "look": look, "student": score.student, "seed": score.seed})

    artifact, look = look_at(result, store, step)
    return _certified(artifact), look


def left_over(
    data: TaskData, supervisor: WeakSupervisor[Any], seed: int, *, asked_by: str
) -> tuple[FloatArray, IntArray] | str:
    """Return labels of the supervision split that a run's weak supervisor did not learn from, and what it says there.

    It is trained again, exactly as it was for the run. Of examples that belong together one is taken, and none of a
    group of which it learned an example.

    Args:
        data: The splits of the run's place.
        supervisor: The run's weak supervisor.
        seed: The run's seed.
        asked_by: Who asks, for the ledger.

    Returns:
        Its class probabilities `(n, k)` and the classes `(n,)`, or why there are none.
    """
    # None of these reasons looks at a label: what is certified, and so the split of delta, may depend on them.
    if supervisor.simulates:
        return "it is simulated, so that its errors are a fixed number and no draws"
    if supervisor.labels_used(len(data.supervision)) == len(data.supervision):
        return "it learned from all labels of its split"
    if supervisor.model is not None and supervisor.model.alone:
        return "it is too costly to train again"
    gold = data.vault.release("supervision", SUPERVISION, asked_by=supervisor.kind)
    supervision = Supervision(data.supervision, gold, data.question, data.corpus)
    seen = supervisor.sees(supervision, data.vault.generator(seed, "supervisor")).rows
    groups = np.asarray(data.supervision.metadata.get("together", data.supervision.ids))
    rows = np.flatnonzero(~np.isin(groups, groups[seen]))
    rows = rows[one_of_each(data.supervision.take(rows), derive(seed, "certify", "left over"))]
    if len(rows) < ENOUGH:
        return f"it left {len(rows)} independent labels of its split over, {ENOUGH} are needed"
    _, said = as_it_was(data, seed, supervisor, supervision, rows)
    checked = data.question.checked(said, len(rows), "weak labels").untied(derive(seed, "ties", SUPERVISION))
    labels = data.vault.buy(SUPERVISION, rows, purpose="score", asked_by=asked_by)
    return np.asarray(checked.probabilities, dtype=np.float64), np.asarray(labels)


def _of_supervision(certified: Certified, why_none: str) -> Certified:
    """Return certificates that say what left-over labels of the supervision split rest on, or why there are none."""

    def told(name: str) -> bool:
        return "held_out" in CLAIMS[name].needs

    certificates = {
        name: replace(one, strength="conditional", assumptions=(*one.assumptions, LIKE_DEPLOYMENT))
        if told(name)
        else one
        for name, one in certified.certificates.items()
    }
    skipped = {
        name: f"{why}: {why_none}" if told(name) and why_none else why for name, why in certified.skipped.items()
    }
    return replace(certified, certificates=certificates, skipped=skipped)


def _plain(certified: Certified) -> dict[str, Any]:
    return {
        "certificates": {name: asdict(certificate) for name, certificate in certified.certificates.items()},
        "skipped": dict(certified.skipped),
        "delta": certified.delta,
        "n_random": certified.n_random,
        "n_disagreements": certified.n_disagreements,
    }


def _certified(artifact: Artifact) -> Certified:
    record = artifact.record
    made = {
        name: Certificate(**{**plain, "assumptions": tuple(plain["assumptions"])})
        for name, plain in record["certificates"].items()
    }
    return Certified(
        certificates=made,
        skipped=record["skipped"],
        delta=record["delta"],
        rows=artifact.arrays["rows"],
        n_random=record["n_random"],
        n_disagreements=record["n_disagreements"],
    )
