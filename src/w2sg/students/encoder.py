"""Frozen sentence encoders as feature maps: the hidden states of a pretrained language model, averaged over tokens."""

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from w2sg.core import AnyArray, FloatArray, InputError, MissingExtraError, register
from w2sg.students.features import FeatureMap, Transform


@register("features")
class SentenceEncoder(FeatureMap):
    """The mean of a frozen encoder's last hidden states over the real tokens, at unit length."""

    kind: Literal["sentence-encoder"] = "sentence-encoder"
    model: str = Field(description="a local folder with weights and tokenizer, or a hub name")
    most_tokens: int = Field(256, ge=1, description="longer texts are cut")
    batch: int = Field(64, ge=1, description="texts at a time; does not change the features beyond rounding")
    pair: Literal["difference", "concatenation"] = Field("difference", description="how two texts become one row")

    @property
    def made_by(self) -> str:
        """The libraries that run the encoder."""
        try:
            return ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers"))
        except PackageNotFoundError as error:
            raise MissingExtraError(str(error.name), "lm") from None

    def fingerprint(self) -> str:
        """Return the sha256 of the files of a local folder; a hub name stands for itself."""
        folder = Path(self.model)
        state = hashlib.sha256()
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if path.is_file():
                with path.open("rb") as file:
                    state.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        return state.hexdigest() if folder.is_dir() else self.model

    def fit(self, corpus: AnyArray) -> Transform:
        """Load the encoder; nothing is learned from the corpus."""
        if corpus.dtype != object:
            raise InputError(
                "features 'sentence-encoder' read text, and the inputs are numbers: use 'raw' or 'nystroem'"
            )
        tokenizer, model = _load(self.model)

        def transform(values: AnyArray) -> FloatArray:
            if values.ndim == 1:
                return self._encode(list(values), tokenizer, model)
            left, right = (self._encode(list(values[:, side]), tokenizer, model) for side in (0, 1))
            return left - right if self.pair == "difference" else np.concatenate([left, right], axis=1)

        return transform

    def _encode(self, texts: list[str], tokenizer: Any, model: Any) -> FloatArray:
        """Return features `(n, d)`; texts of like length go together, so little is padded."""
        import torch

        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        rows: list[Any] = [None] * len(texts)
        with torch.inference_mode():
            for start in range(0, len(order), self.batch):
                chosen = order[start : start + self.batch]
                tokens = tokenizer(
                    [texts[index] for index in chosen],
                    padding=True,
                    truncation=True,
                    max_length=self.most_tokens,
                    return_tensors="pt",
                )
                states = model(**tokens).last_hidden_state
                real = tokens["attention_mask"].unsqueeze(-1).to(states.dtype)
                mean = (states * real).sum(dim=1) / real.sum(dim=1).clamp(min=1)
                for index, row in zip(chosen, torch.nn.functional.normalize(mean, dim=1).numpy(), strict=True):
                    rows[index] = row
        return np.stack(rows).astype(np.float32)


def _load(name: str) -> tuple[Any, Any]:
    try:
        import torch  # noqa: F401
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging
    except ImportError:
        raise MissingExtraError("transformers (with torch)", "lm") from None
    try:
        logging.disable_progress_bar()
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = AutoModel.from_pretrained(name)
    except (OSError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise InputError(
            f"features.model {name!r} cannot be loaded: {reason}: give a local folder or a hub name"
        ) from None
    return tokenizer, model.eval()
