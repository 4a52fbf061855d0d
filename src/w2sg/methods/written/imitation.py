"""Fine-tuning on written answers: which answers are learned, and on which prompts."""

from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import WritingMethod, WritingPredictor, WritingStudent, WrittenView, register
from w2sg.measure import KEYS, agreeing
from w2sg.methods.written.shared import most_frequent, own_samples, trained_on, weak_samples


@final
@register()
class Imitation(WritingMethod):
    """Fine-tune on answers: the supervisor's, the majority of its samples, or of the student's own samples.

    The agreement filter keeps the prompts to which the student, before any training, gives the learned answer by
    itself: greedily where `own_samples` is 1, else by the majority of what it samples. Two answers agree by the task's
    rule of scoring. Where none agrees nothing is learned: the student stays as published. Own answers that were cut
    before their end are not learned.
    """

    kind: Literal["imitation"] = "imitation"
    learned: Literal["weak", "weak-majority", "own-majority", "nothing"] = Field(
        "weak", description="the supervisor's answer, the most frequent of its samples or of the student's own, or none"
    )
    keep: Literal["all", "agreeing"] = Field("all", description="all prompts, or those where the student agrees")
    own_samples: int = Field(1, ge=1, description="answers that the student is asked for before training; 1 is greedy")
    temperature: float = Field(1.0, gt=0, description="of the student's own samples")

    def learn(self, view: WrittenView, student: WritingStudent, rng: np.random.Generator) -> WritingPredictor:
        """Choose answers and prompts, and train on them.

        Raises:
            CapabilityError: If a majority is wanted and the supervisor gave one answer only.
        """
        shown, key = view.transfer, KEYS[view.scorer]
        weak = most_frequent(weak_samples(shown), key) if self.learned == "weak-majority" else shown.weak
        everything = np.arange(0 if self.learned == "nothing" else len(shown))
        if self.learned == "nothing" or (self.learned != "own-majority" and self.keep == "all"):
            return trained_on(student, shown.prompts, weak, everything, rng)
        asked = own_samples(student.published(), shown.prompts, self.own_samples, self.temperature, rng)
        own = most_frequent(asked.texts, key)
        rows = agreeing(weak, own, key) if self.keep == "agreeing" else everything
        if self.learned == "own-majority":
            whole = ((asked.texts == own[:, None]) & asked.ended).any(axis=1)
            return trained_on(student, shown.prompts, own, rows[whole[rows]], rng)
        return trained_on(student, shown.prompts, weak, rows, rng)
