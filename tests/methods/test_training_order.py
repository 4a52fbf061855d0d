"""A method that asks for several students at once gets them in the order in which it asked."""

from dataclasses import replace
from typing import Literal

import numpy as np
from method_data import recorder, view_on, weak_labels

from w2sg.core import Fit, Method, Student, Training, WeakView, run_together
from w2sg.methods import CrossEntropy, Fixed


class AsksForBoth(Method):
    """Asks for students of two configurations, turn about."""

    kind: Literal["asks-for-both"] = "asks-for-both"

    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        fit = Fit(
            student=student,
            inputs=view.transfer.inputs,
            targets=view.transfer.weak.probabilities,
            corpus=view.corpus,
            objective=CrossEntropy(),
            stopping=Fixed(),
            rng=rng,
        )
        other = replace(fit, student=student.scaled(0.5))
        trained = yield [fit, other, fit, other]
        sizes = [float(one.predict_proba(view.transfer.inputs)[0, 0]) for one in trained]
        assert sizes == [0.8, 0.4, 0.8, 0.4]
        return trained[0]


def test_students_come_back_in_the_order_in_which_they_were_asked_for() -> None:
    x = np.zeros((10, 2), dtype=np.float32)
    view = view_on(x, weak_labels(10))
    courses = [AsksForBoth().train(view, recorder(size=0.8), np.random.default_rng(0)) for _ in range(2)]
    assert len(run_together(courses)) == 2
