"""How trainings went: losses over steps, and what the last step was like."""

from collections.abc import Sequence

import numpy as np

from w2sg.core import (
    Cell,
    DataTable,
    Estimate,
    Figure,
    FloatArray,
    Heading,
    Line,
    LinePanel,
    Lines,
    Section,
    TrainingCurve,
)
from w2sg.lab.comparisons import Comparison, Entrant
from w2sg.lab.documents.parts import short, text_column

MOST_FIGURES = 6
"""Curves are drawn of so many places; the table has all of them."""
PER_DOUBLING = 4
"""So many points are drawn while the number of steps doubles."""
TICKS = tuple(digit * 10**power for power in range(7) for digit in (1, 3))
_INTRO = (
    "What was written down while students were trained by gradient. The loss is that of the method's own objective on "
    "the weak labels, in nats an example, so losses of two methods are not to be compared, and a lower one is no "
    "better student. A training whose loss or gradient was no number was ended, and stands among the failed runs."
)
_CAPTION = (
    "Loss over steps (logarithmic axis) under the first seed, one line for each method. Heads are trained on all "
    "examples at each step; elsewhere a loss is that of one batch, and noisy. Steps that are close together on the "
    "axis are drawn as one point, their mean."
)


def training_sections(comparisons: Sequence[Comparison]) -> list[Section]:
    """Return one section on trainings, or none where no student of the study was trained by gradient."""
    places = [(comparison, _traced(comparison)) for comparison in comparisons]
    places = [(comparison, traced) for comparison, traced in places if traced]
    if not places:
        return []
    figures = tuple(_figure(number, *place) for number, place in enumerate(places[:MOST_FIGURES], start=1))
    rows = tuple(_row(comparison, entrant, curves) for comparison, traced in places for entrant, curves in traced)
    table = DataTable("training", "Trainings", "Means over seeds; steps: the median.", _COLUMNS, rows, terminal=False)
    return [Section("trainings", "How trainings went", _INTRO, figures=figures, tables=(table,))]


def _traced(comparison: Comparison) -> list[tuple[Entrant, list[TrainingCurve]]]:
    """Return the methods of which there are curves, with those of their seeds."""
    found = [
        (entrant, [curve for curve in entrant.result.curves if curve is not None and len(curve)])
        for entrant in comparison.entrants
    ]
    return [(entrant, curves) for entrant, curves in found if curves]


def _figure(number: int, comparison: Comparison, traced: Sequence[tuple[Entrant, list[TrainingCurve]]]) -> Figure:
    lines = tuple(
        Line(short(entrant.method), _points(first), everywhere=entrant.method == comparison.reference.method)
        for entrant, (first, *_) in traced
    )
    last = max(point[0] for line in lines for point in line.points)
    losses = [point[1].value for line in lines for point in line.points]
    panel = LinePanel(
        x="step (log scale)",
        y="loss (nats an example)",
        lines=lines,
        log_x=True,
        x_ticks=tuple(float(tick) for tick in TICKS if tick <= last),
        y_limits=(min(0.0, *losses), 1.05 * max(losses)),
    )
    return Lines(f"training-{number}", f"Training loss: {comparison.title}", _CAPTION, (panel,))


def _points(curve: TrainingCurve) -> tuple[tuple[float, Estimate], ...]:
    """Return a curve's points; those that stand close together on a logarithmic axis are one, their mean."""
    place = np.floor(PER_DOUBLING * np.log2(curve.step))
    together = [place == one for one in np.unique(place)]
    return tuple((_mean(curve.step[rows]), Estimate(_mean(curve.loss[rows]))) for rows in together)


def _row(comparison: Comparison, entrant: Entrant, curves: Sequence[TrainingCurve]) -> tuple[Cell, ...]:
    names = comparison.task, comparison.supervisor, comparison.student, entrant.method
    numbers = (
        float(np.median([curve.step[-1] for curve in curves])),
        _mean([curve.loss[0] for curve in curves]),
        _mean([curve.loss[-1] for curve in curves]),
        _mean([curve.gradient_norm[0] for curve in curves]),
        _mean([curve.gradient_norm[-1] for curve in curves]),
        max(float(curve.rate.max()) for curve in curves),
    )
    return (*map(Cell, names), Cell(len(curves)), *map(Cell, numbers))


def _mean(values: Sequence[float] | FloatArray) -> float:
    return float(np.mean(values))


_COLUMNS = (
    *(text_column(part, title, key=True) for part, title in (("task", "task"), ("supervisor", "weak supervisor"))),
    *(text_column(part, part, key=True) for part in ("student", "method")),
    Heading("seeds", "seeds", style="count"),
    Heading("steps", "steps", "the last step that was written down", style="count"),
    Heading("first_loss", "first loss", "in nats an example"),
    Heading("last_loss", "last loss", "in nats an example"),
    Heading("first_norm", "first gradient", "the norm of the first step's gradient", decimals=4),
    Heading("last_norm", "last gradient", "the norm of the last step's gradient", decimals=4),
    Heading(
        "rate",
        "highest rate",
        "the highest that was written down; a head needs none, and has 1",
        decimals=5,
    ),
)
