"""What came out: the summary of a setup over its seeds, and of a study."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from w2sg.core import AnyArray, TrainingCurve, derive, plain, wording
from w2sg.lab.intervals import DRAWS, SAMPLING, metric_intervals, plain_intervals
from w2sg.lab.notebooks import Showable
from w2sg.lab.outcomes import MOST_SHOWN, FailedRun, Run, failures_message
from w2sg.lab.scoring import SUPERVISION, shown_trust
from w2sg.lab.setup import TEST, Setup
from w2sg.lab.steps import CURVE, TRANSFER, curve_of
from w2sg.measure import Interval, Paired, Pgr, bootstrap_pgrs, mean_overlap, pgr

if TYPE_CHECKING:
    from w2sg.lab.comparisons import Comparison
    from w2sg.lab.sequential import SeedStopping

LEVEL = 0.95
ALPHA = 0.05
"""A method beats or hurts where its p-value, adjusted by Holm within the comparison, is below this."""
MARGIN = 0.01
"""Mean differences of less accuracy than this are called equivalent, unless another margin is given."""
UNRECORDED = "not recorded"
BOOTSTRAP_RESAMPLES = 1000


@dataclass(frozen=True, eq=False)
class TestSet:
    """One test set over all seeds: the PGR and everything it rests on, and the metrics' means over seeds.

    `evidence` is who was right on which example; `direct` is the same with the student trained on supervision gold.
    `by_seed` has the metrics of each seed, in their order; results that were not made from runs have none.
    `intervals` has those of `agreement`, `errors_copied`, and for each of weak, student and ceiling `auroc`,
    `balanced_accuracy` and `calibration_error`, as far as they are defined (see `w2sg.lab.intervals`).
    """

    name: str
    pgr: Pgr
    bootstrap: Interval | None
    means: Mapping[str, Any]
    evidence: Paired = field(repr=False)
    direct: Paired | None = field(default=None, repr=False)
    intervals: Mapping[str, Any] = field(default_factory=dict)
    by_seed: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    @property
    def direct_pgr(self) -> Pgr | None:
        """What the student reaches that is trained on supervision gold in the place of weak labels; None without."""
        return None if self.direct is None else pgr(self.direct, level=LEVEL)


@dataclass(frozen=True, eq=False, repr=False)
class SetupResult(Showable):
    """A setup over its seeds; `counts` says what became of the task's rows: the least and the most over seeds.

    `curves` are those of the student's trainings, by seed; None where a training was none by gradient.
    """

    setup: Setup
    label: Mapping[str, str]
    seeds: tuple[int, ...]
    tests: Mapping[str, TestSet]
    run_ids: tuple[str, ...]
    weak_label_accuracy: float
    train_s: float
    gold: tuple[Mapping[str, Any], ...]
    versions: Mapping[str, str]
    trust: str = UNRECORDED
    wall_s: float = 0.0
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    curves: tuple[TrainingCurve | None, ...] = field(default=(), repr=False)

    @property
    def pgr(self) -> Pgr:
        """The PGR on the test set in distribution."""
        return self.tests[TEST].pgr

    @property
    def config(self) -> str:
        """The hash of the setup's configuration."""
        return self.setup.digest()

    def digest(self, part: str) -> str:
        """Return the hash of one part of the setup: of its task, supervisor, student or method."""
        digest: str = getattr(self.setup, part).digest()
        return digest

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the document of `w2sg run --json`."""
        main, share = self.tests[TEST], self.pgr
        direct = main.direct_pgr
        return {
            "setup": self.setup.model_dump(mode="json"),
            "label": dict(self.label),
            "config": self.config,
            "seeds": list(self.seeds),
            "n_test": round(share.n_test),
            "n_examples": share.n_examples,
            "weak_accuracy": share.weak.estimate,
            "student_accuracy": share.student.estimate,
            "ceiling_accuracy": share.ceiling.estimate,
            "direct_accuracy": None if direct is None else direct.student.estimate,
            "weak_label_accuracy": self.weak_label_accuracy,
            "pgr": _pgr_dict(main),
            "direct_pgr": None if direct is None else {key: getattr(direct, key) for key in PGR_KEYS},
            "agreement": main.means["agreement"],
            "errors_copied": main.means["errors_copied"],
            "intervals": {who: asdict(getattr(share, who)) for who in INTERVALS},
            "tests": {
                name: {"pgr": _pgr_dict(test), **test.means, "intervals": plain_intervals(test.intervals)}
                for name, test in self.tests.items()
            },
            "run_ids": list(self.run_ids),
            "gold": [dict(handout) for handout in self.gold],
            "counts": {name: list(least_and_most) for name, least_and_most in self.counts.items()},
            "versions": dict(self.versions),
            "trust": self.trust,
            "train_s": self.train_s,
            "wall_s": self.wall_s,
        }

    def __repr__(self) -> str:
        seeds = wording.quantity(len(self.seeds), "seed")
        return f"SetupResult({' / '.join(self.label.values())}, {seeds}, {_shown_pgr(self)})"


INTERVALS = ("weak", "student", "ceiling", "gain", "shortfall", "gap")


@dataclass(frozen=True, eq=False, repr=False)
class StudyResult(Showable):
    """A study: its setups over their seeds, and the comparisons of its methods, one for each place.

    `families` are those that the study names, by the digest of the task; `stopping` says why no more seeds were added
    where there were to be as many as it takes.
    """

    name: str
    results: tuple[SetupResult, ...]
    comparisons: "tuple[Comparison, ...]"
    steps_done: Mapping[str, int] = field(default_factory=dict)
    wall_s: float = 0.0
    failed: tuple[FailedRun, ...] = ()
    families: Mapping[str, str] = field(default_factory=dict)
    stopping: "SeedStopping | None" = None

    def failures(self) -> str:
        """Return how many runs failed, and why the first of them did."""
        return failures_message(self.failed, self.n_runs + len(self.failed))

    @property
    def n_runs(self) -> int:
        """The number of runs."""
        return sum(len(result.seeds) for result in self.results)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the document of `w2sg study --json`."""
        return {
            "study": self.name,
            "n_runs": self.n_runs,
            "steps_done": dict(self.steps_done),
            "results": [result.to_dict() for result in self.results],
            "contests": [comparison.to_dict() for comparison in self.comparisons if comparison.rivals],
            "failed": [asdict(run) for run in self.failed],
            "stopping": None if self.stopping is None else plain(asdict(self.stopping), sparse=False),
            "wall_s": self.wall_s,
        }

    def __repr__(self) -> str:
        setups, runs = (wording.quantity(n, noun) for n, noun in ((len(self.results), "setup"), (self.n_runs, "run")))
        shown = [f"  {' / '.join(one.label.values())}: {_shown_pgr(one)}" for one in self.results[:MOST_SHOWN]]
        more = [f"  and {len(self.results) - MOST_SHOWN} more"] if len(self.results) > MOST_SHOWN else []
        return "\n".join([f"StudyResult({self.name}, {setups}, {runs})", *shown, *more])


