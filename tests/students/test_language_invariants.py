"""However a batch is cut, padded, spread, adapted or interrupted, a language model learns the same."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from language_data import causal, encoder, request, reviews, saved

from w2sg.core import registry
from w2sg.students import LanguageModel

torch = pytest.importorskip("torch")

SAME = 1e-5
"""Losses in nats along a training whose float32 sums were taken in another order."""
SAME_GRADIENT = 1e-6
"""A gradient whose largest element is above .01."""
WINDOW: Mapping[str, Any] = {"kind": "window", "radius": 0.3}
"""Wide enough that some examples are inside to the end: those outside have value 0, and teach nothing."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    place = tmp_path_factory.mktemp("models")
    return {"causal": saved(place / "causal", causal()), "encoder": saved(place / "encoder", encoder())}


def built(
    student: LanguageModel,
    n: int = 40,
    objective: str | Mapping[str, Any] = "cross-entropy",
    epochs: float = 2,
    **recipe: Any,
) -> Any:
    """Return the loop of a student on small reviews, and its network."""
    from w2sg.students.language.loop import Loop
    from w2sg.students.language.problems import LabelProblem
    from w2sg.students.language.settings import texts_of
    from w2sg.students.language.tokens import tokenize
    from w2sg.students.language.tuning import network_of, recipe_of

    inputs, gold = reviews(n)
    network = network_of(student, 2, 1)
    with torch.no_grad():
        head = np.random.default_rng(5).normal(size=network.head.weight.shape) / 10
        network.head.weight.copy_(torch.from_numpy(head))
    tokens = tokenize(network.loaded, texts_of(inputs), 64, "refuse")
    soft = 0.1 + 0.8 * np.eye(2, dtype=np.float32)[gold]
    weights = np.linspace(0.5, 1.5, n, dtype=np.float32)
    problem = LabelProblem(tokens, 1, soft, weights, registry.build("objectives", objective))  # type: ignore[arg-type]
    plan = replace(recipe_of(student, student.mode == "lora"), epochs=epochs, batch=8, rate=1e-3, head_rate=1e-3)
    return Loop(network, problem, replace(plan, **recipe), device="cpu", seed=3)


def trajectory(loop: Any, **how: Any) -> list[float]:
    """Train, and return the mean loss in nats on all examples after each step."""
    problem, losses = loop.problem, []

    def look(network: Any) -> float:
        from w2sg.students.language.network import answered

        logits = answered(network, problem.tokens, "outputs")
        weak = problem.targets if problem.memory is None else np.stack([problem.targets, problem.memory])
        losses.append(float(problem.objective.value(weak, logits, 0.5).mean()))
        return 0.0

    loop.recipe = replace(loop.recipe, looks=10**6)
    loop.run(look=look, **how)
    return losses


def assert_same(one: list[float], other: list[float]) -> None:
    assert len(one) == len(other) > 5
    assert one[-1] < one[0] - 0.01
    np.testing.assert_allclose(one, other, rtol=0, atol=SAME)


def gradients(loop: Any, progress: float = 0.5) -> dict[str, Any]:
    loop.problem.backward(loop.step, np.arange(8), progress)
    return {name: value.grad for name, value in loop.network.named_parameters()}


@pytest.mark.parametrize(
    "objective",
    ["cross-entropy", "confidence", WINDOW, "early-learning"],
    ids=["cross-entropy", "confidence", "window", "early-learning"],
)
@pytest.mark.parametrize("kind", ["causal", "encoder"])
def test_a_batch_of_8_is_8_times_1_and_3_times_3(
    folders: dict[str, str], kind: str, objective: str | Mapping[str, Any]
) -> None:
    student = LanguageModel(model=folders[kind], read="mean" if kind == "encoder" else "last")
    whole, losses = gradients(built(student, objective=objective)), trajectory(built(student, objective=objective))
    assert max(float(value.abs().max()) for name, value in whole.items() if name.startswith("body.")) > 0.01
    for micro in (1, 3):
        for name, value in gradients(built(student, objective=objective, micro=micro)).items():
            torch.testing.assert_close(value, whole[name], rtol=0, atol=SAME_GRADIENT)
        assert_same(losses, trajectory(built(student, objective=objective, micro=micro)))


