"""A small multi-layer perceptron, trained by minibatch Adam on any objective; several networks advance in step."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import (
    CurveWriter,
    DivergedError,
    Fit,
    FloatArray,
    InputError,
    Inputs,
    IntArray,
    Predictor,
    SavedStudent,
    corpus_of,
    each_apart,
    register,
)
from w2sg.students.features import FeatureMap, FeatureStudent, features, saved_on
from w2sg.students.linear import softmax

Parameters = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
"""`(d, h)` and `(h,)` of the hidden layer, `(h, k)` and `(k,)` of the head."""

PARAMETERS = ("hidden.weight", "hidden.bias", "head.weight", "head.bias")


class MlpPredictor(Predictor):
    """A trained network with one hidden layer."""

    def __init__(self, body: FeatureMap, corpus: Inputs, scale: FloatArray, parameters: Parameters, steps: int) -> None:
        self.body, self.corpus, self.scale, self.parameters = body, corpus, scale, parameters
        self.steps = steps

    def represent(self, inputs: Inputs) -> FloatArray:
        """Return the hidden layer, `(n, h)`."""
        x = (features(self.body, self.corpus, inputs) - self.scale[0]) * self.scale[1]
        return np.asarray(np.maximum(x @ self.parameters[0] + self.parameters[1], 0))

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities `(n, k)`."""
        return softmax(self.represent(inputs) @ self.parameters[2] + self.parameters[3])

    def saved(self) -> SavedStudent:
        """Return the parameters by name, and the scale of features `(2, d)`."""
        arrays = {**dict(zip(PARAMETERS, self.parameters, strict=True)), "scale": self.scale}
        return saved_on(self.body, "mlp", self.corpus, arrays)