def _shown_pgr(result: SetupResult) -> str:
    share = result.pgr
    return f"no PGR: gap {wording.interval(share.gap)}" if share.estimate is None else f"PGR {wording.interval(share)}"


def summarise(records: Sequence[Run], titles: Mapping[str, str] | None = None) -> list[SetupResult]:
    """Return one result for each setup, in the order of the records.

    Args:
        records: The runs.
        titles: Names to show for parts, by the digest of the part.
    """
    groups: dict[str, list[Run]] = {}
    for record in records:
        groups.setdefault(record.setup.digest(), []).append(record)
    # The order of the records decides only the order of the results, never a number.
    return _bootstrapped([_summarise(group, titles or {}) for group in groups.values()])


def _bootstrapped(results: Sequence[SetupResult]) -> list[SetupResult]:
    """Return the results with their bootstrap intervals, which are made together because they share resamples.

    The stream depends on the test set's name alone, so a setup has the same interval in whatever study it stands.
    """
    checked = [dict(result.tests) for result in results]
    for name in dict.fromkeys(name for tests in checked for name in tests):
        # A refused PGR has no bootstrap either: a ratio over a gap that may be zero is noise in whatever way it is
        # made.
        sets = [tests for tests in checked if name in tests and tests[name].pgr.estimate is not None]
        evidence, rng = [tests[name].evidence for tests in sets], derive(0, "bootstrap", name)
        intervals = bootstrap_pgrs(evidence, rng=rng, level=LEVEL, resamples=BOOTSTRAP_RESAMPLES)
        for tests, interval in zip(sets, intervals, strict=True):
            tests[name] = replace(tests[name], bootstrap=interval)
    return [replace(result, tests=tests) for result, tests in zip(results, checked, strict=True)]


