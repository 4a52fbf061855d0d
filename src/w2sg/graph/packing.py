"""Plain data in the rows of the store: packed when it is written, and not believed when it is read."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from w2sg.graph.objects import DamagedObjectError


def places_of(arrays: object) -> dict[str, int]:
    """Return the objects of an artifact by the names of its arrays.

    Raises:
        DamagedObjectError: If the text says anything else.
    """
    places = table_of(arrays)
    if not all(type(place) is int and 0 <= place < 2**63 for place in places.values()):
        raise DamagedObjectError("the objects of its arrays are no numbers")
    return places


def table_of(text: object) -> dict[str, Any]:
    """Return the table of a JSON text.

    Raises:
        DamagedObjectError: If the text says anything else.
    """
    try:
        table = json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError) as error:
        raise DamagedObjectError(f"a text is no JSON: {error}") from error
    if not isinstance(table, dict):
        raise DamagedObjectError("a text is no JSON table")
    return table


def squeezed(record: Mapping[str, Any]) -> bytes:
    """Return plain data as compressed JSON."""
    return zlib.compress(json.dumps(dict(record), separators=(",", ":")).encode(), 6)


def unsqueezed(content: object) -> dict[str, Any]:
    """Return the plain data of what `squeezed` gave.

    Raises:
        DamagedObjectError: If the content is anything else.
    """
    try:
        return table_of(zlib.decompress(content) if isinstance(content, bytes) else None)
    except (zlib.error, MemoryError) as error:
        raise DamagedObjectError(f"its record cannot be unpacked: {error}") from error
