from functools import cache

import numpy as np
from sklearn.datasets import load_digits

from w2sg.core import AnyArray, Examples, FloatArray, Inputs, IntArray, Pool, Supervision, WeakSupervisor, derive
from w2sg.testing import numbered_classes

Data = tuple[Examples, IntArray]


def examples_of(values: AnyArray, **metadata: AnyArray) -> Examples:
    return Examples(np.arange(len(values)), Inputs.of(values), metadata)


def blobs(n: int, k: int = 3, d: int = 5, seed: int = 0, spread: float = 1.5) -> Data:
    """Overlapping Gaussian classes on columns of very different scales, one of them constant."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(k, size=n)
    x = spread * np.eye(k, d)[gold] + rng.normal(size=(n, d))
    x = np.column_stack([x * 10.0 ** np.arange(d), np.full(n, 0.1)])
    return examples_of(x, group=np.array(list("pqrst"))[np.arange(n) % 5]), gold


def supervision_of(data: Data, k: int) -> Supervision:
    """Return what a supervisor of `k` classes learns from."""
    examples, gold = data
    return Supervision(examples, gold, numbered_classes(k), examples.inputs)


def label(
    supervisor: WeakSupervisor, examples: Examples, gold: IntArray, k: int, seed: int = 0, fitted_on: Data | None = None
) -> FloatArray:
    """Fit on some data and label the examples, with gold only for supervisors that simulate."""
    on = supervision_of(fitted_on or (examples, gold), k)
    labeller = supervisor.fit(on, derive(seed, "fit"))
    weak = labeller.label(examples, gold if supervisor.simulates else None, derive(seed, "label"))
    return on.question.checked(weak, len(examples), "weak labels").probabilities  # type: ignore[no-any-return]


@cache
def digits() -> tuple[Data, Data]:
    """Supervision and transfer split of the 8 x 8 digits, out of one pool."""
    raw = load_digits()
    pool = Pool(raw.images)
    rows = derive(0, "split").permutation(len(raw.target))
    parts = [rows[:600], rows[600:1200]]
    first, second = (
        (Examples(np.asarray(part), Inputs(pool, part), {"group": part % 7}), raw.target[part].astype(np.int64))
        for part in parts
    )
    return first, second
