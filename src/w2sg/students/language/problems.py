"""What networks learn: labels through an objective, the next word, a preference between two answers."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from w2sg.core import FloatArray, IntArray, Objective
from w2sg.students.language.loop import BatchStep, Problem
from w2sg.students.language.network import Network, tensors
from w2sg.students.language.tokens import Tokens


@dataclass(eq=False)
class LabelProblem(Problem):
    """Soft labels and an objective of the catalogue.

    Attributes:
        tokens: The texts: one for each example, or two for each pair.
        sides: Texts of an example: 1, or 2 for a pair, whose two rewards are the logits of the two classes
            (Bradley-Terry).
        targets: Soft labels `(n, k)`.
        weights: Example weights `(n,)`.
        objective: What pulls.
        memory: What the objective remembers of each example, `(n, k)`; None if it remembers nothing.
    """

    tokens: Tokens
    sides: int
    targets: FloatArray
    weights: FloatArray
    objective: Objective
    memory: FloatArray | None = None

    def __post_init__(self) -> None:
        self._kept: tuple[IntArray, FloatArray] | None = None
        if self.objective.remembers:
            self.memory = np.zeros_like(self.targets)

    @property
    def lengths(self) -> IntArray:
        """The tokens of each example; of a pair those of the longer text."""
        lengths: IntArray = self.tokens.lengths.reshape(-1, self.sides).max(axis=1)
        return lengths

    def backward(self, step: BatchStep, rows: IntArray, progress: float) -> None:
        """Add the gradient of the mean loss.

        An objective whose target moves with the student may look at the whole batch, so its gradient is computed from
        the logits of all of it, which are read first where the batch does not go through at once.
        """
        self._add_gradient(step, rows, progress)
        # Only now: a batch that ran out of memory is read again, and is one look all the same.
        if self.memory is not None and self._kept is not None:
            seen, kept = self._kept
            self.memory[seen] = kept

    def _add_gradient(self, step: BatchStep, rows: IntArray, progress: float) -> None:
        parts = step.mine(self.lengths[rows])
        # One backward pass through all parts at once: the objective sees the whole batch, and nothing is read twice.
        if step.whole(len(rows)):
            order = np.concatenate(parts)
            logits = self.logits_of_parts(step, [rows[part] for part in parts])
            pull = self._pull(step, rows[order], logits, progress, len(rows)) / len(rows)
            step.accelerator.backward((logits * pull).sum())
            return
        # A moving target may rank the batch (a balanced threshold does): in pieces it would be another objective. So
        # logits are read once without learning, the pull on each is fixed, and pieces then only carry it back.
        known = self._all_logits(step, rows, parts) if self.objective.moving else None
        # All processes have the whole here, and what they tell adds up.
        shared = len(rows) * step.accelerator.num_processes
        whole = None if known is None else self._pull(step, rows, known, progress, shared)
        for part, scale in step.shares(self.lengths[rows]):
            logits = self.logits(step, step.network, rows[part])
            n = len(rows) if scale else math.inf  # what stands in for an empty share has no loss
            pull = self._pull(step, rows[part], logits, progress, n) if whole is None else whole[torch.from_numpy(part)]
            step.accelerator.backward((logits * (pull * (scale / len(rows)))).sum())

    def logits(self, step: BatchStep, network: Any, rows: IntArray) -> torch.Tensor:
        """Return the logits `(m, k)` of some examples."""
        ids, mask = self._shown(step, rows)
        outputs: torch.Tensor = network(ids, mask)
        return outputs.reshape(len(rows), -1)

    def logits_of_parts(self, step: BatchStep, parts: list[IntArray]) -> torch.Tensor:
        """Return the logits `(n, k)` of a batch that is read in parts, one after the other.

        All tokens are embedded at once: the gradient of embeddings is as large as the vocabulary, and is written once.
        """
        shown = [self._shown(step, rows) for rows in parts]
        vectors = step.network.embedded([ids for ids, _ in shown])
        outputs = [
            step.network(*ids_and_mask, vectors=vectors_of_part)
            for ids_and_mask, vectors_of_part in zip(shown, vectors, strict=True)
        ]
        return torch.cat(outputs).reshape(sum(map(len, parts)), -1)

    def _shown(self, step: BatchStep, rows: IntArray) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the token numbers and the mask of the texts of some examples, and count them."""
        texts = (rows[:, None] * self.sides + np.arange(self.sides)).ravel()
        step.tokens += int(self.tokens.lengths[texts].sum())
        return tensors(self.tokens, texts, step.accelerator.device)

    @torch.no_grad()
    def _all_logits(self, step: BatchStep, rows: IntArray, parts: list[IntArray]) -> torch.Tensor:
        """Return the logits `(n, k)` of a whole batch, in its order, from all processes."""
        logits = torch.zeros((len(rows), self.targets.shape[1]), device=step.accelerator.device)
        for part in parts:
            if len(part):
                # The unwrapped network: nothing is learned here, so processes with fewer parts need not meet the
                # others.
                logits[torch.from_numpy(part)] = self.logits(step, step.plain, rows[part])
        # Rows of other processes are 0 here, so that the sum puts the whole batch together.
        gathered: torch.Tensor = step.accelerator.reduce(logits, "sum")
        return gathered

    def _pull(self, step: BatchStep, rows: IntArray, logits: torch.Tensor, progress: float, n: float) -> torch.Tensor:
        """Return the gradient of each example's weighted loss with respect to its logits, `(m, k)`.

        Where the step tells its loss, an `n`-th of theirs is added.
        """
        with torch.no_grad():
            weak = torch.from_numpy(self.targets[rows]).to(logits)
            if self.memory is not None:
                kept = self.objective.remembered(torch.from_numpy(self.memory[rows]).to(logits), logits.detach())
                self._kept = rows, kept.cpu().numpy()
                weak = torch.stack([weak, kept])
            weights = torch.from_numpy(self.weights[rows]).to(logits)
            if step.tells:
                values, pull = self.objective.value_and_gradient(weak, logits.detach(), progress)
                step.losses.append((values * weights).sum() / n)
            else:
                pull = self.objective.gradient(weak, logits.detach(), progress)
            weighted: torch.Tensor = pull * weights[:, None]
        return weighted


