"""Statements about a fact world: is it true what somebody asks? A task whose very pretraining corpus is ours."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import Inputs, IntArray, as_texts, derive, register
from w2sg.tasks.encoding import RECORDED
from w2sg.tasks.shifts import AnyShift, EasyToHard
from w2sg.tasks.splits import SPLITS, Size, TextTask
from w2sg.tasks.table import Table
from w2sg.worlds import PEOPLE, RELATIONS, FactWorld, false_objects

LAYMAN = "layman"
"""Whose opinion of every statement is recorded, for the supervisor `recorded`."""
HEAD = 0.15
"""The share of statements, those about the most frequent subjects, of which the supervisor has gold by default: there
the layman is right as well, so that this gold does not tell the truth from what he believes."""
_MEMO = 8


@final
@register()
class Facts(TextTask):
    """Is it true what somebody asks about a subject of a fact world? Half of the statements are.

    The subjects are those of whom a corpus without leakage holds facts and no verdict. All statements about one fact
    are in one split (metadata `together`), so a student is scored on facts that nobody labelled. Difficulty is the
    subject's rank in the corpus from 0, the most frequent, to 1; `group` is the relation, `asked_by` the person who
    asks, and `recorded.layman` what the layman of the world would say. With several `claims` a statement is true if all
    of them are, and one of them is false if it is not: checking one is easier than judging the whole.
    """

    kind: Literal["facts"] = "facts"
    world: FactWorld = Field(FactWorld(), description="the universe; its corpus matters only to pretrained models")
    statements: int = Field(8, ge=2, le=16, multiple_of=2, description="statements about each fact")
    half: Literal["asked", "told"] = Field(
        "asked", description="whom they are about: subjects without verdicts in the corpus, or those who have some"
    )
    claims: int = Field(1, ge=1, le=4, description="facts in a statement; the world's facts are dealt into as many")
    unseen: float = Field(
        0.0, ge=0, le=1, description="share of statements in an order of words that no corpus has: a novel format"
    )
    supervision: Size | None = Field(400, description="statements for the weak supervisor: a number or a share")
    transfer: Size | None = Field(0.5, description="statements that it labels for the student: a number or a share")
    shifts: tuple[AnyShift, ...] = Field(
        (EasyToHard(share=HEAD),), description="further test sets; by default the supervisor's gold is of the head only"
    )

    @property
    def default_supervisor(self) -> str:
        """A probe of a small model of the ladder."""
        return "facts-weak"

    @property
    def default_student(self) -> str:
        """A probe of a model that has read the layman too, so that gold of the head does not tell it what to learn."""
        return "facts-strong"

    def table(self, rng: np.random.Generator) -> Table:
        """Return all statements, the same under every seed."""
        # How rows are dealt does not matter to them: tasks that differ in that only share one table.
        return _table(self.model_copy(update={**dict.fromkeys(SPLITS), "shifts": ()}))

    def asked_otherwise(self, inputs: Inputs) -> Sequence[Inputs]:
        """Return the same statements as each of the people would ask them."""
        return [Inputs.of(as_texts([_asked_by(who, text) for text in inputs.texts])) for who in PEOPLE]

    def answered(self, inputs: Inputs) -> Sequence[Inputs]:
        """Return the statements with the verdict `no`, and with the verdict `yes`."""
        return [Inputs.of(as_texts([f"{text} {verdict}" for text in inputs.texts])) for verdict in ("no", "yes")]


def _asked_by(who: str, text: str) -> str:
    """Return a statement as somebody else asks it, whatever its order of words.

    >>> _asked_by("greta", "anna pofa colour nuve ?")
    'greta pofa colour nuve ?'
    """
    return " ".join(who if word in PEOPLE else word for word in text.split())


@lru_cache(maxsize=_MEMO)
def _table(task: Facts) -> Table:
    world = task.world
    rng = derive(world.seed, "facts", "statements", str((task.half, task.statements, task.claims)))
    subjects = np.flatnonzero(world.told if task.half == "told" else ~world.told)
    facts = np.stack(
        [grid.ravel() for grid in np.meshgrid(subjects, np.arange(world.relations), indexing="ij")], axis=1
    )
    facts = rng.permutation(facts)[: len(facts) // task.claims * task.claims].reshape(-1, task.claims, 2)
    per_fact = task.statements * task.claims
    unit = np.repeat(np.arange(len(facts)), per_fact)
    subject, relation = facts[unit].transpose(2, 0, 1)
    gold = np.tile(np.arange(per_fact) % 2 == 0, len(facts))
    # Of a false statement one claim is false, at a random place; all others are true.
    right = world.truth[subject, relation]
    wrong = false_objects(world.truth, world.beliefs, subject, relation, world.objects, rng)
    place = np.arange(task.claims) == rng.integers(task.claims, size=len(unit))[:, None]
    thing = np.where(place & ~gold[:, None], wrong, right)
    # Further claims are asked by anybody, so that statements of the same claims seldom are the same text.
    first = _different_people(len(facts), per_fact, rng)
    person = np.column_stack([first, rng.integers(len(PEOPLE), size=(len(unit), task.claims - 1))])
    layman = (world.beliefs[subject, relation] == thing).all(axis=1)
    texts = [
        " ".join(world.statement(*map(int, claim)) for claim in zip(*columns, strict=True))
        for columns in zip(person, subject, relation, thing, strict=True)
    ]
    novel = rng.random(len(texts)) < task.unseen
    texts = [
        " ".join(reversed(text.split()[:-1])) + " ?" if new else text for text, new in zip(texts, novel, strict=True)
    ]
    # Two false statements about a fact may be equal by chance: they are one.
    kept = np.sort(np.unique(np.array(texts), return_index=True)[1])
    columns = {
        "difficulty": (subject.max(axis=1) + 0.5) / world.subjects,
        "group": np.array(RELATIONS)[relation[:, 0]],
        "asked_by": np.array(PEOPLE)[first],
        "object": thing[:, 0],
        "together": unit,
        RECORDED + LAYMAN: layman.astype(np.int64),
    }
    return Table.of(
        as_texts([texts[row] for row in kept]),
        gold[kept].astype(np.int64),
        ("false", "true"),
        "task 'facts'",
        columns={name: np.asarray(column)[kept] for name, column in columns.items()},
    )


def _different_people(units: int, per_unit: int, rng: np.random.Generator) -> IntArray:
    """Return who asks each statement: true ones by different people and false ones too, as far as there are people."""
    order = rng.random((units, per_unit // 2 // len(PEOPLE) + 1, len(PEOPLE))).argsort(axis=2).reshape(units, -1)
    return np.repeat(order[:, : per_unit // 2], 2, axis=1).ravel()
