"""What an analyst's choice is: something that could as well have been settled otherwise before anything was run."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from w2sg.core import Component, contract
from w2sg.lab import Setup


@dataclass(frozen=True)
class Analysis:
    """A setup and the seeds that it is tried under."""

    setup: Setup
    seeds: tuple[int, ...]


@contract("choices")
class AnalystChoice(Component):
    """Something about an analysis that could have been chosen otherwise, and that no finding should hang on."""

    @property
    def title(self) -> str:
        """What it is called on pages: its kind, where that says what is chosen."""
        return self.kind

    @abstractmethod
    def options(self, analysis: Analysis) -> Mapping[str, Analysis]:
        """Return the analysis with every other option, by the option's name.

        An option has the same name for whatever analysis, so that choices can be made one after the other.

        Args:
            analysis: What was chosen: all that this choice does not decide stays as it is there.

        Raises:
            CapabilityError: If nothing is to be chosen here; the message says why.
        """
