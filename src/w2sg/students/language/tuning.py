"""Fine-tuning: from a request to a trained network and the predictor that answers with it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from w2sg.core import Fit, FloatArray, InputError, Inputs, IntArray, Predictor, SavedStudent, TrainingCurve
from w2sg.students.heads import TrainedHead
from w2sg.students.language.devices import READY_BYTES, place_of, seeded
from w2sg.students.language.loading import layer_list, load
from w2sg.students.language.loop import Loop, Problem, Recipe, TrainedState
from w2sg.students.language.network import Network, State, answered, with_adapters, with_checkpointing
from w2sg.students.language.problems import LabelProblem, Words
from w2sg.students.language.reading import answer_tokens
from w2sg.students.language.settings import HeadTuning, Tuning, WordTuning, sides_of, texts_of
from w2sg.students.language.tokens import Tokens, tokenize
from w2sg.students.linear import softmax
from w2sg.students.memo import Memo

FULL_RATE, ADAPTER_RATE = 5e-5, 5e-4
"""The highest learning rate where none is given: of all weights, and of adapters."""


def recipe_of(tuning: Tuning, adapters: bool, epochs: float | None = None) -> Recipe:
    """Return how a network is trained."""
    rate = tuning.rate or (ADAPTER_RATE if adapters else FULL_RATE)
    return Recipe(
        epochs=epochs or tuning.epochs,
        batch=tuning.batch,
        rate=rate,
        head_rate=tuning.head_rate or rate,
        schedule=tuning.schedule,
        warm_up=tuning.warm_up,
        decay=tuning.decay,
        clip=tuning.clip,
        window=tuning.window,
        micro=tuning.micro,
        until=tuning.until if epochs is None else 1.0,
    )


def learn(
    tuning: HeadTuning | WordTuning,
    network: Network,
    problem: Problem,
    seed: int,
    place: Path | None,
    *,
    epochs: float | None = None,
    **rules: Any,
) -> TrainedState:
    """Train a network on a problem; `rules` say when it ends, as in `Loop.run`."""
    device = place_of(tuning).device
    loop = Loop(network.to(device), problem, recipe_of(tuning, tuning.mode == "lora", epochs), device=device, seed=seed)
    with seeded(seed):
        return loop.run(place=place, **rules)


def network_of(student: HeadTuning, classes: int, sides: int, *, words: bool = False) -> Network:
    """Return the network of a student before any training."""
    loaded = load(student.model, words=words or bool(student.answers), layers=student.layers)
    place = place_of(student)
    if place.half and place.device == "cpu":
        loaded.body.set_attn_implementation("eager")  # there in bfloat16 faster than the fused one, up to 512 tokens
    network = Network(loaded, 1 if sides == 2 else classes, student.read, half=place.half)
    if student.answers:
        if sides == 2 or len(student.answers) != classes:
            raise InputError(
                f"answers must be a word for each of the {classes} classes of single texts, got {list(student.answers)}"
                f"{' for pairs' if sides == 2 else ''}: change 'answers', or leave it out"
            )
        network.say(answer_tokens(loaded, student.answers))
    if student.mode == "lora":
        network = with_adapters(network, student.lora_rank, student.lora_alpha, student.lora_targets)
    return with_checkpointing(network) if student.recompute else network


def train(student: HeadTuning, fit: Fit, start: Predictor | None, place: Path | None) -> "LanguagePredictor":
    """Train a student on the labels of a request, from a trained one or from the model as published."""
    seed = int(fit.rng.integers(2**63))
    sides = sides_of(fit.inputs)
    classes = fit.targets.shape[1]
    with seeded(seed):
        network = network_of(student, classes, sides)
    if start is not None:
        network.restore(checked(student, start).state)
    tokens = tokenize(network.loaded, texts_of(fit.inputs), student.most_tokens, student.too_long)
    kept = _kept(tokens, sides, student)
    weights = np.ones(len(fit.targets)) if fit.weights is None else fit.weights
    # Of a pair both texts stay or both go, in neighbouring places.
    shown = (kept[:, None] * sides + np.arange(sides)).ravel()
    problem = LabelProblem(
        Tokens(tuple(tokens.ids[i] for i in shown), tokens.long[shown], tokens.empty[shown]),
        sides,
        np.asarray(fit.targets[kept], dtype=np.float32),
        np.asarray(weights[kept], dtype=np.float32),
        fit.objective,
    )
    trained = learn(
        student,
        network,
        problem,
        seed,
        place,
        steps=fit.steps,
        look=_look(student, fit, network),
        gives_up_after=fit.stopping.gives_up_after,
        settles_at=fit.objective.settles_at,
    )
    notes = {**trained.notes, **_counted(tokens, sides, len(kept))}
    return LanguagePredictor(student, classes, sides, trained.state, trained.steps, notes, trained.curve)


def warmed_up(student: HeadTuning, fit: Fit, place: Path | None) -> "LanguagePredictor":
    """Return the model after language modelling of the task's unlabelled texts (arXiv:2312.09390, section 5.2)."""
    seed = int(fit.rng.integers(2**63))
    sides = sides_of(fit.corpus)
    with seeded(seed):
        network = network_of(student, fit.targets.shape[1], sides, words=True)
    network.head.requires_grad_(False)
    if student.mode != "lora":
        network.own_words.requires_grad_(True)
    # All texts of the corpus, without a label: the same that any feature map may be fitted on.
    tokens = tokenize(network.loaded, texts_of(fit.corpus), student.most_tokens, student.too_long)
    problem = Words(tokens, np.zeros(len(tokens), dtype=np.int64), np.ones(len(tokens), dtype=np.float32))
    trained = learn(student, network, problem, seed, place, epochs=student.generative_epochs)
    # Only the body goes on to the labels; the language-modelling head is not part of a student that classifies.
    body = {name: value for name, value in trained.state.items() if name.startswith("body.")}
    return LanguagePredictor(student, fit.targets.shape[1], sides, body, trained.steps, trained.notes, trained.curve)


