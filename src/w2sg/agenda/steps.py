"""The agenda's kinds of steps: what is expected of an experiment, sealed before it is made, and what it showed.

The order is the graph's, as with theories: an experiment has its forecasts for inputs, so a forecast that was changed
afterwards has another key, and its seal is a line of the ledger (`w2sg.core.ledger`).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from w2sg.agenda.effects import ScoredRun, effect_of
from w2sg.agenda.expected import Expected
from w2sg.core import AnyTask, Component, Task, register, seal
from w2sg.desiderata import (
    AnyDesideratum,
    AnyQuantity,
    Desideratum,
    RunQuantity,
    facts_of_run,
    reading_of,
)
from w2sg.factors import FactorOutcome
from w2sg.graph import Artifact, Inputs, Listing, Step
from w2sg.lab import TEST, OnData, Run, Score

if TYPE_CHECKING:
    from w2sg.agenda.agenda import Trial


@register()
class Forecast(OnData):
    """What an experiment is expected to show, sealed before its runs of this seed are made."""

    kind: Literal["forecast"] = "forecast"
    task: AnyTask
    claim: str
    site: str
    n_seeds: int = Field(description="how many seeds the experiment has: a larger one is another experiment")
    expected: Expected

    @property
    def on(self) -> Task:
        """The task of the claim's first arm."""
        return self.task

    def compute(self, inputs: Inputs) -> Artifact:
        """Have the ledger say that the effect was forecast, and keep mean and standard deviation."""
        seal(TEST, 1, self.digest())
        mean, sd = self.expected.belief.expected(self.expected.noise)
        return Artifact({}, {"mean": mean, "sd": sd})


class Subject(Component):
    """What an experiment is about: a claim, as it was stated then, at a site, under some seeds."""

    kind: Literal["subject"] = "subject"
    claim: str
    effect: str = Field(description="of the claim, which a changed claim would not share")
    site: str
    site_digest: str
    seeds: tuple[int, ...]


@register()
class Experiment(Step):
    """The effect of a claim at a site, from runs whose outcome was forecast, and how good the forecast was."""

    kind: Literal["experiment"] = "experiment"
    subject: Subject
    outcome: AnyQuantity | None = Field(None, description="the quantity that is measured; none: the margin")
    margin: AnyDesideratum | None = Field(None, description="the requirement whose margin is measured")
    weights: tuple[float, ...]
    tests: tuple[str, ...] = Field(description="for each arm the test set that it is read on")
    forecasts: tuple[Forecast, ...] = Field(description="one for each seed")
    scores: tuple[Score, ...] = Field(description="for each arm those of all seeds")

    def inputs(self) -> Mapping[str, Step]:
        """Return the forecasts, and the runs by arm and seed."""
        runs = {f"run {number}": score for number, score in enumerate(self.scores)}
        return {**{f"forecast {number}": one for number, one in enumerate(self.forecasts)}, **runs}

    def compute(self, inputs: Inputs) -> Artifact:
        """Estimate the effect, and score the forecast and the one that knew no run."""
        measured, n = self.margin or self.outcome, len(self.subject.seeds)
        assert measured is not None
        runs = [
            scored_run(Run("", score.setup, score.seed, given.record, given.arrays), measured, self.tests[number // n])
            for number, score in enumerate(self.scores)
            for given in (inputs[f"run {number}"],)
        ]
        found = effect_of([runs[start : start + n] for start in range(0, len(runs), n)], self.weights)
        said = inputs["forecast 0"].record
        return Artifact(
            {},
            {
                "estimate": found.estimate,
                "variance": found.variance,
                "n_examples": found.n_examples,
                "forecast": said["mean"],
                "forecast_sd": said["sd"],
                **self.forecasts[0].expected.scored(found.estimate),
            },
        )

    def listing(self, artifact: Artifact) -> Listing:
        """Return the subject, and all numbers."""
        shown = {name: value for name, value in artifact.record.items() if isinstance(value, int | float)}
        return Listing(self.subject, {"claim": self.subject.claim, "site": self.subject.site, **shown})


def scored_run(run: Run, outcome: RunQuantity | Desideratum, test: str = TEST) -> ScoredRun:
    """Return a run's outcome: a quantity, or how far inside a requirement, or a tree of them, the run is.

    Args:
        run: The run.
        outcome: What is read of it.
        test: The test set that is read in the place of the one in distribution.

    Raises:
        CapabilityError: If the run does not say what the outcome needs.
    """
    if isinstance(outcome, RunQuantity):
        reading = FactorOutcome.of_quantity("", outcome).read(run, test)
    else:
        reading = reading_of(outcome, run, test)
    training = facts_of_run(run)[TEST].training
    assert training is not None
    return ScoredRun(reading, np.unique(np.concatenate([part.units for part in reading.parts])), training)


def experiment_of(trial: "Trial", seeds: Sequence[int], expected: Expected, scores: Sequence[Score]) -> Experiment:
    """Return the experiment that tries a claim at a site.

    Args:
        trial: The claim and the site.
        seeds: Under which seeds.
        expected: What is believed before.
        scores: For each arm those of all seeds.
    """
    claim, site = trial.claim, trial.site
    said = {"task": trial.setups[0].task, "claim": claim.name, "site": site.name, "n_seeds": len(seeds)}
    return Experiment(
        subject=Subject(
            claim=claim.name, effect=claim.effect, site=site.name, site_digest=site.digest(), seeds=tuple(seeds)
        ),
        outcome=claim.outcome if claim.margin is None else None,
        margin=claim.margin,
        weights=tuple(arm.weight for arm in claim.arms),
        tests=trial.tests,
        forecasts=tuple(Forecast(**said, expected=expected, seed=seed) for seed in seeds),
        scores=tuple(scores),
        seed=seeds[0],
    )
