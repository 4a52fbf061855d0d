"""The document of a factor study: how, when and how far each factor moves each outcome, and what would show it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from w2sg.core import (
    Cell,
    DataTable,
    Document,
    Estimate,
    Finding,
    Forest,
    ForestGroup,
    ForestRow,
    Heading,
    Line,
    LinePanel,
    Lines,
    Section,
    wording,
)
from w2sg.factors.adaptive_document import adaptive_document
from w2sg.factors.contract import GAIN, GAP
from w2sg.factors.designs import Adaptive
from w2sg.factors.document_parts import capital, factors_table, left_out_reasons, rests_on, study_facts, title_of
from w2sg.factors.effects import ALPHA, EFFECT, POWER
from w2sg.measure import Interval

if TYPE_CHECKING:
    from w2sg.factors.effects import Effect
    from w2sg.factors.results import FactorResults

DOES = {"rises": "raises", "falls": "lowers"}
SHOWN_IN_TERMINAL = (GAIN,)
"""Outcomes whose table a terminal shows; a page has all."""


def factors_document(results: "FactorResults", *, made_by: str = "") -> Document:
    """Return the document of a factor study.

    Args:
        results: What was found.
        made_by: The command that makes it, to be shown; empty shows none.
    """
    study = results.study
    if isinstance(study.design, Adaptive):
        return adaptive_document(results, study.design, made_by=made_by)
    return Document(
        kind="factors",
        heading="What moves generalization",
        title=study.name,
        lead=_lead(results),
        facts=study_facts(results),
        findings=tuple(_findings(results)),
        sections=tuple(_sections(results)),
        made_by=made_by,
        rests_on=rests_on(results),
        data=results.to_dict(),
    )


def _lead(results: "FactorResults") -> str:
    how = "several at once" if results.study.design.joint else "one at a time"
    return (
        f"Factors are turned {how} (design {results.study.design.kind}). An effect is what an outcome does from a "
        "factor's first level to its last, on the same seeds and, where splits stay as they are, the same test "
        f"examples. It is a mean over families of tasks by the random-effects model; all intervals of one outcome hold "
        f"together at {100 * (1 - ALPHA):g} % (Bonferroni). Margins say how far inside (above 0) or outside a "
        "requirement a setup is."
    )


def _findings(results: "FactorResults") -> Iterator[Finding]:
    for outcome in results.outcomes:
        shown = [one for one in results.effects_on(outcome.name, "effect") if one.verdict != "open"]
        for one in sorted(shown, key=lambda effect: -abs(effect.model.estimate)):
            name = results.factors[one.term.factors[0]].name
            yield Finding(
                # A gap is neither good nor bad: there is more to recover, and more that went wrong.
                "note" if outcome.name == GAP else "better" if one.verdict == "rises" else "worse",
                f"{capital(name)} ({one.term.name}) {DOES[one.verdict]} {title_of(results, outcome.name)} by "
                f"{wording.difference(one.interval)}.",
            )
    for one in results.effects_on(GAIN, "effect"):
        slope = one.by_gap
        if slope is not None and not slope.low <= 0 <= slope.high:
            yield Finding(
                "better" if slope.estimate > 0 else "worse",
                f"Where the gap is larger by .1, {_name(results, one)} ({one.term.name}) changes the gain by "
                f"{wording.difference(_tenth(slope))} more.",
            )
    yield from _verdicts_on_theory(results)
    for name, left_out in results.left_out.items():
        if left_out is not None:
            yield Finding(
                "note",
                f"The response of {name} on a family that was left out is explained by the others' mean: R2 "
                f"{wording.explained(left_out.explained)}; knowing the true effects would give "
                f"{wording.explained(left_out.most)}.",
            )
    yield from left_out_reasons(results)


def _tenth(slope: Interval) -> Interval:
    """Return a slope per unit of the gap as one per .1, which is about how far families differ."""
    return Interval(slope.estimate / 10, slope.low / 10, slope.high / 10, slope.level)


def _verdicts_on_theory(results: "FactorResults") -> Iterator[Finding]:
    if results.signs:
        count = {verdict: sum(sign.verdict == verdict for sign in results.signs) for verdict in ("right", "wrong")}
        same = sum((sign.estimate > 0) == (sign.predicted == "rises") for sign in results.signs)
        yield Finding(
            "note",
            f"Of {wording.quantity(len(results.signs), 'predicted sign')} {count['right']} are shown to be right and "
            f"{count['wrong']} to be wrong (Holm over all of them); {same} estimates have the predicted sign.",
        )


def _sections(results: "FactorResults") -> Iterator[Section]:
    for outcome in results.outcomes:
        name = outcome.name
        if results.effects[name]:
            yield Section(
                f"effects-{name}",
                f"How far: effects on {title_of(results, name)}",
                tables=(_effects_table(results, name),),
                figures=(_forest(results, name),),
            )
    yield Section("curves", "How: dose and response", figures=tuple(_curves(results)))
    if results.signs:
        yield Section("signs", "What theory predicted", tables=(_signs_table(results),))
    yield Section("when", "When: differences between families", tables=(_when_table(results),))
    pairs = [one for name in results.effects for one in results.effects_on(name, "interaction")]
    if pairs:
        yield Section("interactions", "When: interactions of two", tables=(_interactions_table(results, pairs),))
    if any(results.indices.values()):
        yield Section("indices", "How far: indices of the design", tables=(_indices_table(results),))
    yield Section("rigour", "How it can be shown", tables=(_needs_table(results),))
    yield Section("factors", "The factors", tables=(factors_table(results),))


def _name(results: "FactorResults", effect: "Effect") -> str:
    return results.factors[effect.term.factors[0]].name


_SHOWN = "whether the interval, which holds together with all others of the outcome, excludes 0"


def _effects_table(results: "FactorResults", outcome: str) -> DataTable:
    columns = (
        Heading("factor", "factor", style="text", key=True),
        Heading("levels", "levels", "from which level to which", style="text"),
        Heading("effect", "effect", "mean over families of tasks", "signed"),
        Heading("shown", "shown", _SHOWN, style="text"),
        Heading("families", "families", "of tasks that have the factor", "count", terminal=False),
        Heading(
            "common",
            "share alike",
            "of the variance over levels and families, what is alike on all families",
            decimals=2,
            terminal=False,
        ),
        Heading("own", "share own", "of that variance, what differs between families", decimals=2, terminal=False),
    )
    rows = []
    for effect in results.effects_on(outcome, "effect"):
        share = results.shares[outcome].get(effect.term.factors[0])
        rows.append(
            (
                Cell(_name(results, effect)),
                Cell(effect.term.name),
                Cell.of(effect.interval) if effect.interval else Cell(effect.model.estimate),
                Cell(effect.verdict),
                Cell(effect.model.n_units),
                Cell() if share is None else Cell(share.common),
                Cell() if share is None else Cell(share.own),
            )
        )
    title = f"Effects on {title_of(results, outcome)}"
    shown = outcome in SHOWN_IN_TERMINAL
    return DataTable(f"effects-{outcome}", title, "", columns, tuple(rows), terminal=shown)


def _forest(results: "FactorResults", outcome: str) -> Forest:
    groups: dict[str, list[ForestRow]] = {}
    for effect in results.effects_on(outcome, "effect"):
        interval, prediction = effect.interval, effect.model.prediction
        row = ForestRow(
            name=f"{_name(results, effect)}: {effect.term.name}",
            estimate=Estimate.of(interval) if interval else Estimate(effect.model.estimate),
            counts=wording.count(effect.model.n_units),
            prediction=None if prediction is None else (prediction.low, prediction.high),
            tone=None if effect.verdict != "open" else "open",
        )
        groups.setdefault(results.factors[effect.term.factors[0]].group, []).append(row)
    return Forest(
        name=f"forest-{outcome}",
        title=f"Effects on {title_of(results, outcome)}",
        caption="Mean effects with intervals that hold together; thin: where the effect on a new family lies.",
        axis=f"change of {title_of(results, outcome)}",
        value="effect",
        counts="families",
        groups=tuple(ForestGroup(capital(title), "", tuple(rows)) for title, rows in groups.items()),
    )


def _curves(results: "FactorResults") -> Iterator[Lines]:
    for place, factor in enumerate(results.factors):
        lines = []
        for outcome in (GAIN, "student"):
            levels = results.effects_on(outcome, "level", place)
            if levels and factor.ordered:
                first = (factor.value_of(0), Estimate(0.0))
                points = [
                    (one.term.value, Estimate.of(one.interval) if one.interval else Estimate(one.model.estimate))
                    for one in levels
                ]
                lines.append(Line(outcome, tuple(sorted([first, *points], key=lambda point: point[0]))))
        if lines:
            panel = LinePanel(x=factor.name, y="change", lines=tuple(lines), log_x=_by_ratios(results, place))
            yield Lines(
                f"curve-{place + 1}",
                capital(factor.name),
                "Change over the first level, mean over families with the pointwise 95 % interval.",
                panels=(panel,),
            )


def _by_ratios(results: "FactorResults", place: int) -> bool:
    factor = results.factors[place]
    values = [factor.value_of(number) for number in range(len(factor.points))]
    return min(values) > 0 and max(values) / min(values) >= 10


def _signs_table(results: "FactorResults") -> DataTable:
    columns = (
        Heading("factor", "factor", style="text", key=True),
        Heading("outcome", "outcome", style="text"),
        Heading("predicted", "predicted", style="text"),
        Heading("estimate", "effect", "mean over families", "signed"),
        Heading("p", "p", "two-sided, adjusted by Holm over all predictions", "p"),
        Heading("verdict", "verdict", "of the prediction", style="text"),
        Heading("source", "source", "where the prediction is from", style="text", terminal=False),
    )
    rows = tuple(
        (
            Cell(sign.factor),
            Cell(sign.outcome),
            Cell(sign.predicted),
            Cell(sign.estimate),
            Cell(sign.p_adjusted),
            Cell(sign.verdict),
            Cell(sign.source),
        )
        for sign in results.signs
    )
    return DataTable("signs", "Predicted signs", "", columns, rows)


def _when_table(results: "FactorResults") -> DataTable:
    columns = (
        Heading("factor", "factor", style="text", key=True),
        Heading("outcome", "outcome", style="text"),
        Heading("mean", "effect", "mean over families", "signed"),
        Heading("between", "tau", "standard deviation of true effects between families"),
        Heading("prediction", "on a new family", "where its effect lies with 95 %", "signed"),
        Heading("gap", "per .1 of gap", "growth with the family's gap; intervals hold together", "signed"),
    )
    rows = []
    for outcome in results.effects:
        for effect in results.effects_on(outcome, "effect"):
            slope = effect.by_gap
            rows.append(
                (
                    Cell(_name(results, effect)),
                    Cell(outcome),
                    Cell(effect.model.estimate),
                    Cell(effect.model.between),
                    Cell.of(effect.model.prediction),
                    Cell() if slope is None else Cell.of(_tenth(slope)),
                )
            )
    return DataTable("when", "Where effects differ", "", columns, tuple(rows), terminal=False)


def _interactions_table(results: "FactorResults", pairs: "Sequence[Effect]") -> DataTable:
    columns = (
        Heading("pair", "factors", style="text", key=True),
        Heading("outcome", "outcome", style="text"),
        Heading("effect", "interaction", "how much more one does at the other's last level", "signed"),
        Heading("shown", "shown", _SHOWN, style="text"),
    )
    rows = tuple(
        (Cell(one.term.name), Cell(one.outcome), Cell.of(one.interval), Cell(one.verdict))
        for one in sorted(pairs, key=lambda one: (one.outcome != GAIN, one.outcome, -abs(one.model.estimate)))
    )
    return DataTable("interactions", "Interactions", "", columns, rows)


def _indices_table(results: "FactorResults") -> DataTable:
    columns = (
        Heading("factor", "factor", style="text", key=True),
        Heading("outcome", "outcome", style="text"),
        Heading("index", "index", "as SALib calls it", style="text"),
        Heading("mean", "mean", "over families, with Student's 95 % interval"),
    )
    rows = tuple(
        (Cell(one.factor), Cell(outcome), Cell(one.name), Cell.of(one.mean))
        for outcome, indices in results.indices.items()
        for one in indices
    )
    return DataTable("indices", "Indices", "", columns, rows)


def _needs_table(results: "FactorResults") -> DataTable:
    columns = (
        Heading("factor", "factor", style="text", key=True),
        Heading("outcome", "outcome", style="text"),
        Heading("families", "families", "with test examples and seeds as here", "count"),
        Heading("least", "at least", "with test examples and seeds without end", "count"),
    )
    rows = tuple(
        (
            Cell(_name(results, effect)),
            Cell(outcome),
            Cell(effect.families_needed, missing="unknown" if effect.model.between is None else "over 100,000"),
            Cell(effect.families_at_least, missing="2" if effect.model.between == 0 else "unknown"),
        )
        for outcome in results.effects
        for effect in results.effects_on(outcome, "effect")
    )
    intro = (
        f"Families of tasks that show an effect of {EFFECT:g} with probability {POWER:g}, by the variance found here, "
        "in a two-sided t test at .05. Where families differ much, neither seeds nor labels can stand for more of "
        "them. Where effects are strongly skewed over families, intervals from a dozen of them or fewer hold less "
        "often than they say, the more so the more factors a design turns at once: so few effects do not show it."
    )
    return DataTable("needs", "What an effect needs", intro, columns, rows, terminal=False)
