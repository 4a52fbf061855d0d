"""What runs cost: the seconds of the steps that are missing, as those of steps like them were measured."""

from collections.abc import Iterable, Sequence, Set
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from w2sg.core import InputError, attempt
from w2sg.graph import REFUSED, Keys, Labels, MeanSeconds, Step, Store
from w2sg.lab import Score, scores_of_setups

if TYPE_CHECKING:
    from w2sg.agenda.agenda import Agenda, Trial


class RunCatalogue:
    """The runs that an agenda may ask for, as steps of which equal ones are one object.

    Args:
        agenda: The agenda.
        seeds: All seeds that may be asked for.

    Attributes:
        scores: The last step of every run.
    """

    def __init__(self, agenda: "Agenda", seeds: Sequence[int]) -> None:
        setups = {setup.digest(): setup for trial in agenda.trials for setup in trial.setups}
        scores = scores_of_setups(setups.values(), seeds)
        self.scores = tuple(scores)
        self._scores = {(score.setup.digest(), score.seed): score for score in scores}
        self._digests = {id(trial): tuple(setup.digest() for setup in trial.setups) for trial in agenda.trials}
        self._known: dict[tuple[int, tuple[int, ...]], tuple[Score, ...]] = {}

    def scores_of(self, trial: "Trial", seeds: Sequence[int]) -> tuple[Score, ...]:
        """Return the score of each arm under each seed, arm by arm."""
        key = id(trial), tuple(seeds)
        if key not in self._known:
            self._known[key] = tuple(
                self._scores[digest, seed] for digest in self._digests[id(trial)] for seed in seeds
            )
        return self._known[key]


class Costs:
    """Which steps are done, and what those that are missing will take.

    Seconds of a step are foretold by those of steps like it (`w2sg.graph.MeanSeconds`), as for the time left.
    """

    def __init__(self) -> None:
        self._done: dict[int, float] = {}
        self._refused: dict[int, str] = {}
        self._labels, self._means = Labels(), MeanSeconds()
        self._parts: dict[int, list[Step]] = {}

    def saw(self, step: Step, seconds: float, refused: str = "") -> None:
        """Take notice of a step that is done, of how long it took, and of why it was refused."""
        if id(step) in self._done:
            return
        self._done[id(step)] = seconds
        if refused:
            self._refused[id(step)] = refused
        self._means.learn(self._labels.of(step), seconds)

    def missing(self, scores: Iterable[Score]) -> list[Step]:
        """Return the steps that some scores still need, each once."""
        steps = {id(step): step for score in scores for step in self._parts_of(score)}
        return [step for place, step in steps.items() if place not in self._done]

    def _parts_of(self, score: Score) -> list[Step]:
        # The score is the last of its parts, so what its id stands for is not gone.
        if id(score) not in self._parts:
            self._parts[id(score)] = parts_of(score)
        return self._parts[id(score)]

    @property
    def done(self) -> Set[int]:
        """The steps that are done, by their `id`."""
        return self._done.keys()

    def refused(self, scores: Iterable[Score]) -> str:
        """Return why one of some scores was refused; empty where none was."""
        return next((self._refused[id(score)] for score in scores if id(score) in self._refused), "")

    def seconds(self, scores: Iterable[Score]) -> float:
        """Return the processor seconds that some scores will take beyond what is there."""
        return sum(map(self.expected, self.missing(scores)))

    def measured(self, steps: Iterable[Step]) -> float:
        """Return the seconds that those of some steps took that are done."""
        return sum(self._done.get(id(step), 0.0) for step in steps)

    def expected(self, step: Step) -> float:
        """Return the processor seconds that a step will take."""
        return self._means.expected(self._labels.of(step))


def parts_of(score: Score) -> list[Step]:
    """Return a score and all the steps that it stands on."""
    inputs = score.inputs().values()
    return list({id(step): step for one in inputs for step in (*one.inputs().values(), one)}.values()) + [score]


def look_up(costs: Costs, scores: Iterable[Score], folder: Path, keys: Keys) -> None:
    """Take notice of what a store has of some scores and of what they stand on.

    Raises:
        StoreError: If the store cannot be read.
    """
    if not (folder / "store.db").exists():
        return
    with Store(folder) as store:
        for step in costs.missing(scores):
            key = attempt(partial(keys.of, step))
            record = store.record(key) if isinstance(key, str) else None
            if record is not None:
                costs.saw(step, float(record.get("seconds", 0.0)), str(record.get(REFUSED, "")))


def seconds_of(text: str) -> float:
    """Return the seconds of a time such as `90s`, `30m` or `1.5h`.

    >>> seconds_of("30m")
    1800.0

    Raises:
        InputError: If it is none, or not above 0.
    """
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    number = text[:-1].strip() if text[-1:] in units else ""
    if not number.replace(".", "", 1).isdecimal() or not float(number) > 0:
        raise InputError(f"a budget is a number above 0 with s, m or h, such as 30m, got {text!r:.80}")
    return float(number) * units[text[-1]]