def with_head(student: HeadTuning, fit: Fit, start: Predictor | None, head: TrainedHead) -> "LanguagePredictor":
    """Return the model, or a trained one, with another head.

    Of a head on the difference of a pair, the reward is the difference of its two rows; its bias has no place in it.
    """
    sides, classes = sides_of(fit.inputs), fit.targets.shape[1]
    weight, bias = head.coefficients, head.intercepts
    if sides == 2:
        # Two logits `w0.(a-b)` and `w1.(a-b)` differ by `(w0-w1).a - (w0-w1).b`: one reward for each text, and a bias
        # cancels between the two.
        weight, bias = weight[:1] - weight[1:], np.zeros(1)
    state = {} if start is None else dict(checked(student, start).state)
    state["head.weight"] = torch.from_numpy(np.asarray(weight, dtype=np.float32))
    state["head.bias"] = torch.from_numpy(np.asarray(bias, dtype=np.float32))
    return LanguagePredictor(student, classes, sides, state, head.steps, {}, head.curve)


def checked(student: HeadTuning, start: Predictor) -> "LanguagePredictor":
    """Return a predictor to go on from.

    Raises:
        InputError: If it is none of this student.
    """
    if not isinstance(start, LanguagePredictor) or start.student.model != student.model:
        raise InputError("a language model goes on only from a trained one of the same configuration")
    return start


