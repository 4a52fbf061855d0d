"""Pseudolabel correction and coverage expansion: robust students correct errors that have right neighbours.

Lang, Sontag, Vijayaraghavan (arXiv 2405.16043), with worst-case robustness. `S` is covered by the supervisor, `S_good`
and `S_bad` by whether it is right; `a = P(S_bad | S)`; neighbours share their true class. Expansion `(c, q)` on
`(A, B)`: each set `U` of more than the share `q` of B has `P(N(U) | A) >= c P(U | B)`.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from w2sg.core import Hypothesis, Inapplicable, InputError, Theory, register
from w2sg.theory.judging import assumed


def corrected_error_bound(apart: float, a: float, c: float, u: float) -> float:
    """Return the largest error of a student on what the supervisor covers, `apart + a (1 - 2 c u)`.

    The neighbours of right and robust points cover the share `c u` of `S_bad`; the student is right there and so
    differs from the supervisor.

    Args:
        apart: `P(student != supervisor | S)`.
        a: The supervisor's error on S, `P(S_bad | S)`.
        c: Expansion on `(S_bad, S_good)`, for sets as large as the share `u`.
        u: `P(student right and robust | S_good)`.

    Raises:
        InputError: A share is not from 0 to 1, or `c` is negative.
    """
    _shares(apart=apart, a=a, u=u, c=min(c, 1.0))
    return apart + a * (1 - 2 * min(c * u, 1.0))


def covered_error_bound(fragile: float, apart: float, a: float, c: float, q: float) -> float:
    """Return the largest error of a student on what the supervisor does not cover, `T`.

    Wrong and robust points of T have neighbours in `S_good`, where the student then differs from the supervisor:
    `fragile + max(q, apart / (c (1 - a)))`.

    Args:
        fragile: `P(student not robust | T)`.
        apart: `P(student != supervisor | S)`.
        a: The supervisor's error on S.
        c: Expansion on `(S_good, T)`, for sets of more than the share `q` of T.
        q: See `c`.

    Raises:
        InputError: A share is not from 0 to 1, or `c (1 - a)` is not above 0.
    """
    _shares(fragile=fragile, apart=apart, a=a, q=q, c=min(c, 1.0))
    if c * (1 - a) <= 0:
        raise InputError(f"c (1 - a) must be above 0 for a bound, got c = {c}, a = {a}")
    return fragile + max(q, apart / (c * (1 - a)))


def _shares(**values: float) -> None:
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise InputError(f"{name} must be from 0 to 1, got {value}")


@register(paper="2405.16043")
class ExpansionBound(Theory):
    """The least gain in error of a student that corrects the neighbours of right labels; what it says is a bound.

    From `corrected_error_bound`, `2 a c u - disagreement`. Expansion found over a family of sets is an upper estimate
    of `c`, so it is no certificate.
    """

    kind: Literal["expansion-bound"] = "expansion-bound"
    unit: Literal["error"] = "error"
    says: ClassVar[Literal["value", "at least", "at most"]] = "at least"
    needs: ClassVar[tuple[str, ...]] = ("disagreement", "audit_weak_error", "audit_expansion", "audit_good_robust")
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        assumed(
            "neighbours share their class",
            "Neighbouring inputs have the same true class.",
            "true classes of neighbours are not observed",
        ),
        assumed(
            "expansion holds for every set",
            "Rightly labelled inputs expand to wrongly labelled ones over every set, not only over the family tried.",
            "there are too many sets to try: the smallest ratio found is an upper estimate",
        ),
    )

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the supervisor's error less the bound of the student's."""
        a = at["audit_weak_error"]
        if a >= 0.5:
            raise Inapplicable(f"the supervisor errs on {a:.3g}: labels must be right more often than not")
        apart, c, u = at["disagreement"], at["audit_expansion"], at["audit_good_robust"]
        return a - corrected_error_bound(apart, a, c, u)
