"""The document of a battery: one page with each dial, what it does to PGR, and the verdict."""

from collections.abc import Iterator, Mapping

from w2sg.batteries.battery import LEVEL, MARGIN, Battery, Tested, TestedSetting, Verdict
from w2sg.core import (
    Cell,
    DataTable,
    Document,
    Estimate,
    Fact,
    Finding,
    Heading,
    Line,
    LinePanel,
    Lines,
    Section,
    Tone,
    wording,
)
from w2sg.lab import SetupResult
from w2sg.measure import Interval

MEANING: Mapping[Verdict, str] = {
    "robust": "PGR stays within the margin at every setting",
    "fragile": "PGR moves beyond the margin",
    "undecided": "the intervals decide neither",
}


TONES: Mapping[Verdict, Tone] = {"fragile": "worse", "robust": "better", "undecided": "open"}


def battery_document(battery: Battery, *, made_by: str = "") -> Document:
    """Return the document of a battery.

    Args:
        battery: What came out.
        made_by: The command that makes it, to be shown; empty shows none.
    """
    label = " / ".join(battery.setup.label().values())
    runs = sum(len(result.seeds) for test in battery.tested for result in _results(test))
    return Document(
        kind="battery",
        heading="Disanalogies of a setup",
        title=label,
        lead=_lead(battery),
        facts=(
            Fact("disanalogies tested", len(battery.tested)),
            Fact("seeds", len(battery.seeds)),
            Fact("runs", runs),
        ),
        findings=tuple(_findings(battery)),
        sections=(
            Section("dials", "What each dial does", tables=(_overview(battery),)),
            Section("figures", "PGR along each dial", figures=tuple(_figures(battery))),
            *(
                Section(test.disanalogy.kind, test.disanalogy.title, tables=(_settings(test),))
                for test in battery.tested
            ),
        ),
        made_by=made_by,
        rests_on=f"{wording.quantity(runs, 'run')} under {wording.quantity(len(battery.seeds), 'seed')}",
        data=battery.to_dict(),
    )


def _results(test: Tested) -> Iterator[SetupResult]:
    for each in test.settings:
        yield from (one for one in (each.result, each.direct, each.mended) if one is not None)


def _lead(battery: Battery) -> str:
    return (
        "Today's experiments differ from supervising something superhuman in ways that have names. Each is a dial here."
        " While it is turned up all else stays as it is, and the effect is PGR minus that of the setting in which the "
        f"disanalogy is absent, on the same {len(battery.seeds)} seeds, with the jackknife's interval over seeds (all "
        f"of one dial hold together at {100 * LEVEL:g} %). Fragile: PGR moves by more than {MARGIN:g}, and surely "
        "moves. Beside every number stands 'direct', the student trained on the supervisor's own gold: where it is "
        "better, that gold and not the weak labels could have done the work."
    )


def _findings(battery: Battery) -> Iterator[Finding]:
    for test in battery.tested:
        largest = max((e for e in test.effects if e is not None), key=lambda e: abs(e.estimate), default=None)
        if largest is None:
            yield Finding("open", f"{test.disanalogy.title}: a gap is too small for a PGR, so there is no verdict.")
            continue
        fits = _as_expected(test, largest)
        yield Finding(
            TONES[test.verdict],
            f"{test.disanalogy.title}: {test.verdict}. The largest effect on PGR is {wording.difference(largest)}"
            f"{fits}{_mended(test)}.",
        )
    for title, reason in battery.not_applicable.items():
        yield Finding("note", f"{title} was not applied: {reason}.")


def _as_expected(test: Tested, largest: Interval) -> str:
    expected = test.disanalogy.expected
    if expected == "differs":
        return ""
    fell = largest.estimate < 0
    moved = largest.low > 0 or largest.high < 0
    order = {True: "monotonically", False: "not monotonically", None: "in no order that can be told"}[test.monotone]
    if not moved:
        return f"; PGR was expected to be one that {expected}, and does not surely move"
    against = "" if fell == (expected == "falls") else ", against expectation"
    return f"; PGR {'falls' if fell else 'rises'} {order}{against}"


