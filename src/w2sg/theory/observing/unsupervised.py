"""Estimates of accuracies that need no label of the inputs in question, and the gain of the second view over the first.

Each takes answers as plain arrays; view 0 is the supervisor, view 1 the student, further ones may follow. Standard
errors are those of the jackknife over groups of rows, those with labels and those without together.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from w2sg.core import FloatArray, InputError, IntArray, Quantity
from w2sg.supervisors import dawid_skene as fitted_annotators
from w2sg.theory.observing.observed import UnseenLabels
from w2sg.worlds import accuracies_of_votes

GROUPS = 10
"""Groups of rows that the jackknife leaves out, one by one."""
ITERATIONS = 200
"""Steps of expectation maximisation: standard errors take one fit for each group."""


@dataclass(frozen=True, eq=False)
class Estimated:
    """The accuracies of `p` views, and the gain of the second over the first with its standard error."""

    accuracies: FloatArray
    gain: float
    se: float


def agreement_on_the_line(held_out: IntArray, labels: IntArray, fresh: IntArray) -> Estimated:
    """Return accuracies on fresh inputs, if these lie on the line of agreements (Baek et al., arXiv 2206.13089).

    With `z` the normal quantile, the agreements of pairs on both sets give the line
    `z(agreement on fresh) = a z(agreement on held-out) + b`, and an accuracy on fresh inputs is said to be
    `Phi(a z(accuracy on held-out) + b)` (their simple variant). With fewer than three pairs there is no line, and the
    slope is 1.

    Args:
        held_out: Classes that each view names on labelled inputs that did not train it, `(n, p)`.
        labels: Their labels, `(n,)`.
        fresh: Classes that each view names on fresh inputs, `(m, p)`.

    Raises:
        InputError: There are fewer than 2 views, or fewer rows than `GROUPS`.
    """
    if held_out.shape[1] < 2 or fresh.shape[1:] != held_out.shape[1:]:
        raise InputError(f"a line needs at least 2 views on both sets, got {held_out.shape} and {fresh.shape}")

    def accuracies(held_out: IntArray, labels: IntArray, fresh: IntArray) -> FloatArray:
        known, sought = _pairs(held_out), _pairs(fresh)
        spread = float(np.square(known - known.mean()).sum())
        line = len(known) > 2 and spread > 0
        slope = float((known - known.mean()) @ sought) / spread if line else 1.0
        right = _quantile((held_out == labels[:, None]).mean(axis=0), len(labels))
        return np.asarray(norm.cdf(sought.mean() + slope * (right - known.mean())))

    return _estimated(accuracies, held_out, labels, fresh)


def thresholded_confidence(held_out: FloatArray, right: FloatArray, fresh: FloatArray) -> Estimated:
    """Return the share of fresh inputs with a confidence above a threshold (Garg et al., arXiv 2201.04234).

    The threshold is such that on labelled inputs this share is the view's accuracy there. Inputs exactly at it count in
    part, by the same rule: a view that is always equally sure keeps its accuracy.

    Args:
        held_out: The confidence of each view on labelled inputs that did not train it, `(n, p)`.
        right: 1 where the view is right there, else 0, `(n, p)`.
        fresh: Its confidence on fresh inputs, `(m, p)`.

    Raises:
        InputError: There are fewer rows than `GROUPS`.
    """

    def accuracy(held_out: FloatArray, right: FloatArray, fresh: FloatArray) -> float:
        n, hits = len(held_out), int(right.sum())
        if not hits:
            return 0.0
        cut = np.sort(held_out)[n - hits]
        part = (hits - (held_out > cut).sum()) / (held_out == cut).sum()
        return float((fresh > cut).mean() + part * (fresh == cut).mean())

    def accuracies(held_out: FloatArray, right: FloatArray, fresh: FloatArray) -> FloatArray:
        return np.array([accuracy(*columns) for columns in zip(held_out.T, right.T, fresh.T, strict=True)])

    return _estimated(accuracies, held_out, right, fresh)


def spectral_meta_learner(named: IntArray) -> Estimated:
    """Return the accuracies of three views of two classes by their covariances (Parisi et al., arXiv 1303.3257).

    The class balance, which their covariances leave open, is that of the third moment; see
    `w2sg.worlds.three_view_accuracies`. Where it has a value, Dawid and Skene's model has its maximum there too.

    Args:
        named: The class, 0 or 1, that each view names on fresh inputs, `(m, 3)`.

    Raises:
        InputError: There are not three views of two classes, their covariances are not those of views that err
            independently, or there are fewer rows than `GROUPS`.
    """
    if named.shape[1] != 3 or named.max(initial=0) > 1:
        raise InputError(f"takes three views of classes 0 and 1, got {named.shape[1]} views up to {named.max()}")
    return _estimated(lambda votes: accuracies_of_votes(2.0 * votes - 1), named)


def dawid_skene(named: IntArray, n_classes: int) -> Estimated:
    """Return the accuracies of views that err independently given the class, by maximum likelihood (EM).

    Args:
        named: The class that each view names on fresh inputs, `(m, p)`.
        n_classes: `k`.

    Raises:
        InputError: There are fewer than 3 views, or the model has more numbers than there are inputs.
    """
    m, views = named.shape
    numbers = views * n_classes * (n_classes - 1) + n_classes - 1
    if views < 3 or m < numbers:
        raise InputError(f"needs 3 views and as many inputs as the model has numbers, {numbers}, got {views} and {m}")

    def accuracies(named: IntArray) -> FloatArray:
        model = fitted_annotators(named, n_classes, max_iterations=ITERATIONS)
        return np.asarray(np.einsum("pkk,k->p", model.confusion, model.prior))

    return _estimated(accuracies, named)


def without_labels(judged: UnseenLabels, weak: FloatArray, student: FloatArray) -> dict[str, Quantity]:
    """Return the gain in 0-1 risk that each estimate implies, for those that there is a value of.

    Args:
        judged: Labels that no model saw, and the judge.
        weak: The supervisor's predictions for the fresh inputs, `(m, k)`.
        student: The student's, `(m, k)`.
    """
    pair, held_out, labels = [weak, student], [judged.weak, judged.student], judged.labels.argmax(axis=1)
    named, known = _named(pair), _named(held_out)
    right = (known == labels[:, None]).astype(np.float64)
    sure = [np.stack([view.max(axis=1) for view in views], axis=1) for views in (held_out, pair)]
    judges = _named([*pair, judged.judge_fresh])
    three = "supervisor, student and judge"
    # The line is one of supervisor and student alone: the slope through the three pairs that a judge would make is
    # noise, and worse than 1.
    estimates: dict[str, tuple[Callable[[], Estimated], str]] = {
        "line_gain": (lambda: agreement_on_the_line(known, labels, named), "one pair, slope 1"),
        "thresholded_gain": (lambda: thresholded_confidence(sure[0], right, sure[1]), "largest probability"),
        "spectral_gain": (lambda: spectral_meta_learner(judges), three),
        "dawid_skene_gain": (lambda: dawid_skene(judges, weak.shape[1]), three),
    }
    gains = {}
    for name, (estimate, how) in estimates.items():
        try:
            found = estimate()
        # What cannot be estimated of these views is missing, and says so where reasons are given.
        except InputError:
            continue
        gains[name] = Quantity(found.gain, found.se, len(weak), how)
    return gains


def _named(views: list[FloatArray]) -> IntArray:
    return np.stack([probabilities.argmax(axis=1) for probabilities in views], axis=1)


def _estimated(accuracies: Callable[..., FloatArray], *samples: FloatArray | IntArray) -> Estimated:
    """Return what `accuracies` gives for samples of rows, with the jackknife's error of the gain."""
    if min(len(sample) for sample in samples) < GROUPS:
        raise InputError(f"needs at least {GROUPS} rows of each, got {[len(sample) for sample in samples]}")
    gains = []
    for group in range(GROUPS):
        found = accuracies(*(sample[np.arange(len(sample)) % GROUPS != group] for sample in samples))
        gains.append(float(found[1] - found[0]))
    whole = accuracies(*samples)
    se = float(np.sqrt((GROUPS - 1) * np.var(gains)))
    return Estimated(whole, float(whole[1] - whole[0]), se)


def _pairs(named: IntArray) -> FloatArray:
    """Return the normal quantile of the agreement of each pair of views, `(p (p - 1) / 2,)`."""
    first, second = np.triu_indices(named.shape[1], 1)
    return _quantile((named[:, first] == named[:, second]).mean(axis=0), len(named))


def _quantile(share: FloatArray, n: int) -> FloatArray:
    # A share of 0 or 1 among n is taken for half a row more or less, as its quantile is infinite.
    return np.asarray(norm.ppf(np.clip(share, 0.5 / n, 1 - 0.5 / n)))
