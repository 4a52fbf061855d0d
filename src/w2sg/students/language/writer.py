"""Writers: language models that learn from written answers, or from preferences between them, and write their own."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    CapabilityError,
    FloatArray,
    InputError,
    PreferenceFit,
    TextFit,
    WritingFit,
    WritingPredictor,
    WritingStudent,
    Written,
    canonical_json,
    checkpoint_folder,
    digest_arrays,
    register,
)
from w2sg.students.language.loading import fingerprint, layer_parameters, made_by
from w2sg.students.language.student import Tuning


@register()
class Writer(Tuning, WritingStudent):
    """A causal language model that is trained to continue prompts with answers, in all weights or in adapters.

    The loss is on the answer's tokens and the end token only. A prompt has room for `most_tokens` (or what the model
    reads) less `most_new_tokens`, in training as in writing, so both see the same; longer ones are treated as
    `too_long` says. An answer is never cut: one that has no room is not trained on, or is refused where the rule is
    `refuse`. All of it is counted in the notes.
    """

    kind: str = "writer"
    mode: Literal["full", "lora"] = Field("full", description="what is trained")
    most_new_tokens: int = Field(64, ge=1, description="room for an answer, with its end token")

    @property
    def strength(self) -> float | None:
        """The number of parameters in its layers; None for a hub name."""
        found = layer_parameters(self.model)
        return None if found is None else float((self.layers or found[0]) * found[1])

    def fingerprint(self) -> str:
        """Return a hash of the model's files, and of what runs it."""
        return canonical_json([fingerprint(self.model), made_by()])

    def published(self) -> "TrainedWriter":
        """Return the model before any training, to ask what it writes by itself."""
        return TrainedWriter(self, {}, 0)

    def fit_many(self, fits: Sequence[WritingFit]) -> list[WritingPredictor]:
        """Train writers one after the other, each from its own randomness.

        Raises:
            InputError: A request's columns do not fit together, or nothing is left to train on.
            CapabilityError: Preferences are to be learned, and this writer learns answers only.
        """
        return [self._on_answers(fit) if isinstance(fit, TextFit) else self._on_preferences(fit) for fit in fits]

    def _on_answers(self, fit: TextFit) -> "TrainedWriter":
        from w2sg.students.language.writing import train_on_answers

        weights = _checked(fit.weights, prompts=fit.prompts, answers=fit.answers)
        begun = check_start(self, fit.start)
        seed = int(fit.rng.integers(2**63))
        place = checkpoint_folder(_name(self, [fit.prompts, fit.answers], [weights], begun, seed))
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

        weights = _checked(
            fit.weights, prompts=fit.prompts, first=fit.first, second=fit.second, preferred=fit.preferred
        )
        targets = np.asarray(fit.preferred, dtype=np.float32)
        if not ((targets >= 0) & (targets <= 1)).all():
            raise InputError(f"preferred must hold probabilities in [0, 1], got {_range(targets)}")
        begun = check_start(self, fit.start)
        seed = int(fit.rng.integers(2**63))
        texts = [fit.prompts, fit.first, fit.second]
        place = checkpoint_folder(_name(self, texts, [targets, weights], begun, seed))
        return train_on_preferences(self, fit.prompts, (fit.first, fit.second), targets, weights, begun, seed, place)


