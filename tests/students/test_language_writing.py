"""Writers: what they learn of answers, how they write, what has room, what they refuse."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from language_data import FILL, GOOD, causal, encoder, saved, taught, tokenizer

from w2sg.core import CapabilityError, InputError, PreferenceFit, derive, using_cache
from w2sg.students import Policy, Writer

torch = pytest.importorskip("torch")

from w2sg.students.language.writing import TrainedWriter  # noqa: E402

SAME = 1e-4
"""Log-probabilities in nats of a few tokens whose float32 sums were taken in another order."""
LEARNS: dict[str, Any] = {"epochs": 12, "rate": 3e-3, "batch": 16, "most_new_tokens": 8, "device": "cpu"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("causal"), causal())


@pytest.fixture(scope="module")
def copying(folder: str) -> TrainedWriter:
    prompts, answers = questions(200)
    trained = taught(Writer(model=folder, **LEARNS), prompts, answers, derive(0, "writer"))
    assert isinstance(trained, TrainedWriter)
    return trained


def questions(n: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Return texts of like and unlike length with one good word, and that word twice as the answer."""
    rng = np.random.default_rng(seed)
    words = [str(word) for word in rng.choice(GOOD, n)]
    prompts = [" ".join([*map(str, rng.choice(FILL, rng.integers(1, 9))), word]) for word in words]
    return prompts, [f"{word} {word}" for word in words]


def test_a_writer_learns_to_answer_and_to_end(copying: TrainedWriter) -> None:
    prompts, answers = questions(60, seed=1)
    written = copying.write(prompts)
    assert written.texts.shape == written.ended.shape == (60, 1)
    assert (written.texts[:, 0] == np.array(answers)).mean() > 0.95
    assert written.ended.mean() > 0.95
    assert dict(written.notes) == {}
    assert copying.steps == 12 * 13
    assert copying.notes["tokens"] > 1000


def test_adapters_of_a_pretrained_model_learn_another_answer(tmp_path: Path, copying: TrainedWriter) -> None:
    """The word once, where the model as published says it twice; and training of adapters goes on from adapters."""
    model = causal()
    body = {name.removeprefix("body."): value for name, value in copying.state.items()}
    model.transformer.load_state_dict(body)
    writer = Writer(model=saved(tmp_path / "pretrained", model), **{**LEARNS, "mode": "lora", "rate": 1e-2})
    prompts, twice = questions(60, seed=1)
    once = np.array([answer.split()[0] for answer in twice])
    assert (writer.published().write(prompts).texts[:, 0] == np.array(twice)).mean() > 0.95
    data = questions(200)
    adapted = taught(writer, data[0], [answer.split()[0] for answer in data[1]], derive(0, "writer"))
    assert all("lora_" in name for name in adapted.state)
    assert (adapted.write(prompts).texts[:, 0] == once).mean() > 0.95
    again = taught(writer, *data, derive(1, "writer"), start=adapted)
    assert (again.write(prompts).texts[:, 0] == np.array(twice)).mean() > 0.95


def test_words_of_their_own_are_trained(tmp_path: Path) -> None:
    untied = saved(tmp_path / "untied", causal(tie_word_embeddings=False))
    trained = taught(Writer(model=untied, **{**LEARNS, "epochs": 1}), *questions(40), derive(0, "writer"))
    before = TrainedWriter(trained.writer, {}, 0)
    assert "words.weight" in trained.state
    prompts, answers = questions(20, seed=1)
    assert (trained.log_likelihood(prompts, answers) > before.log_likelihood(prompts, answers)).all()


# what decides a text


@pytest.mark.parametrize("how", [{}, {"samples": 3, "temperature": 1.5}], ids=["greedy", "sampled"])
def test_asked_8_at_once_is_asked_8_times(copying: TrainedWriter, how: dict[str, Any]) -> None:
    """Draws belong to rows: the generator of one prompt alone is wound on to where it is in the batch."""
    prompts, _ = questions(8, seed=2)
    assert len({len(prompt.split()) for prompt in prompts}) > 3
    together = copying.write(prompts, **how, rng=np.random.default_rng(5))
    alone_rng = np.random.default_rng(5)
    for row, prompt in enumerate(prompts):
        np.testing.assert_array_equal(copying.write([prompt], **how, rng=alone_rng).texts[0], together.texts[row])
    if how:
        assert len(set(together.texts.ravel())) > 4


