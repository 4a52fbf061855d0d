import math

import pytest

from w2sg.core import wording as fmt
from w2sg.measure import Interval


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.85, "0.850"),
        (-0.25, "−0.250"),
        (-0.0004, "0.000"),
        (-0.0, "0.000"),
        (None, "–"),
        (math.nan, "–"),
        (1.2, "1.200"),
    ],
)
def test_numbers_have_three_decimals_and_a_proper_minus(value: float | None, shown: str) -> None:
    assert fmt.number(value) == shown


def test_differences_have_a_sign_unless_they_round_to_zero() -> None:
    assert [fmt.signed(x) for x in (0.1, -0.1, 0.0004, -0.0004)] == ["+0.100", "−0.100", "0.000", "0.000"]
    assert fmt.difference(Interval(0.017, -0.009, 0.025, 0.95)) == "+0.017 [−0.009, 0.025]"
    assert fmt.difference(None) == fmt.interval(None) == "–"


@pytest.mark.parametrize(
    ("p", "shown"),
    [
        (0.00099, "p < .001"),
        (0.001, "p = .001"),
        (0.0499, "p = .050"),
        (0.9996, "p > .999"),
        (1.0, "p = 1"),
        (0.9994, "p = .999"),
    ],
)
def test_p_values_have_no_leading_zero(p: float, shown: str) -> None:
    assert fmt.p_statement(p) == shown


def test_long_texts_lose_their_middle() -> None:
    assert fmt.shortened("abc", 3) == "abc"
    assert fmt.shortened("abcdefgh", 5) == "ab…gh"
    assert all(len(fmt.shortened("x" * 50, most)) == most for most in (2, 7, 49))
    assert fmt.shortened("two\nlines", 20) == "two lines"


def test_lists_and_counts_read_like_a_sentence() -> None:
    assert [fmt.listed(x) for x in ([], ["a"], ["a", "b"])] == ["", "a", "a and b"]
    assert fmt.quantity(1, "run") == "1 run"
    assert fmt.seconds(3599.9) == "1 h"
