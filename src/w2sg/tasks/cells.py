"""What one cell of a file holds: a name, a number, or nothing.

A number is a JSON number, or a text of ASCII digits with a sign, a decimal point, an exponent, and commas between
groups of three digits (`1,000`) if there are any. A decimal comma, an underscore and a unit make no number.
"""

import math
import re
import unicodedata

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_GAPS = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "missing", "?", "-", "--", "inf", "-inf"})


def name_of(value: object) -> str:
    """Return the name of a class, group or identity: true and 1.0 are named as JSON and integers would be.

    >>> name_of(True), name_of(1.0), name_of(" spam")
    ('true', '1', 'spam')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def is_missing(value: object) -> bool:
    """Whether a cell holds nothing: null, NaN or an empty text."""
    return value is None or (isinstance(value, float) and math.isnan(value)) or value == ""


def reads_as_gap(name: str) -> bool:
    """Whether a name is one of those that programs write where a value is missing.

    >>> reads_as_gap("N/A"), reads_as_gap("no")
    (True, False)
    """
    return name.strip().casefold() in _GAPS


def number_of(value: object) -> float:
    """Return the number that a cell holds, NaN where it holds none; one too large for a float is infinite.

    >>> number_of("1,000"), number_of(" -2.5e3 "), number_of("3,14"), number_of(True)
    (1000.0, -2500.0, nan, 1.0)
    """
    if isinstance(value, str):
        text = value.strip()
        if is_grouped(text):
            text = text.replace(",", "")
        return float(text) if _NUMBER.fullmatch(text) else math.nan
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        return math.inf
    except (TypeError, ValueError):
        return math.nan


def is_number(value: object) -> bool:
    """Whether a cell holds a finite number."""
    return math.isfinite(number_of(value))


def is_grouped(value: object) -> bool:
    """Whether a cell is a number with commas between groups of three digits."""
    return isinstance(value, str) and _GROUPED.fullmatch(value.strip()) is not None


def spelling(name: str) -> str:
    """Return what two spellings of one name share: `1`, `1.0` and `true`, composed and decomposed letters, cases.

    >>> spelling("1.0") == spelling("1"), spelling("Spam ") == spelling("spam"), spelling("a") == spelling("b")
    (True, True, False)
    """
    plain = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    number = {"true": 1.0, "false": 0.0}.get(plain, number_of(plain))
    return repr(number + 0.0) if math.isfinite(number) else plain


def is_text(text: str) -> bool:
    r"""Whether a text can be stored: half of a surrogate pair and NUL are no letters.

    >>> is_text("caf\u00e9"), is_text("\ud800"), is_text("\0")
    (True, False, False)
    """
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
