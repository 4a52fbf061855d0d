"""A label model in closed form: annotators' rates from the agreement of triplets, without truth and without iterating.

Votes are integers `(n, m)`: the class that annotator `j` gives example `i`, or -1 where it abstains.
"""

from dataclasses import dataclass

import numpy as np

from w2sg.core import FloatArray, InputError, IntArray
from w2sg.supervisors.combine import ABSTAIN, Abstains, check_prior, check_votes, majority

FLOOR = 0.01
"""Rates lie between this and one minus this: an annotator never becomes infinitely trusted."""
UNRELATED = 1e-12
"""Two annotators with a smaller covariance tell nothing of a third."""


@dataclass(frozen=True, eq=False)
class LabelModel:
    """A fitted label model.

    Attributes:
        posterior: Probabilities of the true class, `(n, k)`.
        hits: How often annotator `j` names class `c` where it is true, `(m, k)`.
        false_alarms: How often it names class `c` where it is not, `(m, k)`.
        prior: Probabilities of the classes, `(k,)`.
    """

    posterior: FloatArray
    hits: FloatArray
    false_alarms: FloatArray
    prior: FloatArray


def label_model(
    votes: IntArray, n_classes: int, *, prior: FloatArray | None = None, abstains: Abstains = "missing"
) -> LabelModel:
    """Estimate each annotator's rates from how triplets of annotators vary together, then the true classes.

    The triplet method of FlyingSquid (arXiv:2002.11955, algorithm 1). For one class against the rest, with `x_j` 1
    where annotator `j` names it, class share `p` and `D_j = P(x_j | class) - P(x_j | rest)`, annotators that err
    independently given the class have `cov(x_i, x_j) = p (1 - p) D_i D_j`, so for every other two
    `p (1 - p) D_i^2 = |cov_ij cov_ik / cov_jk|`. The median over all pairs is taken. `D_i` is positive where `i` varies
    with the sum of the others. The probability of a class is that of independent annotators, and over more than two
    classes those against the rest are divided by their sum.

    What is ours: covariances where the paper has second moments of votes -1 and 1 (equal for balanced classes and
    unbiased annotators; covariances need neither), the median for its mean, and more than two classes one by one.

    Args:
        votes: `(n, m)` with at least 3 annotators, -1 where one abstains.
        n_classes: `k`.
        prior: Class probabilities `(k,)`; None for the class shares of the majority.
        abstains: `missing`: moments are of the rows where both vote. `outcome`: it is a vote for none of the classes.

    Raises:
        InputError: If there are fewer than 3 annotators, or the prior is not positive and of sum 1.
        DataError: If a vote is out of range.

    >>> votes = np.array([[0, 0, 0, 1], [0, 0, 1, 0], [1, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 0, 1]])
    >>> label_model(votes, 2).posterior.argmax(axis=1)
    array([0, 0, 1, 1, 0, 1])
    """
    votes = check_votes(votes, n_classes)
    check_prior(prior, n_classes)
    if votes.shape[1] < 3:
        raise InputError(
            f"a label model needs at least 3 annotators, got {votes.shape[1]}: add some, or combine by 'mean'"
        )
    if prior is None:
        prior = majority(votes, n_classes).mean(axis=0)
    prior = np.clip(prior, FLOOR, 1 - FLOOR)
    # Where abstaining is an outcome every row counts for every pair; else only the rows in which both voted do.
    heard = np.ones(votes.shape) if abstains == "outcome" else (votes != ABSTAIN).astype(np.float64)
    rates = [_rates((votes == label) * heard, heard, float(prior[label])) for label in range(n_classes)]
    hits, alarms = np.stack([hit for hit, _ in rates], axis=1), np.stack([alarm for _, alarm in rates], axis=1)
    # Each class against the rest is a problem of two classes: annotators that err independently add their log-odds, and
    # silence counts as well where it is an outcome.
    odds = np.log(prior / (1 - prior))[None].repeat(len(votes), axis=0)
    for label in range(n_classes):
        said = (votes == label) * heard
        odds[:, label] += said @ np.log(hits[:, label] / alarms[:, label])
        odds[:, label] += (heard - said) @ np.log((1 - hits[:, label]) / (1 - alarms[:, label]))
    likely = 0.5 * (1 + np.tanh(odds / 2)) + 1e-300
    return LabelModel(likely / likely.sum(axis=1, keepdims=True), hits, alarms, prior)


def _rates(said: FloatArray, heard: FloatArray, share: float) -> tuple[FloatArray, FloatArray]:
    """Return hits and false alarms `(m,)` of votes for one class `(n, m)`, where they are heard."""
    # Moments of each pair over the rows in which both are heard; with abstentions every pair has rows of its own.
    together = np.maximum(heard.T @ heard, 1)
    mean = (said.T @ heard) / together
    covariance = (said.T @ said) / together - mean * mean.T
    np.fill_diagonal(covariance, 0)
    rise = np.sqrt(_squares(covariance) / (share * (1 - share)))
    # The triplets give the size of `D` only. Its sign is that of how the annotator varies with all others: most are
    # taken to be better than chance.
    rise = np.clip(np.where(covariance.sum(axis=1) < 0, -rise, rise), -1, 1)
    # `P(x) = p hit + (1 - p) alarm` and `D = hit - alarm` give hit and false alarm from what is known.
    named = np.diag(mean)
    return (
        np.clip(named + (1 - share) * rise, FLOOR, 1 - FLOOR),
        np.clip(named - share * rise, FLOOR, 1 - FLOOR),
    )


def _squares(covariance: FloatArray) -> FloatArray:
    """Return the median of `|cov_ij cov_ik / cov_jk|` over pairs `j < k` of the others, `(m,)`; 0 where none is."""
    m = len(covariance)
    first, second = np.triu_indices(m, 1)
    below = covariance[first, second]
    squares = np.zeros(m)
    for index in range(m):
        # A pair that hardly varies together would divide by noise: it is left out, and the median keeps the few that
        # remain bad from deciding.
        usable = (first != index) & (second != index) & (np.abs(below) > UNRELATED)
        if usable.any():
            above = covariance[index, first[usable]] * covariance[index, second[usable]]
            squares[index] = np.median(np.abs(above / below[usable]))
    return squares
