"""Frozen language models as feature maps: what the last layer makes of a text, computed once for each text."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from w2sg.core import AnyArray, FloatArray, InputError, cached, canonical_json, preset, register
from w2sg.students.features import FeatureMap, Transform
from w2sg.students.language.loading import files_of, fingerprint, made_by
from w2sg.students.language.tokens import tokenize


@register()
class HiddenStates(FeatureMap):
    """The hidden states of a frozen language model, one vector for each text.

    A set of texts is read once for each model and is then kept by its content: the other order of a pair, another split
    or another seed of a task costs nothing.
    """

    learns: ClassVar[bool] = False

    kind: Literal["hidden-states"] = "hidden-states"
    model: str = Field(description="a local folder with weights and tokenizer, or a hub name (name@revision)")
    read: Literal["last", "mean"] = Field("last", description="the state of the last real token, or the mean of all")
    unit: bool = Field(False, description="scale every vector to length 1")
    layers: int | None = Field(None, ge=1, description="use the first layers only")
    most_tokens: int = Field(256, ge=1, description="longer texts are cut")
    too_long: Literal["cut-left", "cut-right", "refuse"] = Field(
        "cut-right", description="where longer texts are cut, or that they are refused"
    )
    pair: Literal["difference", "concatenation"] = Field("difference", description="how two texts become one row")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="where it runs")
    precision: Literal["auto", "float32", "bfloat16"] = Field("auto", description="of products")

    def reads(self) -> Iterable[Path]:
        """Return the folder of the model's files."""
        return files_of(self.model)

    def fingerprint(self) -> str:
        """Return a hash of the model's files, and of what runs it; a hub name stands for itself."""
        return canonical_json([fingerprint(self.model), made_by()])

    def fit(self, corpus: AnyArray) -> Transform:
        """Nothing is learned from the corpus; the model is loaded when a text is not known yet."""
        if corpus.dtype != object:
            raise InputError(f"features {self.kind!r} read text, and the inputs are numbers: use 'raw' or 'nystroem'")

        def transform(values: AnyArray) -> FloatArray:
            # Sorted and without repeats, the set of texts has one name whatever their order: a swapped pair, or another
            # split of the same pool, finds what was read before.
            texts = sorted({str(text) for text in values.ravel()})
            places = {text: place for place, text in enumerate(texts)}
            rows = np.array([places[str(text)] for text in values.ravel()]).reshape(values.shape)
            sides: FloatArray = self._vectors(texts)[rows]
            if values.ndim == 1:
                return sides
            left, right = sides[:, 0], sides[:, 1]
            return left - right if self.pair == "difference" else np.concatenate([left, right], axis=1)

        return transform

    def _vectors(self, texts: Sequence[str]) -> FloatArray:
        """Return the vectors `(m, d)` of different texts."""
        # What is done with a vector after it was read (pairing, scaling to unit length) does not change what is kept.
        config = self.model_dump(mode="json", exclude={"model", "pair", "unit"})
        name = canonical_json([config, self.fingerprint(), texts])
        # The store keeps arrays by name; the text of the model's and all inputs' identities is too long for one, its
        # hash is not.
        vectors = cached(hashlib.sha256(name.encode()).hexdigest(), self, lambda: self._read(texts))
        norm = np.linalg.norm(vectors, axis=1, keepdims=True) if self.unit else np.ones(1)
        return np.asarray(vectors / np.maximum(norm, 1e-12), dtype=np.float32)

    def _read(self, texts: Sequence[str]) -> FloatArray:
        from w2sg.students.language.devices import place_of
        from w2sg.students.language.network import answered
        from w2sg.students.language.reading import frozen_network

        network = frozen_network(self.model, self.layers, self.read, place_of(self))
        tokens = tokenize(network.loaded, texts, self.most_tokens, self.too_long)
        return answered(network, tokens, "states")


preset(
    "sentence-encoder",
    HiddenStates,
    "The mean of a frozen encoder's last states, at unit length.",
    read="mean",
    unit=True,
)
