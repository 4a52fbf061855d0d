"""Certificates of a stored run: labels of its test set are bought, and what they allow is certified.

Labels of the supervision split that the weak supervisor did not learn from cost nothing more, and judge it too.

A certificate holds with probability 1 - delta for whoever asks once. Whoever asks again, of the same labels, and
reports the best answer, errs more often. So the ledger is read first, and the j-th look at the labels of a place gets
`6 / (pi^2 j^2)` of delta: these shares sum to 1, however often one looks, so that all certificates ever made from one
test set hold together with probability 1 - delta.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from w2sg.core import (
    CapabilityError,
    ClassProbabilities,
    Examples,
    FloatArray,
    InputError,
    IntArray,
    Supervision,
    TaskData,
    WeakSupervisor,
    derive,
    register,
)
from w2sg.graph import Artifact, Inputs, Keys, Result, Step, Store, execute
from w2sg.lab import Score, score_of
from w2sg.theory.certificate import Certificate
from w2sg.theory.certificates import CLAIMS, Certified, certify_run
from w2sg.theory.observing.retraining import ENOUGH
from w2sg.theory.observing.runs import TEST
from w2sg.theory.steps import OfRun

SUPERVISION = "supervision"
LIKE_DEPLOYMENT = "the supervision split is drawn as deployment is"
"""What labels of the supervision split rest on. A task does not say of itself whether it is true."""


def share_of_look(look: int) -> float:
    """Return the share of delta that the `look`-th look at the same labels gets; over all looks they sum to 1.

    >>> round(share_of_look(1), 4), round(sum(share_of_look(look) for look in range(1, 10_000)), 3)
    (0.6079, 1.0)
    """
    return 6 / (math.pi * look) ** 2


@register()
class Certification(OfRun):
    """Labels of a run's test set, and the certificates that they allow."""

    kind: Literal["certification"] = "certification"
    labels: int = Field(ge=0, description="the budget")
    delta: float = Field(gt=0, lt=1, description="how often any certificate from this test set may be wrong")
    on_disagreements: float = Field(0.5, ge=0, le=1, description="share of the budget for where the models disagree")
    draw: int = Field(0, ge=0, description="decides which inputs are labelled")
    look: int = Field(1, ge=1, description="the how-manieth look at the labels of this test set this is")

    def inputs(self) -> Mapping[str, Step]:
        """Return the labels and the student."""
        return {"labels": self.student.labels, "student": self.student}

    def compute(self, inputs: Inputs) -> Artifact:
        """Buy labels and certify.

        Raises:
            InputError: The budget is more than the test set (or its groups).
            CapabilityError: The task asks for no class probabilities.
        """
        data = self.data
        if data.question.signal is not ClassProbabilities:
            raise CapabilityError(
                f"certificates speak of class probabilities: this task asks for {data.question.signal.variant!r}"
            )
        run, examples, name = self.answers(inputs), data.tests[TEST], self.setup.digest()
        kept = one_of_each(examples, derive(self.draw, "certify", "units", name, str(self.seed)))
        held_out = left_over(data, self.setup.supervisor, self.seed, asked_by=self.kind)

        def ask(rows: IntArray) -> IntArray:
            return np.asarray(data.vault.buy(TEST, kept[rows], asked_by=self.kind))

        certified = certify_run(
            run.weak[TEST][kept],
            run.student[TEST][kept],
            ask,
            self.labels,
            self.delta * share_of_look(self.look),
            derive(self.draw, "certify", name, str(self.seed)),
            on_disagreements=self.on_disagreements,
            held_out=None if isinstance(held_out, str) else held_out,
            inputs="inputs of the test set" + (", one of each group" if len(kept) < len(examples) else ""),
        )
        told = _of_supervision(certified, held_out if isinstance(held_out, str) else "")
        return Artifact({"rows": np.asarray(certified.rows)}, {**_plain(told), "look": self.look})


def certify_stored(
    result: Result, *, store: str | Path, labels: int, delta: float, on_disagreements: float = 0.5, draw: int = 0
) -> tuple[Certified, int]:
    """Buy labels of a run's test set and certify what they allow, with what earlier looks left of delta.

    Asking the very same again gives the same certificates and is no new look.

    Args:
        result: The run, as the store lists it.
        store: The store that has it.
        labels: The budget.
        delta: How often any certificate from this test set may be wrong, however often one looks.
        on_disagreements: Which share of the budget goes to inputs on which weak supervisor and student disagree.
        draw: Decides which inputs are labelled.

    Where test examples come in groups that belong together, one of each is taken at random: groups are the draws.

    Returns:
        The certificates, and the how-manieth look they are.

    Raises:
        InputError: The budget is more than the test set (or its groups), or the run was made by other code or data.
        CapabilityError: The task asks for no class probabilities.
    """
    if not 0 < delta < 1:
        raise InputError(f"delta must be between 0 and 1, got {delta}")
    score, keys = score_of(result), Keys()
    with Store(store) as opened:
        if keys.of(score.student) not in opened.having([keys.of(score.student)]):
            raise InputError(
                f"run {result.key[:12]} was made by other code or data: make it again, then certify the new run"
            )
        looks = looks_at(opened, score)

    def step(look: int) -> Certification:
        asked = {"labels": labels, "delta": delta, "on_disagreements": on_disagreements, "draw": draw, "look": look}
        return Certification.parse({**asked, "student": score.student, "seed": score.seed})

    again = next((look for look, key in enumerate(looks, start=1) if keys.of(step(look)) == key), None)
    asked = step(again or len(looks) + 1)
    made = execute([asked], Path(store))
    if made.failed:
        raise InputError(made.failed[0].reason)
    with Store(store) as opened:
        artifact = opened.get(made.keys[0])
    assert artifact is not None
    if "refused" in artifact.record:
        raise CapabilityError(artifact.record["refused"])
    return _certified(artifact), asked.look


def looks_at(store: Store, score: Score) -> list[str]:
    """Return the keys of all certifications that looked at labels of a run's place, in order.

    Labels of the supervision split count as those of the test set do: what rests on them alone is a look as well.
    """
    entries = store.ledger(place=score.place)
    return list(dict.fromkeys(entry.step for entry in entries if entry.kind == "certification"))


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
    labeller = supervisor.fit(supervision, data.vault.generator(seed, "supervisor"))
    asked = data.supervision.take(rows)
    said = labeller.label(asked, None, data.vault.generator(seed, "label", SUPERVISION))
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


def one_of_each(examples: Examples, rng: np.random.Generator) -> IntArray:
    """Return the rows of a random example of each group that belongs together, all rows where there are no groups.

    Examples of one group, such as questions on one text, are no independent draws, which certificates rest on.
    """
    if "together" not in examples.metadata:
        return np.arange(len(examples))
    order = rng.permutation(len(examples))
    first = np.unique(np.asarray(examples.metadata["together"])[order], return_index=True)[1]
    return np.asarray(np.sort(order[first]))


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
