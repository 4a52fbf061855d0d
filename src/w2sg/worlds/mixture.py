"""Averaging over a weak supervisor's hard labels in a mixture of two Gaussians: one step turns to the means.

Inputs `x = y mu + N(0, I_d)` with `y = +-1`, supervisor `sign(b'x)` with `|b| = 1` at the angle `cos` to `mu`; the
student is the mean of `label x`. The setting is that of Frei et al. (arXiv 2106.13805); the one-step form is Stein's
identity.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import register
from w2sg.worlds.common import above, affordable, means_of, within
from w2sg.worlds.contract import Simulation, World


@dataclass(frozen=True)
class MixtureStep:
    """One averaging step.

    Attributes:
        weak_accuracy: Of the supervisor.
        bayes_accuracy: Of the best rule: what PGR is counted to.
        student_cos: Cosine of the student's direction with the means.
        student_accuracy: Of the student.
    """

    weak_accuracy: float
    bayes_accuracy: float
    student_cos: float
    student_accuracy: float

    @property
    def gain(self) -> float:
        """Supervisor's error less student's error."""
        return self.student_accuracy - self.weak_accuracy

    @property
    def pgr(self) -> float:
        """Performance gap recovered; nan for a supervisor that is as good as the best rule."""
        gap = self.bayes_accuracy - self.weak_accuracy
        return self.gain / gap if gap > 0 else math.nan


def averaging_step(mu: float, cos: float, d: float = 0.0, n_transfer: float = math.inf) -> MixtureStep:
    """Return the student that averages `label x` over the supervisor's labels.

    Its mean is `(1 - 2e) mu + 2 phi(b'mu) b` with the supervisor's error `e = Phi(-b'mu)`; `n_transfer` examples add
    the trace of the covariance of `label x`, over `n_transfer`, to its squared length, which is right to first order.

    Args:
        mu: Half the distance of the means, in standard deviations.
        cos: Cosine of the supervisor's direction with the means.
        d: Dimension; of no account for infinitely many examples.
        n_transfer: Weakly labelled examples.

    Raises:
        InputError: `mu` is not above 0, `cos` not from -1 to 1, or a count is wrong.
    """
    from scipy.stats import norm

    above(0, mu=mu)
    within(-1, 1, cos=cos)
    within(0, math.inf, d=d)
    if n_transfer != math.inf:
        above(0, n_transfer=n_transfer)
    phi = norm.cdf
    projected = mu * cos
    # By Stein's identity E[sign(b'x) x] given the class splits in two: a part along the means, shrunk by the share of
    # wrong labels, and a part along the supervisor's own direction, where its labels are a step function.
    along, across = 1 - 2 * float(phi(-projected)), 2 * float(norm.pdf(projected))
    signal = along * mu + across * cos
    squared = (along * mu) ** 2 + across**2 + 2 * along * across * projected
    # averaging N examples leaves a random part whose squared length is the trace of the covariance over N; it has no
    # preferred direction, so it only makes the student's direction longer, never more right
    noise = (d + mu**2 - squared) / n_transfer if n_transfer != math.inf else 0.0
    student = signal / math.sqrt(squared + max(noise, 0.0))
    return MixtureStep(float(phi(projected)), float(phi(mu)), student, float(phi(mu * student)))


@register(paper="2106.13805")
class MixtureWorld(World):
    """Averaging hard weak labels in a mixture of two Gaussians."""

    kind: Literal["mixture"] = "mixture"
    mu: float = Field(1.5, gt=0, le=20, description="half the distance of the means, in standard deviations")
    cos: float = Field(0.4, ge=-1, le=1, description="cosine of the supervisor's direction with the means")
    d: int = Field(50, ge=2, le=5000, description="dimension")
    N: int = Field(20_000, ge=1, le=1_000_000, description="weakly labelled examples that are simulated")
    trials: int = Field(10, ge=2, description="simulated samples")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        affordable(self.N, self.d)
        return self

    def exact(self) -> Mapping[str, float]:
        """Return the step on infinitely many examples, and (with `_at_N`) its first-order value on N.

        There is no PGR where the supervisor is as good as the best rule.
        """
        limit, finite = averaging_step(self.mu, self.cos), averaging_step(self.mu, self.cos, self.d, self.N)
        exact = {
            "bayes_accuracy": limit.bayes_accuracy,
            "weak_accuracy": limit.weak_accuracy,
            "student_cos": limit.student_cos,
            "student_accuracy": limit.student_accuracy,
            "gain": limit.gain,
            "student_cos_at_N": finite.student_cos,
            "student_accuracy_at_N": finite.student_accuracy,
        }
        return exact | ({"pgr": limit.pgr} if math.isfinite(limit.pgr) else {})

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Average over N labelled examples; the student's accuracy is exact given its direction."""
        from scipy.stats import norm

        rows = []
        right = 0
        for _ in range(self.trials):
            y = rng.choice([-1.0, 1.0], size=self.N)
            x = rng.standard_normal((self.N, self.d))
            # coordinates are chosen so that the means lie on the first axis and the supervisor in the plane of the
            # first two
            x[:, 0] += y * self.mu
            label = np.sign(x[:, 0] * self.cos + x[:, 1] * math.sqrt(1 - self.cos**2))
            student = label @ x
            cos = float(student[0] / np.linalg.norm(student))
            right += int(np.sum(label == y))
            rows.append({"student_cos_at_N": cos, "student_accuracy_at_N": float(norm.cdf(self.mu * cos))})
        n = self.trials * self.N
        share = right / n
        return {**means_of(rows), "weak_accuracy": Simulation(share, math.sqrt(share * (1 - share) / n), n)}
