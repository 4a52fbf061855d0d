"""A certificate of a linear head from the very labels that trained it (PAC-Bayes)."""

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure import as_floats, check_delta, gaussian_kl, gibbs_loss, pac_bayes_kl
from w2sg.theory.certificate import Certificate


def head_risk(
    features: ArrayLike,
    labels: ArrayLike,
    weights: ArrayLike,
    delta: float,
    *,
    prior: ArrayLike | None = None,
    scale: float = 1.0,
    inputs: str = "training inputs",
) -> Certificate:
    """Bound the 0-1 risk of a linear head on two classes by the labels that trained it.

    Prior and posterior are Gaussian with one scale, so KL = |weights - prior|^2 / 2 scale^2. What is certified is the
    head with noise of that scale added to its weights; the head itself errs at most twice as often, for it is the
    majority of the noisy ones.

    Args:
        features: Shape (n, d), a constant column included if there is an intercept.
        labels: Classes 0 and 1 by which risk is meant, shape (n,).
        weights: The head's, shape (d,).
        delta: How often the certificate may be wrong.
        prior: Weights chosen without these labels, such as those of pretraining; None: 0.
        scale: Of the noise, chosen without these labels.
        inputs: What the inputs are.

    Raises:
        InputError: Shapes do not fit, or a value is not finite.
    """
    check_delta(delta)
    loss = gibbs_loss(features, labels, weights, scale)
    head = as_floats("weights", weights)
    # the prior is what the labels were not asked for; the nearer the head stays to it, the less its labels cost
    start = np.zeros(len(head)) if prior is None else as_floats("prior", prior)
    if len(start) != len(head):
        raise InputError(f"prior must have the head's {len(head)} weights, got {len(start)}")
    kl = gaussian_kl(head - start, scale, scale)
    return Certificate(
        "noisy_head_risk",
        "error",
        f"PAC-Bayes-kl (KL {kl:.3g} nats)",
        None,
        pac_bayes_kl(float(loss.mean()), len(loss), kl, delta),
        float(loss.mean()),
        delta,
        "unconditional",
        ("the examples are independent draws of deployment", "prior and scale were chosen without their labels"),
        f"{len(loss)} {inputs}",
        len(loss),
    )
