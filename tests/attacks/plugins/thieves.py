"""Methods and students that try to see the gold they are scored on, or to spoil the numbers of others.

Each thief answers with what it stole, and its notes say how much that was. `FORBIDDEN` is written in by the test: the
store, the laboratory's process, a data file.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np

from w2sg.core import Fit, Method, Predictor, Student, derive, preset, register, registry
from w2sg.methods import Composition, TargetObjective

FORBIDDEN: dict[str, Any] = {}
SEEN: dict[int, int] = {}


class Known(Predictor):
    """A trained student that knows some answers by heart."""

    def __init__(self, inner: Predictor, table: dict[int, int], notes: dict[str, Any]) -> None:
        self.inner, self.table, self.steps, self.notes = inner, table, inner.steps, notes

    def predict_proba(self, inputs: Any) -> Any:
        p = np.array(self.inner.predict_proba(inputs))
        for i, row in enumerate(inputs.rows.tolist()):
            if row in self.table:
                p[i] = np.eye(p.shape[1])[self.table[row]]
        return p


class Thief(Method):
    """Trains as `naive`, after it has stolen what it can."""

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        """Return the classes of inputs by their rows."""

    def train(self, view: Any, student: Any, rng: Any) -> Any:
        notes: dict[str, Any] = {}
        try:
            table = self.steal(view, student, rng) or {}
        except BaseException as error:  # noqa: BLE001 - whatever stopped it is what the test looks at
            table, notes = {}, {"stopped_by": f"{type(error).__name__}: {error}"}
        predictor = yield from Composition().train(view, student, rng)
        return Known(predictor, table, {**notes, "stolen": len(table)})


def of_rows(inputs: Any, gold: Any) -> dict[int, int]:
    return dict(zip(inputs.rows.tolist(), np.asarray(gold).tolist(), strict=True))


def of_data(data: Any) -> dict[int, int]:
    table: dict[int, int] = {}
    for name, examples in {"supervision": data.supervision, **data.labelled_by_supervisor()}.items():
        table |= of_rows(examples.inputs, data.vault.release("score", name))
    return table


def objects_named(name: str) -> list[Any]:
    return [found for found in gc.get_objects() if type(found).__name__ == name]


def frames() -> Any:
    frame = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back  # type: ignore[assignment]


@register()
class Bases(Thief):
    """Follows the bases of arrays to what they were cut from."""

    kind: Literal["thief-bases"] = "thief-bases"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        weak = view.transfer.weak.probabilities
        for array in (view.transfer.inputs.pool.values, view.transfer.inputs.rows, weak, view.corpus.rows):
            base = array.base
            while isinstance(base, np.ndarray):
                if base.shape == (len(view.transfer),):
                    return of_rows(view.transfer.inputs, base.astype(int))
                base = base.base
        return None


@register()
class Collected(Thief):
    """Looks for vaults and task data among all objects."""

    kind: Literal["thief-gc"] = "thief-gc"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        return of_data(objects_named("TaskData")[0])


@register()
class Releases(Thief):
    """Finds the vault in the frames of its callers, and has it release."""

    kind: Literal["thief-release"] = "thief-release"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        values = [value for frame in frames() for value in frame.f_locals.values()]
        steps = [
            value for value in values if hasattr(value, "data") and hasattr(value, "on") and hasattr(value, "seed")
        ]
        return of_data(next(step.data for step in steps if not isinstance(step, type)))


@register()
class Buys(Thief):
    """Buys labels that it did not declare."""

    kind: Literal["thief-buys"] = "thief-buys"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        (vault,) = objects_named("Vault")[:1]
        return of_rows(view.transfer.inputs, vault.buy("transfer", np.arange(len(view.transfer))))


@register()
class Reloads(Thief):
    """Makes the task again under guessed seeds, and releases from a vault of its own."""

    kind: Literal["thief-reload"] = "thief-reload"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        for name in ("wine", "gaussian"):
            for seed in range(9):
                data = registry.build("tasks", {**FORBIDDEN["task"], "kind": name}).load(derive(seed, "task"))  # type: ignore[attr-defined]
                if data.transfer.inputs.digest == view.transfer.inputs.digest:
                    return of_data(data)
        return None


@register()
class ByHeart(Thief):
    """Has the library's own copy of the data."""

    kind: Literal["thief-library"] = "thief-library"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        data = importlib.import_module("sklearn.datasets").load_wine()
        ours, theirs = ((x - x.mean(axis=0)) / x.std(axis=0) for x in (view.corpus.pool.values, data.data))
        nearest = ((ours[:, None] - theirs[None]) ** 2).sum(axis=-1).argmin(axis=1)
        return dict(enumerate(data.target[nearest].tolist()))


@register()
class ReadsStore(Thief):
    """Reads the ceilings of earlier runs from the store."""

    kind: Literal["thief-store"] = "thief-store"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        with sqlite3.connect(f"{FORBIDDEN['store']}/store.db") as db:
            rows = db.execute("select * from artifacts").fetchall()
        return dict.fromkeys(range(len(rows)), 0)


@register()
class ReadsFile(Thief):
    """Reads a file of data by its path."""

    kind: Literal["thief-file"] = "thief-file"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        return dict.fromkeys(range(len(Path(FORBIDDEN["file"]).read_text())), 0)


@register()
class ReadsFileBelow(Thief):
    """Reads a file past Python, through the C library."""

    kind: Literal["thief-libc"] = "thief-libc"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        handle = ctypes.CDLL(None).open(str(FORBIDDEN["file"]).encode(), os.O_RDONLY)
        return {} if handle < 0 else {0: 0}


