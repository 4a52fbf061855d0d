"""A cache for what is costly to make again, lent by whoever runs the work: without one, nothing is kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol

from w2sg.core.arrays import AnyArray
from w2sg.core.component import Component
from w2sg.core.phases import during


class ArrayCache(Protocol):
    """Where arrays are kept by key."""

    def key_of(self, name: str, by: Sequence[Component]) -> str:
        """Return the key of what components make under a name: another one when their code changes."""

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


def cached(name: str, by: Component, make: Callable[[], AnyArray]) -> AnyArray:
    """Return an array from the cache that is lent, made and kept now if it is not there.

    Args:
        name: Says all that the array depends on beside code.
        by: The component whose code makes it.
        make: Makes it.
    """
    cache = _cache.get()
    if cache is None:
        return make()
    key = cache.key_of(name, [by])
    known = cache.find(key)
    if known is not None:
        return known["array"]
    with during("encoding"):
        array = make()
    cache.keep(key, {"array": array})
    return array


def checkpoint_folder(name: str, *by: Component) -> Path | None:
    """Return where work may save how far it is, to go on from there after an interruption; None if nobody lends it.

    Args:
        name: Says all that the work depends on beside code.
        by: The components whose code does it.
    """
    cache = _cache.get()
    return None if cache is None else cache.checkpoint_folder(cache.key_of(name, by))
