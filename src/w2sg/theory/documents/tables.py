"""The tables of a scoreboard: every number with its interval, and how it is to be written."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from w2sg.core import Cell, DataTable, Heading, Style
from w2sg.core import wording as words
from w2sg.measure import Interval
from w2sg.theory.scoreboard.decisions import DECISIONS, Regret
from w2sg.theory.scoreboard.metrics import FEWEST
from w2sg.theory.scoreboard.resampling import RESAMPLES
from w2sg.theory.scoreboard.scores import ALL, LEVEL, TheoryScore
from w2sg.theory.scoreboard.stack import is_stack
from w2sg.theory.scoreboard.summaries import FamilyScores, StackScores, has_hypotheses, information, is_baseline

if TYPE_CHECKING:
    from w2sg.theory.scoreboard.results import Scoreboard

DECIMALS = 2
"""Of correlations and shares; risks and widths have three."""
UNITS = {"error": "0-1", "squared": "squared", "kl": "KL", "reverse_kl": "reverse KL", "none": ""}
CONFIDENCE = f"{100 * LEVEL:g} %"


def _share(name: str, title: str, help: str = "", *, style: Style = "number", terminal: bool = True) -> Heading:
    """Return the column of a correlation or a share."""
    return Heading(name, title, help, style, DECIMALS, terminal=terminal)


_THEORY = Heading("theory", "theory", style="text", key=True)
_PREDICTS = Heading(
    "predicts",
    "predicts",
    "the target and the risk it is in, and from what; S0-strict: unlabelled inputs, both models and the labels that "
    "the supervisor saw; S0-validation: all labels of its split; S1: audited labels too",
    "text",
)
_HYPOTHESES = Heading("runs", "hypotheses", "what the theory's own checks say of these runs", "text")
_N = Heading("n", "n", "runs with both a value of the formula and the truth", "count")
_ABSTAINS = _share("abstains", "abstains", "share of these runs on which it sees a hypothesis violated, and is silent")
_RANKS_BY = f"mean over tasks of at least {FEWEST} runs, with the truth in its own unit"
_MOST = "what the true value would have, as it correlates with the measured one: from both halves of the test sets"
_SETUPS = "the same of setups: predictions and truth are means over their seeds"
_CONSTANT = "width of the interval around 0, one for all runs, that covers as many"
_WITH_ERROR = "Spearman within tasks, with the gain in 0-1 risk whatever the theory's unit"
_AUC = "chance that a run with a positive truth is ranked above another"
_R2 = "explained variance of the numbers as they are; negative: worse than the mean of the truth"
_REFITTED = "after an affine map that was fitted on the other tasks"
_COVERAGE = "share of answered runs whose truth lies in the interval, widened by the truth's own standard error"
_SCORED = (
    _share("spearman", "Spearman within tasks", _RANKS_BY),
    _share("ceiling", "at most", _MOST, terminal=False),
    _share("spearman_error", "with 0-1 gain", _WITH_ERROR, terminal=False),
    _share("spearman_setups", "of setups", _SETUPS, terminal=False),
    _share("auc", "AUC", _AUC, terminal=False),
    _share("r2", "R²", _R2, style="explained"),
    _share("r2_refitted", "R² refitted", _REFITTED, style="explained", terminal=False),
    _share("coverage", "coverage", _COVERAGE),
    Heading("width", "width", "mean width of these intervals"),
    Heading("constant_width", "constant's width", _CONSTANT, terminal=False),
)


def scores_table(board: "Scoreboard") -> DataTable:
    """Return the main table: one row for each theory that says something of the runs, on all of them."""
    scores = [score for score in ordered(board.main_scores) if score.runs == ALL]
    silent = [score.theory for score in scores if not score.n]
    intro = (
        "Every theory on all runs, also on those where it sees a hypothesis violated and abstains: its formula is "
        f"scored there, its intervals, of nominal coverage {nominal(board)}, are not. Brackets are {CONFIDENCE} "
        "intervals from a cluster bootstrap over tasks and the supervisors within them, each by itself. A dash: not "
        "defined on these runs, for instance because predictions do not vary."
    )
    if board.predictions is None:
        intro += " Without a study the three families stand in the place of tasks."
    if silent:
        intro += f" No value on any run: {', '.join(silent)}."
    columns = (_THEORY, _PREDICTS, _N, _ABSTAINS, *_SCORED)
    rows = tuple(_score_cells(score, columns) for score in scores if score.n)
    return DataTable("scores", "All theories on all runs", intro, columns, rows)


def standings_table(board: "Scoreboard") -> DataTable | None:
    """Return the scores apart by what theories see of their hypotheses; None where none has any."""
    scores = [
        score
        for score in ordered(board.main_scores)
        if score.runs != ALL and score.n and has_hypotheses(theory_name(score.theory))
    ]
    if not scores:
        return None
    intro = (
        "The same scores apart on the runs where a theory's own checks say that all hypotheses hold, that none is seen "
        "violated but some cannot be tested, or that one is violated. Theories without hypotheses (baselines, the "
        "stack) are left out. A theory is worth believing where it ranks well and answers; it is safe if it abstains "
        "elsewhere."
    )
    columns = (_THEORY, _HYPOTHESES, _N, *_SCORED)
    rows = tuple(_score_cells(score, columns) for score in scores)
    return DataTable("standings", "Where hypotheses hold, cannot be tested, are violated", intro, columns, rows)


def stacks_table(stacks: Sequence[StackScores]) -> DataTable | None:
    """Return what the stacks reach; None where there is none."""
    if not stacks:
        return None
    refitted = "on runs whose supervisor could be trained again, so that its risk was observed"
    doubted = "runs on which most theories without labels see a hypothesis violated"
    columns = (
        Heading("name", "stack", style="text", key=True),
        _share("within", "Spearman within tasks"),
        _share("pooled", "Spearman pooled", "over all runs"),
        _share("within_refitted", "within, supervisor seen", refitted),
        _share("pooled_refitted", "pooled, supervisor seen", refitted),
        _share("covered", "coverage", "on all runs"),
        Heading("n_doubted", "runs in doubt", doubted, "count"),
        _share("covered_doubted", "coverage in doubt", "on these"),
    )
    intro = (
        "The mean of what theories say of the gain, weighted by how wrong each was on other tasks than the one that is "
        "predicted; intervals are those of a new task. After @: the audited labels that its inputs may use."
    )
    return DataTable("stacks", "The stack of all theories", intro, columns, rows_of(stacks, columns))


def families_table(families: Sequence[FamilyScores]) -> DataTable | None:
    """Return every theory's fit on each family; None without families."""
    if not families:
        return None
    names = sorted(dict.fromkeys(name for family in families for name in family.fits), key=place)
    columns = [_THEORY]
    for family in families:
        title = f"{family.name}: gain {words.signed(family.gain)}, {100 * family.positive:.0f} % positive"
        ranks, violated = "Spearman with the truth in the theory's own target, over runs", f"{family.name}: violated"
        seen = "share of runs on which it sees a hypothesis violated"
        columns += [
            _share(f"{family.name}_spearman", title, ranks),
            _share(f"{family.name}_r2", f"{family.name}: R²", _R2, style="explained"),
            _share(f"{family.name}_violated", violated, seen, terminal=False),
        ]
    rows = tuple((Cell(name), *(cell for family in families for cell in _fit_cells(family, name))) for name in names)
    intro = (
        "Synthetic linear-Gaussian runs whose truth is exact. In A the target lies in both models' subspaces (variance "
        "only), in B partly outside of the supervisor's (realizable for the student), in C partly outside of the "
        "student's, which misses signal that the supervisor has. "
        f"Brackets are {CONFIDENCE} bootstrap intervals over runs."
    )
    title = f"Families {', '.join(family.name for family in families)}"
    return DataTable("families", title, intro, tuple(columns), rows)


