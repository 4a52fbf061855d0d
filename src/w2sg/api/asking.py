"""What is asked of runs: what is seen of them, predicted, promised and required."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from w2sg import lab
from w2sg.core import Theory
from w2sg.lab import Study

if TYPE_CHECKING:
    from w2sg.desiderata import LabelPlan, Outcome, Specification, Supposed
    from w2sg.theory import Certified, ObservedStudy, SealedPredictions


def observe(
    which: Study | str,
    *,
    labels: Sequence[int] = (),
    store: str | Path | None = None,
    workers: int | None = None,
) -> "ObservedStudy":
    """Measure what theories look at, without ground truth.

    Args:
        which: A study, its file or its name in the store; or the beginning of a run's id.
        labels: Numbers of audited labels that are bought from one half of the test set.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        workers: Processes; None chooses.

    Returns:
        The observed runs: `observations` has for each run, by the number of labels, its quantities with their errors.

    Raises:
        InputError: If there is no such study or run, or no run gives class probabilities.
        RunError: If runs could not be observed.
    """
    from w2sg.theory import observe_run, observe_study

    found = which if isinstance(which, Study) else lab.study_or_run(which, store=store)
    if isinstance(found, Study):
        return observe_study(found, store=store, audits=labels, workers=workers)
    return observe_run(found, store=lab.existing_store(store), audits=labels)


def predict(
    which: "ObservedStudy | Study | str",
    *,
    labels: Sequence[int] = (),
    among: Sequence[Theory] = (),
    level: float = 0.9,
    store: str | Path | None = None,
    workers: int | None = None,
) -> "SealedPredictions":
    """Say what theories predict of runs; their answers are kept and sealed before anything is scored for it.

    Args:
        which: What was observed; or a study, its file or its name; or the beginning of a run's id.
        labels: Numbers of audited labels, where nothing was observed yet.
        among: The theories; empty asks all.
        level: Nominal coverage of the intervals.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        workers: Processes; None chooses.

    Returns:
        All answers, run by run, and the seal of each run, which says whether it came late.

    Raises:
        InputError: If there is no such study or run, or `level` is not between 0 and 1.
        RunError: If runs could not be observed.
    """
    from w2sg.theory import ObservedStudy, predict_observed, theories

    given = which if isinstance(which, ObservedStudy) else None
    seen = given or observe(which, labels=labels, store=store, workers=workers)  # type: ignore[arg-type]
    return predict_observed(seen, among or theories(), level, workers=workers)


def certify(
    run: str,
    *,
    labels: int,
    test: str = "test",
    delta: float = 0.05,
    on_disagreements: float = 0.5,
    seed: int = 0,
    store: str | Path | None = None,
) -> "tuple[Certified, int]":
    """Buy labels of a run's test set, and say what they allow to promise.

    Args:
        run: The beginning of its id.
        labels: How many labels may be bought.
        test: Which test set; what is certified of a shifted one holds for inputs that are shifted so.
        delta: How often any certificate of this run may be wrong, however often one looks.
        on_disagreements: The share of labels for inputs on which weak supervisor and student disagree.
        seed: Draws which inputs are labelled.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.

    Returns:
        The certificates, and the how-manieth look at labels of these data they are: each has a smaller share of delta.

    Raises:
        InputError: If there is no such run or test set, or fewer labels.
        CapabilityError: If the task asks for no class probabilities.

    Example:
        >>> import w2sg
        >>> certified, look = w2sg.certify("3fa2", labels=200)  # doctest: +SKIP
    """
    from w2sg.theory import certify_stored

    folder = lab.existing_store(store)
    return certify_stored(
        lab.known_run(folder, run),
        store=folder,
        labels=labels,
        delta=delta,
        test=test,
        on_disagreements=on_disagreements,
        draw=seed,
    )


def check(
    specification: "Specification | str | Path",
    target: Study | str,
    *,
    labels: int = 200,
    seed: int = 0,
    store: str | Path | None = None,
    workers: int | None = None,
) -> "list[Outcome]":
    """Decide whether what is required of a student is met: by a run, or by every setup of a study.

    Args:
        specification: The specification, or its file.
        target: A study, its file or its name; or the beginning of a run's id.
        labels: How many labels of a run's test sets may be bought.
        seed: Draws the order in which labels of a run are bought.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        workers: Processes; None chooses.

    Returns:
        What came of it: one outcome for a run, one for each setup of a study.

    Raises:
        InputError: If there is no such file, study or run.
        CapabilityError: If the specification does not fit the run.
    """
    from w2sg.desiderata import Specification, check_run, check_runs

    given = specification if isinstance(specification, Specification) else Specification.read(specification)
    found = target if isinstance(target, Study) else lab.study_or_run(target, store=store)
    if isinstance(found, Study):
        return check_runs(given, lab.study_runs(found, store=store, workers=workers, yes=True).runs, found.titles())
    return [check_run(found, given, store=lab.existing_store(store), labels=labels, draw=seed)[0]]


def plan(
    specification: "Specification | str | Path", supposed: "Supposed | None" = None, *, draws: int = 60
) -> "LabelPlan":
    """Say how many labels of a run, or seeds of a study, will decide a specification, before any is spent.

    Args:
        specification: The specification, or its file.
        supposed: What is supposed of the run, a `w2sg.desiderata.Supposed`; None takes its defaults.
        draws: How many test sets are simulated.

    Returns:
        The plan.

    Raises:
        InputError: If there is no such file, or it breaks a rule.
    """
    from w2sg.desiderata import Specification, Supposed, labels_needed

    given = specification if isinstance(specification, Specification) else Specification.read(specification)
    return labels_needed(given, supposed or Supposed(), draws=draws)
