"""A language model as a student: probed, fine-tuned in all weights or in adapters, or probed first."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, Self

from w2sg.core import (
    AnyArray,
    CapabilityError,
    DivergedError,
    Fit,
    FloatArray,
    InputError,
    Inputs,
    Predictor,
    SavedStudent,
    Student,
    canonical_json,
    checkpoint_folder,
    digest_arrays,
    each_apart,
    preset,
    register,
)
from w2sg.students.features import features
from w2sg.students.heads import Head, train_heads
from w2sg.students.language.frozen import HiddenStates
from w2sg.students.language.loading import files_of, fingerprint, layer_parameters, made_by
from w2sg.students.language.settings import HeadTuning
from w2sg.students.linear import Linear


@register(paper="2312.09390")
class LanguageModel(HeadTuning, Student):
    """A pretrained language model with a linear head on one vector of each text.

    Causal models and encoders alike. Of a pair of texts each gets a reward, and the rewards are the logits of the two
    classes (Bradley-Terry). The head starts at zero, or at the rows of the words in `answers`. Dropout is off.

    Modes: `full` trains all weights; `lora` low-rank adapters and the head (arXiv:2106.09685); `probe` only a head, by
    the trainer of linear heads on kept hidden states; `lp-ft` that head first, then all weights from there
    (arXiv:2202.10054).
    """

    kind: Literal["language-model"] = "language-model"

    @property
    def capabilities(self) -> frozenset[str]:
        """Gradient training, features; of its head alone too; smaller versions where layers can be counted."""
        parts = frozenset() if self.mode == "probe" else frozenset({"parts"})
        scale = frozenset() if self.strength is None and not self.ladder else frozenset({"scale"})
        return frozenset({"gradient", "represent", "embed", "memory"}) | parts | scale

    @property
    def body_frozen(self) -> bool:
        """Whether only a head is trained."""
        return self.mode == "probe"

    @property
    def alone(self) -> bool:
        """Whether its students are large; probes are not."""
        return self.mode != "probe"

    def scaled(self, fraction: float) -> Self:
        """Return a smaller model of the ladder, or this one with `fraction` of its layers."""
        if self.ladder:
            # Fractions divide [0, 1) evenly among the smaller models, so that bootstrap's 1/4 and 1/2 name different
            # ones of a ladder of two or more.
            place = min(int(fraction * len(self.ladder)), len(self.ladder) - 1)
            return self.model_copy(update={"model": self.ladder[place], "ladder": (), "layers": None})
        counted = layer_parameters(self.model)
        if counted is None:
            raise CapabilityError(f"layers of {self.model!r} cannot be counted: give a local folder or a 'ladder'")
        return self.model_copy(update={"layers": max(1, round((self.layers or counted[0]) * fraction))})

    def reads(self) -> Iterable[Path]:
        """Return the folders of the files of the model and of its ladder."""
        return [folder for name in (self.model, *self.ladder) for folder in files_of(name)]

    def fingerprint(self) -> str:
        """Return a hash of the files of the model and of its ladder, and of what runs them."""
        files = [fingerprint(name) for name in (self.model, *self.ladder)]
        return canonical_json([files, made_by()])

    def embed(self, corpus: Inputs, inputs: Inputs) -> FloatArray:
        """Return the hidden states before any training, `(n, d)`; of a pair their difference."""
        return features(self.frozen(), corpus, inputs)

    def frozen(self) -> HiddenStates:
        """Return the frozen model as a feature map."""
        same = ("model", "read", "layers", "most_tokens", "device", "precision")
        return HiddenStates(**{name: getattr(self, name) for name in same}, too_long=self.too_long_to_answer)

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor | DivergedError]:
        """Train; probes together, other students one after the other, each from its own randomness."""
        if self.mode == "probe":
            probe = Linear(features=self.frozen(), c=self.c)
            return probe.fit_many([replace(fit, student=probe) for fit in fits])
        return each_apart(self._train, fits)

    def restored(self, saved: SavedStudent) -> Predictor:
        """Return the trained model that was saved."""
        from w2sg.students.language.tuning import restored

        return restored(self, saved)

    def _train(self, fit: Fit) -> Predictor:
        from w2sg.students.language.tuning import train, warmed_up

        if not fit.inputs.pool.is_text:
            raise InputError("students 'language-model' read text, and the inputs are numbers: choose another student")
        place, start = checkpoint_folder(_name(self, fit), self, fit.objective, fit.stopping), fit.start
        if start is None and self.generative_epochs:
            start = warmed_up(self, fit, None if place is None else place.with_name(f"{place.name}-words"))
        if fit.part == "head" or (self.mode == "lp-ft" and fit.start is None):
            start = self._with_head(fit, start)
        # For the part `head` the head that was fitted by itself is all there is to train.
        return start if start is not None and fit.part == "head" else train(self, fit, start, place)

    def _with_head(self, fit: Fit, start: Predictor | None) -> Predictor:
        """Return the model, or a trained one, with a head trained by itself on its states."""
        from w2sg.students.language.tuning import with_head

        # A model before training is read through its kept states; one that goes on from a training has states of its
        # own.
        read = self.embed if start is None else lambda _, inputs: start.represent(inputs)
        watched = None if fit.watched is None else (read(fit.corpus, fit.watched[0]), fit.watched[1])
        head = Head(
            x=read(fit.corpus, fit.inputs),
            targets=fit.targets,
            objective=fit.objective,
            stopping=fit.stopping,
            weights=fit.weights,
            watched=watched,
            steps=fit.steps,
        )
        probe = Linear(features=self.frozen(), c=self.c)
        (trained,) = train_heads([head], c=self.c, steps=probe.steps, tolerance=probe.tolerance)
        if trained.diverged is not None:
            raise trained.diverged
        return with_head(self, fit, start, trained)


preset(
    "facts-strong",
    LanguageModel,
    "A probe of a model of the fact world, two rungs above its supervisor, whose corpus quotes a layman.",
    model="facts:48+saliency=0.4",
    mode="probe",
)


def _name(student: Student, fit: Fit) -> str:
    """Return the hash of all that a training depends on."""
    arrays: list[AnyArray] = [fit.targets] if fit.weights is None else [fit.targets, fit.weights]
    seen = [fit.inputs.digest, fit.corpus.digest, digest_arrays(*arrays), canonical_json(fit.rng.bit_generator.state)]
    if fit.watched is not None:
        seen += [fit.watched[0].digest, digest_arrays(fit.watched[1])]
    configs = [student.canonical(), student.fingerprint(), fit.objective.canonical(), fit.stopping.canonical()]
    # A trained start is named by what it answers on these inputs: it may be of another kind, and its weights are large.
    start = "" if fit.start is None else digest_arrays(fit.start.predict_proba(fit.inputs))
    return hashlib.sha256(canonical_json([*seen, *configs, start, fit.steps, fit.part]).encode()).hexdigest()
