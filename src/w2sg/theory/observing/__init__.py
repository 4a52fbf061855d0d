"""Observing: from a run's arrays to its observables."""

from w2sg.theory.observing.measuring import observe
from w2sg.theory.observing.seen import Audit, Refits, Seen, Space

__all__ = ["Audit", "Refits", "Seen", "Space", "observe"]
