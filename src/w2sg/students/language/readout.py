"""Readout: what a language model would say, without training: the probabilities of the answers' words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import Fit, FloatArray, InputError, Inputs, Predictor, Student, canonical_json, register
from w2sg.students.language.loading import files_of, fingerprint, layer_parameters, made_by
from w2sg.students.language.tokens import tokenize
from w2sg.students.linear import softmax

FIELDS = ({"text"}, {"first", "second"})
"""What a prompt may hold: a text, or the two texts of a pair."""


@register()
class Readout(Student):
    """A causal language model that is asked, and not trained: the next word's probabilities of the answers.

    Without `shots` it never looks at a label. With them, so many training examples and their most likely answers stand
    before the question, as many of each class as there are.
    """

    kind: Literal["readout"] = "readout"
    model: str = Field(description="a local folder with safetensors and tokenizer, or a hub name (name@revision)")
    answers: tuple[str, ...] = Field(min_length=2, description="a word for each class, one token each")
    prompt: str = Field("{text}", description="the question, with {text}, or with {first} and {second} of a pair")
    shots: int = Field(0, ge=0, description="training examples that stand before the question")
    between: str = Field("\n\n", description="what stands between them")
    most_tokens: int = Field(512, ge=1, description="longer questions are treated as 'too_long' says")
    too_long: Literal["cut-left", "cut-right", "refuse"] = Field(
        "cut-left", description="cut a long question's beginning or end, or refuse it"
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="where it runs")
    precision: Literal["auto", "float32", "bfloat16"] = Field("auto", description="of products")

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        try:
            named = {name for _, name, _, _ in Formatter().parse(self.prompt) if name is not None}
        except ValueError as error:
            raise ValueError(f"prompt must be a text with {{text}}: {error}") from None
        if named not in FIELDS:
            raise ValueError(f"prompt must hold {{text}}, or {{first}} and {{second}}, got {self.prompt!r}")
        return self

    @property
    def alone(self) -> bool:
        """Whether its students are large."""
        return True

    @property
    def function_class(self) -> str:
        """What a language model says."""
        return "language-model"

    @property
    def body_frozen(self) -> bool:
        """No layer is its own: the answer is read off a model whose head was trained with its body."""
        return False

    @property
    def strength(self) -> float | None:
        """The number of parameters in the model's layers; None for a hub name."""
        counted = layer_parameters(self.model)
        return None if counted is None else float(counted[0] * counted[1])

    def reads(self) -> Iterable[Path]:
        """Return the folder of the model's files."""
        return files_of(self.model)

    def fingerprint(self) -> str:
        """Return a hash of the model's files, and of what runs it."""
        return canonical_json([fingerprint(self.model), made_by()])

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor]:
        """Return what answers; of the labels only those of the shots are looked at."""
        return [ReadoutPredictor(self, self._before(fit)) for fit in fits]

    def asked(self, inputs: Inputs) -> list[str]:
        """Return the question about each example.

        Raises:
            InputError: If the prompt is for pairs and the inputs are none, or the other way round.
        """
        values = inputs.values
        if not inputs.pool.is_text or (values.ndim == 2) != ("{first}" in self.prompt):
            raise InputError(
                f"prompt {self.prompt!r} does not fit these inputs: texts go with {{text}}, pairs with {{first}} and "
                "{second}, numbers with neither"
            )
        if values.ndim == 1:
            return [self.prompt.format(text=text) for text in values]
        return [self.prompt.format(first=first, second=second) for first, second in values]

    def _before(self, fit: Fit) -> str:
        """Return the examples that stand before each question."""
        if fit.targets.shape[1] != len(self.answers):
            raise InputError(f"answers must be {fit.targets.shape[1]}, one for each class, got {list(self.answers)}")
        if not self.shots:
            return ""
        named, order = fit.targets.argmax(axis=1), fit.rng.permutation(len(fit.inputs))
        if fit.weights is not None:
            # What a selection leaves out is not shown as an example either.
            order = order[fit.weights[order] > 0]
        rank = np.zeros(len(named), dtype=np.int64)
        # Ranks within each class: taking the lowest ranks first deals the shots over the classes in turn, and the draw
        # decides which examples of each.
        for label in range(len(self.answers)):
            rows = order[named[order] == label]
            rank[rows] = np.arange(len(rows))
        # Shuffled again, or the shots would come in a rhythm of classes that the model could continue.
        chosen = fit.rng.permutation(order[np.argsort(rank[order], kind="stable")][: self.shots])
        questions = self.asked(fit.inputs.take(chosen))
        shown = [f"{text}{self.answers[label]}" for text, label in zip(questions, named[chosen], strict=True)]
        return "".join(f"{example}{self.between}" for example in shown)


@dataclass(eq=False)
class ReadoutPredictor(Predictor):
    """A model that is asked.

    Attributes:
        student: Its configuration.
        before: What stands before each question.
        notes: How many questions were too long, once some were.
    """

    student: Readout
    before: str
    notes: dict[str, Any] = field(default_factory=dict)

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities `(n, k)`: those of the answers' words, scaled to sum 1."""
        from w2sg.students.language.devices import place_of
        from w2sg.students.language.network import answered
        from w2sg.students.language.reading import reading_network

        student = self.student
        # The network is named by configuration and files, not by this object: many predictors ask the same frozen
        # model.
        place, name = place_of(student), (student.digest(), student.fingerprint())
        network = reading_network(name, student.model, student.answers, place)
        questions = [self.before + question for question in self.student.asked(inputs)]
        tokens = tokenize(network.loaded, questions, self.student.most_tokens, self.student.too_long)
        if tokens.long.any():
            self.notes["too_long"] = self.notes.get("too_long", 0) + int(tokens.long.sum())
        return softmax(answered(network, tokens, "outputs"))
