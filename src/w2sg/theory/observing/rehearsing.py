"""Rehearsals: the gain on labels that no model saw, with a learning curve where models had to be trained again for it.

A rehearsed supervisor has fewer labels than the run's. Its risk and that of its student fall with labels as inverse
powers, `R(m) = a + b / m` (Viering and Loog, arXiv 2103.10948, review such curves), and so does their difference:

    gain(m) = gain(n) + b (n / m - 1)

with `b` what half of the labels costs of the gain. It is small, for both risks fall alike, and much less than what few
labels can show. So it has the prior N(0, SLOPE^2), and gain(n) is the generalized least-squares estimate from all sizes
that were rehearsed: as good as their mean where labels are few, as good as the largest where they are many.
"""

import numpy as np

from w2sg.core import Quantity
from w2sg.theory.observing.observed import UnseenLabels
from w2sg.theory.observing.risks import losses

SLOPE = 0.02
"""The standard deviation of the gain's change when labels are halved.

Chosen on the families of studies/theory-development.toml, with all of their supervision and with 40 labels of it: an
extrapolation without a prior is worse with 40 labels, and a mean of all sizes in squared risk and cross-entropy.
"""
TRAINING = 0.5
"""What luck in training adds to the variance of each size's mean, as a share of it; chosen with `SLOPE`."""


def rehearsed_gains(judged: UnseenLabels, n_labels: int) -> dict[str, Quantity]:
    """Return the gain of the run in each unit, from the largest rehearsal and those with fewer labels.

    Args:
        judged: The labels that no model saw, with what each rehearsal says of them.
        n_labels: `n`, how many labels taught the run's supervisor.
    """
    sizes = [(judged.count, judged.weak, judged.student)]
    sizes += [(fewer.count, fewer.weak, fewer.student) for fewer in judged.fewer]
    short = np.array([n_labels / count - 1 for count, *_ in sizes])
    before, after = (
        [losses(predictions, judged.labels, "classification") for predictions in models]
        for models in ([weak for _, weak, _ in sizes], [student for *_, student in sizes])
    )
    how = f"rehearsed with {', '.join(str(count) for count, *_ in sizes)} labels" if judged.retrained else "as it is"
    gains = {}
    for unit in before[0]:
        rows = np.stack([weak[unit] - student[unit] for weak, student in zip(before, after, strict=True)])
        n = rows.shape[1]
        covariance = np.atleast_2d(np.cov(rows)) / n if n > 1 else np.zeros((len(rows), len(rows)))
        if judged.retrained:
            covariance = covariance + TRAINING * np.diag(np.diag(covariance)) + SLOPE**2 * np.outer(short, short)
        # A size without variance would have all the weight and make the system singular.
        precision = np.linalg.pinv(covariance + np.finfo(np.float64).eps * np.eye(len(rows))).sum(axis=1)
        weights = precision / precision.sum()
        gains[f"rehearsed_gain_{unit}"] = Quantity(
            float(weights @ rows.mean(axis=1)), float(np.sqrt(max(weights @ covariance @ weights, 0.0))), n, how
        )
    return gains
