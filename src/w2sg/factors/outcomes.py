"""Outcomes: what factors are to move. A quantity of a run, or how far inside a requirement the run is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from w2sg.desiderata import Desideratum, Requirement, RunQuantity, reading_of
from w2sg.lab import TEST
from w2sg.measure import Reading

if TYPE_CHECKING:
    from w2sg.lab import Run


@dataclass(frozen=True, eq=False)
class FactorOutcome:
    """A quantity, or the margin of what is required: how far inside (above 0) or outside it a run is.

    Attributes:
        name: What it is called.
        desideratum: What is required; of a quantity that it is above 0.
        is_margin: Whether it is a margin.
    """

    name: str
    desideratum: Desideratum
    is_margin: bool = True

    @classmethod
    def of_quantity(cls, name: str, quantity: RunQuantity) -> "FactorOutcome":
        """Return a quantity as an outcome."""
        return cls(name, Requirement(quantity=quantity, above=0.0), is_margin=False)

    def read(self, run: "Run", test: str = TEST) -> Reading:
        """Read the outcome of a run.

        Args:
            run: The run.
            test: The test set that is read in the place of the one in distribution.

        Raises:
            CapabilityError: If it is not defined there; the message says why.
        """
        return reading_of(self.desideratum, run, test)