def contrasts_table(board: "Scoreboard") -> DataTable | None:
    """Return the contrasts with the baseline; None without any."""
    contrasts = [contrast for contrast in board.contrasts if contrast.difference is not None]
    if not contrasts:
        return None
    columns = (
        _THEORY,
        Heading("n", "n", "runs that both predict", "count"),
        _share("difference", "difference", "rank correlation within tasks less that of the baseline", style="signed"),
        Heading("p_value", "p", "two-sided, normal with the bootstrap's standard error", "p"),
        Heading("p_holm", "Holm p", f"adjusted for all {len(board.contrasts)} contrasts", "p"),
    )
    intro = (
        f"Rank correlation within tasks less that of {contrasts[0].reference}, on the runs that both predict, both "
        "with the gain in 0-1 risk, whatever the theory's own unit. "
        f"p is normal with the standard error of {RESAMPLES} resamples: small ones lie in a tail that no resample "
        f"reached, and rest on the normal shape. Holm's correction is over all {len(board.contrasts)} contrasts."
    )
    contrasts.sort(key=lambda contrast: place(contrast.theory))
    return DataTable("contrasts", "Contrasts with the baseline", intro, columns, rows_of(contrasts, columns))


def regrets_table(board: "Scoreboard") -> DataTable | None:
    """Return what decisions cost; None without any."""
    if not board.regrets:
        return None
    columns = (
        Heading("decision", "decision", style="text"),
        Heading("chooser", "chosen by", style="text", key=True),
        Heading("n", "n", "choices for which it has a value of every option", "count"),
        Heading("regret", "regret", "mean 0-1 risk of the chosen student less that of the best one"),
        _share("best", "best", "share of choices that were the best; ties count in part"),
    )
    intro = (
        "What is lost in 0-1 risk by choosing the weak supervisor (by its cross-fitted risk less the predicted gain) "
        "or the method (by the predicted gain) among runs that differ in nothing else. A theory chooses only where it "
        "has a value for every option: regrets with different n are not of the same choices."
    )
    places = list(DECISIONS)
    ranked = sorted(board.regrets, key=lambda regret: (places.index(regret.decision), size_of(regret)))
    rows = rows_of([replace(regret, decision=DECISIONS[regret.decision]) for regret in ranked], columns)
    return DataTable("regrets", "Regret of decisions", intro, columns, rows)


