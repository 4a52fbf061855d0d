"""Direct preference optimization: its loss and gradient in closed form, its symmetries, what it does."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from language_data import BAD, FILL, GOOD, causal, preferring, saved, taught

from w2sg.core import InputError, derive
from w2sg.students import Policy, Writer

torch = pytest.importorskip("torch")
BETA = 0.3
SAME_GRADIENT = 1e-6
"""A gradient whose largest element is above .001, in float32."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("causal"), causal())


def pairs(n: int, seed: int = 0) -> tuple[list[str], list[str], list[str]]:
    """Return prompts, good answers and bad ones, of one to three words."""
    rng = np.random.default_rng(seed)
    prompts = [" ".join(map(str, rng.choice(FILL, rng.integers(1, 9)))) for _ in range(n)]
    good, bad = ([" ".join(map(str, rng.choice(words, rng.integers(1, 4)))) for _ in range(n)] for words in (GOOD, BAD))
    return prompts, good, bad


def built(folder: str, targets: Any, *, moved: bool = True, swapped: bool = False, **recipe: Any) -> Any:
    """Return the loop of a policy on 8 pairs; `moved` changes it after the reference was taken."""
    from w2sg.students.language.loop import Loop
    from w2sg.students.language.preferences import PreferenceProblem
    from w2sg.students.language.tuning import recipe_of
    from w2sg.students.language.writing import known_likelihoods, network_of_writer, sequences

    policy = Policy(model=folder, beta=BETA, most_new_tokens=8, device="cpu")
    network = network_of_writer(policy)
    prompts, first, second = pairs(8)
    if swapped:
        first, second = second, first
    both = [text for pair in zip(first, second, strict=True) for text in pair]
    found = sequences(network.loaded, policy, np.repeat(prompts, 2).tolist(), both)
    reference = known_likelihoods(network, found.tokens, found.given)
    weights = np.linspace(0.5, 1.5, 8, dtype=np.float32)
    problem = PreferenceProblem(
        found.tokens, found.given, np.asarray(targets, dtype=np.float32), weights, reference, BETA
    )
    if moved:
        move(network)
    plan = replace(recipe_of(policy, False), batch=8, rate=1e-3, head_rate=1e-3, **recipe)
    return Loop(network, problem, plan, device="cpu", seed=3)


def move(network: Any) -> None:
    """Change every weight of a network a little, the same each time."""
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(1)
        for value in network.body.parameters():
            value.add_(0.02 * torch.randn_like(value))


def gradients(loop: Any) -> dict[str, Any]:
    loop.problem.backward(loop.step, np.arange(8), 0.5)
    return {name: value.grad for name, value in loop.network.named_parameters() if value.grad is not None}


def losses(loop: Any) -> Any:
    with torch.no_grad():
        return loop.problem.losses(loop.step, loop.network, np.arange(8)).double().numpy()


def by_the_formula(loop: Any) -> Any:
    """Return equation 7 with soft labels, pair by pair without padding, and with gradients."""
    problem, network = loop.problem, loop.network

    def log_probability(text: int) -> Any:
        ids = torch.from_numpy(problem.tokens.ids[text])[None]
        logs = network(ids, torch.ones_like(ids, dtype=torch.bool), words=True)[0].log_softmax(-1)
        said = range(int(problem.given[text]), ids.shape[1])
        return sum((logs[place - 1, ids[0, place]] for place in said), start=torch.zeros(()))

    total = torch.zeros(())
    for pair, (target, weight) in enumerate(zip(problem.targets, problem.weights, strict=True)):
        ratios = [log_probability(2 * pair + side) - problem.reference[2 * pair + side] for side in (0, 1)]
        margin = BETA * (ratios[0] - ratios[1])
        chosen, rejected = torch.sigmoid(margin).log(), torch.sigmoid(-margin).log()
        total = total - weight * (target * chosen + (1 - target) * rejected)
    return total / len(problem.targets)


SOFT = np.array([0.0, 0.1, 0.3, 0.5, 0.6, 0.8, 0.9, 1.0])


def test_loss_and_gradient_are_those_of_the_formula(folder: str) -> None:
    loop, plain = built(folder, SOFT), built(folder, SOFT)
    assert losses(loop).mean() == pytest.approx(float(by_the_formula(plain).detach()), abs=1e-6)
    by_the_formula(plain).backward()
    found = gradients(loop)
    assert max(float(value.abs().max()) for value in found.values()) > 1e-3
    for name, value in plain.network.named_parameters():
        if name in found:
            torch.testing.assert_close(found[name], value.grad, rtol=0, atol=SAME_GRADIENT)


def test_the_gradient_is_that_of_finite_differences(folder: str) -> None:
    """Along its own direction, in float64 so that the step can be small."""
    loop = built(folder, SOFT)
    found = gradients(loop)
    slope = sum(float((value.double() ** 2).sum()) for value in found.values())
    loop.network.double()
    loop.network.token_states = lambda ids, mask, side="right": loop.network.body(input_ids=ids).last_hidden_state
    step, sides = 1e-4, []
    for sign in (1, -1):
        with torch.no_grad():
            for name, value in loop.network.named_parameters():
                if name in found:
                    value.add_(sign * step * found[name].double())
            sides.append(losses(loop).mean())
            for name, value in loop.network.named_parameters():
                if name in found:
                    value.sub_(sign * step * found[name].double())
    assert (sides[0] - sides[1]) / (2 * step) == pytest.approx(slope, rel=1e-2)


