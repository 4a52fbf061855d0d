"""What steps cost: their seconds as they were measured, by what they compute, and those to be expected from them."""

import hashlib
from collections.abc import Iterable, Mapping

from w2sg.core import Component, canonical_json
from w2sg.graph.steps import Step

FIRST, LATELY = 0.1, 8
"""The first step of a command also loads code and fills caches, so it counts little beside the next; and a mean counts
the last so many.
"""
OLD = 1
"""What was measured before counts like so many steps of now: the same step takes longer where others compute."""
UNMEASURED_S: Mapping[str, float] = {"labels": 0.5, "rehearsals": 3.0, "student": 0.1, "ceiling": 0.1, "score": 0.02}
"""Seconds of a step of each kind where none like it was ever measured; of all other kinds 1."""


class Labels:
    """Names steps by what decides how long they take, whatever their seed."""

    def __init__(self) -> None:
        # A step is kept beside its labels: an id means nothing once its object is gone.
        self._known: dict[int, tuple[Step, tuple[str, ...]]] = {}
        self._digests: dict[int, tuple[Component, str]] = {}

    def of(self, step: Step) -> tuple[str, ...]:
        """Return the labels of a step, the most telling first.

        The same step under any seed; its kind with its own parts; its kind with one of them; its kind.
        """
        if id(step) not in self._known:
            self._known[id(step)] = step, self._make(step)
        return self._known[id(step)][1]

    def _make(self, step: Step) -> tuple[str, ...]:
        inputs = step.inputs()
        own: dict[str, object] = {}
        plain: dict[str, object] = {}
        for name in type(step).model_fields:
            value = getattr(step, name)
            if name in ("seed", "kind") or isinstance(value, Step):
                continue
            items = value if isinstance(value, tuple) else (value,)
            if items and all(isinstance(item, Component) for item in items):
                own[name] = [self._digest(item) for item in items if isinstance(item, Component)]
            else:
                plain[name] = step.model_dump(mode="json", include={name})[name]
        whole = {"own": own, "plain": plain, "inputs": {name: self.of(inner)[0] for name, inner in inputs.items()}}
        parts = [_label(step.kind, {name: digest}) for name, digest in own.items()]
        every = [_label(step.kind, whole), _label(step.kind, own), *parts, step.kind]
        return tuple(dict.fromkeys(every))

    def _digest(self, component: Component) -> str:
        if id(component) not in self._digests:
            self._digests[id(component)] = component, component.digest()
        return self._digests[id(component)][1]


class MeanSeconds:
    """Means of measured seconds, by label; what this command measures soon counts more than what a store remembers."""

    def __init__(self) -> None:
        self._means: dict[str, tuple[float, float]] = {}

    def recall(self, means: Mapping[str, float]) -> None:
        """Take up means that a store remembers."""
        for label, seconds in means.items():
            self._means.setdefault(label, (OLD, seconds))

    def learn(self, labels: Iterable[str], seconds: float) -> None:
        """Take notice of a step that is done."""
        for label in labels:
            n, mean = self._means.get(label, (0.0, seconds))
            n = min(n + 1, LATELY) if label in self._means else FIRST
            self._means[label] = n, mean + (seconds - mean) / max(n, 1)

    def knows(self, labels: tuple[str, ...]) -> bool:
        """Return whether a step of one of some labels was ever timed."""
        return any(label in self._means for label in labels)

    def expected(self, labels: tuple[str, ...]) -> float:
        """Return the seconds of a step to come: the mean of those that share the most telling of its labels."""
        for label in labels:
            if label in self._means:
                return self._means[label][1]
        return UNMEASURED_S.get(labels[-1], 1.0)


def _label(kind: str, content: object) -> str:
    return f"{kind} {hashlib.sha256(canonical_json(content).encode()).hexdigest()[:24]}"
