from collections import Counter
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2sg.core import (
    agreeing,
    exact_match,
    final_number,
    majority,
    normalised,
    number_match,
    same_answer,
    self_consistency,
)
from w2sg.core.errors import InputError

words = st.text(alphabet="abAB .\t1", max_size=6)
letters = st.sampled_from(["a", "b", "c", "A.", " b "])
tables = st.integers(1, 7).flatmap(
    lambda s: st.lists(st.lists(letters, min_size=s, max_size=s), min_size=1, max_size=5)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#### 12", "12"),
        ("He has 3 + 4 = 7 apples.\n#### 7", "7"),
        ("#### 12 coins of 5", "12"),
        ("first #### 1 then #### 2", "2"),
        ("1,000", "1000.0"),
        ("1,234,567.50 dollars", "1234567.5"),
        ("it is $1,000.", "1000"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("−3", "-3"),
        ("5-3", "3"),
        ("(5)-3", "3"),
        ("from 1 to -3", "-3"),
        ("1,2,3", "3"),
        ("10,0000", "0"),
        (".5", "0.5"),
        ("12.", "12"),
        ("1.5e3", "1500"),
        ("2E-2", "0.02"),
        ("007", "7"),
        ("3/4", "4"),
        ("10%", "10"),
        ("x2", "2"),
        ("-0", "0"),
    ],
)
def test_the_final_number_of_a_text(text: str, expected: str) -> None:
    assert final_number(text) == Decimal(expected)


@pytest.mark.parametrize("text", ["", "none", "####", "5 coins ####", "- . ,", "one"])
def test_a_text_without_a_final_number(text: str) -> None:
    assert final_number(text) is None


@given(st.integers(-(10**20), 10**20), words)
def test_a_number_is_read_however_it_is_written(number: int, before: str) -> None:
    for shown in (f"{number}", f"{number:,}", f"{number}.0", f"{number:,}.00.", f"#### {number}"):
        assert final_number(f"{before}: {shown}") == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_read_as_it_is_printed(number: float) -> None:
    found = final_number(f"so {number!r}")
    assert found is not None
    assert float(found) == number


@given(words)
def test_normalising_twice_is_normalising_once_but_for_full_stops(text: str) -> None:
    once = normalised(text)
    assert normalised(once.rstrip(". ")) == once.rstrip(". ")
    assert normalised(f"  {text.swapcase()}\n") == once
    assert once == once.strip()
    assert "  " not in once


def test_exact_match_passes_over_case_spaces_and_one_full_stop() -> None:
    found = exact_match(["Paris.", " new  york", "Rome..", "Bern"], ["paris", "New York", "Rome", "Basel"])
    assert found.dtype == np.bool_
    assert found.tolist() == [True, True, False, False]


def test_number_match_needs_a_number() -> None:
    assert number_match(["12", "12.0 euros", "twelve", "13"], ["#### 12"] * 4).tolist() == [True, True, False, False]
    with pytest.raises(InputError, match=r"gold must hold a number in every text, text 1 has none: 'b'; use exact"):
        number_match(["1", "2"], ["1", "b"])


@given(st.lists(st.tuples(words, words), min_size=1))
def test_sameness_knows_no_order_and_every_answer_is_its_own(pairs: list[tuple[str, str]]) -> None:
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    np.testing.assert_array_equal(same_answer(first, second), same_answer(second, first))
    assert same_answer(first, first).all()
    kept = agreeing(first, second)
    np.testing.assert_array_equal(kept, np.flatnonzero(same_answer(first, second)))


def test_no_answer_agrees_with_nothing_and_has_no_vote() -> None:
    assert same_answer(["?", "5"], ["?", "5."], final_number).tolist() == [False, True]
    assert majority([["?", "so", "5"], ["x", "y", "z"]], final_number).tolist() == ["5", "x"]
    assert self_consistency([["?", "so", "5"], ["x", "y", "z"]], final_number).tolist() == [1 / 3, 0]


@given(tables)
def test_the_majority_has_most_votes_and_of_equals_is_first(samples: list[list[str]]) -> None:
    found, shares = majority(samples), self_consistency(samples)
    assert found.shape == shares.shape == (len(samples),)
    for row, winner, share in zip(samples, found, shares, strict=True):
        votes = Counter(map(normalised, row))
        assert votes[normalised(winner)] == max(votes.values()) == share * len(row)
        best = [text for text in row if votes[normalised(text)] == max(votes.values())]
        assert winner == best[0]


@given(tables, st.integers(1, 3))
def test_samples_that_are_repeated_change_nothing(samples: list[list[str]], times: int) -> None:
    repeated = [row * times for row in samples]
    np.testing.assert_array_equal(majority(repeated), majority(samples))
    np.testing.assert_allclose(self_consistency(repeated), self_consistency(samples))


@given(st.lists(letters, min_size=1))
def test_one_sample_is_its_own_majority(texts: list[str]) -> None:
    one = np.array(texts, dtype=object)[:, None]
    assert majority(one).tolist() == texts
    assert self_consistency(one).tolist() == [1.0] * len(texts)


def test_what_is_no_list_of_texts_is_refused() -> None:
    with pytest.raises(InputError, match="these must have one entry per example, all of one length; got first 1, sec"):
        same_answer(["a"], ["a", "b"])
    with pytest.raises(InputError, match=r"first must be a non-empty list of texts, got \[\]"):
        same_answer([], [])
    with pytest.raises(InputError, match="second must be a non-empty list of texts, got 'abc'"):
        same_answer(["a"], "abc")
    with pytest.raises(InputError, match="first must hold texts, got 5; write numbers as texts"):
        same_answer([5], ["5"])  # type: ignore[list-item]
    with pytest.raises(InputError, match=r"samples must have shape \(n, s\).* got rows of \[1, 2\] texts"):
        majority([["a"], ["a", "b"]])
    with pytest.raises(InputError, match=r"samples must have shape .* got rows of \[\] texts"):
        self_consistency([])