@register()
class Mlp(FeatureStudent):
    """A network with one hidden ReLU layer, trained by minibatch Adam with a cosine schedule."""

    kind: Literal["mlp"] = "mlp"
    hidden: int = Field(64, ge=1, description="hidden units")
    epochs: int = Field(30, ge=1)
    batch: int = Field(64, ge=1, description="examples a step")
    rate: float = Field(3e-3, gt=0, description="highest learning rate of Adam; falls to 0 along a cosine")
    decay: float = Field(1e-4, ge=0, description="decoupled weight decay, times the learning rate")

    @property
    def capabilities(self) -> frozenset[str]:
        """Gradient training of all or of the last layer, features, narrower versions, peers and memory."""
        return frozenset({"gradient", "represent", "embed", "scale", "parts", "peers", "memory"})

    @property
    def strength(self) -> float:
        """The number of hidden units."""
        return float(self.hidden)

    @property
    def function_class(self) -> str:
        """A network with one hidden layer."""
        return "mlp"

    @property
    def body_frozen(self) -> bool:
        """The hidden layer is trained."""
        return False

    def scaled(self, fraction: float) -> "Mlp":
        """Return a narrower network."""
        return self.model_copy(update={"hidden": max(1, round(self.hidden * fraction))})

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor | DivergedError]:
        """Train the networks one after the other, each from its own randomness."""
        return each_apart(self._trained, fits)

    def restored(self, saved: SavedStudent) -> Predictor:
        """Return the trained network that was saved."""
        first, bias, head, offset = (saved.arrays[name] for name in PARAMETERS)
        parts = self.features, corpus_of(saved.arrays), saved.arrays["scale"]
        return MlpPredictor(*parts, (first, bias, head, offset), 0)

    def _trained(self, fit: Fit) -> Predictor:
        per_epoch = -(-len(fit.inputs) // self.batch)
        writer = CurveWriter(self.epochs * per_epoch, f"lower 'rate', or look at objective {fit.objective.kind!r}")
        # What overflows is found by the writer.
        with np.errstate(over="ignore", invalid="ignore"):
            trained = self._train(fit, per_epoch, writer)
        trained.curve = writer.curve()
        return trained

    def _train(self, fit: Fit, per_epoch: int, writer: CurveWriter) -> Predictor:
        x = features(self.features, fit.corpus, fit.inputs)
        # One scale for all columns: columns keep their relative size, which a feature map may have chosen on purpose.
        scale = np.stack([x.mean(axis=0), 1 / np.maximum(x.std(axis=0).max() + 0 * x[0], 1e-6)])
        x = (x - scale[0]) * scale[1]
        # Drawn even where training goes on from a trained network, so that the order of batches is the same in both.
        network = _start(x.shape[1], self.hidden, fit.targets.shape[1], fit.rng)
        if fit.start is not None:
            if not isinstance(fit.start, MlpPredictor) or len(fit.start.parameters[1]) != self.hidden:
                raise InputError("an MLP goes on only from a trained MLP of the same width")
            network = fit.start.parameters
        # Peers are drawn last, so that the student itself begins as it would alone.
        networks = [network]
        networks += [_start(x.shape[1], self.hidden, fit.targets.shape[1], fit.rng) for _ in range(fit.objective.peers)]
        memory = np.zeros_like(fit.targets) if fit.objective.remembers else None
        moments = [[(np.zeros_like(p), np.zeros_like(p)) for p in each] for each in networks]
        total = writer.total
        best: tuple[float, int, Parameters] | None = None
        step = in_vain = 0
        # A rule without patience never ends a training early: it only chooses among the steps that it saw.
        patience = fit.stopping.gives_up_after or np.inf
        for _ in range(self.epochs):
            order = fit.rng.permutation(len(x))
            for rows in np.array_split(order, per_epoch):
                losses: list[float] | None = [] if writer.wants(step + 1) else None
                pulls = _pulls(networks, x[rows], fit, rows, memory, step / total, losses)
                rate = self.rate * 0.5 * (1 + np.cos(np.pi * step / total))
                step += 1
                _write_down(writer, step, losses, rate, pulls[0])
                networks = [
                    _adam(each, pull, moved, step, rate, self.decay)
                    for each, pull, moved in zip(networks, pulls, moments, strict=True)
                ]
                network = networks[0]
                # The schedule stays that of the whole training: fewer steps are a prefix of it, as the scout's were.
                if step == fit.steps:
                    return MlpPredictor(self.features, fit.corpus, scale, network, step)
            if fit.watched is not None and fit.stopping.watches:
                trial = MlpPredictor(self.features, fit.corpus, scale, network, step)
                # Stopping rules read logits, and log-probabilities are logits up to a constant for each example.
                logits = np.log(np.maximum(trial.predict_proba(fit.watched[0]), 1e-30))
                score = float(fit.stopping.score(fit.watched[1], logits))
                in_vain += 1
                if best is None or score > best[0]:
                    best, in_vain = (score, step, network), 0
                if in_vain >= patience and step / total >= fit.objective.settles_at:
                    break
        _, step, network = best or (0.0, step, network)
        return MlpPredictor(self.features, fit.corpus, scale, network, step)


def _start(d: int, h: int, k: int, rng: np.random.Generator) -> Parameters:
    def layer(rows: int, columns: int) -> FloatArray:
        return np.asarray(rng.normal(size=(rows, columns)) * np.sqrt(2 / rows), dtype=np.float32)

    # He's initialisation for the ReLU layer; the head starts small, so that first answers are near uniform and an
    # objective with a moving target is not led by noise.
    return layer(d, h), np.zeros(h, np.float32), layer(h, k) * 0.1, np.zeros(k, np.float32)


def _pulls(
    networks: Sequence[Parameters],
    x: FloatArray,
    fit: Fit,
    rows: IntArray,
    memory: FloatArray | None,
    progress: float,
    losses: list[float] | None = None,
) -> list[Parameters]:
    """Return the gradients of a batch for the student, and for its peers where the objective has any.

    What the objective remembers of the batch is renewed in `memory`, and the student's loss is added to `losses`.
    """
    hidden = [np.maximum(x @ network[0] + network[1], 0) for network in networks]
    logits = [h @ network[2] + network[3] for h, network in zip(hidden, networks, strict=True)]
    asked = np.stack(logits) if fit.objective.peers else logits[0]
    weak = fit.targets[rows]
    if memory is not None:
        memory[rows] = fit.objective.remembered(memory[rows], asked)
        weak = np.stack([weak, memory[rows]])
    weights = None if fit.weights is None else fit.weights[rows]
    if losses is None:
        pulls = fit.objective.gradient(weak, asked, progress)
    else:
        values, pulls = fit.objective.value_and_gradient(weak, asked, progress)
        own = values.reshape(len(networks), -1)[0]
        losses.append(float((own if weights is None else own * weights).mean()))
    if weights is not None:
        pulls = pulls * weights[:, None]
    pulls = np.asarray(pulls, dtype=np.float32).reshape(len(networks), len(rows), -1) / len(rows)
    return [_back(*each, x, fit.part) for each in zip(networks, hidden, pulls, strict=True)]


def _write_down(writer: CurveWriter, step: int, losses: list[float] | None, rate: float, pull: Parameters) -> None:
    """Write a step down where its loss was wanted, and where its gradient is no number."""
    # What is no number in any answer to an example is none in the sum of the pulls: in the gradient of the last bias.
    if losses is None and math.isfinite(pull[3][0]):
        return
    norm = float(np.sqrt(sum(float(np.vdot(part, part)) for part in pull)))
    writer.check(step, rate, gradient_norm=norm)
    if losses:
        writer.add(step, losses[0], rate, norm)


def _back(network: Parameters, hidden: FloatArray, pull: FloatArray, x: FloatArray, part: str) -> Parameters:
    # The chain rule by hand: head, then what flows back through the ReLU.
    if part == "head":
        # The hidden layer gets no gradient, and with none Adam moves it by weight decay only.
        return 0 * network[0], 0 * network[1], hidden.T @ pull, pull.sum(axis=0)
    back = (pull @ network[2].T) * (hidden > 0)
    return x.T @ back, back.sum(axis=0), hidden.T @ pull, pull.sum(axis=0)


def _adam(
    network: Parameters,
    pulls: Parameters,
    moments: list[tuple[FloatArray, FloatArray]],
    step: int,
    rate: float,
    decay: float,
) -> Parameters:
    """Return the parameters after one step of AdamW (arXiv:1711.05101); the moments are updated in place."""
    moved = []
    for value, pull, (first, second) in zip(network, pulls, moments, strict=True):
        # The usual moments of Adam, 0.9 and 0.999; dividing by one minus their powers undoes that they begin at zero.
        first += 0.1 * (pull - first)
        second += 0.001 * (pull * pull - second)
        move = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        moved.append((value - rate * (move + decay * value)).astype(np.float32))
    return moved[0], moved[1], moved[2], moved[3]