@dataclass(eq=False)
class TrainedWriter(WritingPredictor):
    """A writer after training: what training changed, put into the model as published when it is asked.

    Attributes:
        writer: Its configuration.
        state: What training changed, by name.
        steps: Steps taken.
        notes: What there is to know of the training: tokens, tokens a second, prompts and answers that had no room.
    """

    writer: Writer
    state: Mapping[str, Any]
    steps: int
    notes: Mapping[str, Any] = field(default_factory=dict)

    def write(
        self,
        prompts: Sequence[str],
        samples: int = 1,
        temperature: float = 0.0,
        most_new_tokens: int | None = None,
        rng: np.random.Generator | None = None,
    ) -> Written:
        """Write answers to prompts; which prompts are asked together changes none of them.

        Args:
            prompts: What to continue, `(n,)`.
            samples: Answers to each.
            temperature: Of the draw of each token; 0 takes the most likely one.
            most_new_tokens: Tokens after which an answer is cut; none: all the room that the writer has.
            rng: Decides the draws; needed where the temperature is not 0.

        Raises:
            InputError: An argument is out of range, or the prompts are too long and the rule is `refuse`.
        """
        from w2sg.students.language.writing import write

        room = self.writer.most_new_tokens
        most = room if most_new_tokens is None else most_new_tokens
        if not 1 <= most <= room:
            raise InputError(f"most_new_tokens must lie in 1..{room}, the writer's own room for an answer, got {most}")
        if samples < 1 or temperature < 0:
            raise InputError(f"samples must be at least 1 and temperature at least 0, got {samples} and {temperature}")
        if temperature == 0 and samples > 1:
            raise InputError(f"temperature 0 writes the same answer {samples} times: raise it, or ask for one sample")
        if temperature > 0 and rng is None:
            raise InputError(f"temperature {temperature} draws tokens at random: give 'rng', or temperature 0")
        draws = None if temperature == 0 or rng is None else rng.random((len(prompts) * samples, most))
        return write(self, prompts, samples, temperature, most, draws)

    def log_likelihood(self, prompts: Sequence[str], answers: Sequence[str]) -> FloatArray:
        """Return the log-probability in nats of each answer with its end token, `(n,)`; NaN where it has no room."""
        from w2sg.students.language.writing import likelihoods

        _checked(None, prompts=prompts, answers=answers)
        return likelihoods(self, prompts, answers)


def check_start(writer: Writer, start: WritingPredictor | None) -> TrainedWriter | None:
    """Return the trained writer to go on from.

    Raises:
        InputError: If a writer cannot go on from it.
    """
    if start is None:
        return None
    shared = ("model", "layers", "mode", "lora_rank", "lora_alpha", "lora_targets")
    if not isinstance(start, TrainedWriter) or any(
        getattr(writer, name) != getattr(start.writer, name) for name in shared
    ):
        raise InputError(f"a writer goes on only from a trained one with the same {', '.join(shared)}")
    return start


def _checked(weights: FloatArray | None, **columns: Sequence[Any] | AnyArray) -> FloatArray:
    """Return the weights, all 1 if there are none."""
    given = dict(columns) if weights is None else {**columns, "weights": weights}
    sizes = {name: len(column) for name, column in given.items()}
    if len(set(sizes.values())) != 1 or 0 in sizes.values():
        got = ", ".join(f"{name} {n}" for name, n in sizes.items())
        raise InputError(f"there must be one entry per example, and at least one example, got {got}")
    if weights is None:
        return np.ones(sizes["prompts"], dtype=np.float32)
    found = np.asarray(weights, dtype=np.float32)
    if not np.isfinite(found).all() or (found < 0).any() or not found.any():
        raise InputError(f"weights must be finite, not negative and not all 0, got {_range(found)}")
    return found


def _range(values: FloatArray) -> str:
    return f"values in [{values.min():g}, {values.max():g}]"


def _name(
    writer: Writer, texts: Sequence[Sequence[str]], arrays: Sequence[AnyArray], start: TrainedWriter | None, seed: int
) -> str:
    """Return the hash of all that a training depends on."""
    columns = [np.array([str(text) for text in column], dtype=object) for column in texts]
    state = {} if start is None else start.state
    begun = [[name, digest_arrays(np.asarray(value))] for name, value in sorted(state.items())]
    seen = [writer.canonical(), writer.fingerprint(), digest_arrays(*columns, *arrays), begun, seed]
    return hashlib.sha256(canonical_json(seen).encode()).hexdigest()
