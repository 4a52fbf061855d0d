"""`w2sg observe` and `w2sg predict`: what can be seen of runs without ground truth, and what theories say of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from w2sg.cli import console

if TYPE_CHECKING:
    from w2sg.theory import ObservedStudy

Which = Annotated[str, typer.Argument(help="A study's file or name, or the start of a run's id.", metavar="STUDY|RUN")]


def observed(
    name: str, store: Path | None, audits: tuple[int, ...], workers: int | None, plugins: Sequence[str] | None
) -> "ObservedStudy":
    """Return what was observed of a study (by file or name) or of one run (by the start of its id).

    A study's file names its own plugins beside those given.
    """
    from w2sg.lab import Study, existing_store, study_or_run
    from w2sg.theory import observe_run, observe_study

    console.load_plugins(plugins)
    found = study_or_run(name, store=store, plugins=plugins or ())
    with console.watching("observe") as progress:
        if isinstance(found, Study):
            return observe_study(found, store=store, audits=audits, workers=workers, progress=progress)
        return observe_run(found, store=existing_store(store), audits=audits, plugins=plugins or ())


def observe(
    which: Which,
    labels: console.Audits = "0",
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Measure what theories look at: quantities with n, estimator and standard error, and no ground truth.

    Audited labels are bought at random from one half of the test set; scores are made on the other.

    For example:

        w2sg observe studies/digits.toml

        w2sg observe 3fa2 --labels 50 --json
    """
    from w2sg.theory import observations_document

    audits = console.audits_of(labels)
    seen = observed(which, store, audits, workers, plugin)
    runs = dict(zip(seen.ids, seen.observations, strict=True))
    _tell_unbought(audits, {count for by_labels in runs.values() for count in by_labels})
    console.print_document(observations_document(runs), as_json=as_json)


def _tell_unbought(asked: Iterable[int], bought: Iterable[int]) -> None:
    """Say which numbers of labels no run has: its seen half of the test set is smaller."""
    unbought = sorted(set(asked) - set(bought))
    if unbought:
        console.say(
            f"labels not bought: {', '.join(map(str, unbought))}; half of the test set is seen, it has fewer inputs"
        )


def predict(
    which: Which,
    labels: console.Audits = "0",
    level: Annotated[float, typer.Option(help="Nominal coverage of the intervals.")] = 0.9,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Say what every theory predicts of runs, with the verdicts on its hypotheses, or why it abstains.

    Students that are missing are trained, and nothing is scored. The answers are kept, and the ledger says when they
    were given. Those about runs whose test set had been opened for scoring before are called late.

    For example:

        w2sg predict 3fa2 --labels 50

        w2sg predict studies/digits.toml --json
    """
    from w2sg.theory import predict_observed, predictions_document, theories

    audits = console.audits_of(labels)
    seen = observed(which, store, audits, workers, plugin)
    among = theories()  # those of plugins too
    with console.watching("predict") as progress:
        predictions = predict_observed(seen, among, level, workers=workers, progress=progress)
    _tell_unbought(audits, {count for by_labels in seen.observations for count in by_labels})
    console.print_document(predictions_document(predictions, among, level), as_json=as_json)
