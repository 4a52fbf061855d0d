"""What a scoreboard found, in sentences made from its numbers, and no more than they bear."""

from collections.abc import Sequence

from w2sg.measure import Interval
from w2sg.report import formatting as fmt
from w2sg.report.findings import SIGNIFICANT, Finding, Tone
from w2sg.report.theory_numbers import Family, Numbers, Spent, Stacked, assumes
from w2sg.report.theory_tables import (
    CONFIDENCE,
    DECIMALS,
    GOAL_COVERAGE,
    GOAL_SPEARMAN,
    explained,
    labels_of,
    main_scores,
    nominal,
)
from w2sg.theory.scoreboard.board import Scoreboard
from w2sg.theory.scoreboard.decisions import DECISIONS, Regret
from w2sg.theory.scoreboard.scores import ALL, Score
from w2sg.theory.scoreboard.stack import STACK, is_stack

MOST_NAMED = 12
"""A sentence names at most this many theories."""
FEW_TASKS = 8
"""With fewer tasks intervals over them are said to be rough."""
_PLACES = {"study": "study's runs", "families": "families"}
SHOWN = "misfit"
"""The theory whose signs on the families are told in any case."""


def theory_findings(board: Scoreboard, numbers: Numbers) -> list[Finding]:
    """Return what the scoreboard found: which theory to believe where, what the stack reaches, what labels buy."""
    scores = [one for one in main_scores(board) if one.runs == ALL and one.n and not is_stack(one.theory)]
    found = [*_goals(board, numbers.stacks), *_hypotheses(board)]
    if board.scores:
        found += [*_rankings(scores), *_across_units(scores), *_answering(board), *_numbers(scores)]
    found += [*_intervals(board, scores, numbers.stacks), *_contrasts(board), *_signs(numbers.families)]
    return [*found, *_spent(numbers.spent), *_decisions(board.regrets), *_notes(board, scores)]


def _goals(board: Scoreboard, stacks: Sequence[Stacked]) -> list[Finding]:
    """Return whether the goals were reached, or by how much they were missed."""
    if not board.scores:
        return []
    ranked = f"Goal: Spearman {GOAL_SPEARMAN:g} with the observed gain on tasks not fitted on"
    covered = f"Goal: {nominal(board)} intervals cover at least {100 * GOAL_COVERAGE:g} % where hypotheses fail"
    if not stacks:
        return [Finding("note", f"{goal}: no stack, it needs more tasks.") for goal in (ranked, covered)]
    within = _verdicts([(f"{one.name} {_short(one.within)}", one.within) for one in stacks], GOAL_SPEARMAN)
    pooled = _verdicts([(f"{one.name} {_short(one.pooled)}", one.pooled) for one in stacks], GOAL_SPEARMAN)
    doubt = [(f"{one.name} {_short(one.covered_doubted)}", one.covered_doubted) for one in stacks]
    most = _ceiling(board)
    runs = fmt.quantity(stacks[0].doubted, "run")
    both = [found for one in stacks for found in (one.within, one.pooled)]
    return [
        _goal(ranked, f"within tasks {within}; pooled {pooled}.{most}", both, GOAL_SPEARMAN),
        _goal(
            covered,
            f"on the {runs} where most theories without labels see a violation {_verdicts(doubt, GOAL_COVERAGE)}.",
            [one.covered_doubted for one in stacks],
            GOAL_COVERAGE,
        ),
    ]


def _goal(goal: str, text: str, found: Sequence[Interval | None], least: float) -> Finding:
    surely = all(one is not None and one.low >= least for one in found)
    somewhere = any(one is not None and one.estimate >= least for one in found)
    tone: Tone = "better" if surely else "open" if somewhere else "worse"
    return Finding(tone, f"{goal}: {text}")


def _verdicts(named: Sequence[tuple[str, Interval | None]], goal: float) -> str:
    """Return each name with `reached`, or by how much the goal is missed."""
    words = []
    for name, found in named:
        if found is None:
            words.append(f"{name} (not measured)")
            continue
        short = goal - found.estimate
        reached = "reached" if found.low >= goal else "reached by the estimate, not by its whole interval"
        words.append(f"{name} ({reached if short <= 0 else f'missed by {fmt.number(short, DECIMALS)}'})")
    return ", ".join(words)


