"""Curves of theory: the limit of what a student can gain with all runs on it, and what certificates cost in labels.

Points are drawn here as well: each group of them is one path, so that a figure of thousands of runs stays small.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from w2sg import measure
from w2sg.core import AnyArray, FloatArray, derive
from w2sg.report import formatting as fmt
from w2sg.report.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    SMALL,
    VERMILLION,
    WIDTH,
    Canvas,
    Drawing,
    drawn,
)
from w2sg.theory import certificates
from w2sg.theory.scoreboard.sheet import STANDINGS, Sheet
from w2sg.worlds import spike_student_risk, student_floor

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_POINTS = 400
"""Most runs in a panel of many, drawn at random; what is written above it is of all."""
MOST_IN_LIMIT = 2000
LIMIT = "random-feature-limit"
SILENT = "no value"
_DOT, _SQUARE, _CROSS, _BAR = (
    ((0.0, 0.0),),
    ((-1.4, 0.0), (1.4, 0.0)),
    ((-1.7, -1.7), (1.7, 1.7)),
    ((0, -2.0), (0, 2.0)),
)
Stroke = tuple[tuple[float, float], ...]
LOOKS: Mapping[str, tuple[str, float, Sequence[Stroke]]] = {
    "holds": (BLUE, 3.4, (_DOT,)),
    "untestable": (GREY, 2.8, (_SQUARE,)),
    "violated": (VERMILLION, 1.0, (_CROSS, ((-1.7, 1.7), (1.7, -1.7)))),
    SILENT: (PURPLE, 1.2, (_BAR,)),
    "A": (BLUE, 3.4, (_DOT,)),
    "B": (GREEN, 2.8, (_SQUARE,)),
    "C": (VERMILLION, 1.0, (_CROSS, ((-1.7, 1.7), (1.7, -1.7)))),
}
"""Colour, width and strokes in pixels of each group's mark; a stroke of one point is a round dot."""

_LOOK = {
    "disagreement audit": (BLUE, "o"),
    "clopper-pearson": (BLUE, "o"),
    "betting": (GREEN, "s"),
    "chernoff-kl": (ORANGE, "^"),
    "maurer-pontil": (PURPLE, "D"),
    "hoeffding": (VERMILLION, "v"),
}
DELTA, RATE = 0.05, 0.1
LABELS = (20, 40, 100, 200, 400, 1000, 2000)
DISPUTED, RIGHT, INPUTS, ORDERS = 0.2, 0.75, 10_000, 64
"""The audited world: share of inputs that are disputed, on which the student is right, and how many there are."""

_TOP, _SIZE, _LEFT = 44.0, 380.0, 66.0
_LIMIT = (
    "Measured squared risks of teacher (L, across) and student (up) as shares of the labels' variance, which is an "
    "observable. A student that contracts the function of a teacher which is a least-squares projection cannot lie "
    "below the solid line, (1 - √(1 - L))²; one that keeps exactly the truth's direction lies on the dashed line, L² "
    "(arXiv 2503.02877). Above the dotted line the student is worse than its teacher. {below} {off}"
)
_CERTIFICATES = (
    "How far a bound that fails in {delta} of cases lies from the truth. Left: upper bound of an error rate of "
    "{rate:g} by labels at random. Right: lower bound of a gain of {gain:g}, where student and "
    "teacher differ on {disputed} of inputs and the student is right on {right} of those; the audit spends its labels "
    "on disagreements only ({inputs} unlabelled inputs say how frequent they are), the others on inputs at random. "
    "Samples hold exactly these shares; bets depend on the order of labels: means over {orders} orders."
)


def limit_figure(sheet: Sheet) -> list[Drawing]:
    """Return the random-feature limit with all runs on it; nothing without squared risks."""
    weak, student = (sheet.truth(f"{who}_risk squared")[0] for who in ("weak", "student"))
    seen = [case.seen[0] for case in sheet.cases]
    variance = np.array([one.value("label_variance") if "label_variance" in one else np.nan for one in seen])
    known = np.flatnonzero(np.isfinite(weak) & np.isfinite(student) & (variance > 0))
    if not len(known):
        return []
    x, y = weak[known] / variance[known], student[known] / variance[known]
    column = sheet.columns.get(LIMIT)
    codes = np.full(len(known), -1) if column is None else column.standing[known]
    group = [SILENT if code < 0 else STANDINGS[code] for code in codes]
    caption = _LIMIT.format(below=_below(x, y, group), off=_off(x, y))
    return [drawn("limit", "The random-feature limit", caption, lambda: _draw_limit(x, y, group))]


