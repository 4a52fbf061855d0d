"""Votes of several annotators to soft labels: shares, majority, posterior means, and the model of Dawid and Skene.

Votes are integers `(n, m)`: the class that annotator `j` gives example `i`, or -1 where it abstains.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from w2sg.core import AnyArray, BoolArray, DataError, FloatArray, InputError, IntArray

ABSTAIN = -1
Combination = Literal["mean", "majority", "dawid-skene", "bayesian", "label-model"]
Abstains = Literal["missing", "outcome"]

POSTERIOR_DECIMALS = 12
"""Posteriors are rounded to this many decimals at each step, so that the rounding of sums, which depends on the order
of rows and annotators, cannot grow when the data are symmetric between classes."""
SMOOTHING = 0.01
"""Pseudo-counts added to each cell of a confusion matrix: an annotator never becomes infinitely trusted."""
TOLERANCE = 1e-9
"""The fit ends when the log-likelihood rises by less than this share of its size."""
MAX_ITERATIONS = 1000


def check_votes(votes: AnyArray, n_classes: int, name: str = "votes") -> IntArray:
    """Return `votes` as int64 `(n, m)`.

    Raises:
        DataError: If they are not a table of integers from -1 to `n_classes - 1`.
    """
    votes = np.asarray(votes)
    if votes.ndim != 2 or votes.shape[1] == 0 or not np.issubdtype(votes.dtype, np.integer):
        raise DataError(
            f"{name} must be integers of shape (n, m) with m >= 1 annotators, got {votes.dtype} {votes.shape}"
        )
    low, high = int(votes.min(initial=ABSTAIN)), int(votes.max(initial=ABSTAIN))
    if low < ABSTAIN or high >= n_classes:
        worst = low if low < ABSTAIN else high
        raise DataError(
            f"{name} must be -1 (abstain) or a class from 0 to {n_classes - 1}, got {worst}: number the classes from 0"
        )
    return votes.astype(np.int64)


def silent_rows(votes: IntArray) -> BoolArray:
    """Return where all annotators abstain, `(n,)`."""
    silent: BoolArray = (votes == ABSTAIN).all(axis=1)
    return silent


def harden(soft: FloatArray) -> IntArray:
    """Return the most likely class of each row of `(n, k)`; a row whose best classes tie abstains (-1).

    >>> harden(np.array([[0.2, 0.8], [0.5, 0.5]]))
    array([ 1, -1])
    """
    best = soft.max(axis=1, keepdims=True)
    tied = (soft == best).sum(axis=1) > 1
    # argmax would give every tie to the class of the lowest number, and an undecided member would seem to favour it.
    return np.where(tied, ABSTAIN, soft.argmax(axis=1)).astype(np.int64)


def mean_votes(votes: IntArray, n_classes: int, silent: FloatArray | None = None) -> FloatArray:
    """Return the share of votes of each class, `(n, k)`.

    Args:
        votes: `(n, m)`, -1 where an annotator abstains.
        n_classes: `k`.
        silent: The row `(k,)` where all abstain; None for uniform.

    >>> mean_votes(np.array([[0, 0, 1, -1], [-1, -1, -1, -1]]), 2).round(2)
    array([[0.67, 0.33],
           [0.5 , 0.5 ]])
    """
    return _normalised(vote_counts(votes, n_classes), silent)


def majority(votes: IntArray, n_classes: int, silent: FloatArray | None = None) -> FloatArray:
    """Return all weight on the class with most votes, `(n, k)`; ties split it evenly.

    Args:
        votes: `(n, m)`, -1 where an annotator abstains.
        n_classes: `k`.
        silent: The row `(k,)` where all abstain; None for uniform.

    >>> majority(np.array([[0, 0, 1], [0, 1, -1]]), 3)
    array([[1. , 0. , 0. ],
           [0.5, 0.5, 0. ]])
    """
    counts = vote_counts(votes, n_classes)
    best = counts.max(axis=1, keepdims=True)
    return _normalised(((counts == best) & (best > 0)).astype(np.float64), silent)


def posterior_mean(counts: FloatArray, prior: FloatArray, strength: float) -> FloatArray:
    """Return the mean of the Dirichlet posterior of each row's class probabilities, `(n, k)`.

    `(strength * prior + counts) / (strength + sum of counts)`: one labels as surely as the annotators are many. The
    Bayesian set of weak labels of Bayesian WeakS-to-Strong (arXiv:2406.03199) in its simplest form: there a network
    estimates the Dirichlet of each example, here the annotators' labels are counts.

    Args:
        counts: Votes for each class, or sums of annotators' soft labels, `(n, k)`.
        prior: Class probabilities `(k,)`.
        strength: How many votes the prior counts for; above 0.

    >>> posterior_mean(np.array([[3.0, 0.0], [0.0, 0.0]]), np.array([0.5, 0.5]), 1.0)
    array([[0.875, 0.125],
           [0.5  , 0.5  ]])
    """
    if not strength > 0:
        raise InputError(f"strength must be above 0, got {strength}")
    raised = counts + strength * np.asarray(prior, dtype=np.float64)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def vote_counts(votes: IntArray, n_classes: int) -> FloatArray:
    """Return how many votes each class has, `(n, k)`.

    Raises:
        DataError: If a vote is out of range.
    """
    votes = check_votes(votes, n_classes)
    n, m = votes.shape
    # One count over pairs of row and vote; an abstention (-1) is shifted to column 0, which is dropped.
    flat = np.repeat(np.arange(n), m) * (n_classes + 1) + (votes.ravel() + 1)
    counts = np.bincount(flat, minlength=n * (n_classes + 1)).reshape(n, n_classes + 1)
    return counts[:, 1:].astype(np.float64)


def floored(shares: FloatArray) -> FloatArray:
    """Return class shares `(k,)` as a prior, with a millionth for classes that did not occur."""
    raised = np.maximum(shares, 1e-6)
    return np.asarray(raised / raised.sum())


@dataclass(frozen=True, eq=False)
class DawidSkene:
    """A fitted model of annotators.

    Attributes:
        posterior: Probabilities of the true class, `(n, k)`.
        confusion: `(m, k, o)`: how likely annotator `j` gives outcome `o` when the truth is `c`; `o` is `k`, or `k + 1`
            where abstaining is an outcome (the last one).
        prior: Probabilities of the classes, `(k,)`.
        log_likelihood: Of each iteration, in nats, with the log density of the smoothing; it never falls.
        converged: Whether it stopped rising before the iterations ran out.
    """

    posterior: FloatArray
    confusion: FloatArray
    prior: FloatArray
    log_likelihood: FloatArray
    converged: bool


def dawid_skene(
    votes: IntArray,
    n_classes: int,
    *,
    prior: FloatArray | None = None,
    abstains: Abstains = "missing",
    max_iterations: int = MAX_ITERATIONS,
) -> DawidSkene:
    """Estimate true classes and each annotator's confusion matrix from votes alone.

    Expectation maximisation from the majority (Dawid and Skene 1979, Maximum likelihood estimation of observer
    error-rates using the EM algorithm). Annotators err independently given the class. The result depends neither on the
    order of annotators nor on that of rows.

    Args:
        votes: `(n, m)`, -1 where an annotator abstains.
        n_classes: `k`.
        prior: Class probabilities `(k,)` to keep; None to estimate them.
        abstains: `missing`: an abstention tells nothing. `outcome`: it is one more answer. Rules that only ever vote
            for one class need `outcome`: with `missing` their votes cannot tell the classes apart.
        max_iterations: Ends after so many iterations.

    Raises:
        InputError: If the prior is not positive and of sum 1, or there is no iteration.
        DataError: If a vote is out of range.

    >>> votes = np.array([[0, 0, 1]] * 6 + [[1, 1, 0]] * 6 + [[0, 0, 0], [1, 1, 1]])
    >>> model = dawid_skene(votes, 2)
    >>> model.posterior.argmax(axis=1)
    array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1])
    >>> model.confusion[2].round(1)
    array([[0.1, 0.9],
           [0.9, 0.1]])
    """
    votes = check_votes(votes, n_classes)
    check_prior(prior, n_classes)
    if max_iterations < 1:
        raise InputError(f"max_iterations must be at least 1, got {max_iterations}")
    # Rows with the same votes have the same posterior: the work is done once for each pattern of votes, of which there
    # are few, and the result is exactly that of all rows.
    patterns, where, count = np.unique(votes, axis=0, return_inverse=True, return_counts=True)
    outcomes = np.eye(n_classes + 1)[patterns]  # index -1 is the last: abstain
    # Without the last column an abstention is a row of zeros: it adds nothing to any count and a factor of 1 to any
    # likelihood.
    outcomes = outcomes if abstains == "outcome" else outcomes[:, :, :n_classes]
    weight = count.astype(np.float64)
    # The likelihood has as many maxima as classes can be renamed; starting at the majority finds the one in which
    # annotators are better than chance.
    posterior = majority(patterns, n_classes, prior)
    trace: list[float] = []
    converged = False
    while len(trace) < max_iterations and not converged:
        confusion, classes = _maximise(outcomes, weight, posterior, prior)
        posterior, likelihood = _expect(outcomes, weight, confusion, classes)
        # What the smoothed steps climb is the likelihood with the density of the smoothing; without it the trace could
        # fall and the end be called too early.
        likelihood += SMOOTHING * float(np.log(confusion).sum() + (np.log(classes).sum() if prior is None else 0))
        converged = bool(trace) and likelihood - trace[-1] <= TOLERANCE * (1 + abs(likelihood))
        trace.append(likelihood)
    return DawidSkene(posterior[where.ravel()], confusion, classes, np.array(trace), converged)


def _maximise(
    outcomes: FloatArray, weight: FloatArray, posterior: FloatArray, prior: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Return confusion `(m, k, o)` and class probabilities `(k,)` from `u` vote patterns and their posteriors."""
    mass = posterior * weight[:, None]
    confusion = np.einsum("umo,uk->mko", outcomes, mass, optimize=True) + SMOOTHING
    confusion /= confusion.sum(axis=2, keepdims=True)
    if prior is not None:
        return confusion, prior
    classes = mass.sum(axis=0) + SMOOTHING
    return confusion, classes / classes.sum()


