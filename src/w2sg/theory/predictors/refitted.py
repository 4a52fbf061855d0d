"""The whole run again on parts of the teacher's labels: what refitted students gain on the labels left out."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from w2sg.core import register
from w2sg.theory import hypotheses as given
from w2sg.theory.contracts import Hypothesis, Theory
from w2sg.theory.observables import Unit


class _Refitted(Theory):
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.SAME_INPUTS,
        given.assumed(
            "labels do not shift",
            "Given the input, the teacher's labels are distributed as those of deployment.",
            "deployment labels are not observed",
        ),
        given.assumed(
            "refits are like the run",
            "Teachers with fewer labels, and their students, gain as those of the run do.",
            "there are no more labels to see whether the gain changes with their number",
        ),
    )

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the gain of the refits."""
        return at[self.needs[0]]


@register()
class RefittedGain(_Refitted):
    """The gain in error of refitted students on labels that were left out."""

    kind: Literal["refitted-gain"] = "refitted-gain"
    unit: ClassVar[Unit] = "error"
    needs: ClassVar[tuple[str, ...]] = ("refitted_gain_error",)


@register()
class RefittedGainSquared(_Refitted):
    """The gain in squared risk of refitted students on labels that were left out."""

    kind: Literal["refitted-gain-squared"] = "refitted-gain-squared"
    unit: ClassVar[Unit] = "squared"
    needs: ClassVar[tuple[str, ...]] = ("refitted_gain_squared",)


@register()
class RefittedGainKl(_Refitted):
    """The gain in cross-entropy of refitted students on labels that were left out."""

    kind: Literal["refitted-gain-kl"] = "refitted-gain-kl"
    unit: ClassVar[Unit] = "kl"
    needs: ClassVar[tuple[str, ...]] = ("refitted_gain_kl",)
