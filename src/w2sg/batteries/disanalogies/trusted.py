"""Ground truth that can be bought: today labels are cheap, and for superhuman tasks there may be none."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, final

from w2sg.batteries.contract import Disanalogy, Expected
from w2sg.core import CapabilityError, ClassProbabilities, derive, register
from w2sg.lab import Setting, Setup, changed

COUNTS = (10, 50, 200)
MIX = "trusted-mix"
MOST_SHARE = 0.5
"""At most this share of the transfer split is bought: with more, it is a training set and no audit."""


@final
@register()
class TrustedLabels(Disanalogy):
    """Some labels of the transfer split are bought and mixed with the weak ones; at 0 the student learns naively."""

    kind: Literal["trusted-labels"] = "trusted-labels"
    title: ClassVar[str] = "trusted labels"
    dial: ClassVar[str] = "audited labels that are mixed in"
    expected: ClassVar[Expected] = "rises"

    def settings(self, setup: Setup) -> Sequence[Setting]:
        """Return the setup with more and more labels that are true.

        Raises:
            CapabilityError: If answers are no classes, or the transfer split is too small.
        """
        if setup.task.signal is not ClassProbabilities:
            raise CapabilityError("needs labels that are classes, and this task asks for written answers")
        available = len(setup.task.load(derive(0, "task")).transfer)
        counts = [count for count in COUNTS if count <= MOST_SHARE * available]
        if not counts:
            raise CapabilityError(f"needs {COUNTS[0] / MOST_SHARE:g} examples in the transfer split, got {available}")
        # Mixing no labels in is the naive method: with another one at 0 the dial would turn the method as well.
        mixed = [Setting(str(count), float(count), changed(setup, method=_mix(count))) for count in counts]
        return [Setting("0", 0.0, changed(setup, method="naive")), *mixed]


def _mix(labels: int) -> dict[str, Any]:
    return {"kind": MIX, **{part: {"kind": "trusted", "labels": labels} for part in ("select", "relabel")}}
