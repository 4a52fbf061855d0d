"""The error tree: every error of w2sg says what is wrong, the rule, what was received and what to do."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

_NEAR = 0.6
"""How much of two names must be the same, of 1: at one half `label` would be near `age`."""


class W2sgError(Exception):
    """Base of all errors raised on purpose by w2sg."""


class InputError(W2sgError, ValueError):
    """The caller gave something that breaks a stated rule (exit code 2)."""


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Return at most three of the known names that somebody may have meant, the nearest first.

    >>> near_names("lable", ["label", "age"]), near_names("label", ["age"]), near_names("gold", ["gold_label"])
    (['label'], [], ['gold_label'])
    """
    folded = {other.casefold(): other for other in known}
    near = get_close_matches(name.casefold(), folded, n=3, cutoff=_NEAR)
    # A name that is a whole word of another is near, however long the other is.
    words = [other for other in folded if name.casefold() in re.split(r"[^a-z0-9]", other)]
    return [folded[other] for other in dict.fromkeys([*near, *words])][:3]


class UnknownNameError(InputError, KeyError):
    """A name is not registered; the message suggests near ones."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = near_names(name, known)
        hint = f"did you mean {' or '.join(repr(x) for x in near)}?" if near else f"known: {', '.join(known)}"
        self.message = f"unknown {what} {name!r}: {hint}"
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


class DataError(InputError):
    """A data file or array breaks a rule of the task that reads it."""


class CapabilityError(InputError, TypeError):
    """A student lacks what a method needs."""


class DivergedError(InputError, ArithmeticError):
    """A training's loss or gradient became infinite or no number.

    It follows from what was given alone, so the same training would end there again.
    """


class GoldError(W2sgError, PermissionError):
    """Ground truth was asked for outside the purposes that may have it."""


class MissingExtraError(InputError, ImportError):
    """An optional dependency is needed and not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed: run pip install 'w2sg[{extra}]'")


class StoreError(W2sgError, OSError):
    """The store cannot be read or written (exit code 3)."""


class RunError(W2sgError, RuntimeError):
    """A run failed while it was computed (exit code 3)."""