def test_training_moves_every_weight(folders: dict[str, str]) -> None:
    student = LanguageModel(model=folders["causal"])
    loop = built(student)
    before = loop.network.trained()
    after = loop.run().state
    still = [name for name, value in before.items() if torch.equal(value, after[name])]
    assert len(before) > 20
    assert still == []


@pytest.mark.parametrize(
    ("kind", "read"), [("causal", "last"), ("causal", "mean"), ("encoder", "mean"), ("encoder", "last")]
)
def test_padding_left_or_right_or_none_gives_the_same_outputs(folders: dict[str, str], kind: str, read: Any) -> None:
    from w2sg.students.language.network import tensors

    loop = built(LanguageModel(model=folders[kind], read=read))
    tokens, network = loop.problem.tokens, loop.network
    rows = np.arange(12)
    assert len(set(tokens.lengths[rows])) > 3
    with torch.inference_mode():
        right, left = (network(*tensors(tokens, rows, torch.device("cpu"), side), side) for side in ("right", "left"))
        alone = torch.cat([network(*tensors(tokens, rows[i : i + 1], torch.device("cpu"))) for i in range(12)])
    torch.testing.assert_close(left, right, rtol=0, atol=1e-6)
    torch.testing.assert_close(alone, right, rtol=0, atol=1e-6)


def test_adapters_at_first_change_nothing(folders: dict[str, str]) -> None:
    inputs, _ = reviews(20)
    for kind in folders:
        base, adapted = (LanguageModel(model=folders[kind], mode=mode) for mode in ("full", "lora"))
        from w2sg.students.language.network import answered
        from w2sg.students.language.settings import texts_of
        from w2sg.students.language.tokens import tokenize
        from w2sg.students.language.tuning import network_of

        networks = [network_of(student, 2, 1) for student in (base, adapted)]
        tokens = tokenize(networks[0].loaded, texts_of(inputs), 64, "refuse")
        plain, with_adapters = (answered(network, tokens, "states") for network in networks)
        np.testing.assert_array_equal(plain, with_adapters)
        names = [name for name, value in networks[1].named_parameters() if value.requires_grad]
        assert all("lora_" in name or name.startswith("head.") for name in names)
        assert len(names) > 8


def test_adapters_learn_and_leave_the_body(folders: dict[str, str]) -> None:
    loop = built(LanguageModel(model=folders["causal"], mode="lora"))
    frozen = {name: value.clone() for name, value in loop.network.named_parameters() if not value.requires_grad}
    before = loop.network.trained()
    after = loop.run().state
    assert all(not torch.equal(before[name], after[name]) for name in before)
    assert all(torch.equal(value, dict(loop.network.named_parameters())[name]) for name, value in frozen.items())


def test_computing_activations_again_changes_nothing(folders: dict[str, str]) -> None:
    one, other = (LanguageModel(model=folders["causal"], recompute=recompute) for recompute in (False, True))
    assert_same(trajectory(built(one)), trajectory(built(other)))


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("objective", ["cross-entropy", "early-learning"])
def test_a_resumed_training_is_an_uninterrupted_one(folders: dict[str, str], tmp_path: Path, objective: str) -> None:
    student = LanguageModel(model=folders["causal"])
    place = tmp_path / "saved"
    whole = built(student, objective=objective).run()
    killed = built(student, objective=objective, save_every_s=0.0)
    backward, taken = killed.problem.backward, []

    def until_killed(step: Any, rows: Any, progress: float) -> None:
        taken.append(progress)
        if len(taken) == 6:
            raise KeyboardInterrupt
        backward(step, rows, progress)

    killed.problem.backward = until_killed
    with pytest.raises(KeyboardInterrupt):
        killed.run(place=place)
    assert (place / "where.json").is_file()
    resumed = built(student, objective=objective)
    again = resumed.problem.backward
    seen: list[float] = []

    def counted(step: Any, rows: Any, progress: float) -> None:
        seen.append(progress)
        again(step, rows, progress)

    resumed.problem.backward = counted
    trained = resumed.run(place=place)
    assert trained.steps == whole.steps
    assert all(torch.equal(value, trained.state[name]) for name, value in whole.state.items())
    assert len(seen) == whole.steps - 5
    assert not place.exists()


