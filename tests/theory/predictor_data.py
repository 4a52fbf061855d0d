"""Observables that tests of predictors are made of."""

from typing import Any, cast

import numpy as np

from w2sg.core import Answer, FloatArray, Hypothesis, Observables, Quantity, Theory, registry
from w2sg.testing import registered

THEORIES = registered("theories")
LINEAR = {
    "student_class": "linear-least-squares",
    "supervisor_class": "linear-least-squares",
    "loss": "squared",
    "features": "frozen",
    "stopping": "none",
    "labels": "soft",
}


def theory(kind: str, **fields: object) -> Theory:
    """Return a registered theory."""
    return cast(Theory, registry.build("theories", {"kind": kind, **fields}))


def observed(facts: Any = None, se: Any = 0.0, n: Any = 100, **values: float) -> Observables:
    """Return observables that all have one standard error and n; facts are those of linear models by default."""
    quantities = {name: Quantity(float(value), se, n, "given") for name, value in values.items()}
    return Observables("run", "regression", quantities, LINEAR if facts is None else facts)


def said(kind: str, seen: Observables, **fields: object) -> float:
    """Return what a theory's formula gives, said or not."""
    answer = theory(kind, **fields).predict(seen)
    assert answer.formula is not None, answer.abstains
    return answer.formula


def statuses(answer: Answer) -> dict[str, str]:
    """Return the status of each hypothesis by its name."""
    return {verdict.hypothesis: verdict.status for verdict in answer.verdicts}


def status(hypothesis: Hypothesis, seen: Observables) -> str:
    """Return what the check of a hypothesis says."""
    return hypothesis.judge(seen).status


def close(differences: FloatArray, errors: float = 4.0) -> bool:
    """Return whether the mean of independent differences is 0 within so many standard errors."""
    differences = np.asarray(differences)
    return bool(abs(differences.mean()) <= errors * differences.std(ddof=1) / np.sqrt(len(differences)))
