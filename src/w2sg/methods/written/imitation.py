"""Fine-tuning on written answers: which answers are learned, and on which prompts."""

from typing import Any, ClassVar, Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import AnyTraining, Method, Signal, Student, Texts, WeakView, WritingPredictor, agreeing, register
from w2sg.methods.written.shared import key_of, most_frequent, own_samples, trained_on, weak_samples, writer_of


@final
@register()
class Imitation(Method[Texts, WritingPredictor]):
    """Fine-tune on answers: the supervisor's, the majority of its samples, or of the student's own samples.

    The agreement filter keeps the prompts to which the student, before any training, gives the learned answer by
    itself: greedily where `own_samples` is 1, else by the majority of what it samples. Two answers agree by the task's
    rule of scoring. Where none agrees nothing is learned: the student stays as published. Own answers that were cut
    before their end are not learned.
    """

    signal: ClassVar[type[Signal]] = Texts

    kind: Literal["imitation"] = "imitation"
    learned: Literal["weak", "weak-majority", "own-majority", "nothing"] = Field(
        "weak", description="the supervisor's answer, the most frequent of its samples or of the student's own, or none"
    )
    keep: Literal["all", "agreeing"] = Field("all", description="all prompts, or those where the student agrees")
    own_samples: int = Field(1, ge=1, description="answers that the student is asked for before training; 1 is greedy")
    temperature: float = Field(1.0, gt=0, description="of the student's own samples")

    @property
    def requires(self) -> frozenset[str]:
        """The student must write."""
        return frozenset({"write"})

    def train(
        self, view: WeakView[Texts], student: Student[Any, Any], rng: np.random.Generator
    ) -> AnyTraining[WritingPredictor]:
        """Choose answers and prompts, and train on them.

        Raises:
            CapabilityError: If a majority is wanted and the supervisor gave one answer only.
        """
        writer, key = writer_of(student), key_of(view)
        prompts, weak = view.transfer.inputs.texts, view.transfer.weak.answers
        if self.learned == "weak-majority":
            weak = most_frequent(weak_samples(view.transfer.weak), key)
        everything = np.arange(0 if self.learned == "nothing" else len(prompts))
        if self.learned == "nothing" or (self.learned != "own-majority" and self.keep == "all"):
            return (yield from trained_on(writer, prompts, weak, everything, rng))
        # The student before any training is asked: afterwards it would agree with what it was taught.
        asked = own_samples(writer.published(), prompts, self.own_samples, self.temperature, rng)
        own = most_frequent(asked.texts, key)
        rows = agreeing(weak, own, key) if self.keep == "agreeing" else everything
        if self.learned == "own-majority":
            # The majority is by what counts of an answer (a number); the text that stands for it must have ended in one
            # sample at least.
            whole = ((asked.texts == own[:, None]) & asked.ended).any(axis=1)
            return (yield from trained_on(writer, prompts, own, rows[whole[rows]], rng))
        return (yield from trained_on(writer, prompts, weak, rows, rng))
