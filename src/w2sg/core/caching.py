"""A cache for what is costly to make again, lent by whoever runs the work: without one, nothing is kept."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol

from w2sg.core.arrays import AnyArray


class ArrayCache(Protocol):
    """Where arrays are kept by key."""

    def find(self, key: str) -> Mapping[str, AnyArray] | None:
        """Return what is kept under a key, or None."""

    def keep(self, key: str, arrays: Mapping[str, AnyArray]) -> None:
        """Keep arrays under a key."""

    def checkpoint_folder(self, key: str) -> Path:
        """Return the folder, perhaps not made yet, where the work of a key may save how far it is."""


# Held in a context variable and not passed along: a student deep inside a method finds the cache without every contract
# between them having to know that there is one, and threads do not share it.
_cache: ContextVar[ArrayCache | None] = ContextVar("cache", default=None)


@contextmanager
def using_cache(cache: ArrayCache) -> Iterator[None]:
    """Lend a cache to all that runs inside."""
    token = _cache.set(cache)
    try:
        yield
    finally:
        _cache.reset(token)


def cached(key: str, make: Callable[[], AnyArray]) -> AnyArray:
    """Return the array of a key from the cache that is lent, made and kept now if it is not there."""
    cache = _cache.get()
    known = None if cache is None else cache.find(key)
    if known is not None:
        return known["array"]
    array = make()
    if cache is not None:
        cache.keep(key, {"array": array})
    return array


def checkpoint_folder(key: str) -> Path | None:
    """Return where work may save how far it is, to go on from there after an interruption; None if nobody lends it."""
    cache = _cache.get()
    return None if cache is None else cache.checkpoint_folder(key)
