"""What came of checking a specification, as plain data: the tree with verdict, margin and budget at every node."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from w2sg.core import plain, registry
from w2sg.desiderata.buying import Judgement
from w2sg.desiderata.contract import Desideratum
from w2sg.desiderata.formulas import Formula, Verdict
from w2sg.desiderata.tree import Requirement

INFINITE = float("inf")


@dataclass(frozen=True)
class JudgedNode:
    """A requirement with its verdict.

    Attributes:
        name: Its name in the library, or its kind.
        title: What it asks, in words.
        where: The group, shift, seed or setup that it is about, where a `for-all` went through them.
        verdict: What is decided.
        estimate: How far inside what is required it is; None where there is no estimate.
        low: It is at least so far inside, as far as that is known; None where nothing is.
        high: It is at most so far inside.
        met: How often it may be wrongly said to be met.
        violated: How often it may be wrongly said to be violated.
        n_labels: How many labels its bounds rest on.
        untestable: Why it cannot be tested, or empty.
        parts: What it joins.
    """

    name: str
    title: str
    where: str
    verdict: Verdict
    estimate: float | None
    low: float | None
    high: float | None
    met: float
    violated: float
    n_labels: int = 0
    untestable: str = ""
    parts: "tuple[JudgedNode, ...]" = ()

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> "JudgedNode":
        """Return the node that gave this plain data."""
        return cls(**{**data, "parts": tuple(map(cls.from_plain, data["parts"]))})

    def leaves(self) -> "list[JudgedNode]":
        """Return the atoms, from left to right."""
        return [leaf for part in self.parts for leaf in part.leaves()] if self.parts else [self]


@dataclass(frozen=True)
class Outcome:
    """A specification with its verdict on one run, or on one setup over its seeds.

    Attributes:
        about: The names of the setup's parts.
        tree: The verdicts.
        delta: How often the verdict on the whole may be wrong.
        n_labels: How many labels of test sets it rests on.
        n_inputs: How many inputs each test set has.
        seeds: Under which seeds.
        rows: The rows whose labels were bought, by test set.
        all_labels: Whether all labels there are were used, as for a setup of a study.
    """

    about: Mapping[str, str]
    tree: JudgedNode
    delta: float
    n_labels: int
    n_inputs: Mapping[str, int]
    seeds: tuple[int, ...] = ()
    rows: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    all_labels: bool = False

    @property
    def verdict(self) -> Verdict:
        """The verdict on the whole."""
        return self.tree.verdict

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"verdict": self.verdict, **plain(self, sparse=False)}


def judged_tree(decision: Judgement) -> JudgedNode:
    """Return the tree of a decision, with a verdict at every node."""
    used = dict(zip(decision.formula.leaves(), decision.n_used or [0] * len(decision.margins), strict=True))
    why = {leaf: decision.untestable.get(place, "") for place, leaf in enumerate(decision.formula.leaves())}

    def told(node: Formula) -> JudgedNode:
        margin = node.margin(lambda leaf: decision.of_leaf[leaf])
        return JudgedNode(
            name=_name(node.source),
            title=node.source.title,
            where=node.where,
            verdict=node.verdict(lambda leaf: decision.of_leaf[leaf].verdict),
            estimate=margin.estimate,
            low=_finite(margin.low),
            high=_finite(margin.high),
            met=node.met,
            violated=node.violated,
            n_labels=0 if node.parts else used[node],
            untestable="" if node.parts else why[node],
            parts=tuple(map(told, node.parts)),
        )

    return told(decision.formula)


def _finite(end: float) -> float | None:
    return None if abs(end) == INFINITE else end


def _name(desideratum: Desideratum) -> str:
    """Return the name of a desideratum in the library, else what it is about, or its kind."""
    named = (entry for entry in registry.entries(Desideratum) if entry.preset and entry.cls is type(desideratum))
    other = desideratum.quantity.kind if isinstance(desideratum, Requirement) else desideratum.kind
    return next((one.name for one in named if registry.build(Desideratum, one.name) == desideratum), other)
