"""Weak-to-strong on written answers: sums of two numbers by small networks that write digit by digit.

A strong network is pretrained once on a corpus in which most sums forget the carry: it knows how to add, and does not
say so by itself. A weak one is trained from nothing on a few right sums; what it writes teaches the strong one, as it
is and chosen or judged in several ways. The ceiling is taught right sums. No test prompt is in the corpus. A control
learns its own answers to as many random prompts as the agreement filter keeps: what training alone does.

    python benchmarks/writing.py --seeds 5 --json
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, decoders
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from w2sg.core import (
    AnyArray,
    BoolArray,
    IntArray,
    PreferenceFit,
    TextFit,
    agreeing,
    derive,
    exact_match,
    majority,
    self_consistency,
)
from w2sg.measure import Paired, compare_all, pgr
from w2sg.students import Policy, Writer
from w2sg.students.language.writing import TrainedWriter

DIGITS = "0123456789"
CONSISTENT = 0.8
"""Share of a student's own samples that its majority must have to be believed against its supervisor."""


@dataclass(frozen=True)
class Sums:
    """Prompts such as `17+25=` and their right answers, last digit first: `240`."""

    prompts: list[str]
    answers: list[str]


def main() -> None:
    """Print accuracies, PGR and comparisons with naive training."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--test", type=int, default=1000, help="prompts held out of everything, the same in all seeds")
    parser.add_argument("--transfer", type=int, default=2000, help="prompts that the weak network answers")
    parser.add_argument("--supervision", type=int, default=200, help="right sums that the weak network learns")
    parser.add_argument("--corpus", type=int, default=20000, help="sums that the strong network is pretrained on")
    parser.add_argument("--right", type=float, default=0.4, help="share of right sums in the corpus")
    parser.add_argument("--samples", type=int, default=9, help="of a majority")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measured(options)
    print(json.dumps(found, indent=2) if options.json else as_text(found))


def as_text(found: Mapping[str, Any]) -> str:
    """Return the findings line by line."""
    lines = [f"{name}: {found[name]}" for name in ("options", "seconds", "zero_shot", "learned_from")]
    lines += [f"{name}: accuracy {one['accuracy']}; {one['pgr']}" for name, one in found["students"].items()]
    lines += [f"weak: accuracy {found['weak']}", f"ceiling: accuracy {found['ceiling']}"]
    return "\n".join(lines)


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Run all seeds and return accuracies with 95 % intervals, PGR, and comparisons with naive training."""
    started = time.perf_counter()
    order = derive(0, "writing", "test").permutation(10_000)
    test, others = order[: options.test], order[options.test :]
    held = sums(test)
    correct: dict[str, list[BoolArray]] = {}
    chosen: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        strong = pretrained(Path(folder) / "strong", others, options)
        zero_shot = right(strong, held)
        for seed in range(options.seeds):
            run, notes = one_seed(Path(folder) / f"weak-{seed}", strong, others, options, seed)
            chosen.append(notes)
            for name, writer in run.items():
                correct.setdefault(name, []).append(right(writer, held))
    weak, ceiling = correct.pop("weak"), correct.pop("ceiling")
    seeds, ids = tuple(range(options.seeds)), (test,) * options.seeds
    evidence = {name: Paired(seeds, ids, tuple(weak), tuple(hits), tuple(ceiling)) for name, hits in correct.items()}
    found = {name: pgr(paired) for name, paired in evidence.items()}
    others_than_naive = {name: hits for name, hits in correct.items() if name != "naive"}
    compared = compare_all(evidence["naive"], others_than_naive)
    return {
        "options": {name: value for name, value in vars(options).items() if name != "json"},
        "seconds": round(time.perf_counter() - started, 1),
        "zero_shot": {"n": len(zero_shot), "accuracy": float(zero_shot.mean())},
        "learned_from": chosen,
        "weak": str(found["naive"].weak),
        "ceiling": str(found["naive"].ceiling),
        "students": {
            name: {
                "accuracy": str(one.student),
                "pgr": str(one),
                "by_seed": [float(hits.mean()) for hits in correct[name]],
                **({"against_naive": asdict(compared[name])} if name in compared else {}),
            }
            for name, one in found.items()
        },
    }


def one_seed(
    folder: Path, strong: TrainedWriter, others: IntArray, options: argparse.Namespace, seed: int
) -> tuple[dict[str, TrainedWriter], dict[str, Any]]:
    """Return all writers of a seed by name, and how right what they learned from was, with how much of it."""
    drawn = derive(seed, "writing", "split").permutation(others)
    taught = sums(drawn[: options.supervision])
    shown = sums(drawn[options.supervision : options.supervision + options.transfer])
    save_model(folder, width=32, layers=1, seed=seed)
    scratch = Writer(model=str(folder), epochs=60, batch=32, rate=3e-3, **SHARED)
    weak = trained_on(scratch, taught.prompts, taught.answers, derive(seed, "weak"))
    said = weak.write(shown.prompts).texts[:, 0]
    sampled = weak.write(shown.prompts, options.samples, 1.0, rng=derive(seed, "weak samples")).texts
    own_samples = strong.write(shown.prompts, options.samples, 1.0, rng=derive(seed, "own samples")).texts
    own, sure = majority(own_samples), self_consistency(own_samples)
    doubted = np.flatnonzero(sure < CONSISTENT)
    agreed = agreeing(said, own)
    control = derive(seed, "control").choice(len(said), len(agreed), replace=False)
    labels: dict[str, tuple[IntArray, AnyArray]] = {
        "naive": (np.arange(len(said)), said),
        "weak majority": (np.arange(len(said)), majority(sampled)),
        "agreement": (agreed, said),
        "agreement or doubt": (np.union1d(agreed, doubted), said),
        "own answers": (control, own),
        "ceiling": (np.arange(len(said)), np.array(shown.answers, dtype=object)),
    }
    run = {"weak": weak}
    notes: dict[str, Any] = {}
    for name, (rows, answers) in labels.items():
        prompts = [shown.prompts[row] for row in rows]
        run[name] = trained_on(tuned(strong), prompts, answers[rows].tolist(), derive(seed, "student"), strong)
        notes[name] = share_right(answers[rows], np.array(shown.answers, dtype=object)[rows])
    run["preferences"], notes["preferences"] = by_preferences(strong, weak, shown, own_samples[:, :2], seed)
    return run, notes


