"""The gain that is identified: between which ends it lies for every truth under which the supervisor has its risks.

The supervisor's risks in 0-1, Brier and cross-entropy are all linear in the distributions of labels, and so is the
gain: each end is a linear program (`w2sg.measure.identified`).
"""

import numpy as np

from w2sg.core import FloatArray, Quantity
from w2sg.measure import KnownMean, identified, tension
from w2sg.theory.observing.observed import ObservedRun, Refits
from w2sg.theory.observing.risks import losses, losses_by_label

MOST_ROWS = 1000
"""The programs are over at most this many inputs; the ends' standard errors know of it."""
LEEWAY = 0.1
"""Standard errors by which risks may move beyond what some truth asks for, so that more than one truth is left."""


def identified_gains(seen: ObservedRun, refits: Refits) -> dict[str, Quantity]:
    """Return both ends of the gain in each unit, and by how many standard errors risks had to move to fit a truth.

    By duality an end is a price for each risk plus the mean of something known of each input. So its standard error
    has two parts: that of the priced losses on held-out labels, and that of the mean over inputs. Prices are taken as
    fixed, which is right to first order.
    """
    weak, student = (losses_by_label(predictions[:MOST_ROWS]) for predictions in (seen.weak, seen.student))
    held = losses(refits.held_out, refits.labels, "classification")
    units = list(weak)
    costs = np.stack([held[unit] for unit in units], axis=1)
    n, means = len(costs), costs.mean(axis=0)
    # No risk is known better than to one label: a supervisor without an error on few labels may still err.
    errors = np.maximum(costs.std(axis=0, ddof=1) / np.sqrt(n), 1 / n)
    moved = tension([weak[unit] for unit in units], means, errors)
    reach = (moved + LEEWAY) * errors
    known = [KnownMean(weak[unit], at - by, at + by) for unit, at, by in zip(units, means, reach, strict=True)]
    how = f"linear program, cross-fitted risks in {len(units)} units"
    quantities = {"identified_tension": Quantity(moved, 0.0, n, "linear program")}
    for unit in units:
        ends = identified(weak[unit] - student[unit], known)
        # The risks were moved until some truth has them, so there are ends.
        assert ends is not None
        for name, end in zip(("low", "high"), ends, strict=True):
            se = float(np.hypot(_error(costs @ end.prices), _error(end.rows)))
            quantities[f"identified_{name}_{unit}"] = Quantity(end.value, se, n, how)
    return quantities


def _error(rows: FloatArray) -> float:
    return float(rows.std(ddof=1) / np.sqrt(len(rows))) if len(rows) > 1 else 0.0
