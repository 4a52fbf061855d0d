"""Dot plots of accuracies in small multiples: by student, and by test set."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from w2sg.lab import SetupResult
from w2sg.measure import Pgr
from w2sg.report import formatting as fmt
from w2sg.report.canvas import (
    CEILING,
    CEILING_TEXT,
    FAINT,
    MUTED,
    SMALL,
    STUDENT,
    WEAK,
    WEAK_TEXT,
    WIDTH,
    Canvas,
    Drawing,
    drawn,
    in_chunks,
)
from w2sg.report.grouping import Group, by_task_and_supervisor, groups_of

MOST_METHODS, MOST_PANELS, COLUMNS = 30, 9, 3
_LEFT, _RIGHT, _GUTTER, _ROW, _TOP, _BOTTOM = 210.0, 20.0, 26.0, 22.0, 56.0, 50.0
_TITLES = {"test": "test (in distribution)"}
_HOW = (
    "Points: the student's accuracy on the test set by method, with {level} intervals over seeds and test examples. "
    "The dashed line and its band are the weak supervisor, the solid line and its band the ceiling (the same student "
    "trained on ground truth). "
)


@dataclass(frozen=True)
class _Panel:
    title: str
    found: dict[str, Pgr]
    reference: str


def accuracy_dots(results: Sequence[SetupResult]) -> list[Drawing]:
    """Return dot plots of weak, student and ceiling accuracy, one panel for each student.

    Args:
        results: The setups' results.
    """
    drawings: list[Drawing] = []
    together = by_task_and_supervisor(groups_of(results))
    for groups in together:
        panels = [_panel(group.student, group) for group in groups]
        place = f": {groups[0].task} / {groups[0].supervisor}" if len(together) > 1 else ""
        drawings += _figures(f"accuracy-{len(drawings) + 1}", "Accuracy by method and student" + place, panels, "")
    return drawings


def shift_figure(results: Sequence[SetupResult]) -> list[Drawing]:
    """Return dot plots of the accuracies on every test set, one figure for each group that has several.

    Args:
        results: The setups' results.
    """
    drawings: list[Drawing] = []
    for group in groups_of(results):
        tests = list(group.first.tests)
        if len(tests) > 1:
            panels = [_panel(_TITLES.get(test, test), group, test) for test in tests]
            more = "Each panel is a test set."
            title = f"Accuracy by test set: {group.title}"
            drawings += _figures(f"shift-{len(drawings) + 1}", title, panels, more)
    return drawings


def _panel(title: str, group: Group, test: str = "test") -> _Panel:
    found = {name: result.tests[test].pgr for name, result in group.results.items() if test in result.tests}
    return _Panel(title, found, group.reference)


def _figures(name: str, title: str, panels: list[_Panel], more: str) -> list[Drawing]:
    """Draw panels whose rows are the same methods, in an order that all of them share."""
    means: dict[str, list[float]] = {}
    for panel in panels:
        for method, found in panel.found.items():
            means.setdefault(method, []).append(found.student.estimate)
    order = sorted(means, key=lambda method: -sum(means[method]) / len(means[method]))
    limits = _limits(panels)
    level = f"{100 * next(iter(panels[0].found.values())).level:g} %"
    chunks = [(methods, some) for methods in in_chunks(order, MOST_METHODS) for some in in_chunks(panels, MOST_PANELS)]
    drawings = []
    for index, (methods, some) in enumerate(chunks, start=1):
        part = f" ({index} of {len(chunks)})" if len(chunks) > 1 else ""
        draw = lambda m=methods, s=some: _draw(s, m, limits)  # noqa: E731
        drawings.append(drawn(f"{name}-{index}", title + part, _HOW.format(level=level) + more, draw))
    return drawings


def _limits(panels: list[_Panel]) -> tuple[float, float]:
    every = [part for panel in panels for p in panel.found.values() for part in (p.weak, p.student, p.ceiling)]
    low, high = min(part.low for part in every), max(part.high for part in every)
    pad = max(0.05 * (high - low), 0.005)
    return low - pad, min(high, 1.0) + pad


def _draw(panels: list[_Panel], methods: list[str], limits: tuple[float, float]) -> Canvas:
    columns = 2 if len(panels) == 4 else min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    height = _ROW * len(methods)
    width = (WIDTH - _LEFT - _RIGHT - _GUTTER * (columns - 1)) / columns
    block = _TOP + height + _BOTTOM
    canvas = Canvas(WIDTH, rows * block)
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        box = (_LEFT + column * (width + _GUTTER), row * block + _TOP, width, height)
        if column == 0:
            for place, method in enumerate(methods):
                bold = "bold" if method == panel.reference else "normal"
                canvas.name(_LEFT - 14, box[1] + _ROW * (place + 0.5), method, _LEFT - 26, ha="right", weight=bold)
        _draw_panel(canvas, box, panel, methods, limits)
    return canvas


def _draw_panel(
    canvas: Canvas,
    box: tuple[float, float, float, float],
    panel: _Panel,
    methods: list[str],
    limits: tuple[float, float],
) -> None:
    from matplotlib.ticker import MaxNLocator

    left, top, width, _ = box
    first = panel.found.get(panel.reference) or next(iter(panel.found.values()))
    canvas.name(left, top - 40, panel.title, width, weight="bold")
    canvas.text(left, top - 18, f"weak {fmt.number(first.weak.estimate)}", fontsize=SMALL, color=WEAK_TEXT)
    ceiling = f"ceiling {fmt.number(first.ceiling.estimate)}"
    canvas.text(left + width, top - 18, ceiling, fontsize=SMALL, color=CEILING_TEXT, ha="right")
    axes = canvas.axes(*box)
    axes.set_xlim(*limits)
    axes.set_ylim(len(methods), 0)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6 if width < 300 else 8, steps=[1, 2, 2.5, 5, 10]))
    axes.set_xlabel("accuracy", labelpad=5)
    for place in range(len(methods)):
        axes.axhline(place + 0.5, color=FAINT, linewidth=1)
    for part, colour, style in ((first.weak, WEAK, (0, (5, 2.5))), (first.ceiling, CEILING, "-")):
        axes.axvspan(part.low, part.high, color=colour, alpha=0.16, linewidth=0)
        axes.axvline(part.estimate, color=colour, linewidth=2, linestyle=style)
    for place, method in enumerate(methods):
        found = panel.found.get(method)
        if found is None:
            axes.text(sum(limits) / 2, place + 0.5, "not run", ha="center", va="center", fontsize=SMALL, color=MUTED)
            continue
        axes.plot([found.student.low, found.student.high], [place + 0.5] * 2, color=STUDENT, linewidth=2)
        words = f"{method}, {panel.title}: {fmt.interval(found.student)}; {found.n_seeds} × {fmt.count(found.n_test)}"
        look: dict[str, Any] = {"marker": "o", "color": STUDENT, "linestyle": "none"}
        if method == panel.reference:
            look |= {"marker": "D", "markersize": 6.5, "markerfacecolor": "white", "markeredgewidth": 1.8}
        axes.plot([found.student.estimate], [place + 0.5], gid=canvas.tip(words), **look)
