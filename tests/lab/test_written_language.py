"""Studies of written answers with language models: tiny random ones of single characters, on short sums."""

from pathlib import Path
from typing import Any

import pytest
from written_data import SUMS, arrays_of

import w2sg as laboratory
from w2sg.core import InputError, derive, registry
from w2sg.graph import Store
from w2sg.lab import Study, StudyResult, answers_of, study

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

LEARNS: dict[str, Any] = {"most_new_tokens": 4, "device": "cpu", "rate": 3e-3, "batch": 16}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the folder of a tiny causal model of single characters."""
    from tokenizers import Regex, Tokenizer, decoders
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Split
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    known = ["<pad>", "<end>", *"0123456789+="]
    names = Tokenizer(WordLevel({name: number for number, name in enumerate(known)}, unk_token="<pad>"))
    names.pre_tokenizer = Split(Regex("."), "isolated")
    names.decoder = decoders.Fuse()
    folder = tmp_path_factory.mktemp("characters")
    PreTrainedTokenizerFast(tokenizer_object=names, pad_token="<pad>", eos_token="<end>").save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = GPT2Config(
            vocab_size=len(known), n_positions=16, n_embd=32, n_layer=2, n_head=2, bos_token_id=1, eos_token_id=1
        )
        GPT2LMHeadModel(config).save_pretrained(folder)
    return str(folder)


def sums(model: str, store: Path, **fields: Any) -> StudyResult:
    small = {"kind": "writer", "model": model, "layers": 1, "epochs": 4, **LEARNS}
    definition: dict[str, Any] = {
        "name": "sums",
        "seeds": 2,
        "tasks": [SUMS],
        "supervisors": [{"kind": "trained-writer", "student": small, "samples": 3}],
        "students": [{"kind": "policy", "model": model, "epochs": 60, **LEARNS}],
        "methods": ["*"],
    }
    return study(Study.parse({**definition, **fields}), store=store, workers=1)


@pytest.mark.slow
def test_a_study_runs_is_resumed_and_reported(model: str, tmp_path: Path) -> None:
    store = tmp_path / "store"
    found = sums(model, store, methods=["written-naive", "written-preferences"])
    assert found.steps_done == {"labels": 2, "student": 4, "ceiling": 2, "score": 4}
    more = sums(model, store)
    assert more.steps_done == {"student": 8, "score": 8}
    assert not sums(model, store).steps_done
    naive, again = found.results[0], more.results[0]
    assert naive.pgr == again.pgr
    assert naive.tests["test"].means["agreement"] > 0, "the student learned what its supervisor writes"
    for arrays in arrays_of(store):
        assert all(array.dtype != object for array in arrays.values())
    page = laboratory.write_report(more, tmp_path / "report.html").read_text()
    assert "written-preferences" in page


@pytest.mark.slow
def test_the_ceiling_learns_the_sums_it_is_shown(model: str, tmp_path: Path) -> None:
    students = [{"kind": "writer", "model": model, "epochs": 150, **LEARNS}]
    sums(model, tmp_path, methods=["written-naive"], students=students, seeds=1)
    with Store(tmp_path) as store:
        (key,) = (row["key"] for row in store.artifact_rows() if row["step"] == "ceiling")
        ceiling = store.get(key)
    assert ceiling is not None
    task: Any = registry.build("tasks", SUMS)
    data = task.load(derive(0, "task"))
    gold = data.vault.release("score", "transfer")
    assert (answers_of(data, ceiling)["transfer"].answers == gold).mean() > 0.8
    assert ceiling.record["notes"]["learned_from"] == 40
    assert ceiling.record["steps"] == 150 * 3


def test_a_writer_without_a_model_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"student\.model: field required"):
        sums("absent", tmp_path, students=["writer"])
    assert list(tmp_path.iterdir()) == []
