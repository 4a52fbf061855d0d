"""What is asked of a study as a whole: its league, two of its methods, how many seeds it needs, its factors."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from w2sg import lab
from w2sg.graph import Progress
from w2sg.lab import League, Plan, Preflight, Setup, StudentsCompared, Study, StudyResult

if TYPE_CHECKING:
    from w2sg.batteries import Battery
    from w2sg.desiderata import Specification
    from w2sg.factors import FactorResults, FactorStudy, Optimised
    from w2sg.theory import Scoreboard

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
    # Somebody meant it already where the store knows the study.
    known = isinstance(study, str) and not study.endswith(".toml")
    return lab.study(study_of(study, store), store=store, workers=workers, yes=known, progress=progress)


def study_of(study: Study | str | Path, store: str | Path | None) -> Study:
    """Return a study, that of a file, or that of a name which the store or the package knows."""
    return study if isinstance(study, Study) else lab.study_by_name(str(study), store=store)


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


def league(
    study: AnyStudy,
    *,
    reference: str = "naive",
    margin: float = 0.01,
    store: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> League:
    """Rank the methods of a study over its tasks, and say which hurt where.

    Args:
        study: The study, its file, its name in the store, or its result.
        reference: The method that all others are compared with.
        margin: Mean differences of less accuracy are equivalent.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        workers: Processes; None chooses.
        progress: Told how many runs are done, of how many.

    Returns:
        The league; `standings` has its methods in their order.

    Raises:
        InputError: If no task of the study has the reference and another method under the same seeds.
        RunError: If no run could be made.

    Example:
        >>> import w2sg
        >>> w2sg.league("studies/league.toml").standing("confidence").verdict  # doctest: +SKIP
    """
    result = result_of_study(study, store=store, workers=workers, progress=progress)
    return lab.league_of(result, reference, margin=margin)


def preflight(
    study: Study | str | Path,
    *,
    store: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Preflight:
    """Look at a study's data, and try the first setup of each task under its first two seeds: runs of the study.

    Args:
        study: The study, its file or its name.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        workers: Processes; None chooses.
        progress: Told how many runs are done, of how many.

    Returns:
        What was found; `ready` says whether nothing must be mended first.

    Raises:
        InputError: If the study breaks a rule.
        RunError: If a run fails for another reason than its data.
    """
    folder = lab.default_store() if store is None else Path(store)
    return lab.preflight(study_of(study, store), store=folder, workers=workers, progress=progress)


def power(
    study: AnyStudy,
    *,
    effect: float = 0.02,
    probability: float = 0.8,
    method: str | None = None,
    store: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Say how many seeds, test examples and tasks an effect needs, by the variance in a study.

    Args:
        study: The pilot: a study, its file, its name in the store, or its result.
        effect: The difference in accuracy to be shown.
        probability: With which probability it is to be shown.
        method: Whose variance counts; None takes the mean over methods.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        workers: Processes; None chooses.
        progress: Told how many runs are done, of how many.

    Returns:
        The plan: `rows` says for numbers of seeds what they can show.

    Raises:
        InputError: If a number is out of range, or the study has no two methods under the same two seeds.
    """
    result = result_of_study(study, store=store, workers=workers, progress=progress)
    return lab.plan_of(result, effect=effect, power=probability, method=method)


def battery(
    setup: Setup | str = "facts",
    *,
    seeds: int = 10,
    only: Sequence[str] = (),
    store: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> "Battery":
    """Turn up each way in which a setup differs from supervising something superhuman, and see what PGR does.

    Args:
        setup: A setup (`w2sg.make_setup`), or a task whose default setup is meant.
        seeds: How many seeds, at least 2.
        only: Names of disanalogies; empty takes all that apply.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        workers: Processes; None chooses.
        progress: Told how many runs are done, of how many.

    Returns:
        What each disanalogy does, and why others do not apply.

    Raises:
        InputError: If there are fewer than 2 seeds, or nothing applies.
        RunError: If runs failed.
    """
    from w2sg.batteries import run_battery

    given = setup if isinstance(setup, Setup) else lab.make_setup(setup)
    return run_battery(given, range(seeds), only=only, store=store, workers=workers, progress=progress)


def run_factors(
    study: "FactorStudy | str | Path",
    *,
    store: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> "FactorResults":
    """Turn factors of a study's setups, and say what each does to the gain and to requirements.

    Args:
        study: The study of factors, or its file.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        workers: Processes; None chooses.
        progress: Told how many runs are done, of how many.

    Returns:
        The effects, and whether their signs are those that theory predicts.

    Raises:
        InputError: If the study breaks a rule, or its points do not tell its factors apart.
        RunError: If runs failed.
    """
    from w2sg.factors import FactorStudy
    from w2sg.factors import run_factors as run

    given = study if isinstance(study, FactorStudy) else FactorStudy.read(study)
    return run(given, store=store, workers=workers, progress=progress)


def optimise(
    specification: "Specification | str | Path",
    study: "FactorStudy | str | Path",
    *,
    trials: int = 30,
    seed: int = 0,
    store: str | Path | None = None,
    workers: int | None = None,
) -> "Optimised":
    """Choose settings of factors on some tasks so that a specification is met, and judge them on others.

    Args:
        specification: What is to be met, or its file.
        study: A study of factors that names its `choosing` and `left_out` tasks, or its file.
        trials: How many points are tried.
        seed: Of the search.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        workers: Processes; None chooses.

    Returns:
        What was chosen, beside the best single change and the best of points drawn at random.

    Raises:
        InputError: If tasks are not named, or fewer than two families are on either side.
        RunError: If runs failed.
    """
    from w2sg.desiderata import Specification
    from w2sg.factors import FactorStudy
    from w2sg.factors import optimise as search

    asked = specification if isinstance(specification, Specification) else Specification.read(specification)
    given = study if isinstance(study, FactorStudy) else FactorStudy.read(study)
    return search(asked, given, trials=trials, seed=seed, store=store, workers=workers)


def scoreboard(
    study: Study | str | Path | None = None,
    *,
    labels: Sequence[int] = (50, 200),
    families: int = 200,
    store: str | Path | None = None,
    workers: int | None = None,
) -> "Scoreboard":
    """Score every theory on the same runs: what `w2sg theory score` prints.

    Args:
        study: The study, its file or its name in the store; None scores on synthetic families alone.
        labels: Numbers of audited labels.
        families: Runs of each synthetic family; 0 leaves them out.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        workers: Processes; None chooses.

    Returns:
        The scoreboard.

    Raises:
        InputError: If there is nothing to score on.
    """
    from w2sg.theory import scoreboard as board

    given = None if study is None else study_of(study, store)
    return board(given, store=store, audits=labels, family_runs=families, workers=workers)
