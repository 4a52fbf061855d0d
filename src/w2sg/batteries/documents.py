"""The document of a battery: one page with each dial, what it does to PGR, the verdict, and the leap of faith."""

from collections.abc import Iterator, Mapping

from w2sg.batteries.deception.documents import deception_findings, deception_section
from w2sg.batteries.faith_document import faith_finding, faith_section
from w2sg.batteries.results import LEVEL, MARGIN, Battery, TestedDial, TestedSetting, Verdict
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
    "robust": "at every setting PGR is surely within the margin",
    "fragile": "at some setting PGR surely moves by more than the margin",
    "undecided": "the intervals decide neither",
}
TONES: Mapping[Verdict, Tone] = {"fragile": "worse", "robust": "better", "undecided": "open"}
DECIMALS = 2
"""Of PGR in tables: its intervals over a few seeds are never narrower than a few hundredths."""


def battery_document(battery: Battery, *, made_by: str = "") -> Document:
    """Return the document of a battery.

    Args:
        battery: What came out.
        made_by: The command that makes it, to be shown; empty shows none.
    """
    return Document(
        kind="battery",
        heading="Disanalogies of a setup",
        title=" / ".join(battery.setup.label().values()),
        lead=_lead(battery),
        facts=(
            Fact("disanalogies tested", len(battery.tested)),
            Fact("seeds", len(battery.seeds)),
            Fact("runs", battery.n_runs),
        ),
        findings=tuple(_findings(battery)),
        sections=tuple(_sections(battery)),
        made_by=made_by,
        rests_on=f"{wording.quantity(battery.n_runs, 'run')} under {wording.quantity(len(battery.seeds), 'seed')}",
        data=battery.to_dict(),
    )


def _lead(battery: Battery) -> str:
    return (
        "Today's experiments differ from supervising something superhuman in ways that have names. Each is a dial: "
        "all else stays as it is while the dial is turned up, and the effect is PGR minus that of the setting in which "
        f"the disanalogy is absent, on the same {len(battery.seeds)} seeds, with the jackknife's interval over them "
        f"(all of one dial hold together at {100 * LEVEL:g} %). Fragile: at some setting the whole interval is beyond "
        f"{MARGIN:g}; robust: at every setting it is within. Beside every number stands 'direct', the student trained "
        "on the supervisor's own gold: where it is better, that gold and not the weak labels could have done the work."
    )


def _sections(battery: Battery) -> Iterator[Section]:
    if battery.tested:
        yield Section("dials", "What each dial does", tables=(_overview(battery),))
    if battery.faith is not None:
        yield faith_section(battery.faith)
    if battery.deception is not None:
        yield deception_section(battery.deception)
    if figures := tuple(_figures(battery)):
        yield Section("figures", "PGR along each dial", figures=figures)
    for test in battery.tested:
        yield Section(
            test.disanalogy.kind, _capital(test.disanalogy.title), intro=_intro(test), tables=(_settings(test),)
        )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _intro(test: TestedDial) -> str:
    """Return what the disanalogy is, in the words of its own class."""
    summary = " ".join((type(test.disanalogy).__doc__ or "").split())
    mended = f" Mended: {test.disanalogy.mended_by}." if any(each.mended for each in test.settings) else ""
    where = (
        "" if test.settings[0].setting.test == "test" else f" Read on the test set '{test.settings[0].setting.test}'."
    )
    return f"{summary}{where}{mended}"


def _findings(battery: Battery) -> Iterator[Finding]:
    for test in battery.tested:
        found = _largest(test)
        name = _capital(test.disanalogy.title)
        if found is None:
            yield Finding("open", f"{name}: a gap is too small for a PGR, so there is no verdict.")
            continue
        each, largest = found
        yield Finding(
            TONES[test.verdict],
            f"{name}: {test.verdict}. The largest effect on PGR is {wording.difference(largest)}, at "
            f"{each.setting.name}{_as_expected(test, largest)}{_mended(test)}.",
        )
    if battery.faith is not None:
        yield faith_finding(battery.faith)
    if battery.deception is not None:
        yield from deception_findings(battery.deception)
    for title, reason in battery.not_applicable.items():
        yield Finding("note", f"{_capital(title)} was not applied: {reason}.")


def _largest(test: TestedDial) -> tuple[TestedSetting, Interval] | None:
    """Return the setting with the largest effect, and the effect; None where no setting has one."""
    known = [(each, effect) for each, effect in zip(test.settings[1:], test.effects, strict=True) if effect is not None]
    return max(known, key=lambda pair: abs(pair[1].estimate), default=None)