@register()
class ReadsMemory(Thief):
    """Reads the memory of the laboratory's process."""

    kind: Literal["thief-memory"] = "thief-memory"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        libc, pid = ctypes.CDLL(None), FORBIDDEN["pid"]
        attached = libc.ptrace(0x4206, pid, None, None)
        opened = libc.open(f"/proc/{pid}/mem".encode(), os.O_RDONLY)
        return {} if attached < 0 and opened < 0 else {0: 0}


@register()
class Keeper(Thief):
    """Asks for the cache that is lent to a step."""

    kind: Literal["thief-cache"] = "thief-cache"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        cache = importlib.import_module("w2sg.core.caching")._cache.get()
        return {0: 0} if cache is not None and cache.store.results() else {}


@register()
class Referrers(Thief):
    """Asks who refers to the pool: a table with gold does."""

    kind: Literal["thief-referrers"] = "thief-referrers"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        for found in gc.get_referrers(view.transfer.inputs.pool, view.transfer.inputs.pool.values):
            holder = found if hasattr(found, "gold") else found.get("gold") if isinstance(found, dict) else None
            if holder is not None:
                return {0: 0}
        return None


@register()
class Memoised(Thief):
    """Calls what a task keeps in memory."""

    kind: Literal["thief-memo"] = "thief-memo"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        table = importlib.import_module("w2sg.tasks.embedded")._table("wine")
        return dict(enumerate(table.gold.tolist()))


@register()
class Remembers(Thief):
    """Buys ten labels under each seed, and puts those of all seeds together."""

    kind: Literal["thief-pools"] = "thief-pools"

    @property
    def audits(self) -> int:
        return 10

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        before = len(SEEN)
        SEEN.update(zip(view.transfer.inputs.rows[view.audit.rows].tolist(), view.audit.gold.tolist(), strict=True))
        with contextlib.suppress(OSError):
            Path("../seen").write_text(repr(SEEN))
        return dict(list(SEEN.items())[:before])


ASKED = [0]


@register()
class Understates(Thief):
    """Declares audits that are none when it is asked again."""

    kind: Literal["thief-understates"] = "thief-understates"

    @property
    def audits(self) -> int:
        ASKED[0] += 1
        return 50 if ASKED[0] % 2 == 1 else 0


@register()
class TakesNoiseAway(Thief):
    """Finds its seed by trying, derives the generator of the labels, and takes the noise of simulated labels away."""

    kind: Literal["thief-noise"] = "thief-noise"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        state = rng.bit_generator.state["state"]["state"]
        for seed in range(200):
            if derive(seed, "student").bit_generator.state["state"]["state"] == state:
                return {0: 0}
        return None


@register()
class Callers(Thief):
    """Looks through the frames of its callers for what others learn from."""

    kind: Literal["thief-frames"] = "thief-frames"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        for frame in frames():
            for course in frame.f_locals.get("courses", None) or []:
                inner = getattr(course, "gi_frame", None)
                other = inner.f_locals.get("view") if inner is not None else None
                if other is not None and other is not view:
                    return of_rows(other.transfer.inputs, other.transfer.weak.named)
        return None


@register()
class CallsOut(Thief):
    """Opens a socket."""

    kind: Literal["thief-network"] = "thief-network"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))
        return {0: 0}


@register()
class StartsProgram(Thief):
    """Has another program read for it."""

    kind: Literal["thief-program"] = "thief-program"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        read = subprocess.run(["cat", FORBIDDEN["file"]], capture_output=True, check=True).stdout
        return {0: 0} if read else {}


@register()
class Forks(Thief):
    """Leaves a process behind, past Python."""

    kind: Literal["thief-fork"] = "thief-fork"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        child = ctypes.CDLL(None).fork()
        if child == 0:
            ctypes.CDLL(None)._exit(0)
        return {0: 0} if child > 0 else {}


@register()
class Kills(Thief):
    """Kills the laboratory."""

    kind: Literal["thief-kills"] = "thief-kills"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        os.kill(FORBIDDEN["pid"], 0)  # 0 asks whether it could
        return {0: 0}


@register()
class Spoils(Thief):
    """Writes into the inputs that rivals and the ceiling train on, and into a vault's gold."""

    kind: Literal["thief-spoils"] = "thief-spoils"

    def steal(self, view: Any, student: Any, rng: Any) -> dict[int, int] | None:
        for vault in objects_named("Vault"):
            for gold in vault._Vault__gold.values():
                gold.setflags(write=True)
                gold[:] = 0
        values = view.transfer.inputs.pool.values
        values.setflags(write=True)
        values[:] = rng.permutation(values.ravel()).reshape(values.shape)
        return None


@register()
class Peek(Student):
    """Looks at what else is trained with it: the ceiling's gold beside weak labels."""

    kind: Literal["thief-peeks"] = "thief-peeks"

    def fit_many(self, fits: Any) -> list[Predictor]:
        plain: Any = registry.build("students", {"kind": "nystroem", "features": {"count": 12}})
        trained: list[Predictor] = []
        for fit in fits:
            others = [o for o in fits if o is not fit and (o.targets.max(axis=1) == 1).all()]
            own = Fit(**{**vars(fit), "student": plain})
            trained.append(Known(plain.fit(own), {}, {"stolen": len(others)}))
        return trained


@register()
class FollowsBase(TargetObjective):
    """Follows the labels of its batch to those of the ceiling."""

    kind: Literal["thief-target"] = "thief-target"

    def target(self, weak: Any, log_student: Any, progress: float) -> Any:
        base = weak
        while getattr(base, "base", None) is not None:
            base = base.base
        for labels in base if getattr(base, "ndim", 0) == 3 else ():
            if labels.T.shape == weak.shape[-2:] and (labels.max(axis=0) == 1).all():
                return np.broadcast_to(labels.T, weak.shape)
        return weak


preset("thief-objective", Composition, "For a test.", objective="thief-target")
