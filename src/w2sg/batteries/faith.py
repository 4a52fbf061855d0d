"""The leap of faith: methods are chosen without ground truth, which is opened once, when all is decided.

Whoever supervises something superhuman has to choose a method, and to say how good its student is, before anybody can
check. Here candidates are chosen on one half of the test split by weak labels alone, or with few labels that are
bought, and what was believed then is compared with what is true on the other half.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from w2sg.batteries.choices import ALL, DISAGREEMENTS, RANDOM, TEST, Choosing, Decision
from w2sg.batteries.results import LEVEL
from w2sg.core import CapabilityError, FloatArray, plain
from w2sg.graph import Prepare, Step, artifacts_of, nothing
from w2sg.lab import Run, Setup, TrainedStudent, changed, scores_of_setups, summarise
from w2sg.measure import Interval, pgr_contrast, t_interval

LEAP = "leap-of-faith"
CANDIDATES = ("naive", "naive-hard", "confidence", "product", "early-stopping")
"""The methods of Burns et al. 2023 and plain training on hard labels, beside the setup's own."""
AUDITS = (10, 30, 100)
PARTS = ("weak", "student", "ceiling")


@dataclass(frozen=True, eq=False)
class Leap:
    """A way to choose, and what came of it.

    Attributes:
        rule: How candidates are chosen.
        labels: How many labels it takes; the mean over seeds.
        chosen: How often each candidate was chosen, a share of all seeds and draws of labels; those never chosen are
            left out.
        believed: How often the chosen student was believed to be right; None where nothing was.
        actual: How often it is right, on examples that nobody chose by.
        surprise: What was believed minus what is true, with an interval over seeds; None where nothing was.
        regret: PGR of the best candidate of each seed in hindsight minus that of the chosen one, with the jackknife's
            interval over seeds; None where the gap is too small for a PGR.
        saved: Of an audit of disagreements, its PGR minus that of a random audit with as many labels; None of others.
    """

    rule: str
    labels: float
    chosen: Mapping[str, float]
    believed: float | None
    actual: float
    surprise: Interval | None
    regret: Interval | None
    saved: Interval | None = None


@dataclass(frozen=True, eq=False)
class LeapOfFaith:
    """What came of choosing by each rule.

    Attributes:
        candidates: The accuracy of each candidate on the opened half, by its method, the mean over seeds.
        leaps: The rules, from weak labels alone on; at last a candidate drawn at random, for comparison.
        n_choosing: Examples that choices rest on, the mean over seeds.
        n_opened: Examples that the truth is about.
        run_ids: The runs it rests on.
        reason: Why regret is not given; empty where it is.
    """

    candidates: Mapping[str, float]
    leaps: tuple[Leap, ...]
    n_choosing: float
    n_opened: float
    run_ids: tuple[str, ...]
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "candidates": dict(self.candidates),
            "n_choosing": self.n_choosing,
            "n_opened": self.n_opened,
            "reason": self.reason,
            "leaps": [plain(leap, sparse=False) for leap in self.leaps],
        }


def candidates_of(setup: Setup) -> dict[str, Setup]:
    """Return the setup with each method that one may choose among, by the method's name; its own comes first."""
    candidates = {setup.label()["method"]: setup}
    for name in CANDIDATES:
        try:
            other = changed(setup, method=name)
        except CapabilityError:
            continue  # it needs what this student or this signal does not have
        if other not in candidates.values():
            candidates[name] = other
    return candidates


def leap_of_faith(
    runs: Mapping[str, Sequence[Run]],
    seeds: Sequence[int],
    *,
    store: Path,
    workers: int | None = None,
    prepare: Prepare = nothing,
) -> LeapOfFaith:
    """Choose among candidates by each rule, and then look at the truth.

    Args:
        runs: The runs of each candidate, by its method's name; one that lacks a seed is no candidate.
        seeds: Under which seeds, at least 2.
        store: Where the runs are; choices are kept there too.
        workers: Processes; None chooses.
        prepare: Called first in other processes.

    Raises:
        CapabilityError: If fewer than two candidates have all their runs.
        RunError: If a choice could not be computed.
    """
    by_seed = {name: {run.seed: run for run in held} for name, held in runs.items() if len(held) == len(set(seeds))}
    if len(by_seed) < 2:
        raise CapabilityError(f"needs two methods or more to choose among, got {len(by_seed)} that fit this setup")
    setups = [next(iter(held.values())).setup for held in by_seed.values()]
    steps = []
    for seed in seeds:
        students: tuple[TrainedStudent, ...] = tuple(score.student for score in scores_of_setups(setups, [seed]))
        steps.append(Choosing(students=students, audits=AUDITS, seed=seed))
    made = _made(steps, store, workers, prepare)
    opened = [
        _opened([held[seed] for held in by_seed.values()], here) for seed, (here, _) in zip(seeds, made, strict=True)
    ]
    reason = summarise(list(by_seed[next(iter(by_seed))].values()))[0].pgr.reason or ""
    names, truth = list(by_seed), np.stack([table for table, _ in opened])
    tables = [{_row(one): one for one in decisions} for _, decisions in made]
    # What one seed has no room for, since its half is smaller than the number of labels, is left out under all.
    rows = [row for row in tables[0] if all(row in table for table in tables)]
    by_rule = {row: [table[row] for table in tables] for row in rows}
    leaps = [
        _leap(of_rule, by_rule.get((RANDOM, of_rule[0].labels)), names, truth, reason) for of_rule in by_rule.values()
    ]
    return LeapOfFaith(
        candidates=dict(zip(names, truth[:, :, 1].mean(axis=0).tolist(), strict=True)),
        leaps=(*leaps, _at_random(truth, reason)),
        n_choosing=float(np.mean([len(here) for here, _ in made])),
        n_opened=float(np.mean([count for _, count in opened])),
        run_ids=tuple(run.id for held in by_seed.values() for run in held.values()),
        reason=reason,
    )


