"""The tables of a scoreboard of theories, as text: once, for the Markdown and the HTML page and for terminals."""

from collections.abc import Sequence

from w2sg.measure import Interval
from w2sg.report import formatting as fmt
from w2sg.report.tables import Cell, Column, TableView
from w2sg.report.theory_numbers import Family, Numbers, Stacked, assumes, baseline
from w2sg.theory.scoreboard.board import Scoreboard
from w2sg.theory.scoreboard.decisions import DECISIONS, Regret
from w2sg.theory.scoreboard.metrics import FEWEST
from w2sg.theory.scoreboard.resampling import RESAMPLES
from w2sg.theory.scoreboard.scores import ALL, LEVEL, Contrast, Score
from w2sg.theory.scoreboard.stack import is_stack

GOAL_SPEARMAN, GOAL_COVERAGE = 0.8, 0.85
DECIMALS = 2
"""Of correlations and shares; risks and widths have three."""
LEAST_R2 = -100.0
"""Below it an explained variance says no more than that the numbers are off by orders of magnitude."""
UNITS = {"error": "0-1", "squared": "squared", "kl": "KL", "reverse_kl": "reverse KL", "none": ""}
CONFIDENCE = f"{100 * LEVEL:g} %"

_PREDICTED = (
    Column("theory", numeric=False, key=True),
    Column(
        "predicts",
        "the target and the risk it is in, and from what; S0: unlabelled inputs, both models and the teacher's own "
        "labels; S1: audited labels too",
        numeric=False,
    ),
)
_SCORED = (
    Column("n", "runs with both a value of the formula and the truth"),
    Column("abstains", "share of these runs on which the theory sees a hypothesis violated and does not answer"),
    Column("Spearman within tasks", f"mean over tasks of at least {FEWEST} runs, with the truth in its own unit"),
    Column("at most", "the largest correlation that noise in the measured truth leaves possible"),
    Column("with 0-1 gain", "Spearman within tasks, with the gain in 0-1 risk whatever the theory's unit"),
    Column("AUC", "chance that a run with a positive truth is ranked above another"),
    Column("R²", "explained variance of the numbers as they are; negative: worse than the mean of the truth"),
    Column("R² refitted", "after an affine map that was fitted on the other tasks"),
    Column(
        "coverage", "share of answered runs whose truth lies in the interval, widened by the truth's own standard error"
    ),
    Column("width", "mean width of the intervals"),
)


def scores_table(board: Scoreboard) -> TableView:
    """Return the main table: one row for each theory that says something of the runs, on all of them."""
    scores = [one for one in main_scores(board) if one.runs == ALL]
    silent = [one.theory for one in scores if not one.n]
    intro = (
        "Every theory on all runs, also on those where it sees a hypothesis violated and abstains: its formula is "
        f"scored there, its intervals, of nominal coverage {nominal(board)}, are not. Brackets are {CONFIDENCE} "
        "intervals from a cluster bootstrap over tasks and the teachers within them, each by itself. A dash: not "
        "defined on these runs, for instance because predictions do not vary."
    )
    if board.sheet is None:
        intro += " Without a study the three families stand in the place of tasks."
    if silent:
        intro += f" No value on any run: {', '.join(silent)}."
    rows = tuple((*_predicted(one), *_scored(one)) for one in scores if one.n)
    return TableView("scores", "All theories on all runs", intro, (*_PREDICTED, *_SCORED), rows)


def standings_table(board: Scoreboard) -> TableView | None:
    """Return the scores apart by what theories see of their hypotheses; None where none has any."""
    scores = [one for one in main_scores(board) if one.runs != ALL and one.n and assumes(one.theory.split("@")[0])]
    if not scores:
        return None
    columns = (
        _PREDICTED[0],
        Column("hypotheses", "what the theory's own checks say of these runs", numeric=False),
        *(column for column in _SCORED if column.title != "abstains"),
    )
    intro = (
        "The same scores apart on the runs where a theory's own checks say that all hypotheses hold, that none is seen "
        "violated but some cannot be tested, or that one is violated. Theories without hypotheses (baselines, the "
        "stack) are left out. A theory is worth believing where it ranks well and answers; it is safe if it abstains "
        "elsewhere."
    )
    rows = []
    for one in scores:
        n, _, *others = _scored(one)
        rows.append((Cell(one.theory), Cell(one.runs), n, *others))
    return TableView("standings", "Where hypotheses hold, cannot be tested, are violated", intro, columns, tuple(rows))