def _summarise(records: Sequence[Run], titles: Mapping[str, str]) -> SetupResult:
    # Sorted by seed, so that pairs with another method of the same seeds meet row by row.
    records = sorted(records, key=lambda record: record.seed)
    first, results = records[0].setup, [record.result for record in records]
    names = list(results[0]["metrics"])
    tests = {name: _test_set(name, records, results) for name in names if name != "transfer"}
    transfer = [result["metrics"]["transfer"] for result in results]
    # Equal hand-outs of several seeds are one row with a count, because a study of 100 seeds would list hundreds.
    gold = Counter((h["purpose"], h["split"], h["n"]) for result in results for h in result["gold"])
    return SetupResult(
        setup=first,
        label=first.label(titles),
        seeds=tuple(record.seed for record in records),
        tests=tests,
        run_ids=tuple(record.id for record in records),
        weak_label_accuracy=float(np.mean([metrics["weak_accuracy"] for metrics in transfer])),
        # A student that was lost after it was scored has left no time behind.
        train_s=float(sum(result["steps"].get("student", {}).get("seconds", np.nan) for result in results)),
        gold=tuple({"purpose": p, "split": s, "n": n, "times": times} for (p, s, n), times in gold.items()),
        versions=results[0]["versions"],
        counts=_least_and_most([result.get("counts", {}) for result in results]),
        curves=tuple(curve_of(record.evidence, f"{CURVE}/student") for record in records),
        trust="; ".join(sorted({_trust(result) for result in results})),
    )


def _trust(result: Mapping[str, Any]) -> str:
    """Return where a run's numbers were made; runs of version 0.1 do not say."""
    return shown_trust(result["trust"]) if "trust" in result else UNRECORDED


def _least_and_most(counts: Sequence[Mapping[str, int]]) -> dict[str, tuple[int, int]]:
    """Return each count over seeds, as its least and its most; one that a seed does not name is 0 there."""
    names = dict.fromkeys(name for of_seed in counts for name in of_seed)
    found = {name: [of_seed.get(name, 0) for of_seed in counts] for name in names}
    return {name: (min(numbers), max(numbers)) for name, numbers in found.items()}


def _test_set(name: str, records: Sequence[Run], results: Sequence[Mapping[str, Any]]) -> TestSet:
    def column(what: str) -> tuple[AnyArray, ...]:
        return tuple(np.asarray(record.evidence[f"{name}.{what}"]) for record in records)

    seeds = tuple(record.seed for record in records)
    groups = column("groups") if f"{name}.groups" in records[0].evidence else None
    correct = column("weak"), column("student"), column("ceiling")
    evidence = Paired(seeds, column("ids"), *correct, groups=groups, shared_training=_shared_training(records))
    metrics = [result["metrics"][name] for result in results]
    plain_metrics = [{key: value for key, value in one.items() if key not in (SAMPLING, DRAWS)} for one in metrics]
    means = _mean(plain_metrics)
    intervals = metric_intervals(metrics, evidence, LEVEL)
    known = all(f"{name}.direct" in record.evidence for record in records)
    direct = evidence.with_student(column("direct")) if known else None
    share = pgr(evidence, level=LEVEL)
    return TestSet(name, share, None, means, evidence, direct, intervals, tuple(plain_metrics))


def _shared_training(records: Sequence[Run]) -> float | None:
    """Return the share of a seed's training rows that another seed trains on too; runs of old stores do not say."""
    splits = [f"{SUPERVISION}.ids", f"{TRANSFER}.ids"]
    if any(name not in record.evidence for record in records for name in splits):
        return None
    return mean_overlap([np.concatenate([record.evidence[name] for name in splits]) for record in records])


def _mean(items: Sequence[Any]) -> Any:
    """Return the mean over seeds of equally built metrics, leaf by leaf; what is None for a seed is left out."""
    if isinstance(items[0], Mapping):
        # A group of examples may be missing under some seeds, so the keys of all seeds are taken, in their first order.
        keys = dict.fromkeys(key for item in items for key in item)
        return {key: _mean([item[key] for item in items if key in item]) for key in keys}
    numbers = [item for item in items if item is not None]
    return float(np.mean(numbers)) if numbers else None


PGR_KEYS = ("estimate", "low", "high", "level", "reason", "method", "n_seeds", "n_examples", "set", "estimand")


def _pgr_dict(test: TestSet) -> dict[str, Any]:
    shown = {key: getattr(test.pgr, key) for key in PGR_KEYS}
    check = None if test.bootstrap is None else {k: getattr(test.bootstrap, k) for k in ("low", "high", "method")}
    return {**shown, "bootstrap": check, "note": test.pgr.note}