def _expect(
    outcomes: FloatArray, weight: FloatArray, confusion: FloatArray, classes: FloatArray
) -> tuple[FloatArray, float]:
    """Return the posteriors `(u, k)` of `u` vote patterns and the log-likelihood of all rows."""
    # Annotators err independently given the class, so their log-probabilities add.
    joint = np.log(classes) + np.einsum("umo,mko->uk", outcomes, np.log(confusion), optimize=True)
    # The largest term is taken off before the exponential, so that many annotators do not underflow.
    top = joint.max(axis=1, keepdims=True)
    rows = np.exp(joint - top)
    total = rows.sum(axis=1, keepdims=True)
    # Rounded, so that the order in which annotators are summed does not show in the last bits and then grow.
    posterior = np.round(rows / total, POSTERIOR_DECIMALS)
    return posterior, float(weight @ (top + np.log(total))[:, 0])


def check_prior(prior: FloatArray | None, n_classes: int) -> None:
    """Raise InputError if class probabilities `(k,)` are given and not positive and of sum 1."""
    if prior is not None and (
        prior.shape != (n_classes,) or not (prior > 0).all() or not np.isclose(prior.sum(), 1, atol=1e-6)
    ):
        raise InputError(
            f"prior must be {n_classes} probabilities above 0 of sum 1, got {prior.tolist()}: "
            "give a class that may occur a small share"
        )


def _normalised(counts: FloatArray, silent: FloatArray | None) -> FloatArray:
    """Return rows `(n, k)` divided by their sums; empty rows become `silent`, or uniform."""
    k = counts.shape[1]
    row = np.full(k, 1 / k) if silent is None else np.asarray(silent, dtype=np.float64)
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1), row)