@pytest.mark.parametrize("objective", ["cross-entropy", "early-learning"])
def test_short_memory_halves_what_goes_through_at_once_and_keeps_the_batch(
    folders: dict[str, str], objective: str
) -> None:
    student = LanguageModel(model=folders["causal"])
    short = built(student, objective=objective)
    read = short.problem._shown

    def shown(step: Any, rows: Any) -> Any:
        if len(rows) > 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate 1 GiB")
        return read(step, rows)

    short.problem._shown = shown
    assert_same(trajectory(built(student, objective=objective)), trajectory(short))
    assert short.step.micro == 2


def test_memory_that_is_short_for_one_example_says_what_to_do(folders: dict[str, str]) -> None:
    from w2sg.core import RunError

    loop = built(LanguageModel(model=folders["causal"]))

    def shown(step: Any, rows: Any) -> Any:
        raise RuntimeError("CUDA out of memory. Tried to allocate 1 GiB")

    loop.problem._shown = shown
    with pytest.raises(RunError, match="memory is not enough for one example at a time: lower most_tokens"):
        loop.run()


def test_an_error_that_is_not_of_memory_is_shown(folders: dict[str, str]) -> None:
    loop = built(LanguageModel(model=folders["causal"]))

    def shown(step: Any, rows: Any) -> Any:
        raise RuntimeError("shapes do not match")

    loop.problem._shown = shown
    with pytest.raises(RuntimeError, match="shapes do not match"):
        loop.run()


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["cross-entropy", "confidence", "early-learning"])
def test_two_processes_are_one(folders: dict[str, str], tmp_path: Path, objective: str) -> None:
    """The same batches on two gloo processes, one of which gets the smaller half of an odd batch."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    out = tmp_path / "losses.json"
    script = (
        "import json, sys, test_language_invariants as t; from w2sg.students import LanguageModel as L\n"
        "loop = t.built(L(model=sys.argv[1]), n=41, objective=sys.argv[3])\n"
        "assert loop.accelerator.num_processes == 2\n"
        "losses = t.trajectory(loop)\n"
        "loop.accelerator.is_main_process and open(sys.argv[2], 'w').write(json.dumps(losses))\n"
        "import torch.distributed as d; d.destroy_process_group()\n"
    )
    common = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parent),
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "ACCELERATE_USE_CPU": "true",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-c", script, folders["causal"], str(out), objective]
    ranks = [
        subprocess.Popen(command, env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)}, stderr=subprocess.PIPE)
        for rank in range(2)
    ]
    for rank in ranks:
        _, error = rank.communicate(timeout=120)
        assert rank.returncode == 0, error.decode()[-2000:]
    alone = trajectory(built(LanguageModel(model=folders["causal"]), n=41, objective=objective))
    assert_same(alone, json.loads(out.read_text()))


def test_training_is_decided_by_its_generator(folders: dict[str, str]) -> None:
    inputs, gold = reviews(60)
    student = LanguageModel(model=folders["causal"], epochs=1, rate=1e-3)
    one, other = (student.fit(request(student, inputs, gold)).predict_proba(inputs) for _ in range(2))
    np.testing.assert_array_equal(one, other)
