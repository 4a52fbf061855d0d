"""The training loop: one network, one problem, on whatever accelerate finds; the same steps however they are cut.

The effective batch is what the recipe says. It is cut into pieces of texts of like length, so that little is padded,
and into smaller ones where memory is short; the gradient is that of the whole batch each time.
"""

import logging
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils.memory import should_reduce_batch_size

from w2sg.core import CurveWriter, FloatArray, IntArray, RunError, TrainingCurve
from w2sg.students.language.checkpoint import Saved, read_saved, remove_saved, write_saved
from w2sg.students.language.network import Network, State
from w2sg.students.language.tokens import epoch_batches, pieces

Schedule = Literal["cosine", "linear", "constant"]
_log = logging.getLogger(__name__)
ADVICE = "lower 'rate', or set 'precision' to 'float32'"
"""What to do where a training diverges."""
LOG_EVERY_S = 15.0
"""Seconds between two lines about a training's progress."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: Passes over the examples.
        batch: Examples in a step, the effective batch.
        rate: Highest learning rate.
        head_rate: That of the head.
        schedule: How the rate falls, to 0 but for `constant`.
        warm_up: Share of the steps in which the rate grows from 0.
        decay: Decoupled weight decay, times the rate (AdamW, arXiv:1711.05101).
        betas: Adam's two decay rates.
        clip: Most norm of the gradient; None does not clip.
        window: Batches whose examples are sorted by length together; 1 is plain shuffling.
        micro: Most examples that go through the network at once; None is the whole batch.
        until: Share of the steps that are taken.
        looks: How often a stopping rule looks.
        save_every_s: Seconds between two savings, where a place to save is lent.
    """

    epochs: float
    batch: int
    rate: float
    head_rate: float
    schedule: Schedule = "cosine"
    warm_up: float = 0.0
    decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float | None = 1.0
    window: int = 8
    micro: int | None = None
    until: float = 1.0
    looks: int = 10
    save_every_s: float = 120.0


class Problem(ABC):
    """What a network learns: examples of known length, and the gradient of a batch of them.

    Attributes:
        memory: What it remembers of each example, `(n, k)`, which an interrupted training takes up again; or None.
    """

    memory: FloatArray | None = None

    @property
    @abstractmethod
    def lengths(self) -> IntArray:
        """The tokens of each example, `(n,)`."""

    @abstractmethod
    def backward(self, step: "BatchStep", rows: IntArray, progress: float) -> None:
        """Add the gradient of the mean loss of a batch, examples `rows`, to the network's parameters."""


@dataclass(eq=False)
class BatchStep:
    """What a problem works with in a step.

    Attributes:
        network: The network as accelerate prepared it.
        accelerator: Who runs it.
        micro: Most examples at once.
        tokens: How many real tokens were read.
        tells: Whether the loss of the step is wanted.
        losses: What this process has of it, in parts that add up.
    """

    network: Any
    accelerator: Accelerator
    micro: int
    tokens: int = 0
    tells: bool = False
    losses: list[torch.Tensor] = field(default_factory=list)

    @property
    def plain(self) -> Network:
        """The network itself."""
        network = self.accelerator.unwrap_model(self.network)
        assert isinstance(network, Network)
        return network

    def mine(self, lengths: IntArray) -> list[IntArray]:
        """Return the positions of a batch that this process handles, cut into pieces of like length."""
        world, rank = self.accelerator.num_processes, self.accelerator.process_index
        # Sorted first and dealt in turn, every process gets texts of about the same lengths and none waits long for
        # another.
        positions = np.argsort(lengths, kind="stable")[rank::world]
        cut = [positions[piece] for piece in pieces(lengths[positions], self.micro)]
        # A process without examples still takes part, for the others wait for it where gradients are exchanged.
        return cut or [np.zeros(0, dtype=np.int64)]

    def shares(self, lengths: IntArray) -> Iterator[tuple[IntArray, int]]:
        """Yield the positions of each piece of a batch, and what its share of the batch's loss is to be multiplied by.

        The backward pass of a piece belongs inside its turn: gradients are exchanged in the last of a step only.
        """
        parts = self.mine(lengths)
        for number, part in enumerate(parts):
            with nullcontext() if number == len(parts) - 1 else self.accelerator.no_sync(self.network):
                # Accelerate averages gradients over processes, where the batch's mean wants their sum: the number of
                # processes undoes it. A process whose share is empty still runs a backward pass, on any example and
                # multiplied by 0: the others wait for it where gradients are exchanged.
                yield (part, self.accelerator.num_processes) if len(part) else (np.zeros(1, dtype=np.int64), 0)

    def loss(self) -> float:
        """Return the loss of the step, of all processes together."""
        own = torch.stack([part.detach().float() for part in self.losses]).sum()
        return float(self.accelerator.reduce(own, "sum"))

    def whole(self, n: int) -> bool:
        """Whether a batch of `n` examples goes through the network with one backward pass."""
        return self.accelerator.num_processes == 1 and self.micro >= n


