"""How far the time left that a progress bar shows is from the time that was left: five kinds of study, replayed.

`record` makes a study in a fresh store and keeps every update with the moment at which it was shown, once where the
store knows nothing, and once more, under other seeds, where it remembers how long such steps took. `replay` compares
the updates after the first tenth with the time that was left, up to the end of the call.

    python benchmarks/progress.py record heads mlp files language multiverse -o updates.json
    python benchmarks/progress.py replay updates.json

`files` needs the folder of data sets ($W2SG_DATA, or shared/data beside the project), `language` the extra [lm].
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import w2sg
from w2sg.batteries import run_multiverse
from w2sg.graph import Ahead, Watch, watching
from w2sg.lab import Study

FACTOR = 1.5
FIRST = 0.1
DATA = Path(os.environ.get("W2SG_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
HEADS = ("naive", "confidence", "product", "bootstrapping", "ensemble", "knn-filter", "icm", "early-stopping")


def heads(seeds: Sequence[int], store: Path) -> None:
    """Heads on features of scanned digits, two students, eight methods."""
    sizes: dict[str, object] = {"kind": "nystroem-digits", "grid": {"features.count": [100, 400]}}
    w2sg.study(
        Study(name="heads", seeds=tuple(seeds), tasks=("digits",), students=(sizes,), methods=HEADS), store=store
    )


def mlp(seeds: Sequence[int], store: Path) -> None:
    """A network with hidden layers."""
    w2sg.study(
        Study(name="mlp", seeds=tuple(seeds), tasks=("digits", "wine"), students=("mlp",), methods=HEADS[:3]),
        store=store,
    )


def files(seeds: Sequence[int], store: Path) -> None:
    """Texts of a file, as words."""
    path = DATA / "sentiment_labelled_sentences" / "amazon_cells_labelled.txt.gz"
    task: dict[str, object] = {"kind": "files", "path": str(path), "columns": ["text", "label"], "text": "text"}
    words: dict[str, object] = {"kind": "linear", "features": {"kind": "tfidf", "terms": 2000}}
    w2sg.study(
        Study(name="files", seeds=tuple(seeds), tasks=(task,), students=(words,), methods=HEADS[:4]), store=store
    )


def language(seeds: Sequence[int], store: Path) -> None:
    """A small language model, trained in all its weights."""
    student: dict[str, object] = {"kind": "language-model", "model": "facts:12", "epochs": 2.0}
    task: dict[str, object] = {"kind": "facts"}
    w2sg.study(
        Study(name="language", seeds=tuple(seeds[:4]), tasks=(task,), students=(student,), methods=HEADS[:2]),
        store=store,
    )


def multiverse(seeds: Sequence[int], store: Path) -> None:
    """A study in worlds in which the analyst chose otherwise."""
    given = Study(name="multiverse", seeds=tuple(seeds[:4]), tasks=("wine", "digits"), methods=HEADS[:2])
    run_multiverse(given, store=store)


KINDS: dict[str, Callable[[Sequence[int], Path], None]] = {
    one.__name__: one for one in (heads, mlp, files, language, multiverse)
}


def recorded(make: Callable[[Sequence[int], Path], None], seeds: Sequence[int], store: Path) -> dict[str, Any]:
    """Make a study and return every update: when it was shown, and the seconds that it said were left."""
    updates: list[tuple[float, float | None, str]] = []
    began = time.perf_counter()

    def tell(ahead: Ahead) -> None:
        updates.append((time.perf_counter() - began, ahead.left_s, ahead.kind))

    with watching(Watch(tell)):
        make(seeds, store)
    return {"updates": updates, "took_s": time.perf_counter() - began}


def record(names: Sequence[str], out: Path) -> None:
    """Record studies of some kinds."""
    found = json.loads(out.read_text()) if out.exists() else {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            for when, seeds in (("nothing known", range(100, 106)), ("steps known", range(8))):
                found[f"{name}, {when}"] = recorded(KINDS[name], list(seeds), Path(folder) / "store")
                out.write_text(json.dumps(found))


def judged(one: dict[str, Any]) -> tuple[int, int, float, int]:
    """Return how many updates after the first tenth are within the factor, of how many, the worst, and those without.

    An update without a number says nothing of the time left: nothing like the steps to come was ever timed.
    """
    took = one["took_s"]
    pairs = [(left, took - at) for at, left, _ in one["updates"] if at >= FIRST * took and left]
    off = [max(said / true, true / said) for said, true in pairs]
    silent = sum(at >= FIRST * took and left is None for at, left, _ in one["updates"])
    return sum(factor <= FACTOR for factor in off), len(off), max(off, default=1.0), silent


def replay(path: Path) -> None:
    """Print how good the updates were."""
    total = within_all = 0
    for name, one in json.loads(path.read_text()).items():
        within, n, worst, silent = judged(one)
        total, within_all = total + n, within_all + within
        sys.stdout.write(f"{name:30} {one['took_s']:7.1f} s  {within:4} of {n:4} within {FACTOR}, worst {worst:.1f}; ")
        sys.stdout.write(f"{silent} without a number\n")
    share = within_all / total if total else 0.0
    sys.stdout.write(f"{'all':30} {within_all} of {total} updates ({share:.2f})\n")


def main() -> None:
    """Record or replay, as asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record")
    recording.add_argument("names", nargs="+", choices=sorted(KINDS))
    recording.add_argument("-o", "--out", type=Path, default=Path("updates.json"))
    commands.add_parser("replay").add_argument("file", type=Path)
    given = parser.parse_args()
    if given.command == "record":
        record(given.names, given.out)
    else:
        replay(given.file)


if __name__ == "__main__":
    main()
