"""What answers say of examples before a label of them is known: confidence, consistency, likeness to the ceiling."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from w2sg.core import AnyArray, Examples, FloatArray, Question, Signal, derive
from w2sg.lab.evidence import rounded
from w2sg.measure import same_order_of_distances

CONFIDENCE, CONSISTENCY, LIKENESS = "confidence", "consistency", "likeness"
OPPOSITE = "opposite"
"""The metadata of test sets that ask rows of the test split otherwise: whether the right answer is then another one."""


def unlabelled_columns(
    question: Question[Any], examples: Examples, answers: Mapping[str, Signal], plain: tuple[Examples, Signal]
) -> dict[str, AnyArray]:
    """Return what is known of each example without its label, `(n,)` each, as far as it is.

    `confidence` is the student's probability of its answer. `consistency`, where rows of the test split are asked
    otherwise, is 1 where the student answers as it does to the row as it stands (or another answer where that is asked
    for), else 0, and NaN where the row is not in the test set. `likeness` says of triples of examples whether student
    and ceiling order distances between their class probabilities alike, see `same_order_of_distances`.

    Args:
        question: What the task asks.
        examples: The test set.
        answers: What `student` and, where there is one, `ceiling` answer.
        plain: The test set in distribution, and what the student answers there.
    """
    columns: dict[str, AnyArray] = {}
    probabilities = {who: question.probabilities(answers[who]) for who in ("student", "ceiling") if who in answers}
    student, ceiling = probabilities["student"], probabilities.get("ceiling")
    if student is not None:
        columns[CONFIDENCE] = rounded(np.asarray(student.max(axis=1), dtype=np.float32))
    if student is not None and ceiling is not None:
        likeness = same_order_of_distances(student, ceiling, derive(0, "triples", str(len(examples))))
        columns[LIKENESS] = likeness.astype(np.float32)
    if OPPOSITE in examples.metadata:
        columns[CONSISTENCY] = _consistent(question, examples, answers["student"], *plain)
    return columns


def _consistent(
    question: Question[Any], examples: Examples, answer: Signal, plain: Examples, plain_answer: Signal
) -> FloatArray:
    order = np.argsort(plain.ids)
    rows = order[np.minimum(np.searchsorted(plain.ids, examples.ids, sorter=order), len(order) - 1)]
    same = question.same(answer, plain_answer.take(rows))
    consistent = same != np.asarray(examples.metadata[OPPOSITE], dtype=np.bool_)
    return np.where(plain.ids[rows] == examples.ids, consistent, np.nan).astype(np.float32)