def test_untrained_models_write_the_same_padded_or_not(folder: str) -> None:
    """An untrained model ends nowhere, so that all its answers go to the last token."""
    prompts, _ = questions(8, seed=3)
    published = Writer(model=folder, most_new_tokens=20, device="cpu").published()
    together = published.write(prompts)
    alone = [published.write([prompt]).texts[0, 0] for prompt in prompts]
    assert together.texts[:, 0].tolist() == alone
    assert not together.ended.all()


def test_the_library_writes_the_same(folder: str, copying: TrainedWriter) -> None:
    """Greedy texts are those of transformers' own generation, one prompt at a time."""
    from w2sg.students.language.writing import network_of_writer

    model = causal()
    network = network_of_writer(copying.writer, copying)
    model.load_state_dict({f"transformer.{k}": v for k, v in network.body.state_dict().items()}, strict=False)
    names, prompts = tokenizer(), questions(6, seed=4)[0]
    for prompt, text in zip(prompts, copying.write(prompts).texts[:, 0], strict=True):
        ids = torch.tensor([names(prompt)["input_ids"]])
        out = model.eval().generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=8, pad_token_id=0
        )
        assert names.decode(out[0, ids.shape[1] :], skip_special_tokens=True) == text


def test_samples_are_drawn_with_their_probabilities(copying: TrainedWriter) -> None:
    """Of one-token answers: the shares of 2,000 draws against the probabilities, by chi-squared."""
    prompt, n, temperature = "the film was", 2000, 0.7
    drawn = copying.write([prompt], n, temperature, most_new_tokens=1, rng=np.random.default_rng(0)).texts[0]
    from w2sg.students.language.writing import network_of_writer

    network, names = network_of_writer(copying.writer, copying), tokenizer()
    ids = torch.tensor([names(prompt)["input_ids"]])
    with torch.no_grad():
        logits = network(ids, torch.ones_like(ids, dtype=torch.bool), words=True)[0, -1].double()
    expected = n * torch.softmax(logits / temperature, dim=0).numpy()
    shown = [names.decode([i], skip_special_tokens=True) for i in range(len(names))]
    common = [i for i in range(len(names)) if expected[i] > 5 and shown[i]]
    counts = np.array([(drawn == shown[i]).sum() for i in common])
    assert len(common) >= 3
    statistic = ((counts - expected[common]) ** 2 / expected[common]).sum()
    assert statistic < len(common) + 5 * np.sqrt(2 * len(common))


