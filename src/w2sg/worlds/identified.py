"""What the supervisor's risk says of a gain: between which ends it lies for truths that are probabilities, and for any.

Derived here. With two classes and squared risk both ends are the same where the student says what its supervisor says,
but surer or less sure: `student - 1/2 = c (supervisor - 1/2)` on all inputs.
"""

import math
from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import FloatArray, InputError, register
from w2sg.measure import End, KnownMean, identified
from w2sg.worlds.common import means_of, within
from w2sg.worlds.contract import Simulation, World

ROUNDING = 1e-6
"""Linear programs are solved to about this."""
Said = float | tuple[float, ...]
"""A probability of the second class for all inputs, or one for each."""


def unrestricted_gain(misfit: float, weak_risk: float) -> tuple[float, float]:
    """Return between which ends the gain in squared risk lies if the truth may be any value: -M -+ 2 sqrt(M R_w).

    Raises:
        InputError: A number is negative or not finite.
    """
    within(0, math.inf, misfit=misfit, weak_risk=weak_risk)
    reach = 2 * math.sqrt(misfit * weak_risk)
    return -misfit - reach, -misfit + reach


def gain_of_sharpening(times: float, power: float, weak_risk: float) -> float:
    """Return `(c - 1) (1/2 - R_w - 2 c A)`, what a student gains that is `c` times as sure as its supervisor.

    For two classes and squared risk. With `a = w - 1/2` and the label `z` as +-1, the risk of `c a` is
    `1/2 - 2 c E[z a] + 2 c^2 A`; that of `c = 1` tells `E[z a]`.

    Args:
        times: c, with `student - 1/2 = c (supervisor - 1/2)`.
        power: A, the mean of `(supervisor - 1/2)^2`.
        weak_risk: The supervisor's squared risk, summed over both classes.

    >>> round(gain_of_sharpening(4, 0.01, 0.36), 12)
    0.18
    """
    return (times - 1) * (0.5 - weak_risk - 2 * times * power)


@register()
class GainIdentifiedWorld(World):
    """Two classes, what supervisor and student say, and the supervisor's squared risk: which gains are possible."""

    kind: Literal["gain-identified"] = "gain-identified"
    weak: Said = Field(0.6, description="the supervisor's probability of the second class: one, or one for each input")
    student: Said = Field(0.9, description="the student's, for the same inputs")
    risk: float = Field(0.36, ge=0, le=2, description="the supervisor's squared risk, summed over both classes")
    trials: int = Field(200, ge=2, le=100_000, description="simulated truths")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        weak, student = self._said
        within(0, 1, **{f"probability_{i}": p for i, p in enumerate([*weak, *student])})
        if len(weak) != len(student) or not len(weak):
            raise InputError(f"weak and student must speak of as many inputs, got {len(weak)} and {len(student)}")
        least, most = (float(end(_squared(weak), axis=1).mean()) for end in (np.min, np.max))
        if not least <= self.risk <= most:
            raise InputError(f"risk must be from {least:.6g} to {most:.6g}, whatever the labels, got {self.risk:g}")
        return self

    @property
    def _said(self) -> tuple[FloatArray, FloatArray]:
        """What both say, as many inputs as the longer one speaks of."""
        weak, student = np.atleast_1d(self.weak), np.atleast_1d(self.student)
        n = max(len(weak), len(student))
        return (np.repeat(weak, n) if len(weak) == 1 else weak), (
            np.repeat(student, n) if len(student) == 1 else student
        )

    def _ends(self) -> tuple[End, End]:
        weak, student = (_squared(said) for said in self._said)
        ends = identified(weak - student, [KnownMean(weak, self.risk, self.risk)])
        # The configuration was refused if no truth has this risk.
        assert ends is not None
        return ends

    def exact(self) -> Mapping[str, float]:
        """Return both ends for truths that are probabilities, and for truths that may be any value."""
        weak, student = self._said
        low, high = self._ends()
        free_low, free_high = unrestricted_gain(float(2 * np.square(weak - student).mean()), self.risk)
        return {"low": low.value, "high": high.value, "unrestricted_low": free_low, "unrestricted_high": free_high}

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Draw truths under which the supervisor has this risk: their gain, and how often it lies between the ends."""
        weak, student = (_squared(said) for said in self._said)
        low, high = (end.value for end in self._ends())
        rows = []
        for _ in range(self.trials):
            truth = _with_risk(weak, self.risk, rng)
            gain = float(np.mean((1 - truth) * (weak - student)[:, 0] + truth * (weak - student)[:, 1]))
            rows.append({"gain": gain, "inside": float(low - ROUNDING <= gain <= high + ROUNDING)})
        return means_of(rows)


def _squared(said: FloatArray) -> FloatArray:
    """Return the squared loss of a probability of the second class under both labels, `(n, 2)`."""
    return np.stack([2 * said**2, 2 * (1 - said) ** 2], axis=1)


def _with_risk(losses: FloatArray, risk: float, rng: np.random.Generator) -> FloatArray:
    """Return random probabilities of the second class under which the losses have this mean, `(n,)`."""
    drawn = rng.random(len(losses))
    mean = float(((1 - drawn) * losses[:, 0] + drawn * losses[:, 1]).mean())
    # On the way from any truth to the one of least, or of largest risk, one has this risk.
    extreme = (losses.argmin(axis=1) if mean > risk else losses.argmax(axis=1)).astype(np.float64)
    end = float(((1 - extreme) * losses[:, 0] + extreme * losses[:, 1]).mean())
    part = 0.0 if end == mean else (risk - mean) / (end - mean)
    return np.asarray((1 - part) * drawn + part * extreme)
