"""What may be known beside inputs and weak labels, in the order of how much it is."""

from enum import StrEnum


class InformationTier(StrEnum):
    """What a method knows beside inputs and weak labels; each tier knows what those before it know.

    Audits, labels of the transfer split that a method buys one by one, are counted beside the tier (`Method.audits`).
    """

    WEAK_LABELS = "weak-labels"
    """Nothing else: the setting in which nobody can check the weak supervisor."""
    AGGREGATES = "aggregates"
    """Figures of the supervision split: its size, its class shares, how often and where the weak supervisor errs."""
    SUPERVISION_GOLD = "supervision-gold"
    """The supervision split itself with its gold, which the weak supervisor learned from."""

    def includes(self, other: "InformationTier") -> bool:
        """Return whether this tier knows what another one knows."""
        order = list(InformationTier)
        return order.index(self) >= order.index(other)
