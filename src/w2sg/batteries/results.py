"""What came of a battery: each dial setting by setting, choosing without ground truth, and deception."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from w2sg.batteries.contract import Disanalogy
from w2sg.core import plain
from w2sg.lab import Setting, Setup, SetupResult
from w2sg.measure import Interval, Pgr

if TYPE_CHECKING:
    from w2sg.batteries.deception.results import DeceptionResults
    from w2sg.batteries.faith import LeapOfFaith

Verdict = Literal["robust", "fragile", "undecided"]
MARGIN = 0.1
"""PGR may move by so much before a setup is called fragile."""
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class TestedSetting:
    """A setting of a dial, and what came out.

    Attributes:
        setting: The setting.
        result: The setup's result.
        direct: That of the student trained on the supervision gold; None where the method could not be run.
        mended: That of the mended setup; None where there is no mend.
    """

    setting: Setting
    result: SetupResult
    direct: SetupResult | None
    mended: SetupResult | None

    @property
    def pgr(self) -> Pgr:
        """The setup's PGR, on the test set that the dial is read on."""
        return self.read(self.result)

    def read(self, result: SetupResult) -> Pgr:
        """Return the PGR of one of the results on that test set."""
        return result.tests[self.setting.test].pgr


@dataclass(frozen=True, eq=False)
class TestedDial:
    """A disanalogy that was tested.

    Attributes:
        disanalogy: Which.
        settings: All settings, the one in which it is absent first.
        effects: For each further setting its PGR minus that of the first, with an interval that holds for all of them
            together; None where a gap is too small for a PGR.
        mend_effects: For each setting the mended PGR minus the plain one, likewise; None without a mend.
        verdict: Whether PGR surely moves by more than the margin.
    """

    disanalogy: Disanalogy
    settings: tuple[TestedSetting, ...]
    effects: tuple[Interval | None, ...]
    mend_effects: tuple[Interval | None, ...]
    verdict: Verdict

    @property
    def monotone(self) -> bool | None:
        """Whether the estimates of PGR move one way along the dial; None where a setting has none, or no order."""
        shares = [tested.pgr.estimate for tested in self.settings]
        known = [share for share in shares if share is not None]
        if len(known) < len(shares) or self.disanalogy.expected == "differs":
            return None
        steps = [after - before for before, after in zip(known, known[1:], strict=False)]
        return all(step <= 0 for step in steps) or all(step >= 0 for step in steps)


@dataclass(frozen=True, eq=False)
class Battery:
    """What came of a battery.

    Attributes:
        setup: The setup that was tested.
        seeds: Under which seeds.
        tested: The disanalogies that apply.
        faith: What came of choosing without ground truth; None where that was not asked for, or does not apply.
        deception: What came of students that were taught to deceive; None likewise.
        not_applicable: Why others do not, by title.
    """

    setup: Setup
    seeds: tuple[int, ...]
    tested: tuple[TestedDial, ...]
    faith: "LeapOfFaith | None" = None
    deception: "DeceptionResults | None" = None
    not_applicable: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_runs(self) -> int:
        """How many runs it rests on; a run that several dials share counts once."""
        results = [
            one for test in self.tested for each in test.settings for one in (each.result, each.direct, each.mended)
        ]
        runs = {run for result in results if result is not None for run in result.run_ids}
        return len(runs | set(() if self.faith is None else self.faith.run_ids))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the first part of `--json`."""
        return {
            "setup": self.setup.model_dump(mode="json"),
            "seeds": list(self.seeds),
            "margin": MARGIN,
            "disanalogies": {test.disanalogy.kind: _plain(test) for test in self.tested},
            "leap_of_faith": None if self.faith is None else self.faith.to_dict(),
            "deception": None if self.deception is None else self.deception.to_dict(),
            "not_applicable": dict(self.not_applicable),
        }


def _plain(test: TestedDial) -> dict[str, Any]:
    def result(each: TestedSetting, one: SetupResult | None) -> dict[str, Any] | None:
        if one is None:
            return None
        share = each.read(one)
        accuracies = {who: plain(getattr(share, who)) for who in ("weak", "student", "ceiling")}
        return {"pgr": share.estimate, "low": share.low, "high": share.high, "reason": share.reason, **accuracies}

    return {
        "title": test.disanalogy.title,
        "dial": test.disanalogy.dial,
        "expected": test.disanalogy.expected,
        "monotone": test.monotone,
        "verdict": test.verdict,
        "mended_by": test.disanalogy.mended_by,
        "settings": [
            {
                "name": each.setting.name,
                "value": each.setting.value,
                "test": each.setting.test,
                "result": result(each, each.result),
                "direct": result(each, each.direct),
                "mended": result(each, each.mended),
            }
            for each in test.settings
        ],
        "effects": plain(test.effects),
        "mend_effects": plain(test.mend_effects),
    }
