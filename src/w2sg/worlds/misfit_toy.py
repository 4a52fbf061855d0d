"""Misfit and gain beyond squared loss on two inputs: where the inequality holds, and where it fails.

The toy of Mulgund and Pabbaraju (arXiv 2501.19105; their notebook 05): inputs `(1.1629, -1.4338)` and `(-0.2384,
-0.6677)` with product `a` and sum `b` of the coordinates; logits are `5 a` for the truth, `9 b` for the weak
supervisor, `w a` for the student. All divergences are means over both inputs, in nats.
"""

import math
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from w2sg.core import FloatArray, InputError, register
from w2sg.worlds.contract import Simulation, World

INPUTS = ((1.1629, -1.4338), (-0.2384, -0.6677))


def bernoulli_kl(logits: ArrayLike, other: ArrayLike) -> float:
    """Return the mean of `KL(Bernoulli(sigmoid(logits)) || Bernoulli(sigmoid(other)))`, exact for large logits.

    Raises:
        InputError: A logit is not finite.
    """
    from scipy.special import expit

    z, other_z = np.asarray(logits, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if not (np.isfinite(z).all() and np.isfinite(other_z).all()):
        raise InputError("logits must be finite")
    # log(1 + exp(z)) by logaddexp, because log(sigmoid(z)) is -infinity for logits that are only large
    return float(np.mean(expit(z) * (z - other_z) - np.logaddexp(0, z) + np.logaddexp(0, other_z)))


def bregman_slack(truth: ArrayLike, weak: ArrayLike, student: ArrayLike) -> float:
    """Return `mean (p_truth - p_student)(logit_student - logit_weak)`: what the inequality leaves over.

    By the three-point identity it is `KL(truth || weak) - KL(truth || student) - KL(student || weak)`.

    Raises:
        InputError: A logit is not finite.
    """
    from scipy.special import expit

    t, w, s = (np.asarray(logits, dtype=np.float64) for logits in (truth, weak, student))
    if not (np.isfinite(t).all() and np.isfinite(w).all() and np.isfinite(s).all()):
        raise InputError("logits must be finite")
    return float(np.mean((expit(t) - expit(s)) * (s - w)))


@register(paper="2501.19105")
class MisfitToyWorld(World):
    """Two inputs and one weight: the misfit inequality for KL, both directions."""

    kind: Literal["misfit-toy"] = "misfit-toy"
    w: float | None = Field(
        None, ge=-1000, le=1000, description="the student's weight; none for the local minimum of KL(student || weak)"
    )
    truth: float = Field(5.0, ge=-100, le=100, description="weight of the truth on the product")
    weak: float = Field(9.0, ge=-100, le=100, description="weight of the supervisor on the sum")

    def _logits(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the product, the truth's logits and the supervisor's, each `(2,)`."""
        x = np.asarray(INPUTS)
        product = x.prod(axis=1)
        return product, self.truth * product, self.weak * x.sum(axis=1)

    def _reverse_w(self) -> float:
        """Return the local minimum of `KL(student || weak)` nearest to an undecided student."""
        from scipy.special import expit

        product, _, weak = self._logits()

        def slope(w: float) -> float:
            # KL(student || weak) is not convex in the weight: the student's own probability stands in front
            p = expit(w * product)
            return float(np.mean(p * (1 - p) * product * (w * product - weak)))

        return _downhill(slope)

    def _forward_w(self) -> float:
        """Return the minimum of the cross-entropy to the supervisor's soft labels."""
        from scipy.special import expit

        product, _, weak = self._logits()
        return _downhill(lambda w: float(np.mean(product * (expit(w * product) - expit(weak)))))

    def exact(self) -> Mapping[str, float]:
        """Return the terms of the inequality at the student, and those of the forward identity at its minimum."""
        product, truth, weak = self._logits()
        best = self._reverse_w()
        student = (best if self.w is None else self.w) * product
        forward_w = self._forward_w()
        forward = forward_w * product
        return {
            "w": best if self.w is None else self.w,
            "best_w": best,
            "kl_truth_weak": bernoulli_kl(truth, weak),
            "kl_truth_student": bernoulli_kl(truth, student),
            "kl_student_weak": bernoulli_kl(student, weak),
            "slack": bernoulli_kl(truth, weak) - bernoulli_kl(truth, student) - bernoulli_kl(student, weak),
            "inner_product": bregman_slack(truth, weak, student),
            "forward_w": forward_w,
            "forward_kl_weak_truth": bernoulli_kl(weak, truth),
            "forward_kl_weak_student": bernoulli_kl(weak, forward),
            "forward_kl_student_truth": bernoulli_kl(forward, truth),
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Return nothing: there is nothing random."""
        return {}


def _downhill(slope: Callable[[float], float]) -> float:
    """Return the zero of a slope that is reached from 0 downhill, by doubling and bisection."""
    from scipy.optimize import brentq

    # Doubling first finds a weight beyond the first minimum downhill of 0, then a root finder is safe between. A
    # minimiser that starts elsewhere could end in another valley, and numbers of the notebook are of this one.
    start = slope(0.0)
    if start == 0:
        return 0.0
    end = -math.copysign(1.0, start)
    while slope(end) * start > 0:
        end *= 2
        if abs(end) > 1000:
            raise InputError("the student has no minimum with a weight within 1000: choose 'w'")
    return float(brentq(slope, 0.0, end, xtol=1e-14))
