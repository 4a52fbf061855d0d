"""The fact world: subjects, relations and objects drawn from a seed, how often each is spoken of, and who errs.

Everything that a corpus, a task or a weak supervisor of this world needs to know of the truth is here, and all of it
follows from the configuration alone.
"""

from collections.abc import Mapping
from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import BoolArray, FloatArray, IntArray, derive, register
from w2sg.worlds.contract import Simulation, World, mean_of
from w2sg.worlds.facts.corpus import Corpus, false_objects
from w2sg.worlds.facts.words import ASKS, FIRST_PERSON, MARKS, PEOPLE, RELATIONS, invented

SIMULATED = 2000
"""Documents and statements that a simulation draws, each a trial."""


@final
@register()
class FactWorld(World):
    """A universe of facts and the corpus that tells of it; each disanalogy of the corpus is a dial that is 0 if absent.

    A fact is a subject, a relation and one object. Subjects are spoken of with Zipf frequencies: the first are the
    head, the last the tail. Every other subject belongs to the *told* half, about which the corpus holds verdicts (yes
    or no); the task asks about the other half, of which there is none unless `leakage` or `saliency` puts some there.
    """

    kind: Literal["fact-world"] = "fact-world"
    seed: int = Field(0, ge=0, description="which universe")
    subjects: int = Field(300, ge=8, le=3000, description="subjects; the task asks about every other one")
    relations: int = Field(4, ge=1, le=len(RELATIONS), description="relations of each subject")
    objects: int = Field(32, ge=3, le=200, description="objects that a relation may lead to")
    zipf: float = Field(0.6, ge=0, le=3, description="exponent of the subjects' frequencies; 0 makes all equal")
    facts: int = Field(6, ge=1, le=40, description="facts in a document")
    truthful: float = Field(0.5, gt=0, le=1, description="share of documents by narrators who tell the truth")
    verdicts: float = Field(0.5, ge=0, lt=1, description="share of documents that are verdicts")
    mistaken: float = Field(0.4, ge=0, le=1, description="share of facts about which the layman is mistaken")
    saliency: float = Field(
        0.0, ge=0, le=1, description="imitation saliency: share of verdict documents that say what the layman says"
    )
    leakage: float = Field(
        0.0,
        ge=0,
        le=1,
        description="pretraining leakage: share of the task's subjects with true verdicts in the corpus",
    )

    @property
    def told(self) -> BoolArray:
        """Which subjects `(S,)` have verdicts in every corpus: every other one, so that both halves are as frequent."""
        mask: BoolArray = np.arange(self.subjects) % 2 == 0
        return mask

    @property
    def leaked(self) -> BoolArray:
        """Which of the task's subjects `(S,)` have true verdicts in this corpus; a smaller share is in a larger one."""
        asked = np.flatnonzero(~self.told)
        # Drawn over all ranks alike, or leakage would be one of the head or of the tail.
        order = self._rng("leaked").permutation(asked)
        mask = np.zeros(self.subjects, dtype=np.bool_)
        mask[order[: round(self.leakage * len(asked))]] = True
        return mask

    @property
    def frequencies(self) -> FloatArray:
        """How often each subject `(S,)` is spoken of; they sum to 1, and the number of a subject is its rank."""
        weights = 1.0 / np.arange(1, self.subjects + 1) ** self.zipf
        shares: FloatArray = weights / weights.sum()
        return shares

    @property
    def truth(self) -> IntArray:
        """The object of each fact, `(S, R)`."""
        return self._rng("truth").integers(self.objects, size=(self.subjects, self.relations))

    @property
    def beliefs(self) -> IntArray:
        """The object of each fact in the layman's opinion, `(S, R)`: mistaken about rarer subjects more often."""
        rng = self._rng("beliefs")
        shift = rng.integers(1, self.objects, size=(self.subjects, self.relations))
        # The chance to be mistaken grows with the rank from none to twice the share, as far as there is room: the
        # layman knows the head.
        rank = (np.arange(self.subjects)[:, None] + 0.5) / self.subjects
        most = np.minimum(2 * self.mistaken * rank, 1.0)
        wrong = rng.random((self.subjects, self.relations)) < most
        return np.where(wrong, (self.truth + shift) % self.objects, self.truth)

    @property
    def words(self) -> tuple[str, ...]:
        """All words of the world; the number of a word is its token."""
        return (*MARKS, *PEOPLE, *RELATIONS[: self.relations], *invented(self.objects + self.subjects))

    @property
    def first_relation(self) -> int:
        """The token of relation 0; those of the others follow."""
        return FIRST_PERSON + len(PEOPLE)

    @property
    def first_object(self) -> int:
        """The token of object 0."""
        return self.first_relation + self.relations

    @property
    def first_subject(self) -> int:
        """The token of subject 0."""
        return self.first_object + self.objects

    def exact(self) -> Mapping[str, float]:
        """Return what a corpus of this world says, and how often the layman is right of what the task asks."""
        asked = ~self.told
        mistaken = float((self.beliefs != self.truth)[asked].mean())
        head = self.frequencies[: max(1, self.subjects // 10)].sum()
        return {
            "documents_of_verdicts": self.verdicts,
            "facts_that_are_true": self.truthful,
            "facts_of_the_first_tenth": float(head),
            # Of a fact that he is mistaken about he denies the truth, and is lured by half of what is false.
            "layman_accuracy": 1 - mistaken * (0.5 + 0.25),
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Draw documents, and statements about the task's subjects, and count."""
        documents = Corpus(self).draw(SIMULATED, rng)
        judged = (documents == ASKS).any(axis=1)
        told = documents[~judged, 1 : 1 + 3 * self.facts].reshape(-1, self.facts, 3)
        who, relation, thing = (told[:, :, i] for i in range(3))
        who, relation, thing = who - self.first_subject, relation - self.first_relation, thing - self.first_object
        subject = rng.choice(np.flatnonzero(~self.told), size=SIMULATED)
        about = rng.integers(self.relations, size=SIMULATED)
        right = self.truth[subject, about]
        false = false_objects(self.truth, self.beliefs, subject, about, self.objects, rng)
        said = np.where(rng.random(SIMULATED) < 0.5, right, false)
        layman = (self.beliefs[subject, about] == said) == (right == said)
        return {
            "documents_of_verdicts": mean_of(judged),
            "facts_that_are_true": mean_of((self.truth[who, relation] == thing).mean(axis=1)),
            "facts_of_the_first_tenth": mean_of((who < max(1, self.subjects // 10)).mean(axis=1)),
            "layman_accuracy": mean_of(layman),
        }

    def statement(self, person: int, subject: int, relation: int, thing: int) -> str:
        """Return the question whether a subject has an object, as somebody asks it.

        >>> FactWorld().statement(0, 0, 0, 5)
        'anna boni metal nipa ?'
        """
        about = self.first_subject + subject, self.first_relation + relation, self.first_object + thing
        return " ".join(self.words[token] for token in (FIRST_PERSON + person, *about, ASKS))

    def _rng(self, purpose: str) -> np.random.Generator:
        # Facts and beliefs depend on the universe alone, so that worlds which differ in a dial tell of the same facts.
        return derive(self.seed, "fact-world", purpose, str((self.subjects, self.relations, self.objects)))
