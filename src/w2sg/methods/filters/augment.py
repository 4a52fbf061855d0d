"""Small changes of inputs that leave their class as it is: noise, shifts, missing words, pairs the other way round."""

from dataclasses import dataclass

import numpy as np

from w2sg.core import AnyArray


@dataclass(frozen=True)
class Changes:
    """How much an input is changed.

    Attributes:
        noise: Standard deviation of Gaussian noise on numbers, as a share of a column's own (of all pixels' of images).
        shift: How far an image moves at most, each way, as a share of its sides; rounded to whole pixels.
        dropout: Share of the words of a text that go missing; at least one word stays.
    """

    noise: float
    shift: float
    dropout: float


def changed(values: AnyArray, how: Changes, rng: np.random.Generator) -> AnyArray:
    """Return one changed copy of input values `(n, ...)`: numbers, images, texts or text pairs."""
    if values.dtype == object:
        texts = [_without_words(str(text), how.dropout, rng) for text in values.ravel()]
        return np.array(texts, dtype=object).reshape(values.shape)
    if values.ndim == 3:
        moved = _moved(values, how.shift, rng)
        scale: AnyArray = np.asarray(values.std())
    else:
        moved, scale = values, values.std(axis=0)
    # Columns have units of their own, pixels share one: noise follows a column's spread, but one spread for whole
    # images, or borders that never vary would stay silent.
    noise = rng.normal(size=values.shape) * how.noise * scale
    return (moved + noise).astype(np.result_type(values.dtype, np.float32))


def _without_words(text: str, dropout: float, rng: np.random.Generator) -> str:
    words = text.split()
    draws = rng.random(len(words))
    if not (draws >= dropout).any():
        # A text never becomes empty: the word that was nearest to staying stays.
        return text if len(words) < 2 else words[int(draws.argmax())]
    return " ".join(word for word, draw in zip(words, draws, strict=True) if draw >= dropout)


def _moved(images: AnyArray, shift: float, rng: np.random.Generator) -> AnyArray:
    """Return images `(n, h, w)`, each moved by up to a share `shift` of its sides; what comes in repeats the edge."""
    n, h, w = images.shape
    down, right = (rng.integers(-round(shift * side), round(shift * side) + 1, size=n) for side in (h, w))
    rows = np.clip(np.arange(h) + down[:, None], 0, h - 1)
    columns = np.clip(np.arange(w) + right[:, None], 0, w - 1)
    moved: AnyArray = images[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return moved
