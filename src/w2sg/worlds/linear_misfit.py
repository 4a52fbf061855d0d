"""Linear heads on frozen networks: gain equals misfit where the student can express the truth.

The truth and the student's features are one random deep ReLU network, the weak supervisor's a random shallow one; many
tasks are random heads on the truth's network. All heads are least squares with an intercept. A small version, without
pretraining, of the synthetic experiment of Charikar, Pabbaraju, Shiragur (arXiv 2405.15116).
"""

from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import FloatArray, register
from w2sg.worlds.common import above, affordable, means_of
from w2sg.worlds.contract import Simulation, World


@register(paper="2405.15116")
class LinearMisfitWorld(World):
    """Many regression tasks on two random networks: misfit against gain, task by task."""

    kind: Literal["linear-misfit"] = "linear-misfit"
    inputs: int = Field(8, ge=1, le=500, description="input dimensions")
    width: int = Field(16, ge=2, le=500, description="units of each layer")
    depth: int = Field(5, ge=1, le=50, description="layers of the truth's and the student's network")
    weak_depth: int = Field(2, ge=1, le=50, description="layers of the supervisor's network")
    tasks: int = Field(100, ge=3, le=10_000, description="tasks in each world")
    n: int = Field(2000, ge=10, le=100_000, description="clean labels of the supervisor, and weak ones of the student")
    trials: int = Field(10, ge=2, description="simulated worlds")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        above(self.width + 2, n=self.n)
        affordable(max(self.n, 5000), self.width + self.inputs + self.tasks)
        return self

    def exact(self) -> Mapping[str, float]:
        """Return what holds for infinitely many weak labels: the gain is the misfit."""
        return {"limit_gain_over_misfit": 1.0, "limit_slope": 1.0, "limit_r2": 1.0}

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Fit all tasks in fresh worlds; risks are on 5000 fresh inputs, as shares of the truth's mean square."""
        return means_of(self._trial(rng) for _ in range(self.trials))

    def _trial(self, rng: np.random.Generator) -> dict[str, float]:
        deep, shallow = self._network(self.depth, rng), self._network(self.weak_depth, rng)
        # truths are heads on the student's own network: the class of the student holds every truth, which the theorem
        # asks
        heads = rng.standard_normal((self.width + 1, self.tasks))
        labelled, unlabelled, test = (rng.standard_normal((n, self.inputs)) for n in (self.n, self.n, 5000))
        weak = _fit(_features(labelled, shallow), _features(labelled, deep) @ heads)
        student = _fit(_features(unlabelled, deep), _features(unlabelled, shallow) @ weak)
        truth = _features(test, deep) @ heads
        f_w, f_s = _features(test, shallow) @ weak, _features(test, deep) @ student
        # tasks differ in scale by chance; risks as shares of the truth's power make them comparable
        size = np.mean(truth**2, axis=0)
        risk_w, risk_s, misfit = (np.mean(e**2, axis=0) / size for e in (f_w - truth, f_s - truth, f_w - f_s))
        gain = risk_w - risk_s
        centred = misfit - misfit.mean()
        return {
            "weak_risk": float(risk_w.mean()),
            "student_risk": float(risk_s.mean()),
            "misfit": float(misfit.mean()),
            "gain": float(gain.mean()),
            "gain_over_misfit": float(gain.mean() / misfit.mean()),
            "slope": float(centred @ gain / (centred @ centred)),
            "r2": float(1 - np.sum((gain - misfit) ** 2) / np.sum((gain - gain.mean()) ** 2)),
        }

    def _network(self, depth: int, rng: np.random.Generator) -> list[FloatArray]:
        sizes = [self.inputs, *[self.width] * depth]
        # variance 2 / width keeps the size of ReLU units from layer to layer, however deep the network is
        return [rng.standard_normal((a, b)) * np.sqrt(2 / a) for a, b in zip(sizes, sizes[1:], strict=False)]


def _features(x: FloatArray, layers: list[FloatArray]) -> FloatArray:
    for layer in layers:
        x = np.maximum(x @ layer, 0)
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def _fit(x: FloatArray, y: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.lstsq(x, y, rcond=None)[0])
