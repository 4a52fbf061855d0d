"""Language models as students: what they read, how they start, how they are interrupted."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from language_data import accuracy, causal, encoder, pairs, request, reviews, saved

from w2sg.core import InputError, Inputs, IntArray, derive, one_hot, registry, using_cache
from w2sg.students import HiddenStates, LanguageModel, Linear, features

torch = pytest.importorskip("torch")
LEARNS: dict[str, Any] = {"epochs": 8, "rate": 2e-3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("causal"), causal())


@pytest.fixture(scope="module")
def looking_ahead(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("encoder"), encoder())


# pairs


@pytest.mark.parametrize("mode", ["full", "lora", "lp-ft"])
def test_pairs_are_learned_as_rewards(folder: str, mode: Any) -> None:
    """Swapping a pair swaps its probabilities exactly: a reward model knows no order."""
    student = LanguageModel(model=folder, mode=mode, read="mean", epochs=8, rate=2e-3 if mode != "lora" else 1e-2)
    data, test = pairs(120), pairs(60, seed=1)
    predictor = student.fit(request(student, *data))
    found = predictor.predict_proba(test[0])
    assert (found.argmax(axis=1) == test[1]).mean() > 0.95
    swapped = predictor.predict_proba(Inputs.of(test[0].values[:, ::-1]))
    np.testing.assert_allclose(swapped[:, ::-1], found, atol=1e-5)


def test_bradley_terry_is_cross_entropy_of_two_rewards(folder: str) -> None:
    """The first step's pull on the head is the closed form: the mean over pairs of (p - y)(s_a - s_b)."""
    from w2sg.students.language.loop import Loop
    from w2sg.students.language.network import answered
    from w2sg.students.language.problems import LabelProblem
    from w2sg.students.language.settings import texts_of
    from w2sg.students.language.tokens import tokenize
    from w2sg.students.language.tuning import network_of, recipe_of

    inputs, gold = pairs(6)
    student = LanguageModel(model=folder)
    network = network_of(student, 2, 2)
    tokens = tokenize(network.loaded, texts_of(inputs), 64, "refuse")
    weak = 0.2 + 0.6 * one_hot(gold, 2)
    objective: Any = registry.build("objectives", "cross-entropy")
    problem = LabelProblem(tokens, 2, weak, np.ones(6, dtype=np.float32), objective)
    loop = Loop(network, problem, recipe_of(student, False), device="cpu", seed=0)
    states = answered(network, tokens, "states")
    problem.backward(loop.step, np.arange(6), 0.0)
    expected = ((0.5 - weak[:, 0])[:, None] * (states[0::2] - states[1::2])).mean(axis=0)
    np.testing.assert_allclose(network.head.weight.grad.numpy()[0], expected, atol=1e-6)


# lengths


def long_and_short() -> tuple[Inputs, IntArray]:
    texts = ["fine " + "the " * 30 + "poor"] * 8 + ["great film", "dull film"] * 16
    return Inputs.of(np.array(texts, dtype=object)), np.array([0] * 8 + [1, 0] * 16)


@pytest.mark.parametrize(("rule", "kept"), [("cut-left", "poor"), ("cut-right", "fine")])
def test_a_long_text_loses_its_beginning_or_its_end(folder: str, rule: Any, kept: str) -> None:
    from w2sg.students.language.loading import load
    from w2sg.students.language.tokens import tokenize

    loaded = load(folder)
    inputs, _ = long_and_short()
    tokens = tokenize(loaded, [str(text) for text in inputs.values], 10, rule)
    words = [loaded.tokenizer.decode(row) for row in tokens.ids]
    assert tokens.lengths.max() == 10
    assert kept in words[0].split()
    assert tokens.long.sum() == 8


def test_what_was_cut_or_dropped_is_counted(folder: str) -> None:
    inputs, gold = long_and_short()
    cut, dropped = (
        (student := LanguageModel(model=folder, most_tokens=10, too_long=rule, epochs=1)).fit(
            request(student, inputs, gold)
        )
        for rule in ("cut-left", "drop")
    )
    assert cut.notes["too_long"] == dropped.notes["too_long"] == 8
    assert "dropped" not in cut.notes
    assert dropped.notes["dropped"] == 8
    assert (cut.steps, dropped.steps) == (2, 1)
    assert dropped.predict_proba(inputs).shape == (40, 2)


