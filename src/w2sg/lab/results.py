"""What came out: the summary of a setup over its seeds, and of a study."""

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from w2sg.core import AnyArray, derive
from w2sg.lab.runs import FailedRun, Run
from w2sg.lab.setup import Setup
from w2sg.measure import Comparison, Interval, Paired, Pgr, bootstrap_pgr, compare_all, pgr

LEVEL = 0.95
TEST = "test"
REFERENCE = "naive"
BOOTSTRAP_RESAMPLES = 1000


@dataclass(frozen=True, eq=False)
class TestSet:
    """One test set over all seeds: the PGR and everything it rests on, and the metrics' means over seeds."""

    name: str
    pgr: Pgr
    bootstrap: Interval | None
    means: Mapping[str, Any]
    evidence: Paired = field(repr=False)


@dataclass(frozen=True, eq=False)
class SetupResult:
    """A setup over its seeds."""

    setup: Setup
    label: Mapping[str, str]
    seeds: tuple[int, ...]
    tests: Mapping[str, TestSet]
    run_ids: tuple[str, ...]
    weak_label_accuracy: float
    train_s: float
    gold: tuple[Mapping[str, Any], ...]
    versions: Mapping[str, str]
    wall_s: float = 0.0

    @property
    def pgr(self) -> Pgr:
        """The PGR on the test set in distribution."""
        return self.tests[TEST].pgr

    @property
    def config(self) -> str:
        """The hash of the setup's configuration."""
        return self.setup.digest()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the document of `w2sg run --json`."""
        main, found = self.tests[TEST], self.pgr
        return {
            "setup": self.setup.model_dump(mode="json"),
            "label": dict(self.label),
            "config": self.config,
            "seeds": list(self.seeds),
            "n_test": round(found.n_test),
            "n_examples": found.n_examples,
            "weak_accuracy": found.weak.estimate,
            "student_accuracy": found.student.estimate,
            "ceiling_accuracy": found.ceiling.estimate,
            "weak_label_accuracy": self.weak_label_accuracy,
            "pgr": _pgr_dict(main),
            "agreement": main.means["agreement"],
            "errors_copied": main.means["errors_copied"],
            "intervals": {who: asdict(getattr(found, who)) for who in INTERVALS},
            "tests": {name: {"pgr": _pgr_dict(test), **test.means} for name, test in self.tests.items()},
            "run_ids": list(self.run_ids),
            "gold": [dict(handout) for handout in self.gold],
            "versions": dict(self.versions),
            "train_s": self.train_s,
            "wall_s": self.wall_s,
        }

    def _repr_html_(self) -> str:
        found = self.pgr
        cells = "".join(
            f"<tr><th style='text-align:left'>{who}</th><td>{getattr(found, who)}</td></tr>" for who in INTERVALS
        )
        return f"<table><caption>{html.escape(' / '.join(self.label.values()))}<br>{found}</caption>{cells}</table>"


INTERVALS = ("weak", "student", "ceiling", "gain", "shortfall", "gap")


@dataclass(frozen=True, eq=False)
class Contest:
    """The methods of one task, supervisor and student, compared with the reference method on the same runs."""

    label: Mapping[str, str]
    reference: str
    comparisons: Mapping[str, Comparison]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        compared = {name: asdict(comparison) for name, comparison in self.comparisons.items()}
        return {"label": dict(self.label), "reference": self.reference, "comparisons": compared}


@dataclass(frozen=True, eq=False)
class StudyResult:
    """A study: its setups over their seeds, and the paired comparisons of its methods."""

    name: str
    results: tuple[SetupResult, ...]
    contests: tuple[Contest, ...]
    steps_done: Mapping[str, int] = field(default_factory=dict)
    wall_s: float = 0.0
    failed: tuple[FailedRun, ...] = ()

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
            "contests": [contest.to_dict() for contest in self.contests],
            "wall_s": self.wall_s,
        }

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(' / '.join(r.label.values()))}</td><td>{html.escape(str(r.pgr))}</td></tr>"
            for r in self.results
        )
        return f"<table><caption>{html.escape(self.name)}: {self.n_runs} runs</caption>{rows}</table>"


def summarise(records: Sequence[Run], titles: Mapping[str, str] | None = None) -> list[SetupResult]:
    """Return one result for each setup, in the order of the records.

    Args:
        records: The runs.
        titles: Names to show for parts, by the digest of the part.
    """
    groups: dict[str, list[Run]] = {}
    for record in records:
        groups.setdefault(record.setup.digest(), []).append(record)
    return [_summarise(group, titles or {}) for group in groups.values()]


def contests(results: Sequence[SetupResult], reference: str = REFERENCE) -> list[Contest]:
    """Return the paired comparisons: within each task, supervisor and student, every method with the reference.

    The reference is the method of that name, or the task's default method, or the first where neither is there.
    Holm's correction runs over all comparisons of one contest. Only seeds that both methods have are compared.
    """
    groups: dict[tuple[str, str, str], list[SetupResult]] = {}
    for result in results:
        parts = result.setup
        groups.setdefault((parts.task.digest(), parts.supervisor.digest(), parts.student.digest()), []).append(result)
    found = []
    for group in groups.values():
        wanted = (reference, group[0].setup.task.default_method)
        first = next((r for name in wanted for r in group if r.label["method"] == name), group[0])
        rivals = [result for result in group if result is not first and result.seeds == first.seeds]
        if rivals:
            others = {_method_name(result, rivals): result.tests[TEST].evidence.student for result in rivals}
            label = {part: name for part, name in first.label.items() if part != "method"}
            comparisons = compare_all(first.tests[TEST].evidence, others, level=LEVEL)
            found.append(Contest(label, first.label["method"], comparisons))
    return found


def _method_name(result: SetupResult, among: Sequence[SetupResult]) -> str:
    name = result.label["method"]
    same = [other for other in among if other.label["method"] == name]
    return name if len(same) == 1 else f"{name} {result.config[:6]}"


def _summarise(records: Sequence[Run], titles: Mapping[str, str]) -> SetupResult:
    records = sorted(records, key=lambda record: record.seed)
    first, results = records[0].setup, [record.result for record in records]
    names = list(results[0]["metrics"])
    tests = {name: _test_set(name, records, results) for name in names if name != "transfer"}
    transfer = [result["metrics"]["transfer"] for result in results]
    gold = Counter((h["purpose"], h["split"], h["n"]) for result in results for h in result["gold"])
    return SetupResult(
        setup=first,
        label=first.label(titles),
        seeds=tuple(record.seed for record in records),
        tests=tests,
        run_ids=tuple(record.id for record in records),
        weak_label_accuracy=float(np.mean([one["weak_accuracy"] for one in transfer])),
        train_s=float(sum(result["steps"]["student"]["seconds"] for result in results)),
        gold=tuple({"purpose": p, "split": s, "n": n, "times": times} for (p, s, n), times in gold.items()),
        versions=results[0]["versions"],
    )


def _test_set(name: str, records: Sequence[Run], results: Sequence[Mapping[str, Any]]) -> TestSet:
    def column(what: str) -> tuple[AnyArray, ...]:
        return tuple(np.asarray(record.evidence[f"{name}.{what}"]) for record in records)

    seeds = tuple(record.seed for record in records)
    groups = column("groups") if f"{name}.groups" in records[0].evidence else None
    evidence = Paired(seeds, column("ids"), column("weak"), column("student"), column("ceiling"), groups=groups)
    found = pgr(evidence, level=LEVEL)
    bootstrap = None
    if found.estimate is not None:
        rng = derive(0, "bootstrap", records[0].setup.digest(), name)
        bootstrap = bootstrap_pgr(evidence, rng=rng, level=LEVEL, resamples=BOOTSTRAP_RESAMPLES)
    return TestSet(name, found, bootstrap, _mean([result["metrics"][name] for result in results]), evidence)


def _mean(items: Sequence[Any]) -> Any:
    """Return the mean over seeds of equally built metrics, leaf by leaf; what is None for a seed is left out."""
    if isinstance(items[0], Mapping):
        keys = dict.fromkeys(key for item in items for key in item)
        return {key: _mean([item[key] for item in items if key in item]) for key in keys}
    numbers = [item for item in items if item is not None]
    return float(np.mean(numbers)) if numbers else None


def _pgr_dict(test: TestSet) -> dict[str, Any]:
    found = test.pgr
    bootstrap = None if test.bootstrap is None else {k: getattr(test.bootstrap, k) for k in ("low", "high", "method")}
    return {
        "estimate": found.estimate,
        "low": found.low,
        "high": found.high,
        "level": found.level,
        "reason": found.reason,
        "method": found.method,
        "n_seeds": found.n_seeds,
        "n_examples": found.n_examples,
        "bootstrap": bootstrap,
        "note": found.note,
    }
