"""Computing steps in one process: what the store lacks is made, what is made is stored at once."""

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from threadpoolctl import threadpool_limits

from w2sg.core import AnyArray, CapabilityError, Component, InputError, W2sgError, attempt, timed_apart, using_cache
from w2sg.graph.code import code_digest, modules_of
from w2sg.graph.costs import Labels
from w2sg.graph.database import CACHED
from w2sg.graph.entries import Finished
from w2sg.graph.keys import THREADS, Keys
from w2sg.graph.ledger import writing_ledger
from w2sg.graph.sharing import sharing
from w2sg.graph.steps import REFUSED, Artifact, Inputs, Step, on_behalf_of, topological, trust_of
from w2sg.graph.store import Store


@dataclass(frozen=True)
class Failure:
    """Why a step could not be computed.

    Attributes:
        reason: What went wrong, in words.
        bad_input: Whether what was given breaks a stated rule, rather than something going wrong on the way.
    """

    reason: str
    bad_input: bool = False

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """Return what is said of an error: its text where it was raised on purpose, else its class too."""
        text = str(error)
        if isinstance(error, MemoryError):
            return cls(f"memory is exhausted{f' ({text})' if text else ''}: use fewer workers, or smaller data")
        said = text if isinstance(error, W2sgError) else f"{type(error).__name__}: {text}"
        return cls(said, isinstance(error, InputError))


@dataclass
class Report:
    """What came of computing steps.

    Attributes:
        done: How many artifacts of each kind of step were made.
        failed: Why steps could not be computed, by key; for what stands on a failed step, the failure of that one.
    """

    done: Counter[str] = field(default_factory=Counter)
    failed: dict[str, Failure] = field(default_factory=dict)

    def add(self, other: "Report") -> None:
        """Take up what came of other steps."""
        self.done += other.done
        self.failed |= other.failed


def compute(root: Path, steps: Sequence[Step]) -> Report:
    """Make what the store lacks of steps, and of their inputs as far as these are needed.

    Each batch is in the store before the next begins, so that a kill loses only what was in progress. One step that
    fails takes nobody with it but the steps that stand on it.

    Raises:
        StoreError: If the store cannot be read or written.
    """
    with Store(root) as store, working_with(store), sharing():
        keys = Keys()
        with writing_ledger(store, keys.of):
            return _Work(store, keys, steps).run()


@contextmanager
def working_with(store: Store) -> Iterator[None]:
    """Compute with the stated number of threads, and keep costly arrays in a store."""
    with threadpool_limits(THREADS), using_cache(_StoreCache(store)):
        yield


