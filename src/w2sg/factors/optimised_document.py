"""The document of an optimisation: what was chosen on some tasks, and what it is worth on others."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from w2sg.core import Cell, DataTable, Document, Fact, Finding, Heading, Section, Tone, wording

if TYPE_CHECKING:
    from w2sg.factors.optimising import Optimised, Settings


def optimised_document(found: "Optimised", *, made_by: str = "") -> Document:
    """Return the document of an optimisation.

    Args:
        found: What came of it.
        made_by: The command that makes it, to be shown; empty shows none.
    """
    return Document(
        kind="optimise",
        heading="Which change makes meeting a specification most likely",
        title=f"{found.specification.name} on {found.study.name}",
        lead=(
            "Settings are chosen on some tasks and judged on others. Chosen is what has the largest lower limit of the "
            "mean margin (95 %, over families of the choosing tasks); a margin above 0 is inside the specification. On "
            "the tasks left out each setup has a verdict of its own, and differences to the defaults are paired by "
            "family, with Student's 95 % interval."
        ),
        facts=(
            Fact("choosing tasks", len(found.choosing)),
            Fact("tasks left out", len(found.left_out)),
            Fact("trials", found.trials),
        ),
        findings=tuple(_findings(found)),
        sections=(
            Section("candidates", "What was found", tables=(_candidates(found),)),
            Section("settings", "Settings", tables=(_settings(found),)),
            Section("verdicts", "On the tasks left out", tables=(_verdicts(found),)),
        ),
        made_by=made_by,
        rests_on=f"{len(found.choosing)} setups to choose on and {len(found.left_out)} left out",
        data=found.to_dict(),
    )


def _findings(found: "Optimised") -> Iterator[Finding]:
    default, chosen = found.defaults, found.chosen
    gain = chosen.over_defaults
    tone: Tone = "better" if gain.low > 0 else "worse" if gain.high < 0 else "open"
    yield Finding(
        tone,
        f"On the tasks left out the chosen settings are shown to meet {found.specification.name} on "
        f"{_percent(chosen.met)} of the families, the defaults on {_percent(default.met)}; the point estimate is "
        f"inside on {_percent(chosen.inside)} and {_percent(default.inside)} (a difference of "
        f"{wording.difference(chosen.inside_over_defaults, 2)}). The mean margin changes by "
        f"{wording.difference(gain)}.",
    )
    for one in found.rivals:
        yield Finding(
            "note",
            f"Its rival, {one.name} (of {one.n_points} points), changes the margin there by "
            f"{wording.difference(one.over_defaults)} and is shown to meet it on {_percent(one.met)}.",
        )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _candidates(found: "Optimised") -> DataTable:
    columns = (
        Heading("name", "settings", style="text", key=True),
        Heading("choosing", "margin, choosing", "mean over families of the choosing tasks", terminal=False),
        Heading("left_out", "margin, left out", "mean over families of the tasks left out", terminal=False),
        Heading("over", "over defaults", "margin on the tasks left out, paired by family", "signed"),
        Heading("met", "met", "share of families left out that are shown to meet it", decimals=2),
        Heading("met_over", "met over defaults", "paired by family", "signed", 2),
        Heading("inside", "inside", "share of them whose point estimate is inside", decimals=2, terminal=False),
        Heading("inside_over", "inside over defaults", "paired by family", "signed", 2, terminal=False),
    )
    rows = tuple(
        (
            Cell(one.name),
            Cell.of(one.choosing),
            Cell.of(one.left_out),
            Cell.of(one.over_defaults),
            Cell(one.met),
            Cell.of(one.met_over_defaults),
            Cell(one.inside),
            Cell.of(one.inside_over_defaults),
        )
        for one in found.candidates
    )
    return DataTable("candidates", "Settings and rivals", "", columns, rows)


def _settings(found: "Optimised") -> DataTable:
    columns = (
        Heading("name", "settings", style="text", key=True),
        Heading("turned", "what is turned", style="text"),
        Heading("points", "best of", "points that were tried", "count", terminal=False),
    )
    rows = tuple((Cell(one.name), Cell(_turned(one)), Cell(one.n_points)) for one in found.candidates)
    return DataTable("settings", "What is turned", "", columns, rows)


def _turned(one: "Settings") -> str:
    return ", ".join(f"{factor} {level}" for factor, level in one.settings.items()) or "nothing"


def _verdicts(found: "Optimised") -> DataTable:
    columns = (
        Heading("setup", "setup", style="text", key=True),
        *(Heading(f"of-{place}", one.name, style="text") for place, one in enumerate(found.candidates)),
    )
    rows = tuple((Cell(name), *(Cell(one.verdicts[name]) for one in found.candidates)) for name in found.left_out)
    return DataTable("verdicts", "Verdicts", "", columns, rows)
