"""Co-teaching with two networks: the whole training against one written from algorithm 1 of arXiv:1804.06872."""

from typing import Any

import numpy as np
import pytest
from method_data import blobs, composed, flipped, method, view_on

from w2sg.core import CapabilityError, FloatArray, Student, derive, registry
from w2sg.students import mlp

WHOLE = 1e-4
"""Probabilities after a whole training in float32, whose sums here have another order."""

Network = list[Any]


def probabilities(logits: FloatArray) -> FloatArray:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def forward(network: Network, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    hidden = np.maximum(x @ network[0] + network[1], 0)
    return hidden, hidden @ network[2] + network[3]


def gradients(network: Network, x: FloatArray, y: FloatArray, batch: int) -> Network:
    hidden, logits = forward(network, x)
    pull = (probabilities(logits) - y) / batch
    back = (pull @ network[2].T) * (hidden > 0)
    return [x.T @ back, back.sum(axis=0), hidden.T @ pull, pull.sum(axis=0)]


class Adam:
    """AdamW with a cosine schedule, as the student's settings say."""

    def __init__(self, network: Network, total: int) -> None:
        self.first, self.second = ([0 * p for p in network] for _ in range(2))
        self.step, self.total = 0, total

    def __call__(self, network: Network, pulls: Network) -> Network:
        rate = 3e-3 * 0.5 * (1 + np.cos(np.pi * self.step / self.total))
        self.step += 1
        moved = []
        for i, (value, pull) in enumerate(zip(network, pulls, strict=True)):
            self.first[i] = 0.9 * self.first[i] + 0.1 * pull
            self.second[i] = 0.999 * self.second[i] + 0.001 * pull**2
            root = np.sqrt(self.second[i] / (1 - 0.999**self.step)) + 1e-8
            moved.append(value - rate * (self.first[i] / (1 - 0.9**self.step) / root + 1e-4 * value))
        return moved


def co_teaching(x: FloatArray, y: FloatArray, hidden: int, epochs: int, rng: np.random.Generator) -> Network:
    """Return the first of two networks, each taught the rows of a batch on which the other has small losses."""
    x = (x - x.mean(axis=0)) / x.std(axis=0).max()
    k, per_epoch = y.shape[1], -(-len(x) // 64)
    networks = [[p.astype(np.float64) for p in mlp._start(x.shape[1], hidden, k, rng)] for _ in range(2)]
    steppers = [Adam(network, epochs * per_epoch) for network in networks]
    for _ in range(epochs):
        for rows in np.array_split(rng.permutation(len(x)), per_epoch):
            forgotten = 0.2 * min(1.0, steppers[0].step / (epochs * per_epoch) / 0.05)
            keep = int(np.ceil((1 - forgotten) * len(rows) - 1e-9))
            losses = [-(y[rows] * np.log(probabilities(forward(net, x[rows])[1]))).sum(axis=1) for net in networks]
            small = [rows[np.argsort(loss, kind="stable")[:keep]] for loss in losses]
            networks = [
                stepper(network, gradients(network, x[taught], y[taught], len(rows)))
                for stepper, network, taught in zip(steppers, networks, small[::-1], strict=True)
            ]
    return networks[0]


def test_the_whole_training_is_algorithm_1() -> None:
    x, gold = blobs(150, 3, seed=4)
    weak = flipped(gold, 3, 0.25)
    student = registry.build(Student, {"kind": "mlp", "hidden": 8, "epochs": 4})
    view = view_on(x, weak)
    found = method("co-teaching").fit(view, student, derive(0, "method")).predict_proba(view.corpus)
    y = np.eye(3)[weak.argmax(axis=1)]
    network = co_teaching(x.astype(np.float64), y, 8, 4, derive(0, "method"))
    scaled = (x - x.mean(axis=0)) / x.std(axis=0).max()
    np.testing.assert_allclose(found, probabilities(forward(network, scaled)[1]), atol=WHOLE)


def test_what_the_other_chooses_is_not_what_one_would_choose_alone() -> None:
    x, gold = blobs(150, 3, seed=4)
    view = view_on(x, flipped(gold, 3, 0.25))
    student = registry.build(Student, {"kind": "mlp", "hidden": 8, "epochs": 4})
    alone: Any = composed(objective={"kind": "small-loss", "ramp": 0.05})
    by_peers, by_itself = (
        one.fit(view, student, derive(0, "method")).predict_proba(view.corpus) for one in (method("co-teaching"), alone)
    )
    assert np.abs(by_peers - by_itself).max() > 100 * WHOLE


def test_a_student_without_peers_is_refused_before_any_work() -> None:
    x, gold = blobs(30)
    with pytest.raises(CapabilityError, match="method needs 'peers', student 'linear' has"):
        method("co-teaching").fit(view_on(x, flipped(gold, 3)), registry.build(Student, "linear"), derive(0, "m"))