@dataclass(eq=False)
class Words(Problem):
    """The next word: language modelling of whole texts, or of the answers that end them.

    Attributes:
        tokens: The texts.
        prompts: How many of the first tokens of each text are given, and not learned, `(n,)`.
        weights: Weights of the texts `(n,)`.
    """

    tokens: Tokens
    prompts: IntArray
    weights: FloatArray

    @property
    def lengths(self) -> IntArray:
        """The tokens of each text."""
        return self.tokens.lengths

    def backward(self, step: BatchStep, rows: IntArray, progress: float) -> None:
        """Add the gradient of the mean loss in nats over the learned tokens of the batch, each weighted as its text."""
        # The first token has nothing before it to be predicted from, so it is never learned.
        counts = np.maximum(self.lengths[rows] - np.maximum(self.prompts[rows], 1), 0)
        # Divided by the tokens of the whole batch, known before the first piece: a long answer then weighs by its
        # tokens, and however the batch is cut the gradient is the same.
        total = max(float((counts * self.weights[rows]).sum()), 1e-12)
        for part, scale in step.shares(self.lengths[rows]):
            logs = self.log_likelihood(step, step.network, rows[part])
            weights = torch.from_numpy(self.weights[rows[part]]).to(logs)
            loss = -(logs * weights).sum()
            step.losses.append(loss.detach() * (bool(scale) / total))
            step.accelerator.backward(loss * (scale / total))

    def log_likelihood(self, step: BatchStep, network: Network, rows: IntArray) -> torch.Tensor:
        """Return the sum over the learned tokens of their log-probability in nats, `(m,)`."""
        ids, mask = tensors(self.tokens, rows, step.accelerator.device)
        step.tokens += int(self.tokens.lengths[rows].sum())
        given = torch.from_numpy(self.prompts[rows]).to(ids.device)
        return log_likelihood(network, ids, mask, given)


def log_likelihood(network: Any, ids: torch.Tensor, mask: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
    """Return the log-probability in nats of each text after its first `given` tokens, `(n,)`."""
    # The logits at a place are of the token after it, so the last ones predict nothing and the first token is predicted
    # by none.
    logits = network(ids, mask, words=True)[:, :-1].float()
    places = torch.arange(1, ids.shape[1], device=ids.device)
    learned = mask[:, 1:] & (places >= given[:, None])
    picked = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    return -(picked * learned).sum(dim=1)
