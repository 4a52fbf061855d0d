"""Feed mutated files to whatever reads them, guided by coverage, and print every error that is not the project's own.

Not part of the tests: it needs `pip install atheris`, and as long as one has. Each finding is a line of JSON, with the
input that made it in base64; an input that takes over ten seconds, or memory without end, ends the run. For example,
ten minutes of tables:

    python benchmarks/fuzz.py csv --seconds 600

Targets are `csv` (tables of all text formats), `toml` (study files), `packed` (arrays and records of a store), `npy`
(large arrays of a store, and files of old stores) and `safetensors` (headers of weight files).
"""

import argparse
import base64
import io
import json
import sys
import tempfile
import traceback
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

try:
    import atheris
except ImportError:
    raise SystemExit("atheris is not installed: run pip install atheris in an environment of its own") from None

with atheris.instrument_imports(include=["w2sg", "tomllib", "numpy.lib"]):
    from w2sg.core import AnyArray, W2sgError
    from w2sg.graph.objects import ArrayFiles, decoded, digest_of, encoded
    from w2sg.graph.packing import places_of, squeezed, table_of, unsqueezed
    from w2sg.lab import Study
    from w2sg.lab.migrations import _arrays
    from w2sg.students.language.loading import _sizes
    from w2sg.tasks.reading import read_sheet

Target = Callable[[bytes, Path], object]
WAIT_S, MOST_BYTES, MOST_MB = 10, 4096, 2048
ARRAYS: tuple[AnyArray, ...] = (
    np.arange(6).reshape(2, 3),
    np.linspace(0, 1, 40, dtype=np.float32),
    np.arange(9) > 4,
    np.array(["a", "bc"]),
)


def saved(array: AnyArray, *, packed: bool = False) -> bytes:
    """Return an array as a file's bytes."""
    file = io.BytesIO()
    if packed:
        np.savez_compressed(file, x=array)
    else:
        np.save(file, array)
    return file.getvalue()


def table(data: bytes, folder: Path) -> None:
    """Read a table; the first byte chooses the format."""
    form = ("csv", "tsv", "jsonl", "json", "idx")[data[0] % 5 if data else 0]
    read_sheet(f"x.{form}", data[1:], form, (), None)  # type: ignore[arg-type]


def toml(data: bytes, folder: Path) -> None:
    """Read a study file, and make its setups where they are few."""
    (folder / "s.toml").write_bytes(data)
    study = Study.read(folder / "s.toml")
    if not study.plugins and study.count() < 50:
        study.setups()


def packed(data: bytes, folder: Path) -> None:
    """Read a packed array and a record."""
    for read in (decoded, unsqueezed, table_of, places_of):
        with suppress(W2sgError):
            read(data)
    unsqueezed(zlib.compress(data))


def npy(data: bytes, folder: Path) -> None:
    """Read a file of the store and one of an old store, whose names are the hashes of what is in them."""
    digest = digest_of(data)
    new = ArrayFiles(folder / "objects")
    old = folder / "objects" / digest.hex()[:2] / f"{digest.hex()}.npz"
    old.parent.mkdir(parents=True, exist_ok=True)
    try:
        for path in (new.path(digest), old):
            path.write_bytes(data)
        _arrays(folder, digest.hex())
        new.read(digest)
    finally:
        for path in (new.path(digest), old):
            path.unlink(missing_ok=True)


def safetensors(data: bytes, folder: Path) -> None:
    """Read the header of a file of weights."""
    (folder / "x.safetensors").write_bytes(data)
    _sizes(folder / "x.safetensors")


HEADER = json.dumps({"__metadata__": {"a": "b"}, "h.0.w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}})
TARGETS: dict[str, tuple[Target, list[bytes]]] = {
    "csv": (
        table,
        [
            b"\x00label,a\nyes,1\nno,2\n",
            b'\x00a,b\n"x ""y"" z",1\n',
            b"\x01a\tb\n1\t2\n",
            b'\x02{"a": 1}\n{"a": 2}\n',
            b'\x03[{"a": 1, "b": "x"}]',
            b"\x04\x00\x00\x08\x01\x00\x00\x00\x02\x01\x02",
        ],
    ),
    "toml": (
        toml,
        [
            b'seeds = 2\ntasks = ["wine"]\nmethods = ["naive", "*"]\nwithout = ["audited-trust"]\nincapable = "skip"\n',
            b'[[tasks]]\nkind = "wine"\ntitle = "x"\ngrid = {transfer = [20, 30]}\nstudents = ["knn"]\n',
            b'tasks = ["digits"]\nseeds = [0, 7]\n[[methods]]\nkind = "confidence"\nobjective = {weight = 0.5}\n',
        ],
    ),
    "packed": (packed, [*map(encoded, ARRAYS), squeezed({"inputs": {"a": "00"}}), b'{"x": 1}']),
    "npy": (npy, [*map(saved, ARRAYS), saved(ARRAYS[0], packed=True)]),
    "safetensors": (safetensors, [len(HEADER).to_bytes(8, "little") + HEADER.encode() + bytes(24)]),
}


def main() -> None:
    """Fuzz one target; libFuzzer ends the process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=600)
    given = parser.parse_args()
    target, seeds = TARGETS[given.target]
    folder = Path(tempfile.mkdtemp(prefix="w2sg-fuzz-"))
    corpus, work = folder / "corpus", folder / "work"
    corpus.mkdir()
    work.mkdir()
    for place, seed in enumerate(seeds):
        (corpus / f"{place}").write_bytes(seed)
    seen: set[str] = set()

    def once(data: bytes) -> None:
        try:
            target(data, work)
        except W2sgError:
            pass
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            frame = traceback.extract_tb(error.__traceback__)[-1]
            name = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
            if name not in seen:
                seen.add(name)
                found = {"finding": name, "message": str(error)[:200], "input": base64.b64encode(data).decode()}
                print(json.dumps(found), flush=True)

    limits = [f"-max_total_time={given.seconds}", f"-timeout={WAIT_S}", f"-rss_limit_mb={MOST_MB}"]
    atheris.Setup([sys.argv[0], str(corpus), f"-max_len={MOST_BYTES}", *limits], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
