"""The four variants of signal keep one contract, and each says what is right in its own way."""

from typing import Any

import numpy as np
import pytest

from w2sg.core import (
    AnyArray,
    BetterOfTwo,
    Classes,
    ClassProbabilities,
    InputError,
    Preferences,
    Question,
    RightSteps,
    ScoredSteps,
    Signal,
    Texts,
    WrittenAnswers,
)
from w2sg.testing import SignalContract


def texts(*rows: Any) -> AnyArray:
    return np.array(rows, dtype=object)


def ragged(*rows: Any) -> AnyArray:
    gold = np.empty(len(rows), dtype=object)
    gold[:] = rows
    return gold


class TestClasses(SignalContract):
    @pytest.fixture
    def question(self) -> Question[Any]:
        return Classes(("cat", "dog", "cow"))

    @pytest.fixture(params=[False, True], ids=["one", "panel"])
    def signal(self, request: pytest.FixtureRequest) -> Signal:
        members = np.random.default_rng(0).dirichlet(np.ones(3), size=(2, 4))
        return ClassProbabilities(members.mean(axis=0), members if request.param else None)

    @pytest.fixture
    def gold(self, signal: ClassProbabilities) -> AnyArray:
        return np.asarray((signal.named + np.array([0, 1, 0, 0])) % 3)


class TestTexts(SignalContract):
    @pytest.fixture(params=["exact", "number"])
    def question(self, request: pytest.FixtureRequest) -> Question[Any]:
        return WrittenAnswers(request.param)

    @pytest.fixture(params=[False, True], ids=["answers", "samples"])
    def signal(self, request: pytest.FixtureRequest) -> Signal:
        samples = texts(["1", "2"], ["", "3"], ["é", "\ud800"], ["4", "4"])
        return Texts(texts("1", "two 2", "3", "4"), samples if request.param else None)

    @pytest.fixture
    def gold(self) -> AnyArray:
        return texts("1", "TWO  2.", "4", "4")


class TestPreferences(SignalContract):
    @pytest.fixture
    def question(self) -> Question[Any]:
        return BetterOfTwo()

    @pytest.fixture(params=[False, True], ids=["bare", "candidates"])
    def signal(self, request: pytest.FixtureRequest) -> Signal:
        candidates = texts(["a", "b"], ["c", "d"], ["e", ""], ["f", "g"])
        return Preferences(np.array([0.9, 0.2, 0.6, 0.1]), candidates if request.param else None)

    @pytest.fixture
    def gold(self) -> AnyArray:
        return np.array([0, 1, 1, 1])


class TestSteps(SignalContract):
    @pytest.fixture
    def question(self) -> Question[Any]:
        return RightSteps()

    @pytest.fixture(params=[False, True], ids=["bare", "texts"])
    def signal(self, request: pytest.FixtureRequest) -> Signal:
        steps = [["a", "b"], [], ["c", "d", "e"], ["f"]] if request.param else None
        return ScoredSteps.of([[0.9, 0.2], [], [0.6, 0.7, 0.1], [0.3]], steps)

    @pytest.fixture
    def gold(self) -> AnyArray:
        return ragged((1, 0), (), (1, 1, 1), (0,))


def test_a_preference_of_one_half_sides_with_neither() -> None:
    undecided = Preferences(np.array([0.5, 0.5]))
    assert not BetterOfTwo().correct(undecided, np.array([0, 1])).any()
    assert BetterOfTwo().same(undecided, undecided).all()
    assert not BetterOfTwo().same(undecided, Preferences(np.array([0.4, 0.6]))).any()


def test_a_trace_is_judged_right_only_with_every_step() -> None:
    judged = ScoredSteps.of([[0.9, 0.5], [0.9, 0.49], [0.1], [0.9]])
    gold = ragged((1, 1), (1, 1), (0,), (1, 1))
    assert RightSteps().correct(judged, gold).tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Classes(("a",)), "classes must be at least 2 different names, got"),
        (lambda: Classes(("a", "a")), "classes must be at least 2 different names, got"),
        (lambda: ClassProbabilities(np.ones((2, 3)) / 3, np.ones((2, 3))), r"members must have shape \(s, 2, 3\)"),
        (lambda: Texts(texts("a", 1)), "answers must be texts, got 1"),
        (lambda: Texts(texts("a"), texts(["a"], ["b"])), r"samples must have shape \(1, s\) with s at least 1"),
        (lambda: Preferences(np.ones((2, 2))), r"preferences must have shape \(n,\)"),
        (lambda: Preferences(np.ones(2), texts(["a", "b"])), r"candidates must have shape \(2, 2\)"),
        (lambda: ScoredSteps(np.ones(3), np.array([2])), "ends must rise to the 3 steps that are scored"),
        (lambda: ScoredSteps(np.ones(3), np.array([4, 3])), "ends must rise to the 3 steps"),
        (lambda: Texts.from_arrays({}), "arrays of texts must have answers, got none"),
    ],
)
def test_what_is_not_well_formed_is_refused(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize(
    ("question", "signal", "message"),
    [
        (Classes(("a", "b")), ClassProbabilities(np.ones((1, 2))), "rows of weak labels must sum to 1"),
        (Classes(("a", "b")), ClassProbabilities(np.ones((1, 3)) / 3), r"weak labels must have shape \(1, 2\)"),
        (
            Classes(("a", "b")),
            ClassProbabilities(np.full((1, 2), 0.5), np.array([[[0.5, 0.6]]])),
            "rows of weak labels of a member must sum to 1",
        ),
        (BetterOfTwo(), Preferences(np.array([1.5])), r"weak labels must be probabilities in \[0, 1\]"),
        (BetterOfTwo(), Preferences(np.array([np.nan])), r"weak labels must be probabilities in \[0, 1\]"),
        (RightSteps(), ScoredSteps.of([[-0.5]]), r"weak labels must score steps by probabilities in \[0, 1\]"),
        (WrittenAnswers(), ClassProbabilities(np.full((1, 2), 0.5)), "must be a signal of 'texts', .*got 'classes'"),
    ],
)
def test_a_signal_that_answers_no_question_is_refused(question: Question[Any], signal: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        question.checked(signal, 1, "weak labels")
