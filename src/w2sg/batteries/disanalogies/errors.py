"""Where the weak supervisor errs: future overseers will not err at random."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, final

from pydantic import Field

from w2sg.batteries.contract import Disanalogy, Expected
from w2sg.core import register
from w2sg.lab import Setting, Setup, changed

ASKERS = "asked_by"
"""The metadata column with who asks, in the tasks of the fact world."""


@final
@register(paper="2312.09390")
class ErrorStructure(Disanalogy):
    """Simulated supervisors of one accuracy whose errors have different structures, from independent to adversarial."""

    kind: Literal["error-structure"] = "error-structure"
    title: ClassVar[str] = "error structure"
    dial: ClassVar[str] = "structure of the errors, at equal accuracy"
    expected: ClassVar[Expected] = "differs"
    mended_by: ClassVar[str] = "50 audited labels, mixed with the weak ones"
    accuracy: float = Field(0.75, gt=0.5, lt=1, description="share of labels that are right, whatever the structure")

    def settings(self, setup: Setup) -> Sequence[Setting]:
        """Return the setup with each structure, independent errors first; by group only where there are groups."""
        shown: dict[str, dict[str, Any]] = {name: {} for name in ("uniform", "difficulty", "adversarial")}
        if setup.task.kind == "facts":
            shown |= {"systematic": {"column": "group"}, "sycophantic": {"column": ASKERS}}
        return [
            Setting(name, float(number), self._supervised(setup, structure=name, **fields))
            for number, (name, fields) in enumerate(shown.items())
        ]

    def mend(self, setup: Setup) -> Setup | None:
        """Return the setup with few trusted labels mixed in."""
        return changed(setup, method="trusted-mix")

    def _supervised(self, setup: Setup, **fields: Any) -> Setup:
        return changed(setup, supervisor={"kind": "simulated", "accuracy": self.accuracy, **fields})