def _as_expected(test: TestedDial, largest: Interval) -> str:
    expected = test.disanalogy.expected
    if expected == "differs":
        return ""
    if largest.low <= 0 <= largest.high:
        return f"; that PGR {expected}, as was expected, is not seen"
    does = "falls" if largest.estimate < 0 else "rises"
    along = {True: " from setting to setting", False: ", though not from setting to setting", None: ""}[test.monotone]
    return f"; PGR {does}{along}{'' if does == expected else ', against expectation'}"


def _mended(test: TestedDial) -> str:
    known = [
        (each, effect) for each, effect in zip(test.settings, test.mend_effects, strict=True) if effect is not None
    ]
    if not known:
        return ""
    last, effect = known[-1]
    return f". At {last.setting.name}, {test.disanalogy.mended_by} changes it by {wording.difference(effect)}"


def _overview(battery: Battery) -> DataTable:
    verdicts = "; ".join(f"{name}: {meaning}" for name, meaning in MEANING.items())
    change = "mended minus plain PGR at the last setting"
    columns = (
        Heading("disanalogy", "disanalogy", style="text", key=True),
        Heading("verdict", "verdict", verdicts, style="text"),
        Heading("absent", "PGR without it", decimals=DECIMALS),
        Heading("effect", "largest effect", "PGR at that setting minus PGR without it", "signed", DECIMALS),
        Heading("at", "at", "the setting of the dial with the largest effect", style="text"),
        Heading("last", "PGR at the last setting", decimals=DECIMALS, terminal=False),
        Heading(
            "direct", "direct", "PGR without it of training on supervision gold", decimals=DECIMALS, terminal=False
        ),
        Heading("mend", "what the mend changes", change, "signed", DECIMALS, terminal=False),
    )
    rows = []
    for test in battery.tested:
        first, last, found = test.settings[0], test.settings[-1], _largest(test)
        rows.append(
            (
                Cell(test.disanalogy.title, help=test.disanalogy.dial),
                Cell(test.verdict),
                _pgr(first, first.result),
                Cell() if found is None else Cell.of(found[1]),
                Cell() if found is None else Cell(found[0].setting.name),
                _pgr(last, last.result),
                _pgr(first, first.direct),
                Cell.of(test.mend_effects[-1], help=test.disanalogy.mended_by),
            )
        )
    return DataTable("overview", "Dials and verdicts", "", columns, tuple(rows))


def _settings(test: TestedDial) -> DataTable:
    columns = (
        Heading("setting", test.disanalogy.dial, style="text", key=True),
        *(Heading(who, who) for who in ("weak", "student", "ceiling")),
        Heading("pgr", "PGR", decimals=DECIMALS),
        Heading("effect", "effect", "PGR minus that of the first row", "signed", DECIMALS),
        Heading("direct", "direct", "PGR of training on supervision gold", decimals=DECIMALS),
        Heading(
            "mended",
            "mended",
            f"PGR with {test.disanalogy.mended_by or 'a mend, of which none is known'}",
            decimals=DECIMALS,
        ),
    )
    effects = [None, *test.effects]
    rows = tuple(_row(each, effect) for each, effect in zip(test.settings, effects, strict=True))
    return DataTable(f"{test.disanalogy.kind}-settings", test.disanalogy.title, "", columns, rows, terminal=False)


def _row(each: TestedSetting, effect: Interval | None) -> tuple[Cell, ...]:
    return (
        Cell(each.setting.name),
        *(Cell.of(getattr(each.pgr, who)) for who in ("weak", "student", "ceiling")),
        _pgr(each, each.result),
        Cell.of(effect),
        _pgr(each, each.direct),
        _pgr(each, each.mended),
    )


def _pgr(each: TestedSetting, result: SetupResult | None) -> Cell:
    if result is None:
        return Cell()
    share = each.read(result)
    return Cell.of(share) if share.reason is None else Cell(missing="no PGR", help=share.reason)


def _figures(battery: Battery) -> Iterator[Lines]:
    for test in battery.tested:
        lines = []
        for name, which in (("plain", "result"), ("mended", "mended"), ("direct", "direct")):
            results = [(each, getattr(each, which)) for each in test.settings]
            shares = [(each.setting.value, each.read(one)) for each, one in results if one is not None]
            points = tuple((value, Estimate.of(share)) for value, share in shares if share.reason is None)
            if points:
                lines.append(Line(name, points))
        if lines:
            named = [f"{each.setting.value:g} {each.setting.name}" for each in test.settings]
            # Where settings are numbers their names say nothing more.
            plainly = all(each.setting.name == f"{each.setting.value:g}" for each in test.settings)
            names = "" if plainly else f": {'; '.join(named)}"
            panel = LinePanel(x=test.disanalogy.dial, y="PGR", lines=tuple(lines))
            yield Lines(
                f"dial-{test.disanalogy.kind}",
                test.disanalogy.title,
                f"PGR with its interval at each setting of the dial{names}.",
                panels=(panel,),
            )