def _ceiling(board: Scoreboard) -> str:
    most = next((one.ceiling for one in board.scores if one.theory == STACK and one.runs == ALL), None)
    if most is None or most >= GOAL_SPEARMAN:
        return ""
    return f" Noise in the measured gain leaves about {fmt.number(most, DECIMALS)} at most within tasks."


def _hypotheses(board: Scoreboard) -> list[Finding]:
    """Return what theories see of their hypotheses."""
    scores = [one for one in main_scores(board) if one.n and assumes(one.theory.split("@")[0])]
    every = {one.theory: one.n for one in scores if one.runs == ALL}
    by = {(one.theory, one.runs): one.n for one in scores}
    if not every:
        return []
    violated = [name for name, n in every.items() if by.get((name, "violated"), 0) == n]
    holding = [name for name in every if (name, "holds") in by]
    text = f"{len(violated)} of {fmt.quantity(len(every), 'theory', 'theories')} with hypotheses that say something of "
    text += f"these runs {'sees' if len(violated) == 1 else 'see'} one violated in every run"
    text += f" ({_some(violated)})" if violated else ""
    if holding:
        shares = [f"{name} ({fmt.count(by[name, 'holds'])} of {fmt.count(every[name])} runs)" for name in holding]
        return [Finding("open", f"{text}; all hypotheses of {_some(shares)} were tested and hold somewhere.")]
    return [Finding("open", f"{text}; for none do all hypotheses hold on any run as far as they can be tested.")]


def _rankings(scores: Sequence[Score]) -> list[Finding]:
    """Return which theories rank runs of a task, which rank them the wrong way round, and which were not shown to."""
    found = []
    for labels in sorted({labels_of(one.theory) for one in scores}):
        some = sorted(
            (one for one in scores if labels_of(one.theory) == labels and one.spearman is not None and _above(one)),
            key=lambda one: -_size(one),
        )
        source = f"with {fmt.quantity(labels, 'audited label')}" if labels else "without labels"
        if some:
            text = (
                f"Rank runs within tasks {source} ({CONFIDENCE} interval of Spearman above 0): {_some(_ranked(some))}."
            )
            found.append(Finding("better", text))
        else:
            found.append(Finding("open", f"Nothing {source} was shown to rank runs within tasks."))
    below = [one for one in scores if one.spearman is not None and one.spearman.high < 0]
    if below:
        text = f"Rank runs within tasks the wrong way round (interval below 0): {_some(_ranked(below))}."
        found.append(Finding("worse", text))
    rest = [one.theory for one in scores if one.spearman is not None and one.spearman.low <= 0 <= one.spearman.high]
    if rest:
        text = f"No ranking within tasks was shown for {_some(rest)}. This does not show that there is none."
        found.append(Finding("open", text))
    return found


def _across_units(scores: Sequence[Score]) -> list[Finding]:
    """Return whether ranking by another risk is ranking by 0-1 risk."""
    others = [one for one in scores if one.unit != "error" and _above(one) and one.spearman_error is not None]
    if not others:
        return []
    values = [one.spearman_error or 0.0 for one in others]
    low, high = fmt.number(min(values), DECIMALS), fmt.number(max(values), DECIMALS)
    text = (
        f"Gains in squared risk and KL are not gains in 0-1 risk: the {len(others)} that rank the former have Spearman "
        f"from {low} to {high} with the latter."
    )
    return [Finding("note", text)]


def _numbers(scores: Sequence[Score]) -> list[Finding]:
    """Return whose numbers may be taken as they are."""
    known = [one for one in scores if one.r2 is not None]
    good = sorted((one for one in known if (one.r2 or 0) > 0), key=lambda one: -(one.r2 or 0))
    if not known:
        return []
    if not good:
        text = f"No theory's numbers may be taken as they are: R² is 0 or below for all {len(known)}."
        return [Finding("worse", text)]
    named = _some([f"{one.theory} {explained(one.r2)}" for one in good])
    text = f"Numbers that may be taken as they are (R² above 0): those of {len(good)} of {len(known)}, {named}."
    return [Finding("open", text)]


