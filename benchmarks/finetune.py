"""Fine-tuning against the arithmetic of the first released training loop: examples a second and loss, in one run.

The released loop is re-implemented here from its description: shuffled batches of 32, cut into minibatches of 8 in the
order they come, each built example by example and padded to its longest text, no attention mask, the text's length
counted as its tokens that are not 0, Adam one parameter at a time, one backward pass over the batch's logits. Both
sides train the same GPT-2-shaped network from the same weights on the same texts, labels, batch, rate and schedule.

    python benchmarks/finetune.py --texts data/boolq/dev.jsonl.gz --columns question passage --label answer --json
"""

import argparse
import gzip
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np
import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import AutoModel, GPT2Config, GPT2Model, PreTrainedTokenizerFast

from w2sg.core import registry
from w2sg.students import LanguageModel
from w2sg.students.language.loop import Loop
from w2sg.students.language.network import Network, answered
from w2sg.students.language.problems import LabelProblem
from w2sg.students.language.tokens import Tokens, tokenize
from w2sg.students.language.tuning import network_of, recipe_of

BATCH, MINIBATCH = 32, 8


def main() -> None:
    """Print both sides' examples a second and losses, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--texts", type=Path, required=True, help="a JSON Lines file, also .gz")
    parser.add_argument("--columns", nargs="+", default=["question", "passage"])
    parser.add_argument("--label", default="answer")
    parser.add_argument("--examples", type=int, default=1024, help="to train on; half as many are held out")
    parser.add_argument("--most-tokens", type=int, default=512)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--vocabulary", type=int, default=50257)
    parser.add_argument("--rate", type=float, default=5e-5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--json", action="store_true")
    found = measured(parser.parse_args())
    as_text = "\n".join(f"{name}: {value}" for name, value in found.items())
    print(json.dumps(found, indent=2) if parser.parse_args().json else as_text)


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Train on both sides in turn, several times."""
    texts, labels = read(options.texts, options.columns, options.label, options.examples * 3 // 2)
    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder), texts, options)
        student = LanguageModel(
            model=folder, most_tokens=options.most_tokens, epochs=1, rate=options.rate, precision=options.precision
        )
        tokens = tokenize(network_of(student, 2, 1).loaded, texts, options.most_tokens, "cut-right")
        train, held = (part(tokens, labels, rows) for rows in split(len(texts), options.examples))
        sides: dict[str, list[dict[str, float]]] = {"released": [], "ours": []}
        for repeat in range(options.repeats):
            plain = network_of(student, 2, 1)
            plain.body = AutoModel.from_pretrained(folder).eval()
            sides["released"].append(released(plain, train, held, options.rate, repeat))
            sides["ours"].append(ours(student, train, held, repeat))
    speeds = {name: [run["examples_per_s"] for run in runs] for name, runs in sides.items()}
    ratios = [mine / theirs for mine, theirs in zip(speeds["ours"], speeds["released"], strict=True)]
    lengths = train[0].lengths
    return {
        "examples": len(train[1]),
        "tokens_mean": float(lengths.mean()),
        "tokens_largest": int(lengths.max()),
        "parameters": sum(value.numel() for value in network_parameters(options)),
        "threads": torch.get_num_threads(),
        **{f"{name}_examples_per_s": [round(value, 2) for value in values] for name, values in speeds.items()},
        **{f"{name}_held_out_loss": [round(run["loss"], 4) for run in runs] for name, runs in sides.items()},
        "ratio": [round(value, 2) for value in ratios],
        "ratio_median": round(float(np.median(ratios)), 2),
    }


Data = tuple[Tokens, np.ndarray]


def released(network: Network, train: Data, held: Data, rate: float, seed: int) -> dict[str, float]:
    """Train for an epoch as the released loop does."""
    tokens, labels = train
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    total = len(labels) // BATCH
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)
    order = np.random.default_rng(seed).permutation(len(labels))
    started = time.perf_counter()
    for start in range(0, total * BATCH, BATCH):
        all_logits: list[Any] = []
        all_labels: list[Any] = []
        for small in range(start, start + BATCH, MINIBATCH):
            rows = order[small : small + MINIBATCH]
            ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(tokens.ids[row]) for row in rows], batch_first=True)
            all_labels.extend(torch.tensor([1.0 - labels[row], labels[row]]) for row in rows)
            lengths = (ids != 0).sum(dim=-1)
            states = network.body(ids)[0]
            last = torch.stack([states[i, lengths[i] - 1] for i in range(len(rows))])
            all_logits.extend(network.head(last))
        logits, targets = torch.stack(all_logits), torch.stack(all_labels).float()
        loss = torch.nn.functional.cross_entropy(logits, targets)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    seconds = time.perf_counter() - started
    return {"examples_per_s": total * BATCH / seconds, "loss": held_out(network, held)}


def ours(student: LanguageModel, train: Data, held: Data, seed: int) -> dict[str, float]:
    """Train for an epoch by the package's loop."""
    tokens, labels = train
    network = network_of(student, 2, 1)
    targets = np.eye(2, dtype=np.float32)[labels]
    objective: Any = registry.build("objectives", "cross-entropy")
    problem = LabelProblem(tokens, 1, targets, np.ones(len(labels), dtype=np.float32), objective)
    loop = Loop(network, problem, recipe_of(student, False), device="cpu", seed=seed)
    started = time.perf_counter()
    loop.run()
    seconds = time.perf_counter() - started
    return {"examples_per_s": len(labels) / seconds, "loss": held_out(network, held)}


def held_out(network: Network, held: Data) -> float:
    """Return the mean cross-entropy in nats on held-out examples."""
    tokens, labels = held
    logits = answered(network, tokens, "outputs").astype(np.float64)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return float(-logs[np.arange(len(labels)), labels].mean())


def read(path: Path, columns: list[str], label: str, n: int) -> tuple[list[str], np.ndarray]:
    """Return the first `n` texts and their labels, 0 or 1."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = [json.loads(line) for line in content.decode().splitlines()[:n]]
    return [" ".join(str(row[name]) for name in columns) for row in rows], np.array([int(row[label]) for row in rows])


def save_model(folder: Path, texts: list[str], options: argparse.Namespace) -> None:
    """Save a randomly initialised GPT-2 of the wanted shape with a tokenizer trained on the texts."""
    words = Tokenizer(BPE(unk_token=None))
    words.pre_tokenizer = ByteLevel()
    words.train_from_iterator(texts, BpeTrainer(vocab_size=8000, special_tokens=["<|end|>"], show_progress=False))
    PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<|end|>").save_pretrained(folder)
    torch.manual_seed(0)
    GPT2Model(shape(options)).save_pretrained(folder)


def shape(options: argparse.Namespace) -> GPT2Config:
    """Return the architecture."""
    heads = max(1, options.width // 64)
    size = {"n_embd": options.width, "n_layer": options.layers, "n_head": heads, "n_positions": options.most_tokens}
    return GPT2Config(vocab_size=options.vocabulary, **size)


def network_parameters(options: argparse.Namespace) -> Any:
    """Return the parameters of the architecture."""
    with torch.device("meta"):
        return list(GPT2Model(shape(options)).parameters())


def part(tokens: Tokens, labels: np.ndarray, rows: np.ndarray) -> Data:
    """Return some examples."""
    return Tokens(tuple(tokens.ids[row] for row in rows), tokens.long[rows], tokens.empty[rows]), labels[rows]


def split(n: int, train: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to train on and those held out."""
    order = np.random.default_rng(0).permutation(n)
    return order[:train], order[train:]


if __name__ == "__main__":
    main()
