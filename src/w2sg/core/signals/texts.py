"""Texts: written answers, which of them are right, which are the same, and what most samples say.

Two texts are the same answer where their *key* is equal: the text without case and spacing (`normalised`), or the
number that it ends in (`final_number`). A key of None is no answer: it is never right, agrees with nothing and has no
vote.
"""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from w2sg.core.arrays import AnyArray, BoolArray, FloatArray, IntArray, check_texts
from w2sg.core.errors import InputError
from w2sg.core.signals.base import Question, Signal, check_variant

Scorer = Literal["exact", "number"]
"""When two written answers are the same: equal texts but for case and spacing, or the same final number."""
ListOfTexts = Sequence[str] | NDArray[Any]
Key = Callable[[str], Hashable | None]
"""What of an answer counts; None where a text holds no answer."""

_NUMBER = re.compile(
    r"(?:(?<![\w.,)])[-−])?\$?((?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)(?:[eE]([-+]?\d{1,4})\b)?"
)
_MARK = "####"
"""What stands before the final answer of a GSM8K solution (arXiv:2110.14168)."""


def normalised(text: str) -> str:
    """Return a text without case, outer and repeated white space, and a final full stop.

    >>> normalised("  The  Answer. ")
    'the answer'
    """
    return " ".join(text.casefold().split()).removesuffix(".").rstrip()


def final_number(text: str) -> Decimal | None:
    """Return the last number in a text, or the first after its last `####`; None where there is none.

    Thousands may be separated by commas, and a currency sign is passed over. A fraction is two numbers.

    >>> final_number("He pays $1,000."), final_number("2 + 3 = 5 #### 12 coins"), final_number("none")
    (Decimal('1000'), Decimal('12'), None)
    """
    # Models that were shown GSM8K write the mark and then the answer, perhaps with words behind it; all others end in
    # it.
    _, marked, end = text.rpartition(_MARK)
    numbers = list(_NUMBER.finditer(end))
    if not numbers:
        return None
    number = numbers[0 if marked else -1]
    sign = "-" if number[0][0] in "-−" else ""
    return Decimal(f"{sign}{number[1].replace(',', '')}e{number[2] or 0}")


def same_answer(first: ListOfTexts, second: ListOfTexts, key: Key = normalised) -> BoolArray:
    """Return where two lists give the same answer, `(n,)`; its mean is their agreement.

    Args:
        first: ListOfTexts `(n,)`.
        second: ListOfTexts `(n,)`.
        key: What of an answer counts.

    Raises:
        InputError: The lists are empty, are not of texts, or their lengths differ.

    >>> same_answer(["Yes.", "no", "5"], ["yes", "yes", "5"]).tolist()
    [True, False, True]
    """
    # A text without an answer has no key, and None must not equal None: two failures to answer are no agreement.
    keys, second_keys = _keys("first", first, key), _keys("second", second, key)
    if len(keys) != len(second_keys):
        raise InputError(
            "these must have one entry per example, all of one length; got first "
            f"{len(keys)}, second {len(second_keys)}"
        )
    return np.array([a is not None and a == b for a, b in zip(keys, second_keys, strict=True)], dtype=np.bool_)


def exact_match(answers: ListOfTexts, gold: ListOfTexts) -> BoolArray:
    """Return which answers are the gold texts but for case, spacing and a final full stop, `(n,)`.

    Raises:
        InputError: As in `same_answer`.
    """
    return same_answer(answers, gold)


def number_match(answers: ListOfTexts, gold: ListOfTexts) -> BoolArray:
    """Return which answers end in the number that the gold text ends in, `(n,)`; one without a number is wrong.

    Raises:
        InputError: As in `same_answer`, or a gold text holds no number.

    >>> number_match(["so 1,000.", "A: 7", "?"], ["#### 1000.0", "#### 8", "#### 9"]).tolist()
    [True, False, False]
    """
    missing = [place for place, number in enumerate(_keys("gold", gold, final_number)) if number is None]
    if missing:
        raise InputError(
            f"gold must hold a number in every text, text {missing[0]} has none: {gold[missing[0]]!r:.80}; use "
            "exact_match for answers in words"
        )
    return same_answer(answers, gold, final_number)


KEYS: Mapping[str, Key] = {"exact": normalised, "number": final_number}
"""What of an answer counts, by the name of a scorer."""
SCORERS: Mapping[str, Callable[[ListOfTexts, ListOfTexts], BoolArray]] = {"exact": exact_match, "number": number_match}
"""Which answers are right, by the name of a scorer: functions of answers and gold, both `(n,)`."""