def certificate_figure() -> Drawing:
    """Return how near bounds come to the truth by the number of labels spent."""
    caption = _CERTIFICATES.format(
        delta=f"{100 * DELTA:g} %",
        rate=RATE,
        gain=_gain(),
        disputed=f"{100 * DISPUTED:g} %",
        right=f"{100 * RIGHT:g} %",
        inputs=fmt.count(INPUTS),
        orders=ORDERS,
    )
    return drawn("certificates", "What a certificate costs in labels", caption, _draw_certificates)


def points(axes: "Axes", x: FloatArray, y: FloatArray, group: Sequence[str], size: float = 1.0) -> None:
    """Draw points, each with the mark of its group; limits of the axes have to be set before."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    box = axes.get_window_extent()
    scale = size * np.array([np.ptp(axes.get_xlim()) / box.width, np.ptp(axes.get_ylim()) / box.height])
    names = np.array(group)
    for name in (one for one in LOOKS if one in set(group)):
        colour, width, strokes = LOOKS[name]
        at = np.column_stack([x, y])[names == name]
        parts = [at[:, None] + scale * np.array(stroke if len(stroke) > 1 else stroke * 2) for stroke in strokes]
        vertices = np.concatenate([part.reshape(-1, 2) for part in parts])
        path = Path(vertices, [Path.MOVETO, Path.LINETO] * (len(vertices) // 2))
        path.should_simplify = False
        cap = "round" if len(strokes[0]) == 1 else "butt"
        axes.add_patch(
            PathPatch(
                path, fill=False, edgecolor=colour, linewidth=size * width, capstyle=cap, alpha=0.75, clip_on=False
            )
        )


def thinned(n: int, most: int = MOST_POINTS) -> AnyArray:
    """Return which of n points are shown; equal numbers give equal ones."""
    return np.arange(n) if n <= most else np.sort(derive(n, "page", "points").choice(n, most, replace=False))


def key(canvas: Canvas, named: Mapping[str, str], left: float, y: float) -> None:
    """Write which mark is which group, side by side: words -> group."""
    axes = canvas.axes(left, y - 8, WIDTH - left, 16)
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH - left)
    axes.set_ylim(0, 16)
    x = 6.0
    for words, name in named.items():
        points(axes, np.array([x]), np.array([8.0]), [name])
        axes.text(x + 9, 8, words, va="center", fontsize=SMALL, color=MUTED)
        x += 34 + 6.4 * len(words)


def _below(x: FloatArray, y: FloatArray, group: Sequence[str]) -> str:
    inside = x <= 1
    under = inside & (y < np.array([student_floor(float(one)) if one <= 1 else 0.0 for one in x]))
    text = f"{fmt.count(under.sum())} of {fmt.quantity(int(inside.sum()), 'run')} lie below the solid line"
    seen = int((np.array(group)[under] == "violated").sum())
    return (
        f"{text}; on {fmt.count(seen)} of these the theory sees a hypothesis violated." if under.any() else f"{text}."
    )


def _off(x: FloatArray, y: FloatArray) -> str:
    side = _side(x, y)
    off = int(((x > side) | (y > side)).sum())
    words = f"{fmt.quantity(off, 'run')} outside of the frame stand on its edge." if off else ""
    shown = (
        f" {fmt.count(MOST_IN_LIMIT)} of {fmt.count(len(x))} runs are drawn, at random."
        if len(x) > MOST_IN_LIMIT
        else ""
    )
    return (words + shown).strip()


def _side(x: FloatArray, y: FloatArray) -> float:
    """Return the upper limit of both axes: a little above a constant's risk, or above most runs."""
    return float(min(max(1.05, np.quantile(np.concatenate([x, y]), 0.98)), 1.6))


def _draw_limit(x: FloatArray, y: FloatArray, group: Sequence[str]) -> Canvas:
    side = _side(x, y)
    canvas = Canvas(WIDTH, _TOP + _SIZE + 56)
    left = (WIDTH - 1.5 * _SIZE) / 2
    axes = canvas.axes(left, _TOP, 1.5 * _SIZE, _SIZE)
    axes.set_xlim(0, side)
    axes.set_ylim(0, side)
    axes.grid(True, linewidth=0.8)
    axes.spines["left"].set_visible(True)
    axes.set_xlabel("teacher's squared risk / variance of labels", labelpad=6)
    axes.set_ylabel("student's squared risk / variance of labels", labelpad=6)
    share = 1 - np.linspace(1, 0, 101) ** 2
    axes.plot([0, side], [0, side], color=MUTED, linewidth=1.0, linestyle=(0, (1, 2)))
    axes.plot(share, [spike_student_risk(float(one)) for one in share], color=INK, linewidth=1.4, linestyle=(0, (5, 3)))
    axes.plot(share, [student_floor(float(one)) for one in share], color=INK, linewidth=1.8)
    rows = thinned(len(x), MOST_IN_LIMIT)
    points(axes, np.clip(x[rows], 0, side), np.clip(y[rows], 0, side), [group[row] for row in rows], 1.3)
    known = {name: name for name in (*STANDINGS, SILENT) if name in set(group)}
    words = {"violated": "a hypothesis is violated", "untestable": "none seen violated", "holds": "hypotheses hold"}
    key(canvas, {words.get(name, "the theory has no value"): name for name in known}, left, 18)
    return canvas


