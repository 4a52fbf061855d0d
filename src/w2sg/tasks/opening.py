"""From a path to the bytes of a file: what may be opened, and how much an archive may hold."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from w2sg.core import DataError
from w2sg.tasks.cells import is_text


def check_path(path: str) -> str:
    """Return a path that can be stored and shown.

    Raises:
        ValueError: If it cannot.
    """
    if not is_text(path):
        raise ValueError(f"a path must be text that UTF-8 can hold, without NUL, got {ascii(path)[:100]}")
    return path


PathText = Annotated[str, AfterValidator(check_path)]
"""The path of a file or a folder, as a field."""
_GZIP_MAGIC = b"\x1f\x8b"
MOST_UNPACKED_RATIO = 200
"""Tables pack to a tenth or a fiftieth of their size; an archive that gives more than this was made to fill memory."""
ALWAYS_UNPACKED = 100_000_000
"""Bytes that an archive may give whatever its size: small files of one repeated row are no attack."""


def file_bytes(path: str, user: str = "path") -> bytes:
    """Return the bytes of a file as they are stored.

    Raises:
        DataError: If the path is no path, or the file is missing, no plain file, empty or unreadable.
    """
    shown, file = shown_path(path), place_of(path, user)
    if file.is_dir():
        raise DataError(f"{shown}: {user!r} must name a file, this is a folder: name a file in it")
    # A pipe or a device may never end, and its bytes cannot be read a second time.
    if file.exists() and not file.is_file():
        raise DataError(f"{shown}: {user!r} must name a plain file, this is a pipe or a device: save it to a file")
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{shown}: {user!r} must name a file, there is none (looked in {Path.cwd()})") from None
    except OSError as error:
        raise DataError(f"{shown}: the file cannot be read ({error.strerror}): check its permissions") from None
    if not data:
        raise DataError(f"{shown}: the file is empty (0 bytes): give a file with rows")
    return data


def place_of(path: str, user: str) -> Path:
    """Return the file or folder that a path may name, whether there is one or not.

    Raises:
        DataError: If there can be none of that name.
    """
    try:
        place = Path(path).expanduser()
        place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    # A name that is too long, or the home of a user that does not exist.
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{shown_path(path)}: {user!r} must be a path that can be read ({reason}): check it") from None
    return place


def shown_path(path: str) -> str:
    r"""Return a path as messages show it: printable, and a very long one cut in its middle.

    >>> shown_path("rows.csv"), shown_path("a" + chr(0xDC80))
    ('rows.csv', 'a\\udc80')
    """
    path = path.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    return path if len(path) <= 300 else f"{path[:140]} ... {path[-140:]} ({len(path)} characters)"


def folder_bytes(folder: str, patterns: Sequence[str], name: str) -> dict[str, bytes]:
    """Return the bytes of a published set's files by their path, as the patterns come and then in order of the paths.

    Args:
        folder: The folder that holds them.
        patterns: Which files; each may be gzipped, with .gz at the end of its name.
        name: The set's name, for messages.

    Raises:
        DataError: If a pattern fits no file, or a file cannot be read.
    """
    root = place_of(folder, "folder")
    contents: dict[str, bytes] = {}
    for pattern in patterns:
        plain, zipped = set(root.glob(pattern)), set(root.glob(f"{pattern}.gz"))
        # A file that lies there twice, unpacked beside its archive, is read once.
        paths = plain | {path for path in zipped if path.with_suffix("") not in plain}
        if not paths:
            raise DataError(f"{folder}: 'folder' must hold {pattern} (or .gz of it) of {name}, it has none")
        contents |= {str(path): file_bytes(str(path), "folder") for path in sorted(paths)}
    return contents


def digest_of(contents: Mapping[str, bytes]) -> str:
    """Return the sha256 of files in their order; where they lie and what they are called does not count."""
    state = hashlib.sha256()
    for data in contents.values():
        state.update(len(data).to_bytes(8, "little") + data)
    return state.hexdigest()


def unzipped(path: str, data: bytes) -> bytes:
    """Return the bytes of a file, unpacked if it is an archive.

    Raises:
        DataError: If an archive is damaged, empty, or unpacks to far more than data do.
    """
    # The first bytes decide as well: archives lose their ending in many a download.
    if not path.endswith(".gz") and not data.startswith(_GZIP_MAGIC):
        return data
    most = max(ALWAYS_UNPACKED, MOST_UNPACKED_RATIO * len(data))
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as archive:
            plain = archive.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: the gzip file is damaged or cut off ({error}): fetch it again") from None
    if len(plain) > most:
        raise DataError(
            f"{path}: the gzip file must unpack to at most {MOST_UNPACKED_RATIO} times its {len(data)} bytes, or to "
            f"{ALWAYS_UNPACKED}, it holds more: unpack it and look at it"
        )
    if not plain:
        raise DataError(f"{path}: the file is empty (0 bytes unpacked): give a file with rows")
    return plain