def _mended(test: Tested) -> str:
    known = [
        (each, effect) for each, effect in zip(test.settings, test.mend_effects, strict=True) if effect is not None
    ]
    if not known:
        return ""
    last, effect = known[-1]
    return f"; at {last.setting.name}, {test.disanalogy.mended_by} changes it by {wording.difference(effect)}"


def _overview(battery: Battery) -> DataTable:
    columns = (
        Heading("disanalogy", "disanalogy", style="text", key=True),
        Heading(
            "verdict", "verdict", "; ".join(f"{name}: {meaning}" for name, meaning in MEANING.items()), style="text"
        ),
        Heading("absent", "PGR without it"),
        Heading("present", "PGR at the last setting"),
        Heading("effect", "effect", "PGR at the last setting minus PGR without it", style="signed"),
        Heading("direct", "direct without it", "PGR of the student trained on the supervision gold"),
        Heading("mend", "what the mend changes", "mended minus plain PGR at the last setting", style="signed"),
    )
    rows = []
    for test in battery.tested:
        first, last = test.settings[0], test.settings[-1]
        rows.append(
            (
                Cell(test.disanalogy.title, help=test.disanalogy.dial),
                Cell(test.verdict),
                _pgr(first.result),
                _pgr(last.result, last.setting.name),
                Cell.of(test.effects[-1] if test.effects else None),
                _pgr(first.direct),
                Cell.of(test.mend_effects[-1], note=test.disanalogy.mended_by),
            )
        )
    return DataTable("overview", "Dials and verdicts", "", columns, tuple(rows))


def _settings(test: Tested) -> DataTable:
    columns = (
        Heading("setting", test.disanalogy.dial, style="text", key=True),
        *(Heading(who, who) for who in ("weak", "student", "ceiling")),
        Heading("pgr", "PGR"),
        Heading("effect", "effect", style="signed"),
        Heading("direct", "direct"),
        Heading("mended", "mended"),
    )
    effects = [None, *test.effects]
    rows = tuple(_row(each, effect) for each, effect in zip(test.settings, effects, strict=True))
    return DataTable(f"{test.disanalogy.kind}-settings", test.disanalogy.title, "", columns, rows, terminal=False)


def _row(each: TestedSetting, effect: Interval | None) -> tuple[Cell, ...]:
    share = each.result.pgr
    return (
        Cell(each.setting.name),
        *(Cell.of(getattr(share, who)) for who in ("weak", "student", "ceiling")),
        _pgr(each.result),
        Cell.of(effect),
        _pgr(each.direct),
        _pgr(each.mended),
    )


def _pgr(result: SetupResult | None, note: str = "") -> Cell:
    if result is None:
        return Cell()
    share = result.pgr
    return Cell.of(share, note=note) if share.reason is None else Cell(missing="no PGR", help=share.reason, note=note)


def _figures(battery: Battery) -> Iterator[Lines]:
    for test in battery.tested:
        lines = []
        for name, which in (("plain", "result"), ("mended", "mended"), ("direct", "direct")):
            results = [(each.setting.value, getattr(each, which)) for each in test.settings]
            points = tuple(
                (value, Estimate.of(one.pgr)) for value, one in results if one is not None and one.pgr.reason is None
            )
            if points:
                lines.append(Line(name, points))
        if lines:
            names = "; ".join(f"{each.setting.value:g} {each.setting.name}" for each in test.settings)
            panel = LinePanel(x=test.disanalogy.dial, y="PGR", lines=tuple(lines))
            yield Lines(
                f"dial-{test.disanalogy.kind}",
                test.disanalogy.title,
                f"PGR with its interval at each setting of the dial ({names}).",
                panels=(panel,),
            )
