"""Certified thresholds: which labels may be trusted, at an error rate promised beforehand (Learn-then-Test)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import BoolArray, FloatArray, InputError
from w2sg.measure import ClopperPearson, Tested, as_floats, as_unit, check_delta, check_share, holm, same_length
from w2sg.theory.certificate import Certificate

Procedure = Literal["fixed-sequence", "holm"]


@dataclass(frozen=True)
class Trusted:
    """Which thresholds are certified.

    Attributes:
        thresholds: The grid, strictest first.
        kept: How many audited labels each keeps.
        p_values: Of the error among kept labels being `rate` or more.
        certified: Which thresholds are certified; all of them together, with probability 1 - delta.
        certificate: Of the error at the most generous certified threshold; None if there is none.
    """

    thresholds: tuple[float, ...]
    kept: tuple[int, ...]
    p_values: tuple[float, ...]
    certified: tuple[bool, ...]
    certificate: Certificate | None

    @property
    def threshold(self) -> float | None:
        """The most generous certified threshold, or None."""
        return min((t for t, good in zip(self.thresholds, self.certified, strict=True) if good), default=None)


def trusted_thresholds(
    scores: ArrayLike,
    losses: ArrayLike,
    thresholds: ArrayLike,
    delta: float,
    *,
    rate: float,
    procedure: Procedure = "fixed-sequence",
    certifier: Tested | None = None,
    inputs: str = "deployment inputs",
) -> Trusted:
    """Certify the thresholds above which labels err at less than a rate (Angelopoulos et al., arXiv 2110.01052).

    Each threshold is the hypothesis that labels with a score at or above it err at `rate` or more; its p-value is that
    of the labels kept, whose number is given. `fixed-sequence` tests from the strictest threshold on and stops at the
    first that fails, `holm` corrects for all. Thresholds that could not be certified even by labels without an error
    are skipped, which a look at scores decides.

    Args:
        scores: How far each label is trusted, larger is more, on n audited inputs, shape (n,).
        losses: Whether it is wrong, or a loss in [0, 1] for a certifier that takes it, shape (n,).
        thresholds: The grid, fixed beforehand or from the scores of other inputs, shape (g,).
        delta: How often any certified threshold may be wrong.
        rate: The error that is promised.
        procedure: How several thresholds are tested.
        certifier: Gives the p-values; None: exact, for 0 and 1.
        inputs: What the inputs are.

    Raises:
        InputError: Shapes do not fit, a value is not finite, rate or delta are out of range, or `procedure` is unknown.
    """
    check_delta(delta)
    check_share("rate", rate)
    bound, score = certifier or ClopperPearson(), as_floats("scores", scores)
    bound.checked(losses)
    loss = as_unit("losses", losses)
    same_length(scores=score, losses=loss)
    # strictest first: there the kept labels err least, so a sequence that stops at its first failure gets furthest
    grid = np.unique(as_floats("thresholds", thresholds))[::-1]
    keeps = score >= grid[:, None]
    kept = keeps.sum(axis=1)
    some = np.maximum(kept, 1)
    p_values = np.where(kept > 0, bound.p_values(keeps @ loss / some, some.astype(np.float64), rate), 1.0)
    # The best that a threshold could show is no error among the labels it keeps. If even that would not be significant,
    # testing it would only end the sequence; how many it keeps is known without any label.
    testable = bound.p_values(np.zeros(len(grid)), some.astype(np.float64), rate) <= delta
    certified = np.zeros(len(grid), dtype=bool)
    certified[testable] = _passed(p_values[testable], delta, procedure)
    certificate = None
    if certified.any():
        last = int(np.flatnonzero(certified)[-1])
        frame = f"{len(score)} {inputs}, labelled at random; {kept[last]} of them kept"
        method = f"learn then test ({procedure}, {bound.kind}; threshold {grid[last]:g})"
        error, rests = float(keeps[last] @ loss / kept[last]), bound.assumptions
        certificate = Certificate(
            "label_error", "error", method, None, rate, error, delta, bound.strength, rests, frame, len(score)
        )
    return Trusted(
        tuple(grid.tolist()), tuple(kept.tolist()), tuple(p_values.tolist()), tuple(certified.tolist()), certificate
    )


def _passed(p_values: FloatArray, delta: float, procedure: Procedure) -> BoolArray:
    if procedure == "fixed-sequence":
        return np.logical_and.accumulate(p_values <= delta)
    if procedure != "holm":
        raise InputError(f"procedure must be fixed-sequence or holm, got {procedure!r}")
    return np.asarray(holm(p_values) <= delta) if len(p_values) else np.zeros(0, dtype=bool)
