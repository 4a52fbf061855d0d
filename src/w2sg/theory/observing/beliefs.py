"""The gain that unlabelled inputs imply once supervisor and student are pooled and calibrated on held-out labels.

The pooled belief of an input's label is `softmax(a log w + b log s)`, `w` the supervisor's probabilities and `s` the
student's. Two numbers are fitted on labels that neither refit saw, by maximum likelihood; all unlabelled inputs then
say what gain they imply. Every held-out label counts, not only those on which the two disagree.
"""

from dataclasses import dataclass

import numpy as np

from w2sg.core import FloatArray
from w2sg.theory.observing.risks import SMALLEST

PRIOR = np.array([0.5, 0.5])
STRENGTH = 1.0
"""The prior of both exponents is normal with this precision around 1/2: it matters where labels are few."""
STEPS = 50
STEP = 1e-3


@dataclass(frozen=True)
class PooledBelief:
    """The exponents of supervisor and student, and the covariance of their estimates `(2, 2)`."""

    exponents: FloatArray
    covariance: FloatArray


def pool(weak: FloatArray, student: FloatArray, labels: FloatArray) -> PooledBelief:
    """Fit the exponents on held-out labels, all `(n, k)`, by Newton's method on a convex objective."""
    logs = np.stack([_log(weak), _log(student)])
    at = PRIOR.copy()
    for _ in range(STEPS):
        p = _softmax(at, logs)
        # Gradient and Hessian of a softmax that is linear in two exponents: means and covariances of the logs under p.
        mean = (p * logs).sum(axis=2, keepdims=True)
        gradient = ((p - labels) * logs).sum(axis=(1, 2)) + STRENGTH * (at - PRIOR)
        centred = logs - mean
        hessian = np.einsum("ink,nk,jnk->ij", centred, p, centred) + STRENGTH * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        # A full Newton step may overshoot where the models are sure and wrong: no step is longer than 1.
        at = at - step * min(1.0, 1.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return PooledBelief(at, np.linalg.inv(hessian))


def implied(pooled: PooledBelief, weak: FloatArray, student: FloatArray) -> dict[str, tuple[float, float]]:
    """Return the implied gain and its standard error in each unit, from unlabelled inputs `(m, k)`."""
    logs = np.stack([_log(weak), _log(student)])
    terms = {"error": _named(student) - _named(weak), "squared": 2 * (student - weak), "kl": logs[1] - logs[0]}
    # The part of squared risk that does not depend on what the truth is.
    fixed = {"squared": np.square(weak).sum(axis=1) - np.square(student).sum(axis=1)}

    def rows(exponents: FloatArray) -> dict[str, FloatArray]:
        p = _softmax(exponents, logs)
        return {unit: (p * term).sum(axis=1) + fixed.get(unit, 0.0) for unit, term in terms.items()}

    centre = rows(pooled.exponents)
    # The delta method: how the mean gain moves with each exponent, by central differences.
    moved = [(rows(pooled.exponents + STEP * e), rows(pooled.exponents - STEP * e)) for e in np.eye(2)]
    gains = {}
    for unit, values in centre.items():
        slope = np.array([(up[unit].mean() - down[unit].mean()) / (2 * STEP) for up, down in moved])
        # Unlabelled inputs are a sample too: their own error comes on top of that of the exponents.
        spread = float(values.var(ddof=1)) / len(values) if len(values) > 1 else 0.0
        gains[unit] = float(values.mean()), float(np.sqrt(slope @ pooled.covariance @ slope + spread))
    return gains


def _log(probabilities: FloatArray) -> FloatArray:
    return np.asarray(np.log(np.clip(probabilities, SMALLEST, None)), dtype=np.float64)


def _named(probabilities: FloatArray) -> FloatArray:
    return np.asarray(np.eye(probabilities.shape[1])[probabilities.argmax(axis=1)])


def _softmax(exponents: FloatArray, logs: FloatArray) -> FloatArray:
    logits = np.tensordot(exponents, logs, axes=1)
    # Less the largest logit, so that no exponential overflows.
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
