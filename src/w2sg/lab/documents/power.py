"""The document of a plan: variance components of a pilot, and what an effect needs."""

from w2sg.core import Cell, DataTable, Document, Finding, Heading, wording
from w2sg.lab.documents.parts import alone, notes, text_column
from w2sg.lab.planning import Pilot, Plan

_ASSUMED = (
    "Assumed: differences of seeds and of tasks are about normal; further seeds and test examples are drawn as the "
    "pilot's were, so where seeds split one pool anew the plan is for that pool and not for new data; one two-sided t "
    "test at .05 with as many degrees of freedom as seeds, or tasks, less one. Of several methods compared at once "
    "each needs more."
)


def power_document(plan: Plan, *, made_by: str = "") -> Document:
    """Return the document of a plan.

    Args:
        plan: The plan.
        made_by: The command that makes it, to be shown.
    """
    typical = plan.typical
    return Document(
        kind="power",
        heading="Weak-to-strong generalization: what an effect needs",
        title=plan.study,
        lead=(
            f"What a difference of {plan.effect:g} in accuracy to {plan.reference} needs to be shown with probability "
            f"{plan.power:g}, by the variance of {typical.method} in the pilot {plan.study}."
        ),
        facts=(),
        findings=(*_findings(plan), *notes([_ASSUMED])),
        sections=(alone(_plan_table(plan)), alone(_components_table(plan))),
        made_by=made_by,
        rests_on=f"the study {plan.study}: {wording.quantity(typical.parts.n_seeds, 'seed')} at least",
        data=plan.to_dict(),
    )


def _findings(plan: Plan) -> list[Finding]:
    parts, n = plan.typical.parts, wording.count(round(plan.typical.parts.n_test))
    alone_on_one = next((row.seeds for row in plan.rows if row.detectable <= plan.effect), None)
    one = f"One task with {n} test examples per seed shows a difference of {plan.effect:g}"
    findings = [
        Finding("open", f"{one} with {wording.quantity(alone_on_one, 'seed')}.")
        if alone_on_one is not None
        else Finding("open", f"{one} with none of the numbers of seeds up to {plan.rows[-1].seeds}.")
    ]
    last = plan.rows[-1]
    if last.tasks is not None:
        findings.append(
            Finding(
                "open", f"The mean over tasks needs {last.tasks} families of them, even with {last.seeds} seeds each."
            )
        )
    elif plan.typical.between is None:
        findings += notes(["One family of tasks: nothing says how many an effect over tasks needs."])
    if parts.n_seeds < 5 or plan.n_families < 5:
        findings += notes(
            [
                f"The pilot has {wording.quantity(parts.n_seeds, 'seed')} and "
                f"{wording.quantity(plan.n_families, 'family', 'families')} of tasks: its components are rough, those "
                "between so few seeds or tasks most of all."
            ]
        )
    return findings


def _plan_table(plan: Plan) -> DataTable:
    columns = (
        Heading("seeds", "seeds", "per setup", "count", key=True),
        Heading("detectable", "shown by one task", "the smallest difference, with the pilot's test examples"),
        Heading("examples", "test examples", f"per seed, for a difference of {plan.effect:g} on one task", "count"),
        Heading(
            "tasks", "families of tasks", f"for a mean difference of {plan.effect:g}, at the pilot's size", "count"
        ),
    )
    rows = tuple(
        (
            Cell(row.seeds),
            Cell(row.detectable),
            Cell(row.examples, missing="none is enough"),
            Cell(row.tasks, missing="unknown" if plan.typical.between is None else "over 100,000"),
        )
        for row in plan.rows
    )
    intro = (
        f"With probability {plan.power:g}. Test examples and tasks are what is needed of one when the other is as in "
        "the pilot. Where seeds differ too much, no number of test examples is enough. A league's verdict also needs "
        "signed ranks that say so: 6 families for one method, 11 for 30."
    )
    return DataTable("plan", "Seeds, test examples and tasks", intro, columns, rows)


def _components_table(plan: Plan) -> DataTable:
    columns = (
        text_column("method", key=True),
        Heading("seed", "between seeds", "standard deviation of a seed's own difference"),
        Heading("example", "between examples", "of an example's difference under all seeds"),
        Heading("cell", "within", "of one example under one seed"),
        Heading("between", "between families", "of the true effect, by the random-effects model"),
        Heading("shared", "shared", "share of a seed's test examples that another seed has", decimals=2),
        Heading("examples", "test examples", "per seed", "count"),
        Heading("seeds", "seeds", "of the pilot, at least", "count"),
        Heading("arenas", "arenas", "behind it", "count"),
    )
    intro = (
        f"Standard deviations of the difference to {plan.reference} in accuracy, from means of variances over arenas, "
        "by moments; 0 where the estimate was not above it."
    )
    return DataTable("components", "Where variance comes from", intro, columns, tuple(map(_cells, plan.pilots)))


def _cells(pilot: Pilot) -> tuple[Cell, ...]:
    parts = pilot.parts
    deviations = (parts.seed**0.5, parts.example**0.5, parts.cell**0.5)
    return (
        Cell(pilot.method),
        *map(Cell, deviations),
        Cell(pilot.between),
        Cell(parts.shared),
        Cell(parts.n_test),
        Cell(parts.n_seeds),
        Cell(pilot.n_arenas),
    )
