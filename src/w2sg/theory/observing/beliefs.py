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

BIAS_UNDER_SHIFT = 0.1
"""The same where supervision is seen to be unlike deployment; labels of supervision say nothing of it.

Chosen on shifts among the development families (sentiment from domain to domain, spam from messages to comments).
"""
STRENGTH = 1.0
"""Each exponent has a normal prior with this precision around an equal share of 1: it matters where labels are few."""
STEPS = 200
BIAS = 0.05
"""How far a pool's mean gain may be off at deployment, in standard deviations of one input's gain.

Chosen on the families of studies/theory-development.toml: .04 to .06 make intervals of 90 % hold there as often as they
say.
"""


@dataclass(frozen=True)
class PooledBelief:
    """The exponents of `q` models `(q,)`, and the covariance of their estimates `(q, q)`."""

    exponents: FloatArray
    covariance: FloatArray


@dataclass(frozen=True)
class ImpliedGain:
    """What a belief says of a gain.

    Attributes:
        batch: The mean gain on the fresh inputs.
        batch_se: Its standard error as a statement about these very inputs: exponents are estimates, labels vary around
            what is believed, and the belief may be off.
        value: The mean gain at deployment, for which the labelled inputs speak too.
        se: Its standard error: all inputs are a sample.
    """

    batch: float
    batch_se: float
    value: float
    se: float


