"""A memory for what is costly to make again and cheap to name: the least recently used goes first."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Memo(Generic[T]):
    """Keeps values up to a number of bytes; at least the newest is kept."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._kept: OrderedDict[object, tuple[T, int]] = OrderedDict()

    def get(self, key: object, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """Return the value of a key, made now if it is not kept."""
        if key not in self._kept:
            value = make()
            self._kept[key] = (value, size(value))
            # The newest value stays even where it alone is above the limit: it was just asked for, and is in memory
            # anyway.
            while len(self._kept) > 1 and sum(n_bytes for _, n_bytes in self._kept.values()) > self.most_bytes:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key][0]
