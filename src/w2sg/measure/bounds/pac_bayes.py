"""PAC-Bayes: bounds of a noisy head's risk by the very labels that trained it."""

import math

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.bounds.means import kl_high
from w2sg.measure.checks import FloatArray, as_floats, as_labels, check_delta


def pac_bayes_kl(risk: float, n: int, kl: float, delta: float) -> float:
    """Return the largest R with kl(risk, R) <= (KL + ln(2 sqrt(n) / delta)) / n (Seeger 2002, Maurer 2004).

    Args:
        risk: The posterior's mean risk on n labels, in [0, 1].
        n: How many labels.
        kl: KL(posterior || prior), in nats.
        delta: How often the bound may be wrong.

    Raises:
        InputError: An argument is out of range.

    >>> round(pac_bayes_kl(0.05, 1000, 10, 0.05), 4)
    0.1008
    """
    check_delta(delta)
    if not 0 <= risk <= 1:
        raise InputError(f"risk must be between 0 and 1, got {risk}")
    if n < 1 or not (math.isfinite(kl) and kl >= 0):
        raise InputError(f"n must be at least 1 and kl finite and at least 0, got {n} and {kl}")
    return float(kl_high(risk, (kl + math.log(2 * math.sqrt(n) / delta)) / n))


def gaussian_kl(shift: ArrayLike, posterior_scale: float, prior_scale: float) -> float:
    """Return KL(N(prior + shift, s^2 I) || N(prior, t^2 I)) in nats.

    Raises:
        InputError: A scale is not positive, or the shift not finite.
    """
    moved = as_floats("shift", np.ravel(shift))
    if not (0 < posterior_scale < math.inf and 0 < prior_scale < math.inf):
        raise InputError(f"scales must be positive and finite, got {posterior_scale} and {prior_scale}")
    # both are isotropic, so the divergence is a sum over directions that differ by their shift alone
    ratio = (posterior_scale / prior_scale) ** 2
    return float(len(moved) / 2 * (ratio - 1 - math.log(ratio)) + moved @ moved / (2 * prior_scale**2))


def gibbs_loss(features: ArrayLike, labels: ArrayLike, weights: ArrayLike, scale: float) -> FloatArray:
    """Return the chance, for each example, that a head drawn from N(weights, scale^2 I) errs on it, in closed form.

    The head says class 1 where its product with the features is positive: the chance is Phi(-margin), the margin
    measured in scale `|x|` (Langford & Shawe-Taylor 2002).

    Raises:
        InputError: Shapes do not fit, or a value is not finite.
    """
    from scipy.special import ndtr

    x, w = np.asarray(features, dtype=np.float64), as_floats("weights", weights)
    y = as_labels("labels", labels, 2)
    if x.ndim != 2 or x.shape != (len(y), len(w)) or not len(y):
        raise InputError(f"features must have shape ({len(y)}, {len(w)}), with examples, got {x.shape}")
    length = np.sqrt((x**2).sum(axis=1))
    if not np.isfinite(length).all() or not (length > 0).all() or not 0 < scale < math.inf:
        raise InputError("features must be finite, no row all 0 (add a constant), and the scale positive")
    # noise of a head moves an answer by a normal amount of size scale |x|: the chance to err is a normal tail
    return np.asarray(ndtr(-(2 * y - 1) * (x @ w) / (scale * length)))
