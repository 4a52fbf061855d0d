"""How a hypothesis is judged: by a check of what was observed, by a fact of how the run was made, or not at all.

`holds` means that a test could have refuted the hypothesis and did not, or that it is true by construction; what no
test could have refuted is `untestable`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.stats import norm

from w2sg.core import Hypothesis, InfoSet, Observables, Quantity, Status, Verdict

LEVEL = 0.05
"""How often a test may call a true hypothesis violated."""
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


def below(name: str, bound: float, what: str) -> Check:
    """Return a check that a quantity does not significantly exceed a bound."""

    def check(seen: Observables) -> CheckResult:
        p = p_above(seen[name], bound)
        status: Status = "violated" if p < LEVEL else "holds"
        return CheckResult(status, f"{what} is {seen[name]}, bound {bound:g}", seen.value(name), p)

    return check
