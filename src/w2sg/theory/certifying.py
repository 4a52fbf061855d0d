"""Certificates of a stored run: labels of its test set are bought, and what they allow is certified.

A certificate holds with probability 1 - delta for whoever asks once. Whoever asks again, of the same labels, and
reports the best answer, errs more often. So the ledger is read first, and the j-th look at a test set's labels gets
`6 / (pi^2 j^2)` of delta: these shares sum to 1, however often one looks, so that all certificates ever made from one
test set hold together with probability 1 - delta.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from w2sg.core import CapabilityError, ClassProbabilities, Examples, InputError, IntArray, derive, register
from w2sg.graph import Artifact, Inputs, Keys, Result, Step, Store, execute
from w2sg.lab import Score, score_of
from w2sg.theory.certificate import Certificate
from w2sg.theory.certificates import Certified, certify_run
from w2sg.theory.observing.runs import TEST
from w2sg.theory.steps import OfRun


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
            inputs="inputs of the test set" + (", one of each group" if len(kept) < len(examples) else ""),
        )
        return Artifact({"rows": np.asarray(certified.rows)}, {**_plain(certified), "look": self.look})


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
    """Return the keys of all certifications that looked at the labels of a run's test set, in order."""
    entries = store.ledger(place=score.place, split=TEST)
    return list(dict.fromkeys(entry.step for entry in entries if entry.kind == "certification"))


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
