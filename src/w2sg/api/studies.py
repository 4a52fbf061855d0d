"""What is asked of a study as a whole: its league, two of its methods, how many seeds it needs."""

from pathlib import Path

from w2sg import lab
from w2sg.graph import Progress
from w2sg.lab import StudentsCompared, Study, StudyResult

AnyStudy = StudyResult | Study | str | Path
"""A study's result; or a study, the path of its file or the name by which the store knows it, which is then made."""


def result_of_study(
    study: AnyStudy,
    *,
    store: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> StudyResult:
    """Return a study's result, making what the store lacks."""
    if isinstance(study, StudyResult):
        return study
    known = isinstance(study, str) and not study.endswith(".toml")
    given = lab.known_study(str(study), store=lab.existing_store(store)) if known else study
    return lab.study(given, store=store, workers=workers, yes=known, progress=progress)


def compare(
    first: str,
    second: str,
    *,
    study: AnyStudy | None = None,
    examples: int = 10,
    store: str | Path | None = None,
    progress: Progress | None = None,
) -> StudentsCompared:
    """Compare two students, paired on the same test examples: two methods of a study, or two stored runs.

    Args:
        first: A method of the study, by its name or title; without a study the beginning of a run's id.
        second: Another. Runs must be of one task under one seed.
        study: The study, or its result.
        examples: At most so many examples of each test set on which they differ.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        progress: Told how many runs are done, of how many.

    Returns:
        On each test set of each place the difference with its interval, and the examples.

    Raises:
        InputError: If there are no two such students on the same data.

    Example:
        >>> import w2sg
        >>> found = w2sg.compare("naive", "confidence", study="digits")  # doctest: +SKIP
        >>> print(found.places[0].tests[0].paired.difference)  # doctest: +SKIP
    """
    if study is not None:
        result = result_of_study(study, store=store, progress=progress)
        compared = lab.compare_in_study(result, first, second)
    else:
        runs = [lab.known_run(lab.existing_store(store), name) for name in (first, second)]
        compared = lab.compare_stored(runs[0], runs[1], store=lab.existing_store(store))
    return lab.with_examples(compared, store=lab.existing_store(store), most=examples, progress=progress)
