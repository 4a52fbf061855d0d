"""The one place where whatever a component raises is caught: it is that component's failure, and nobody else's."""

from collections.abc import Callable
from typing import TypeVar

from w2sg.core.errors import StoreError

T = TypeVar("T")


def attempt(work: Callable[[], T]) -> T | Exception:
    """Return what work gives, or the error that it raised.

    Raises:
        StoreError: Where the store fails, nothing can go on.
    """
    try:
        return work()
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - components are anybody's code
        return error
