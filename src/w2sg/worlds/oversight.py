"""Nested oversight: how likely a chain of guards, each a step stronger than the last, holds a stronger Houdini.

Domain skill is linear in general skill, both in Elo: a guard of general Elo `g` plays at `slope_guard g`, a Houdini
at `slope_houdini g + intercept`, with `g` counted from where the weakest guard stands. In step `i` of `n` over a gap
the guard is at `(i - 1) gap / n` and oversees a Houdini at `i gap / n`; steps are independent, and all must succeed.
Engels, Baek, Kantamneni, Tegmark (arXiv 2504.18530) and their released notebook, where the games below were fitted.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import FloatArray, register
from w2sg.worlds.common import above, within
from w2sg.worlds.contract import Simulation, World

MOST_STEPS = 1000
"""The search for the best number of steps ends here; by then a chain that still improves all but succeeds."""


@dataclass(frozen=True)
class Skills:
    """Domain skill by general skill, in Elo, seen from the weakest guard."""

    slope_guard: float
    slope_houdini: float
    intercept: float


def seen_from(start: float, guard: tuple[float, float], houdini: tuple[float, float]) -> Skills:
    """Return the skills seen from a general Elo, for lines given as (slope, intercept)."""
    # only the difference of both lines at the start matters: Elo has no zero
    gap_at_start = houdini[0] * start + houdini[1] - guard[0] * start - guard[1]
    return Skills(guard[0], houdini[0], gap_at_start)


GAMES: dict[str, Skills] = {
    "mafia": seen_from(1103, (1.53054, -622.932), (0.834415, 173.221)),
    "debate": seen_from(1103, (1.09839, -47.4989), (0.0493612, 1080.398)),
    "backdoor": seen_from(1103, (0.719261, 552.022), (1.951824, -1361.612)),
    "wargames": seen_from(1103, (1.166674, -229.0737), (0.679574, 422.0054)),
}
"""Fits of the released notebook (April 2025), seen from general Elo 1103; later figures of the paper differ."""


def step_probabilities(skills: Skills, gap: float, steps: int) -> FloatArray:
    """Return the probability that each step succeeds, `(steps,)`, by the logistic curve of Elo.

    Raises:
        InputError: A number is not finite, or there is no step.
    """
    from scipy.special import expit

    within(-1e9, 1e9, gap=gap, intercept=skills.intercept)
    within(-1e9, 1e9, slope_guard=skills.slope_guard, slope_houdini=skills.slope_houdini)
    above(0, steps=steps)
    # each guard is as strong as the Houdini of the step before, and one step weaker than the one that it oversees
    general = gap * np.arange(steps + 1) / steps
    lead = skills.slope_houdini * general[1:] + skills.intercept - skills.slope_guard * general[:-1]
    return np.asarray(expit(-lead * math.log(10) / 400))


def success_probability(skills: Skills, gap: float, steps: int) -> float:
    """Return the probability that all steps succeed.

    Raises:
        InputError: See `step_probabilities`.
    """
    return float(step_probabilities(skills, gap, steps).prod())


def best_steps(skills: Skills, gap: float) -> int:
    """Return the number of steps, up to 1000, that succeeds most often; the fewest of equals.

    No step does better than the strongest guard against the weakest Houdini of the gap, which ends the search.

    Raises:
        InputError: See `step_probabilities`.
    """
    # a step is at best the strongest guard of the gap against its weakest Houdini; once even that, taken to the power
    # of the number of steps, is worse than what was found, more steps cannot help
    guards, houdinis = (0.0, skills.slope_guard * gap), (0.0, skills.slope_houdini * gap)
    best_chance = success_probability(Skills(0, 0, min(houdinis) + skills.intercept - max(guards)), 0, 1)
    best, most = 1, success_probability(skills, gap, 1)
    for steps in range(2, MOST_STEPS + 1):
        if best_chance**steps <= most:
            break
        chance = success_probability(skills, gap, steps)
        if chance > most:
            best, most = steps, chance
    return best


@register(paper="2504.18530")
class OversightWorld(World):
    """A chain of guards over a gap in general skill."""

    kind: Literal["oversight"] = "oversight"
    game: Literal["mafia", "debate", "backdoor", "wargames"] | None = Field(
        None, description="fitted skills in place of slopes and intercept"
    )
    slope_guard: float = Field(1.0, ge=-100, le=100, description="domain Elo of the guard by general Elo")
    slope_houdini: float = Field(1.0, ge=-100, le=100, description="domain Elo of the Houdini by general Elo")
    intercept: float = Field(
        0.0, ge=-1e5, le=1e5, description="the Houdini's lead where general Elo is equal at the start"
    )
    gap: float = Field(400.0, ge=0, le=1e5, description="general Elo between the first guard and the last Houdini")
    steps: int | None = Field(None, ge=1, le=MOST_STEPS, description="number of steps; none for the best")
    trials: int = Field(100_000, ge=2, le=10_000_000, description="simulated chains")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        own = [self.slope_guard, self.slope_houdini, self.intercept]
        if self.game and own != [1.0, 1.0, 0.0]:
            raise ValueError(f"game {self.game!r} has fitted slopes and intercept: leave them out, or the game")
        return self

    @property
    def skills(self) -> Skills:
        """The lines of guard and Houdini."""
        return GAMES[self.game] if self.game else Skills(self.slope_guard, self.slope_houdini, self.intercept)

    def _steps(self) -> int:
        return self.steps or best_steps(self.skills, self.gap)

    def exact(self) -> Mapping[str, float]:
        """Return the number of steps and how likely the chain holds, with this many and with one step."""
        steps = self._steps()
        return {
            "steps": float(steps),
            "success": success_probability(self.skills, self.gap, steps),
            "one_step_success": success_probability(self.skills, self.gap, 1),
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Play chains step by step."""
        return {"success": self._played(self._steps(), rng), "one_step_success": self._played(1, rng)}

    def _played(self, steps: int, rng: np.random.Generator) -> Simulation:
        alive = self.trials
        # only chains that have held so far play the next step, so one binomial draw per step replaces one per chain and
        # step
        for probability in step_probabilities(self.skills, self.gap, steps):
            alive = int(rng.binomial(alive, probability))
        share = alive / self.trials
        return Simulation(share, math.sqrt(share * (1 - share) / (self.trials - 1)), self.trials)
