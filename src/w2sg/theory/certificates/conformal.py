"""Prediction sets that hold the truth with a stated chance: split conformal, and weighted for known shifts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from w2sg.core import BoolArray
from w2sg.core.errors import InputError
from w2sg.theory.certificate import Certificate, check_delta
from w2sg.theory.certificates.checks import Floats, as_finite, check_share, same_length


@dataclass(frozen=True)
class Conformal:
    """A cut of scores.

    Attributes:
        cut: The score up to which a class belongs to the set; infinite where the sample is too small.
        certificate: A lower bound of the sets' coverage, given the labels that made the cut.
    """

    cut: float
    certificate: Certificate


def split_conformal(scores: ArrayLike, delta: float, *, miss: float, inputs: str = "deployment inputs") -> Conformal:
    """Return the cut of split conformal prediction, the ceil((n + 1)(1 - miss))-th smallest score.

    Over labels and inputs together the sets hold the truth with chance 1 - miss at least. For the labels at hand
    coverage is at least Beta(j, n + 1 - j) in law, j the rank of the cut (Vovk 2012, arXiv 1209.2673): its delta
    quantile is certified.

    Args:
        scores: How strange each true label is to the model, such as 1 - its probability, shape (n,).
        delta: How often the certificate of this cut's coverage may be wrong.
        miss: The chance that a set may miss the truth, over labels and inputs.
        inputs: What the inputs are.

    Raises:
        InputError: Scores are empty or not finite, `miss` or delta are out of range.
    """
    check_delta(delta)
    check_share("miss", miss)
    ordered = np.sort(as_finite("scores", scores))
    n = len(ordered)
    rank = int(np.ceil((n + 1) * (1 - miss) - 1e-9))  # 9/10 of 100 is 90 and not 91
    whole = rank > n
    cut = float("inf") if whole else float(ordered[rank - 1])
    return Conformal(
        cut,
        Certificate(
            "set_coverage",
            "none",
            f"split conformal (miss {miss:g}; sets of all classes{'' if whole else f' with a score up to {cut:.4g}'})",
            1.0 if whole else float(betaincinv(rank, n + 1 - rank, delta)),
            None,
            1.0 if whole else rank / (n + 1),
            delta,
            "unconditional",
            ("the inputs were labelled at random and trained no model",),
            f"{n} {inputs}, labelled at random",
            n,
        ),
    )


def weighted_cuts(scores: ArrayLike, weights: ArrayLike, test_weights: ArrayLike, *, miss: float) -> Floats:
    """Return the cut of each test input under a known shift (Tibshirani et al. 2019, arXiv 1904.06019, corollary 1).

    Args:
        scores: Scores of n labelled inputs, shape (n,).
        weights: The density of deployment over that of the labelled inputs, at each of them, shape (n,); any scale.
        test_weights: The same at test inputs, shape (t,).
        miss: The chance that a set may miss the truth.

    Returns:
        Shape (t,): the smallest score up to which labelled inputs weigh 1 - miss, the test input counted as beyond all;
        infinite where they never do.

    Raises:
        InputError: Values are empty, not finite or negative, or lengths differ.
    """
    check_share("miss", miss)
    score, weight = as_finite("scores", scores), as_finite("weights", weights)
    test = as_finite("test_weights", test_weights)
    same_length(scores=score, weights=weight)
    if weight.min() < 0 or test.min() < 0 or weight.sum() == 0:
        raise InputError("weights are ratios of densities: at least 0, and some of the labelled ones positive")
    order = np.argsort(score, kind="stable")
    heavier = weight[order].cumsum()
    needed = (1 - miss) * (heavier[-1] + test) * (1 - 1e-12)
    at = np.searchsorted(heavier, needed)
    return np.asarray(np.append(score[order], np.inf)[np.minimum(at, len(score))])


def sets_below(probabilities: ArrayLike, cut: float | Floats) -> BoolArray:
    """Return which classes each input's set holds, shape (n, k): those with 1 - probability up to the cut.

    Raises:
        InputError: Probabilities have another shape or are not finite.
    """
    array = np.asarray(probabilities, dtype=np.float64)
    if array.ndim != 2 or not np.isfinite(array).all():
        raise InputError(f"probabilities must be finite, of shape (n, k), got shape {array.shape}")
    return np.asarray(1 - array <= np.reshape(cut, (-1, 1)))