def rows_of(items: Sequence[object], columns: Sequence[Heading]) -> tuple[tuple[Cell, ...], ...]:
    """Return a row for each item, whose columns are named as its attributes."""
    return tuple(tuple(cell_of(item, column) for column in columns) for item in items)


def cell_of(item: object, column: Heading) -> Cell:
    """Return the cell of an attribute: of an interval with its limits."""
    value = getattr(item, column.name)
    return Cell.of(value) if isinstance(value, Interval) else Cell(value)


def ordered(scores: Sequence[TheoryScore]) -> list[TheoryScore]:
    """Return scores in the order of tables."""
    return sorted(scores, key=lambda score: place(score.theory))


def place(column: str) -> tuple[bool, int]:
    """Return where a column stands in tables: by its labels, the stacks last."""
    return is_stack(column), labels_of(column)


def nominal(board: "Scoreboard") -> str:
    """Return the nominal coverage of predictions' intervals."""
    table = board.predictions or board.family_predictions
    return "" if table is None else f"{100 * table.level:g} %"


def labels_of(column: str) -> int:
    """Return how many labels a column's name speaks of.

    >>> labels_of("stack@50"), labels_of("misfit")
    (50, 0)
    """
    return int(column.partition("@")[2] or 0)


def theory_name(column: str) -> str:
    """Return the theory of a column's name."""
    return column.partition("@")[0]


def size_of(regret: Regret) -> float:
    """Return a regret as a number to sort by."""
    return float("inf") if regret.regret is None else regret.regret.estimate


def _score_cells(score: TheoryScore, columns: Sequence[Heading]) -> tuple[Cell, ...]:
    """Return the cells of a score that some columns ask for; most are named as the score's own attributes."""
    theory, labels = theory_name(score.theory), labels_of(score.theory)
    kind = "baseline" if is_baseline(theory) else "of all theories" if is_stack(theory) else ""
    source = f"S1, {words.quantity(labels, 'label')}" if labels else information(theory).title
    target = f"{score.target.replace('_', ' ')}, {UNITS[score.unit]}"
    own = {
        "theory": Cell(score.theory, note=kind if _PREDICTS in columns else ""),
        "predicts": Cell(target, note=f"from {source}"),
        "n": Cell(score.n, help=f"from {words.quantity(score.n_tasks, 'task')}"),
    }
    return tuple(own.get(column.name) or cell_of(score, column) for column in columns)


def _fit_cells(family: FamilyScores, name: str) -> tuple[Cell, Cell, Cell]:
    fit = family.fits.get(name)
    if fit is None:
        return Cell(), Cell(), Cell()
    return Cell.of(fit.spearman, help=f"{fit.n} runs"), Cell(fit.r2), Cell(fit.violated)
