"""Writing: from prompts and answers to a trained writer, and from prompts to the answers that it writes."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from w2sg.core import AnyArray, FloatArray, InputError, IntArray, TrainingCurve, WritingPredictor, Written
from w2sg.students.language.devices import READY_BYTES, place_of, seeded
from w2sg.students.language.loading import Loaded, load
from w2sg.students.language.loop import Problem
from w2sg.students.language.network import ANSWERED_AT_ONCE, Network, tensors, with_adapters, with_checkpointing
from w2sg.students.language.problems import Words, log_likelihood
from w2sg.students.language.settings import WordTuning, check_columns
from w2sg.students.language.tokens import Tokens, pieces, tokenize
from w2sg.students.language.tuning import learn
from w2sg.students.memo import Memo

_ready: Memo[tuple[object, Network]] = Memo(READY_BYTES)


@dataclass(frozen=True, eq=False)
class Sequences:
    """Prompts with their answers and the end token, as token numbers.

    Attributes:
        tokens: The `n` texts.
        given: How many of the first tokens of each are its prompt, `(n,)`.
        fits: Which may be trained on: the answer has room, and the prompt is not dropped, `(n,)`.
        notes: How many prompts were too long or empty, and answers too long, where there are such.
    """

    tokens: Tokens
    given: IntArray
    fits: AnyArray
    notes: dict[str, int]

    def take(self, rows: IntArray) -> tuple[Tokens, IntArray]:
        """Return some texts and the lengths of their prompts."""
        tokens = Tokens(tuple(self.tokens.ids[row] for row in rows), self.tokens.long[rows], self.tokens.empty[rows])
        return tokens, self.given[rows]


def network_of_writer(writer: WordTuning, start: "TrainedWriter | None" = None, seed: int = 0) -> Network:
    """Return the network of a writer before its training, on its device; the seed draws the adapters."""
    network = Network(
        load(writer.model, words=True, layers=writer.layers),
        1,
        "last",
        half=place_of(writer).half,
    )
    network.head.requires_grad_(False)
    if writer.mode == "full":
        network.own_words.requires_grad_(True)
    else:
        with seeded(seed):
            network = with_adapters(network, writer.lora_rank, writer.lora_alpha, writer.lora_targets)
    if start is not None:
        network.restore(start.state)
    network.to(place_of(writer).device)
    return with_checkpointing(network) if writer.recompute else network


def prompt_tokens(loaded: Loaded, writer: WordTuning, prompts: Sequence[str]) -> Tokens:
    """Return prompts as tokens, with room left for an answer and without an end that the tokenizer adds.

    Raises:
        InputError: If there is no room, the model has no end token, or a prompt is too long and the rule is `refuse`.
    """
    limit = min(writer.most_tokens, loaded.context)
    if limit <= writer.most_new_tokens:
        raise InputError(
            f"most_new_tokens must be below the {limit} tokens that {loaded.name!r} reads here, so that a prompt has "
            f"room, got {writer.most_new_tokens}: lower it"
        )
    end = loaded.tokenizer.eos_token_id
    if end is None:
        raise InputError(f"model {loaded.name!r} has no end token, so an answer would not end: set its eos_token")
    tokens = tokenize(loaded, list(map(str, prompts)), limit - writer.most_new_tokens, writer.too_long)
    # Some tokenizers end every text; a prompt with an end token would ask for nothing more to be said.
    ids = tuple(row[:-1] if row[-1] == end and len(row) > 1 else row for row in tokens.ids)
    return Tokens(ids, tokens.long, tokens.empty)


def sequences(loaded: Loaded, writer: WordTuning, prompts: Sequence[str], answers: Sequence[str]) -> Sequences:
    """Return prompts with their answers as tokens; an answer is tokenized by itself, as it is written.

    Raises:
        InputError: As in `prompt_tokens`, or an answer is too long and the rule is `refuse`.
    """
    tokens = prompt_tokens(loaded, writer, prompts)
    # Tokenized apart from the prompt, as a writer produces it: joined text could merge the border into one token that
    # no generation would reach.
    said = loaded.tokenizer(list(map(str, answers)), add_special_tokens=False)["input_ids"]
    # The end token is learned with the answer, or a writer would not know where to stop.
    ends = [np.array([*row, loaded.tokenizer.eos_token_id], dtype=np.int64) for row in said]
    long = np.array([len(row) for row in ends]) > writer.most_new_tokens
    if long.any() and writer.too_long == "refuse":
        place = int(np.flatnonzero(long)[0])
        raise InputError(
            f"answer {place} has {len(ends[place])} tokens with its end, and {writer.most_new_tokens} have room "
            f"({long.sum()} of {len(long)} answers are too long): raise most_new_tokens, or choose another too_long"
        )
    ids = tuple(np.concatenate(both) for both in zip(tokens.ids, ends, strict=True))
    fits = ~long & ~tokens.long if writer.too_long == "drop" else ~long
    counts = {"too_long": tokens.long, "empty": tokens.empty, "answers_too_long": long, "dropped": ~fits}
    notes = {name: int(column.sum()) for name, column in counts.items() if column.any()}
    return Sequences(Tokens(ids, tokens.long, tokens.empty), tokens.lengths, fits, notes)


def kept_rows(fits: AnyArray, writer: WordTuning) -> IntArray:
    """Return the examples to train on.

    Raises:
        InputError: If there are none.
    """
    if not fits.any():
        raise InputError(
            f"all {len(fits)} examples are dropped: their answers have more than {writer.most_new_tokens} tokens or "
            "their prompts no room: raise most_new_tokens or most_tokens"
        )
    return np.flatnonzero(fits).astype(np.int64)


@dataclass(eq=False)
class TrainedWriter(WritingPredictor):
    """A writer after training: what training changed, put into the model as published when it is asked.

    Attributes:
        writer: Its configuration.
        state: What training changed, by name.
        steps: Steps taken.
        notes: What there is to know of the training: tokens, tokens a second, prompts and answers that had no room.
        curve: How the training went.
    """

    writer: WordTuning
    state: Mapping[str, Any]
    steps: int
    notes: Mapping[str, Any] = field(default_factory=dict)
    curve: TrainingCurve | None = None

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
        # All random numbers are drawn beforehand, one for each answer and place, so that how prompts are grouped into
        # batches changes no answer.
        draws = None if temperature == 0 or rng is None else rng.random((len(prompts) * samples, most))
        return write(self, prompts, samples, temperature, most, draws)

    def log_likelihood(self, prompts: Sequence[str], answers: Sequence[str]) -> FloatArray:
        """Return the log-probability in nats of each answer with its end token, `(n,)`; NaN where it has no room."""
        check_columns(None, prompts=prompts, answers=answers)
        return likelihoods(self, prompts, answers)


def begun_from(writer: WordTuning, start: WritingPredictor | None) -> TrainedWriter | None:
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


def train_on_answers(
    writer: WordTuning,
    prompts: Sequence[str],
    answers: Sequence[str],
    weights: FloatArray,
    start: TrainedWriter | None,
    seed: int,
    place: Path | None,
) -> TrainedWriter:
    """Train a writer on answers, from a trained one or from the model as published."""
    network = network_of_writer(writer, start, seed)
    texts = sequences(network.loaded, writer, prompts, answers)
    rows = kept_rows(texts.fits, writer)
    return trained_on(writer, network, Words(*texts.take(rows), weights[rows]), seed, place, texts.notes)


def trained_on(
    writer: WordTuning, network: Network, problem: Problem, seed: int, place: Path | None, notes: dict[str, int]
) -> TrainedWriter:
    """Train a network on a problem and return the writer that it is then."""
    trained = learn(writer, network, problem, seed, place)
    return TrainedWriter(writer, trained.state, trained.steps, {**trained.notes, **notes}, trained.curve)


def likelihoods(trained: TrainedWriter, prompts: Sequence[str], answers: Sequence[str]) -> FloatArray:
    """Return the log-probability of each answer with its end token, `(n,)`; NaN where it has no room."""
    network = _network(trained)
    texts = sequences(network.loaded, trained.writer, prompts, answers)
    rows = np.flatnonzero(texts.fits)
    logs = np.full(len(prompts), np.nan)
    logs[rows] = known_likelihoods(network, *texts.take(rows)) if len(rows) else 0
    return logs


@torch.no_grad()
def known_likelihoods(network: Network, tokens: Tokens, given: IntArray) -> FloatArray:
    """Return the log-probability in nats of texts after their first `given` tokens, without learning, `(n,)`."""
    logs = np.zeros(len(tokens))
    device = network.head.weight.device
    for rows in pieces(tokens.lengths, ANSWERED_AT_ONCE):
        ids, mask = tensors(tokens, rows, device)
        logs[rows] = log_likelihood(network, ids, mask, torch.from_numpy(given[rows]).to(device)).cpu().numpy()
    return logs


def write(
    trained: TrainedWriter,
    prompts: Sequence[str],
    samples: int,
    temperature: float,
    most: int,
    draws: FloatArray | None,
) -> Written:
    """Return what a writer writes.

    Args:
        trained: Who writes.
        prompts: What to continue, `(n,)`.
        samples: Answers to each.
        temperature: Of the draw of each token.
        most: Tokens after which an answer is cut.
        draws: A number in [0, 1) for each answer and token, `(n * samples, most)`; none takes the most likely token.
    """
    network = _network(trained)
    tokens = prompt_tokens(network.loaded, trained.writer, prompts)
    asked = np.repeat(np.arange(len(prompts)), samples)
    end = int(network.loaded.tokenizer.eos_token_id)
    texts = np.empty(len(asked), dtype=object)
    ended = np.zeros(len(asked), dtype=np.bool_)
    for rows in _together(network.loaded, tokens.lengths[asked]):
        numbers = None if draws is None else draws[rows]
        said = _continued(network, [tokens.ids[i] for i in asked[rows]], most, end, temperature, numbers)
        for row, ids in zip(rows, said, strict=True):
            stop = np.flatnonzero(ids == end)
            ended[row] = len(stop) > 0
            texts[row] = _text(network.loaded, ids[: stop[0]] if len(stop) else ids)
    counts = {"too_long": int(tokens.long.sum()), "empty": int(tokens.empty.sum())}
    shape = len(prompts), samples
    notes = {name: count for name, count in counts.items() if count}
    return Written(texts.reshape(shape), ended.reshape(shape), notes)


def _together(loaded: Loaded, lengths: IntArray) -> Iterator[IntArray]:
    """Yield which prompts are continued together: of like length, or of one where a model cannot pad on the left."""
    if loaded.places:
        yield from pieces(lengths, ANSWERED_AT_ONCE)
        return
    # A body without positions cannot be padded on the left, so only prompts of one length share a batch.
    for length in np.unique(lengths):
        same = np.flatnonzero(lengths == length)
        yield from (same[start : start + ANSWERED_AT_ONCE] for start in range(0, len(same), ANSWERED_AT_ONCE))


@torch.inference_mode()
def _continued(
    network: Network, prompts: Sequence[IntArray], most: int, end: int, temperature: float, draws: FloatArray | None
) -> IntArray:
    """Return the tokens that follow prompts, `(n, at most most)`; after the end token anything may stand."""
    device = network.head.weight.device
    all_rows = np.arange(len(prompts))
    flags = np.zeros(len(prompts), dtype=np.bool_)
    ids, mask = tensors(Tokens(tuple(prompts), flags, flags), all_rows, device, "left")
    positions = (mask.long().cumsum(dim=1) - 1).clamp(min=0)
    said: list[IntArray] = []
    memory = None
    going = ~flags
    for place in range(most):
        logits, memory = _next(network, ids, mask, positions, memory)
        chosen = _chosen(logits, temperature, None if draws is None else draws[:, place])
        said.append(chosen)
        # A batch goes on until its last answer has ended; what the others say meanwhile is cut off by the caller.
        going &= chosen != end
        if not going.any():
            break
        ids = torch.from_numpy(chosen).to(device)[:, None]
        mask = torch.cat([mask, torch.ones_like(ids, dtype=torch.bool)], dim=1)
        positions = positions[:, -1:] + 1
    return np.stack(said, axis=1)


def _next(
    network: Network, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, memory: Any
) -> tuple[torch.Tensor, Any]:
    """Return the logits of the next token, `(n, words)`, and what the body remembers of the tokens before."""
    # Prompts of unlike length are padded on the left, so that all answers begin at the same place.
    known: dict[str, Any] = {"position_ids": positions} if network.loaded.places else {}
    with torch.autocast(ids.device.type, torch.bfloat16) if network.half else nullcontext():
        out = network.body(input_ids=ids, attention_mask=mask.long(), past_key_values=memory, use_cache=True, **known)
    logits: torch.Tensor = network.words(out.last_hidden_state[:, -1].float()) * network.loaded.scale
    # Embeddings are often padded to a round number of rows; rows beyond the tokenizer's words can never be written.
    return logits[:, : len(network.loaded.tokenizer)], out.past_key_values


def _chosen(logits: torch.Tensor, temperature: float, draws: FloatArray | None) -> IntArray:
    """Return the most likely tokens `(n,)`, or the ones whose share of the cumulated probability holds the draws."""
    if draws is None:
        best: IntArray = logits.argmax(dim=1).cpu().numpy()
        return best
    # In double precision on the CPU: the cumulated sum of a large vocabulary decides the token, and must not differ
    # between devices.
    grown = torch.softmax(logits.cpu().double() / temperature, dim=1).cumsum(dim=1)
    wanted = torch.from_numpy(draws)[:, None] * grown[:, -1:]
    drawn: IntArray = torch.searchsorted(grown, wanted, right=True)[:, 0].numpy()
    # A draw close to 1 may round to the total itself, and would find the place behind the last token.
    return np.minimum(drawn, np.int64(logits.shape[1] - 1))


def _text(loaded: Loaded, ids: IntArray) -> str:
    return str(loaded.tokenizer.decode(ids.tolist(), skip_special_tokens=True, clean_up_tokenization_spaces=False))


def _network(trained: TrainedWriter) -> Network:
    """Return the network of a trained writer; the last one is held ready."""

    def make() -> tuple[object, Network]:
        network = network_of_writer(
            trained.writer.model_copy(update={"recompute": False}), trained if trained.state else None
        )
        # Without a memory of keys and values every token would cost a pass over all before it.
        if "past_key_values" not in inspect.signature(type(network.loaded.body).forward).parameters:
            raise InputError(
                f"model {trained.writer.model!r} remembers no earlier tokens, so it cannot write: take another"
            )
        return trained, network

    return _ready.get((id(trained), id(trained.state)), make, lambda _: READY_BYTES)[1]
