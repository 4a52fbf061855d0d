"""Shifts between supervision and deployment: of inputs, of classes, of groups.

Where classes change their shares and nothing else, the shares at deployment follow from what models answer there and
what they answer to each class where labels are known (Lipton, Wang, Smola, arXiv 1802.03916). Where groups do, and
each input's group is known, they can be counted. Labels that no model saw are then weighted to stand for deployment.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from w2sg.core import AnyArray, FloatArray, InputError, Quantity, exactly
from w2sg.theory.observing import spectra
from w2sg.theory.observing.observed import FeatureSpace, KnownGroups, UnseenLabels
from w2sg.theory.observing.risks import losses

INVERTIBLE = 1e-3
"""Classes can be told apart by answers whose moments have no singular value below this share of the largest."""

ROUNDING = 1e-4
"""A direction whose variance is below this share of the largest says nothing: answers of one model sum to 1."""


SHIFT_ERRORS = 1.645
"""Inputs are taken to be shifted where the AUROC is so many standard errors above 1/2: one-sided, at level .05."""


def input_shift(space: FeatureSpace) -> dict[str, Quantity]:
    """Return how well features tell deployment inputs from labelled ones, and what share of these stands for them."""
    quantities: dict[str, Quantity] = {}
    apart = spectra.shift_auroc(space.labelled, space.fresh)
    if apart is not None:
        n = min(len(space.labelled), len(space.fresh)) // 2
        quantities["shift_auroc"] = Quantity(*apart, n, "ranks of a held-out score")
    share = spectra.effective_share(spectra.shift_weights(space.labelled, space.fresh))
    return quantities | {"shift_ess": exactly(share, "ratio of densities along a held-out score")}


def seen_to_shift(quantities: Mapping[str, Quantity]) -> bool:
    """Return whether features tell deployment inputs from labelled ones."""
    apart = quantities.get("shift_auroc")
    return apart is not None and apart.value > 0.5 + SHIFT_ERRORS * apart.se


@dataclass(frozen=True, eq=False)
class ClassWeights:
    """By what factor the share of each class differs at deployment, and how much each input has to do with it.

    Attributes:
        weights: The factors, `(k,)`; as estimates they may be negative.
        of_labelled: How far each labelled input moves them, `(n, k)`; means are errors.
        of_fresh: The same of each fresh input, `(m, k)`.
        effective: The share of labels that count when they are weighted so, as an effective sample size over n.
        p_equal: The p-value of "no class has another share".
        p_kept: The p-value of "answers to each class have the means that they have where labels are known"; 1 where
            answers are too few to tell it from other shares.
    """

    weights: FloatArray
    of_labelled: FloatArray
    of_fresh: FloatArray
    effective: float
    p_equal: float
    p_kept: float


def class_weights(answers: FloatArray, labels: FloatArray, fresh: FloatArray) -> ClassWeights:
    """Return black-box shift estimates of class weights, `w = C^+ mu` (arXiv 1802.03916).

    `C` holds the means of `answer x label` over labelled inputs, `mu` those of the answers over fresh inputs. There may
    be more answers than classes: `w` is then the least-squares solution, and what it leaves over tests the model.
    Errors are of first order, by the influence of each input.

    Args:
        answers: What models say of labelled inputs, `(n, p)`: soft or hard, of one model or several.
        labels: One-hot, `(n, k)`; no model saw them.
        fresh: What the same models say of fresh inputs, `(m, p)`.

    Raises:
        InputError: The answers do not tell the classes apart.
    """
    n, k = labels.shape
    joint, mean = answers.T @ labels / n, fresh.mean(axis=0)
    if np.linalg.matrix_rank(joint, tol=INVERTIBLE * float(np.linalg.norm(joint, 2))) < k:
        raise InputError(f"the answers do not tell the {k} classes apart")
    inverse = np.linalg.pinv(joint)
    weights = inverse @ mean
    rows = labels @ weights
    of_labelled, of_fresh = -(rows[:, None] * answers) @ inverse.T, fresh @ inverse.T
    left = np.eye(len(joint)) - joint @ inverse
    spread = _covariance(rows[:, None] * answers) + _covariance(fresh)
    return ClassWeights(
        weights=weights,
        of_labelled=of_labelled,
        of_fresh=of_fresh,
        effective=float(rows.mean() ** 2 / np.square(rows).mean()),
        p_equal=_p_of_zero(weights - 1, _covariance(of_labelled) + _covariance(of_fresh)),
        p_kept=_p_of_zero(left @ mean, left @ spread @ left, float(np.trace(spread))),
    )


def class_shift(judged: UnseenLabels, weak: FloatArray, student: FloatArray) -> dict[str, Quantity]:
    """Return what a shift of classes makes of the gain, and whether there is one.

    All three models answer for the weights. Whether answers to each class are kept is asked of supervisor and student
    alone, with their confidence, and only where they are those of the run: models that were trained again answer
    otherwise without any shift.

    Args:
        judged: Labels that no model saw, and what the models say of their inputs.
        weak: The supervisor's predictions for the fresh inputs, `(m, k)`.
        student: The student's, `(m, k)`.
    """
    known = np.isfinite(judged.judge).all(axis=1)
    labels, n = judged.labels[known], int(known.sum())
    # Where labels were few, the judge could not be cross-fitted for some of them.
    if not n:
        return {}
    pair, fresh = [judged.weak[known], judged.student[known]], [weak, student]
    try:
        found = class_weights(np.hstack([*pair, judged.judge[known]]), labels, np.hstack([*fresh, judged.judge_fresh]))
        alone = None if judged.retrained else class_weights(_with_confidence(pair), labels, _with_confidence(fresh))
    # What cannot be estimated of these models is missing, and says so where reasons are given.
    except InputError:
        return {}
    how = "black-box shift estimation"
    quantities = {
        "class_weight_ess": Quantity(found.effective, 0.0, n, how),
        "class_shift_p": Quantity(found.p_equal, 0.0, n, how),
    }
    if alone is not None:
        quantities["class_inputs_p"] = Quantity(alone.p_kept, 0.0, n, how)
    before, after = (losses(model, labels, "classification") for model in pair)
    for unit in before:
        gain, rows = before[unit] - after[unit], labels @ found.weights
        slope = (labels * gain[:, None]).mean(axis=0)
        moved = _covariance(rows * gain + found.of_labelled @ slope) + _covariance(found.of_fresh @ slope)
        se = float(np.sqrt(moved.item()))
        quantities[f"class_weighted_gain_{unit}"] = Quantity(float((rows * gain).mean()), se, n, how)
    return quantities


def group_shift(judged: UnseenLabels, groups: KnownGroups) -> dict[str, Quantity]:
    """Return the gain with each group's mean weighted by its share of the fresh inputs; nothing where one has none."""
    labelled = groups.labelled[judged.rows]
    names, which = np.unique(groups.fresh, return_inverse=True)
    sizes = np.array([(labelled == name).sum() for name in names])
    if sizes.min() < 2:
        return {}
    before, after = (losses(models, judged.labels, "classification") for models in (judged.weak, judged.student))
    shares, m = np.bincount(which) / len(which), len(which)
    quantities = {}
    for unit in before:
        own = [(before[unit] - after[unit])[labelled == name] for name in names]
        means = np.array([gain.mean() for gain in own])
        within = float(np.square(shares) @ [gain.var(ddof=1) / len(gain) for gain in own])
        counted = float(means[which].var(ddof=1)) / m if m > 1 else 0.0
        value = Quantity(float(shares @ means), float(np.sqrt(within + counted)), int(sizes.sum()), "by group")
        quantities[f"group_weighted_gain_{unit}"] = value
    return quantities


def _with_confidence(models: list[FloatArray]) -> FloatArray:
    return np.hstack([part for model in models for part in (model, model.max(axis=1, keepdims=True))])


def _covariance(rows: AnyArray) -> FloatArray:
    """Return the covariance of the mean of rows, `(p, p)`."""
    if len(rows) < 2:
        return np.zeros((rows.size, rows.size))
    return np.atleast_2d(np.cov(rows.T)) / len(rows)


def _p_of_zero(value: FloatArray, covariance: FloatArray, scale: float = 0.0) -> float:
    """Return the p-value of "the mean is 0" by chi-squared, in the directions that vary; 1 where none does.

    A direction varies if its variance is not rounding beside the largest one, and beside `scale`.
    """
    variances, directions = np.linalg.eigh(covariance)
    varies = variances > ROUNDING * max(scale, float(variances.max()))
    squares = np.square(directions.T @ value)[varies] / variances[varies]
    return float(chi2.sf(squares.sum(), len(squares))) if len(squares) else 1.0