@pytest.mark.parametrize("target", [0.0, 0.2, 0.5, 1.0])
def test_at_the_start_every_loss_is_log_2(folder: str, target: float) -> None:
    loop = built(folder, np.full(8, target), moved=False)
    np.testing.assert_allclose(losses(loop) / loop.problem.weights, np.log(2), atol=1e-5)


def test_at_the_start_a_half_pulls_nowhere(folder: str) -> None:
    still = gradients(built(folder, np.full(8, 0.5), moved=False))
    pulled = gradients(built(folder, np.full(8, 0.6), moved=False))
    assert max(float(value.abs().max()) for value in still.values()) < SAME_GRADIENT
    assert max(float(value.abs().max()) for value in pulled.values()) > 1e-3


def test_swapped_answers_with_swapped_labels_are_the_same(folder: str) -> None:
    one, other = built(folder, SOFT), built(folder, 1 - SOFT, swapped=True)
    np.testing.assert_allclose(losses(one), losses(other), atol=1e-5)
    swapped = gradients(other)
    for name, value in gradients(one).items():
        torch.testing.assert_close(value, swapped[name], rtol=0, atol=SAME_GRADIENT)


@pytest.mark.parametrize("micro", [1, 3])
def test_a_batch_of_8_is_8_times_1_and_3_times_3(folder: str, micro: int) -> None:
    whole, cut = gradients(built(folder, SOFT)), gradients(built(folder, SOFT, micro=micro))
    for name, value in whole.items():
        torch.testing.assert_close(cut[name], value, rtol=0, atol=SAME_GRADIENT)


# what it does


LEARNS: dict[str, Any] = {"epochs": 12, "rate": 1e-3, "batch": 16, "most_new_tokens": 6, "device": "cpu"}


def margins(trained: Any, seed: int = 1) -> Any:
    prompts, good, bad = pairs(40, seed)
    return trained.log_likelihood(prompts, good) - trained.log_likelihood(prompts, bad)


@pytest.mark.parametrize("mode", ["full", "lora"])
def test_a_policy_comes_to_prefer_what_is_preferred(folder: str, tmp_path: Path, mode: Any) -> None:
    """In one direction, and with turned labels in the other, from a model that says both as often."""
    prompts, good, bad = pairs(60)
    both = taught(Writer(model=folder, **LEARNS), [*prompts, *prompts], [*good, *bad], derive(0, "start"))
    model = causal()
    model.transformer.load_state_dict({name.removeprefix("body."): value for name, value in both.state.items()})
    shared: dict[str, Any] = {**LEARNS, "mode": mode, "rate": 1e-3 if mode == "full" else 1e-2}
    policy = Policy(model=saved(tmp_path / "both", model), **shared)
    known = margins(policy.published()).mean()
    assert abs(known) < 1
    for preferred, sign in ((0.9, 1), (0.1, -1)):
        trained = preferring(policy, (prompts, good, bad), np.full(60, preferred), derive(0, "policy"))
        assert sign * (margins(trained).mean() - known) > 2
        assert trained.notes["pairs"] == 60


def test_pairs_without_room_are_dropped_together_and_counted(folder: str) -> None:
    policy = Policy(model=folder, **{**LEARNS, "epochs": 1, "most_new_tokens": 3})
    trained = preferring(
        policy, (["the film", "the story"], ["fine", "fine"], ["dull", "dull poor awful"]), np.ones(2), derive(0, "p")
    )
    assert (trained.notes["pairs"], trained.notes["dropped"], trained.notes["answers_too_long"]) == (1, 1, 1)


def test_the_start_is_the_reference(folder: str) -> None:
    """From a trained writer the first step is as weak as from the model as published: the margin begins at 0."""
    prompts, good, bad = pairs(20)
    start = taught(Writer(model=folder, **LEARNS), prompts, good, derive(0, "start"))
    policy = Policy(model=folder, **{**LEARNS, "epochs": 3})
    trained = preferring(policy, (prompts, good, bad), np.full(20, 0.5), derive(0, "p"), start=start)
    np.testing.assert_allclose(margins(trained), margins(start), atol=0.1)
    assert np.abs(margins(start)).mean() > 2


def test_a_training_is_decided_by_its_generator(folder: str) -> None:
    policy = Policy(model=folder, **{**LEARNS, "epochs": 1})
    one, same = (preferring(policy, pairs(20), np.full(20, 0.8), derive(0, "p")) for _ in range(2))
    assert all(torch.equal(one.state[name], same.state[name]) for name in one.state)


def test_what_is_no_preference_is_refused(folder: str, tmp_path: Path) -> None:
    policy, rng = Policy(model=folder), derive(0, "p")
    with pytest.raises(InputError, match=r"preferred must hold probabilities in \[0, 1\], got values in \[0.5, 1.5\]"):
        preferring(policy, (["a", "a"], ["b", "b"], ["c", "c"]), [0.5, 1.5], rng)
    with pytest.raises(InputError, match="got prompts 1, first 1, second 2, preferred 1"):
        preferring(policy, (["a"], ["b"], ["c", "d"]), np.ones(1), rng)