def test_long_texts_are_refused_where_that_is_the_rule(folder: str) -> None:
    student = LanguageModel(model=folder, most_tokens=10, too_long="refuse")
    with pytest.raises(
        InputError, match=r"text 0 has 32 tokens, and 10 are read \(8 of 40 texts are too long\): raise"
    ):
        student.fit(request(student, *long_and_short()))


def test_dropping_everything_is_an_error(folder: str) -> None:
    student = LanguageModel(model=folder, most_tokens=1, too_long="drop")
    with pytest.raises(InputError, match="all 40 examples are longer than 1 tokens and are dropped: raise most_tokens"):
        student.fit(request(student, *long_and_short()))


def test_an_empty_text_is_an_end_token_and_counted(folder: str) -> None:
    inputs = Inputs.of(np.array(["", "fine film", "dull film"] * 8, dtype=object))
    student = LanguageModel(model=folder, epochs=1)
    predictor = student.fit(request(student, inputs, np.arange(24) % 2))
    assert predictor.notes["empty"] == 8
    assert np.isfinite(predictor.predict_proba(inputs)).all()


# starts


def test_language_modelling_first_needs_no_labels_and_changes_the_body(folder: str) -> None:
    """The texts' own words become likelier, whatever the labels are."""
    from w2sg.students.language.network import tensors
    from w2sg.students.language.problems import log_likelihood
    from w2sg.students.language.settings import texts_of
    from w2sg.students.language.tokens import tokenize
    from w2sg.students.language.tuning import network_of, warmed_up

    inputs, gold = reviews(80)
    student = LanguageModel(model=folder, generative_epochs=8, rate=2e-3)
    likely = []
    for state in ({}, warmed_up(student, request(student, inputs, gold), None).state):
        network = network_of(student, 2, 1, words=True)
        network.restore(state)
        tokens = tokenize(network.loaded, texts_of(inputs), 64, "refuse")
        ids, mask = tensors(tokens, np.arange(80), torch.device("cpu"))
        with torch.no_grad():
            given = torch.ones(80, dtype=torch.long)
            likely.append(float(log_likelihood(network, ids, mask, given).sum() / (tokens.lengths - 1).sum()))
    assert likely[0] == pytest.approx(-np.log(network.words.weight.shape[0]), abs=0.05)
    assert likely[1] > likely[0] + 0.5
    wrong = warmed_up(student, request(student, inputs, 1 - gold), None).state
    right = warmed_up(student, request(student, inputs, gold), None).state
    assert all(torch.equal(value, wrong[name]) for name, value in right.items())
    learner = LanguageModel(model=folder, generative_epochs=1, read="mean", **LEARNS)
    assert accuracy(learner, reviews(300), reviews(100, seed=1)) > 0.8


def test_lp_ft_begins_where_the_probe_ends(folder: str) -> None:
    """A step of length nearly 0 leaves the probe's answers."""
    inputs, gold = reviews(120)
    probe, tuned = (
        LanguageModel(model=folder, mode=mode, read="mean", rate=1e-12, epochs=1) for mode in ("probe", "lp-ft")
    )
    probed = probe.fit(request(probe, inputs, gold)).predict_proba(inputs)
    np.testing.assert_allclose(tuned.fit(request(tuned, inputs, gold)).predict_proba(inputs), probed, atol=1e-4)
    assert (probed.argmax(axis=1) == gold).mean() > 0.6


def test_the_chain_of_probe_and_all_uses_the_same_parts(folder: str) -> None:
    inputs, gold = reviews(120)
    student = LanguageModel(model=folder, read="mean", **LEARNS)
    head = student.fit(request(student, inputs, gold, part="head"))
    whole = student.fit(request(student, inputs, gold, start=head))
    assert (whole.predict_proba(inputs).argmax(axis=1) == gold).mean() > 0.95
    frozen = Linear(features=HiddenStates(model=folder, read="mean", most_tokens=512, too_long="cut-left"))
    np.testing.assert_allclose(
        head.predict_proba(inputs), frozen.fit(request(frozen, inputs, gold)).predict_proba(inputs), atol=1e-4
    )


