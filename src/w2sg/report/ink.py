"""Colours and sizes of figures, and what each role looks like.

The palette is that of Okabe and Ito, which readers with any colour vision can tell apart; every colour also has its own
marker or place.
"""

from typing import Any

INK, MUTED, FAINT = "#1d2733", "#5f6b7a", "#e3e8ee"
BLUE, ORANGE, GREEN, VERMILLION = "#0072b2", "#e69f00", "#009e73", "#d55e00"
SKY, PURPLE, GREY, BLACK = "#56b4e9", "#cc79a7", "#7a8694", "#000000"
WEAK, STUDENT, CEILING = ORANGE, BLUE, GREEN
WEAK_TEXT, CEILING_TEXT = "#8f6000", "#00674b"
"""The colours of weak supervisor and ceiling, dark enough to be read as text on white."""
ROLE = {"weak": WEAK, "student": STUDENT, "ceiling": CEILING}
ROLE_TEXT = {"weak": WEAK_TEXT, "student": STUDENT, "ceiling": CEILING_TEXT}
DASHES: dict[str, Any] = {"weak": (0, (5, 2.5)), "student": "-", "ceiling": "-"}

WIDTH = 900.0
TINY, SMALL, NORMAL, LARGE = 10.5, 11.5, 12.5, 14.0
IN_PLACE: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": SMALL, "color": MUTED}
"""How words stand where a mark would be, such as `not run`."""
