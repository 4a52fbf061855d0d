"""Random evidence whose true accuracies are 0.6, 0.675 and 0.75: gap 0.15, PGR 0.5."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from w2sg.measure import Paired, PairedDifference, compare_all

TRUE_ACCURACIES = (0.6, 0.675, 0.75)
TRUE_PGR = 0.5
TRUE_GAP = 0.15
# Shares of the probit variance due to an example's difficulty for all three, and for each of them alone.
COMMON, OWN = 0.4, 0.2


def compare(reference: Paired, student: Iterable[ArrayLike], **options: Any) -> PairedDifference:
    """Compare one student with the reference."""
    return compare_all(reference, {"student": student}, **options)["student"]


def nested(rng: np.random.Generator, n_seeds: int, n: int, seed_sd: float) -> Paired:
    """Fresh examples per seed; a seed's true accuracies are normal around the grand ones, errors are correlated."""
    accuracy = np.array(TRUE_ACCURACIES) + seed_sd * rng.normal(size=(n_seeds, 3))
    latent = np.sqrt(COMMON) * rng.normal(size=(n_seeds, n, 1)) + np.sqrt(1 - COMMON) * rng.normal(size=(n_seeds, n, 3))
    ids = np.arange(n_seeds * n).reshape(n_seeds, n)
    return _paired(ids, ndtr(latent) < accuracy[:, None, :])


def crossed(
    rng: np.random.Generator, n_seeds: int, n: int, seed_sd: float, accuracies: Sequence[float] = TRUE_ACCURACIES
) -> Paired:
    """The same examples for all seeds, with effects of seeds and of examples' difficulty on a probit scale."""
    density = 0.36  # of the normal distribution near these accuracies: turns a sd of accuracy into one of the probit
    seed_share = (seed_sd / density) ** 2
    noise = 1 - COMMON - OWN - seed_share
    latent = ndtri(np.array(accuracies)) + np.sqrt(seed_share) * rng.normal(size=(n_seeds, 1, 3))
    latent = latent + np.sqrt(COMMON) * rng.normal(size=(1, n, 1)) + np.sqrt(OWN) * rng.normal(size=(1, n, 3))
    latent = latent + np.sqrt(noise) * rng.normal(size=(n_seeds, n, 3))
    return _paired(np.tile(np.arange(n), (n_seeds, 1)), latent > 0)


def overlapping(rng: np.random.Generator, n_seeds: int, n: int, seed_sd: float) -> Paired:
    """Each seed draws half of a pool of 2 n examples; nobody is trained, so that no training rows are shared."""
    pool = crossed(rng, n_seeds, 2 * n, seed_sd)
    picks = [rng.choice(2 * n, n, replace=False) for _ in range(n_seeds)]
    parts = (tuple(x[p] for x, p in zip(part, picks, strict=True)) for part in (pool.weak, pool.student, pool.ceiling))
    return Paired(pool.seeds, tuple(picks), *parts, shared_training=0.0)


def _paired(ids: np.ndarray, correct: np.ndarray) -> Paired:
    weak, student, ceiling = (tuple(correct[:, :, j]) for j in range(3))
    return Paired(tuple(range(len(ids))), tuple(ids), weak, student, ceiling)
