"""A panel: several weak supervisors that label together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnySupervisor,
    Examples,
    FloatArray,
    InputError,
    Inputs,
    IntArray,
    Labeller,
    WeakSupervisor,
    derive,
    preset,
    register,
)
from w2sg.supervisors.combine import Combination, dawid_skene, harden, majority


@register("supervisors")
class Panel(WeakSupervisor):
    """Several weak supervisors combined.

    Members draw their randomness from what they are, not from their place, so the labels do not depend on the order of
    members; equal members draw differently.
    """

    kind: Literal["panel"] = "panel"
    members: tuple[AnySupervisor, ...] = Field(min_length=2, description="the weak supervisors, at least two")
    combine: Combination = Field(
        default="mean",
        description="mean (of soft labels), majority (of most likely classes, ties split), or dawid-skene (of most "
        "likely classes, on each split); a member whose best classes tie abstains",
    )
    split_supervision: bool = Field(
        default=False, description="whether each member trains on its own disjoint share of the supervision split"
    )

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

    def fit(
        self, supervision: Examples, gold: IntArray, corpus: Inputs, n_classes: int, rng: np.random.Generator
    ) -> Labeller:
        """Fit every member on the supervision split and its gold `(n,)`, or on its share of them.

        Raises:
            InputError: If there are fewer supervision examples than members to share them, or a member fails.
        """
        members = self.ordered()
        shares = list(self._shares(len(supervision), rng))
        seed = int(rng.integers(2**63))
        labellers = [
            member.fit(supervision.take(rows), gold[rows], corpus, n_classes, derive(seed, "fit", name))
            for (member, name), rows in zip(members, shares, strict=True)
        ]
        return PanelLabeller(self, n_classes, tuple(labellers))

    def _shares(self, n: int, rng: np.random.Generator) -> Iterator[IntArray]:
        """Yield the supervision rows of each member."""
        if not self.split_supervision:
            yield from [np.arange(n)] * len(self.members)
            return
        if n < len(self.members):
            raise InputError(
                f"split_supervision needs at least {len(self.members)} supervision examples for its "
                f"{len(self.members)} members, got {n}: enlarge the split or set split_supervision to false"
            )
        for rows in np.array_split(rng.permutation(n), len(self.members)):
            yield np.sort(rows)


@dataclass(frozen=True, eq=False)
class PanelLabeller(Labeller):
    """A fitted panel.

    Attributes:
        supervisor: Its configuration.
        n_classes: `k`.
        labellers: The fitted members, in the order of `supervisor.ordered()`.
    """

    supervisor: Panel
    n_classes: int
    labellers: tuple[Labeller, ...]

    def label(self, examples: Examples, gold: IntArray | None, rng: np.random.Generator) -> FloatArray:
        """Return the combined labels `(n, k)`.

        Raises:
            InputError: If a member simulates and gold `(n,)` is missing, or a member fails.
        """
        soft = self.members(examples, gold, rng)
        if self.supervisor.combine == "mean":
            return np.asarray(soft.mean(axis=0))
        votes = np.stack([harden(member) for member in soft], axis=1)
        if self.supervisor.combine == "majority":
            return majority(votes, self.n_classes)
        return dawid_skene(votes, self.n_classes).posterior

    def members(self, examples: Examples, gold: IntArray | None, rng: np.random.Generator) -> FloatArray:
        """Return the labels `(s, n, k)` of each of the `s` members, in the order of `supervisor.ordered()`."""
        seed = int(rng.integers(2**63))
        each = [
            labeller.label(examples, gold if member.simulates else None, derive(seed, "label", name))
            for (member, name), labeller in zip(self.supervisor.ordered(), self.labellers, strict=True)
        ]
        return np.stack(each).astype(np.float64)


preset(
    "supervisors",
    "panel-of-five",
    Panel,
    "The mean of five linear models, each trained on its own fifth of the supervision split.",
    members=[{"kind": "trained", "student": "linear"}] * 5,
    split_supervision=True,
)
