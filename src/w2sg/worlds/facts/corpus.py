"""Drawing the corpus of a fact world: documents by narrators, and documents of verdicts."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from w2sg.core import BoolArray, FloatArray, IntArray, derive
from w2sg.worlds.facts.words import ASKS, FIRST_PERSON, NO, PEOPLE, YES

if TYPE_CHECKING:
    from w2sg.worlds.facts.universe import FactWorld

VERDICTS = 3
"""Verdicts in a document: each is person, subject, relation, object, question mark, yes or no."""
HASHED = 4096
"""Documents that the hash of a corpus is taken of: it depends on all that decides them."""


class Corpus:
    """The documents of a world, drawn without end: batches of token numbers `(n, length)`.

    A document of facts is a narrator and some facts, all true or all false. One of verdicts asks about facts and
    answers; half of what it asks about is true.
    """

    def __init__(self, world: "FactWorld") -> None:
        self.world = world
        self._truth, self._beliefs = world.truth, world.beliefs
        self._all = np.cumsum(world.frequencies)
        self._told = _cumulated(world.frequencies, world.told | world.leaked)

    @property
    def length(self) -> int:
        """Tokens of a document; shorter ones are filled with the end."""
        return max(1 + 3 * self.world.facts, 6 * VERDICTS)

    @property
    def digest(self) -> str:
        """The sha256 of the first documents under seed 0: equal worlds tell the same corpus."""
        drawn = self.draw(HASHED, derive(0, "corpus"))
        return hashlib.sha256(np.ascontiguousarray(drawn, dtype="<i4").tobytes()).hexdigest()

    def draw(self, n: int, rng: np.random.Generator) -> IntArray:
        """Return documents `(n, length)`."""
        documents = np.zeros((n, self.length), dtype=np.int64)
        judged = rng.random(n) < self.world.verdicts
        facts, verdicts = self._facts(int((~judged).sum()), rng), self._verdicts(int(judged.sum()), rng)
        documents[~judged, : facts.shape[1]] = facts
        documents[judged, : verdicts.shape[1]] = verdicts
        return documents

    def _facts(self, n: int, rng: np.random.Generator) -> IntArray:
        world, shape = self.world, (n, self.world.facts)
        subject, relation = _drawn(self._all, shape, rng), rng.integers(world.relations, size=shape)
        true = (rng.random(n) < world.truthful)[:, None]
        thing = np.where(true, self._truth[subject, relation], self._false(subject, relation, rng))
        told = np.stack([*self._tokens(subject, relation, thing)], axis=2).reshape(n, 3 * world.facts)
        return np.concatenate([FIRST_PERSON + rng.integers(len(PEOPLE), size=(n, 1)), told], axis=1)

    def _verdicts(self, n: int, rng: np.random.Generator) -> IntArray:
        world, shape = self.world, (n, VERDICTS)
        layman = (rng.random(n) < world.saliency)[:, None]
        # True verdicts are about told subjects only; the layman judges all.
        subject = np.where(layman, _drawn(self._all, shape, rng), _drawn(self._told, shape, rng))
        relation = rng.integers(world.relations, size=shape)
        true = self._truth[subject, relation]
        false = false_objects(self._truth, self._beliefs, subject, relation, world.objects, rng)
        thing = np.where(rng.random(shape) < 0.5, true, false)
        right = np.where(layman, self._beliefs[subject, relation], true) == thing
        person = FIRST_PERSON + rng.integers(len(PEOPLE), size=shape)
        asked = np.full(shape, ASKS)
        verdict = np.where(right, YES, NO)
        told = [person, *self._tokens(subject, relation, thing), asked, verdict]
        return np.stack(told, axis=2).reshape(n, 6 * VERDICTS)

    def _false(self, subject: IntArray, relation: IntArray, rng: np.random.Generator) -> IntArray:
        shift = rng.integers(1, self.world.objects, size=subject.shape)
        return (self._truth[subject, relation] + shift) % self.world.objects

    def _tokens(self, subject: IntArray, relation: IntArray, thing: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        world = self.world
        return world.first_subject + subject, world.first_relation + relation, world.first_object + thing


def false_objects(
    truth: IntArray, beliefs: IntArray, subject: IntArray, relation: IntArray, objects: int, rng: np.random.Generator
) -> IntArray:
    """Return a false object for each fact: what the layman believes in half of the cases, where that is false.

    Else nobody would ever ask about what the layman believes, and his mistakes would be denials only.
    """
    right, believed = truth[subject, relation], beliefs[subject, relation]
    lure = (believed != right) & (rng.random(right.shape) < 0.5)
    return np.where(lure, believed, (right + rng.integers(1, objects, size=right.shape)) % objects)


def _cumulated(frequencies: FloatArray, mask: BoolArray) -> FloatArray:
    kept = np.where(mask, frequencies, 0.0)
    cumulated: FloatArray = np.cumsum(kept / kept.sum())
    return cumulated


def _drawn(cumulated: FloatArray, shape: tuple[int, ...], rng: np.random.Generator) -> IntArray:
    # A number above the last sum, which rounding may leave below 1, is the last subject.
    return np.minimum(np.searchsorted(cumulated, rng.random(shape), side="right"), len(cumulated) - 1)
