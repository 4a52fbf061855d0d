"""Small language models with a tokenizer of their own, saved as a user's would be."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from w2sg.core import Fit, FloatArray, Inputs, IntArray, PreferenceFit, TextFit, derive, one_hot, registry
from w2sg.students import Policy, Writer
from w2sg.testing.samples import COMMON
from w2sg.testing.samples import WORDS as SAMPLE_WORDS

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

GOOD, BAD = ("fine", "great", "lovely"), ("poor", "awful", "dull")
FILL = ("the", "film", "was", "a", "one", "of", "story", "with", "and", "music")
CONTRACT = [word for words in (*SAMPLE_WORDS, COMMON) for word in words.split()]
WORDS = tuple(dict.fromkeys(["<pad>", "<end>", "<unknown>", *GOOD, *BAD, *FILL, "yes", "no", *CONTRACT]))


def tokenizer() -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="<unknown>"))
    words.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="<end>", unk_token="<unknown>", model_max_length=64
    )


def causal(layers: int = 2, seed: int = 0, **fields: Any) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=len(WORDS),
        n_positions=64,
        n_embd=32,
        n_layer=layers,
        n_head=2,
        bos_token_id=1,
        eos_token_id=1,
        **fields,
    )
    return GPT2LMHeadModel(config)


def encoder(layers: int = 2, seed: int = 0) -> Any:
    from transformers import BertConfig, BertModel

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(WORDS),
        max_position_embeddings=64,
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=64,
    )
    return BertModel(config)


def saved(folder: Path, model: Any) -> str:
    """Save a model with the tokenizer and return its folder."""
    with torch.random.fork_rng():
        model.save_pretrained(folder)
        tokenizer().save_pretrained(folder)
    return str(folder)


def reviews(n: int, seed: int = 0, longest: int = 12) -> tuple[Inputs, IntArray]:
    """Return texts of 3 to `longest` words, and whether they hold a good word (1) or a bad one (0)."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(2, size=n)
    texts = []
    for label in gold:
        words = list(rng.choice(FILL, size=rng.integers(2, longest)))
        words.insert(int(rng.integers(len(words) + 1)), str(rng.choice(GOOD if label else BAD)))
        texts.append(" ".join(map(str, words)))
    return Inputs.of(np.array(texts, dtype=object)), gold.astype(np.int64)


def request(student: Any, inputs: Inputs, gold: IntArray, **fields: Any) -> Fit:
    """Return a request to train on gold, with some fields changed."""
    targets: FloatArray = one_hot(gold, 2)
    given: dict[str, Any] = {
        "student": student,
        "inputs": inputs,
        "targets": targets,
        "corpus": inputs,
        "objective": registry.build("objectives", "cross-entropy"),
        "stopping": registry.build("stoppings", "fixed"),
        "rng": derive(0, "language"),
    }
    return Fit(**{**given, **fields})


def pairs(n: int, seed: int = 0) -> tuple[Inputs, IntArray]:
    """Return pairs of a good and a bad review, and which is the good one."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(2, size=n)
    good, bad = ([f"the film was {word} with music" for word in rng.choice(words, n)] for words in (GOOD, BAD))
    values = [(one, other) if label == 0 else (other, one) for one, other, label in zip(good, bad, gold, strict=True)]
    return Inputs.of(np.array(values, dtype=object)), gold.astype(np.int64)


def accuracy(student: Any, data: tuple[Inputs, IntArray], test: tuple[Inputs, IntArray], **fields: Any) -> float:
    predictor = student.fit(request(student, *data, **fields))
    return float((predictor.predict_proba(test[0]).argmax(axis=1) == test[1]).mean())


def taught(writer: Writer, prompts: Sequence[str], answers: Sequence[str], rng: Any, **more: Any) -> Any:
    """Return a writer that was trained on answers."""
    return writer.fit(TextFit(student=writer, rng=rng, prompts=prompts, answers=answers, **more))


def preferring(policy: Policy, pairs: Any, preferred: Any, rng: Any, **more: Any) -> Any:
    """Return a policy that was trained on preferences between pairs: prompts, first and second answers."""
    prompts, first, second = pairs
    fit = PreferenceFit(
        student=policy, rng=rng, prompts=prompts, first=first, second=second, preferred=np.asarray(preferred), **more
    )
    return policy.fit(fit)