def test_smaller_versions_are_fewer_layers_or_the_ladders_models(folder: str, looking_ahead: str) -> None:
    student = LanguageModel(model=folder)
    assert student.strength == 2 * 12704
    assert student.scaled(0.5).layers == 1
    ladder = LanguageModel(model="big/model", ladder=(folder, looking_ahead))
    assert [ladder.scaled(share).model for share in (0.25, 0.5, 1.0)] == [folder, looking_ahead, looking_ahead]
    assert "scale" not in LanguageModel(model="big/model").capabilities


def test_an_early_checkpoint_is_the_same_training_stopped_short(folder: str) -> None:
    data, test = reviews(120), reviews(100, seed=1)
    early, late = (LanguageModel(model=folder, until=until, **LEARNS) for until in (0.1, 1.0))
    fits = [student.fit(request(student, *data)) for student in (early, late)]
    assert [fit.steps for fit in fits] == [4, 32]
    right = [(fit.predict_proba(test[0]).argmax(axis=1) == test[1]).mean() for fit in fits]
    assert right[1] > right[0] + 0.1


# features that are kept


class Counting:
    """A keeper in memory that counts what it is asked to keep."""

    def __init__(self, root: Path) -> None:
        self.root, self.kept = root, {}  # type: ignore[var-annotated]

    def key_of(self, name: str, by: Any) -> str:
        return name

    def find(self, key: str) -> Any:
        return self.kept.get(key)

    def keep(self, key: str, arrays: Any) -> None:
        self.kept[key] = arrays

    def checkpoint_folder(self, key: str) -> Path:
        return self.root / key


def test_a_text_is_read_once_whatever_its_place(folder: str, tmp_path: Path) -> None:
    inputs, _ = pairs(12)
    body = HiddenStates(model=folder)
    keeper = Counting(tmp_path)
    with using_cache(keeper):
        found = features(body, inputs, inputs)
        swapped = features(body, inputs, Inputs.of(inputs.values[:, ::-1]))
        both = features(body.model_copy(update={"pair": "concatenation"}), inputs, inputs)
    assert len(keeper.kept) == 1
    np.testing.assert_array_equal(swapped, -found)
    np.testing.assert_allclose(both[:, :32] - both[:, 32:], found, atol=1e-6)


def test_the_first_layers_alone_are_another_model(folder: str) -> None:
    inputs, _ = reviews(6)
    one, two = (features(HiddenStates(model=folder, layers=n), inputs, inputs) for n in (1, 2))
    whole = features(HiddenStates(model=folder), inputs, inputs)
    np.testing.assert_array_equal(two, whole)
    assert np.abs(one - two).max() > 0.1


def test_an_interrupted_training_goes_on_where_the_laboratory_lent_a_place(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from w2sg.students.language import loop, tuning

    inputs, gold = reviews(64)
    student = LanguageModel(model=folder, batch=8, **LEARNS)
    whole = student.fit(request(student, inputs, gold)).predict_proba(inputs)
    plan = tuning.recipe_of
    monkeypatch.setattr(tuning, "recipe_of", lambda *how: replace(plan(*how), save_every_s=0.0))
    taken: list[int] = []
    take = loop.Loop._take

    def killed(self: Any, number: int, rows: Any) -> None:
        taken.append(number)
        if len(taken) == 20:
            raise KeyboardInterrupt
        take(self, number, rows)

    monkeypatch.setattr(loop.Loop, "_take", killed)
    with using_cache(Counting(tmp_path)):
        with pytest.raises(KeyboardInterrupt):
            student.fit(request(student, inputs, gold))
        resumed = student.fit(request(student, inputs, gold)).predict_proba(inputs)
    assert taken[20] == 19
    np.testing.assert_array_equal(resumed, whole)
    assert not list(tmp_path.iterdir())


def test_derived_randomness_differs_between_seeds(folder: str) -> None:
    inputs, gold = reviews(40)
    student = LanguageModel(model=folder, epochs=1, batch=8, rate=1e-3)
    one, other = (
        student.fit(request(student, inputs, gold, rng=derive(seed, "language"))).predict_proba(inputs)
        for seed in (0, 1)
    )
    assert np.abs(one - other).max() > 1e-4
