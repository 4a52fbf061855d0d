"""Observing: from a run's arrays to its observables."""

from w2sg.theory.observing.measuring import observe
from w2sg.theory.observing.observed import AuditedLabels, FeatureSpace, ObservedRun, Refits

__all__ = ["AuditedLabels", "Refits", "ObservedRun", "FeatureSpace", "observe"]
