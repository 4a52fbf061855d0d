"""Relabelings: what the weak labels become before training."""

from typing import Literal

import numpy as np

from w2sg.core import Student, WeakView, one_hot, register
from w2sg.methods.parts import Course, Relabeling


@register()
class Keep(Relabeling):
    """The weak labels as they are."""

    kind: Literal["keep"] = "keep"

    def relabel(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return the weak labels."""
        yield from ()
        return view.transfer.weak.probabilities


@register()
class Harden(Relabeling):
    """The most likely class of each weak label, with probability 1."""

    kind: Literal["harden"] = "harden"

    def relabel(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return one-hot labels."""
        yield from ()
        weak = view.transfer.weak
        return one_hot(weak.named, weak.n_classes)
