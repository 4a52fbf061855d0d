"""Writers: language models that learn from written answers, or from preferences between them, and write their own."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    CapabilityError,
    DivergedError,
    InputError,
    PreferenceFit,
    TextFit,
    WritingFit,
    WritingPredictor,
    WritingStudent,
    canonical_json,
    checkpoint_folder,
    digest_arrays,
    each_apart,
    register,
)
from w2sg.students.language.loading import files_of, fingerprint, made_by
from w2sg.students.language.settings import WordTuning, check_columns

if TYPE_CHECKING:
    from w2sg.students.language.writing import TrainedWriter


@register()
class Writer(WordTuning, WritingStudent):
    """A causal language model that is trained to continue prompts with answers, in all weights or in adapters.

    The loss is on the answer's tokens and the end token only. A prompt has room for `most_tokens` (or what the model
    reads) less `most_new_tokens`, in training as in writing, so both see the same; longer ones are treated as
    `too_long` says. An answer is never cut: one that has no room is not trained on, or is refused where the rule is
    `refuse`. All of it is counted in the notes.
    """

    kind: str = "writer"

    def reads(self) -> Iterable[Path]:
        """Return the folder of the model's files."""
        return files_of(self.model)

    def fingerprint(self) -> str:
        """Return a hash of the model's files, and of what runs it."""
        return canonical_json([fingerprint(self.model), made_by()])

    def published(self) -> "TrainedWriter":
        """Return the model before any training, to ask what it writes by itself."""
        from w2sg.students.language.writing import TrainedWriter

        return TrainedWriter(self, {}, 0)

    def fit_many(self, fits: Sequence[WritingFit]) -> list[WritingPredictor | DivergedError]:
        """Train writers one after the other, each from its own randomness.

        Raises:
            InputError: A request's columns do not fit together, or nothing is left to train on.
            CapabilityError: Preferences are to be learned, and this writer learns answers only.
        """
        return each_apart(self._train, fits)

    def _train(self, fit: WritingFit) -> WritingPredictor:
        return self._on_answers(fit) if isinstance(fit, TextFit) else self._on_preferences(fit)

    def _on_answers(self, fit: TextFit) -> "TrainedWriter":
        from w2sg.students.language.writing import begun_from, train_on_answers

        weights = check_columns(fit.weights, prompts=fit.prompts, answers=fit.answers)
        begun = begun_from(self, fit.start)
        # One number from the generator decides all of torch's randomness.
        seed = int(fit.rng.integers(2**63))
        # The folder is named by all that the training depends on: another process that is asked for the same goes on
        # from it, and none goes on from another's.
        place = checkpoint_folder(_name(self, [fit.prompts, fit.answers], [weights], begun, seed), self)
        return train_on_answers(self, fit.prompts, fit.answers, weights, begun, seed, place)

    def _on_preferences(self, fit: PreferenceFit) -> "TrainedWriter":
        raise CapabilityError(f"student {self.kind!r} does not learn from 'preferences': choose 'policy'")


@register(paper="2305.18290")
class Policy(Writer):
    """A writer that learns which of two answers is preferred, by direct preference optimization (arXiv:2305.18290).

    The margin of a pair is `beta` times how much more than its start the writer prefers the first answer, in nats. The
    loss is the cross-entropy of its sigmoid with the probability that the first is better (equation 7, soft labels).
    """

    kind: str = "policy"
    beta: float = Field(0.1, gt=0, description="scale of the margin: the larger, the nearer it stays to its start")

    @property
    def capabilities(self) -> frozenset[str]:
        """It writes, and learns from preferences."""
        return frozenset({"write", "preferences"})

    def _on_preferences(self, fit: PreferenceFit) -> "TrainedWriter":
        from w2sg.students.language.preferences import train_on_preferences
        from w2sg.students.language.writing import begun_from

        weights = check_columns(
            fit.weights, prompts=fit.prompts, first=fit.first, second=fit.second, preferred=fit.preferred
        )
        targets = np.asarray(fit.preferred, dtype=np.float32)
        if not ((targets >= 0) & (targets <= 1)).all():
            low, high = targets.min(), targets.max()
            raise InputError(f"preferred must hold probabilities in [0, 1], got values in [{low:g}, {high:g}]")
        begun = begun_from(self, fit.start)
        seed = int(fit.rng.integers(2**63))
        texts = [fit.prompts, fit.first, fit.second]
        place = checkpoint_folder(_name(self, texts, [targets, weights], begun, seed), self)
        return train_on_preferences(
            self, self.beta, fit.prompts, (fit.first, fit.second), targets, weights, begun, seed, place
        )


def _name(
    writer: Writer, texts: Sequence[Sequence[str]], arrays: Sequence[AnyArray], start: "TrainedWriter | None", seed: int
) -> str:
    """Return the hash of all that a training depends on."""
    columns = [np.array([str(text) for text in column], dtype=object) for column in texts]
    state = {} if start is None else start.state
    begun = [[name, digest_arrays(np.asarray(value))] for name, value in sorted(state.items())]
    seen = [writer.canonical(), writer.fingerprint(), digest_arrays(*columns, *arrays), begun, seed]
    return hashlib.sha256(canonical_json(seen).encode()).hexdigest()
