"""Disanalogies that are in the pretraining corpus: only a world of our own has a dial for them."""

from collections.abc import Sequence
from typing import ClassVar, Literal, final

from w2sg.batteries.contract import Disanalogy, Expected
from w2sg.batteries.parts import model_on_ladder
from w2sg.core import CapabilityError, register
from w2sg.lab import Setting, Setup, changed, with_field
from w2sg.worlds import DIALLED, DIALS, FactWorld, name_of_model

LAYMAN = {"kind": "recorded", "by": "layman", "labels": "one-hot"}
"""The weak supervisor that the corpus can say the labels of: the layman of the world."""


def _on_corpora(setup: Setup, dial: str) -> list[Setting]:
    """Return the setup with students pretrained on corpora that differ in one dial."""
    model_on_ladder(setup)
    if FactWorld() != getattr(setup.task, "world", None):
        raise CapabilityError("models come with the package for the default world only: train others, w2sg world train")
    return [
        Setting(f"{value:g}", value, with_field(setup, "student", model=name_of_model(DIALLED, **{dial: value})))
        for value in (0.0, *DIALS[dial])
    ]


@final
@register(paper="2312.09390")
class ImitationSaliency(Disanalogy):
    """The corpus says what the weak supervisor would say, errors included, so the student can learn to imitate it.

    A setting is one pretraining, and what another draw of it would change is not in the intervals. The weak supervisor
    is the layman of the world. The dial is the share of verdict documents that are his.
    """

    kind: Literal["imitation-saliency"] = "imitation-saliency"
    title: ClassVar[str] = "imitation saliency"
    dial: ClassVar[str] = "share of verdicts in the corpus that are the weak supervisor's"
    mended_by: ClassVar[str] = "the confidence loss, under which a sure student may disagree"

    def settings(self, setup: Setup) -> Sequence[Setting]:
        """Return the setup supervised by the layman, with students that read more and more of him."""
        return _on_corpora(changed(setup, supervisor=LAYMAN), "saliency")

    def mend(self, setup: Setup) -> Setup | None:
        """Return the setup with the confidence loss, which lets the student disagree."""
        return changed(setup, method="confidence")


@final
@register(paper="2312.09390")
class PretrainingLeakage(Disanalogy):
    """The corpus holds true verdicts on what the task asks: the student was told, and does not have to generalize.

    A setting is one pretraining, and what another draw of it would change is not in the intervals.
    """

    kind: Literal["pretraining-leakage"] = "pretraining-leakage"
    title: ClassVar[str] = "pretraining leakage"
    dial: ClassVar[str] = "share of the task's subjects with verdicts in the corpus"
    expected: ClassVar[Expected] = "rises"

    def settings(self, setup: Setup) -> Sequence[Setting]:
        """Return the setup with students that were told more and more of the task."""
        return _on_corpora(setup, "leakage")