def by_preferences(
    strong: TrainedWriter, weak: TrainedWriter, shown: Sums, pairs: AnyArray, seed: int
) -> tuple[TrainedWriter, dict[str, Any]]:
    """Return the strong network after the weak one judged pairs of its own samples, by its likelihood of each."""
    first, second = (pairs[:, side].tolist() for side in (0, 1))
    known = [weak.log_likelihood(shown.prompts, answers) for answers in (first, second)]
    differ = np.array([a != b for a, b in zip(first, second, strict=True)]) & np.isfinite(known[0] - known[1])
    rows = np.flatnonzero(differ)
    preferred = 1 / (1 + np.exp(np.clip(known[1] - known[0], -30, 30)))
    policy = Policy(model=strong.writer.model, epochs=2, batch=64, rate=3e-4, **SHARED)
    prompts, one, other = ([column[row] for row in rows] for column in (shown.prompts, first, second))
    rng = derive(seed, "student")
    fit = PreferenceFit(
        student=policy, rng=rng, prompts=prompts, first=one, second=other, preferred=preferred[rows], start=strong
    )
    trained = policy.fit(fit)
    assert isinstance(trained, TrainedWriter)
    liked = np.where(preferred[rows] > 0.5, pairs[rows, 0], pairs[rows, 1])
    return trained, share_right(liked, np.array(shown.answers, dtype=object)[rows])


def pretrained(folder: Path, others: IntArray, options: argparse.Namespace) -> TrainedWriter:
    """Return the strong network after the noisy corpus."""
    rng = derive(0, "writing", "corpus")
    places = rng.choice(others, options.corpus)
    known, wrong = sums(places), [without_carry(place) for place in places]
    is_right = rng.random(options.corpus) < options.right
    answers = [a if good else b for a, b, good in zip(known.answers, wrong, is_right, strict=True)]
    save_model(folder, width=64, layers=2, seed=0)
    writer = Writer(model=str(folder), epochs=8, batch=128, rate=3e-3, warm_up=0.05, **SHARED)
    return trained_on(writer, known.prompts, answers, derive(0, "writing", "pretraining"))


SHARED: dict[str, Any] = {"most_new_tokens": 6, "device": "cpu"}


def trained_on(
    writer: Writer,
    prompts: Sequence[str],
    answers: Sequence[str],
    rng: np.random.Generator,
    start: TrainedWriter | None = None,
) -> TrainedWriter:
    """Return a writer trained on answers."""
    trained = writer.fit(TextFit(student=writer, rng=rng, prompts=prompts, answers=answers, start=start))
    assert isinstance(trained, TrainedWriter)
    return trained


def tuned(strong: TrainedWriter) -> Writer:
    """Return how the strong network is fine-tuned."""
    return Writer(model=strong.writer.model, epochs=2, batch=64, rate=1e-3, **SHARED)


def right(writer: TrainedWriter, held: Sums) -> BoolArray:
    """Return which sums a writer writes right."""
    return exact_match(writer.write(held.prompts).texts[:, 0], held.answers)


def share_right(answers: AnyArray, gold: AnyArray) -> dict[str, Any]:
    """Return the accuracy of answers and how many there are."""
    return {"n": len(answers), "accuracy": float(exact_match(answers, gold).mean()) if len(answers) else None}


def sums(places: IntArray) -> Sums:
    """Return the sums of numbered places: number `100 a + b` is `a + b`."""
    pairs = [divmod(int(place), 100) for place in places]
    return Sums([f"{a:02d}+{b:02d}=" for a, b in pairs], [f"{a + b:03d}"[::-1] for a, b in pairs])


def without_carry(place: int) -> str:
    """Return the sum of a place that forgets the carry, last digit first.

    >>> without_carry(1725)
    '230'
    """
    a, b = divmod(int(place), 100)
    return f"{(a + b) % 10}{(a // 10 + b // 10) % 10}0"


def save_model(
    folder: Path, *, width: int, layers: int, seed: int, known: str = f"{DIGITS}+=", places: int = 32
) -> None:
    """Save a randomly initialised GPT-2 of a shape that knows some characters, with a tokenizer of these."""
    characters = {name: number for number, name in enumerate(["<pad>", "<end>", *known])}
    names = Tokenizer(WordLevel(characters, unk_token="<pad>"))
    names.pre_tokenizer = Split(Regex("."), "isolated")
    names.decoder = decoders.Fuse()
    PreTrainedTokenizerFast(tokenizer_object=names, pad_token="<pad>", eos_token="<end>").save_pretrained(folder)
    shape = {"n_embd": width, "n_layer": layers, "n_head": width // 16, "n_positions": places}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = GPT2Config(vocab_size=len(characters), bos_token_id=1, eos_token_id=1, **shape)
        GPT2LMHeadModel(config).save_pretrained(folder)


if __name__ == "__main__":
    main()
