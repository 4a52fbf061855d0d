"""Which examples of results a page shows, and where they come from: the first run of each setup."""

from collections.abc import Sequence
from pathlib import Path

from w2sg.graph import Keys, Progress, Store, artifacts_of
from w2sg.lab.comparisons import by_place
from w2sg.lab.examples import AT_RANDOM, DISPUTED, ExamplesOfRun, ShownExample, shown_examples
from w2sg.lab.results import SetupResult
from w2sg.lab.runs import scores_of_setups
from w2sg.lab.scoring import Score

MOST_EXAMPLES = 200
"""A page shows no more: each is some thousand bytes."""


def examples_of(
    results: Sequence[SetupResult], *, store: str | Path, progress: Progress | None = None
) -> dict[str, tuple[ShownExample, ...]]:
    """Return examples of the first run of setups, by the run's id: as many setups as a page has room for.

    The first method of each place comes first, then the second, and so on. Runs that today's code would not make again,
    and all where the store may only be read and lacks their examples, are left out.

    Args:
        results: The setups' results.
        store: The store that has them.
        progress: Told how many runs are done, of how many.

    Raises:
        RunError: If a task cannot be loaded any more.
    """
    places = by_place(results)
    turns = range(max(map(len, places), default=0))
    in_turn = [place[turn] for turn in turns for place in places if turn < len(place)]
    keys, room = Keys(), MOST_EXAMPLES
    steps: dict[str, ExamplesOfRun] = {}
    for result in in_turn:
        room -= (DISPUTED + AT_RANDOM) * len(result.tests)
        if room < 0:
            break
        score = score_under(result, result.seeds[0])
        if keys.of(score) == result.run_ids[0]:
            steps[result.run_ids[0]] = ExamplesOfRun(score=score, seed=score.seed)
    with Store(store) as opened:
        if opened.readonly and len(opened.having(map(keys.of, steps.values()))) < len(steps):
            return {}
    artifacts = artifacts_of(list(steps.values()), Path(store), workers=1, progress=progress)
    return {run: shown_examples(artifact) for run, artifact in zip(steps, artifacts, strict=True)}


def score_under(result: SetupResult, seed: int) -> Score:
    """Return the last step of a setup's run under a seed."""
    (score,) = scores_of_setups([result.setup], [seed])
    return score
