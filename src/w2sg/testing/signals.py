"""The contract of a variant of signal and its question: plain numbers in a store, and the truth is always right."""

from typing import Any

import numpy as np
import pytest

from w2sg.core import AnyArray, InputError, Question, Signal, digest_arrays, pack_signals, unpack_signals


class _Foreign(Signal):
    """A signal of no variant that a question asks for."""

    variant = "foreign"

    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def take(self, rows: AnyArray) -> "_Foreign":
        return self

    def arrays(self) -> dict[str, AnyArray]:
        return {}

    @classmethod
    def from_arrays(cls, arrays: Any) -> "_Foreign":
        return cls(0)


class SignalContract:
    """Subclass and override three fixtures: a question, a signal for at least four examples, and their gold `(n,)`.

    Each signal must hold an answer to each example, and at least one of them that is wrong.
    """

    @pytest.fixture
    def question(self) -> Question[Any]:
        """The question that the signal answers."""
        raise AssertionError("override the fixture 'question'")

    @pytest.fixture
    def signal(self) -> Signal:
        """The signal under test."""
        raise AssertionError("override the fixture 'signal'")

    @pytest.fixture
    def gold(self) -> AnyArray:
        """The gold of the examples."""
        raise AssertionError("override the fixture 'gold'")

    def test_survives_its_arrays(self, signal: Signal) -> None:
        """Its arrays are plain numbers that give the same signal again, alone and packed with others."""
        arrays = signal.arrays()
        assert all(array.dtype.kind in "biuf" for array in arrays.values())
        assert not any("/" in name for name in arrays)
        again = type(signal).from_arrays(arrays)
        assert _content(again) == _content(signal)
        part = signal.take(np.arange(2))
        packed = unpack_signals(type(signal), pack_signals({"a/b": signal, "c": part}))
        assert {name: _content(each) for name, each in packed.items()} == {
            "a/b": _content(signal),
            "c": _content(part),
        }

    def test_nobody_can_write_to_it(self, signal: Signal) -> None:
        """Its arrays are read-only and own their memory."""
        for value in vars(signal).values():
            if isinstance(value, np.ndarray):
                assert not value.flags.writeable
                assert value.base is None

    def test_takes_rows(self, question: Question[Any], signal: Signal, gold: AnyArray) -> None:
        """Positions, repeated positions and masks give the answers there; all rows give the signal."""
        n = len(signal)
        right = question.correct(signal, gold)
        assert _content(signal.take(np.arange(n))) == _content(signal)
        for rows in (np.array([2, 0, 2]), np.arange(n) % 2 == 0, np.zeros(0, dtype=np.int64)):
            part = signal.take(rows)
            assert len(part) == len(gold[rows])
            if len(part):
                np.testing.assert_array_equal(question.correct(part, gold[rows]), right[rows])

    def test_the_truth_is_right(self, question: Question[Any], signal: Signal, gold: AnyArray) -> None:
        """Gold as a signal is of the variant, well formed and right everywhere; the signal is not."""
        truth = question.truth(gold)
        assert isinstance(truth, question.signal)
        assert question.checked(truth, len(gold), "truth") is truth
        assert question.correct(truth, gold).all()
        right = question.correct(signal, gold)
        assert right.dtype == np.bool_
        assert right.shape == (len(gold),)
        assert not right.all()

    def test_sameness_is_reflexive_and_symmetric(self, question: Question[Any], signal: Signal, gold: AnyArray) -> None:
        """Every answer is the same as itself; what is right is the same as the truth."""
        truth = question.truth(gold)
        assert question.same(signal, signal).all()
        np.testing.assert_array_equal(question.same(signal, truth), question.same(truth, signal))
        np.testing.assert_array_equal(question.same(signal, truth), question.correct(signal, gold))

    def test_what_does_not_answer_is_refused(self, question: Question[Any], signal: Signal) -> None:
        """A signal of another length or variant is refused with its name."""
        n = len(signal)
        assert question.checked(signal, n, "weak labels") is signal
        with pytest.raises(InputError, match="weak labels must"):
            question.checked(signal, n + 1, "weak labels")
        with pytest.raises(InputError, match=f"weak labels must be a signal of '{question.signal.variant}'"):
            question.checked(_Foreign(n), n, "weak labels")

    def test_probabilities_are_distributions_over_the_names(self, question: Question[Any], signal: Signal) -> None:
        """Where a variant has probabilities, they are `(n, k)` with rows that sum to 1."""
        probabilities = question.probabilities(signal)
        if probabilities is None:
            pytest.skip("this variant has no probabilities")
        assert probabilities.shape == (len(signal), len(question.names))
        assert (probabilities >= 0).all()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)

    def test_equal_questions_are_equal(self, question: Question[Any]) -> None:
        """A question is a value: it tells itself from no copy of itself."""
        assert question == type(question)(**vars(question))
        assert hash(question) == hash(type(question)(**vars(question)))


def _content(signal: Signal) -> dict[str, str]:
    return {name: digest_arrays(array) for name, array in signal.arrays().items()}
