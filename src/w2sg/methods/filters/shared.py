"""What the filters share: students trained on folds, bought labels, and leaving out the worst.

A filter draws its randomness from children of the generator it is given, so that the student trained afterwards starts
from the same random numbers as without the filter.
"""

import numpy as np

from w2sg.core import Audit, Fit, FloatArray, InputError, IntArray, Student, WeakView
from w2sg.methods.objectives.cross_entropy import CrossEntropy
from w2sg.methods.parts import Course
from w2sg.methods.stopping import Fixed


def naive_fit(view: WeakView, student: Student, rng: np.random.Generator, rows: IntArray | None = None) -> Fit:
    """Return the request to train on the weak labels as they are, of all transfer examples or of some `rows`."""
    split = view.transfer
    return Fit(
        student=student,
        inputs=split.inputs if rows is None else split.inputs.take(rows),
        targets=split.weak.probabilities if rows is None else split.weak.probabilities[rows],
        corpus=view.corpus,
        objective=CrossEntropy(),
        stopping=Fixed(),
        rng=rng,
    )


def out_of_fold(view: WeakView, student: Student, folds: int, rng: np.random.Generator) -> Course:
    """Return what students say of transfer examples that they were not trained on, `(n, k)`.

    The examples are dealt at random into `folds` parts of like size; one student is trained for each part, on all the
    others. With one fold a single student is trained on all examples and predicts them in sample.

    Raises:
        InputError: If there are fewer examples than folds.
    """
    n, k = view.transfer.weak.probabilities.shape
    if folds > n:
        raise InputError(f"folds must be at most the {n} transfer examples, got {folds}: lower it")
    # Children of the generator, not the generator: the student that is trained afterwards draws the same numbers with
    # and without the filter.
    deal, *fates = rng.spawn(folds + 1)
    parts = [np.sort(part) for part in np.array_split(deal.permutation(n), folds)]
    everyone = np.arange(n)
    predictors = yield [
        naive_fit(view, student, fate, None if folds == 1 else np.setdiff1d(everyone, part))
        for part, fate in zip(parts, fates, strict=True)
    ]
    # Every example is in one part only, and is predicted by the student that was not trained on that part; a single
    # fold is the probe in sample, as in released code.
    proba = np.zeros((n, k), dtype=np.float32)
    for part, predictor in zip(parts, predictors, strict=True):
        proba[part] = predictor.predict_proba(view.transfer.inputs.take(part))
    return proba


def disagreement(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the total variation `1/2 sum_c |p_c - q_c|` of rows `(n, k)`, in [0, 1]; shape `(n,)`.

    With two classes it is the difference of the probabilities of either class.

    >>> disagreement(np.array([[0.9, 0.1]]), np.array([[0.4, 0.6]]))
    array([0.5])
    """
    return np.asarray(np.abs(first - second).sum(axis=1) / 2)


def without_worst(distance: FloatArray, n_left_out: int) -> FloatArray:
    """Return 0 for the `n_left_out` examples with the largest distance `(n,)`, 1 for the others.

    Of equal distances the first go first: the order of a split tells nothing of its labels.
    """
    kept = np.ones(len(distance), dtype=np.float32)
    kept[np.argsort(-distance, kind="stable")[: max(0, n_left_out)]] = 0
    return kept


def audited(view: WeakView, part: str, labels: int) -> Audit:
    """Return the labels that a part buys.

    Raises:
        InputError: If the view has none.
    """
    if view.audit is None:
        raise InputError(
            f"{part} buys {labels} gold labels, and this view has none: give a view with an audit, as a run does"
        )
    return view.audit