def pool(models: Sequence[FloatArray], labels: FloatArray, *, noise: float = 0.0) -> PooledBelief:
    """Fit the exponents on labels that no model saw, by Fisher scoring.

    Args:
        models: Class probabilities of each of `q` models for the labelled inputs, `(n, k)` each.
        labels: One-hot, `(n, k)`.
        noise: The share of labels that are known to be replaced by another class, drawn evenly. The likelihood is then
            that of the noisy label, `(1 - noise) p_c + noise / (k - 1) (1 - p_c)`.
    """
    logs = _logs(models)
    k = labels.shape[1]
    prior = np.full(len(models), 1 / len(models))
    flat = noise / max(k - 1, 1)
    kept = 1 - noise - flat
    at = prior.copy()
    for _ in range(STEPS):
        p = _softmax(at, logs)
        # The chance of each label, and how fast its logarithm moves with the logit of its class.
        slope = kept * p / (flat + kept * p)
        centred = logs - (p * logs).sum(axis=2, keepdims=True)
        gradient = np.einsum("nk,ink->i", -labels * slope, centred) + STRENGTH * (at - prior)
        # Expected information: the squared slope of each label's logarithm, by the label's chance.
        curvature = np.einsum("ink,nk,jnk->ij", centred, kept * p * slope, centred) + STRENGTH * np.eye(len(at))
        step = np.linalg.solve(curvature, gradient)
        # A full step may overshoot where the models are sure and wrong: no step is longer than 1.
        at = at - step * min(1.0, 1.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return PooledBelief(at, np.linalg.inv(curvature))


def implied(
    held_out: Sequence[FloatArray],
    labels: FloatArray,
    fresh: Sequence[FloatArray],
    *,
    noise: float = 0.0,
    shifted: bool = False,
) -> dict[str, ImpliedGain]:
    """Return the gain of the second model over the first, in each unit, that a pool of all models implies.

    The pool is fitted on the labels. How far it is off on them moves what it says of fresh inputs, by as much as that
    can be told from noise: the mean residual has the prior N(0, (BIAS sigma)^2) for what carries over, sigma the
    standard deviation of one input's gain. So few labels leave the pool alone, many correct it, and what remains open
    is part of the standard error.

    Args:
        held_out: Class probabilities of the models in the order supervisor, student, others, for inputs whose labels no
            model saw, `(n, k)` each.
        labels: These labels, one-hot `(n, k)`.
        fresh: The models' class probabilities for unlabelled inputs, `(m, k)` each.
        noise: The share of the labels that is wrong by construction.
        shifted: Whether the labelled inputs are seen to be distributed otherwise than the fresh ones. The pool may then
            be off by more, about which labels say nothing.
    """
    m, k = len(fresh[0]), labels.shape[1]
    pooled = pool(held_out, labels, noise=noise)
    known, terms = _terms(held_out), _terms(fresh)
    flat = noise / max(k - 1, 1)
    # Gains are linear in the label, so a label that is wrong at a known rate has a stand-in without bias.
    unbiased = (labels - flat) / (1 - noise - flat)
    gains = {}
    for unit, (term, fixed) in terms.items():
        belief, believed = _softmax(pooled.exponents, _logs(fresh)), _softmax(pooled.exponents, _logs(held_out))
        values, own = (belief * term).sum(axis=1) + fixed, (believed * known[unit][0]).sum(axis=1) + known[unit][1]
        spread = _spread(belief, term)
        residual = ((unbiased - believed) * known[unit][0]).sum(axis=1)
        off, off_variance = _mean(residual)
        # Few labels may agree by chance: they are never taken to tell more than the belief itself says they can.
        off_variance = max(off_variance, float(_spread(believed, known[unit][0]).mean()) / len(labels))
        carried = BIAS**2 * float(spread.mean())
        share = carried / (carried + off_variance) if carried > 0 else 0.0
        slope = _slopes(pooled, fresh, unit)
        fitted = float(slope @ pooled.covariance @ slope) + share * off_variance
        if shifted:
            fitted += BIAS_UNDER_SHIFT**2 * float(spread.mean())
        # Labelled inputs are inputs too, as long as they are like those of deployment.
        mean, mean_variance = _mean(values if shifted else np.concatenate([values, own]))
        gains[unit] = ImpliedGain(
            batch=float(values.mean()) + share * off,
            batch_se=float(np.sqrt(fitted + spread.sum() / m**2)),
            value=mean + share * off,
            se=float(np.sqrt(fitted + mean_variance)),
        )
    return gains


def _terms(models: Sequence[FloatArray]) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return for each unit what each label would make of the gain `(n, k)`, and what no label changes `(n,)`."""
    weak, student = models[0], models[1]
    nothing = np.zeros(len(weak))
    fixed = np.square(weak).sum(axis=1) - np.square(student).sum(axis=1)
    return {
        "error": (_named(student) - _named(weak), nothing),
        "squared": (2 * (student - weak), np.asarray(fixed, dtype=np.float64)),
        "kl": (_log(student) - _log(weak), nothing),
    }


def _spread(belief: FloatArray, term: FloatArray) -> FloatArray:
    """Return the variance of each input's gain over what its label may be, `(n,)`."""
    mean = (belief * term).sum(axis=1)
    return np.asarray(np.maximum((belief * np.square(term)).sum(axis=1) - np.square(mean), 0))


def _slopes(pooled: PooledBelief, models: Sequence[FloatArray], unit: str) -> FloatArray:
    """Return how fast the mean implied gain moves with each exponent, `(q,)`: covariances under the belief."""
    logs = _logs(models)
    term = _terms(models)[unit][0]
    p = _softmax(pooled.exponents, logs)
    centred = logs - (p * logs).sum(axis=2, keepdims=True)
    return np.asarray(np.einsum("nk,nk,ink->i", p, term, centred) / len(term))


def _mean(values: FloatArray) -> tuple[float, float]:
    """Return the mean and its variance."""
    return float(values.mean()), float(values.var(ddof=1)) / len(values) if len(values) > 1 else 0.0


def _logs(models: Sequence[FloatArray]) -> FloatArray:
    return np.stack([_log(model) for model in models])


def _log(probabilities: FloatArray) -> FloatArray:
    return np.asarray(np.log(np.clip(probabilities, SMALLEST, None)), dtype=np.float64)


def _named(probabilities: FloatArray) -> FloatArray:
    return np.asarray(np.eye(probabilities.shape[1])[probabilities.argmax(axis=1)])


def _softmax(exponents: FloatArray, logs: FloatArray) -> FloatArray:
    logits = np.tensordot(exponents, logs, axes=1)
    # Less the largest logit, so that no exponential overflows.
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
