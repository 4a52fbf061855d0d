"""Running a battery: every disanalogy that applies to a setup, setting by setting, and what it does to PGR."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from w2sg.batteries.contract import Disanalogy, Setting
from w2sg.batteries.deception.running import DeceptionResults, run_deceptions
from w2sg.batteries.faith import LEAP, LeapOfFaith, candidates_of, leap_of_faith
from w2sg.batteries.parts import changed
from w2sg.core import CapabilityError, Component, InputError, plain, registry
from w2sg.graph import Progress
from w2sg.isolation import loading_again
from w2sg.lab import MadeRuns, Setup, SetupResult, default_store, make_runs, summarise
from w2sg.measure import Interval, Pgr, accuracies_by_seed, pgr_contrast

Found = TypeVar("Found")
Verdict = Literal["robust", "fragile", "undecided"]
RIVAL = "direct"
"""The rival beside every number: the student trained on the supervision gold itself."""
MARGIN = 0.1
"""PGR may move by so much before a setup is called fragile."""
LEVEL = 0.95
DECEPTION = "deception"
"""The name by which the deception tests are asked for."""
DECEPTION_SEEDS = 2
"""Deceivers are taught under so many of the seeds: each takes half a minute, and their scores differ little."""


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
    faith: LeapOfFaith | None = None
    deception: DeceptionResults | None = None
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


def disanalogies(names: Sequence[str] = ()) -> list[Disanalogy]:
    """Return the disanalogies of these names, or all that are registered; `LEAP` and `DECEPTION` are none of them."""
    asked = [name for name in names if name not in (LEAP, DECEPTION)]
    if not names:
        asked = [entry.name for entry in registry.entries(Disanalogy)]
    return [registry.build(Disanalogy, name) for name in asked]


def run_battery(
    setup: Setup,
    seeds: Sequence[int],
    *,
    only: Sequence[str] = (),
    store: str | Path | None = None,
    workers: int | None = None,
    plugins: Sequence[str] = (),
    progress: Progress | None = None,
) -> Battery:
    """Run every disanalogy that applies to a setup, and say what each does to PGR.

    The runs are ordinary ones: they are kept in the store like those of any study, and none is made twice.

    Args:
        setup: What is tested.
        seeds: Under which seeds, at least 2: intervals of effects are over seeds.
        only: The names of some disanalogies, `leap-of-faith` and `deception`; empty takes all.
        store: The store's folder; None is the usual one.
        workers: Processes; None chooses.
        plugins: The plugins that the setup names: other processes load them.
        progress: Told how many runs are done, of how many.

    Raises:
        InputError: If there are fewer than 2 seeds, or nothing applies.
        RunError: If runs failed.
    """
    if len(seeds) < 2:
        raise InputError(f"a battery needs at least 2 seeds, got {len(seeds)}: intervals of effects are over seeds")
    asked, refused = _applicable(setup, only)
    candidates = candidates_of(setup) if not only or LEAP in only else {}
    folder, prepare = Path(store or default_store()), loading_again(plugins)
    setups = dict.fromkeys([one for _, parts in asked for part in parts for one in part.setups])
    setups |= dict.fromkeys(candidates.values())
    made = make_runs(setups, seeds, store=folder, workers=workers, prepare=prepare, progress=progress)
    found = _whole(made, seeds)
    tested = []
    for disanalogy, parts in asked:
        if missing := [part.setting.setup for part in parts if part.setting.setup not in found]:
            refused[disanalogy.title] = _why_refused(made, missing[0])
        else:
            tested.append(_tested(disanalogy, [part.found(found) for part in parts]))
    more: dict[str, Any] = {}
    if candidates:
        runs = {name: [run for run in made.runs if run.setup == one] for name, one in candidates.items()}
        more["faith"] = _or_why_not(
            refused,
            "leap of faith",
            lambda: leap_of_faith(runs, seeds, store=folder, workers=workers, prepare=prepare),
        )
    if not only or DECEPTION in only:
        some = list(seeds)[:DECEPTION_SEEDS]
        more["deception"] = _or_why_not(
            refused, DECEPTION, lambda: run_deceptions(setup, some, store=folder, workers=workers, progress=progress)
        )
    if not tested and not any(more.values()):
        reasons = "; ".join(f"{title}: {reason}" for title, reason in refused.items())
        raise InputError(f"no disanalogy applies to this setup: {reasons}")
    return Battery(setup, tuple(seeds), tuple(tested), not_applicable=refused, **more)


def _or_why_not(refused: dict[str, str], title: str, test: Callable[[], Found]) -> Found | None:
    """Return what a test gives; where it does not apply None, and the reason under its title."""
    try:
        return test()
    except CapabilityError as reason:
        refused[title] = str(reason)
        return None


def _applicable(setup: Setup, only: Sequence[str]) -> "tuple[list[tuple[Disanalogy, list[_Asked]]], dict[str, str]]":
    """Return the disanalogies that apply with what they ask for, and why others do not, by title."""
    asked, refused = [], {}
    for disanalogy in disanalogies(only):
        try:
            asked.append((disanalogy, [_asked(disanalogy, setting) for setting in disanalogy.settings(setup)]))
        except CapabilityError as reason:
            refused[disanalogy.title] = str(reason)
    return asked, refused


def _whole(made: MadeRuns, seeds: Sequence[int]) -> dict[Component, SetupResult]:
    """Return the results of the setups that have a run under every seed.

    Raises:
        InputError: If runs failed because something given breaks a rule.
        RunError: If runs failed.
    """
    # A method that does not fit its data keeps one dial from being turned, and no others.
    replace(made, refused=()).raise_first_problem()
    return {result.setup: result for result in summarise(made.runs) if len(result.seeds) == len(set(seeds))}


def _why_refused(made: MadeRuns, setup: Setup) -> str:
    """Return why a setup has not all its runs."""
    label = setup.label()
    reasons = [f"{run.label['method']}: {run.reason}" for run in made.refused if run.label == label]
    return reasons[0] if reasons else "its runs were refused"


@dataclass(frozen=True)
class _Asked:
    """The setups that one setting asks for."""

    setting: Setting
    direct: Setup | None
    mended: Setup | None

    @property
    def setups(self) -> list[Setup]:
        return [one for one in (self.setting.setup, self.direct, self.mended) if one is not None]

    def found(self, results: Mapping[Component, SetupResult]) -> TestedSetting:
        direct, mended = (None if one is None else results.get(one) for one in (self.direct, self.mended))
        return TestedSetting(self.setting, results[self.setting.setup], direct, mended)


def _asked(disanalogy: Disanalogy, setting: Setting) -> _Asked:
    try:
        direct: Setup | None = changed(setting.setup, method=RIVAL)
    except CapabilityError:
        direct = None  # of written answers there is no such rival
    return _Asked(setting, direct, disanalogy.mend(setting.setup))


def _tested(disanalogy: Disanalogy, settings: Sequence[TestedSetting]) -> TestedDial:
    first, *others = settings
    effects = tuple(
        _difference(other.result, first.result, other.setting.test, _level(len(others))) for other in others
    )
    level = _level(sum(each.mended is not None for each in settings))
    mends = tuple(_difference(each.mended, each.result, each.setting.test, level) for each in settings)
    return TestedDial(disanalogy, tuple(settings), effects, mends, verdict_of(effects))


def _level(count: int) -> float:
    """Return the level of each of some intervals that hold together at the level of all (Bonferroni)."""
    return 1 - (1 - LEVEL) / max(1, count)


def verdict_of(effects: Sequence[Interval | None], margin: float = MARGIN) -> Verdict:
    """Return whether PGR moves by more than a margin along a dial.

    `fragile`: at some setting the whole interval is beyond the margin. `robust`: at every setting it is within. Else
    `undecided`, as where a gap is too small for a PGR. Where the intervals hold together at a level, a verdict of
    either kind is wrong with at most the rest of it.

    >>> verdict_of([Interval(-0.3, -0.4, -0.2, 0.95)]), verdict_of([Interval(-0.3, -0.6, -0.05, 0.95)])
    ('fragile', 'undecided')
    """
    known = [effect for effect in effects if effect is not None]
    if any(effect.low > margin or effect.high < -margin for effect in known):
        return "fragile"
    within = all(-margin < effect.low and effect.high < margin for effect in known)
    return "robust" if known and within and len(known) == len(effects) else "undecided"


def _difference(result: SetupResult | None, reference: SetupResult, test: str, level: float) -> Interval | None:
    """Return one PGR minus another, on the same seeds; None where one of them is refused, or there is none."""
    if result is None or any(one.tests[test].pgr.estimate is None for one in (result, reference)):
        return None
    tables = [accuracies_by_seed(one.tests[test].evidence) for one in (reference, result)]
    return pgr_contrast(tables, [-1, 1], level)


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
