"""A method as data: select, relabel, objective, stopping and chain, each replaceable."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyObjective,
    AnyStopping,
    Fit,
    InputError,
    Method,
    Predictor,
    Student,
    Training,
    WeakView,
    check_soft_labels,
    register,
)
from w2sg.methods.chain import Direct
from w2sg.methods.objectives import CrossEntropy
from w2sg.methods.parts import AnyChain, AnyRelabeling, AnySelection
from w2sg.methods.relabel import Keep
from w2sg.methods.select import All
from w2sg.methods.stopping import Fixed


@final
@register("methods")
class Composition(Method):
    """A method put together from parts; each published method is a named composition."""

    kind: Literal["composition"] = "composition"
    select: AnySelection = Field(All(), description="which weak-labelled examples, with what weights")
    relabel: AnyRelabeling = Field(Keep(), description="what the labels become before training")
    objective: AnyObjective = Field(CrossEntropy(), description="what pulls the student at each step")
    stopping: AnyStopping = Field(Fixed(), description="when training ends")
    chain: AnyChain = Field(Direct(), description="through which stages or intermediate students")

    @property
    def requires(self) -> frozenset[str]:
        """All but plain cross-entropy to the end needs gradient training; the parts may need more."""
        plain = isinstance(self.objective, CrossEntropy) and not self.stopping.watches
        parts = self.select.requires | self.relabel.requires | self.chain.requires
        return parts | (frozenset() if plain else frozenset({"gradient"}))

    @property
    def audits(self) -> int:
        """The most labels that a part buys: the parts share them."""
        return max(self.select.audits, self.relabel.audits)

    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train through the chain; each stage selects, relabels and trains."""
        return (yield from self.chain.train(self._stage, view, student, rng))

    def _stage(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        fit = yield from self._fit(view, student, rng)
        if not self.stopping.watches:
            return (yield [fit])[0]
        if view.validation is not None:
            return (yield [replace(fit, watched=(view.validation.inputs, view.validation.weak))])[0]
        (scout,) = yield [_lend(fit, self.stopping.watches, rng)]
        return (yield [replace(fit, steps=scout.steps)])[0]

    def _fit(
        self, view: WeakView, student: Student, rng: np.random.Generator
    ) -> Generator[Sequence[Fit], list[Predictor], Fit]:
        n, k = view.transfer.weak.shape
        weights = yield from self.select.weights(view, student, rng)
        relabelled = yield from self.relabel.relabel(view, student, rng)
        targets = check_soft_labels(relabelled, n, k, "relabelled targets")
        if weights.shape != (n,) or not np.isfinite(weights).all() or (weights < 0).any():
            raise InputError(f"selection {self.select.kind!r} must give {n} finite weights of at least 0")
        kept = np.flatnonzero(weights)
        if not len(kept):
            raise InputError(f"selection {self.select.kind!r} keeps none of the {n} examples: loosen it")
        some = weights[kept]
        return Fit(
            student=student,
            inputs=view.transfer.inputs if len(kept) == n else view.transfer.inputs.take(kept),
            targets=targets if len(kept) == n else targets[kept],
            weights=None if (some == 1).all() else some,
            corpus=view.corpus,
            objective=self.objective,
            stopping=self.stopping,
            rng=rng,
        )


def _lend(fit: Fit, share: float, rng: np.random.Generator) -> Fit:
    """Return the fit on part of its examples, with the rest to watch."""
    order = rng.permutation(len(fit.inputs))
    cut = max(1, round(len(order) * share))
    if cut >= len(order):
        raise InputError(
            f"stopping lends {cut} of {len(order)} examples and leaves none to train on: use more examples"
        )
    lent, kept = order[:cut], order[cut:]
    return replace(
        fit,
        inputs=fit.inputs.take(kept),
        targets=fit.targets[kept],
        weights=None if fit.weights is None else fit.weights[kept],
        watched=(fit.inputs.take(lent), fit.targets[lent]),
    )
