"""What it costs to find the ends of an identified gain, by inputs and classes, and how much several risks narrow it.

Supervisor and student are random softmax models, the student surer and with errors of its own; the labels are drawn
from a truth that is surer than the supervisor. Seconds are those of the processor, for both ends in three units; widths
are those of the gain in squared risk, when all three risks are known exactly, when the squared risk alone is, and for
truths that may be any value.

    python benchmarks/identified.py
"""

import time

import numpy as np

from w2sg.core import FloatArray, derive
from w2sg.measure import KnownMean, identified
from w2sg.theory.observing.risks import losses_by_label
from w2sg.worlds.identified import unrestricted_gain

SIZES = ((500, 2), (1000, 2), (2000, 2), (500, 10), (1000, 10), (2000, 10))


def softmax(z: FloatArray) -> FloatArray:
    """Return probabilities."""
    return np.asarray(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))


def row(n: int, k: int) -> tuple[float, float, float, float]:
    """Return seconds and three widths."""
    rng = derive(0, "identified", str(n), str(k))
    z = 1.5 * rng.standard_normal((n, k))
    weak, student = softmax(0.7 * z), softmax(1.2 * z + 0.3 * rng.standard_normal((n, k)))
    labels = (rng.random((n, 1)) > softmax(1.2 * z).cumsum(axis=1)).sum(axis=1)
    before, after = losses_by_label(weak), losses_by_label(student)
    at = {unit: float(loss[np.arange(n), labels].mean()) for unit, loss in before.items()}
    known = {unit: KnownMean(before[unit], at[unit], at[unit]) for unit in before}
    started = time.process_time()
    ends = {unit: identified(before[unit] - after[unit], list(known.values())) for unit in before}
    seconds = time.process_time() - started
    alone, all_known = identified(before["squared"] - after["squared"], [known["squared"]]), ends["squared"]
    assert alone is not None
    assert all_known is not None
    low, high = unrestricted_gain(float(np.square(weak - student).sum(axis=1).mean()), at["squared"])
    return seconds, all_known[1].value - all_known[0].value, alone[1].value - alone[0].value, high - low


def main() -> None:
    """Print a line for each size."""
    identified(np.zeros((1, 2)), [])  # the solver is loaded once
    print("| inputs | classes | seconds | width, three risks | width, squared risk | width, any truth |")
    print("|---" * 6 + "|")
    for n, k in SIZES:
        seconds, *widths = row(n, k)
        print(f"| {n} | {k} | {seconds:.2f} | " + " | ".join(f"{width:.3f}" for width in widths) + " |")


if __name__ == "__main__":
    main()
