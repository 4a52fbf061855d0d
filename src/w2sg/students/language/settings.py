"""How language models are read and trained, as plain settings: what the configurations and the torch half both know.

The configurations (`student.py`, `writer.py`) call the torch half when something is trained. The torch half knows these
settings and no configuration, so imports go one way.
"""

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import AnyArray, Component, FloatArray, InputError, Inputs
from w2sg.students.language.loading import layer_parameters


class Tuning(Component):
    """What every use of a language model shares: which model, how texts are read, and how it is trained."""

    model: str = Field(description="a local folder with safetensors and tokenizer, or a hub name (name@revision)")
    layers: int | None = Field(None, ge=1, description="use the first layers only")
    most_tokens: int = Field(512, ge=1, description="longer texts are treated as 'too_long' says")
    too_long: Literal["cut-left", "cut-right", "drop", "refuse"] = Field(
        "cut-left", description="cut a long text's beginning or end, drop it from training, or refuse; counted"
    )
    epochs: float = Field(2.0, gt=0, description="passes over the training examples")
    batch: int = Field(32, ge=1, description="examples a step; kept however few fit into memory at once")
    rate: float | None = Field(
        None, gt=0, description="highest learning rate; none: 5e-5 for all weights, 5e-4 for adapters"
    )
    head_rate: float | None = Field(None, gt=0, description="that of the head; none: as the others")
    schedule: Literal["cosine", "linear", "constant"] = Field("cosine", description="how the rate falls")
    warm_up: float = Field(0.0, ge=0, lt=1, description="share of the steps in which the rate grows from 0")
    decay: float = Field(0.0, ge=0, description="decoupled weight decay")
    clip: float | None = Field(1.0, gt=0, description="most norm of the gradient")
    window: int = Field(8, ge=1, description="batches sorted by length together; 1 shuffles plainly")
    micro: int | None = Field(None, ge=1, description="most examples at once; none: as many as memory holds")
    until: float = Field(1.0, gt=0, le=1, description="stop at this share of the steps: an early checkpoint")
    lora_rank: int = Field(8, ge=1, description="rank of the adapters")
    lora_alpha: float = Field(16.0, gt=0, description="scale of the adapters, times rank")
    lora_targets: tuple[str, ...] = Field((), description="modules with adapters; none: every linear one")
    recompute: bool = Field(False, description="keep fewer activations and compute them again: less memory")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="where it runs")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="of products; auto is bfloat16 on a GPU that has it; weights are float32"
    )

    @property
    def strength(self) -> float | None:
        """The number of parameters in its layers; None for a hub name."""
        counted = layer_parameters(self.model)
        return None if counted is None else float((self.layers or counted[0]) * counted[1])

    @property
    def function_class(self) -> str:
        """What a language model gives."""
        return "language-model"


class HeadTuning(Tuning):
    """The settings of a model with a linear head on one vector of each text."""

    mode: Literal["full", "lora", "probe", "lp-ft"] = Field("full", description="what is trained")
    read: Literal["last", "mean"] = Field("last", description="the state of the last real token, or the mean of all")
    answers: tuple[str, ...] = Field(
        (), description="a word for each class: the head starts as what the model says (causal models only)"
    )
    c: float = Field(1.0, gt=0, description="inverse penalty of a probe, as scikit-learn's C")
    generative_epochs: float = Field(
        0.0, ge=0, description="passes of language modelling over the task's unlabelled texts, before any label"
    )
    ladder: tuple[str, ...] = Field((), description="smaller models, smallest first, for chains through several sizes")

    @property
    def too_long_to_answer(self) -> Literal["cut-left", "cut-right", "refuse"]:
        """What becomes of a long text that must be answered: none can be left out, so `drop` cuts its beginning."""
        return "cut-left" if self.too_long == "drop" else self.too_long

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.mode == "probe" and (self.answers or self.generative_epochs):
            raise ValueError("mode 'probe' reads a frozen model, so it takes neither 'answers' nor 'generative_epochs'")
        if self.mode == "probe" and self.too_long == "drop":
            raise ValueError("mode 'probe' reads every text: choose too_long = 'cut-left', 'cut-right' or 'refuse'")
        return self


class WordTuning(Tuning):
    """The settings of a model that learns to write."""

    mode: Literal["full", "lora"] = Field("full", description="what is trained")
    most_new_tokens: int = Field(64, ge=1, description="room for an answer, with its end token")


def sides_of(inputs: Inputs) -> int:
    """Return how many texts an example has: 1, or 2 for pairs."""
    return 1 if inputs.pool.values.ndim == 1 else 2


def texts_of(inputs: Inputs) -> list[str]:
    """Return the texts of examples, of a pair one after the other."""
    return [str(text) for text in inputs.values.ravel()]


def check_columns(weights: FloatArray | None, **columns: Sequence[Any] | AnyArray) -> FloatArray:
    """Return the weights of a writer's examples, all 1 if there are none.

    Raises:
        InputError: If the columns are of different lengths or empty, or a weight is not finite, or all are 0.
    """
    given = dict(columns) if weights is None else {**columns, "weights": weights}
    sizes = {name: len(column) for name, column in given.items()}
    if len(set(sizes.values())) != 1 or 0 in sizes.values():
        got = ", ".join(f"{name} {n}" for name, n in sizes.items())
        raise InputError(f"there must be one entry per example, and at least one example, got {got}")
    if weights is None:
        return np.ones(sizes["prompts"], dtype=np.float32)
    given_weights = np.asarray(weights, dtype=np.float32)
    # All zeros would leave a mean over nothing, and the training would run its course without learning.
    if not np.isfinite(given_weights).all() or (given_weights < 0).any() or not given_weights.any():
        low, high = given_weights.min(), given_weights.max()
        raise InputError(f"weights must be finite, not negative and not all 0, got values in [{low:g}, {high:g}]")
    return given_weights
