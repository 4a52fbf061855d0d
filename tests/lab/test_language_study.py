"""One study holds linear heads and language models, students and supervisors, and its report draws their sizes."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import w2sg
from w2sg.graph import Store
from w2sg.lab import StudyResult, result_of, study

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

GOOD, BAD, FILL = ("fine", "great"), ("poor", "dull"), ("the", "film", "was", "a", "story")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the folder of a tiny causal model of four layers with a tokenizer of words."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import GPT2Config, GPT2Model, PreTrainedTokenizerFast

    known = ("<end>", "<unknown>", *GOOD, *BAD, *FILL)
    words = Tokenizer(WordLevel({word: index for index, word in enumerate(known)}, unk_token="<unknown>"))
    words.pre_tokenizer = Whitespace()
    folder = tmp_path_factory.mktemp("model")
    PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<end>", unk_token="<unknown>").save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = GPT2Config(vocab_size=len(known), n_positions=32, n_embd=32, n_layer=4, n_head=2)
        GPT2Model(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> str:
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("reviews") / "reviews.jsonl"
    lines = []
    for label in rng.integers(2, size=300):
        words = [str(word) for word in rng.choice(FILL, size=rng.integers(2, 9))]
        words.insert(int(rng.integers(len(words))), str(rng.choice(GOOD if label else BAD)))
        lines.append(json.dumps({"text": " ".join(words), "label": int(label)}))
    path.write_text("\n".join(lines))
    return str(path)


def mixed(model: str, reviews: str, store: Path) -> StudyResult:
    tuned = {"kind": "language-model", "model": model, "read": "mean", "epochs": 2, "rate": 2e-3, "most_tokens": 6}
    definition: dict[str, Any] = {
        "name": "mixed",
        "seeds": 2,
        "tasks": [{"kind": "files", "path": reviews, "text": "text", "supervision": 60, "transfer": 100}],
        "supervisors": [{"kind": "trained", "student": {**tuned, "until": 0.5}}],
        "students": ["tfidf", {**tuned, "grid": {"layers": [1, 2, 4]}}, {**tuned, "mode": "probe"}],
        "methods": ["naive", "confidence", "early-stopping", "bootstrapping"],
    }
    return study(w2sg.Study.parse(definition), store=store, workers=1)


@pytest.mark.slow
def test_one_study_holds_all_and_draws_accuracy_against_size(model: str, reviews: str, tmp_path: Path) -> None:
    store = tmp_path / "store"
    found = mixed(model, reviews, store)
    assert len(found.results) == 5 * 4
    assert found.steps_done["student"] == 2 * (5 * 4 + 5), "four methods for each of five students, and the direct one"
    assert all(0.4 < result.pgr.ceiling.estimate <= 1 for result in found.results)
    assert not mixed(model, reviews, store).steps_done
    page = w2sg.write_report(found, tmp_path / "report.html").read_text()
    assert "Accuracy by student strength" in page
    assert "language-model by layers" in page
    with Store(store) as opened:
        run_id = found.results[-8].run_ids[0]
        student = result_of(opened, run_id, opened.record(run_id) or {})["steps"]["student"]
    assert student["steps"] == 8
    notes = student["notes"]
    assert notes["tokens"] > 500
    assert 0 < notes["too_long"] < 100
    assert not (store / "training").exists() or not list((store / "training").iterdir())


@pytest.mark.slow
def test_a_training_that_needs_more_memory_than_there_is_fails_alone(
    model: str, reviews: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runs of other students stay; the message says what to change."""
    from w2sg.students.language.problems import LabelProblem

    read = LabelProblem._shown

    def shown(self: Any, step: Any, rows: Any) -> Any:
        if step.plain.body.config.num_hidden_layers == 4:
            raise RuntimeError("CUDA out of memory. Tried to allocate 80 GiB")
        return read(self, step, rows)

    definition: dict[str, Any] = {
        "name": "short-of-memory",
        "seeds": 1,
        "tasks": [{"kind": "files", "path": reviews, "text": "text", "supervision": 60, "transfer": 100}],
        "students": [{"kind": "language-model", "model": model, "epochs": 1, "grid": {"layers": [1, 4]}}],
    }
    monkeypatch.setattr(LabelProblem, "_shown", shown)
    short = study(w2sg.Study.parse(definition), store=tmp_path, workers=1)
    assert len(short.results) == 1
    assert re.search(r"1 of 2 runs failed; the others are kept:\n.*memory is not enough for one", short.failures())
    monkeypatch.setattr(LabelProblem, "_shown", read)
    again = study(w2sg.Study.parse(definition), store=tmp_path, workers=1)
    assert again.steps_done["student"] == 1 + 1, "and the direct student"
