"""How numbers are written: once, for the sentences of findings and for pages, figures and terminals.

Accuracies and PGRs have three decimals, limits stand in brackets, a minus is a minus sign, and nothing is clipped.
"""

import math
import re
from typing import Protocol

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
"""Stands where there is no number."""
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
MOST_LETTERS = 48
"""Names longer than this are shown shortened; two that would look alike then have their hash's beginning."""
SHORT_HASH = 12
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What steers a terminal or turns the order of letters, and halves of letters; line ends and tabs are text."""


class HasLimits(Protocol):
    """An interval of `w2sg.measure`, or a PGR: an estimate and limits, None where there are none."""

    @property
    def estimate(self) -> float | None:
        """The estimate."""

    @property
    def low(self) -> float | None:
        """The lower limit."""

    @property
    def high(self) -> float | None:
        """The upper limit."""


def printable(text: str) -> str:
    r"""Return text in which nothing steers a terminal: control characters are shown by their numbers.

    >>> print(printable("red: " + chr(27) + "[31m"))
    red: \u001b[31m
    """
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def number(value: float | None, decimals: int = 3) -> str:
    """Return a number with a fixed number of decimals; a dash for None and NaN.

    >>> number(0.8500837), number(-0.0665), number(-0.0001), number(None)
    ('0.850', '−0.067', '0.000', '–')
    """
    if value is None or math.isnan(value):
        return NOTHING
    text = f"{abs(value):.{decimals}f}"
    # A number that rounds to zero has no sign: "-0.000" would claim a direction that its digits do not show.
    negative = value < 0 and float(text) != 0
    return MINUS + text if negative else text


def signed(value: float | None, decimals: int = 3) -> str:
    """Return a difference with its sign.

    >>> signed(0.0172), signed(-0.5), signed(0.0)
    ('+0.017', '−0.500', '0.000')
    """
    text = number(value, decimals)
    return f"+{text}" if value is not None and value > 0 and float(text) != 0 else text


def limits(low: float | None, high: float | None, decimals: int = 3) -> str:
    """Return the limits of an interval in brackets; a dash where there are none.

    >>> limits(-0.0093, 0.025)
    '[−0.009, 0.025]'
    """
    if low is None or high is None:
        return NOTHING
    return f"[{number(low, decimals)}, {number(high, decimals)}]"


def span(value: float, low: float | None, high: float | None) -> str:
    """Return a number with its limits where it has them.

    >>> span(0.85, 0.8287, 0.8713), span(0.85, None, None)
    ('0.850 [0.829, 0.871]', '0.850')
    """
    return number(value) if low is None or high is None else f"{number(value)} {limits(low, high)}"


def interval(estimated: HasLimits | None, decimals: int = 3) -> str:
    """Return an estimate with its limits; a dash where there is none.

    >>> from w2sg.measure import Interval
    >>> interval(Interval(0.85, 0.8287, 0.8713, 0.95))
    '0.850 [0.829, 0.871]'
    """
    if estimated is None or estimated.estimate is None:
        return NOTHING
    return f"{number(estimated.estimate, decimals)} {limits(estimated.low, estimated.high, decimals)}"


def difference(estimated: HasLimits | None, decimals: int = 3) -> str:
    """Return a difference with its sign and its limits; a dash where there is none."""
    if estimated is None or estimated.estimate is None:
        return NOTHING
    return f"{signed(estimated.estimate, decimals)} {limits(estimated.low, estimated.high, decimals)}"


def p_value(p: float | None) -> str:
    """Return a p-value without its leading zero.

    >>> p_value(0.0174), p_value(0.0002), p_value(1.0), p_value(0.9999)
    ('.017', '< .001', '1', '> .999')
    """
    if p is None or math.isnan(p):
        return NOTHING
    if p < 0.001:
        return "< .001"
    if p == 1:
        return "1"
    # Neither end is rounded to: a p-value is 1 only where it is 1, and never 0.
    return "> .999" if p > 0.9994 else f"{p:.3f}"[1:]


def p_statement(p: float | None, name: str = "p") -> str:
    """Return what is known of a p-value.

    >>> p_statement(0.0002), p_statement(0.0174, "Holm p")
    ('p < .001', 'Holm p = .017')
    """
    text = p_value(p)
    return f"{name} {text}" if text[0] in "<>" else f"{name} = {text}"


LEAST_EXPLAINED = -100.0


def explained(value: float | None) -> str:
    """Return an explained variance; far below 0 it says no more than that numbers are off by orders of magnitude.

    >>> explained(0.52), explained(-1e9), explained(None)
    ('0.52', '< −100', '–')
    """
    return f"< {number(LEAST_EXPLAINED, 0)}" if value is not None and value < LEAST_EXPLAINED else number(value, 2)


def cost(value: float | None) -> str:
    """Return seconds without their unit, small ones with two significant digits.

    >>> cost(12.3456), cost(0.01234), cost(None)
    ('12.35', '0.012', '–')
    """
    if value is None or math.isnan(value):
        return NOTHING
    return f"{value:.2f}" if value >= 0.995 else f"{value:.2g}"


def count(value: float | None) -> str:
    """Return a number of things; means over seeds keep one decimal.

    >>> count(1648), count(597.0), count(36.5)
    ('1,648', '597', '36.5')
    """
    if value is None or math.isnan(value):
        return NOTHING
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def quantity(value: float, noun: str, nouns: str | None = None) -> str:
    """Return a number of named things.

    >>> quantity(1, "seed"), quantity(6, "seed"), quantity(2, "study", "studies")
    ('1 seed', '6 seeds', '2 studies')
    """
    return f"{count(value)} {noun if value == 1 else nouns or noun + 's'}"


def seconds(value: float | None) -> str:
    """Return a duration.

    >>> seconds(0.2089), seconds(75), seconds(7260), seconds(0.0004)
    ('0.21 s', '1 min 15 s', '2 h 1 min', '< 0.01 s')
    """
    if value is None or math.isnan(value):
        return NOTHING
    if value < 0.01:
        return "0 s" if value == 0 else "< 0.01 s"
    if value < 59.95:
        return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def short_hash(digest: str) -> str:
    """Return the first characters of a hash, enough to name it."""
    return digest[:SHORT_HASH]


def shortened(text: str, most: int) -> str:
    """Return a text of at most `most` characters, its middle left out where it is longer.

    >>> shortened("linear(nystroem(count=100))", 15)
    'linear(…t=100))'
    """
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    # The middle is left out: names of setups begin with their kind and end with the setting that tells them apart.
    head = (most - 1) // 2
    return text[:head] + ELLIPSIS + text[len(text) - (most - 1 - head) :]


def listed(items: list[str]) -> str:
    """Return a list as in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""
