"""Calibrated beliefs: both models pooled, the pool calibrated on held-out labels, unlabelled inputs do the rest."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from w2sg.core import register
from w2sg.theory import hypotheses as given
from w2sg.theory.contracts import Hypothesis, Theory
from w2sg.theory.observables import Unit


class _Pooled(Theory):
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.SAME_INPUTS,
        given.assumed(
            "pool is calibrated",
            "The label is distributed as a power of the teacher's probabilities times one of the student's.",
            "deployment labels are not observed",
        ),
        given.assumed(
            "refits are like the run",
            "Teachers with fewer labels, and their students, are as trustworthy as those of the run.",
            "there are no more labels to see whether trust changes with their number",
        ),
    )

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the implied gain."""
        return at[self.needs[0]]


@register()
class PooledGain(_Pooled):
    """The gain in error that unlabelled inputs imply under a calibrated pool of teacher and student."""

    kind: Literal["pooled-gain"] = "pooled-gain"
    unit: ClassVar[Unit] = "error"
    needs: ClassVar[tuple[str, ...]] = ("pooled_gain_error",)


@register()
class PooledGainSquared(_Pooled):
    """The gain in squared risk that unlabelled inputs imply under a calibrated pool of teacher and student."""

    kind: Literal["pooled-gain-squared"] = "pooled-gain-squared"
    unit: ClassVar[Unit] = "squared"
    needs: ClassVar[tuple[str, ...]] = ("pooled_gain_squared",)


@register()
class PooledGainKl(_Pooled):
    """The gain in cross-entropy that unlabelled inputs imply under a calibrated pool of teacher and student."""

    kind: Literal["pooled-gain-kl"] = "pooled-gain-kl"
    unit: ClassVar[Unit] = "kl"
    needs: ClassVar[tuple[str, ...]] = ("pooled_gain_kl",)