def _answering(board: Scoreboard) -> list[Finding]:
    """Return whether theories rank better where they answer than where they see a hypothesis violated."""
    by = {(one.theory, one.runs): _size(one) for one in board.scores if one.spearman is not None}
    both = [
        (name, by[name, runs], by[name, "violated"])
        for name, runs in by
        if runs == "untestable" and (name, "violated") in by and (name, "holds") not in by
    ]
    if not both:
        return []
    better = [name for name, answered, violated in both if answered > violated]
    named = f": {_some(better)}" if better else ""
    text = (
        f"Spearman is higher where they answer than where they see a violation for {len(better)} of "
        f"{fmt.quantity(len(both), 'theory', 'theories')} that do both{named}."
    )
    return [Finding("open", text)]


def _intervals(board: Scoreboard, scores: Sequence[Score], stacks: Sequence[Stacked]) -> list[Finding]:
    """Return whose intervals keep what they promise."""
    known = [one for one in scores if one.coverage is not None and (one.width or 0) > 0]
    found = []
    if known:
        good = [one for one in known if one.coverage is not None and one.coverage.estimate >= GOAL_COVERAGE]
        named = f": {_some([f'{one.theory} {_short(one.coverage)}' for one in good])}" if good else ""
        text = (
            f"Intervals of nominal coverage {nominal(board)} cover at least {100 * GOAL_COVERAGE:g} % of the runs that "
            f"they answer for {len(good)} of {fmt.quantity(len(known), 'theory', 'theories')}{named}."
        )
        found.append(Finding("open" if good else "worse", text))
    covered = [f"{one.name} {_short(one.covered)}" for one in stacks]
    return [
        *found,
        *([Finding("open", f"Coverage of the stack on all runs: {fmt.listed(covered)}.")] if stacks else []),
    ]


def _contrasts(board: Scoreboard) -> list[Finding]:
    """Return which theories rank better or worse than the baseline."""
    found = [one for one in board.contrasts if one.difference is not None]
    if not found:
        return []
    apart = [one for one in found if one.p_holm < SIGNIFICANT]
    reference = found[0].reference
    if not apart:
        least = fmt.p_statement(min(one.p_holm for one in found), "smallest Holm p")
        many = fmt.quantity(len(found), "theory", "theories")
        text = f"No difference from the baseline {reference} in ranking was shown: {many} compared ({least})."
        return [Finding("open", text)]
    sides: list[tuple[Tone, int]] = [("better", 1), ("worse", -1)]
    return [
        Finding(
            tone,
            f"Rank runs within tasks {tone} than the baseline {reference} (Holm p < .05): "
            f"{_some([f'{one.theory} {fmt.difference(one.difference, DECIMALS)}' for one in side])}.",
        )
        for tone, sign in sides
        if (side := [one for one in apart if one.difference is not None and sign * one.difference.estimate > 0])
    ]


def _signs(families: Sequence[Family]) -> list[Finding]:
    """Return how theories rank where it is known what holds, and what of it they could have seen."""
    if len(families) < 3:
        return []
    *inside, outside = families
    places = fmt.listed([one.name for one in inside])
    names = [name for name in outside.fits if assumes(name.split("@")[0])]
    apt = [name for name in names if all(name in one.fits and _sign(one, name) > 0 for one in inside)]
    by_sign = {sign: [name for name in apt if _sign(outside, name) == sign] for sign in (-1, 0, 1)}
    found = []
    if SHOWN in outside.fits:
        found.append(Finding("worse" if SHOWN in by_sign[-1] else "open", _pattern(families, SHOWN)))
    others = [f"{name} {_short(outside.fits[name].spearman)}" for name in by_sign[-1] if name != SHOWN]
    if others:
        text = f"Rank {places} rightly and {outside.name} the wrong way round as well: {_some(others)}."
        found.append(Finding("worse", text))
    if by_sign[0]:
        text = f"Rank {places} rightly and were not shown to rank {outside.name}: {_some(by_sign[0])}."
        found.append(Finding("open", text))
    if by_sign[1]:
        text = f"Rank all families rightly (every interval above 0): {_some(by_sign[1])}."
        found.append(Finding("better", text))
    return found


