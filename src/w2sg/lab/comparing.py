"""Two students held against each other on every test set: two methods of a study, or two stored runs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from w2sg.core import InputError
from w2sg.graph import REFUSED, Keys, Progress, Result, Store, artifacts_of
from w2sg.lab.comparisons import Names, by_place, differences, result_of_method
from w2sg.lab.examples import ExamplesOfRun, ShownExample, shown_examples
from w2sg.lab.outcomes import Run
from w2sg.lab.page_examples import score_under
from w2sg.lab.results import SetupResult, StudyResult, summarise
from w2sg.lab.runs import result_of
from w2sg.lab.setup import Setup
from w2sg.measure import PairedDifference, holm

MOST_DIFFERING = 10
"""Examples of each test set that are shown where nothing else is asked for."""


@dataclass(frozen=True, eq=False)
class TestSetCompared:
    """How two students differ on a test set.

    Attributes:
        test: The test set.
        paired: The second one's accuracy minus the first one's; Holm's correction is over all rows of the comparison.
        only_first: On how many test examples, over all seeds, the first alone is right.
        only_second: The same of the second.
        both: On how many both are.
        neither: On how many none is.
    """

    test: str
    paired: PairedDifference
    only_first: int
    only_second: int
    both: int
    neither: int


@dataclass(frozen=True, eq=False)
class PlaceCompared:
    """Two students in one place: the same task under the same seeds.

    Attributes:
        place: Its name.
        first: What came out of the first.
        second: What came out of the second.
        tests: How they differ on each test set.
        examples: Examples of the first seed that they answer differently.
    """

    place: str
    first: SetupResult
    second: SetupResult
    tests: tuple[TestSetCompared, ...]
    examples: tuple[ShownExample, ...] = ()


@dataclass(frozen=True, eq=False)
class StudentsCompared:
    """Two students held against each other.

    Attributes:
        of: What they are taken from.
        first: The name of the first.
        second: The name of the second.
        places: Where both are.
        left_out: Why examples or places are left out.
    """

    of: str
    first: str
    second: str
    places: tuple[PlaceCompared, ...]
    left_out: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        places = [
            {
                "place": place.place,
                "seeds": list(place.first.seeds),
                "tests": [asdict(test) for test in place.tests],
                "examples": [asdict(example) for example in place.examples],
            }
            for place in self.places
        ]
        named = {name: getattr(self, name) for name in ("of", "first", "second")}
        return {**named, "places": places, "left_out": list(self.left_out)}


def compare_in_study(study: StudyResult, first: str, second: str) -> StudentsCompared:
    """Compare two methods of a study in every place that has both under the same seeds.

    Args:
        study: The study's result.
        first: A method: its name, or its title in the study.
        second: Another.

    Raises:
        InputError: If no place has both under the same seeds, or they are one.
    """
    names = Names(study.results)
    pairs: list[tuple[str, SetupResult, SetupResult]] = []
    left_out: list[str] = []
    for group in by_place(study.results):
        place = " / ".join(names.of(group[0], part) for part in ("task", "supervisor", "student"))
        found = [result_of_method(group, name) for name in (first, second)]
        if found[0] is None or found[1] is None:
            left_out.append(f"{place}: has no {first if found[0] is None else second}")
        elif found[0].seeds != found[1].seeds:
            left_out.append(f"{place}: they have other seeds")
        else:
            pairs.append((place, found[0], found[1]))
    if not pairs or any(one.config == other.config for _, one, other in pairs):
        known = ", ".join(dict.fromkeys(names.of(result, "method") for result in study.results))
        raise InputError(
            f"compare takes two methods that study {study.name!r} has under the same seeds on a task, got {first!r} "
            f"and {second!r}: it has {known}"
        )
    return StudentsCompared(f"study {study.name}", first, second, _compared(pairs), tuple(left_out))


def compare_stored(first: Result, second: Result, *, store: str | Path) -> StudentsCompared:
    """Compare the students of two stored runs on the same task under the same seed.

    Args:
        first: A run, as the store lists it.
        second: Another.
        store: The store that has them.

    Raises:
        InputError: If they are one run, have other data, were refused, or their results are lost.
    """
    if first.key == second.key:
        raise InputError(f"compare takes two runs, got {first.key[:12]} twice")
    with Store(store) as opened:
        one, other = (summarise([_run_of(opened, result)])[0] for result in (first, second))
    if one.setup.task != other.setup.task or one.seeds != other.seeds:
        raise InputError(
            f"runs {first.key[:8]} and {second.key[:8]} have no test examples in common that are known to be: they "
            "must be of one task under one seed; compare two methods of a study by --study"
        )
    names = [f"{result.key[:8]} ({of.label['method']})" for result, of in ((first, one), (second, other))]
    same = {part for part in ("task", "supervisor", "student") if one.digest(part) == other.digest(part)}
    place = " / ".join(one.label[part] for part in ("task", "supervisor", "student") if part in same)
    return StudentsCompared("two runs", names[0], names[1], _compared([(place, one, other)]))


def with_examples(
    compared: StudentsCompared,
    *,
    store: str | Path,
    most: int = MOST_DIFFERING,
    progress: Progress | None = None,
) -> StudentsCompared:
    """Return a comparison with examples of each place's first seed that the students answer differently.

    Args:
        compared: The comparison.
        store: The store that has the runs.
        most: At most so many of each test set; those come first on which they differ most.
        progress: Told how many places are done, of how many.

    Raises:
        RunError: If a task cannot be loaded any more.
    """
    keys = Keys()
    steps: dict[int, ExamplesOfRun] = {}
    left_out: list[str] = []
    for number, place in enumerate(compared.places if most else ()):
        pair = [score_under(result, result.seeds[0]) for result in (place.first, place.second)]
        if [keys.of(score) for score in pair] == [place.first.run_ids[0], place.second.run_ids[0]]:
            steps[number] = ExamplesOfRun(score=pair[0], other=pair[1], disputed=most, at_random=0, seed=pair[0].seed)
        else:
            left_out.append(f"{place.place}: no examples, for the runs were made by other code or data")
    artifacts = artifacts_of(list(steps.values()), Path(store), workers=1, progress=progress)
    shown = {number: shown_examples(artifact) for number, artifact in zip(steps, artifacts, strict=True)}
    places = tuple(replace(place, examples=shown.get(number, ())) for number, place in enumerate(compared.places))
    return replace(compared, places=places, left_out=(*compared.left_out, *left_out))


def _run_of(store: Store, result: Result) -> Run:
    artifact = store.get(result.key)
    if artifact is None or REFUSED in artifact.record:
        raise InputError(f"run {result.key[:12]} has no answers: it was refused, or is lost; make it again")
    setup = Setup.parse(result.about)
    return Run(result.key, setup, result.seed, result_of(store, result.key, artifact.record), artifact.arrays)


def _compared(pairs: Sequence[tuple[str, SetupResult, SetupResult]]) -> tuple[PlaceCompared, ...]:
    raw = [
        [(test, found) for test in first.tests for found in differences(first, {"": second}, test).values()]
        for _, first, second in pairs
    ]
    adjusted = iter(holm([found.p_value for rows in raw for _, found in rows]).tolist())
    places = []
    for (place, first, second), rows in zip(pairs, raw, strict=True):
        # In units of the gap only where both have the same one.
        same = all(first.digest(part) == second.digest(part) for part in ("supervisor", "student"))
        tests = []
        for test, found in rows:
            paired = replace(found, p_adjusted=next(adjusted), pgr_difference=found.pgr_difference if same else None)
            tests.append(TestSetCompared(test, paired, **_counts(first, second, test)))
        places.append(PlaceCompared(place, first, second, tuple(tests)))
    return tuple(places)


def _counts(first: SetupResult, second: SetupResult, test: str) -> Mapping[str, int]:
    one, other = (np.concatenate(result.tests[test].evidence.student) for result in (first, second))
    return {
        "only_first": int((one & ~other).sum()),
        "only_second": int((other & ~one).sum()),
        "both": int((one & other).sum()),
        "neither": int((~one & ~other).sum()),
    }
