"""Studies and specifications that come with the package, by their names."""

from pathlib import Path
from typing import Literal

Shelf = Literal["studies", "specs"]


def named_file(path: str | Path, shelf: Shelf) -> Path:
    """Return the file that somebody means: the one of this path, or for a name that is no file the package's own.

    >>> named_file("digits", "studies").name
    'digits.toml'
    """
    given = Path(path)
    if given.suffix or len(given.parts) != 1 or given.exists():
        return given
    own = next((folder / f"{given}.toml" for folder in _shelves(shelf)), given)
    return own if own.is_file() else given


def shipped_names(shelf: Shelf) -> list[str]:
    """Return the names of the files that come with the package."""
    return sorted(file.stem for folder in _shelves(shelf) for file in folder.glob("*.toml"))


def _shelves(shelf: Shelf) -> list[Path]:
    """Return the folder with the package's files: inside the package where it is installed, beside it in a checkout."""
    package = Path(__file__).parents[1]
    return [folder for folder in (package / shelf, package.parents[1] / shelf) if folder.is_dir()][:1]
