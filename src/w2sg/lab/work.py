"""Doing the jobs of a bundle: what the cache lacks is made, what is made is kept at once."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from threadpoolctl import threadpool_limits

from w2sg.core import AnyArray, RunError, keeping
from w2sg.lab.benches import BENCHES
from w2sg.lab.plan import THREADS, Bundle, Job, versions
from w2sg.lab.protocol import Made, plain_handout
from w2sg.lab.store import FEATURES, Artifact, Store, StoredRun


def do_bundle(root: Path, bundle: Bundle) -> Counter[str]:
    """Make what is missing of a bundle's runs and return how many steps of each sort were done.

    Every student's work is in the store before the next student's begins, so a kill loses only what was in progress.
    """
    with Store(root) as store, working_with(store):
        return _Worker(store, bundle).run()


@contextmanager
def working_with(store: Store) -> Iterator[None]:
    """Compute with the laboratory's number of threads, and keep costly features in a store."""
    with threadpool_limits(THREADS), keeping(_FeatureKeeper(store)):
        yield


class _FeatureKeeper:
    """Keeps costly features as artifacts of the store, so that they are checked against their hash like all others.

    Long trainings save how far they are in the store's folder `training`.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def find(self, key: str) -> Mapping[str, AnyArray] | None:
        found = self.store.get(key, mapped=True)
        return None if found is None else found.arrays

    def keep(self, key: str, arrays: Mapping[str, AnyArray]) -> None:
        self.store.put([Artifact(key, FEATURES, arrays)])

    def scratch(self, key: str) -> Path:
        return self.store.trainings / key


class _Worker:
    def __init__(self, store: Store, bundle: Bundle) -> None:
        self.store, self.bundle = store, bundle
        self.bench = BENCHES[bundle.task.output](bundle.task, bundle.seed)
        self.done: Counter[str] = Counter()
        self.held: dict[str, Artifact] = {}

    def run(self) -> Counter[str]:
        known = self.store.runs(job.run for job in self.bundle.jobs)
        todo = [job for job in self.bundle.jobs if job.run not in known or self._have(job.run) is None]
        by_student: dict[str, list[Job]] = {}
        for job in todo:
            by_student.setdefault(job.ceiling, []).append(job)
        groups = [[[job] for job in jobs] if jobs[0].setup.student.alone else [jobs] for jobs in by_student.values()]
        for jobs in itertools.chain.from_iterable(groups):
            self._labels(jobs)
            self._students(jobs)
            self._scores(jobs)
            for job in jobs:
                self.held.pop(job.student, None)
        return self.done

    def _have(self, key: str) -> Artifact | None:
        if key not in self.held:
            found = self.store.get(key)
            if found is None:
                return None
            self.held[key] = found
        return self.held[key]

    def _keep(self, step: str, made: Iterable[tuple[str, Made]]) -> None:
        artifacts = [Artifact(key, step, one.arrays, one.record) for key, one in made]
        self.store.put(artifacts)
        self.held.update({artifact.key: artifact for artifact in artifacts})
        self.done[step] += len(artifacts)

    def _labels(self, jobs: list[Job]) -> None:
        for job in jobs:
            if self._have(job.labels) is None:
                self._keep("labels", [(job.labels, self.bench.labels(job.setup.supervisor))])

    def _students(self, jobs: list[Job]) -> None:
        missing = list({job.student: job for job in jobs if self._have(job.student) is None}.values())
        ceiling = self._have(jobs[0].ceiling) is None
        if not missing and not ceiling:
            return
        student = jobs[0].setup.student
        for some, last in [(missing, False), ([], ceiling)] if student.alone else [(missing, ceiling)]:
            labels = [self._arrays(job.labels) for job in some]
            made = self.bench.students(student, [job.setup.method for job in some], labels, last)
            self._keep("student", zip([job.student for job in some], made[: len(some)], strict=True))
            self._keep("ceiling", [(jobs[0].ceiling, one) for one in made[len(some) :]])

    def _scores(self, jobs: list[Job]) -> None:
        scored, runs = [], []
        for job in jobs:
            steps = {name: getattr(job, name) for name in ("labels", "student", "ceiling")}
            refused = self._have(job.student)
            if refused is not None and "refused" in refused.record:
                reason = {
                    "refused": refused.record["refused"],
                    "steps": {name: {"key": key} for name, key in steps.items()},
                }
                scored.append((job.run, Made({}, reason)))
                runs.append(StoredRun(job.run, job.setup.model_dump(mode="json"), job.seed, reason))
                continue
            released = len(self.bench.data.vault.record)
            metrics, evidence = self.bench.score(*(self._arrays(key) for key in steps.values()))
            gold = [plain_handout(handout) for handout in self.bench.data.vault.record[released:]]
            records = {name: dict(self.held[key].record) for name, key in steps.items()}
            scored.append((job.run, Made(evidence, {"gold": gold})))
            result = {
                "metrics": metrics,
                "steps": {name: {"key": key, **records[name]} for name, key in steps.items()},
                "gold": [handout for record in records.values() for handout in record.get("gold", [])] + gold,
                "versions": versions(),
                "classes": list(self.bench.data.classes),
                "counts": dict(self.bench.data.counts),
                "config": job.setup.digest(),
            }
            runs.append(StoredRun(job.run, job.setup.model_dump(mode="json"), job.seed, result))
        self._keep("score", scored)
        self.store.put_runs(runs)

    def _arrays(self, key: str) -> dict[str, AnyArray]:
        found = self._have(key)
        if found is None:
            raise RunError(
                f"artifact {key[:12]} was made and is gone: is another process removing files of this store?"
            )
        return dict(found.arrays)
