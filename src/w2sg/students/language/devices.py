"""Where torch computes, how exactly, and from which seed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch

from w2sg.core import InputError

READY_BYTES = 1 << 20
"""One network is held ready to answer, whatever its size: the memo counts each as this much."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where and how products are computed.

    Attributes:
        device: The name of the device.
        half: Whether products are computed in bfloat16.
    """

    device: str
    half: bool


class Placed(Protocol):
    """What says where it computes and how exactly."""

    @property
    def device(self) -> str:
        """The name of a device, or `auto`."""

    @property
    def precision(self) -> str:
        """`float32`, `bfloat16` or `auto`."""


def place_of(placed: Placed) -> Place:
    """Return the device and the precision; `auto` takes the best there is.

    Raises:
        InputError: If the device is not there.
    """
    device, precision = placed.device, placed.precision
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        device = next((name for name in ("cuda", "mps") if there[name]), "cpu")
    if not there[device]:
        raise InputError(f"device {device!r} is not there: use 'auto' or 'cpu'")
    able = device == "cuda" and torch.cuda.is_bf16_supported()
    return Place(device, able if precision == "auto" else precision == "bfloat16")


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw torch's global randomness from a seed inside, and leave it as it was."""
    # Some layers and adapters draw from torch's global generator and take no other; it is lent and put back, so that
    # nothing around a training depends on whether one ran.
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
