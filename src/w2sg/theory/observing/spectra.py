"""What features say: dimensions, shared directions, second moments under shift, representation gaps."""

import numpy as np

from w2sg.core import FloatArray
from w2sg.theory.observing.algebra import RANK, basis, centred
from w2sg.theory.observing.observed import FeatureSpace

GAP_RIDGE = 1e-3
"""Ridge of the representation gap, in units of the mean variance of a feature times the number of examples."""
SHIFT_RIDGE = 0.1
RATIO_STEPS = 25
MOST_WEIGHT = 20.0
"""No row counts more than so many times, or less than one such part, before weights are brought to mean 1."""
"""Ridge of the two-sample test, in units of the mean variance of a feature."""
MOST_ROWS = 1500
"""Traces over unlabelled inputs use at most this many of them."""


def spectrum(x: FloatArray) -> FloatArray:
    """Return the eigenvalues of the covariance of the columns, in falling order."""
    return np.asarray(np.linalg.svd(centred(x), compute_uv=False) ** 2 / len(x))


def participation(eigenvalues: FloatArray) -> float:
    """Return (sum of eigenvalues)^2 / sum of squares: how many directions carry the variance."""
    return float(eigenvalues.sum() ** 2 / np.square(eigenvalues).sum())


def shared_dimension(first: FloatArray, second: FloatArray) -> tuple[float, int, int]:
    """Return the sum of squared canonical correlations, and the ranks of both.

    In a sample, parts that share nothing seem to share: with `f = n - 1`, of `k` shared dimensions and `a` and `b` in
    all, the sum is `k + (a - k)(b - k) / (f - k)` on average. The estimate solves this for `k` (arXiv 2502.05075
    defines the quantity on populations).

    Args:
        first: `(n, a)` features of one model.
        second: `(n, b)` features of the other on the same inputs.
    """
    u, v = basis(first), basis(second)
    a, b, freedom = u.shape[1], v.shape[1], len(u) - 1
    raw = float(np.square(u.T @ v).sum())
    # More directions than rows: every direction seems shared, and there is no bias to take off.
    rest = freedom + raw - a - b
    if rest <= 0:
        return raw, a, b
    return float(np.clip((freedom * raw - a * b) / rest, 0.0, min(a, b))), a, b


def second_moment(x: FloatArray) -> FloatArray:
    """Return E[x x'] of rows with a constant column, `(d + 1, d + 1)`."""
    x = with_constant(x)
    return np.asarray(x.T @ x / len(x))


def with_constant(x: FloatArray) -> FloatArray:
    """Return `x` with a column of ones."""
    x = np.asarray(x, dtype=np.float64)
    return np.concatenate([np.ones((len(x), 1)), x], axis=1)


def moment_traces(weak: FeatureSpace, student: FeatureSpace) -> tuple[float, float]:
    """Return both traces of the group-shift formula in its general-moment form, times the number of labels.

    The supervisor's tr(C_TT(l)^-1 C_TT(t)), the student's tr(C_TT(l)^-1 A' C_SS(t) A) with A = C_SS(u)^-1 C_ST(u): `l`
    labelled, `u` weakly labelled, `t` deployment inputs; any moments (the limits of arXiv 2509.24005 are a case).
    """
    # Directions that labelled inputs do not have carry no information of the labels, so they are left out of the
    # inverse.
    inverse = np.linalg.pinv(second_moment(weak.labelled), hermitian=True, rcond=RANK**2)
    s, t = with_constant(student.training), with_constant(weak.training)
    a = np.linalg.lstsq(s, t, rcond=RANK)[0]
    supervisor = float(np.sum(inverse * second_moment(weak.fresh)))
    taught = float(np.sum(inverse * (a.T @ second_moment(student.fresh) @ a)))
    return supervisor, taught


