"""What steps of one place share while they are computed by one worker, such as the loaded data of a task."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

T = TypeVar("T")
_shared: ContextVar[dict[str, Any] | None] = ContextVar("shared", default=None)


@contextmanager
def sharing() -> Iterator[None]:
    """Keep what `shared` makes until the end of the block; blocks inside a block keep to themselves."""
    token = _shared.set({})
    try:
        yield
    finally:
        _shared.reset(token)


def shared(name: str, make: Callable[[], T]) -> T:
    """Return what was made under a name in this block, made now if it was not; outside of a block always made."""
    known = _shared.get()
    if known is None:
        return make()
    if name not in known:
        known[name] = make()
    return cast(T, known[name])
