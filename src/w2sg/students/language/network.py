"""The network: a language model's body, its states read as one vector for each text, and a linear head on that."""

import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import numpy as np
import torch

from w2sg.core import FloatArray, InputError, IntArray, MissingExtraError
from w2sg.students.language.loading import Loaded
from w2sg.students.language.tokens import Side, Tokens, padded, pieces

Read = Literal["last", "mean"]
"""Which states become the vector of a text: that of its last real token, or the mean over its real tokens."""
State = Mapping[str, torch.Tensor]
"""What training changes, by name, on the CPU."""
ANSWERED_AT_ONCE = 64
"""Texts that go through the network together where nothing is learned."""


class Network(torch.nn.Module):
    """Body, reading and head; dropout is always off, so that training is decided by its data and its order.

    Attributes:
        loaded: The model as published, whose body this is.
        body: The transformer, perhaps with adapters.
        head: From `d` to one output for each class, or to one reward.
        half: Whether the body computes its products in bfloat16; weights, head and outputs are float32.
    """

    def __init__(self, loaded: Loaded, outputs: int, read: Read, *, half: bool = False) -> None:
        super().__init__()
        self.loaded, self.read, self.half = loaded, read, half
        self.body, self.words = loaded.body, loaded.words
        # Tied words are the embeddings themselves: freezing them would freeze the body's input.
        if self.words is not None and not self._tied:
            self.words.requires_grad_(False)
        self.head = torch.nn.Linear(loaded.width, outputs)
        # A head of zeros answers every example alike, so that the first step depends on no draw.
        torch.nn.init.zeros_(self.head.weight)
        torch.nn.init.zeros_(self.head.bias)
        self.eval()

    def products(self) -> AbstractContextManager[Any]:
        """Return the context in which the body computes; inside one, weights are rounded once, however many pieces."""
        device = self.head.weight.device.type
        return torch.autocast(device, torch.bfloat16) if self.half else nullcontext()

    @property
    def _tied(self) -> bool:
        return self.words is not None and self.words.weight is self.body.get_input_embeddings().weight

    @property
    def own_words(self) -> torch.nn.Module:
        """The language-modelling head where its weights are its own; else a module without parameters."""
        return torch.nn.Identity() if self.words is None or self._tied else self.words

    def embedded(self, batches: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Return the embeddings `(n, t, d)` of several batches of token numbers `(n, t)`, read at once."""
        # One look-up for all: its backward pass writes a gradient as large as the vocabulary, and so writes it once.
        flat = torch.cat([ids.flatten() for ids in batches])
        parts = self.loaded.body.get_input_embeddings()(flat).split([ids.numel() for ids in batches])
        return [part.reshape(*ids.shape, -1) for ids, part in zip(batches, parts, strict=True)]

    def forward(
        self,
        ids: torch.Tensor,
        mask: torch.Tensor,
        side: Side = "right",
        words: bool = False,
        vectors: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the outputs `(n, outputs)` of token numbers `(n, t)` with the mask of the real ones.

        With `words` the logits of the next token at each place instead, `(n, t, vocabulary)`. `vectors` are the
        embeddings of the tokens where they are known.
        """
        if words:
            logits: torch.Tensor = self.words(self.token_states(ids, mask, side)) * self.loaded.scale
            return logits
        states = self.states(ids, mask, side, vectors)
        # The head is tiny and its outputs are compared across runs, so it never computes in bfloat16.
        with torch.autocast(ids.device.type, enabled=False):
            outputs: torch.Tensor = self.head(states)
        return outputs

    def states(
        self, ids: torch.Tensor, mask: torch.Tensor, side: Side = "right", vectors: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the vector of each text, `(n, d)`."""
        states = self.token_states(ids, mask, side, vectors)
        if self.read == "mean":
            real = mask.unsqueeze(-1).to(states.dtype)
            return (states * real).sum(dim=1) / real.sum(dim=1)
        # argmax gives the first of equal values: on the flipped mask that is the last real token, whichever side is
        # padded.
        last = mask.shape[1] - 1 - mask.flip(1).long().argmax(dim=1)
        return torch.as_tensor(states[torch.arange(len(states), device=states.device), last])

    def token_states(
        self, ids: torch.Tensor, mask: torch.Tensor, side: Side = "right", vectors: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the vector of each token, `(n, t, d)`.

        A causal body never looks ahead, so padding on the right needs no mask.
        """
        known: dict[str, Any] = {}
        # Where no mask is given torch can take its own causal attention, which is faster than one with a mask.
        if not (mask.all() or (self.loaded.causal and side == "right")):
            known["attention_mask"] = mask.long()
        if side == "left":
            if not self.loaded.places:
                raise InputError(f"model {self.loaded.name!r} takes no positions, so it is padded on the right only")
            # Positions count real tokens only, or a text padded on the left would be read as standing further right.
            known["position_ids"] = (mask.long().cumsum(dim=1) - 1).clamp(min=0)
        with self.products():
            shown = {"input_ids": ids} if vectors is None else {"inputs_embeds": vectors}
            states: torch.Tensor = self.body(**shown, **known).last_hidden_state
        return states.float()

    @torch.no_grad()
    def say(self, numbers: Sequence[int]) -> None:
        """Let the head give the model's own logits of some tokens."""
        scale, words = self.loaded.scale, self.words
        self.head.weight.copy_(words.weight[list(numbers)] * scale)
        if getattr(words, "bias", None) is not None:
            self.head.bias.copy_(words.bias[list(numbers)] * scale)

    def trained(self) -> State:
        """Return a copy of what training changes."""
        # What training leaves alone is read from the model's own files again, so it need not be kept with every
        # student.
        return {name: value.detach().cpu().clone() for name, value in self.named_parameters() if value.requires_grad}

    @torch.no_grad()
    def restore(self, state: State) -> None:
        """Take over what training changed."""
        known = dict(self.named_parameters())
        for name, value in state.items():
            known[name].copy_(value)


def with_adapters(network: Network, rank: int, alpha: float, targets: Sequence[str]) -> Network:
    """Freeze the body and add low-rank adapters, zero at first (arXiv:2106.09685); the head stays trainable."""
    try:
        from peft import LoraConfig, get_peft_model
        from transformers.pytorch_utils import Conv1D
    except ImportError:
        raise MissingExtraError("peft", "lm") from None
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        target_modules=list(targets) or "all-linear",
        # GPT-2 keeps its weights transposed in a module of its own, and adapters must be told.
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in network.body.modules()),
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by an older name
            network.body = get_peft_model(network.body, config)
    except ValueError as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"lora_targets {list(targets)} do not fit {network.loaded.name!r}: {reason}") from None
    network.eval()
    return network


