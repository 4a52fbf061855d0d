"""The gain that unlabelled inputs imply once several models are pooled and calibrated on labels that none of them saw.

The pooled belief of an input's label is `softmax(sum_i a_i log p_i)` of the models' class probabilities `p_i`: those of
supervisor and student, and of a judge where there is one. The exponents `a_i` are fitted by maximum likelihood; all
unlabelled inputs then say what gain this belief implies. Every label counts, not only those on which the two disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from w2sg.core import FloatArray
from w2sg.theory.observing.risks import SMALLEST

STRENGTH = 1.0
"""Each exponent has a normal prior with this precision around an equal share of 1: it matters where labels are few."""
STEPS = 200
STEP = 1e-3


@dataclass(frozen=True)
class PooledBelief:
    """The exponents of `q` models `(q,)`, and the covariance of their estimates `(q, q)`."""

    exponents: FloatArray
    covariance: FloatArray


@dataclass(frozen=True)
class ImpliedGain:
    """What a belief says of a gain.

    Attributes:
        value: The mean gain on the inputs that were looked at.
        batch_se: Its standard error as a statement about the very inputs: the exponents are estimates, and labels vary
            around what is believed.
        se: As a statement about the distribution from which the inputs were drawn: they are a sample of it.
    """

    value: float
    batch_se: float
    se: float


def pool(
    models: Sequence[FloatArray], labels: FloatArray, *, noise: float = 0.0, weights: FloatArray | None = None
) -> PooledBelief:
    """Fit the exponents on labels that no model saw, by Fisher scoring.

    Args:
        models: Class probabilities of each of `q` models for the labelled inputs, `(n, k)` each.
        labels: One-hot, `(n, k)`.
        noise: The share of labels that are known to be replaced by another class, drawn evenly. The likelihood is then
            that of the noisy label, `(1 - noise) p_c + noise / (k - 1) (1 - p_c)`.
        weights: How much each label counts, `(n,)`; None is 1 each.
    """
    logs = np.stack([_log(model) for model in models])
    n, k = labels.shape
    weights = np.ones(n) if weights is None else weights
    prior = np.full(len(models), 1 / len(models))
    flat = noise / max(k - 1, 1)
    kept = 1 - noise - flat
    at = prior.copy()
    for _ in range(STEPS):
        p = _softmax(at, logs)
        # The chance of each label, and how fast its logarithm moves with the logit of its class.
        slope = kept * p / (flat + kept * p)
        centred = logs - (p * logs).sum(axis=2, keepdims=True)
        gradient = np.einsum("n,nk,ink->i", weights, -labels * slope, centred) + STRENGTH * (at - prior)
        # Expected information of one example: the squared slope of each label's logarithm, by the label's chance.
        rows = np.einsum("ink,nk,jnk->nij", centred, kept * p * slope, centred)
        curvature = np.tensordot(weights, rows, axes=1) + STRENGTH * np.eye(len(at))
        step = np.linalg.solve(curvature, gradient)
        # A full step may overshoot where the models are sure and wrong: no step is longer than 1.
        at = at - step * min(1.0, 1.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    inverse = np.linalg.inv(curvature)
    # Weighted labels inform by their weight and vary by its square; with equal weights this is the inverse alone.
    spread = np.tensordot(np.square(weights), rows, axes=1) + STRENGTH * np.eye(len(at))
    return PooledBelief(at, inverse @ spread @ inverse)


def implied(pooled: PooledBelief, models: Sequence[FloatArray]) -> dict[str, ImpliedGain]:
    """Return the implied gain of the second model over the first, in each unit, from unlabelled inputs.

    Args:
        pooled: The belief.
        models: Class probabilities of the pooled models in their order, supervisor and student first, `(m, k)` each.
    """
    weak, student = models[0], models[1]
    logs = np.stack([_log(model) for model in models])
    terms = {"error": _named(student) - _named(weak), "squared": 2 * (student - weak), "kl": logs[1] - logs[0]}
    # The part of squared risk that does not depend on what the truth is.
    fixed = {"squared": np.square(weak).sum(axis=1) - np.square(student).sum(axis=1)}

    def rows(exponents: FloatArray) -> dict[str, FloatArray]:
        p = _softmax(exponents, logs)
        return {unit: (p * term).sum(axis=1) + fixed.get(unit, 0.0) for unit, term in terms.items()}

    centre, belief = rows(pooled.exponents), _softmax(pooled.exponents, logs)
    # The delta method: how the mean gain moves with each exponent, by central differences.
    moved = [
        (rows(pooled.exponents + STEP * e), rows(pooled.exponents - STEP * e)) for e in np.eye(len(pooled.exponents))
    ]
    gains = {}
    for unit, values in centre.items():
        m = len(values)
        slope = np.array([(up[unit].mean() - down[unit].mean()) / (2 * STEP) for up, down in moved])
        fitted = float(slope @ pooled.covariance @ slope)
        mean = (belief * terms[unit]).sum(axis=1)
        of_labels = (belief * np.square(terms[unit])).sum(axis=1) - np.square(mean)
        of_inputs = float(values.var(ddof=1)) / m if m > 1 else 0.0
        gains[unit] = ImpliedGain(
            float(values.mean()),
            float(np.sqrt(fitted + max(float(of_labels.sum()), 0.0) / m**2)),
            float(np.sqrt(fitted + of_inputs)),
        )
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
