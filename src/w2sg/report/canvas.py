"""A drawing surface in pixels: matplotlib's SVG, made small, free of chance and readable by screen readers.

The palette is that of Okabe and Ito, which readers with any colour vision can tell apart; every colour also has its
own marker or place. Text stays text, in the reader's own font; it is measured in a wider one, so that it fits.
"""

import hashlib
import html
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from w2sg.core import Band, Estimate, wording
from w2sg.report import ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

_EM = 0.57
"""The mean width of a letter, as a share of the size."""
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_STYLE = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": ink.NORMAL,
    "text.color": ink.INK,
    "axes.linewidth": 1.0,
    "axes.edgecolor": ink.MUTED,
    "axes.labelcolor": ink.MUTED,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": ink.MUTED,
    "ytick.color": ink.MUTED,
    "xtick.labelsize": ink.SMALL,
    "ytick.labelsize": ink.SMALL,
    "xtick.major.size": 4.0,
    "ytick.major.size": 0.0,
    "figure.facecolor": "none",
    "grid.color": ink.FAINT,
    "grid.linewidth": 1.0,
    "lines.linewidth": 1.8,
    "lines.markersize": 7.0,
    "lines.solid_capstyle": "butt",
}


@dataclass(frozen=True)
class Drawing:
    """A figure.

    Attributes:
        name: Names it within a report.
        title: What it shows.
        caption: How to read it.
        svg: The figure as SVG.
    """

    name: str
    title: str
    caption: str
    svg: str


class Canvas:
    """A surface of `width` x `height` pixels; the origin is the upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        # At 72 dots per inch a point, in which matplotlib measures text and lines, is a pixel.
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        self.tips: list[str] = []

    def axes(self, left: float, top: float, width: float, height: float) -> "Axes":
        """Add axes that fill a box."""
        box = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(box)

    def text(self, x: float, y: float, words: str, **style: Any) -> "Text":
        """Write at a point of the canvas."""
        options = {"va": "center", **style}
        return self.figure.text(x / self.width, 1 - y / self.height, words, **options)

    def name(self, x: float, y: float, words: str, width: float, **style: Any) -> "Text":
        """Write a name in a space of `width` pixels: smaller where it is long, shortened where it is too long."""
        # Text is not laid out here, because the reader's font is not known: letters are counted instead.
        size = ink.NORMAL if len(words) * ink.NORMAL * _EM <= width else ink.TINY
        most = max(8, int(width / (size * _EM)))
        return self.text(x, y, wording.shortened(words, most), fontsize=size, **style)

    def line(self, x: tuple[float, float], y: tuple[float, float], **style: Any) -> None:
        """Draw a line between two points of the canvas."""
        from matplotlib.lines import Line2D

        ends = [value / self.width for value in x], [1 - value / self.height for value in y]
        self.figure.add_artist(Line2D(*ends, **style))

    def mark(self, axes: "Axes", x: float, y: float, colour: str, words: str, *, is_reference: bool) -> None:
        """Draw a point that shows words when pointed at: an open diamond for the reference, a dot for all others."""
        # Shape as well as colour: the reference is found by readers who cannot tell colours apart.
        look: dict[str, Any] = {"marker": "o"}
        if is_reference:
            look = {"marker": "D", "markersize": 6.5, "markerfacecolor": "white", "markeredgewidth": 1.8}
        plot(axes, [x], [y], color=colour, linestyle="none", gid=self.tip(words), **look)

    def band(self, axes: "Axes", band: Band, *, upright: bool) -> None:
        """Draw an estimate that holds for all of some axes: a line across or upright, with its interval as a band."""
        colour = ink.ROLE[band.role]
        (axes.axvspan if upright else axes.axhspan)(*band.estimate.ends, color=colour, alpha=0.16, linewidth=0)
        draw = axes.axvline if upright else axes.axhline
        draw(band.estimate.value, color=colour, linewidth=2, linestyle=ink.DASHES[band.role])

    def tip(self, words: str) -> str:
        """Return the id of an artist that shows these words when pointed at."""
        # SVG shows an element's title when it is pointed at, but matplotlib writes no titles: the artist gets an id by
        # which its title is put in afterwards.
        self.tips.append(words)
        return f"tip-{len(self.tips) - 1}"

    def svg(self, name: str, title: str) -> str:
        """Return the drawing as SVG."""
        buffer = io.StringIO()
        self.figure.savefig(buffer, format="svg", metadata={"Date": None})
        return _cleaned(buffer.getvalue(), name, title, self)


def plot(axes: "Axes", x: Sequence[float], y: Sequence[float], **style: Any) -> None:
    """Draw a line in axes whose limits are set.

    `axes.plot` looks for new limits after every line, which takes most of the time of a figure of many small lines.
    """
    from matplotlib.lines import Line2D

    axes.add_artist(Line2D(x, y, **style))


@contextmanager
def drawing_style(name: str) -> Iterator[None]:
    """Draw in the house style whatever the reader's own matplotlib settings are; ids depend on the name only."""
    import matplotlib.style

    # The hash salt decides the ids that matplotlib makes up; without one they are drawn at random.
    with matplotlib.style.context(["default", {**_STYLE, "svg.hashsalt": name}], after_reset=True):
        yield