def goals_table(stacks: Sequence[Stacked]) -> TableView | None:
    """Return what the stack reaches beside what it should; None where there is none."""
    if not stacks:
        return None
    columns = (
        Column("stack", numeric=False, key=True),
        Column("Spearman within tasks", f"goal: {GOAL_SPEARMAN:g}"),
        Column("misses by", "the goal less the estimate"),
        Column("Spearman pooled", f"over all runs; goal: {GOAL_SPEARMAN:g}"),
        Column("misses by", "the goal less the estimate"),
        Column("within, teacher seen", "on runs whose teacher could be trained again, so that its risk was observed"),
        Column("pooled, teacher seen", "on runs whose teacher could be trained again, so that its risk was observed"),
        Column("coverage", "on all runs"),
        Column("runs in doubt", "runs on which most theories without labels see a hypothesis violated"),
        Column("coverage in doubt", f"on these; goal: {GOAL_COVERAGE:g}"),
        Column("misses by", "the goal less the estimate"),
    )
    rows = tuple(
        (
            Cell(one.name),
            *_aimed(one.within, GOAL_SPEARMAN),
            *_aimed(one.pooled, GOAL_SPEARMAN),
            _estimate(one.within_seen),
            _estimate(one.pooled_seen),
            _estimate(one.covered),
            Cell(fmt.count(one.doubted), value=one.doubted),
            *_aimed(one.covered_doubted, GOAL_COVERAGE),
        )
        for one in stacks
    )
    intro = (
        "Ridge regression of the observed gain on all predictions and verdicts; every task is predicted by a stack "
        "that was fitted on the other tasks. After @: the audited labels that its inputs may use."
    )
    return TableView("goals", "The stack and its goals", intro, columns, rows)


def families_table(families: Sequence[Family]) -> TableView | None:
    """Return every theory's fit on each family; None without families."""
    if not families:
        return None
    names = sorted(dict.fromkeys(name for family in families for name in family.fits), key=place)
    columns = (
        Column("theory", numeric=False, key=True),
        *(
            column
            for family in families
            for column in (
                Column(_header(family), "Spearman with the truth in the theory's own target, over runs"),
                Column(f"{family.name}: R²", "explained variance of the numbers as they are"),
                Column(f"{family.name}: violated", "share of runs on which it sees a hypothesis violated"),
            )
        ),
    )
    rows = tuple((Cell(name), *(cell for family in families for cell in _fitted(family, name))) for name in names)
    intro = (
        "Synthetic linear-Gaussian runs whose truth is exact. In A the target lies in both models' subspaces (variance "
        "only), in B partly outside of the teacher's (realizable for the student), in C partly outside of the "
        f"student's, which misses signal that the teacher has. Brackets are {CONFIDENCE} bootstrap intervals over runs."
    )
    return TableView("families", f"Families {', '.join(f.name for f in families)}", intro, columns, rows)


def contrasts_table(board: Scoreboard) -> TableView | None:
    """Return the contrasts with the baseline; None without any."""
    found = sorted((one for one in board.contrasts if one.difference is not None), key=lambda one: place(one.theory))
    if not found:
        return None
    least = 2 / (RESAMPLES + 1)
    smallest = least * len(board.contrasts)
    columns = (
        Column("theory", numeric=False, key=True),
        Column("n", "runs that both predict"),
        Column("difference", "rank correlation within tasks less that of the baseline"),
        Column("p", "two-sided, from the bootstrap"),
        Column("Holm p", f"adjusted for all {len(board.contrasts)} contrasts"),
    )
    intro = (
        f"Rank correlation within tasks less that of {found[0].reference}, on the runs that both predict. Each is "
        "ranked against the truth in its own unit, and these are not measured with the same noise: see 'at most' in "
        f"the main table. With {RESAMPLES} resamples no p is below {fmt.p_value(least)}, and after Holm over "
        f"{len(board.contrasts)} contrasts the smallest is at least {fmt.p_value(min(1.0, smallest))}."
    )
    return TableView("contrasts", "Contrasts with the baseline", intro, columns, tuple(_contrast(one) for one in found))


def regrets_table(board: Scoreboard) -> TableView | None:
    """Return what decisions cost; None without any."""
    if not board.regrets:
        return None
    columns = (
        Column("decision", numeric=False),
        Column("chosen by", numeric=False, key=True),
        Column("n", "choices for which it has a value of every option"),
        Column("regret", "mean 0-1 risk of the chosen student less that of the best one"),
        Column("best", "share of choices that were the best; ties count in part"),
    )
    intro = (
        "What is lost in 0-1 risk by choosing the weak teacher (by its cross-fitted risk less the predicted gain) or "
        "the method (by the predicted gain) among runs that differ in nothing else. A theory chooses only where it has "
        "a value for every option: regrets with different n are not of the same choices."
    )
    places = list(DECISIONS)
    order = sorted(board.regrets, key=lambda one: (places.index(one.decision), _regretted(one)))
    return TableView("regrets", "Regret of decisions", intro, columns, tuple(_regret(one) for one in order))


