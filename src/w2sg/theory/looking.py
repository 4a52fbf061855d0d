"""Looks at the labels of a run's place: whoever looks again and reports the best answer errs more often.

So the ledger is read first, and the j-th look at the labels of a place gets `6 / (pi^2 j^2)` of delta: these shares sum
to 1, however often one looks, so that all that is ever said by labels of one place holds together with probability
1 - delta. Certificates and checks of specifications are looks.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from pydantic import Field

from w2sg.core import CapabilityError, Examples, InputError, IntArray, registry
from w2sg.graph import REFUSED, Artifact, Keys, Result, Step, Store, execute
from w2sg.lab import Score, score_of
from w2sg.theory.steps import OfRun


class LookAtLabels(OfRun):
    """A step that buys labels of a run's test set."""

    draw: int = Field(0, ge=0, description="decides which inputs are labelled")
    look: int = Field(1, ge=1, description="the how-manieth look at the labels of this place this is")

    def inputs(self) -> Mapping[str, Step]:
        """Return the labels and the student."""
        return {"labels": self.student.labels, "student": self.student}


def share_of_look(look: int) -> float:
    """Return the share of delta that the `look`-th look at the same labels gets; over all looks they sum to 1.

    >>> round(share_of_look(1), 4), round(sum(share_of_look(look) for look in range(1, 10_000)), 3)
    (0.6079, 1.0)
    """
    return 6 / (math.pi * look) ** 2


def look_at(result: Result, store: str | Path, make: Callable[[Score, int], LookAtLabels]) -> tuple[Artifact, int]:
    """Take a look at the labels of a stored run, and return what came of it and the how-manieth look it is.

    Asking the very same again gives the same answer and is no new look.

    Args:
        result: The run, as the store lists it.
        store: The store that has it.
        make: Makes the step of a look.

    Raises:
        InputError: The run was made by other code or data, or what is asked for breaks a rule.
        CapabilityError: What is asked for does not fit the run.
    """
    score, keys = score_of(result), Keys()
    with Store(store) as opened:
        if keys.of(score.student) not in opened.having([keys.of(score.student)]):
            raise InputError(
                f"run {result.key[:12]} was made by other code or data: make it again, then look at the new run"
            )
        looks = looks_at(opened, score)
    again = next((look for look, key in enumerate(looks, start=1) if keys.of(make(score, look)) == key), None)
    asked = make(score, again or len(looks) + 1)
    made = execute([asked], Path(store))
    if made.failed:
        raise InputError(made.failed[0].reason)
    with Store(store) as opened:
        artifact = opened.get(made.keys[0])
    assert artifact is not None
    if REFUSED in artifact.record:
        raise CapabilityError(artifact.record[REFUSED])
    return artifact, asked.look


def looks_at(store: Store, score: Score) -> list[str]:
    """Return the keys of all steps that looked at labels of a run's place, in order.

    Labels of the supervision split count as those of the test set do: what rests on them alone is a look as well.
    """
    kinds = {registry.kind_of(entry.cls) for entry in registry.entries(Step) if issubclass(entry.cls, LookAtLabels)}
    return list(dict.fromkeys(entry.step for entry in store.ledger(place=score.place) if entry.kind in kinds))


def one_of_each(examples: Examples, rng: np.random.Generator) -> IntArray:
    """Return the rows of a random example of each group that belongs together, all rows where there are no groups.

    Examples of one group, such as questions on one text, are no independent draws, which certificates rest on.
    """
    if "together" not in examples.metadata:
        return np.arange(len(examples))
    order = rng.permutation(len(examples))
    first = np.unique(np.asarray(examples.metadata["together"])[order], return_index=True)[1]
    return np.asarray(np.sort(order[first]))