@dataclass(eq=False)
class LanguagePredictor(Predictor):
    """A trained language model: what training changed, put into the model as published when it is asked.

    Attributes:
        student: Its configuration.
        classes: `k`.
        sides: Texts of an example.
        state: What training changed.
        steps: Steps taken.
        notes: What there is to know about the training: tokens, tokens a second, texts cut or dropped.
        curve: How the training went.
    """

    student: HeadTuning
    classes: int
    sides: int
    state: State
    steps: int | None
    notes: dict[str, Any] = field(default_factory=dict)
    curve: TrainingCurve | None = None

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities `(n, k)`."""
        return softmax(self._answered(self._ready_network(), inputs, "outputs").reshape(len(inputs), self.classes))

    def saved(self) -> SavedStudent:
        """Return what training changed; the model as published is read from where it is."""
        arrays = {name: value.numpy() for name, value in self.state.items()}
        return SavedStudent(
            self.student.model_dump(mode="json"), arrays, {"classes": self.classes, "sides": self.sides}
        )

    def represent(self, inputs: Inputs) -> FloatArray:
        """Return what the head reads, `(n, d)`; of a pair the difference."""
        return self._represented(self._ready_network(), inputs)

    def _represented(self, network: Network, inputs: Inputs) -> FloatArray:
        states = self._answered(network, inputs, "states")
        return states if self.sides == 1 else states[0::2] - states[1::2]

    @property
    def depth(self) -> int:
        """The layers of the model that are used."""
        return len(getattr(*layer_list(self._ready_network().loaded.body)))

    def represent_at(self, inputs: Inputs, layer: int, *, mean: bool = False) -> FloatArray:
        """Return the states after a layer as the model's last norm reads them, `(n, d)`, or their mean over tokens."""
        # A network with fewer layers; what training changed in those that it lacks is left out.
        read = "mean" if mean else self.student.read
        shallow = replace(self, student=self.student.model_copy(update={"layers": layer, "read": read}))
        network = shallow._untrained()
        known = dict(network.named_parameters())
        network.restore({name: value for name, value in self.state.items() if name in known})
        return shallow._represented(network.to(place_of(self.student).device), inputs)

    def _ready_network(self) -> Network:
        # By identity: a predictor does not change, and comparing the state's tensors would cost more than it saves.
        return _ready.get((id(self), id(self.state)), self._network, lambda _: READY_BYTES)[1]

    def _answered(self, network: Network, inputs: Inputs, what: Any) -> FloatArray:
        tokens = tokenize(network.loaded, texts_of(inputs), self.student.most_tokens, self.student.too_long_to_answer)
        return answered(network, tokens, what)

    def _network(self) -> tuple[object, Network]:
        """Return this predictor, so that its identity stays taken, and its network."""
        network = self._untrained()
        network.restore(self.state)
        return self, network.to(place_of(self.student).device)

    def _untrained(self) -> Network:
        student = self.student.model_copy(update={"recompute": False})
        with seeded(0):  # adapters are drawn, and then replaced
            return network_of(student, self.classes, self.sides)


def restored(student: HeadTuning, saved: SavedStudent) -> LanguagePredictor:
    """Return the trained model that was saved."""
    state = {name: torch.from_numpy(np.array(value)) for name, value in saved.arrays.items()}
    return LanguagePredictor(student, saved.facts["classes"], saved.facts["sides"], state, None)


_ready: Memo[tuple[object, Network]] = Memo(READY_BYTES)


def _kept(tokens: Tokens, sides: int, student: Tuning) -> IntArray:
    """Return the examples that are trained on, by position."""
    if student.too_long != "drop":
        return np.arange(len(tokens) // sides)
    kept = np.flatnonzero(~tokens.long.reshape(-1, sides).any(axis=1))
    if not len(kept):
        raise InputError(
            f"all {len(tokens) // sides} examples are longer than {student.most_tokens} tokens and are dropped: raise "
            "most_tokens, or choose too_long = 'cut-left'"
        )
    return kept


def _counted(tokens: Tokens, sides: int, kept: int) -> dict[str, Any]:
    """Return how many examples were too long, empty or dropped, where there are such."""
    long, empty = (int(column.reshape(-1, sides).any(axis=1).sum()) for column in (tokens.long, tokens.empty))
    counts = {"too_long": long, "empty": empty, "dropped": len(tokens) // sides - kept}
    return {name: count for name, count in counts.items() if count}


def _look(student: HeadTuning, fit: Fit, network: Network) -> Callable[[Network], float] | None:
    """Return how the stopping rule scores the network while it is trained."""
    if fit.watched is None or not fit.stopping.watches:
        return None
    inputs, weak = fit.watched
    tokens = tokenize(network.loaded, texts_of(inputs), student.most_tokens, student.too_long_to_answer)

    def look(trained: Network) -> float:
        logits = answered(trained, tokens, "outputs").reshape(weak.shape)
        return float(fit.stopping.score(weak, logits))

    return look
