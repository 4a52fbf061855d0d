"""How much stronger the student is than its supervisor: tomorrow's gaps are larger than today's."""

from collections.abc import Sequence
from typing import ClassVar, Literal, final

from w2sg.batteries.contract import Disanalogy
from w2sg.batteries.parts import model_on_ladder
from w2sg.core import CapabilityError, register
from w2sg.lab import Setting, Setup, with_field
from w2sg.worlds import LADDER, name_of_model


@final
@register(paper="2312.09390")
class CapabilityGap(Disanalogy):
    """The same supervisor, and students further and further up the ladder; the first is one rung above it.

    A gap cannot be absent where there is one to recover, so effects are relative to the smallest.
    """

    kind: Literal["capability-gap"] = "capability-gap"
    title: ClassVar[str] = "capability gap"
    dial: ClassVar[str] = "rungs of the ladder between weak supervisor and student"

    def settings(self, setup: Setup) -> Sequence[Setting]:
        """Return the setup with the students above its supervisor.

        Raises:
            CapabilityError: If supervisor and student are not on the ladder, or fewer than two rungs lie above.
        """
        model_on_ladder(setup)
        weak = getattr(getattr(setup.supervisor, "student", None), "model", "")
        names = [name_of_model(width) for width in LADDER]
        if weak not in names:
            raise CapabilityError("needs a weak supervisor on the ladder, such as 'facts-weak'")
        above = range(names.index(weak) + 1, len(names))
        if len(above) < 2:
            raise CapabilityError(f"needs two students or more above the supervisor {weak!r}: choose a smaller one")
        return [
            Setting(names[rung], rung - names.index(weak), with_field(setup, "student", model=names[rung]))
            for rung in above
        ]
