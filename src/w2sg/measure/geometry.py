"""Whether two models see inputs alike: which of two inputs is nearer to a third."""

import numpy as np

from w2sg.core import FloatArray, InputError


def same_order_of_distances(first: FloatArray, second: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return, of random triples of inputs that share none, whether two representations order distances alike.

    Of a triple (i, j, l) it is 1 if both have j nearer to i, or both l, and 1/2 if one of them has no order. It does
    not change when a representation is turned, moved or stretched, and representations of two dimensions can be
    compared. Unrelated ones agree in 1/2 of triples in the mean. Triples that share no input are independent draws, so
    that their mean has the bounds of any mean, which kernel alignment (Kornblith et al. 2019, arXiv 1905.00414) has
    not.

    Args:
        first: Representations of n inputs, `(n, d)`.
        second: Others, `(n, e)`.
        rng: Draws the triples.

    Returns:
        For the first input of each triple 0, 1/2 or 1, and NaN for all others, `(n,)`.

    Raises:
        InputError: If they are not of the same inputs.

    >>> one = np.arange(9.0)[:, None]
    >>> np.nanmean(same_order_of_distances(one, 3 - 2 * one, np.random.default_rng(0)))
    np.float64(1.0)
    """
    n = len(first)
    if len(second) != n:
        raise InputError(f"representations must be of the same inputs, got {n} and {len(second)}")
    one, two, three = rng.permutation(n)[: 3 * (n // 3)].reshape(3, -1)

    def order(of: FloatArray) -> FloatArray:
        there, elsewhere = (((of[one] - of[other]) ** 2).sum(axis=1) for other in (two, three))
        return np.asarray(np.sign(there - elsewhere), dtype=np.float64)

    found = np.full(n, np.nan)
    found[one] = (1 + order(first) * order(second)) / 2
    return found
