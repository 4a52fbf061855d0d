"""From texts to tokens: cut by a declared rule and counted, then padded as little as may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from w2sg.core import AnyArray, InputError, IntArray
from w2sg.students.language.loading import Loaded

TooLong = Literal["cut-left", "cut-right", "drop", "refuse"]
"""What becomes of a text with too many tokens: its beginning or its end goes, it is not trained on (and cut on the
left where it must be answered), or it is an error."""
Side = Literal["left", "right"]


@dataclass(frozen=True, eq=False)
class Tokens:
    """Texts as token numbers.

    Attributes:
        ids: Token numbers of each text, at least one each.
        long: Whether a text had too many tokens, `(n,)`.
        empty: Whether a text had none, so that an end-of-text token stands for it, `(n,)`.
    """

    ids: tuple[IntArray, ...]
    long: AnyArray
    empty: AnyArray

    @property
    def lengths(self) -> IntArray:
        """The number of tokens of each text, `(n,)`."""
        return np.array([len(row) for row in self.ids], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.ids)


def tokenize(loaded: Loaded, texts: Sequence[str], most: int, too_long: TooLong) -> Tokens:
    """Return texts as tokens, no more than `most` and than the model can read.

    Raises:
        InputError: If a text is too long and the rule is `refuse`.
    """
    limit = min(most, loaded.context)
    tokenizer = loaded.tokenizer
    ids: list[Any] = tokenizer(list(texts), verbose=False, return_attention_mask=False)["input_ids"] if texts else []
    long = np.array([len(row) > limit for row in ids], dtype=np.bool_)
    if long.any():
        places = np.flatnonzero(long).tolist()
        if too_long == "refuse":
            raise InputError(
                f"text {places[0]} has {len(ids[places[0]])} tokens, and {limit} are read ({len(places)} of {len(ids)} "
                "texts are too long): raise most_tokens or choose too_long = 'cut-left', 'cut-right' or 'drop'"
            )
        tokenizer.truncation_side = "right" if too_long == "cut-right" else "left"
        # The tokenizer cuts, and not a slice, so that special tokens at either end stay.
        cut = tokenizer([texts[i] for i in places], truncation=True, max_length=limit, return_attention_mask=False)
        for place, row in zip(places, cut["input_ids"], strict=True):
            ids[place] = row
    empty = np.array([not row for row in ids], dtype=np.bool_)
    filler = [_filler(tokenizer)] if empty.any() else []
    return Tokens(tuple(np.array(row or filler, dtype=np.int64) for row in ids), long, empty)


def _filler(tokenizer: Any) -> int:
    for token in (tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.sep_token_id):
        if token is not None:
            return int(token)
    raise InputError("a text is empty, and the tokenizer has no end-of-text token to stand for it: drop the text")


def padded(ids: Sequence[IntArray], side: Side = "right") -> tuple[IntArray, AnyArray]:
    """Return token numbers `(n, longest)` and the mask of the real ones; padding is 0 and masked."""
    longest = max(map(len, ids))
    rows = np.zeros((len(ids), longest), dtype=np.int64)
    mask = np.zeros((len(ids), longest), dtype=np.bool_)
    for row, text in enumerate(ids):
        where = slice(0, len(text)) if side == "right" else slice(longest - len(text), longest)
        rows[row, where], mask[row, where] = text, True
    return rows, mask


def pieces(lengths: IntArray, most: int) -> list[IntArray]:
    """Return positions cut into pieces of at most `most`, sorted by length, that pad at most a share `WASTE` each.

    A piece is closed when one more text would raise the padded share of its tokens above `WASTE`; pieces of fewer than
    `SMALL` texts are not closed for that.

    >>> [piece.tolist() for piece in pieces(np.array([9, 2, 9, 2, 9, 2, 9, 2]), 8)]
    [[1, 3, 5, 7], [0, 2, 4, 6]]
    """
    order = np.argsort(lengths, kind="stable")
    cut: list[list[int]] = [[]]
    for position in order:
        current = cut[-1]
        wide = lengths[position] * (len(current) + 1)
        real = sum(int(lengths[i]) for i in current) + int(lengths[position])
        # Lengths ascend, so this text is the longest so far: all others would be padded to it.
        if len(current) >= most or (len(current) >= SMALL and wide - real > WASTE * wide):
            cut.append([])
        cut[-1].append(int(position))
    return [np.array(piece, dtype=np.int64) for piece in cut if piece]


WASTE = 0.05
"""The share of a piece's tokens that may be padding."""
SMALL = 4
"""Pieces smaller than this cost more in calls than they save in padding."""


def epoch_batches(lengths: IntArray, batch: int, window: int, rng: np.random.Generator) -> list[IntArray]:
    """Return the batches of one epoch: every position once, in batches of `batch` but for one, in random order.

    Positions are shuffled; those of each `window` batches are sorted by length, so that a batch holds texts of like
    length; then the batches are shuffled. A window of 1 is plain shuffling.
    """
    order = rng.permutation(len(lengths))
    groups = [order[start : start + batch * window] for start in range(0, len(order), batch * window)]
    batches: list[IntArray] = []
    for group in groups:
        # Sorting all examples would put the same texts together in every epoch; sorting within a window of shuffled
        # ones saves most of the padding and keeps batches changing.
        ordered = group if window == 1 else group[np.argsort(lengths[group], kind="stable")]
        batches.extend(ordered[start : start + batch] for start in range(0, len(ordered), batch))
    # Or every window would go from short texts to long ones, and the rate's schedule with it.
    return [batches[index] for index in rng.permutation(len(batches))]
