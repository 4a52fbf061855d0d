"""How a hypothesis is judged: by a check of what was observed, by a fact of how the run was made, or not at all.

One rule is for all tests. A hypothesis is `violated` where a departure from it was shown, and `holds` where a departure
that would matter was excluded, or where it is true by construction. Where neither was, too little was seen: like what
no test decides, it is `untestable`. So no hypothesis holds because little was looked at.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.stats import norm

from w2sg.core import Hypothesis, InfoSet, Observables, Quantity, Status, Verdict

LEVEL = 0.05
"""How often a test may call a true hypothesis violated, and how often one from which a departure matters true."""
UNDECIDED = (None, "unknown", "other")
"""Values of a fact that decide nothing: a component that does not say what it is may be anything."""


@dataclass(frozen=True)
class CheckResult:
    """What a check found, before it carries the name of its hypothesis."""

    status: Status
    why: str
    statistic: float | None = None
    p_value: float | None = None


Check = Callable[[Observables], CheckResult]


def checked(
    name: str, statement: str, check: Check, info: InfoSet = InfoSet.S0_STRICT, needs: tuple[str, ...] = ()
) -> Hypothesis:
    """Return a hypothesis with a check, which is untestable where a quantity that it needs was not measured."""

    def judge(seen: Observables) -> Verdict:
        absent = [f"{need} ({seen.missing.get(need, 'not observed')})" for need in needs if need not in seen]
        if absent:
            return Verdict(name, "untestable", f"needs {'; '.join(absent)}")
        try:
            result = check(seen)
        # Quantities may take any value, such as a dimension of 0: a test without a value says so and refutes nothing.
        except (ArithmeticError, ValueError) as error:
            return Verdict(name, "untestable", f"the test has no value here ({error})")
        finite = result.statistic is not None and math.isfinite(result.statistic)
        return Verdict(name, result.status, result.why, result.statistic if finite else None, result.p_value)

    return Hypothesis(name, statement, info, judge)


def assumed(name: str, statement: str, why: str) -> Hypothesis:
    """Return a hypothesis that nothing short of all ground truth decides, with the reason."""
    return checked(name, statement, lambda seen: CheckResult("untestable", why), InfoSet.S2)


def by_construction(name: str, statement: str, fact: str, *allowed: str) -> Hypothesis:
    """Return a hypothesis that a fact decides: it holds if the fact has one of the allowed values."""

    def check(seen: Observables) -> CheckResult:
        value = seen.facts.get(fact)
        if value in UNDECIDED:
            return CheckResult("untestable", f"{fact} is not known")
        return CheckResult("holds" if value in allowed else "violated", f"{fact} is {value}")

    return checked(name, statement, check)


def p_above(quantity: Quantity, bound: float) -> float:
    """Return the one-sided p-value of `value <= bound`; 0 or 1 for a quantity without error."""
    if quantity.se == 0:
        return 1.0 if quantity.value <= bound else 0.0
    return float(norm.sf((quantity.value - bound) / quantity.se))


def p_differs(difference: float, se: float, tolerance: float = 0.0) -> float:
    """Return the two-sided p-value of `|difference| <= tolerance`; 0 or 1 without error."""
    beyond = abs(difference) - tolerance
    if se == 0:
        return 0.0 if beyond > 0 else 1.0
    return min(1.0, 2 * float(norm.sf(beyond / se)))


def weighed(departs: float, matters: float, why: str, statistic: float | None = None) -> CheckResult:
    """Return what a test found.

    Args:
        departs: The p-value of "the hypothesis is true".
        matters: The p-value of "there is a departure from it that matters".
        why: What was seen.
        statistic: The number that was tested.
    """
    if departs < LEVEL:
        return CheckResult("violated", why, statistic, departs)
    if matters < LEVEL:
        return CheckResult("holds", why, statistic, departs)
    return CheckResult("untestable", f"too little was seen to decide: {why}", statistic, departs)


def at_most(quantity: Quantity, bound: float, margin: float, why: str) -> CheckResult:
    """Return whether a quantity is at most a bound; beyond it by the margin it would matter."""
    return weighed(p_above(quantity, bound), 1 - p_above(quantity, bound + margin), why, quantity.value)


def no_difference(difference: float, se: float, tolerance: float, margin: float, why: str) -> CheckResult:
    """Return whether a difference is at most a tolerance on either side; beyond it by the margin it would matter."""
    matters = max(1 - p_above(Quantity(side * difference, se, 1, ""), tolerance + margin) for side in (1, -1))
    return weighed(p_differs(difference, se, tolerance), matters, why, difference)


def below(name: str, bound: float, what: str, margin: float = 0.0) -> Check:
    """Return a check that a quantity does not exceed a bound; beyond it by the margin it would matter."""

    def check(seen: Observables) -> CheckResult:
        return at_most(seen[name], bound, margin, f"{what} is {seen[name]}, bound {bound:g}")

    return check
