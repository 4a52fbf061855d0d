"""Gradient descent that learns the truth first: a weak supervisor of few random features, a wide student stopped early.

The first `round(sqrt(M))` eigenvalues of the inputs' covariance are 1, the others `1 / M`; the truth has coefficient
`M^0.75` on the first and 1 on the others, in `d = round(M^1.5)` dimensions. The supervisor is the projection onto `M`
random features; the student takes gradient steps on the supervisor's labels over infinite data. The configuration is
that of the script released with the submission (OpenReview Db5TUogRSM), which samples batches where this does not.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, register
from w2sg.worlds.common import means_of, wishart
from w2sg.worlds.contract import Simulation, World
from w2sg.worlds.ridgeless import effective_ridge


def projection_moments(eigenvalues: FloatArray, theta: FloatArray, m: int) -> tuple[FloatArray, FloatArray]:
    """Return the limits of `P theta` and its squared entries, for the projection P onto `m` random features.

    In whitened coordinates, with `D = lam / (lam + tau)` and `sum D = m`: `E P = D`, and
    `E P A P = D A D + c D (1 - D)` with `c = tr(A D (1 - D)) / tr(D (1 - D))` for diagonal A.

    Args:
        eigenvalues: Of the inputs' covariance, `(d,)`.
        theta: The truth's coefficients in whitened coordinates, `(d,)`.
        m: Random features, fewer than d.

    Raises:
        InputError: See `effective_ridge`.
    """
    # A random projection is least-norm regression on m noise-free labels, so the deterministic equivalents of ridgeless
    # regression give its moments.
    tau = effective_ridge(eigenvalues, m)
    kept = eigenvalues / (eigenvalues + tau)
    spread = kept * (1 - kept)
    return kept * theta, (kept * theta) ** 2 + spread * (theta**2 @ spread) / spread.sum()


@register()
class GradientFlowWorld(World):
    """An underspecified supervisor and a wide student: how the loss ratio falls with the former's width, if stopped."""

    kind: Literal["gradient-flow"] = "gradient-flow"
    M: int = Field(64, ge=3, le=200, description="the supervisor's features")
    rate: float = Field(0.1, gt=0, le=0.25, description="step size; the gradient of a squared error has the factor 2")
    steps: int = Field(1000, ge=1, le=100_000, description="gradient steps")
    student_power: float = Field(1.25, ge=1, le=3, description="the student has d to this power features")
    trials: int = Field(10, ge=2, description="simulated supervisors")

    def _world(self) -> tuple[FloatArray, FloatArray]:
        """Return the covariance's eigenvalues and the truth in whitened coordinates, each `(d,)`."""
        d, first = round(self.M**1.5), round(self.M**0.5)
        eigenvalues = np.full(d, 1 / self.M)
        eigenvalues[:first] = 1.0
        theta = np.sqrt(eigenvalues)
        # the truth is large where learning is fast: that is what lets an early stop keep the truth and drop the errors
        theta[:first] = self.M**0.75
        return eigenvalues, theta

    def exact(self) -> Mapping[str, float]:
        """Return the limits for an infinitely wide student, as ratios of its loss to the supervisor's."""
        eigenvalues, theta = self._world()
        mean, square = projection_moments(eigenvalues, theta, self.M)
        supervisor = float(theta @ (theta - mean))
        # an infinitely wide student learns each coordinate at the rate of its eigenvalue, and there are only two of
        # these: so a whole path of losses is two geometric series, and no step has to be simulated
        learned = 1 - (1 - 2 * self.rate * eigenvalues[[0, -1]]) ** np.arange(1, self.steps + 1)[:, None]
        first = eigenvalues == 1
        # a loss is |theta - s f|^2 with f the supervisor and s the learned share: its three coefficients by group of
        # coordinates
        groups = [(theta[g] @ theta[g], theta[g] @ mean[g], square[g].sum()) for g in (first, ~first)]
        losses = sum(a - 2 * s * b + s**2 * c for (a, b, c), s in zip(groups, learned.T, strict=True)) / supervisor
        return {
            "weak_share": supervisor / float(theta @ theta),
            "wide_ratio": float(losses.min()),
            "limit_best_step": float(losses.argmin() + 1),
            "wide_final_ratio": float(losses[-1]),
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Draw supervisors and students; losses are exact given the features."""
        return means_of(self._trial(rng) for _ in range(self.trials))

    def _trial(self, rng: np.random.Generator) -> dict[str, float]:
        eigenvalues, theta = self._world()
        scale, d = np.sqrt(eigenvalues), len(theta)
        # an orthonormal basis of the random features, in whitened coordinates, where risk is squared length
        features = np.linalg.qr(scale[:, None] * rng.standard_normal((d, self.M)))[0]
        supervisor = features @ (features.T @ theta)
        loss = float(np.sum((theta - supervisor) ** 2))
        width = round(d**self.student_power)
        # a student of finite width is gradient descent with a random kernel; in its eigenvectors every coordinate
        # learns on its own, so one decomposition replaces all steps
        rates, axes = np.linalg.eigh(scale[:, None] * wishart(d, width, rng) * scale / width)
        losses = self._losses(axes.T @ theta, axes.T @ supervisor, rates) / loss
        wide = self._losses(theta, supervisor, eigenvalues) / loss
        return {
            "weak_share": loss / float(theta @ theta),
            "ratio": float(losses.min()),
            "best_step": float(losses.argmin() + 1),
            "final_ratio": float(losses[-1]),
            "wide_ratio": float(wide.min()),
            "wide_best_step": float(wide.argmin() + 1),
            "wide_final_ratio": float(wide[-1]),
        }

    def _losses(self, truth: FloatArray, supervisor: FloatArray, rates: FloatArray) -> FloatArray:
        """Return the student's loss after each step, `(steps,)`, where each coordinate learns at its own rate."""
        left, decay = supervisor.copy(), 1 - 2 * self.rate * rates
        losses = np.empty(self.steps)
        for step in range(self.steps):
            left *= decay
            losses[step] = np.sum((truth - supervisor + left) ** 2)
        return losses
