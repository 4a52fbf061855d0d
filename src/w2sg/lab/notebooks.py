"""What results offer in a notebook: a frame of their runs, a figure, and a table where they are the last value."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FACE = "w2sg"
"""What writes pages and draws stands above the laboratory. A result asks for it as its user would: by the package's
name, when it is shown; nothing that the laboratory computes rests on it."""


class Showable:
    """A result that people look at."""

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with one row a run and test set; see `w2sg.lab.tidy_rows` for its columns.

        Raises:
            InputError: If pandas is not installed.
        """
        return import_module(FACE).to_frame(self)

    def plot(self, figure: str | None = None) -> "Figure":
        """Return a figure of the result's page, drawn by matplotlib.

        Args:
            figure: Its name; None is the page's first.

        Raises:
            InputError: If the page has no figure of this name.
        """
        drawn: Figure = import_module(FACE).plot(self, figure)
        return drawn

    def _repr_html_(self) -> str:
        shown: str = import_module(FACE).html_table(self)
        return shown
