"""What a disanalogy is: a named way in which a setup differs from superhuman supervision, with a dial."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

from w2sg.core import contract
from w2sg.lab import Dial, Setting, Setup

Expected = Literal["falls", "rises", "differs"]
"""What PGR is expected to do as the dial is turned up; `differs` is for settings without an order."""


@contract("disanalogies")
class Disanalogy(Dial):
    """A way in which today's experiments differ from supervising something superhuman, as a dial of a setup."""

    title: ClassVar[str]
    """What it is called on pages."""
    dial: ClassVar[str]
    """What the dial's number is."""
    expected: ClassVar[Expected] = "falls"
    mended_by: ClassVar[str] = ""
    """What reduces its effect, in words; empty where nothing is known."""

    @abstractmethod
    def settings(self, setup: Setup) -> Sequence[Setting]:
        """Return the settings of the dial, the one in which it is absent first.

        Args:
            setup: What is tested: all that the dial does not turn stays as it is there.

        Raises:
            CapabilityError: If the setup has no such dial; the message says why.
        """

    def mend(self, setup: Setup) -> Setup | None:
        """Return the setup with what reduces the effect; None where nothing is known, or where it does not fit."""
        return None