@dataclass(frozen=True, eq=False)
class Texts(Signal):
    """Written answers.

    Attributes:
        answers: The answer to each example, `(n,)` texts.
        samples: Further answers to each, drawn at random, `(n, s)` texts; None if there are none.
    """

    variant: ClassVar[str] = "texts"
    answers: AnyArray
    samples: AnyArray | None = None

    def __post_init__(self) -> None:
        n = len(self.answers)
        object.__setattr__(self, "answers", check_texts(self.answers, (n,), "answers"))
        if self.samples is not None:
            shape = np.asarray(self.samples, dtype=object).shape
            if len(shape) != 2 or shape[0] != n or not shape[1]:
                raise InputError(f"samples must have shape ({n}, s) with s at least 1, got {shape}")
            object.__setattr__(self, "samples", check_texts(self.samples, shape, "samples"))

    def __len__(self) -> int:
        return len(self.answers)

    def take(self, rows: AnyArray) -> Self:
        """Return the answers to some examples."""
        return type(self)(self.answers[rows], None if self.samples is None else self.samples[rows])


@dataclass(frozen=True)
class WrittenAnswers(Question[Texts]):
    """What is the answer, in writing? Gold is texts `(n,)`.

    Attributes:
        scorer: What of an answer counts: `exact` all of it but case and spacing, `number` the number that it ends in.
    """

    signal: ClassVar[type[Signal]] = Texts
    scorer: Scorer = "exact"

    @property
    def key(self) -> Key:
        """What of an answer counts, as a function of its text."""
        return KEYS[self.scorer]

    def checked(self, signal: Texts, n: int, name: str) -> Texts:
        """Return the signal if there are `n` answers.

        Raises:
            InputError: If there are not, or it is no signal of texts.
        """
        check_variant(signal, Texts, n, name)
        return signal

    def truth(self, gold: AnyArray) -> Texts:
        """Return gold `(n,)` as answers."""
        return Texts(gold)

    def correct(self, signal: Texts, gold: AnyArray) -> BoolArray:
        """Return where the answer counts as gold does."""
        return SCORERS[self.scorer](signal.answers, gold)

    def same(self, first: Texts, second: Texts) -> BoolArray:
        """Return where the answers count as the same; a text without an answer is the same as none."""
        return same_answer(first.answers, second.answers, self.key)


def majority(samples: Sequence[ListOfTexts] | NDArray[Any], key: Key = normalised) -> NDArray[np.object_]:
    """Return the answer that most samples of each example give, `(n,)`, as its first sample words it.

    Of equally frequent answers the one that is sampled first wins (self-consistency, arXiv:2203.11171). Where no sample
    holds an answer the first text is returned.

    Args:
        samples: ListOfTexts `(n, s)`.
        key: What of an answer counts.

    Raises:
        InputError: The shape is not `(n, s)`, or the values are not texts.

    >>> majority([["4", "5", "5."], ["b", "a", "c"]]).tolist()
    ['5', 'b']
    """
    return np.array([row[_elected(keys)[0]] for row, keys in _sampled(samples, key)], dtype=object)


def self_consistency(samples: Sequence[ListOfTexts] | NDArray[Any], key: Key = normalised) -> FloatArray:
    """Return the share of the samples of each example that give the majority's answer, `(n,)`.

    Args:
        samples: ListOfTexts `(n, s)`.
        key: What of an answer counts.

    Raises:
        InputError: As in `majority`.

    >>> self_consistency([["4", "5", "5.", "6"]]).tolist()
    [0.5]
    """
    return np.array([_elected(keys)[1] / len(keys) for _, keys in _sampled(samples, key)], dtype=np.float64)


def agreeing(weak: ListOfTexts, own: ListOfTexts, key: Key = normalised) -> IntArray:
    """Return the positions where the weak answer is the student's own: the agreement filter.

    Args:
        weak: The weak supervisor's answers `(n,)`.
        own: What the student answers before any training, or the majority of what it samples, `(n,)`.
        key: What of an answer counts.

    Raises:
        InputError: As in `same_answer`.
    """
    return np.flatnonzero(same_answer(weak, own, key)).astype(np.int64)


def _elected(keys: Sequence[Hashable | None]) -> tuple[int, int]:
    """Return the position of the first sample with the most frequent answer, and how many give it."""
    votes = Counter(key for key in keys if key is not None)
    if not votes:
        return 0, 0
    ((winner, count),) = votes.most_common(1)  # of equals the one counted first
    return keys.index(winner), count


def _sampled(
    samples: Sequence[ListOfTexts] | NDArray[Any], key: Key
) -> list[tuple[Sequence[str], list[Hashable | None]]]:
    """Return the texts of each example with their keys."""
    rows = [list(row) for row in samples]
    sizes = sorted({len(row) for row in rows})
    if len(sizes) != 1 or sizes[0] == 0:
        raise InputError(f"samples must have shape (n, s), as many texts for each example, got rows of {sizes} texts")
    return [(row, _keys("samples", row, key)) for row in rows]


def _keys(name: str, texts: ListOfTexts, key: Key) -> list[Hashable | None]:
    """Return the keys of texts."""
    if isinstance(texts, str) or len(texts) == 0:
        raise InputError(f"{name} must be a non-empty list of texts, got {texts!r:.80}")
    wrong = next((text for text in texts if not isinstance(text, str)), None)
    if wrong is not None:
        raise InputError(f"{name} must hold texts, got {wrong!r:.80}; write numbers as texts")
    return [key(text) for text in texts]
