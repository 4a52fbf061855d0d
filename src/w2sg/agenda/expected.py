"""What is believed of an experiment before it is made, and how good that was."""

from typing import Annotated, Literal

from pydantic import Field

from w2sg.agenda.belief import Belief, Prior, belief_of
from w2sg.agenda.predictions import Predicted, Region
from w2sg.core import Component


class Expected(Component):
    """What was believed of an effect before an experiment, as `belief_of` takes it, and the noise of measuring it."""

    kind: Literal["expected"] = "expected"
    says: Annotated[Region | Predicted, Field(discriminator="kind")]
    credence: float
    scale: float
    between: float
    effects: tuple[float, ...]
    variances: tuple[float, ...]
    noise: float = Field(gt=0, description="the variance that the measurement is expected to have")

    @property
    def belief(self) -> Belief:
        """The belief."""
        return belief_of(self.says, self.prior, self.effects, self.variances)

    @property
    def prior(self) -> Prior:
        """What was believed before any run."""
        return Prior(self.credence, self.scale, self.between)

    def scored(self, estimate: float) -> dict[str, float]:
        """Return how good this forecast is of what was measured, and one from the prior alone."""
        naive = belief_of(self.says, self.prior)
        return {
            "rank": self.belief.below(estimate, self.noise),
            "log_score": self.belief.log_density(estimate, self.noise),
            "naive_log_score": naive.log_density(estimate, self.noise),
        }
