"""The small models that studies/written.toml needs, made in a folder; and its table with --study.

`sums-weak` is one layer that knows nothing. `sums-strong` is two layers pretrained on sums that are not in the task and
mostly forget the carry: it knows how to add and does not say so by itself. `letters` is two layers of single characters
that know nothing; on GSM8K it shows that the pipeline runs, not that anything can be learned.

    python benchmarks/written.py --models models --study studies/written.toml
"""

import argparse
import json
import string
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from transformers import GPT2LMHeadModel

import w2sg
from w2sg.core import IntArray
from w2sg.students.language.writing import TrainedWriter
from w2sg.tasks import Sums
from writing import pretrained, save_model

LETTERS = string.ascii_letters + string.digits + string.punctuation + " \n"


def main() -> None:
    """Make the models, and run the study if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", type=Path, default=Path("models"), help="the folder to make them in")
    parser.add_argument("--study", type=Path, help="a study file to run then")
    parser.add_argument("--store", type=Path, help="the study's store")
    parser.add_argument("--rows", type=int, default=4000, help="sums of the task, which are not in the corpus")
    parser.add_argument("--corpus", type=int, default=20000, help="sums that the strong network is pretrained on")
    parser.add_argument("--right", type=float, default=0.4, help="share of right sums in the corpus")
    options = parser.parse_args()
    started = time.perf_counter()
    make_models(options.models, options)
    print(f"models made in {time.perf_counter() - started:.0f} s")
    if options.study:
        print(json.dumps(w2sg.study(options.study, store=options.store, workers=1).to_dict(), indent=2))


def make_models(folder: Path, options: argparse.Namespace) -> None:
    """Save the three models; what is there already is kept."""
    if not (folder / "sums-weak").exists():
        save_model(folder / "sums-weak", width=32, layers=1, seed=1)
    if not (folder / "letters").exists():
        save_model(folder / "letters", width=64, layers=2, seed=0, known=LETTERS, places=1024)
    if not (folder / "sums-strong").exists():
        save_trained(folder / "sums-strong", strong(others_than(Sums(rows=options.rows)), options))


def others_than(task: Sums) -> IntArray:
    """Return the numbers of the sums that are not in a task."""
    return np.setdiff1d(np.arange(10 ** (2 * task.digits)), task.places())


def strong(places: IntArray, options: argparse.Namespace) -> TrainedWriter:
    """Return the strong network after the noisy corpus."""
    with tempfile.TemporaryDirectory() as folder:
        trained = pretrained(Path(folder) / "strong", places, options)
    return trained


def save_trained(folder: Path, trained: TrainedWriter) -> None:
    """Save a trained writer of this file's shape as a model of its own."""
    save_model(folder, width=64, layers=2, seed=0)
    model = GPT2LMHeadModel.from_pretrained(folder)
    state = {name.removeprefix("body."): torch.as_tensor(value) for name, value in trained.state.items()}
    model.transformer.load_state_dict(state)
    model.save_pretrained(folder)


if __name__ == "__main__":
    main()
