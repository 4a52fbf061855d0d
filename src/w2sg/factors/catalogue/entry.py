"""How a factor is entered in the catalogue."""

from typing import Any

from w2sg.core import preset
from w2sg.factors.contract import Factor


def factor(name: str, cls: type[Factor], mechanism: str, *, source: str = "", **fields: Any) -> None:
    """Register a factor under a name, which is its title, with its mechanism in a sentence.

    Args:
        name: The name.
        cls: Its kind.
        mechanism: How it may move generalization.
        source: Where its prediction is from, such as an arXiv id.
        fields: Its other fields.
    """
    title = name.replace("-", " ")
    preset(name, cls, mechanism, paper=source, title=title, mechanism=mechanism, source=source, **fields)