def _pattern(families: Sequence[Family], name: str) -> str:
    found = [(one.name, one.fits[name]) for one in families if name in one.fits]
    signs = fmt.listed([f"{fmt.difference(fit.spearman, DECIMALS)} on {family}" for family, fit in found])
    raw = fmt.listed([f"{explained(fit.r2)} on {family}" for family, fit in found])
    seen = fmt.listed([f"{100 * (fit.violated or 0):.0f} % of {family}" for family, fit in found])
    text = f"Sign of {name} on the families: Spearman with the gain {signs}; R² {raw}."
    if _sign(families[-1], name) < 0:
        text += " Where the student misses signal that the teacher has, the ranking is reversed."
    return f"{text} Its checks see a violation on {seen}."


def _sign(family: Family, name: str) -> int:
    found = family.fits[name].spearman
    return 0 if found is None else 1 if found.low > 0 else -1 if found.high < 0 else 0


def _spent(spent: Sequence[Spent]) -> list[Finding]:
    """Return whether theory makes more of labels than the plain paired difference does."""
    found = []
    for name in dict.fromkeys(one.theory.split("@")[0] for one in spent):
        own = [one for one in spent if one.theory.split("@")[0] == name]
        plain = own[0].plain.split("@")[0]
        better, worse = (any(sign * end(one) > 0 for one in own) for sign, end in ((1, _low), (-1, _high)))
        verdict = {
            (False, False): "was not shown to make more of labels than",
            (True, False): "makes more of labels somewhere than",
            (False, True): "makes no more, and somewhere less, of labels than",
            (True, True): "makes more of labels in some places and less in others than",
        }[better, worse]
        tone: Tone = "better" if better and not worse else "worse" if worse and not better else "open"
        differences = [
            f"{fmt.difference(one.difference)} with {fmt.quantity(one.labels, 'label')} on the {_PLACES[one.where]}"
            for one in own
        ]
        text = f"Theory corrected by labels ({name}) {verdict} the plain paired difference ({plain}): difference of "
        found.append(Finding(tone, f"{text}Spearman within tasks {fmt.listed(differences)}."))
    return found


def _low(one: Spent) -> float:
    return one.difference.low


def _high(one: Spent) -> float:
    return one.difference.high


def _decisions(regrets: Sequence[Regret]) -> list[Finding]:
    """Return which choosers lose least, among those that could choose as often as chance."""
    found = []
    for decision, what in DECISIONS.items():
        own = [one for one in regrets if one.decision == decision and one.regret is not None]
        most = max((one.n for one in own), default=0)
        full = sorted((one for one in own if one.n == most), key=_regret)
        if len(full) < 2:
            continue
        least = [one.chooser for one in full if _regret(one) == _regret(full[0])]
        plain = [one for one in full if one.chooser in ("best weak teacher", "at random") and one.chooser not in least]
        others = [f"{one.chooser} {fmt.interval(one.regret)}" for one in plain]
        beside = f"; {fmt.listed(others)}" if others else ""
        text = (
            f"The decision {what} ({fmt.quantity(most, 'choice')}): least 0-1 risk is lost by {_some(least)}, found "
            f"after the fact among {len(full)} that could always choose, regret {fmt.interval(full[0].regret)}{beside}."
        )
        found.append(Finding("open", text))
    return found


def _notes(board: Scoreboard, scores: Sequence[Score]) -> list[Finding]:
    notes = [f"Intervals are {CONFIDENCE} each and not adjusted for the {len(scores)} theories that are scored."]
    tasks = max((one.n_tasks for one in scores), default=0)
    if board.scores and tasks < FEW_TASKS:
        notes.append(f"{fmt.quantity(tasks, 'task')}: intervals over so few are rough.")
    return [Finding("note", note) for note in notes]


def _above(one: Score) -> bool:
    return one.spearman is not None and one.spearman.low > 0


def _size(one: Score) -> float:
    return 0.0 if one.spearman is None else one.spearman.estimate


def _regret(one: Regret) -> float:
    return float("inf") if one.regret is None else one.regret.estimate


def _ranked(scores: Sequence[Score]) -> list[str]:
    return [f"{one.theory} {_short(one.spearman)}" for one in scores]


def _short(found: Interval | None) -> str:
    return fmt.interval(found, DECIMALS)


def _some(names: Sequence[str]) -> str:
    shown = list(names[:MOST_NAMED])
    more = len(names) - len(shown)
    return fmt.listed([*shown, f"{more} more"] if more else shown)
