"""Dot plots in small multiples: panels that share their rows and their axis."""

from collections.abc import Iterator, Sequence

from w2sg.core import DotPanel, Dots, Estimate, wording
from w2sg.report import ink
from w2sg.report.canvas import Canvas, in_chunks, padded, plot

MOST_METHODS, MOST_PANELS, COLUMNS = 30, 9, 3
_LEFT, _RIGHT, _GUTTER, _ROW, _TOP, _BOTTOM = 210.0, 20.0, 26.0, 22.0, 56.0, 50.0


def canvases(figure: Dots) -> list[Canvas]:
    """Return the figure drawn: several drawings where it has too many rows or panels for one."""
    # All panels share one axis, so that accuracies can be compared across them by eye.
    limits = padded(_every(figure.panels), 0.05)
    return [
        _draw(figure, panels, rows, limits)
        for rows in in_chunks(list(figure.rows), MOST_METHODS)
        for panels in in_chunks(list(figure.panels), MOST_PANELS)
    ]


def _every(panels: Sequence[DotPanel]) -> Iterator[Estimate]:
    for panel in panels:
        yield from panel.estimates.values()
        yield from (band.estimate for band in panel.bands)


def _draw(figure: Dots, panels: Sequence[DotPanel], names: Sequence[str], limits: tuple[float, float]) -> Canvas:
    # Four panels stand two by two; three and one would leave a row nearly empty.
    columns = 2 if len(panels) == 4 else min(COLUMNS, len(panels))
    height = _ROW * len(names)
    width = (ink.WIDTH - _LEFT - _RIGHT - _GUTTER * (columns - 1)) / columns
    block = _TOP + height + _BOTTOM
    canvas = Canvas(ink.WIDTH, -(-len(panels) // columns) * block)
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        box = (_LEFT + column * (width + _GUTTER), row * block + _TOP, width, height)
        if column == 0:
            for place, name in enumerate(names):
                weight = "bold" if name == panel.reference else "normal"
                canvas.name(_LEFT - 14, box[1] + _ROW * (place + 0.5), name, _LEFT - 26, ha="right", weight=weight)
        _draw_panel(canvas, box, figure, panel, names, limits)
    return canvas


def _draw_panel(
    canvas: Canvas,
    box: tuple[float, float, float, float],
    figure: Dots,
    panel: DotPanel,
    names: Sequence[str],
    limits: tuple[float, float],
) -> None:
    from matplotlib.ticker import MaxNLocator

    left, top, width, _ = box
    canvas.name(left, top - 40, panel.title, width, weight="bold")
    axes = canvas.axes(*box)
    axes.set_xlim(*limits)
    axes.set_ylim(len(names), 0)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6 if width < 300 else 8, steps=[1, 2, 2.5, 5, 10]))
    axes.set_xlabel(figure.axis, labelpad=5)
    for place in range(len(names)):
        axes.axhline(place + 0.5, color=ink.FAINT, linewidth=1)
    for index, band in enumerate(panel.bands):
        words = f"{band.name} {wording.number(band.estimate.value)}"
        x, side = (left, "left") if index == 0 else (left + width, "right")
        canvas.text(x, top - 18, words, fontsize=ink.SMALL, color=ink.ROLE_TEXT[band.role], ha=side)
        canvas.band(axes, band, upright=True)
    for place, name in enumerate(names):
        estimate = panel.estimates.get(name)
        if estimate is None:
            axes.text(sum(limits) / 2, place + 0.5, "not run", **ink.IN_PLACE)
            continue
        plot(axes, estimate.ends, [place + 0.5] * 2, color=ink.STUDENT, linewidth=2)
        shown = wording.span(estimate.value, estimate.low, estimate.high)
        tip = f"{name}, {panel.title}: {shown}; {panel.counts}".rstrip("; ")
        canvas.mark(axes, estimate.value, place + 0.5, ink.STUDENT, tip, is_reference=name == panel.reference)
