"""Preferences: direct preference optimization on soft labels (Rafailov et al. 2023, arXiv:2305.18290, equation 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from w2sg.core import FloatArray, IntArray
from w2sg.students.language.loop import BatchStep, Problem
from w2sg.students.language.network import tensors
from w2sg.students.language.problems import log_likelihood
from w2sg.students.language.settings import WordTuning
from w2sg.students.language.tokens import Tokens
from w2sg.students.language.writing import (
    TrainedWriter,
    kept_rows,
    known_likelihoods,
    network_of_writer,
    sequences,
    trained_on,
)


@dataclass(eq=False)
class PreferenceProblem(Problem):
    """Which of two answers to a prompt is better, as a probability.

    Attributes:
        tokens: Prompts with answers, `2n` texts: of each pair the first, then the second.
        given: How many of the first tokens of each text are its prompt, `(2n,)`.
        targets: The probability that the first is better, `(n,)`.
        weights: Weights of the pairs, `(n,)`.
        reference: The log-probability of each answer before training, in nats, `(2n,)`.
        beta: Scale of the margin.
    """

    tokens: Tokens
    given: IntArray
    targets: FloatArray
    weights: FloatArray
    reference: FloatArray
    beta: float

    @property
    def lengths(self) -> IntArray:
        """The tokens of the longer text of each pair."""
        lengths: IntArray = self.tokens.lengths.reshape(-1, 2).max(axis=1)
        return lengths

    def backward(self, step: BatchStep, rows: IntArray, progress: float) -> None:
        """Add the gradient of the mean weighted loss of the pairs."""
        for part, scale in step.shares(self.lengths[rows]):
            loss = self.losses(step, step.network, rows[part]).sum()
            step.losses.append(loss.detach() * (bool(scale) / len(rows)))
            step.accelerator.backward(loss * (scale / len(rows)))

    def losses(self, step: BatchStep, network: Any, rows: IntArray) -> torch.Tensor:
        """Return the weighted loss of each pair, `(m,)`: the cross-entropy of sigmoid(margin) with the target."""
        margins = self.margins(step, network, rows)
        targets = torch.from_numpy(self.targets[rows]).to(margins)
        losses = torch.nn.functional.binary_cross_entropy_with_logits(margins, targets, reduction="none")
        return losses * torch.from_numpy(self.weights[rows]).to(margins)

    def margins(self, step: BatchStep, network: Any, rows: IntArray) -> torch.Tensor:
        """Return how much more than at the start the first answers are preferred, in nats times beta, `(m,)`."""
        # The two answers of a pair stand side by side in the batch, as in the tokens: first, second, first, second.
        texts = (rows[:, None] * 2 + np.arange(2)).ravel()
        ids, mask = tensors(self.tokens, texts, step.accelerator.device)
        step.tokens += int(self.tokens.lengths[texts].sum())
        logs = log_likelihood(network, ids, mask, torch.from_numpy(self.given[texts]).to(ids.device))
        # The reference does not change while the policy learns, so its numbers were computed once, before training; no
        # second network is held in memory.
        grown = (logs - torch.from_numpy(self.reference[texts]).to(logs)).reshape(-1, 2)
        return self.beta * (grown[:, 0] - grown[:, 1])


def train_on_preferences(
    policy: WordTuning,
    beta: float,
    prompts: Sequence[str],
    answers: tuple[Sequence[str], Sequence[str]],
    targets: FloatArray,
    weights: FloatArray,
    start: TrainedWriter | None,
    seed: int,
    place: Path | None,
) -> TrainedWriter:
    """Train a policy on preferences, from a trained writer or from the model as published; that is the reference."""
    network = network_of_writer(policy, start, seed)
    both = [text for pair in zip(*answers, strict=True) for text in pair]
    texts = sequences(network.loaded, policy, np.repeat(np.array(prompts, dtype=object), 2).tolist(), both)
    # A pair of which one answer has no room would teach the other's length, so both go.
    rows = kept_rows(texts.fits[0::2] & texts.fits[1::2], policy)
    tokens, given = texts.take((rows[:, None] * 2 + np.arange(2)).ravel())
    reference = known_likelihoods(network, tokens, given)
    problem = PreferenceProblem(tokens, given, targets[rows], weights[rows], reference, beta)
    return trained_on(policy, network, problem, seed, place, {**texts.notes, "pairs": len(rows)})
