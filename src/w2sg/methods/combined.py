"""Selections put together: each weighs the examples, and the weights are multiplied."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import Student, WeakView, register
from w2sg.methods.filters.folds import FoldFilter
from w2sg.methods.parts import AnySelection, Course, Selection
from w2sg.methods.select import ConfidentOnly


@register()
class AllOf(Selection):
    """What all of several selections keep; weights are multiplied.

    Each looks at all examples, as it would alone, with randomness of its own.
    """

    kind: Literal["all-of"] = "all-of"
    of: tuple[AnySelection, ...] = Field((ConfidentOnly(), FoldFilter()), min_length=1, description="the selections")

    @property
    def requires(self) -> frozenset[str]:
        """What any of them needs."""
        return frozenset().union(*(selection.requires for selection in self.of))

    @property
    def needs(self) -> frozenset[str]:
        """What any of them needs of task and supervisor."""
        return frozenset().union(*(selection.needs for selection in self.of))

    @property
    def audits(self) -> int:
        """The most labels that one of them buys: they share them."""
        return max(selection.audits for selection in self.of)

    def weights(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return the product of their weights."""
        weights = np.ones(len(view.transfer), dtype=np.float32)
        for selection, own in zip(self.of, rng.spawn(len(self.of)), strict=True):
            weights *= yield from selection.weights(view, student, own)
        return weights