def _draw_certificates() -> Canvas:
    width, gap = 230.0, 200.0
    canvas = Canvas(WIDTH, _TOP + 300 + 52)
    panels = (("upper bound of an error rate", _rates()), ("lower bound of a gain", _gains()))
    for index, (title, lines) in enumerate(panels):
        left = _LEFT + index * (width + gap)
        canvas.text(left, 16, title, weight="bold")
        axes = canvas.axes(left, _TOP - 6, width, 300)
        _axes_of_labels(axes)
        ends = []
        for (name, values), (colour, marker) in ((line, _LOOK[line[0].split(", ")[-1]]) for line in lines.items()):
            axes.plot(LABELS, values, color=colour, marker=marker, markersize=4.5, linewidth=1.5)
            ends.append((values[-1], name, colour))
        _label(canvas, axes, ends, left + width)
    return canvas


def _axes_of_labels(axes: "Axes") -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(LABELS[0] * 0.85, LABELS[-1] * 1.15)
    axes.set_ylim(0.004, 1)
    axes.xaxis.set_major_locator(FixedLocator((20, 50, 100, 200, 500, 2000)))
    axes.yaxis.set_major_locator(FixedLocator((0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.grid(True, linewidth=0.8)
    axes.set_xlabel("labels spent", labelpad=6)
    axes.set_ylabel("distance of the bound from the truth", labelpad=6)


def _label(canvas: Canvas, axes: "Axes", ends: Sequence[tuple[float, str, str]], right: float) -> None:
    """Write names at the ends of lines, moved apart where they would overlap."""
    place = canvas.height
    for value, name, colour in sorted(ends):
        wanted = canvas.height - float(axes.transData.transform((LABELS[-1], value))[1])
        place = min(wanted, place - 16)
        canvas.line((right + 4, right + 16), (wanted, place), color=colour, linewidth=1.0)
        canvas.text(right + 20, place, name, fontsize=SMALL, color=INK)


def _rates() -> dict[str, list[float]]:
    """Return by certifier how far its upper bound of the rate is expected to lie above it."""
    plain: list[measure.MomentBound] = [
        measure.ClopperPearson(),
        measure.ChernoffKl(),
        measure.MaurerPontil(),
        measure.Hoeffding(),
    ]
    expected = {one.kind: [one.expected_high(n, DELTA, RATE) - RATE for n in LABELS] for one in plain}
    return {"betting": [_bet(n) - RATE for n in LABELS], **expected}


def _bet(n: int) -> float:
    return float(measure.Betting(horizon=n).highs(_orders(np.arange(n) < round(RATE * n)), DELTA).mean())


def _orders(values: AnyArray) -> NDArray[np.float64]:
    """Return values in many random orders, one a row."""
    rng = derive(len(values), "page", "orders")
    return np.asarray(rng.permuted(np.tile(values, (ORDERS, 1)), axis=1), dtype=np.float64)


def _gain() -> float:
    return round(DISPUTED * (2 * RIGHT - 1), 6)


def _gains() -> dict[str, list[float]]:
    """Return by the way to spend labels how far the lower bound of the gain lies below it."""
    return {
        "disagreement audit": [_gain() - _audited(n) for n in LABELS],
        "random, betting": [_gain() - _paired(measure.Betting(horizon=n), n) for n in LABELS],
        "random, maurer-pontil": [_gain() - _paired(measure.MaurerPontil(), n) for n in LABELS],
        "random, hoeffding": [_gain() - _paired(measure.Hoeffding(), n) for n in LABELS],
    }


def _audited(n: int) -> float:
    differs = np.zeros(INPUTS, dtype=int)
    differs[: round(DISPUTED * INPUTS)] = 1
    right = (np.arange(n) < round(RIGHT * n)).astype(int)
    found = certificates.gain_by_audit(np.zeros_like(differs), differs, np.arange(n), right, DELTA, n_classes=2)
    return -1.0 if found.low is None else found.low


def _paired(certifier: measure.Certifier, n: int) -> float:
    values = np.zeros(n)
    better, worse = round(DISPUTED * RIGHT * n), round(DISPUTED * (1 - RIGHT) * n)
    values[:better], values[better : better + worse] = 1, -1
    return float(np.mean(1 - 2 * certifier.highs((1 - _orders(values)) / 2, DELTA)))
