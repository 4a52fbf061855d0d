"""Offline pages: the parts that all of them are made of, and how a file appears whole or not at all."""

import base64
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2sg.core import InputError, StoreError, plain

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = "templates"


def environment(**options: Any) -> "Environment":
    """Return the environment of this package's templates: what is put in is escaped, what is missing is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    settings = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True, **options}
    return Environment(loader=PackageLoader("w2sg.report", _TEMPLATES), undefined=StrictUndefined, **settings)


def page_parts() -> dict[str, Any]:
    """Return what every page has: its style, its script and the hash by which a browser lets only this script run."""
    from markupsafe import Markup

    script = _asset("report.js")
    return {
        # `Markup` tells the template that a text is safe as it is; everything else is escaped.
        "style": Markup(_asset("report.css")),  # noqa: S704 - a file of this package
        "script": Markup(script),  # noqa: S704 - a file of this package
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }


def embedded(data: Mapping[str, Any]) -> Any:
    """Return plain data as JSON that can stand inside a script element; numbers that JSON does not know are null."""
    from markupsafe import Markup

    text = json.dumps(plain(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # `</script>` inside a text would end the script element, and two separators of lines end a statement in older
    # browsers.
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped for this place


def check_replaceable(target: Path) -> None:
    """Check that nothing stands where a file is to be written, or a plain file.

    Raises:
        InputError: If it is anything else: a link's target or a device is not for a report to replace.
        StoreError: If it cannot be looked at.
    """
    try:
        mode = target.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"path {target} cannot be looked at: {error.strerror}: choose another path") from error
    if not stat.S_ISREG(mode):
        raise InputError(f"path {target} is no plain file, and only such a one is replaced: choose another path")


def write_whole(target: Path, content: str | bytes) -> None:
    """Write beside the target and move into place, so that no reader ever sees half a file.

    Raises:
        InputError: If something stands there that is no plain file, such as a link or a device.
        StoreError: If the file cannot be written.
    """
    check_replaceable(target)
    beside = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            # On disk before the move: after a power cut there is the old page or the new one, never an empty one.
            os.fsync(file.fileno())
        os.replace(beside, target)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise StoreError(
            f"report {target} cannot be written: {error.strerror or error}: check the disk and its rights, "
            "or choose another path"
        ) from error


def _asset(name: str) -> str:
    return files("w2sg.report").joinpath(_TEMPLATES, name).read_text(encoding="utf-8").strip()
