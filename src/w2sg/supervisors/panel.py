"""A panel: several weak supervisors that label together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import (
    AnyArray,
    AnySupervisor,
    ClassProbabilities,
    Examples,
    FloatArray,
    InputError,
    IntArray,
    Labeller,
    Supervision,
    WeakSupervisor,
    derive,
    preset,
    register,
)
from w2sg.supervisors.combine import Combination, dawid_skene, floored, harden, majority, posterior_mean
from w2sg.supervisors.triplets import label_model


@register()
class Panel(WeakSupervisor):
    """Several weak supervisors combined.

    Members draw their randomness from what they are, not from their place, so the labels do not depend on the order of
    members; equal members draw differently.
    """

    kind: Literal["panel"] = "panel"
    members: tuple[AnySupervisor, ...] = Field(min_length=2, description="the weak supervisors, at least two")
    combine: Combination = Field(
        default="mean",
        description="mean (of soft labels), bayesian (posterior mean of soft labels as counts), or on each split, of "
        "most likely classes: majority (ties split), dawid-skene, label-model; a member whose classes tie abstains",
    )
    class_prior: Literal["estimated", "supervision", "uniform"] = Field(
        default="estimated",
        description="class shares of bayesian, dawid-skene and label-model: from the members' labels of the split, "
        "from the supervision gold, or equal",
    )
    prior_strength: float = Field(
        default=1.0, gt=0, description="how many members the class shares count for in 'bayesian'"
    )
    split_supervision: bool = Field(
        default=False, description="whether each member trains on its own disjoint share of the supervision split"
    )
    resample_supervision: bool = Field(
        default=False,
        description="whether each member trains on as many supervision examples as there are, drawn with replacement",
    )

    @model_validator(mode="after")
    def _one_way_to_deal(self) -> Self:
        if self.split_supervision and self.resample_supervision:
            raise ValueError("resample_supervision must be false where split_supervision is true: set one of them")
        return self

    @property
    def simulates(self) -> bool:
        """Whether a member does; the others never see the gold."""
        return any(member.simulates for member in self.members)

    def ordered(self) -> list[tuple[WeakSupervisor, str]]:
        """Return the members in an order of their own, each with a name that differs between equal members."""
        ranked = sorted(self.members, key=lambda member: member.digest())
        seen: dict[str, int] = {}
        named: list[tuple[WeakSupervisor, str]] = []
        for member in ranked:
            digest = member.digest()
            seen[digest] = seen.get(digest, 0) + 1
            named.append((member, f"{digest}:{seen[digest]}"))
        return named

    def fit(self, supervision: Supervision, rng: np.random.Generator) -> Labeller:
        """Fit every member on the supervision split, or on its share of it.

        Raises:
            InputError: If there are fewer supervision examples than members to share them, or a member fails.
        """
        members = self.ordered()
        shares = list(self._shares(len(supervision), rng))
        # One number is drawn whatever the members are; each derives its own generator from that and its name. So no
        # member's randomness depends on how much the one before it used.
        seed = int(rng.integers(2**63))
        labellers = [
            member.fit(supervision.take(rows), derive(seed, "fit", name))
            for (member, name), rows in zip(members, shares, strict=True)
        ]
        n_classes = supervision.n_classes
        known = np.bincount(supervision.gold, minlength=n_classes) / max(len(supervision), 1)
        return PanelLabeller(self, n_classes, tuple(labellers), known)

    def _shares(self, n: int, rng: np.random.Generator) -> Iterator[IntArray]:
        """Yield the supervision rows of each member."""
        if self.resample_supervision:
            yield from (np.sort(rng.integers(n, size=n)) for _ in self.members)
            return
        if not self.split_supervision:
            yield from [np.arange(n)] * len(self.members)
            return
        if n < len(self.members):
            raise InputError(
                f"split_supervision needs at least {len(self.members)} supervision examples for its "
                f"{len(self.members)} members, got {n}: enlarge the split or set split_supervision to false"
            )
        for rows in np.array_split(rng.permutation(n), len(self.members)):
            # Sorted: a member's labels then depend on which examples it has, not on the order in which they were dealt.
            yield np.sort(rows)


@dataclass(frozen=True, eq=False)
class PanelLabeller(Labeller):
    """A fitted panel.

    Attributes:
        supervisor: Its configuration.
        n_classes: `k`.
        labellers: The fitted members, in the order of `supervisor.ordered()`.
        shares: Class shares of the supervision gold, `(k,)`; None where there are none.
    """

    supervisor: Panel
    n_classes: int
    labellers: tuple[Labeller, ...]
    shares: FloatArray | None = None

    def label(self, examples: Examples, gold: AnyArray | None, rng: np.random.Generator) -> ClassProbabilities:
        """Return the combined labels, and those of the `s` members in the order of `supervisor.ordered()`.

        Raises:
            InputError: If a member simulates and gold `(n,)` is missing, or a member fails.
        """
        seed = int(rng.integers(2**63))
        # A member that does not simulate is never shown gold, though its panel is given it for one that does.
        each = [
            labeller.label(examples, gold if member.simulates else None, derive(seed, "label", name)).probabilities
            for (member, name), labeller in zip(self.supervisor.ordered(), self.labellers, strict=True)
        ]
        soft = np.stack(each).astype(np.float64)
        return ClassProbabilities(self._combined(soft), soft)

    def _combined(self, soft: FloatArray) -> FloatArray:
        """Return the combination `(n, k)` of the members' labels `(s, n, k)`."""
        if self.supervisor.combine == "mean":
            return np.asarray(soft.mean(axis=0))
        prior = self._prior()
        if self.supervisor.combine == "bayesian":
            known = soft.mean(axis=(0, 1)) if prior is None else prior
            return posterior_mean(soft.sum(axis=0), known, self.supervisor.prior_strength)
        # The models of annotators below are of votes: how sure a member says it is does not enter, and a tie is an
        # abstention.
        votes = np.stack([harden(member) for member in soft], axis=1)
        if self.supervisor.combine == "majority":
            return majority(votes, self.n_classes)
        if self.supervisor.combine == "label-model":
            return label_model(votes, self.n_classes, prior=prior).posterior
        return dawid_skene(votes, self.n_classes, prior=prior).posterior

    def _prior(self) -> FloatArray | None:
        """Return class probabilities `(k,)`, all above 0; None to estimate them."""
        if self.supervisor.class_prior == "uniform":
            return np.full(self.n_classes, 1 / self.n_classes)
        if self.supervisor.class_prior == "estimated" or self.shares is None:
            return None
        return floored(self.shares)


preset(
    "panel-of-five",
    Panel,
    "The mean of five linear models, each trained on its own fifth of the supervision split.",
    members=[{"kind": "trained", "student": "linear"}] * 5,
    split_supervision=True,
)
preset(
    "bagged-few-features",
    Panel,
    "The mean of five linear models that see 30% of the columns, each on a bootstrap resample.",
    paper="2402.00667",
    members=["few-features"] * 5,
    resample_supervision=True,
)
