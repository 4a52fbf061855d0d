"""Small universes of test sets: how sure the student is decides how often it is right, and that what others say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from w2sg.core import AnyArray
from w2sg.lab import Run, make_setup

Changes = Mapping[str, Any]


@dataclass(frozen=True)
class World:
    """How a test set of two classes comes about; accuracies that follow from the defaults: weak .70, student .80.

    Attributes:
        sure: The student's confidences, each as likely as the others, but for a little noise.
        over: How much less often it is right than it is sure.
        flat: Whether it is right as often, however sure it is.
        a: How often the supervisor is right where the student is.
        b: How often the supervisor is right where the student is wrong.
        ceiling: Accuracy.
        direct: Accuracy.
        steady: Whether all seeds give the same students, but for one answer in fifty.
        in_group_b: What is otherwise in the second group.
        hardest: What is otherwise in the hardest quarter.
        shifted: What is otherwise in the test set `shift`.
        held_out: What is otherwise in the test set `held-out`; None has none.
        consistent: How often an answer stays where the test set asks rows otherwise; None asks for none.
        likeness: How often student and ceiling order distances in a triple alike.
    """

    sure: Sequence[float] = (0.65, 0.75, 0.85, 0.95)
    over: float = 0.0
    flat: bool = False
    a: float = 0.85
    b: float = 0.1
    ceiling: float = 0.83
    direct: float = 0.74
    steady: bool = False
    in_group_b: Changes | None = None
    hardest: Changes | None = None
    shifted: Changes | None = None
    held_out: Changes | None = None
    consistent: float | None = None
    likeness: float = 0.85


def drawn(world: World, n: int, seed: int) -> dict[str, AnyArray]:
    """Return the columns of one test set under a seed, by the names that scores give them."""
    # What inputs are like is the same under all seeds, for seeds share them.
    inputs, own = np.random.default_rng(7), np.random.default_rng(100 + seed)
    difficulty, group = inputs.random(n), inputs.integers(0, 2, n)
    sure = np.asarray(world.sure)[inputs.integers(0, len(world.sure), n)]
    confidence = np.clip(sure + inputs.uniform(-0.04, 0.04, n), 0, 1)
    luck = inputs.random(n)
    students = np.where(inputs.random(n) < 0.02, own.random(n), luck) if world.steady else own.random(n)
    draws = [own.random(n) for _ in range(3)]

    def columns(given: World) -> dict[str, AnyArray]:
        rate = np.full(n, np.mean(given.sure)) if given.flat else confidence
        student = students < rate - given.over
        weak = draws[0] < np.where(student, given.a, given.b)
        return {
            "student": student,
            "weak": weak,
            "ceiling": draws[1] < given.ceiling,
            "direct": draws[2] < given.direct,
        }

    found = columns(world)
    for where, changes in ((group == 1, world.in_group_b), (difficulty >= 0.75, world.hardest)):
        if changes:
            other = columns(replace(world, **changes))
            found = {who: np.where(where, other[who], found[who]) for who in found}
    others = np.random.default_rng(200 + seed)
    of_triples = np.where(np.arange(n) % 3, np.nan, others.random(n) < world.likeness)
    stays = {} if world.consistent is None else {"consistency": (others.random(n) < world.consistent) * 1.0}
    return {
        **found,
        **stays,
        "likeness": of_triples,
        "ids": np.arange(n),
        "copied": found["student"] == found["weak"],
        "confidence": confidence,
        "difficulty": difficulty,
        "group": group,
    }


def runs(world: World, n: int = 3000, seeds: int = 4) -> list[Run]:
    """Return the runs of a setup in a world; only what a score says of them is there."""
    setup = make_setup("digits", method="naive")
    tests = {"test": world, "shift": replace(world, **(world.shifted or {}))}
    if world.held_out is not None:
        tests["held-out"] = replace(world, **world.held_out)
    made = []
    for seed in range(seeds):
        evidence = {
            f"{name}.{what}": column
            for place, (name, given) in enumerate(tests.items())
            for what, column in drawn(given, n, 10 * seed + place).items()
        }
        rows = {"supervision.ids": np.arange(10) + 10 * seed, "transfer.ids": np.arange(10) + 1000 * (seed + 1)}
        result = {
            "metrics": {**dict.fromkeys(tests, {}), "transfer": {}},
            "group_names": dict.fromkeys(tests, ["a", "b"]),
        }
        made.append(Run(str(seed), setup, seed, result, {**evidence, **rows}))
    return made