def test_draws_decide_and_a_low_temperature_is_greedy(copying: TrainedWriter) -> None:
    prompts, _ = questions(12, seed=5)
    one, same, other = (copying.write(prompts, 2, 2.0, rng=derive(seed, "write")).texts for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    cold = copying.write(prompts, 2, 1e-6, rng=derive(0, "write")).texts
    np.testing.assert_array_equal(cold, np.repeat(copying.write(prompts).texts, 2, axis=1))


def test_a_shorter_room_cuts_the_same_answer(copying: TrainedWriter) -> None:
    prompts, answers = questions(10, seed=6)
    cut = copying.write(prompts, most_new_tokens=1)
    assert cut.texts[:, 0].tolist() == [answer.split()[0] for answer in answers]
    assert not cut.ended.any()


# what is learned


def test_only_the_answer_and_its_end_are_learned(folder: str) -> None:
    """The likelihood is the sum over the answer's tokens and the end of a plain forward pass's log-probabilities."""
    published = Writer(model=folder, most_new_tokens=20, device="cpu").published()
    from w2sg.students.language.writing import network_of_writer

    network, names = network_of_writer(published.writer), tokenizer()
    prompts, answers = questions(6, seed=7)
    expected = []
    for prompt, answer in zip(prompts, answers, strict=True):
        given, said = names(prompt)["input_ids"], [*names(answer)["input_ids"], names.eos_token_id]
        ids = torch.tensor([[*given, *said]])
        with torch.no_grad():
            logs = network(ids, torch.ones_like(ids, dtype=torch.bool), words=True)[0].log_softmax(-1)
        expected.append(sum(float(logs[len(given) + i - 1, token]) for i, token in enumerate(said)))
    np.testing.assert_allclose(published.log_likelihood(prompts, answers), expected, atol=SAME)


def test_an_answer_without_weight_teaches_nothing(folder: str) -> None:
    prompts, answers = questions(32)
    wrong = [*answers[:16], *["dull"] * 16]
    weights = np.repeat([1.0, 0.0], 16)
    writer = Writer(model=folder, **{**LEARNS, "epochs": 2, "batch": 32})
    one, other = (taught(writer, prompts, said, derive(0, "w"), weights=weights) for said in (answers, wrong))
    probe = questions(8, seed=8)
    np.testing.assert_allclose(one.log_likelihood(*probe), other.log_likelihood(*probe), atol=1e-3)


def test_training_is_decided_by_its_generator_and_goes_on_from_a_start(folder: str, copying: TrainedWriter) -> None:
    writer = Writer(model=folder, **{**LEARNS, "epochs": 1})
    data = questions(40)
    one, same, other = (taught(writer, *data, derive(seed, "w")) for seed in (0, 0, 1))
    assert all(torch.equal(one.state[name], same.state[name]) for name in one.state)
    assert not all(torch.equal(one.state[name], other.state[name]) for name in one.state)
    further = taught(writer, *data, derive(0, "w"), start=copying)
    assert further.log_likelihood(*data).mean() > one.log_likelihood(*data).mean() + 1


def test_a_training_has_a_place_to_save_to(folder: str, tmp_path: Path) -> None:
    class Lent:
        names: list[str] = []

        def key_of(self, name: str, by: Any) -> str:
            return name

        def find(self, key: str) -> None:
            return None

        def keep(self, key: str, arrays: Any) -> None:
            raise AssertionError

        def checkpoint_folder(self, key: str) -> Path:
            self.names.append(key)
            return tmp_path / key

    prompts, answers = questions(8)
    with using_cache(Lent()):
        for said in (answers, answers, answers[::-1]):
            taught(Writer(model=folder, **{**LEARNS, "epochs": 1}), prompts, said, derive(0, "w"))
    assert len(Lent.names) == 3
    assert Lent.names[0] == Lent.names[1] != Lent.names[2]
    assert list(tmp_path.iterdir()) == []


# room


def test_long_prompts_are_cut_dropped_or_refused_and_counted(folder: str) -> None:
    few: dict[str, Any] = {**LEARNS, "epochs": 1, "most_tokens": 12, "most_new_tokens": 6}
    prompts, answers = ["the film was fine", "the " * 9 + "film was great"], ["fine", "great"]
    cut = taught(Writer(model=folder, **few), prompts, answers, derive(0, "w"))
    assert cut.notes["too_long"] == 1
    assert "dropped" not in cut.notes
    dropped = taught(Writer(model=folder, **few, too_long="drop"), prompts, answers, derive(0, "w"))
    assert (dropped.notes["too_long"], dropped.notes["dropped"]) == (1, 1)
    asked = cut.write([*prompts, ""])
    assert dict(asked.notes) == {"too_long": 1, "empty": 1}
    assert asked.texts[1, 0] == cut.write(["the the the film was great"]).texts[0, 0]
    with pytest.raises(InputError, match="text 1 has 12 tokens, and 6 are read .1 of 2 texts are too long.: raise"):
        taught(Writer(model=folder, **few, too_long="refuse"), prompts, answers, derive(0, "w"))


def test_long_answers_are_never_cut(folder: str) -> None:
    few: dict[str, Any] = {**LEARNS, "epochs": 1, "most_new_tokens": 3}
    prompts, answers = ["the film", "the story"], ["fine great", "fine great lovely"]
    trained = taught(Writer(model=folder, **few), prompts, answers, derive(0, "w"))
    assert (trained.notes["answers_too_long"], trained.notes["dropped"]) == (1, 1)
    assert np.isnan(trained.log_likelihood(prompts, answers)).tolist() == [False, True]
    with pytest.raises(InputError, match="answer 1 has 4 tokens with its end, and 3 have room .1 of 2 answers"):
        taught(Writer(model=folder, **few, too_long="refuse"), prompts, answers, derive(0, "w"))
    with pytest.raises(InputError, match="all 1 examples are dropped: their answers have more than 3 tokens or their"):
        taught(Writer(model=folder, **few), prompts[1:], answers[1:], derive(0, "w"))


# refusals


def test_what_cannot_be_written_is_refused(folder: str, copying: TrainedWriter) -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({"most_new_tokens": 9}, "most_new_tokens must lie in 1..8, the writer's own room for an answer, got 9"),
        ({"samples": 0}, "samples must be at least 1 and temperature at least 0, got 0 and 0.0"),
        ({"samples": 2}, "temperature 0 writes the same answer 2 times: raise it, or ask for one sample"),
        ({"temperature": 1.0}, "temperature 1.0 draws tokens at random: give 'rng', or temperature 0"),
    ]
    for arguments, message in refused:
        with pytest.raises(InputError, match=message):
            copying.write(["the film"], **arguments)
    with pytest.raises(InputError, match="most_new_tokens must be below the 64 tokens that .* reads here"):
        Writer(model=folder, most_new_tokens=64, device="cpu").published().write(["the film"])