def with_checkpointing(network: Network) -> Network:
    """Keep only the layers' inputs for the backward pass and compute the rest again: less memory, a third more time.

    Layers recompute only in training mode; they alone are set to it, and what they drop out themselves is set to 0.

    Raises:
        InputError: If the model cannot do it.
    """
    from transformers.modeling_layers import GradientCheckpointingLayer

    if not getattr(network.loaded.body, "supports_gradient_checkpointing", False):
        raise InputError(f"model {network.loaded.name!r} cannot compute activations again: set recompute to false")
    enable = getattr(network.body, "activation_checkpointing_enable", None)  # its name since transformers 5.2x
    (enable or network.body.gradient_checkpointing_enable)()
    for module in network.body.modules():
        if isinstance(module, GradientCheckpointingLayer):
            module.training = True
            for name in [name for name in vars(module) if "drop" in name and isinstance(vars(module)[name], float)]:
                setattr(module, name, 0.0)
    return network


def tensors(
    tokens: Tokens, rows: IntArray, device: torch.device, side: Side = "right"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return some texts as token numbers and mask, padded to the longest of them."""
    ids, mask = padded([tokens.ids[row] for row in rows], side)
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)


def answered(network: Network, tokens: Tokens, what: Literal["outputs", "states"]) -> FloatArray:
    """Return outputs `(n, outputs)` or states `(n, d)` of texts, without learning; float32.

    Args:
        network: The network; it runs where it is.
        tokens: The texts.
        what: What to return.
    """
    device = network.head.weight.device
    answers: list[FloatArray] = [np.zeros(0)] * len(tokens)
    with torch.inference_mode():
        for rows in pieces(tokens.lengths, ANSWERED_AT_ONCE):
            ids, mask = tensors(tokens, rows, device)
            outputs = network(ids, mask) if what == "outputs" else network.states(ids, mask)
            # Texts were sorted by length for little padding; each answer goes back to its own place.
            for row, value in zip(rows, outputs.float().cpu().numpy(), strict=True):
                answers[row] = value
    return np.stack(answers).astype(np.float32)
