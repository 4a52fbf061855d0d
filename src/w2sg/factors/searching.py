"""Searching: the next settings are proposed by Optuna from what came of those before, some at a time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from w2sg.core import MissingExtraError

Seek = Literal["largest", "smallest"]
Setting = Mapping[str, float]
"""For each name a place in [0, 1] of a range, or the number of a level."""
STARTUP_ROUNDS = 2
"""Rounds before Optuna learns from what came: it asks for random points, or for those that it is told to begin with."""


def search(
    space: Mapping[str, int | None],
    tried: Callable[[Sequence[Setting]], Sequence[float | None]],
    *,
    count: int,
    at_once: int,
    seed: int,
    begin: Sequence[Setting],
    seek: Seek = "largest",
) -> None:
    """Have settings tried that are proposed by Optuna's tree-structured Parzen estimator.

    The same seed and the same values give the same settings, so a search that was stopped goes on where it was as soon
    as what it had tried is known.

    Args:
        space: For each name how many levels it has; None is a range.
        tried: Gives the value of each of some settings; None where there is none.
        count: How many settings are tried.
        at_once: How many are asked for at once.
        seed: Of the search.
        begin: Settings to be tried first.
        seek: What is looked for.

    Raises:
        MissingExtraError: If Optuna is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise MissingExtraError("optuna", "research") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(len(begin), STARTUP_ROUNDS * at_once))
    study = optuna.create_study(direction="maximize" if seek == "largest" else "minimize", sampler=sampler)
    dials = {
        name: optuna.distributions.FloatDistribution(0.0, 1.0)
        if levels is None
        else optuna.distributions.CategoricalDistribution(tuple(range(levels)))
        for name, levels in space.items()
    }
    for setting in begin:
        study.enqueue_trial(dict(setting))
    for first in range(0, count, at_once):
        asked = [study.ask(dials) for _ in range(min(at_once, count - first))]
        for trial, value in zip(asked, tried([trial.params for trial in asked]), strict=True):
            failed = None if value is not None else optuna.trial.TrialState.FAIL
            study.tell(trial, value, state=failed)