def test_what_cannot_be_learned_is_refused(folder: str, tmp_path: Path, copying: TrainedWriter) -> None:
    writer, rng = Writer(model=folder, **LEARNS), derive(0, "w")
    with pytest.raises(InputError, match="there must be one entry per example, .* got prompts 1, answers 2"):
        taught(writer, ["a"], ["b", "c"], rng)
    with pytest.raises(InputError, match="at least one example, got prompts 0, answers 0"):
        taught(writer, [], [], rng)
    with pytest.raises(
        InputError, match=r"weights must be finite, not negative and not all 0, got values in \[-1, 0\]"
    ):
        taught(writer, ["a", "b"], ["c", "d"], rng, weights=np.array([0.0, -1.0]))
    with pytest.raises(InputError, match="a writer goes on only from a trained one with the same model, layers, mode"):
        taught(Writer(model=folder, layers=1, device="cpu"), ["a"], ["b"], rng, start=copying)
    with pytest.raises(CapabilityError, match="student 'writer' does not learn from 'preferences': choose 'policy'"):
        writer.fit(PreferenceFit(student=writer, rng=rng, prompts="a", first="b", second="c", preferred=np.ones(1)))
    looking_ahead = saved(tmp_path / "encoder", encoder())
    with pytest.raises(InputError, match="looks ahead, so it has no next word to say: choose a causal model"):
        Writer(model=looking_ahead, device="cpu").published().write(["the film"])


def test_a_model_without_an_end_token_is_refused(tmp_path: Path) -> None:
    place = Path(saved(tmp_path / "endless", causal()))
    names = tokenizer()
    names.eos_token = None
    names.save_pretrained(place)
    with pytest.raises(InputError, match="has no end token, so an answer would not end: set its eos_token"):
        Writer(model=str(place), most_new_tokens=8, device="cpu").published().write(["the film"])


def test_a_writer_is_named_by_its_files(folder: str) -> None:
    writer = Writer(model=folder)
    assert (writer.alone, writer.strength) == (True, 2 * (12 * 32 * 32 + 13 * 32))
    assert writer.fingerprint() == Policy(model=folder).fingerprint()
    assert Writer(model=folder, layers=1).strength == 12 * 32 * 32 + 13 * 32
