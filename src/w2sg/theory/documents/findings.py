"""What a scoreboard found, in sentences made from its numbers, and no more than they bear."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from w2sg.core import Finding, Tone
from w2sg.core import wording as words
from w2sg.measure import Interval
from w2sg.theory.documents.tables import CONFIDENCE, DECIMALS, labels_of, nominal, ordered, size_of, theory_name
from w2sg.theory.scoreboard.decisions import DECISIONS
from w2sg.theory.scoreboard.scores import ALL, TheoryScore
from w2sg.theory.scoreboard.stack import STACK, is_stack
from w2sg.theory.scoreboard.summaries import FamilyScores, has_hypotheses

if TYPE_CHECKING:
    from w2sg.theory.scoreboard.results import Scoreboard

SIGNIFICANT = 0.05
"""A contrast counts as a finding where its p-value, adjusted by Holm, is below this."""
MOST_NAMED = 12
"""A sentence names at most this many theories."""
FEW_TASKS = 8
"""With fewer tasks intervals over them are said to be rough."""
SHOWN = "misfit"
"""The theory whose signs on the families are told in any case."""
_PLACES = {"study": "study's runs", "families": "families"}
_LABELS_BUY = {
    (False, False): "was not shown to make more of labels than",
    (True, False): "makes more of labels somewhere than",
    (False, True): "makes no more, and somewhere less, of labels than",
    (True, True): "makes more of labels in some places and less in others than",
}
"""What is said of a use of labels that is shown to be better somewhere, and worse somewhere."""


def findings_of(board: "Scoreboard") -> list[Finding]:
    """Return what the scoreboard found: which theory to believe where, what the stack reaches, what labels buy."""
    scores = [
        score for score in ordered(board.main_scores) if score.runs == ALL and score.n and not is_stack(score.theory)
    ]
    of_study: Sequence[Callable[[], list[Finding]]] = (
        lambda: _rankings(scores),
        lambda: _across_units(scores),
        lambda: _answering(board),
        lambda: _numbers(scores),
    )
    return [
        *_stacks(board),
        *_hypotheses(board),
        *(finding for part in of_study if board.scores for finding in part()),
        *_intervals(board, scores),
        *_contrasts(board),
        *_signs(board.families),
        *_label_uses(board),
        *_decisions(board),
        *_notes(board, scores),
    ]


def _stacks(board: "Scoreboard") -> list[Finding]:
    """Return how the stacks rank runs of tasks that they were not fitted on, and what their intervals cover."""
    if not board.scores:
        return []
    if not board.stacks:
        return [Finding("note", "There is no stack of all theories: it needs more tasks.")]
    within = [f"{stack.name} {_short(stack.within)}" for stack in board.stacks]
    pooled = [f"{stack.name} {_short(stack.pooled)}" for stack in board.stacks]
    covered = [f"{stack.name} {_short(stack.covered)}" for stack in board.stacks]
    doubted = [f"{stack.name} {_short(stack.covered_doubted)}" for stack in board.stacks]
    runs = words.quantity(board.stacks[0].n_doubted, "run")
    ranks = all(stack.within is not None and stack.within.low > 0 for stack in board.stacks)
    return [
        Finding(
            "better" if ranks else "open",
            "The stack of all theories ranks runs of tasks that it was not fitted on with Spearman "
            f"{words.listed(within)} within tasks, {words.listed(pooled)} pooled.{_ceiling(board)}",
        ),
        Finding(
            "open",
            f"The stack's {nominal(board)} intervals cover {words.listed(covered)} of all runs, and "
            f"{words.listed(doubted)} of the {runs} where most theories without labels see a violation.",
        ),
    ]


def _ceiling(board: "Scoreboard") -> str:
    most = next((score.ceiling for score in board.scores if score.theory == STACK and score.runs == ALL), None)
    if most is None:
        return ""
    return f" Noise in the measured gain leaves about {words.number(most, DECIMALS)} at most within tasks."


def _hypotheses(board: "Scoreboard") -> list[Finding]:
    """Return what theories see of their hypotheses."""
    scores = [score for score in ordered(board.main_scores) if score.n and has_hypotheses(theory_name(score.theory))]
    runs_of = {(score.theory, score.runs): score.n for score in scores}
    spoken = {score.theory: score.n for score in scores if score.runs == ALL}
    if not spoken:
        return []
    violated = [name for name, n in spoken.items() if runs_of.get((name, "violated"), 0) == n]
    holding = [
        f"{name} ({words.count(runs_of[name, 'holds'])} of {words.count(n)} runs)"
        for name, n in spoken.items()
        if (name, "holds") in runs_of
    ]
    many = words.quantity(len(spoken), "theory", "theories")
    text = f"{len(violated)} of {many} with hypotheses that say something of these runs "
    text += f"{'sees' if len(violated) == 1 else 'see'} one violated in every run"
    text += f" ({_some(violated)})" if violated else ""
    if holding:
        return [Finding("open", f"{text}; all hypotheses of {_some(holding)} were tested and hold somewhere.")]
    return [Finding("open", f"{text}; for none do all hypotheses hold on any run as far as they can be tested.")]


def _rankings(scores: Sequence[TheoryScore]) -> list[Finding]:
    """Return which theories rank runs of a task, which rank them the wrong way round, and which were not shown to."""
    findings = []
    for labels in sorted({labels_of(score.theory) for score in scores}):
        among = [score for score in scores if labels_of(score.theory) == labels and _ranks(score)]
        source = f"with {words.quantity(labels, 'audited label')}" if labels else "without labels"
        if among:
            text = f"Rank runs within tasks {source} ({CONFIDENCE} interval of Spearman above 0): "
            findings.append(Finding("better", f"{text}{_some(_ranked(sorted(among, key=_falling)))}."))
        else:
            findings.append(Finding("open", f"Nothing {source} was shown to rank runs within tasks."))
    known = [(score, score.spearman) for score in scores if score.spearman is not None]
    below = [score for score, spearman in known if spearman.high < 0]
    if below:
        text = f"Rank runs within tasks the wrong way round (interval below 0): {_some(_ranked(below))}."
        findings.append(Finding("worse", text))
    rest = [score.theory for score, spearman in known if spearman.low <= 0 <= spearman.high]
    if rest:
        text = f"No ranking within tasks was shown for {_some(rest)}. This does not show that there is none."
        findings.append(Finding("open", text))
    return findings


def _across_units(scores: Sequence[TheoryScore]) -> list[Finding]:
    """Return whether ranking by another risk is ranking by 0-1 risk."""
    values = [
        score.spearman_error
        for score in scores
        if score.unit != "error" and _ranks(score) and score.spearman_error is not None
    ]
    if not values:
        return []
    low, high = words.number(min(values), DECIMALS), words.number(max(values), DECIMALS)
    text = (
        f"Gains in squared risk and KL are not gains in 0-1 risk: the {len(values)} that rank the former have Spearman "
        f"from {low} to {high} with the latter."
    )
    return [Finding("note", text)]


def _numbers(scores: Sequence[TheoryScore]) -> list[Finding]:
    """Return whose numbers may be taken as they are."""
    known = [(score.theory, score.r2) for score in scores if score.r2 is not None]
    good = sorted((pair for pair in known if pair[1] > 0), key=lambda pair: -pair[1])
    if not known:
        return []
    if not good:
        text = f"No theory's numbers may be taken as they are: R² is 0 or below for all {len(known)}."
        return [Finding("worse", text)]
    named = _some([f"{theory} {words.explained(r2)}" for theory, r2 in good])
    text = f"Numbers that may be taken as they are (R² above 0): those of {len(good)} of {len(known)}, {named}."
    return [Finding("open", text)]


def _answering(board: "Scoreboard") -> list[Finding]:
    """Return whether theories rank better where they answer than where they see a hypothesis violated."""
    known = {(score.theory, score.runs): -_falling(score) for score in board.scores if score.spearman is not None}
    both = [
        (name, known[name, runs], known[name, "violated"])
        for name, runs in known
        if runs == "untestable" and (name, "violated") in known and (name, "holds") not in known
    ]
    if not both:
        return []
    better = [name for name, answered, violated in both if answered > violated]
    named = f": {_some(better)}" if better else ""
    text = (
        f"Spearman is higher where they answer than where they see a violation for {len(better)} of "
        f"{words.quantity(len(both), 'theory', 'theories')} that do both{named}."
    )
    return [Finding("open", text)]


def _intervals(board: "Scoreboard", scores: Sequence[TheoryScore]) -> list[Finding]:
    """Return whose intervals keep what they promise, as far as this was shown."""
    table = board.predictions or board.family_predictions
    known = [
        (score.theory, score.coverage) for score in scores if score.coverage is not None and (score.width or 0) > 0
    ]
    if not known or table is None:
        return []
    kept = [f"{theory} {_short(coverage)}" for theory, coverage in known if coverage.high >= table.level]
    named = f"; not so of {_some(kept)}" if kept else ""
    text = (
        f"Intervals of nominal coverage {nominal(board)} were shown to cover fewer of the runs that they answer for "
        f"{len(known) - len(kept)} of {words.quantity(len(known), 'theory', 'theories')}{named}."
    )
    return [Finding("open" if kept else "worse", text)]


def _contrasts(board: "Scoreboard") -> list[Finding]:
    """Return which theories rank better or worse than the baseline."""
    known = [(contrast, contrast.difference) for contrast in board.contrasts if contrast.difference is not None]
    if not known:
        return []
    reference = known[0][0].reference
    apart = [pair for pair in known if pair[0].p_holm < SIGNIFICANT]
    if not apart:
        least = words.p_statement(min(contrast.p_holm for contrast, _ in known), "smallest Holm p")
        many = words.quantity(len(known), "theory", "theories")
        text = f"No difference from the baseline {reference} in ranking was shown: {many} compared ({least})."
        return [Finding("open", text)]
    sides: list[tuple[Tone, int]] = [("better", 1), ("worse", -1)]
    findings = []
    for tone, sign in sides:
        named = [
            f"{contrast.theory} {words.difference(difference, DECIMALS)}"
            for contrast, difference in apart
            if sign * difference.estimate > 0
        ]
        if named:
            text = f"Rank runs within tasks {tone} than the baseline {reference} (Holm p < .05): {_some(named)}."
            findings.append(Finding(tone, text))
    return findings


def _signs(families: Sequence[FamilyScores]) -> list[Finding]:
    """Return how theories rank where it is known what holds, and what of it they could have seen.

    In the first families the student can express the truth, in the last it misses some: a theory that ranks the first
    rightly and the last the wrong way round rests on a hypothesis that fails there.
    """
    if len(families) < 3:
        return []
    *inside, outside = families
    places = words.listed([family.name for family in inside])
    apt = [
        name
        for name in outside.fits
        if has_hypotheses(theory_name(name))
        and all(name in family.fits and family.fits[name].sign > 0 for family in inside)
    ]
    by_sign = {sign: [name for name in apt if outside.fits[name].sign == sign] for sign in (-1, 0, 1)}
    findings = []
    if SHOWN in outside.fits:
        findings.append(Finding("worse" if SHOWN in by_sign[-1] else "open", _pattern(families, SHOWN)))
    reversed_too = [f"{name} {_short(outside.fits[name].spearman)}" for name in by_sign[-1] if name != SHOWN]
    if reversed_too:
        text = f"Rank {places} rightly and {outside.name} the wrong way round as well: {_some(reversed_too)}."
        findings.append(Finding("worse", text))
    if by_sign[0]:
        text = f"Rank {places} rightly and were not shown to rank {outside.name}: {_some(by_sign[0])}."
        findings.append(Finding("open", text))
    if by_sign[1]:
        text = f"Rank all families rightly (every interval above 0): {_some(by_sign[1])}."
        findings.append(Finding("better", text))
    return findings


def _pattern(families: Sequence[FamilyScores], name: str) -> str:
    fits = [(family.name, family.fits[name]) for family in families if name in family.fits]
    signs = words.listed([f"{words.difference(fit.spearman, DECIMALS)} on {family}" for family, fit in fits])
    raw = words.listed([f"{words.explained(fit.r2)} on {family}" for family, fit in fits])
    violated = words.listed([f"{100 * (fit.violated or 0):.0f} % of {family}" for family, fit in fits])
    text = f"Sign of {name} on the families: Spearman with the gain {signs}; R² {raw}."
    if families[-1].fits[name].sign < 0:
        text += " Where the student misses signal that the supervisor has, the ranking is reversed."
    return f"{text} Its checks see a violation on {violated}."


def _label_uses(board: "Scoreboard") -> list[Finding]:
    """Return whether theory makes more of labels than the plain paired difference does."""
    findings = []
    for name in dict.fromkeys(theory_name(use.theory) for use in board.label_uses):
        uses = [use for use in board.label_uses if theory_name(use.theory) == name]
        better = any(use.difference.low > 0 for use in uses)
        worse = any(use.difference.high < 0 for use in uses)
        tone: Tone = "open" if better == worse else "better" if better else "worse"
        differences = [
            f"{words.difference(use.difference)} with {words.quantity(use.labels, 'label')} on the {_PLACES[use.where]}"
            for use in uses
        ]
        text = (
            f"Theory corrected by labels ({name}) {_LABELS_BUY[better, worse]} the plain paired difference "
            f"({theory_name(uses[0].plain)}): difference of Spearman within tasks {words.listed(differences)}."
        )
        findings.append(Finding(tone, text))
    return findings


def _decisions(board: "Scoreboard") -> list[Finding]:
    """Return which choosers lose least, among those that could choose as often as chance."""
    findings = []
    for decision, what in DECISIONS.items():
        known = [regret for regret in board.regrets if regret.decision == decision and regret.regret is not None]
        most = max((regret.n for regret in known), default=0)
        always = sorted((regret for regret in known if regret.n == most), key=size_of)
        if len(always) < 2:
            continue
        least = [regret.chooser for regret in always if size_of(regret) == size_of(always[0])]
        plain = [
            f"{regret.chooser} {words.interval(regret.regret)}"
            for regret in always
            if regret.chooser in ("best weak supervisor", "at random") and regret.chooser not in least
        ]
        beside = f"; {words.listed(plain)}" if plain else ""
        text = (
            f"The decision {what} ({words.quantity(most, 'choice')}): least 0-1 risk is lost by {_some(least)}, found "
            f"after the fact among {len(always)} that could always choose, regret "
            f"{words.interval(always[0].regret)}{beside}."
        )
        findings.append(Finding("open", text))
    return findings


def _notes(board: "Scoreboard", scores: Sequence[TheoryScore]) -> list[Finding]:
    notes = [f"Intervals are {CONFIDENCE} each and not adjusted for the {len(scores)} theories that are scored."]
    tasks = max((score.n_tasks for score in scores), default=0)
    if board.scores and tasks < FEW_TASKS:
        notes.append(f"{words.quantity(tasks, 'task')}: intervals over so few are rough.")
    return [Finding("note", note) for note in notes]


def _ranks(score: TheoryScore) -> bool:
    """Return whether a theory was shown to rank runs within tasks."""
    return score.spearman is not None and score.spearman.low > 0


def _falling(score: TheoryScore) -> float:
    """Return what sorts scores by falling rank correlation."""
    return 0.0 if score.spearman is None else -score.spearman.estimate


def _ranked(scores: Sequence[TheoryScore]) -> list[str]:
    return [f"{score.theory} {_short(score.spearman)}" for score in scores]


def _short(interval: Interval | None) -> str:
    return words.interval(interval, DECIMALS)


def _some(names: Sequence[str]) -> str:
    """Return a list as in a sentence, with the rest counted where there are too many."""
    more = len(names) - MOST_NAMED
    return words.listed([*names[:MOST_NAMED], f"{more} more"] if more > 0 else list(names))