class _StoreCache:
    """Keeps costly arrays as artifacts of the store, so that they are checked against their hash like all others.

    Long trainings save how far they are in the store's folder `training`.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def key_of(self, name: str, by: Sequence[Component]) -> str:
        return hashlib.sha256(f"{name} {code_digest(modules_of(*by))}".encode()).hexdigest()

    def find(self, key: str) -> Mapping[str, AnyArray] | None:
        kept = self.store.get(key, mapped=True)
        return None if kept is None else kept.arrays

    def keep(self, key: str, arrays: Mapping[str, AnyArray]) -> None:
        self.store.put([Finished(key, CACHED, Artifact(arrays))])

    def checkpoint_folder(self, key: str) -> Path:
        return self.store.trainings / key


class _Work:
    """The missing steps, computed batch by batch."""

    def __init__(self, store: Store, keys: Keys, targets: Sequence[Step]) -> None:
        self.store, self.keys = store, keys
        self.report, self.labels = Report(), Labels()
        self.held: dict[str, Artifact] = {}
        self.missing: dict[str, Step] = {}
        self._plan(targets)
        self.depth = {key: self._depth(step) for key, step in self.missing.items()}

    def run(self) -> Report:
        while self.missing:
            batch = self._next()
            self._compute(batch)
            for step in batch:
                del self.missing[self.keys.of(step)]
            self._let_go()
        return self.report

    def _plan(self, targets: Sequence[Step]) -> None:
        """Find what is missing: the targets, and inputs only where something missing stands on them."""
        needed = {id(step) for step in targets}
        for step in reversed(topological(targets)):
            if id(step) not in needed:
                continue
            key = self.keys.of(step)
            if key not in self.missing and not self._available(key):
                self.missing[key] = step
            if key in self.missing:
                needed |= {id(inner) for inner in step.inputs().values()}
        # Planned from the targets down, computed from the inputs up.
        self.missing = dict(reversed(self.missing.items()))

    def _available(self, key: str) -> bool:
        """Return whether an artifact can be read; it is held, for whoever stands on it."""
        if key not in self.held:
            artifact = self.store.get(key)
            if artifact is None:
                return False
            self.held[key] = artifact
        return True

    def _depth(self, step: Step) -> int:
        missing = [inner for inner in step.inputs().values() if self.keys.of(inner) in self.missing]
        return 1 + max(map(self._depth, missing), default=0)

    def _ready(self, step: Step) -> bool:
        return not any(self.keys.of(inner) in self.missing for inner in step.inputs().values())

    def _next(self) -> list[Step]:
        """Choose the batch to compute next.

        A batch is best computed whole: heads on the same features train as one. So a batch of which some step still
        waits for its inputs is left until they are there. Of the whole batches the one furthest from the inputs
        comes first, so that what was begun is finished, and stored, before something else is begun.
        """
        batches: dict[str, list[Step]] = {}
        for key, step in self.missing.items():
            batches.setdefault(key if step.batch is None else f"batch {step.batch}", []).append(step)
        ready = {name: [step for step in steps if self._ready(step)] for name, steps in batches.items()}
        whole = [steps for name, steps in ready.items() if steps and len(steps) == len(batches[name])]
        candidates = whole or [steps for steps in ready.values() if steps]
        return max(candidates, key=lambda steps: self.depth[self.keys.of(steps[0])])

    def _compute(self, batch: Sequence[Step]) -> None:
        standing = [step for step in batch if not self._stands_on_failure(step)]
        inputs = [{name: self._given(inner) for name, inner in step.inputs().items()} for step in standing]
        todo = [(step, given) for step, given in zip(standing, inputs, strict=True) if not self._refused(step, given)]
        if not todo:
            return
        outcomes = self._outcomes([step for step, _ in todo], [given for _, given in todo])
        finished = []
        for (step, _), outcome in zip(todo, outcomes, strict=True):
            if isinstance(outcome, Artifact):
                finished.append(self._finished(step, outcome))
            else:
                self._fail(step, Failure.of(outcome))
        self._store(finished)

    def _given(self, inner: Step) -> Artifact:
        """Return the artifact of an input; to a step that can do without it, an input that failed has refused."""
        key = self.keys.of(inner)
        failure = self.report.failed.get(key)
        return self.held[key] if failure is None else Artifact({}, {REFUSED: failure.reason})

    def _stands_on_failure(self, step: Step) -> bool:
        """Hand the failure of an input on to what stands on it.

        Where a step can do without an input, only what may go well another time is handed on, such as memory that is
        short: what is made without the input is kept for good.
        """
        failures = {name: self.report.failed.get(self.keys.of(inner)) for name, inner in step.inputs().items()}
        spared = {name for name, of in failures.items() if name in step.can_do_without and of and of.bad_input}
        failure = next((of for name, of in failures.items() if of is not None and name not in spared), None)
        if failure is not None:
            self._fail(step, failure)
        return failure is not None

    def _refused(self, step: Step, inputs: Inputs) -> bool:
        """Hand the refusal of an input on to what stands on it."""
        needed = (given for name, given in inputs.items() if name not in step.can_do_without)
        reason = next((given.record[REFUSED] for given in needed if REFUSED in given.record), None)
        if reason is not None:
            self._store([self._finished(step, Artifact({}, {REFUSED: reason}))])
        return reason is not None

    def _outcomes(self, steps: Sequence[Step], inputs: Sequence[Inputs]) -> Sequence[Artifact | Exception]:
        """Compute steps together; where that fails, one by one, so that each fails only by its own fault."""
        started = time.perf_counter()

        def together() -> Sequence[Artifact | Exception]:
            with on_behalf_of(*steps):
                return type(steps[0]).compute_many(steps, inputs)

        with timed_apart() as apart:
            outcomes = attempt(together)
        if isinstance(outcomes, Exception):
            outcomes = [outcomes] if len(steps) == 1 else self._one_by_one(steps, inputs)
        took = time.perf_counter() - started
        return [_timed(outcome, took / len(steps), apart, len(steps)) for outcome in outcomes]

    def _one_by_one(self, steps: Sequence[Step], inputs: Sequence[Inputs]) -> list[Artifact | Exception]:
        return [self._outcomes([step], [given])[0] for step, given in zip(steps, inputs, strict=True)]

    def _finished(self, step: Step, artifact: Artifact) -> Finished:
        inputs = {name: self.keys.of(inner) for name, inner in step.inputs().items()}
        read = [self.held[key] for key in inputs.values() if key in self.held]
        whole = replace(artifact, record={**artifact.record, "inputs": inputs, "trust": trust_of(step, read)})
        reason = whole.record.get(REFUSED)
        listing = step.listing(whole) if reason is None else step.refused_listing(reason)
        labels = self.labels.of(step) if reason is None else ()
        return Finished(self.keys.of(step), step.kind, whole, step.seed, listing, labels)

    def _store(self, finished: Sequence[Finished]) -> None:
        self.store.put(finished)
        for one in finished:
            self.held[one.key] = one.artifact
            self.report.done[one.step] += 1

    def _fail(self, step: Step, failure: Failure) -> None:
        key = self.keys.of(step)
        self.report.failed[key] = failure
        self.store.put_failure(key, step.kind, failure.reason)

    def _let_go(self) -> None:
        """Forget artifacts that no missing step reads."""
        wanted = {self.keys.of(inner) for step in self.missing.values() for inner in step.inputs().values()}
        self.held = {key: artifact for key, artifact in self.held.items() if key in wanted}


def _timed(outcome: Artifact | Exception, each: float, apart: Mapping[str, float], n: int) -> Artifact | Exception:
    """Say of an artifact how long it took: `took_s` leaves out what was done once for many steps, `apart_s`."""
    if isinstance(outcome, CapabilityError):
        outcome = Artifact({}, {REFUSED: str(outcome)})
    if not isinstance(outcome, Artifact) or "took_s" in outcome.record:
        return outcome
    shares = {phase: seconds / n for phase, seconds in apart.items()}
    times = {"seconds": each, "took_s": max(each - sum(shares.values()), 0.0), "apart_s": shares}
    return replace(outcome, record={**times, **outcome.record})
