"""The figures of a study, as specifications: PGR by method, accuracy by strength, by student and by test set."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from w2sg.core import (
    Band,
    DotPanel,
    Dots,
    Estimate,
    Figure,
    Forest,
    ForestGroup,
    ForestRow,
    Line,
    LinePanel,
    Lines,
    canonical_json,
    wording,
)
from w2sg.lab.comparisons import Comparison, Entrant
from w2sg.lab.documents.parts import level_of, short
from w2sg.lab.setup import TEST, leaves
from w2sg.measure import Pgr

TITLES = {TEST: "test (in distribution)"}
_FOREST = (
    "Points: performance gap recovered (PGR); lines: {level} intervals (Fieller, clustered by seed and example). "
    "0 is the weak supervisor, 1 the ceiling; values are never clipped, and an arrow marks what lies beyond the axis. "
    "Blue: the whole interval is above 0; red: below 0; grey: it contains 0. The open diamond is the reference method "
    "of its group, the dotted line continues its estimate. Overlapping intervals do not show that two methods are "
    "equal: the paired comparisons are in their own table."
)
_DOTS = (
    "Points: the student's accuracy on the test set by method, with {level} intervals over seeds and test examples. "
    "The dashed line and its band are the weak supervisor, the solid line and its band the ceiling (the same student "
    "trained on ground truth). "
)
_STRENGTH = (
    "Test accuracy over the student's strength ({field}, logarithmic axis), one line for each method, with {level} "
    "intervals; points of one strength are set slightly apart. Dashed: the weak supervisor with its band; black: the "
    "ceiling, the same student trained on ground truth. {counts} test examples per seed."
)


def study_figures(comparisons: Sequence[Comparison]) -> list[Figure]:
    """Return the figures that a study gives, in the order in which a page shows them."""
    strengths = [_strength(number, ladder) for number, ladder in enumerate(ladders_of(comparisons), start=1)]
    return [*strengths, pgr_forest(comparisons), *accuracy_dots(comparisons), *shift_dots(comparisons)]


def pgr_forest(comparisons: Sequence[Comparison]) -> Forest:
    """Return the PGR of every method by place: the highest estimate first, last those without, with the reason."""
    level = level_of(comparisons[0].reference.pgr.level)

    def rank(entrant: Entrant) -> tuple[bool, float]:
        return entrant.pgr.estimate is None, -(entrant.pgr.estimate or 0.0)

    groups = [
        ForestGroup(
            comparison.title,
            short(comparison.reference.method),
            tuple(_forest_row(entrant) for entrant in sorted(comparison.entrants, key=rank)),
        )
        for comparison in comparisons
    ]
    return Forest(
        "pgr",
        "PGR by method",
        _FOREST.format(level=level),
        axis="performance gap recovered (PGR)",
        value=f"PGR [{level} interval]",
        counts="seeds × test",
        groups=tuple(groups),
        lines=((0.0, "weak supervisor", "weak"), (1.0, "ceiling", "ceiling")),
    )


# The gap decides whether there is a PGR, so the row says which way it failed: too small, or too uncertain to divide by.
def _forest_row(entrant: Entrant) -> ForestRow:
    share = entrant.pgr
    if share.estimate is not None:
        return ForestRow(short(entrant.method), Estimate.of(share), counts=_counts(share))
    why = "too small" if share.gap.low < share.minimum_gap else "too uncertain"
    missing = f"no PGR: gap {why}, {wording.interval(share.gap)}"
    return ForestRow(short(entrant.method), None, missing, share.reason or "", _counts(share))


def accuracy_dots(comparisons: Sequence[Comparison]) -> list[Dots]:
    """Return the accuracies of a task and weak supervisor, one panel for each student."""
    together: dict[tuple[str, str], list[Comparison]] = defaultdict(list)
    for comparison in comparisons:
        # Students of one task and supervisor stand side by side, because they learn from the same labels.
        together[comparison.task, comparison.supervisor].append(comparison)
    figures = []
    for number, (place, group) in enumerate(together.items(), start=1):
        title = "Accuracy by method and student" + (f": {' / '.join(place)}" if len(together) > 1 else "")
        panels = [_panel(comparison.student, comparison, TEST) for comparison in group]
        figures.append(_dots(f"accuracy-{number}", title, panels, group[0].reference.pgr, ""))
    return figures


def shift_dots(comparisons: Sequence[Comparison]) -> list[Dots]:
    """Return the accuracies on every test set, one figure for each place that has several."""
    several = [comparison for comparison in comparisons if len(comparison.reference.result.tests) > 1]
    figures = []
    for number, comparison in enumerate(several, start=1):
        tests = comparison.reference.result.tests
        panels = [_panel(TITLES.get(test, test), comparison, test) for test in tests]
        title, more = f"Accuracy by test set: {comparison.title}", "Each panel is a test set."
        figures.append(_dots(f"shift-{number}", title, panels, comparison.reference.pgr, more))
    return figures


def _panel(title: str, comparison: Comparison, test: str) -> DotPanel:
    tested = [entrant for entrant in comparison.entrants if test in entrant.result.tests]
    shares = {short(entrant.method): entrant.result.tests[test].pgr for entrant in tested}
    first = next(iter(shares.values()))
    bands = Band("weak", "weak", Estimate.of(first.weak)), Band("ceiling", "ceiling", Estimate.of(first.ceiling))
    estimates = {method: Estimate.of(share.student) for method, share in shares.items()}
    return DotPanel(title, short(comparison.reference.method), bands, estimates, _counts(first))


def _dots(name: str, title: str, panels: Sequence[DotPanel], share: Pgr, more: str) -> Dots:
    """Return panels whose rows are the same methods, in an order that all of them share: by their mean."""
    values: dict[str, list[float]] = defaultdict(list)
    for panel in panels:
        for method, estimate in panel.estimates.items():
            values[method].append(estimate.value)
    rows = sorted(values, key=lambda method: -sum(values[method]) / len(values[method]))
    caption = _DOTS.format(level=level_of(share.level)) + more
    return Dots(name, title, caption, "accuracy", tuple(rows), tuple(panels))


def _counts(share: Pgr) -> str:
    return f"{share.n_seeds} × {wording.count(share.n_test)}"


@dataclass(frozen=True, eq=False)
class Ladder:
    """Comparisons that differ only in one field of the student, which changes its strength.

    Attributes:
        field: The field's path in the student, such as `features.count`.
        steps: The comparisons, the weakest student first.
    """

    field: str
    steps: tuple[Comparison, ...]

    @property
    def strengths(self) -> list[float]:
        """The strengths of the students."""
        return [_strength_of(step) for step in self.steps]

    @property
    def methods(self) -> list[str]:
        """The methods that at least two of the students have."""
        names = dict.fromkeys(entrant.method for step in self.steps for entrant in step.entrants)
        return [name for name in names if sum(step.entrant(name) is not None for step in self.steps) > 1]


def ladders_of(comparisons: Iterable[Comparison]) -> list[Ladder]:
    """Return the ladders of at least two strengths: the x-axes of Burns et al. 2023 (arXiv 2312.09390).

    Students stand on one ladder where task, weak supervisor and all of the student but one field are the same. Each
    student is tried under each of its fields, because it is not known beforehand which one sets its strength.
    """
    families: dict[str, tuple[str, list[Comparison]]] = {}
    for comparison in comparisons:
        setup = comparison.reference.result.setup
        if setup.student.strength is None:
            continue
        fields = dict(leaves(setup.student.model_dump(mode="json")))
        # A setup joins one family for each of its fields; only families in which that field changes the strength stay.
        for path in fields:
            rest = {name: value for name, value in fields.items() if name != path}
            key = canonical_json([setup.task.digest(), setup.supervisor.digest(), path, rest])
            families.setdefault(key, (path, []))[1].append(comparison)
    ladders = [Ladder(path, tuple(sorted(steps, key=_strength_of))) for path, steps in families.values()]
    return [ladder for ladder in ladders if len(set(ladder.strengths)) == len(ladder.steps) > 1 and ladder.methods]


def _strength_of(comparison: Comparison) -> float:
    return comparison.reference.result.setup.student.strength or 0.0


def _strength(number: int, ladder: Ladder) -> Lines:
    first = ladder.steps[0]
    # The weak supervisor is the same for all students of a ladder, so it is one band and no line.
    share, own = first.reference.pgr, first.reference.method
    reference = own if own in ladder.methods else ladder.methods[0]
    # The reference comes first, so that it has the same colour in every figure.
    methods = [reference, *(name for name in ladder.methods if name != reference)]
    ceiling = Line("ceiling", _points((step, step.reference.pgr.ceiling) for step in ladder.steps), role="ceiling")
    lines = []
    for name in methods:
        entrants = [(step, step.entrant(name)) for step in ladder.steps]
        points = _points((step, entrant.pgr.student) for step, entrant in entrants if entrant is not None)
        # Every drawing has the reference: with many methods there are several, and none can be read without it.
        lines.append(Line(short(name), points, everywhere=name == reference))
    panel = LinePanel(
        x=f"student strength, set by {ladder.field} (log scale)",
        y="test accuracy",
        lines=(ceiling, *lines),
        bands=(Band("weak supervisor", "weak", Estimate.of(share.weak)),),
        log_x=True,
        x_ticks=tuple(ladder.strengths),
    )
    counts = f"{wording.quantity(share.n_seeds, 'seed')}, {wording.count(share.n_test)}"
    return Lines(
        f"strength-{number}",
        f"Accuracy by student strength: {first.task} / {first.supervisor} / {_family(ladder)}",
        _STRENGTH.format(field=ladder.field, level=level_of(share.level), counts=counts),
        (panel,),
    )


def _points(steps: Iterable[tuple[Comparison, Any]]) -> tuple[tuple[float, Estimate], ...]:
    return tuple((_strength_of(step), Estimate.of(interval)) for step, interval in steps)


def _family(ladder: Ladder) -> str:
    student = ladder.steps[0].reference.result.setup.student
    # The body says what the features are made from; raw features are the task's own and need no word.
    body = student.body
    inner = f"({body.kind})" if body is not None and body.kind != "raw" else ""
    return f"{student.kind}{inner} by {ladder.field}"
