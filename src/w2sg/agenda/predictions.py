"""What a claim says of the mean of an effect: the region that it lies in, or how it is distributed."""

from abc import abstractmethod
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import Component, FloatArray


class Region(Component):
    """Where a claim says that the mean effect over its population lies; an end that is left out is infinite."""

    kind: Literal["region"] = "region"
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _not_all(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("needs 'low' or 'high': a claim that every effect fits says nothing")
        if not self.ends[0] < self.ends[1]:
            raise ValueError(f"'low' must be below 'high', got {self.low} and {self.high}")
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends, infinite ones too."""
        return -float("inf") if self.low is None else self.low, float("inf") if self.high is None else self.high

    def excludes(self, other: "Region") -> bool:
        """Return whether no effect lies in both."""
        return self.ends[1] <= other.ends[0] or other.ends[1] <= self.ends[0]

    def __str__(self) -> str:
        if self.low is None:
            return f"below {self.high:g}"
        return f"above {self.low:g}" if self.high is None else f"{self.low:g} to {self.high:g}"


class Distribution(Component):
    """How the mean effect over a population is distributed, if what says so is true."""

    @abstractmethod
    def quantiles(self, shares: FloatArray) -> FloatArray:
        """Return the effects below which some shares of the distribution lie, `(m,)` each."""

    @abstractmethod
    def widened(self, factor: float) -> "Distribution":
        """Return the distribution with its scale multiplied and its middle kept."""


class Normal(Distribution):
    """A normal distribution."""

    kind: Literal["normal"] = "normal"
    mean: float = Field(allow_inf_nan=False)
    sd: float = Field(gt=0, allow_inf_nan=False, description="standard deviation")

    def quantiles(self, shares: FloatArray) -> FloatArray:
        """Return the effects below which some shares lie."""
        from scipy.special import ndtri

        return np.asarray(self.mean + self.sd * ndtri(shares))

    def widened(self, factor: float) -> "Normal":
        """Return it with its standard deviation multiplied."""
        return Normal(mean=self.mean, sd=self.sd * factor)

    def __str__(self) -> str:
        return f"normal, {self.mean:g} ± {self.sd:g}"


class StudentT(Distribution):
    """Student's t, moved and stretched: like a normal distribution with heavier tails."""

    kind: Literal["student-t"] = "student-t"
    mean: float = Field(0.0, allow_inf_nan=False)
    scale: float = Field(gt=0, allow_inf_nan=False)
    degrees: float = Field(3.0, gt=0, allow_inf_nan=False, description="degrees of freedom")

    def quantiles(self, shares: FloatArray) -> FloatArray:
        """Return the effects below which some shares lie."""
        from scipy.special import stdtrit

        return np.asarray(self.mean + self.scale * stdtrit(self.degrees, shares))

    def widened(self, factor: float) -> "StudentT":
        """Return it with its scale multiplied."""
        return StudentT(mean=self.mean, scale=self.scale * factor, degrees=self.degrees)

    def __str__(self) -> str:
        return f"Student's t of {self.degrees:g}, {self.mean:g} ± {self.scale:g}"


class Uniform(Distribution):
    """Every effect between two ends is as likely."""

    kind: Literal["uniform"] = "uniform"
    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"'low' must be below 'high', got {self.low} and {self.high}")
        return self

    def quantiles(self, shares: FloatArray) -> FloatArray:
        """Return the effects below which some shares lie."""
        return np.asarray(self.low + (self.high - self.low) * shares)

    def widened(self, factor: float) -> "Uniform":
        """Return it with its length multiplied."""
        middle, half = (self.low + self.high) / 2, factor * (self.high - self.low) / 2
        return Uniform(low=middle - half, high=middle + half)

    def __str__(self) -> str:
        return f"uniform, {self.low:g} to {self.high:g}"


AnyDistribution = Annotated[Normal | StudentT | Uniform, Field(discriminator="kind")]


class Predicted(Component):
    """A distribution that a claim predicts for the mean effect, and the one that holds if the claim is false.

    Both may allow an effect: the claim is then the more believed, the likelier it makes what was measured.
    """

    kind: Literal["predicted"] = "predicted"
    effect: AnyDistribution = Field(description="of the mean effect if the claim is true: normal, student-t or uniform")
    against: AnyDistribution | None = Field(
        None, description="of the mean effect if it is false; none: what is taken for likely of any effect"
    )

    def __str__(self) -> str:
        return str(self.effect)
