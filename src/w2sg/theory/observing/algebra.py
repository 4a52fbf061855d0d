"""Centred columns and what they span."""

import numpy as np

from w2sg.core import FloatArray

RANK = 1e-6
"""A direction counts if its standard deviation is at least this share of the largest."""

ROUNDING = 1e-5
"""Deviations of at most this share of the largest value are the rounding of single precision."""


def centred(x: FloatArray) -> FloatArray:
    """Return the columns less their means, in float64; a column that varies by rounding alone is 0."""
    x = np.asarray(x, dtype=np.float64)
    deviations = x - x.mean(axis=0)
    # Features of single precision have noise of their own: a column of noise would be scaled up to a direction.
    deviations[:, np.abs(deviations).max(axis=0, initial=0.0) <= ROUNDING * np.abs(x).max(initial=0.0)] = 0.0
    return np.asarray(deviations)


def basis(x: FloatArray) -> FloatArray:
    """Return orthonormal columns `(n, r)` that span the centred columns of `x`, `r` the numerical rank."""
    u, s, _ = np.linalg.svd(centred(x), full_matrices=False)
    return np.asarray(u[:, s > RANK * max(s.max(initial=0.0), np.finfo(float).tiny)])
