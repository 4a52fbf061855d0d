"""A method as data: select, relabel, objective, stopping and chain, each replaceable."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    AnyObjective,
    AnyStopping,
    CapabilityError,
    Fit,
    FloatArray,
    InformationTier,
    InputError,
    Inputs,
    Method,
    Predictor,
    Student,
    Training,
    WeakView,
    check_soft_labels,
    one_hot,
    register,
)
from w2sg.methods.chain import Direct
from w2sg.methods.objectives.cross_entropy import CrossEntropy
from w2sg.methods.parts import AnyChain, AnyRelabeling, AnySelection, Part
from w2sg.methods.relabel import Harden, Keep
from w2sg.methods.select import All
from w2sg.methods.stopping import Fixed


@final
@register()
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
        peers = frozenset({"peers"}) if self.objective.peers else frozenset()
        memory = frozenset({"memory"}) if self.objective.remembers else frozenset()
        return parts | peers | memory | (frozenset() if plain else frozenset({"gradient"}))

    @property
    def tier(self) -> InformationTier:
        """What its chain or its objective knows."""
        return max(self.chain.tier, self.objective.tier, key=list(InformationTier).index)

    @property
    def rehearsals(self) -> int:
        """The most parts that its chain or its objective asks for: they share them."""
        return max(self.chain.rehearsals, self.objective.rehearsals)

    @property
    def audits(self) -> int:
        """The most labels that a part buys: the parts share them."""
        return max(self.select.audits, self.relabel.audits, self.stopping.audits, self.chain.audits)

    @property
    def needs(self) -> frozenset[str]:
        """What its parts need."""
        return self.select.needs | self.relabel.needs | self.chain.needs

    @property
    def training_facts(self) -> Mapping[str, str]:
        """The loss, whether training may end early, and which labels are learned, as far as its parts say."""
        # Theory may only be told that weak labels are learned as they are where no part has chosen or replaced any.
        plain = isinstance(self.chain, Direct) and isinstance(self.select, All)
        hard = isinstance(self.relabel, Harden) or self.objective.hard_labels
        soft = "soft" if isinstance(self.relabel, Keep) and plain else "other"
        return {
            "loss": self.objective.loss,
            "stopping": "none" if isinstance(self.stopping, Fixed) else "early",
            "labels": "hard" if hard else soft,
        }

    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train through the chain; each stage selects, relabels and trains."""
        if "members" in self.needs and view.transfer.weak.members is None:
            parts = [part.kind for part in (self.select, self.relabel, self.chain) if "members" in part.needs]
            raise CapabilityError(
                f"{', '.join(map(repr, parts))} needs the labels of several supervisors, and this one labels alone: "
                "choose a supervisor of kind 'panel'"
            )
        return (yield from self.chain.train(self._stage, view, student, rng))

    def _stage(
        self, view: WeakView, student: Student, rng: np.random.Generator, parts: Sequence[Part] = ("all",)
    ) -> Training:
        fit = yield from self._fit(view, student, rng)
        # Gold that was bought decides before any validation split does.
        if self.stopping.audits:
            return (yield from _in_parts(_watching_gold(fit, view, self.stopping.audits), parts))[-1]
        if not self.stopping.watches:
            return (yield from _in_parts(fit, parts))[-1]
        if view.validation is not None:
            watched = (view.validation.inputs, view.validation.weak.probabilities)
            return (yield from _in_parts(replace(fit, watched=watched), parts))[-1]
        # No validation split: part of the examples is lent to a scout that finds how many steps are right. The student
        # itself then trains on all examples for that many, so nothing that was lent is lost.
        scouts = yield from _in_parts(_lend(fit, self.stopping.watches, rng), parts)
        return (yield from _in_parts(fit, parts, [scout.steps for scout in scouts]))[-1]

    def _fit(
        self, view: WeakView, student: Student, rng: np.random.Generator
    ) -> Generator[Sequence[Fit], list[Predictor], Fit]:
        n, k = view.transfer.weak.probabilities.shape
        if self.objective.only_classes not in (None, k):
            raise CapabilityError(
                f"objective {self.objective.kind!r} is for {self.objective.only_classes} classes, got {k}: use another"
            )
        weights = yield from self.select.weights(view, student, rng)
        relabelled = yield from self.relabel.relabel(view, student, rng)
        # Parts may come from outside the package; what they give is checked where it enters the training.
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
            # Weights of 1 are none: students then share what they made of the rows with unweighted methods.
            weights=None if (some == 1).all() else some,
            corpus=view.corpus,
            objective=self.objective.knowing(view),
            stopping=self.stopping,
            rng=rng,
        )


def _in_parts(
    fit: Fit, parts: Sequence[Part], steps: Sequence[int | None] | None = None
) -> Generator[Sequence[Fit], list[Predictor], list[Predictor]]:
    """Train the parts in turn, each for its number of steps, and return the student after each."""
    trained: list[Predictor] = []
    for index, part in enumerate(parts):
        # The second part goes on from the first, with a schedule of its own.
        start = trained[-1] if trained else None
        trained += yield [replace(fit, part=part, start=start, steps=None if steps is None else steps[index])]
    return trained


def _watching_gold(fit: Fit, view: WeakView, labels: int) -> Fit:
    """Return the fit without the audited examples, watching them with their gold."""
    if view.audit is None:
        raise InputError(f"stopping watches {labels} gold labels, and the view has none: audit the transfer split")
    audited = view.transfer.inputs.take(view.audit.rows)
    # A student that was trained on an audited example's weak label would be judged by how well it fits that label.
    others = ~np.isin(fit.inputs.rows, audited.rows)
    if not others.any():
        raise InputError(f"stopping watches {labels} gold labels and leaves no example to train on: lower 'labels'")
    return _apart(fit, others, (audited, one_hot(view.audit.gold, view.transfer.weak.n_classes)))


def _lend(fit: Fit, share: float, rng: np.random.Generator) -> Fit:
    """Return the fit on part of its examples, with the rest to watch."""
    order = rng.permutation(len(fit.inputs))
    cut = max(1, round(len(order) * share))
    if cut >= len(order):
        raise InputError(
            f"stopping lends {cut} of {len(order)} examples and leaves none to train on: use more examples"
        )
    lent, kept = order[:cut], order[cut:]
    return _apart(fit, kept, (fit.inputs.take(lent), fit.targets[lent]))


def _apart(fit: Fit, rows: AnyArray, watched: tuple[Inputs, FloatArray]) -> Fit:
    """Return the fit on some of its examples, by position or mask, with others to watch."""
    weights = None if fit.weights is None else fit.weights[rows]
    return replace(fit, inputs=fit.inputs.take(rows), targets=fit.targets[rows], weights=weights, watched=watched)
