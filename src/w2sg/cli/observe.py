"""`w2sg observe` and `w2sg predict`: what can be seen of runs without ground truth, and what theories say of it."""

from collections.abc import Iterable
from typing import Annotated

import typer

from w2sg.cli.console import Json, Plugins, StoreFolder, Workers, number, print_json, print_table, say
from w2sg.cli.seen import Audits, audits_of, bound, observed

Which = Annotated[str, typer.Argument(help="A study's file or name, or the start of a run's id.", metavar="STUDY|RUN")]


def observe(
    which: Which,
    labels: Audits = "0",
    store: StoreFolder = None,
    workers: Workers = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Measure what theories look at: quantities with n, estimator and standard error, and no ground truth.

    Audited labels are bought at random from one half of the test set; scores are made on the other.

    For example:

        w2sg observe studies/digits.toml

        w2sg observe 3fa2 --labels 50 --json
    """
    from w2sg.theory import dossier

    audits = audits_of(labels)
    found = [
        one for task in observed(which, store, audits, workers, plugin or []) for one in dossier.observed(task).items()
    ]
    _tell_unbought(audits, {count for _, by_labels in found for count in by_labels})
    if as_json:
        print_json([seen.to_dict() for _, by_labels in found for seen in by_labels.values()])
        return
    if len(found) > 1:
        rows = [[run[:8], str(len(seen[0].quantities)), str(len(seen[0].missing))] for run, seen in found]
        print_table(f"{len(found)} runs observed; --json has all", ["run", "quantities", "missing"], rows)
        return
    ((run, by_labels),) = found
    seen = by_labels[max(by_labels)]
    rows = [[name, f"{q.value:.5g}", f"{q.se:.2g}", str(q.n), q.estimator] for name, q in seen.quantities.items()]
    print_table(f"run {run[:8]}: observables", ["quantity", "value", "standard error", "n", "estimator"], rows)
    print_table("not observed", ["quantity", "why"], [list(item) for item in seen.missing.items()])


def _tell_unbought(asked: Iterable[int], bought: Iterable[int]) -> None:
    """Say which numbers of labels no run has: its seen half of the test set is smaller."""
    unbought = sorted(set(asked) - set(bought))
    if unbought:
        say(f"labels not bought: {', '.join(map(str, unbought))}; half of the test set is seen, it has fewer inputs")


def predict(
    which: Which,
    labels: Audits = "0",
    level: Annotated[float, typer.Option(help="Nominal coverage of the intervals.")] = 0.9,
    store: StoreFolder = None,
    workers: Workers = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Say what every theory predicts of runs, with the verdicts on its hypotheses, or why it abstains.

    For example:

        w2sg predict 3fa2 --labels 50

        w2sg predict studies/digits.toml --json
    """
    from w2sg.theory import dossier
    from w2sg.theory.scoreboard.board import predict_all, theories

    audits = audits_of(labels)
    found = [
        seen
        for task in observed(which, store, audits, workers, plugin or [])
        for seen in dossier.observed(task).values()
    ]
    among = theories()  # those of plugins too
    answers = [answer for by_labels in found for answer in predict_all(by_labels.values(), among, level)]
    _tell_unbought(audits, {count for by_labels in found for count in by_labels})
    if as_json:
        print_json([{**answer.to_dict(), "digest": answer.digest()} for answer in answers])
        return
    says = {theory.kind: theory.says for theory in among}
    rows = []
    for answer in answers:
        doubts = "; ".join(f"{one.hypothesis}: {one.why}" for one in answer.verdicts if one.status == "untestable")
        spread = "-" if answer.lo is None else f"[{number(answer.lo)}, {number(answer.hi)}]"
        name = f"{answer.theory}@{answer.labels}" if answer.labels else answer.theory
        tested = answer.standing if answer.verdicts else "no hypothesis stated"
        said = answer.abstains or (f"if {doubts}" if doubts else tested)
        rows.append(
            [
                answer.run[:8],
                name,
                f"{answer.target}{bound(says[answer.theory])}, {answer.unit}",
                number(answer.mean),
                spread,
                said,
            ]
        )
    columns = ["run", "theory", "predicts", "mean", f"{100 * level:g} %", "on condition, or why it abstains"]
    print_table(f"{len(answers)} answers", columns, rows)