def _made(
    steps: Sequence[Step], folder: Path, workers: int | None, prepare: Prepare
) -> list[tuple[Any, list[Decision]]]:
    """Return for each seed the rows that were chosen by, and the choices."""
    made = artifacts_of(steps, folder, workers=workers, prepare=prepare)
    return [(one.arrays["here"], [_decision(held) for held in one.record["decisions"]]) for one in made]


def _row(decision: Decision) -> tuple[str, int]:
    """Return what tells a decision from others of its seed: all labels are another number under another seed."""
    return decision.rule, 0 if decision.rule == ALL else decision.labels


def _decision(held: Mapping[str, Any]) -> Decision:
    return Decision(held["rule"], held["labels"], tuple(held["chosen"]), tuple(held["believed"]))


def _opened(runs: Sequence[Run], here: Any) -> tuple[FloatArray, int]:
    """Return the accuracies of weak, student and ceiling with each candidate `(m, 3)` on the half not chosen by."""
    rest = np.ones(len(runs[0].evidence[f"{TEST}.ids"]), dtype=np.bool_)
    rest[here] = False
    table = [[float(run.evidence[f"{TEST}.{part}"][rest].mean()) for part in PARTS] for run in runs]
    return np.array(table), int(rest.sum())


def _leap(
    decisions: Sequence[Decision],
    random: Sequence[Decision] | None,
    names: Sequence[str],
    truth: FloatArray,
    reason: str,
) -> Leap:
    """Return what came of one rule under all seeds; `truth` is `(S, m, 3)`."""
    table = _accuracies(decisions, truth)
    believed = np.array([np.mean(one.believed) for one in decisions])
    chosen = np.mean([np.bincount(one.chosen, minlength=len(names)) / len(one.chosen) for one in decisions], axis=0)
    off = believed - table[:, 1]
    compared = random is not None and decisions[0].rule == DISAGREEMENTS and not reason
    return Leap(
        rule=decisions[0].rule,
        labels=float(np.mean([one.labels for one in decisions])),
        chosen={name: float(share) for name, share in zip(names, chosen, strict=True) if share},
        believed=float(believed.mean()),
        actual=float(table[:, 1].mean()),
        surprise=t_interval(float(off.mean()), float(off.var(ddof=1)) / len(off), len(off) - 1, LEVEL),
        regret=None if reason else _gained(table, _best(truth)),
        saved=_gained(_accuracies(random or (), truth), table) if compared else None,
    )


def _at_random(truth: FloatArray, reason: str) -> Leap:
    """Return what comes of a candidate drawn at random: the mean over all of them."""
    table = truth.mean(axis=1)
    regret = None if reason else _gained(table, _best(truth))
    return Leap("any candidate at random", 0.0, {}, None, float(table[:, 1].mean()), None, regret)


def _accuracies(decisions: Sequence[Decision], truth: FloatArray) -> FloatArray:
    """Return the accuracies of weak, chosen student and ceiling under each seed, `(S, 3)`.

    The mean over draws of labels is what is to be expected of one draw; intervals are over seeds.
    """
    return np.array([of_seed[list(one.chosen)].mean(axis=0) for of_seed, one in zip(truth, decisions, strict=True)])


def _best(truth: FloatArray) -> FloatArray:
    """Return the accuracies with the candidate that is best under each seed, `(S, 3)`."""
    return np.asarray(truth[np.arange(len(truth)), truth[:, :, 1].argmax(axis=1)])


def _gained(before: FloatArray, after: FloatArray) -> Interval:
    """Return one PGR minus another, of accuracies `(S, 3)` on the same seeds."""
    return pgr_contrast([np.asarray(one, dtype=np.float64) for one in (before, after)], [-1, 1], LEVEL)
