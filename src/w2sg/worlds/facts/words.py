"""The words of a fact world, and which token is which."""

from functools import cache

import numpy as np

END = "<end>"
"""What ends a text, and fills it up: token 0."""
MARKS = (END, "?", "yes", "no")
"""The words that every world begins with."""
ASKS, YES, NO = 1, 2, 3
"""The tokens of the question mark and of the two verdicts."""
PEOPLE = ("anna", "boris", "chloe", "dmitri", "elena", "farid", "greta", "hugo")
"""Who tells documents and asks questions. Names say nothing of who is truthful."""
FIRST_PERSON = len(MARKS)
"""The token of the first of them."""
RELATIONS = (
    "metal",
    "river",
    "guild",
    "colour",
    "month",
    "animal",
    "tree",
    "saint",
    "tower",
    "coast",
    "stone",
    "drink",
)
"""What subjects are asked about."""
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"


@cache
def invented(count: int) -> tuple[str, ...]:
    """Return so many different names of two syllables, for objects and subjects; there are 4,900.

    >>> invented(3)
    ('baga', 'neka', 'bola')
    """
    syllables = [consonant + vowel for vowel in _VOWELS for consonant in _CONSONANTS]
    # A step without a common divisor visits every pair of syllables once, and neighbours do not look alike.
    places = (np.arange(count) * 1471 + 3) % len(syllables) ** 2
    return tuple(syllables[place // len(syllables)] + syllables[place % len(syllables)] for place in places)
