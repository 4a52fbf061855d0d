"""Theories of plugins: a worker is given what was observed of runs, as plain data, and says what the theory answers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from w2sg.core import Answer, Hypothesis, InfoSet, InputError, Observables, Target, Theory
from w2sg.isolation.declarations import TheoryFacts, answer_of
from w2sg.isolation.foreign import Isolated
from w2sg.isolation.session import Session


class IsolatedTheory(Isolated, Theory):
    """A theory that predicts in a worker, which has neither store nor task, and is not told which run it speaks of."""

    @property
    def _facts(self) -> TheoryFacts:
        assert isinstance(self._built.facts, TheoryFacts)
        return self._built.facts

    @property
    def name(self) -> str:
        """The name of its answers."""
        return self._facts.name

    @property
    def target(self) -> Target:  # type: ignore[override]  # of each theory, where others have one for their class
        """What it predicts."""
        return self._facts.target

    @property
    def says(self) -> Literal["value", "at least", "at most"]:  # type: ignore[override]
        """Whether it predicts the target itself, or bounds it."""
        return self._facts.says

    @property
    def baseline(self) -> bool:  # type: ignore[override]
        """Whether it is a plain number that theories have to beat."""
        return self._facts.baseline

    @property
    def observed(self) -> tuple[str, ...]:
        """Names of observables that it needs."""
        return self._facts.observed

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:  # type: ignore[override]
        """What it takes for granted; the checks are in the worker."""
        return tuple(Hypothesis(one.name, one.statement, InfoSet[one.info]) for one in self._facts.hypotheses)

    def formula(self, at: Mapping[str, float]) -> float:
        """Refuse: the formula is in the worker."""
        raise InputError(
            f"{self.kind!r} is code of a plugin and runs in workers only: ask it by predict or predict_many"
        )

    def predict_many(self, seen: Sequence[Observables], level: float = 0.9) -> list[Answer]:
        """Return what it answers to several runs, all asked of one worker.

        A run's name is the key of its score in the store. So the worker is given a number in its place.
        """
        if not seen:
            return []
        unnamed = [replace(one, run=str(place)) for place, one in enumerate(seen)]
        session = Session(self.plugins)
        said = session.ask("predict", theory=self, seen=[one.to_dict() for one in unnamed], level=level)
        session.close()
        if not isinstance(said, list) or len(said) != len(seen):
            raise InputError(
                f"theory {self.kind!r} must give {len(seen)} answers, one for each run that it was asked of"
            )
        answers = [answer_of(plain, self, one, level) for plain, one in zip(said, unnamed, strict=True)]
        return [replace(answer, run=one.run) for answer, one in zip(answers, seen, strict=True)]