@dataclass(eq=False)
class TrainedState:
    """What came out: what training changed, the step that it is from, and what there is to know about it."""

    state: State
    steps: int
    curve: TrainingCurve
    notes: dict[str, Any] = field(default_factory=dict)


Look = Callable[[Network], float]
"""How good a network is by its stopping rule; higher is better."""


@final
class Loop:
    """Trains a network on a problem."""

    def __init__(self, network: Network, problem: Problem, recipe: Recipe, *, device: str, seed: int):
        self.recipe, self.problem, self.seed = recipe, problem, seed
        self.accelerator = _accelerator(device)
        rates = [(network.head, recipe.head_rate), (network.body, recipe.rate), (network.own_words, recipe.rate)]
        groups = [{"params": [p for p in part.parameters() if p.requires_grad], "lr": rate} for part, rate in rates]
        optimizer = torch.optim.AdamW(
            [group for group in groups if group["params"]], betas=recipe.betas, weight_decay=recipe.decay, fused=True
        )
        self.rates = [group["lr"] for group in optimizer.param_groups]
        wrapped, self.optimizer = self.accelerator.prepare(network, optimizer)
        n = len(problem.lengths)
        # Rounded up: the last batch of an epoch may be small, and no example is left out.
        self.per_epoch = -(-n // recipe.batch)
        self.total = max(1, math.ceil(recipe.epochs * self.per_epoch))
        self.step = BatchStep(wrapped, self.accelerator, recipe.micro or recipe.batch)
        self.writer = CurveWriter(self.total, ADVICE)
        self.norms: list[torch.Tensor] = []
        self.network = network

    def run(
        self,
        *,
        steps: int | None = None,
        look: Look | None = None,
        gives_up_after: int | None = None,
        settles_at: float = 0.0,
        place: Path | None = None,
    ) -> TrainedState:
        """Train.

        Args:
            steps: Exactly so many steps of the schedule; None is all, or the recipe's share of them.
            look: Scores the network `looks` times; the best is what comes out.
            gives_up_after: Looks in a row without a better score that end the training.
            settles_at: The progress before which it does not end early.
            place: A folder to save to and to go on from; it is removed at the end.
        """
        last = math.ceil(self.total * self.recipe.until) if steps is None else min(steps, self.total)
        # Looking costs a pass over the watched examples, so it is done a fixed number of times in a training, not after
        # each step.
        every = max(1, -(-last // self.recipe.looks))
        saved = self._resume(place)
        best, in_vain, first = saved.best, saved.in_vain, saved.step
        started = saved_at = logged_at = time.monotonic()
        done = first
        for number, rows in self._batches(first, last):
            self._take(number, rows)
            done = number + 1
            if look is not None and (done % every == 0 or done == last):
                score = look(self.network)
                in_vain += 1
                if best is None or score > best[0]:
                    # A copy on the CPU: the network goes on changing, and device memory is for the training.
                    best, in_vain = (score, done, self.network.trained()), 0
                # An objective that still changes with progress may yet bring a better score, so patience counts only
                # from where it has settled.
                if gives_up_after and in_vain >= gives_up_after and done / self.total >= settles_at:
                    break
            now = time.monotonic()
            if place is not None and now - saved_at >= self.recipe.save_every_s and done < last:
                self._save(place, Saved(done, in_vain, best, self.problem.memory, self.writer.rows))
                saved_at = now
            if now - logged_at >= LOG_EVERY_S:
                logged_at = now
                self._tell(done, first, last, now - started)
        self._check_norms(done, max(self.rates))
        if place is not None and self.accelerator.is_main_process:
            # What was trained is kept by whoever asked for it; the folder only bridged an interruption.
            remove_saved(place)
        seconds = time.monotonic() - started
        notes = {"tokens": self.step.tokens, "tokens_per_s": self.step.tokens / max(seconds, 1e-9)}
        if self.step.micro < self.recipe.batch:
            notes["micro"] = self.step.micro
        _, end, state = best or (0.0, last, self.network.trained())
        return TrainedState(state, end, self.writer.curve(), notes)

    def _batches(self, first: int, last: int) -> Iterator[tuple[int, IntArray]]:
        """Yield the number and the examples of each step; the same whether training was interrupted or not."""
        lengths = self.problem.lengths
        for epoch in range(first // self.per_epoch, -(-last // self.per_epoch)):
            # The order of an epoch depends on seed and epoch alone: a training that goes on after an interruption sees
            # the batches that it would have seen.
            order = np.random.default_rng([self.seed, epoch])
            batches = epoch_batches(lengths, self.recipe.batch, self.recipe.window, order)
            for index, rows in enumerate(batches):
                number = epoch * self.per_epoch + index
                if first <= number < last:
                    yield number, rows

    def _take(self, number: int, rows: IntArray) -> None:
        """Take one step; where memory is short, half as many examples go through the network at once from here on."""
        # The rate of a step follows from its number, so nothing of the schedule needs to be saved.
        factor = rate_factor(number / self.total, self.recipe.schedule, self.recipe.warm_up, 1 / self.total)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        self.step.tells = self.writer.wants(number + 1)
        while True:
            # Whatever was added before memory ran out is thrown away: the whole batch is read again in smaller pieces,
            # and its gradient is the same.
            self.optimizer.zero_grad(set_to_none=True)
            self.step.losses.clear()
            try:
                with self.network.products():
                    self.problem.backward(self.step, rows, number / self.total)
                break
            except RuntimeError as error:
                self._halve(error, len(rows))
        # Once for the whole batch and never piece by piece: clipped pieces would add up to another gradient. To clip at
        # infinity changes nothing, and gives the norm.
        clip = math.inf if self.recipe.clip is None else self.recipe.clip
        self.norms.append(self.accelerator.clip_grad_norm_(self.network.parameters(), clip))
        if self.step.tells:
            self._write_down(number + 1, factor)
        self.optimizer.step()

    def _write_down(self, step: int, factor: float) -> None:
        """Write a step down.

        Raises:
            DivergedError: If the loss, or the gradient of this step or of one since the last, is no number.
        """
        rate = max(self.rates) * factor
        norm, loss = self._check_norms(step, rate), self.step.loss()
        self.writer.add(step, loss, rate, norm)

    def _check_norms(self, last: int, rate: float) -> float:
        """Look at the gradients up to a step and return its norm; only at times, as the device is waited for."""
        norms = torch.stack(self.norms).tolist() if self.norms else [0.0]
        self.norms.clear()
        for step, norm in enumerate(norms, start=last - len(norms) + 1):
            self.writer.check(step, rate, gradient_norm=norm)
        return float(norms[-1])

    def _halve(self, error: RuntimeError, n: int) -> None:
        # Running out of memory has no type of its own in torch, only messages; accelerate knows them.
        if not should_reduce_batch_size(error):
            raise error
        now = min(self.step.micro, n)
        # With several processes only one of them may have run short, and they would wait for each other forever.
        if now == 1 or self.accelerator.num_processes > 1:
            reason = "one example at a time" if now == 1 else f"{now} at a time in each of several processes"
            raise RunError(
                f"memory is not enough for {reason}: lower most_tokens or micro, set recompute, use mode 'lora', or "
                "take a smaller model"
            ) from error
        self.step.micro = now // 2
        _log.warning("memory is short: %d examples at a time from here on, the batch stays", self.step.micro)

    def _tell(self, done: int, first: int, last: int, seconds: float) -> None:
        left = seconds / max(done - first, 1) * (last - done)
        name, speed = Path(self.network.loaded.name).name, self.step.tokens / seconds
        _log.info("%s: step %d of %d, %.0f tokens/s, %.0f s left", name, done, last, speed, left)

    def _resume(self, place: Path | None) -> Saved:
        saved = None if place is None else read_saved(place, self.network, self.optimizer)
        if saved is not None:
            self.problem.memory, self.writer.rows = saved.memory, saved.curve
            _log.info("going on from step %d of %d", saved.step, self.total)
        return saved or Saved(0, 0, None)

    def _save(self, place: Path, saved: Saved) -> None:
        if self.accelerator.is_main_process:
            write_saved(place, saved, self.network, self.optimizer)
        # No process goes on before the state is whole: after a kill all of them begin again from the same step.
        self.accelerator.wait_for_everyone()


def _accelerator(device: str) -> Accelerator:
    """Return who runs the training; another device than that of an earlier training in this process is no hindrance."""
    # Accelerate keeps its device for the life of a process; a training on another one would silently run on the first.
    state = AcceleratorState._shared_state
    if state and state["device"].type != device and state.get("num_processes") == 1:
        AcceleratorState._reset_state(reset_partial_state=True)
    # The network rounds its own body (`products`); head and loss stay in float32, which accelerate's precision would
    # not.
    return Accelerator(cpu=device == "cpu", mixed_precision="no")


def rate_factor(progress: float, schedule: Schedule, warm_up: float, step: float) -> float:
    """Return the share of the highest learning rate at a progress in [0, 1); `step` is the progress of one step.

    >>> [round(rate_factor(p, "linear", 0.5, 0.25), 2) for p in (0, 0.25, 0.5, 0.75)]
    [0.5, 1.0, 1.0, 0.5]
    """
    if progress < warm_up:
        # One step ahead, so that the first step does not have a rate of 0 and waste its batch.
        return min(1.0, (progress + step) / warm_up)
    along = (progress - warm_up) / (1 - warm_up)
    return {"cosine": 0.5 * (1 + math.cos(math.pi * along)), "linear": 1 - along, "constant": 1.0}[schedule]
