"""Theories from retrained supervisors: a student that averages supervisors gains what they vary."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from w2sg.core import Hypothesis, Observables, Theory, register
from w2sg.theory import hypotheses as given
from w2sg.theory.judging import LEVEL, CheckResult, assumed, checked, p_differs
from w2sg.theory.predictors.misfit import distance


@register(paper="2505.24313")
class EnsembleVariance(Theory):
    """The gain is the variance of supervisors: what their mean gains over one of them, exactly, in squared risk.

    Xu, Yao, Wang, Liu (arXiv 2505.24313) state it for Bregman divergences and a student that approximates the mean. A
    bias that all supervisors share stays in both risks and does not enter the gain.
    """

    kind: Literal["ensemble-variance"] = "ensemble-variance"
    unit: Literal["squared"] = "squared"
    needs: ClassVar[tuple[str, ...]] = ("ensemble_squared",)
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (given.REPRESENTATIVE, given.MATCHES_MEAN)
    world: ClassVar[str | None] = "ensemble-variance"

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the variance."""
        return distance(at, "ensemble_squared")


def _calibrated(seen: Observables) -> CheckResult:
    pair, weak = seen["ensemble_pair_error"], seen["weak_error"]
    # Equal disagreement and error do not show that votes are calibrated; a difference shows that they are not.
    difference = pair.value - weak.value
    p = p_differs(difference, (pair.se**2 + weak.se**2) ** 0.5)
    why = f"two retrained supervisors disagree on {pair}, the supervisor's error is {weak}: equal if it holds"
    return CheckResult("violated" if p < LEVEL else "untestable", why, difference, p)


@register(paper="2106.13799")
class EnsembleCalibration(Theory):
    """The gain in error of the supervisors' vote, if a label is distributed as a vote is.

    Then a supervisor errs as often as two of them disagree (Jiang et al., arXiv 2106.13799), and the vote of others
    errs as often as it disagrees with one that had no part in it; so the vote is that of one supervisor less, and the
    estimate has no bias.
    """

    kind: Literal["ensemble-calibration"] = "ensemble-calibration"
    unit: Literal["error"] = "error"
    needs: ClassVar[tuple[str, ...]] = ("ensemble_pair_error", "ensemble_rest_error")
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.REPRESENTATIVE,
        checked(
            "votes are calibrated",
            "Given the input, the label is distributed as the class that a retrained supervisor names.",
            _calibrated,
            needs=("weak_error", "ensemble_pair_error"),
        ),
        assumed(
            "student is the vote",
            "The student names the class that most supervisors name who might have been trained.",
            "the vote over all supervisors is not observed",
        ),
    )

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the disagreement of two less that of one with the others."""
        return distance(at, "ensemble_pair_error") - distance(at, "ensemble_rest_error")