def smoother(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the ridge projection `P = K (K + b)^-1` of centred features on their own rows, as `P = (u * d) @ u.T`."""
    u, s, _ = np.linalg.svd(centred(x), full_matrices=False)
    power = np.square(s)
    # Relative to the features' own scale, so that a rescaled feature map has the same gap.
    penalty = GAP_RIDGE * power.sum() / max(min(x.shape), 1)
    return np.asarray(u), np.divide(power, power + penalty, out=np.zeros_like(power), where=power > 0)


def gap_plugin(weak: FloatArray, student: FloatArray, labels: FloatArray) -> tuple[float, float]:
    """Return the mean over rows of |P_s (I - P_w) y|^2, and its standard error (arXiv 2502.00620)."""
    y = centred(labels)
    (u, d), (v, e) = smoother(student), smoother(weak)
    missed = (u * d) @ (u.T @ (y - (v * e) @ (v.T @ y)))
    rows = np.square(missed).sum(axis=1)
    return float(rows.mean()), float(rows.std(ddof=1) / np.sqrt(len(rows)))


def gap_trace(weak: FloatArray, student: FloatArray) -> float:
    """Return tr(P_s (I - P_w)) / N on the first rows."""
    (u, d), (v, e) = smoother(student[:MOST_ROWS]), smoother(weak[:MOST_ROWS])
    return float((d.sum() - d @ np.square(u.T @ v) @ e) / len(u))


def shift_p(first: FloatArray, second: FloatArray) -> float:
    """Return the p-value of a two-sample test: can a linear score tell the rows of one set from the other's?

    The score is ridge regression fitted on every second row of both; the Mann-Whitney test is made on the other rows.
    """
    from scipy.stats import mannwhitneyu

    score = _telling_apart(first[::2], second[::2])
    if score is None:
        return 1.0
    # Every second row fits the score and the others test it: a score tested on its own rows sees any shift.
    return float(mannwhitneyu(first[1::2] @ score, second[1::2] @ score, alternative="greater").pvalue)


def shift_weights(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return how much rows of one set count so that they stand for the other's, `(n,)` with mean 1.

    The ratio of both densities along the score of `shift_p`, by logistic regression (Shimodaira 2000; Bickel et al.
    2009). Each half of the rows gets its ratio from a score that the other half was fitted on. One direction only: in
    many dimensions a ratio of densities is mostly noise.
    """
    weights = np.ones(len(first))
    for half in (0, 1):
        score = _telling_apart(first[1 - half :: 2], second[1 - half :: 2])
        if score is not None:
            weights[half::2] = _density_ratio(first[half::2] @ score, second[half::2] @ score)
    return np.asarray(weights / weights.mean())


def effective_share(weights: FloatArray) -> float:
    """Return the share of rows that would tell as much with equal weights, `(sum w)^2 / (n sum w^2)` (Kish 1965)."""
    return float(weights.sum() ** 2 / np.square(weights).sum() / len(weights))


def _telling_apart(first: FloatArray, second: FloatArray) -> FloatArray | None:
    """Return the direction along which the rows of one set are larger; None where there are too few or no spread."""
    if min(len(first), len(second)) < 2:
        return None
    x = np.vstack([first, second])
    side = np.repeat([1.0, -1.0], [len(first), len(second)])
    # Both sets weigh the same however many rows they have.
    weights = np.where(side > 0, 1 / len(first), 1 / len(second))[:, None]
    y = centred(x)
    # The weights of each set sum to 1, so half of the weighted sum is the middle between both means.
    y = y - (weights * y).sum(axis=0) / 2
    gram = y.T @ (weights * y)
    penalty = SHIFT_RIDGE * np.trace(gram) / len(gram)
    if penalty <= 0:
        return None
    return np.asarray(np.linalg.solve(gram + penalty * np.eye(len(gram)), y.T @ (weights[:, 0] * side)))


def _density_ratio(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the density of the second score over that of the first at the first's values, by logistic regression."""
    scores = np.concatenate([first, second])
    spread = float(scores.std())
    if spread <= 0:
        return np.ones(len(first))
    x = np.column_stack([np.ones(len(scores)), (scores - scores.mean()) / spread])
    side = np.repeat([0.0, 1.0], [len(first), len(second)])
    weights = np.where(side > 0, 0.5 / len(second), 0.5 / len(first)) * len(scores)
    at = np.zeros(2)
    for _ in range(RATIO_STEPS):
        p = 1 / (1 + np.exp(-(x @ at)))
        # A weak pull to no shift keeps the slope finite where the scores are apart.
        hessian = (x * (weights * p * (1 - p))[:, None]).T @ x + np.diag([0.0, 1.0]) + 1e-9 * np.eye(2)
        at = at - np.linalg.solve(hessian, x.T @ (weights * (p - side)) + np.array([0.0, at[1]]))
    return np.asarray(np.exp(np.clip(x[: len(first)] @ at, -np.log(MOST_WEIGHT), np.log(MOST_WEIGHT))))


def projection_residual(residual: FloatArray, space: FeatureSpace) -> tuple[float, float]:
    """Return |E[r h']|^2 over whitened features `h` and a constant as a share of E|r|^2, with its standard error.

    It is 0 where the student is the least-squares projection of the weak labels on linear functions of its features.

    Args:
        residual: Weak labels less the student's predictions on the training inputs, `(N, k)`.
        space: The student's features.
    """
    n = len(residual)
    total = float(np.square(residual).sum())
    # A student that copies every label leaves no residual to explain.
    if total <= np.finfo(float).eps * n:
        return 0.0, 0.0
    residual = np.asarray(residual, dtype=np.float64)
    # The constant is a function of every student as well.
    explained = residual.mean(axis=0) + space.training_basis @ (space.training_basis.T @ residual)
    share = float(np.square(explained).sum()) / total
    rows = (2 * (explained * residual).sum(axis=1) - share * np.square(residual).sum(axis=1)) * n / total
    return share, float(rows.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0
