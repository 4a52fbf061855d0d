"""Two confidence losses as the released code computes them, faults and all: for reproduction, not for use.

Both are for two classes and choose the threshold by a quantile; `confidence` is the paper's form.
"""

from typing import ClassVar, Literal

from array_api_compat import array_namespace
from pydantic import Field

from w2sg.core import CapabilityError, register
from w2sg.methods.objectives.base import Array, TargetObjective


class _Released(TargetObjective):
    only_classes: ClassVar[int | None] = 2
    weight: float = Field(0.5, ge=0, le=1, description="largest weight of the student's own answers")

    @property
    def moving(self) -> bool:
        """The target holds the student's own answers."""
        return True

    def _mixed(self, weak: Array, log_student: Array, weight: float, level: Array, window: int) -> Array:
        """Return the mixture with class 0 where the student's probability of it reaches its quantile at `level`.

        `>=` gives class 0 on a tie, so a student that is undecided everywhere answers class 0 everywhere.
        """
        if weak.shape[-1] != 2:
            raise CapabilityError(f"objective {self.kind!r} is for 2 classes, got {weak.shape[-1]}: use 'confidence'")
        xp = array_namespace(weak, log_student)
        first = xp.exp(log_student[..., 0])
        # The array-API standard knows no slice that begins before the first value.
        threshold = _quantile(first[..., -min(window, first.shape[-1]) :], level)
        answers = xp.stack([first >= threshold, first < threshold], axis=-1)
        return (1 - weight) * weak + weight * xp.astype(answers, weak.dtype)


@register(paper="2312.09390")
class OpenaiLogconf(_Released):
    """The confidence loss of openai/weak-to-strong (commit 6b450f2), for two classes.

    Class 0 where `f_0` reaches its quantile over the batch at the mean of `w_1`. Known faults, kept: until `warmup` of
    training the weight is `weight * progress`, and not `weight * progress / warmup`, so it jumps from `weight * warmup`
    to `weight`; and ties all go to class 0.
    """

    kind: Literal["openai-logconf"] = "openai-logconf"
    warmup: float = Field(0.1, ge=0, le=1, description="progress at which the weight jumps")

    @property
    def settles_at(self) -> float:
        """Just after the jump."""
        return min(1.0, self.warmup + 1e-9)

    def target(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return the released code's mixture."""
        xp = array_namespace(weak, log_student)
        weight = self.weight * (1.0 if progress > self.warmup else progress)
        level = xp.mean(weak[..., 1], axis=-1, keepdims=True)
        return self._mixed(weak, log_student, weight, level, weak.shape[-2])


@register()
class EleutherLogconf(_Released):
    """The confidence loss of EleutherAI/w2s (commit a929af0), for two classes.

    The weight grows linearly over `warmup` of training (100 steps there). The threshold is a quantile over the last
    `window` scores; with its default micro-batch of one its level is always 1/2, whatever the weak labels' share.
    """

    kind: Literal["eleuther-logconf"] = "eleuther-logconf"
    warmup: float = Field(0.1, ge=0, le=1, description="fraction of training over which the weight grows")
    window: int = Field(32, ge=1, description="how many of the last scores choose the threshold")
    adaptive: bool = Field(False, description="level from the weak labels' share, which its defaults never reach")

    @property
    def settles_at(self) -> float:
        """The end of the warm-up."""
        return self.warmup

    def target(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return the released code's mixture."""
        xp = array_namespace(weak, log_student)
        weight = self.weight * (min(1.0, progress / self.warmup) if self.warmup else 1.0)
        share = xp.mean(weak[..., 1], axis=-1, keepdims=True)
        return self._mixed(weak, log_student, weight, share if self.adaptive else 0 * share + 0.5, self.window)


def _quantile(values: Array, level: Array) -> Array:
    """Return the linearly interpolated quantile over the last axis, `(..., 1)`."""
    xp = array_namespace(values, level)
    ordered, last = xp.sort(values, axis=-1), values.shape[-1] - 1
    place = xp.clip(level, 0.0, 1.0) * last
    low = xp.astype(xp.floor(place), xp.int64)
    high = xp.astype(xp.ceil(place), xp.int64)
    below, above = xp.take_along_axis(ordered, low, axis=-1), xp.take_along_axis(ordered, high, axis=-1)
    return below + (above - below) * xp.astype(place - xp.floor(place), values.dtype)
