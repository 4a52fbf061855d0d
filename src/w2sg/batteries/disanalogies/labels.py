"""Labels in the inputs themselves: what the weak supervisor says, for the student to copy, and what is true."""

from collections.abc import Sequence
from typing import ClassVar, Literal, final

from w2sg.batteries.contract import Disanalogy, Expected
from w2sg.core import CapabilityError, ClassProbabilities, register
from w2sg.lab import Setting, Setup, changed, with_field
from w2sg.worlds import is_shipped

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
WRAPPER, RECORDED = "shown", "as-recorded"
"""The task that puts labels into inputs, and the supervisor of the labels that it has recorded: the same on all
settings, so the dial turns what inputs show and nothing else."""


class LabelInInput(Disanalogy):
    """A dial that is the share of examples, in all splits, whose inputs show a label.

    The weak labels are the setup's own, as classes: its supervisor learns from and labels inputs that show nothing.
    """

    dial: ClassVar[str] = "share of examples whose input shows it"
    mended_by: ClassVar[str] = "hiding it in what is trained on"
    label: ClassVar[Literal["weak", "gold"]]

    @final
    def settings(self, setup: Setup) -> Sequence[Setting]:
        """Return the setup with more and more inputs that show the label.

        Raises:
            CapabilityError: If answers are no classes, or the student knows no words but those of its world.
        """
        if setup.task.signal is not ClassProbabilities:
            raise CapabilityError("needs labels that are classes, and this task asks for written answers")
        if setup.task.kind == WRAPPER:
            raise CapabilityError("the task shows labels in its inputs already")
        if is_shipped(getattr(setup.student, "model", "")):
            raise CapabilityError("needs a student that can read a label: this one knows only the words of its world")
        parts = {"task": setup.task.model_dump(mode="json"), "supervisor": setup.supervisor.model_dump(mode="json")}
        return [
            Setting(
                f"{share:g}",
                share,
                changed(
                    setup,
                    task={"kind": WRAPPER, **parts, "share": share, "label": self.label},
                    supervisor=RECORDED,
                ),
            )
            for share in SHARES
        ]

    @final
    def mend(self, setup: Setup) -> Setup | None:
        """Return the setup whose training inputs show nothing; its test inputs do as before. None where none does."""
        return with_field(setup, "task", hide=True) if getattr(setup.task, "share", 0) else None


@final
@register(paper="2312.09390")
class ShownLabels(LabelInInput):
    """The weak supervisor's label is in the input, so that imitating it is as easy as can be."""

    kind: Literal["shown-labels"] = "shown-labels"
    title: ClassVar[str] = "weak label in the input"
    label: ClassVar[Literal["weak", "gold"]] = "weak"


@final
@register(paper="2312.09390")
class LabelLeakage(LabelInInput):
    """The right label is in the input, as it is where a test was published before pretraining."""

    kind: Literal["label-leakage"] = "label-leakage"
    title: ClassVar[str] = "label leakage"
    expected: ClassVar[Expected] = "rises"
    label: ClassVar[Literal["weak", "gold"]] = "gold"
