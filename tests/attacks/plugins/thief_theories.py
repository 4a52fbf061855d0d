"""Theories that try to know the truth that they predict: each says `CAUGHT` where it found nothing.

`FORBIDDEN` is written in by the test: the store, the task and the run.
"""

import gc
import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from w2sg.core import Answer, Hypothesis, InfoSet, Observables, Theory, Unit, Verdict, derive, register, registry

FORBIDDEN: dict[str, Any] = {}
CAUGHT, STOLEN = -0.125, 1.0
SAID: list[str] = []
"""What stopped it, for the verdict."""


def score_in_the_store() -> float:
    """Read the run's score by the interface of the store, as the laboratory does."""
    from w2sg.graph import Store

    with Store(FORBIDDEN["store"]) as store:
        (result,) = store.results()
    return float(result.shown["student_accuracy"]) - float(result.shown["weak_accuracy"])


def file_of_the_store() -> float:
    """Read the database as bytes."""
    return STOLEN if Path(FORBIDDEN["store"], "store.db").read_bytes() else CAUGHT


def objects_in_memory() -> float:
    """Look for what knows the truth among all objects of the process."""
    ours = (type(one) for one in gc.get_objects() if type(one).__module__.startswith("w2sg."))
    found = {cls.__name__ for cls in ours} & {"Store", "Vault", "TaskData", "Score", "RunTruth", "Truth"}
    SAID.append(f"in memory: {sorted(found)}")
    return STOLEN if found else CAUGHT


def task_again() -> float:
    """Make the task again with the seed, which is 0."""
    data = registry.build("tasks", FORBIDDEN["task"]).load(derive(0, "task"))  # type: ignore[attr-defined]
    return STOLEN if len(data.vault.release("score", "test")) else CAUGHT


def rooms_above() -> float:
    """Import what makes runs and truths."""
    return STOLEN if importlib.import_module("w2sg.theory.steps") else CAUGHT


WAYS: Mapping[str, Callable[[], float]] = {
    "store": score_in_the_store,
    "file": file_of_the_store,
    "memory": objects_in_memory,
    "task": task_again,
    "rooms": rooms_above,
}


def what_stopped_it(seen: Observables) -> Verdict:
    return Verdict("nobody looks", "untestable", (SAID or ["nothing"])[-1])


class Thief(Theory):
    """Predicts what it stole."""

    unit: Unit = "error"
    needs: ClassVar = ("disagreement",)
    hypotheses: ClassVar = (Hypothesis("nobody looks", "-", InfoSet.S2, what_stopped_it),)

    def steal(self) -> float:
        """Return what it found."""
        raise NotImplementedError

    def predict_many(self, seen: Sequence[Observables], level: float = 0.9) -> list[Answer]:
        """Steal first."""
        try:
            gain = self.steal()
        except BaseException as error:  # noqa: BLE001 - whatever stopped it is what the test looks at
            SAID.append(f"{type(error).__name__}: {error}"[:200])
            gain = CAUGHT
        verdicts = [what_stopped_it(one) for one in seen]
        said = {"mean": gain, "low": gain, "high": gain, "formula": gain}
        return [
            Answer(self.kind, one.run, "gain", "error", level, (verdict,), **said)  # type: ignore[arg-type]
            for one, verdict in zip(seen, verdicts, strict=True)
        ]

    def formula(self, at: Mapping[str, float]) -> float:
        """Return nothing of use."""
        return CAUGHT


@register()
class ThiefTheory(Thief):
    """Steals in one of several ways."""

    kind: Literal["thief-theory"] = "thief-theory"
    way: Literal["store", "file", "memory", "task", "rooms"] = "store"

    def steal(self) -> float:
        """Go this way."""
        return WAYS[self.way]()


@register()
class NameTheory(Thief):
    """Looks at the run's name, which is the key of its score."""

    kind: Literal["thief-name"] = "thief-name"

    def predict_many(self, seen: Sequence[Observables], level: float = 0.9) -> list[Answer]:
        """See whether a name is the run's."""
        names = {one.run for one in seen}
        # A short number is a place in what is asked, and begins one key in sixteen by chance.
        gain = STOLEN if any(len(name) > 3 and FORBIDDEN["run"].startswith(name) for name in names) else CAUGHT
        SAID.append(f"names: {sorted(names)}"[:200])
        return [Answer(self.kind, one.run, "gain", "error", level, (), gain, gain, gain, formula=gain) for one in seen]
