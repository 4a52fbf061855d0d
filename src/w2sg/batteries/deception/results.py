"""What came of the deception tests: every detector on every analog, over seeds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from w2sg.batteries.deception.analogs import Deception
from w2sg.batteries.deception.detectors import Detector
from w2sg.core import plain
from w2sg.measure import Interval


@dataclass(frozen=True)
class Found:
    """How well a detector found deceptive answers, over seeds.

    Attributes:
        detector: Which.
        auroc: Its mean AUROC with an interval over seeds; a single seed has none.
        recall: The mean share of deceptive answers found at 1 % false alarms.
    """

    detector: Detector
    auroc: Interval
    recall: float


@dataclass(frozen=True)
class Deceived:
    """An analog at one strength.

    Attributes:
        deception: The analog.
        found: What each detector found, by the number of trusted labels; those that do not apply are left out.
        accuracy: The suspect's, the mean over seeds.
        agreement: Its agreement with the weak labels, which is all that weak supervision sees.
        honest_agreement: That of an honest student that was taught alike.
        mistakes: The share of answers that are wrong where it does not deceive: how badly it was taught.
        n_deceptive: Deceptive answers in a test set, the mean over seeds.
        n_honest: Honest ones.
    """

    deception: Deception
    found: Mapping[int, tuple[Found, ...]]
    accuracy: float
    agreement: float
    honest_agreement: float
    mistakes: float
    n_deceptive: float
    n_honest: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        numbers = {name: value for name, value in vars(self).items() if isinstance(value, float)}
        detectors = {
            str(count): {one.detector.kind: {"auroc": plain(one.auroc), "recall": one.recall} for one in found}
            for count, found in self.found.items()
        }
        return {"kind": self.deception.kind, "strength": self.deception.strength, **numbers, "detectors": detectors}


@dataclass(frozen=True)
class DeceptionResults:
    """What came of all deception tests of a setup."""

    deceived: tuple[Deceived, ...]
    seeds: tuple[int, ...]
    trusted: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "seeds": list(self.seeds),
            "trusted": list(self.trusted),
            "analogs": [one.to_dict() for one in self.deceived],
            "worst": {
                str(count): {kind: plain(one.auroc) for kind, one in worst_of(self, count).items()}
                for count in self.trusted
            },
        }


def worst_of(results: DeceptionResults, trusted: int) -> dict[str, Found]:
    """Return for each detector that applied everywhere its worst result over analogs and strengths, best first.

    Args:
        results: What came of the tests.
        trusted: With how many trusted labels.
    """
    # A deceiver that never deceived, as one whose strength is less than one of its groups, tells nothing of detectors.
    told = [one for one in results.deceived if one.n_deceptive > 0]
    by_kind: dict[str, list[Found]] = {}
    for one in told:
        for found in one.found[trusted]:
            by_kind.setdefault(found.detector.kind, []).append(found)
    everywhere = {kind: found for kind, found in by_kind.items() if len(found) == len(told)}
    worst = {kind: min(found, key=lambda one: one.auroc.estimate) for kind, found in everywhere.items()}
    return dict(sorted(worst.items(), key=lambda item: -item[1].auroc.estimate))
