"""Figures as specifications: what is drawn and not how. `w2sg.report` draws each kind, from this data alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from w2sg.core.errors import InputError
from w2sg.core.wording import HasLimits

Role = Literal["student", "weak", "ceiling"]
"""Whose numbers a line, a band or a mark shows: what it looks like follows from it."""
Look = Literal["blue dot", "green square", "grey square", "red cross", "purple bar"]


@dataclass(frozen=True)
class Estimate:
    """A number in a figure, with the limits of its interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of its interval; without one, the number twice."""
        return (self.value, self.value) if self.low is None or self.high is None else (self.low, self.high)

    @classmethod
    def of(cls, interval: HasLimits) -> "Estimate":
        """Return the estimate of an interval.

        Raises:
            InputError: The interval has no estimate: a figure has another place for what is missing.
        """
        if interval.estimate is None:
            raise InputError("an estimate needs a number, got an interval without one: say why it is missing")
        return cls(interval.estimate, interval.low, interval.high)


@dataclass(frozen=True)
class Figure:
    """What all figures have. A figure too large for one drawing is drawn as several, with `1 of 2` in their titles.

    Attributes:
        name: Names it within the document.
        title: What it shows.
        caption: How to read it.
    """

    kind: ClassVar[str]

    name: str
    title: str
    caption: str


@dataclass(frozen=True)
class ForestRow:
    """A row of a forest plot: its estimate, or in a few words why there is none, and what it rests on.

    Attributes:
        name: What it is the estimate of.
        estimate: The estimate, or None.
        missing: Why there is none, in a few words.
        help: The same in full.
        counts: What it rests on.
        prediction: Where a new one lies: drawn thin beyond the interval.
        tone: What is claimed, which decides the colour; None takes the side of 0 on which the interval lies.
    """

    name: str
    estimate: Estimate | None
    missing: str = ""
    help: str = ""
    counts: str = ""
    prediction: tuple[float, float] | None = None
    tone: Literal["better", "worse", "open"] | None = None


@dataclass(frozen=True)
class ForestGroup:
    """Rows under one title; the reference is the name of one of them."""

    title: str
    reference: str
    rows: tuple[ForestRow, ...]


@dataclass(frozen=True)
class Forest(Figure):
    """Estimates with their intervals, row by row.

    Attributes:
        axis: What the axis shows.
        value: The heading of the written estimates.
        counts: The heading of what rows rest on.
        groups: The rows.
        lines: Values that are marked on the axis, with their words and roles.
        names: What the rows are.
    """

    kind: ClassVar[str] = "forest"

    axis: str
    value: str
    counts: str
    groups: tuple[ForestGroup, ...]
    lines: tuple[tuple[float, str, Role], ...] = ()
    names: str = "method"


@dataclass(frozen=True)
class Band:
    """An estimate that holds for a whole panel: a line with its interval as a band."""

    name: str
    role: Role
    estimate: Estimate


@dataclass(frozen=True)
class DotPanel:
    """A panel of a dot plot: estimates by the name of their row; a row that it lacks was not run."""

    title: str
    reference: str
    bands: tuple[Band, ...]
    estimates: Mapping[str, Estimate]
    counts: str = ""


@dataclass(frozen=True)
class Dots(Figure):
    """Estimates in small multiples, which share their rows and their axis."""

    kind: ClassVar[str] = "dots"

    axis: str
    rows: tuple[str, ...]
    panels: tuple[DotPanel, ...]


@dataclass(frozen=True)
class Line:
    """A line: its points by x, and whose numbers they are.

    Attributes:
        name: Written at the line's end.
        points: x and y.
        role: `ceiling` and `weak` have their own look, which no other line has.
        palette: The line's place in the palette, from 0; None takes its place among the panel's lines.
        everywhere: Whether it is in every drawing where there are too many lines for one: the reference is.
    """

    name: str
    points: tuple[tuple[float, Estimate], ...]
    role: Role = "student"
    palette: int | None = None
    everywhere: bool = False


@dataclass(frozen=True)
class LinePanel:
    """A panel of lines; limits and ticks are the renderer's where they are not given."""

    x: str
    y: str
    lines: tuple[Line, ...]
    bands: tuple[Band, ...] = ()
    title: str = ""
    log_x: bool = False
    log_y: bool = False
    x_ticks: tuple[float, ...] = ()
    y_ticks: tuple[float, ...] = ()
    y_limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Lines(Figure):
    """Lines over a number, in one panel or two, with names at their ends."""

    kind: ClassVar[str] = "lines"

    panels: tuple[LinePanel, ...]


@dataclass(frozen=True)
class PointGroup:
    """Which mark is which group of points."""

    name: str
    label: str
    look: Look


@dataclass(frozen=True)
class ScatterPanel:
    """A panel of points.

    Attributes:
        title: In bold above it.
        note: Smaller, below the title.
        x: What runs across.
        y: What runs up.
        x_limits: The limits of the axis; points beyond stand on the edge.
        y_limits: The same upwards.
        points: The points that are drawn, (x, y), by the name of their group.
        curves: Points of curves, (x, y), by the way they are drawn.
    """

    title: str
    note: str
    x: str
    y: str
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]
    points: Mapping[str, tuple[tuple[float, float], ...]]
    curves: tuple[tuple[Literal["solid", "dashed", "dotted"], tuple[tuple[float, float], ...]], ...] = ()


@dataclass(frozen=True)
class Scatter(Figure):
    """Points of groups: one large panel, or many small ones."""

    kind: ClassVar[str] = "scatter"

    groups: tuple[PointGroup, ...]
    panels: tuple[ScatterPanel, ...]


@dataclass(frozen=True)
class HeatCell:
    """A difference, and whether it is a finding."""

    value: float
    tone: Literal["better", "worse", "open"] = "open"
    help: str = ""


@dataclass(frozen=True)
class Heat(Figure):
    """Differences by row and column, coloured by their size.

    Attributes:
        rows: Names of the rows.
        columns: Names of the columns.
        cells: For each row one for each column, None where there is none.
        limit: The size at which colours are full.
        unit: What values are written in.
        scale: What a value is multiplied with to be in that unit.
    """

    kind: ClassVar[str] = "heat"

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[HeatCell | None, ...], ...]
    limit: float
    unit: str
    scale: float = 1.0


@dataclass(frozen=True)
class CurvePoint:
    """One analysis on a specification curve.

    Attributes:
        name: What was chosen, in words.
        estimate: What it comes to.
        tone: Whether it is shown to be above or below 0.
        marks: The rows of the grid that hold for it.
        is_base: Whether it is the analysis that the others depart from.
    """

    name: str
    estimate: Estimate
    tone: Literal["better", "worse", "open"]
    marks: tuple[int, ...]
    is_base: bool = False


@dataclass(frozen=True)
class CurveRow:
    """A row of the grid below a specification curve: a choice and one of its options.

    Attributes:
        name: Choice and option.
        usual: Whether it is what the base has: its marks are faint.
    """

    name: str
    usual: bool = False


@dataclass(frozen=True)
class SpecificationCurve(Figure):
    """Estimates of many analyses from the lowest to the highest, and below each a column of what was chosen.

    Attributes:
        axis: What the estimates are.
        rows: The rows of the grid.
        points: The analyses, in the order in which they are drawn.
    """

    kind: ClassVar[str] = "specification-curve"

    axis: str
    rows: tuple[CurveRow, ...]
    points: tuple[CurvePoint, ...]
