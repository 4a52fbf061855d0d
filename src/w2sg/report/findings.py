"""What a study found, in sentences made from its numbers, and no more than they bear."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from w2sg.lab import SetupResult, StudyResult
from w2sg.measure import Comparison
from w2sg.report import formatting as fmt
from w2sg.report.grouping import MOST_LETTERS, Group, Names, groups_with_contests

SIGNIFICANT = 0.05
"""A comparison counts as a finding where its p-value, adjusted by Holm, is below this."""

Tone = Literal["better", "worse", "open", "note"]


@dataclass(frozen=True)
class Finding:
    """A sentence and its tone: `better` and `worse` are findings, `open` is undecided, `note` is a remark."""

    tone: Tone
    text: str


@dataclass(frozen=True)
class GroupFindings:
    """The findings of one task, supervisor and student."""

    title: str
    findings: tuple[Finding, ...]


def what_was_done(study: StudyResult) -> str:
    """Return one paragraph that says what was run."""
    names = Names(study.results)
    tests = dict.fromkeys(test for result in study.results for test in result.tests)
    pieces = [_named(names, "task"), _named(names, "supervisor"), _named(names, "student"), _named(names, "method")]
    seeds = sorted({len(result.seeds) for result in study.results})
    per_setup = fmt.quantity(seeds[0], "seed") if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    examples = [result.pgr.n_test for result in study.results]
    low, high = fmt.count(min(examples)), fmt.count(max(examples))
    text = (
        f"{fmt.quantity(study.n_runs, 'run')}: {fmt.quantity(len(study.results), 'setup')} under {per_setup} each, "
        f"from {pieces[0]}, {pieces[1]}, {pieces[2]} and {pieces[3]}. In each run the weak supervisor learned from "
        "ground truth of its own split, labelled the transfer split, and the student learned from these labels only; "
        f"{low if low == high else f'{low} to {high}'} test examples scored each run"
    )
    others = [test for test in tests if test != "test"]
    return f"{text}, with further test sets {fmt.listed(others)}." if others else f"{text}."


def study_findings(study: StudyResult) -> list[Finding]:
    """Return what holds over the whole study."""
    groups = groups_with_contests(study)
    found = [*_tally(groups), *_refusals(study.results)]
    notes = dict.fromkeys(result.pgr.note for result in study.results if result.pgr.note)
    found += [Finding("note", _sentence(note)) for note in notes]
    with_contest = sum(group.contest is not None for group in groups)
    if with_contest > 1:
        found.append(
            Finding(
                "note",
                f"Holm's correction runs within each of the {with_contest} combinations of task, supervisor and "
                "student, not over all of them: of combinations in which nothing differs, up to "
                f"{100 * SIGNIFICANT:g} % would still show a finding.",
            )
        )
    return found


def group_findings(study: StudyResult) -> list[GroupFindings]:
    """Return the findings of each task, supervisor and student."""
    return [GroupFindings(group.title, tuple(_group(group))) for group in groups_with_contests(study)]


def _group(group: Group) -> list[Finding]:
    found = [_over_supervisor(group)]
    if group.contest is None:
        return found
    comparisons = list(group.contest.comparisons.values())
    reference = _short(group.contest.reference)
    better = sorted((c for c in comparisons if _differs(c) > 0), key=lambda c: -c.difference.estimate)
    worse = sorted((c for c in comparisons if _differs(c) < 0), key=lambda c: c.difference.estimate)
    found += [Finding("better", _difference(c, f"beats {reference} by")) for c in better]
    found += [Finding("worse", _difference(c, f"hurts: {reference} is better by")) for c in worse]
    undecided = [c for c in comparisons if not _differs(c)]
    if undecided:
        found.append(_undecided(undecided, comparisons, reference))
    return found


def _over_supervisor(group: Group) -> Finding:
    """Return whether the student of the reference method exceeds its supervisor."""
    found, method = group.first.pgr, group.reference
    gain = f"gain {fmt.difference(found.gain)}"
    share = f"PGR {fmt.interval(found)}" if found.estimate is not None else "no PGR is reported, the gap is too small"
    if found.gain.low > 0:
        return Finding("better", f"With {method} the student exceeds its weak supervisor: {gain}; {share}.")
    if found.gain.high < 0:
        return Finding("worse", f"With {method} the student falls behind its weak supervisor: {gain}; {share}.")
    return Finding("open", f"With {method} it stays open whether the student exceeds its supervisor: {gain}; {share}.")


def _difference(one: Comparison, verb: str) -> str:
    shown = one.difference
    if shown.estimate < 0:
        amount = f"{fmt.number(-shown.estimate)} {fmt.limits(-shown.high, -shown.low)}"
    else:
        amount = fmt.interval(shown)
    return f"{_short(one.name)} {verb} {amount} accuracy ({fmt.p_statement(one.p_adjusted, 'Holm p')})."


def _undecided(undecided: Sequence[Comparison], every: Sequence[Comparison], reference: str) -> Finding:
    low = min(one.difference.low for one in undecided)
    high = max(one.difference.high for one in undecided)
    least = fmt.p_statement(min(one.p_adjusted for one in undecided), "smallest Holm p")
    reach = f"({least}; intervals reach from {fmt.signed(low)} to {fmt.signed(high)})"
    if len(undecided) == len(every):
        compared = fmt.quantity(len(every), "method")
        text = f"No method differs from {reference} beyond chance: {compared} compared {reach}."
    else:
        many = _some([one.name for one in undecided])
        text = f"No difference from {reference} was shown for {many} {reach}."
    return Finding("open", f"{text} This does not show that they are equal.")


def _differs(one: Comparison) -> int:
    """Return 1 for better than the reference, -1 for worse, 0 where chance may explain the difference."""
    if one.p_adjusted >= SIGNIFICANT:
        return 0
    return 1 if one.difference.estimate > 0 else -1


def _tally(groups: Sequence[Group]) -> list[Finding]:
    """Return for each method how often it beat and hurt, where there are several groups."""
    contests = [group.contest for group in groups if group.contest is not None]
    if len(contests) < 2:
        return []
    tried: Counter[tuple[str, str]] = Counter()
    better: Counter[tuple[str, str]] = Counter()
    worse: Counter[tuple[str, str]] = Counter()
    for contest in contests:
        for name, one in contest.comparisons.items():
            pair = (name, contest.reference)
            tried[pair] += 1
            better[pair] += _differs(one) > 0
            worse[pair] += _differs(one) < 0
    order = sorted(tried, key=lambda pair: (worse[pair] - better[pair], -better[pair]))
    shown = [pair for pair in order if better[pair] or worse[pair]]
    found = [_tallied(_short(pair[0]), _short(pair[1]), better[pair], worse[pair], tried[pair]) for pair in shown]
    for reference in dict.fromkeys(reference for _, reference in order):
        rest = [name for name, other in order if other == reference and (name, other) not in shown]
        if rest:
            places = f"any of {len(contests)} combinations of task, supervisor and student"
            text = f"No difference from {_short(reference)} was shown for {_some(rest)} in {places}."
            found.append(Finding("open", text))
    return found


def _tallied(name: str, reference: str, better: int, worse: int, tried: int) -> Finding:
    of_all = f"of {fmt.quantity(tried, 'combination')} of task, supervisor and student"
    if better and worse:
        return Finding("open", f"{name} beats {reference} in {better} and hurts in {worse} {of_all}.")
    if better:
        return Finding("better", f"{name} beats {reference} in {better} {of_all}, and hurts in none.")
    return Finding("worse", f"{name} hurts in {worse} {of_all}, and beats {reference} in none.")


def _refusals(results: Sequence[SetupResult]) -> list[Finding]:
    refused = [result for result in results if result.pgr.estimate is None]
    if not refused:
        return []
    minimum = fmt.number(refused[0].pgr.minimum_gap, 2)
    of_all = f"{len(refused)} of {fmt.quantity(len(results), 'setup')}" if len(results) > 1 else "this setup"
    text = (
        f"No PGR is reported for {of_all}: the gap between ceiling and weak supervisor is not surely above {minimum}, "
        "so a ratio over it would say more about noise than about the student. The accuracies are reported."
    )
    return [Finding("note", text)]


def _named(names: Names, part: str) -> str:
    found = names.different(part)
    noun = "weak supervisor" if part == "supervisor" else part
    shown = found if len(found) <= 8 else [*found[:7], f"{len(found) - 7} more"]
    return f"{fmt.quantity(len(found), noun)} ({', '.join(shown)})"


def _some(names: Sequence[str]) -> str:
    return fmt.listed([_short(name) for name in names]) if len(names) <= 6 else f"{len(names)} other methods"


def _short(name: str) -> str:
    return fmt.shortened(name, MOST_LETTERS)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")