def padded(estimates: Iterable[Estimate], share: float) -> tuple[float, float]:
    """Return the limits of an axis that holds estimates of accuracies with their intervals, and a little more."""
    ends = [end for estimate in estimates for end in estimate.ends]
    # An accuracy is never above 1, so the axis ends there; without the least pad equal estimates would leave no axis.
    pad = max(share * (max(ends) - min(ends)), 0.005)
    return min(ends) - pad, min(max(ends), 1.0) + pad


def _cleaned(svg: str, name: str, title: str, canvas: Canvas) -> str:
    # What matplotlib adds for its own sake goes: dates and comments would change the bytes, a style element would be
    # refused by the page's content policy, fonts are the reader's, and seven decimals of a pixel are five too many.
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r"<defs>\s*</defs>", "", body)
    body = re.sub(r"\s*font-family: [^;\"]*;", "", body).replace("xlink:href", "href")
    body = re.sub(r' transform="rotate\(-0 [^"]*\)"', "", body)
    body = re.sub(r"<[^>]+>", lambda tag: re.sub(r"\d+\.\d{3,}", _rounded, tag[0]), body)
    body = re.sub(r">\s*\n\s*<", ">\n<", body).replace(" \n", " ")
    prefix = hashlib.sha256(name.encode()).hexdigest()[:8]
    body = _renamed(body, prefix, canvas.tips)
    label = f"{prefix}-title"
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {canvas.width:g} {canvas.height:g}" '
        f'width="{canvas.width:g}" height="{canvas.height:g}" role="img" aria-labelledby="{label}" '
        f'style="font-family:{_FONT};stroke-linejoin:round">\n<title id="{label}">{html.escape(title)}</title>'
    )
    return start + body[body.index(">") + 1 :].rstrip()


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match[0]):.2f}".rstrip("0").rstrip(".")


def _renamed(body: str, prefix: str, tips: list[str]) -> str:
    """Keep only ids that something refers to, under names no other figure of a page has; turn tips into titles."""
    # Ids of a page must be unique, and every figure of matplotlib names its parts alike.
    referred = dict.fromkeys(re.findall(r'(?:url\(#|href="#)([\w.-]+)', body))
    short = {old: f"{prefix}-{index}" for index, old in enumerate(referred)}

    def rename(match: re.Match[str]) -> str:
        old = match[1]
        return f' id="{short[old]}"' if old in short else ""

    def tipped(match: re.Match[str]) -> str:
        return f'<g class="tip"><title>{html.escape(tips[int(match[1])])}</title>'

    body = re.sub(r'<g id="tip-(\d+)">', tipped, body)
    body = re.sub(r' id="([^"]*)"', rename, body)
    return re.sub(r'(url\(#|href="#)([\w.-]+)', lambda match: match[1] + short[match[2]], body)


def in_chunks(items: list[Any], most: int) -> list[list[Any]]:
    """Return the items in as few chunks of at most `most` as possible, of nearly equal sizes."""
    # Nearly equal sizes: two drawings of 20 and 21 rows compare better than one of 40 and one of a single row.
    n_chunks = max(1, -(-len(items) // most))
    edges = [round(index * len(items) / n_chunks) for index in range(n_chunks + 1)]
    return [items[start:stop] for start, stop in zip(edges, edges[1:], strict=False)]