def tables_of(board: Scoreboard, numbers: Numbers) -> list[TableView]:
    """Return all tables that a scoreboard gives, in the order of the page."""
    made = [
        scores_table(board),
        standings_table(board),
        goals_table(numbers.stacks),
        families_table(numbers.families),
        contrasts_table(board),
        regrets_table(board),
    ]
    return [table for table in made if table is not None]


def main_scores(board: Scoreboard) -> Sequence[Score]:
    """Return the scores of the study's runs, or of the families where there is no study, the stacks last."""
    return sorted(board.scores or board.family_scores, key=lambda one: place(one.theory))


def place(name: str) -> tuple[bool, int]:
    """Return where a column stands in tables: by its labels, the stacks last."""
    return is_stack(name), labels_of(name)


def nominal(board: Scoreboard) -> str:
    """Return the nominal coverage of predictions' intervals."""
    sheet = board.sheet or board.families
    return "" if sheet is None else f"{100 * sheet.level:g} %"


def explained(value: float | None) -> str:
    """Return an explained variance.

    >>> explained(0.52), explained(-1e9), explained(None)
    ('0.52', '< −100', '–')
    """
    return f"< {fmt.MINUS}100" if value is not None and value < LEAST_R2 else fmt.number(value, DECIMALS)


def information(labels: int) -> str:
    """Return what a prediction was made from.

    >>> information(0), information(50)
    ('S0', 'S1, 50 labels')
    """
    return f"S1, {fmt.quantity(labels, 'label')}" if labels else "S0"


def labels_of(name: str) -> int:
    """Return how many labels a column's name speaks of."""
    _, _, labels = name.partition("@")
    return int(labels or 0)


def _predicted(one: Score) -> tuple[Cell, ...]:
    theory = one.theory.partition("@")[0]
    kind = "baseline" if baseline(theory) else "of all theories" if is_stack(theory) else ""
    what = f"{one.target.replace('_', ' ')}, {UNITS[one.unit]}"
    return Cell(one.theory, kind), Cell(what, f"from {information(labels_of(one.theory))}")


def _scored(one: Score) -> tuple[Cell, ...]:
    return (
        Cell(fmt.count(one.n), value=one.n, help=f"from {fmt.quantity(one.n_tasks, 'task')}"),
        _number(one.abstains),
        _estimate(one.spearman),
        _number(one.ceiling),
        _number(one.spearman_error),
        _number(one.auc),
        Cell(explained(one.r2), value=one.r2),
        Cell(explained(one.r2_refitted), value=one.r2_refitted),
        _estimate(one.coverage),
        Cell(fmt.number(one.width), value=one.width),
    )


def _header(family: Family) -> str:
    return f"{family.name}: gain {fmt.signed(family.gain)}, {100 * family.positive:.0f} % positive"


def _fitted(family: Family, name: str) -> tuple[Cell, ...]:
    fit = family.fits.get(name)
    if fit is None:
        return Cell(fmt.NOTHING), Cell(fmt.NOTHING), Cell(fmt.NOTHING)
    return _estimate(fit.spearman, f"{fit.n} runs"), Cell(explained(fit.r2), value=fit.r2), _number(fit.violated)


def _contrast(one: Contrast) -> tuple[Cell, ...]:
    p = [Cell(fmt.p_value(value), value=value) for value in (one.p_value, one.p_holm)]
    return Cell(one.theory), Cell(fmt.count(one.n), value=one.n), _estimate(one.difference, sign=True), *p


def _regret(one: Regret) -> tuple[Cell, ...]:
    cell = Cell(fmt.NOTHING)
    if one.regret is not None:
        cell = Cell(fmt.number(one.regret.estimate), fmt.limits(one.regret.low, one.regret.high), one.regret.estimate)
    decision = Cell(DECISIONS[one.decision])
    return decision, Cell(one.chooser), Cell(fmt.count(one.n), value=one.n), cell, _number(one.best)


def _regretted(one: Regret) -> float:
    return float("inf") if one.regret is None else one.regret.estimate


def _aimed(found: Interval | None, goal: float) -> tuple[Cell, Cell]:
    """Return an estimate, and by how much it misses a goal."""
    if found is None:
        return Cell(fmt.NOTHING), Cell(fmt.NOTHING)
    short = goal - found.estimate
    return _estimate(found), Cell("reached" if short <= 0 else fmt.number(short, DECIMALS), value=short)


def _estimate(found: Interval | None, help: str = "", *, sign: bool = False) -> Cell:
    if found is None:
        return Cell(fmt.NOTHING, help=help)
    text = fmt.signed(found.estimate, DECIMALS) if sign else fmt.number(found.estimate, DECIMALS)
    return Cell(text, fmt.limits(found.low, found.high, DECIMALS), found.estimate, help)


def _number(value: float | None) -> Cell:
    return Cell(fmt.number(value, DECIMALS), value=value)
