"""Evidence of which student is right, from what is known without the truth: consensus, class shares, rehearsals.

Arrays in, numbers out. A student is its answers: class numbers on the same `n` inputs as all others.
"""

from collections.abc import Sequence

import numpy as np

from w2sg.core import FloatArray, IntArray


def mutual_information(first: IntArray, second: IntArray, n_classes: int) -> float:
    """Return the mutual information of two students' answers `(n,)`, in nats.

    >>> round(mutual_information(np.array([0, 1, 0, 1]), np.array([1, 0, 1, 0]), 2), 4)
    0.6931
    """
    joint = np.zeros((n_classes, n_classes))
    np.add.at(joint, (first, second), 1 / len(first))
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    return max(float((joint[seen] * np.log(joint[seen] / apart[seen])).sum()), 0.0)


def consensus(answers: Sequence[IntArray], families: Sequence[str], n_classes: int) -> FloatArray:
    """Return how much each student's answers tell of the others', in nats: the mean over families of their mean.

    What students of different kinds agree on is more often true than what one of them says alone, and information, in
    contrast to agreement, is not bought by answering the most frequent class. Families weigh alike, so that many
    students of one kind are no majority.

    Args:
        answers: What each of `m` students answers, `(n,)` each.
        families: The kind of each.
        n_classes: `k`.
    """
    m = len(answers)
    told = np.zeros((m, m))
    for i in range(m):
        for j in range(i):
            told[i, j] = told[j, i] = mutual_information(answers[i], answers[j], n_classes)
    found = np.zeros(m)
    of = np.array(families)
    for i in range(m):
        others = np.arange(m) != i
        means = [told[i, others & (of == family)].mean() for family in set(families) if (others & (of == family)).any()]
        found[i] = np.mean(means) if means else 0.0
    return found


def share_distance(answers: IntArray, shares: FloatArray) -> float:
    """Return how far the shares of the classes that are named lie from `shares` `(k,)`: the sum of differences."""
    named = np.bincount(answers, minlength=len(shares)) / len(answers)
    return float(np.abs(named - shares).sum())


def separability(first: FloatArray, second: FloatArray, rng: np.random.Generator) -> float:
    """Return how well two sets of features `(n, d)`, `(m, d)` can be told apart: an AUROC, .5 where they are alike.

    Of a logistic regression under five-fold cross-validation, on as many rows of each.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    n = min(len(first), len(second))
    x = np.concatenate([rows[rng.permutation(len(rows))[:n]] for rows in (first, second)])
    x = (x - x.mean(axis=0)) / max(float(x.std()), 1e-9)
    which = np.repeat([0, 1], n)
    if n < 10:
        return 0.5
    dealt = StratifiedKFold(5, shuffle=True, random_state=int(rng.integers(2**31)))
    found = cross_val_predict(LogisticRegression(C=0.1, max_iter=200), x, which, cv=dealt, method="decision_function")
    return float(roc_auc_score(which, found))
