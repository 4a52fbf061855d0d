"""What a study says that added seeds until it was decided."""

from w2sg.core import Cell, DataTable, Finding, Heading, wording
from w2sg.lab.documents.parts import notes, short, text_column
from w2sg.lab.results import StudyResult
from w2sg.lab.sequential import SeedStopping

_LOOKED = (
    "Seeds were added by looking at the results: all other p-values and intervals on this page are made for a number "
    "of seeds that was fixed beforehand and are too narrow here. Those of the table 'Seeds until it is decided' hold "
    "whenever one looks, if differences of seeds are about normal. Where seeds split one pool anew, they are "
    "independent given this pool only: they speak of the mean over its splits, not of what another pool would change."
)


def stopping_findings(study: StudyResult) -> list[Finding]:
    """Return where seeds were no longer added and why; nothing for a study with a fixed number of them."""
    stopping = study.stopping
    if stopping is None:
        return []
    where = [
        Finding("open", f"{one.place}: {wording.quantity(one.seeds, 'seed')}; {one.reason}.") for one in stopping.places
    ]
    return [*where, *notes([_LOOKED])]


def stopping_table(stopping: SeedStopping) -> DataTable:
    """Return what was decided of each method, and after how many seeds."""
    columns = (
        text_column("method", key=True),
        text_column("place"),
        text_column("decision"),
        Heading("seeds", "seeds", "until it was decided, or all there were", "count"),
        Heading("difference", "difference", "in accuracy to the reference; holds at all looks at once", "signed"),
    )
    rows = tuple(
        (
            Cell(short(one.method)),
            Cell(one.place),
            Cell(one.decision),
            Cell(one.seeds),
            Cell.of(one.difference) if abs(one.difference.low) < 1 else Cell(one.difference.estimate, note="no bound"),
        )
        for one in stopping.decided
    )
    rule = stopping.rule
    intro = (
        f"Better, worse, or equivalent within {rule.margin:g} of accuracy, at most {rule.most_seeds} seeds. With "
        f"probability {1 - rule.alpha:g} all decisions of a place hold, whenever one looked (anytime-valid t "
        "intervals, Wang and Ramdas 2023)."
    )
    return DataTable("stopping", "Seeds until it is decided", intro, columns, rows)
