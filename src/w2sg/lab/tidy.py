"""Results as tidy rows: one row a run and test set, each number in a column of its own."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from w2sg.lab.league import League
from w2sg.lab.results import SetupResult, StudyResult, TestSet
from w2sg.lab.setup import PARTS

Tidy = StudyResult | SetupResult | League
WHO = ("weak", "student", "ceiling")
METRICS = ("balanced_accuracy", "auroc", "ece")


def tidy_rows(result: Tidy) -> list[dict[str, Any]]:
    """Return one row for each run and test set, as plain data; all rows have the same columns.

    Accuracies are fractions of the `n_test` examples; the PGR is of the run alone, without an interval, and is None
    where its own gap, ceiling minus weak, is below the minimum gap. `pgr_given` says whether a PGR is given for the
    setup over all its seeds on this test set. What a run lacks is None.

    Args:
        result: What came out: of a study, one setup, or a league, whose rows are those of the runs that it compares.
    """
    name, results = _results_of(result)
    return [row for one in results for row in _rows(one, name)]


def _results_of(result: Tidy) -> tuple[str | None, Sequence[SetupResult]]:
    if isinstance(result, SetupResult):
        return None, (result,)
    if isinstance(result, StudyResult):
        return result.name, result.results
    return result.study, [entrant.result for arena in result.arenas for entrant in arena.entrants]


def _rows(result: SetupResult, study: str | None) -> Iterator[dict[str, Any]]:
    for place, (seed, run) in enumerate(zip(result.seeds, result.run_ids, strict=True)):
        for test in result.tests.values():
            yield {
                "study": study,
                **{part: result.label[part] for part in PARTS},
                "seed": seed,
                "test_set": test.name,
                **_numbers(test, place),
                "trust": result.trust,
                "config": result.config,
                "run": run,
            }


def _numbers(test: TestSet, place: int) -> dict[str, Any]:
    """Return what came out of one run on a test set."""
    found, direct = test.evidence, test.direct
    accuracies = {who: float(np.mean(getattr(found, who)[place])) for who in WHO}
    weak, student, ceiling = (accuracies[who] for who in WHO)
    gap = ceiling - weak
    own: Mapping[str, Any] = test.by_seed[place] if test.by_seed else {}
    return {
        "n_test": len(found.ids[place]),
        **{f"{who}_accuracy": accuracy for who, accuracy in accuracies.items()},
        "direct_accuracy": None if direct is None else float(np.mean(direct.student[place])),
        "pgr": (student - weak) / gap if gap > 0 and gap >= test.pgr.minimum_gap else None,
        "pgr_given": test.pgr.reason is None,
        "agreement": own.get("agreement"),
        "errors_copied": own.get("errors_copied"),
        **{f"{who}_{metric}": own.get(who, {}).get(metric) for who in WHO for metric in METRICS},
    }
