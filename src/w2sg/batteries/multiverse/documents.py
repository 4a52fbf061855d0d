"""The document of a multiverse: every claim with its stability, what overturns it, and the specification curves."""

from collections.abc import Iterator, Mapping, Sequence

from w2sg.batteries.multiverse.curves import curves
from w2sg.batteries.multiverse.results import AnalystWorld, ClaimReading, Multiverse, StudyClaim, Verdict
from w2sg.core import (
    Cell,
    DataTable,
    Document,
    Fact,
    Finding,
    Heading,
    Section,
    Tone,
    wording,
)

MOST_FINDINGS, MOST_NAMED = 16, 4
"""Of claims told in sentences, of worlds named in one."""
READING = (
    (
        "What a world is",
        "The study again, with one thing chosen otherwise that an analyst could have chosen otherwise before the first "
        "run: nothing here is a new method or a new question. Worlds in which nothing that a claim rests on is "
        "different do not count for it, and worlds that come to the same analyses count once.",
    ),
    (
        "Stability of a claim",
        "The share of the other worlds in which the verdict is the same, and the share in which the number has the "
        "same sign, shown or not. It is no probability: worlds are chosen and not drawn, and share their data.",
    ),
    (
        "Reversed, not shown any more, shown",
        "Reversed: the opposite is shown, which contradicts the claim. Not shown any more: the interval, or Holm's p, "
        "no longer decides, which does not contradict it; the sign may be the same. Shown: the study leaves open what "
        "that world decides.",
    ),
)


def multiverse_document(found: Multiverse, *, made_by: str = "") -> Document:
    """Return the document of a multiverse.

    Args:
        found: What came out.
        made_by: The command that makes it, to be shown; empty shows none.
    """
    open_choices = [one for one in found.choices if one.options]
    data = found.to_dict()
    return Document(
        kind="multiverse",
        heading="The multiverse of a study",
        title=found.study.name,
        lead=_lead(found),
        facts=(
            Fact("worlds", len(found.worlds)),
            Fact("choices", len(open_choices)),
            Fact("claims", len(found.claims)),
            Fact("runs", found.n_runs),
        ),
        findings=tuple(_findings(found)),
        sections=(
            Section("reading", "How to read this", terms=READING),
            Section("claims", "Claims by stability", tables=(_claims_table(found),)),
            Section("curves", "Specification curves", figures=tuple(curves(found))),
            Section("worlds", "Worlds", tables=(_worlds_table(found), _choices_table(found))),
        ),
        made_by=made_by,
        versions=found.study.results[0].versions,
        rests_on=f"{wording.quantity(found.n_runs, 'run')} in {wording.quantity(len(found.worlds), 'world')}",
        data=data,
        effort={"steps_done": dict(found.steps_done), "wall_s": found.wall_s},
    )


def _lead(found: Multiverse) -> str:
    titles = [one.title for one in found.choices if one.options]
    several = sum(len(world.chosen) > 1 for world in found.worlds)
    combined = f", {several} with several" if several else ""
    return (
        f"Had the analyst chosen otherwise, would the findings stand? The study {found.study.name} in "
        f"{wording.quantity(len(found.worlds), 'world')}: as it is, {len(found.worlds) - 1 - several} with one choice "
        f"made otherwise{combined}. What was chosen otherwise: {wording.listed(titles)}. All else stays, and every "
        "comparison is paired on the same seeds and examples."
    )


def statement(claim: StudyClaim) -> str:
    """Return what a claim says, without where."""
    verdict, method, reference = claim.base.verdict, claim.method, claim.reference
    words: Mapping[tuple[str, Verdict], str] = {
        ("difference", "above"): f"{method} beats {reference}",
        ("difference", "below"): f"{method} hurts against {reference}",
        ("difference", "open"): f"no difference between {method} and {reference} is shown",
        ("pgr", "above"): f"the PGR of {method} is above 0",
        ("pgr", "below"): f"the PGR of {method} is below 0",
        ("pgr", "open"): f"whether the PGR of {method} is above 0 stays open",
        ("gap", "above"): "the ceiling is above the weak supervisor",
        ("gap", "below"): "the ceiling is below the weak supervisor",
        ("gap", "open"): "whether the ceiling is above the weak supervisor stays open",
        ("over tasks", "above"): f"{method} is better than {reference} over the tasks",
        ("over tasks", "below"): f"{method} is worse than {reference} over the tasks",
        ("over tasks", "open"): f"whether {method} is better than {reference} over the tasks stays open",
    }
    return words[claim.about, verdict]


def _findings(found: Multiverse) -> Iterator[Finding]:
    told = list(found.claims)
    if len(told) > MOST_FINDINGS:
        told = [claim for claim in found.claims if claim.about == "over tasks"]
        shown = [one for one in found.claims if one.about != "over tasks" and one.base.verdict != "open"]
        # Both ends are told: what stands however the analyst chose, and what hangs on a choice.
        half = MOST_FINDINGS // 2
        told += shown if len(shown) <= MOST_FINDINGS else [*shown[:half], *shown[-half:]]
        yield Finding("note", f"{len(told)} of {len(found.claims)} claims are told here; the table has all.")
    for claim in told:
        yield _finding(claim, found.worlds)
    for one in found.choices:
        for reason in one.left_out:
            where = "for some of the setups" if one.options else "for this study"
            yield Finding("note", f"The choice {one.title!r} is none {where}: it {reason}.")
    if found.failed:
        yield Finding("note", f"{len(found.failed)} runs of other worlds failed; the first: {found.failed[0]}.")


def _finding(claim: StudyClaim, worlds: Sequence[AnalystWorld]) -> Finding:
    n = len(claim.others)
    says = f"{claim.place}: {statement(claim)}" if claim.place else _capital(statement(claim))
    effect = wording.difference(claim.base.effect)
    if not n:
        return Finding("open", f"{says} ({effect}); no choice touches it.")
    # The sign of a number that is not shown to differ from 0 is chance, and whether it stays says nothing.
    sign = "" if claim.base.verdict == "open" else f", the same sign in {claim.same_sign}"
    text = f"{says} ({effect}): the same verdict in {claim.same_verdict} of {n} other worlds{sign}."
    tone: Tone = "better" if claim.same_verdict == n else "worse" if claim.worlds("reversed") else "open"
    return Finding(tone, " ".join([text, *_changes(claim, worlds)]))


def _changes(claim: StudyClaim, worlds: Sequence[AnalystWorld]) -> Iterator[str]:
    """Yield in words what the verdict becomes, and with which choices."""
    shown = {
        verdict: [number for number in claim.worlds("shown") if claim.others[number].verdict == verdict]
        for verdict in ("above", "below")
    }
    parts = (
        ("Reversed by", claim.worlds("reversed")),
        ("Not shown any more with", claim.worlds("lost")),
        ("Shown to be above 0 with", shown["above"]),
        ("Shown to be below 0 with", shown["below"]),
        ("No PGR is reported with", claim.worlds("none")),
        ("Cannot be read with", list(claim.missing)),
    )
    for words, numbers in parts:
        if numbers:
            yield f"{words} {_some_of([worlds[number] for number in numbers])}."


def _some_of(worlds: Sequence[AnalystWorld]) -> str:
    """Return worlds in words: those with one choice made otherwise by name, of the others how many there are."""
    single = [world.title for world in worlds if len(world.chosen) == 1]
    rest = len(worlds) - len(single)
    shown = single[:MOST_NAMED]
    more = [f"{len(single) - MOST_NAMED} more"] if len(single) > MOST_NAMED else []
    combined = [wording.quantity(rest, "combination")] if rest else []
    return wording.listed([*shown, *more, *combined])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _claims_table(found: Multiverse) -> DataTable:
    columns = (
        Heading("place", "place", style="text", terminal=len(found.study.comparisons) > 1),
        Heading("claim", "claim", style="text", key=True),
        Heading("effect", "effect", "the number in the study as it is", "signed"),
        Heading("worlds", "worlds", "other worlds in which something it rests on is different", "count"),
        Heading("same_verdict", "same verdict", "worlds with the same verdict", "count"),
        Heading("same_sign", "same sign", "worlds in which the number has the same sign, shown or not", "count"),
        Heading("reversed", "reversed", "worlds in which the opposite is shown", "count"),
        Heading("lost", "not shown", "worlds in which what was shown is not shown any more", "count", terminal=False),
        Heading("shown", "shown", "worlds in which what stayed open is shown", "count", terminal=False),
        Heading("by", "verdict changed by", style="text", terminal=False),
    )
    return DataTable(
        "claims", "Claims by stability", "", columns, tuple(_row(one, found.worlds) for one in found.claims)
    )


def _row(claim: StudyClaim, worlds: Sequence[AnalystWorld]) -> tuple[Cell, ...]:
    changed = [worlds[number] for number in claim.others if claim.change(number) != "same"]
    return (
        Cell(claim.place or None, missing="all tasks"),
        Cell(statement(claim)),
        _effect(claim.base),
        Cell(len(claim.others)),
        Cell(claim.same_verdict),
        Cell(claim.same_sign),
        *(Cell(len(claim.worlds(change))) for change in ("reversed", "lost", "shown")),
        Cell(_some_of(changed) or None),
    )


def _effect(reading: ClaimReading) -> Cell:
    return Cell(missing="none", help=reading.reason) if reading.effect is None else Cell.of(reading.effect)


def _worlds_table(found: Multiverse) -> DataTable:
    columns = (
        Heading("world", "chosen otherwise", style="text", key=True),
        Heading("claims", "claims", "claims that rest on something that is different here", "count"),
        Heading("same", "same verdict", "of these with the same verdict as in the study", "count"),
        Heading("reversed", "reversed", "of these with the opposite shown", "count"),
        Heading("weak", "weak", "mean accuracy of the weak supervisor over places", terminal=False),
        Heading("ceiling", "ceiling", "mean accuracy of the ceiling over places", terminal=False),
    )
    rows = []
    for number, world in enumerate(found.worlds):
        claims = [claim for claim in found.claims if number in claim.others]
        changes = [claim.change(number) for claim in claims]
        shares = [comparison.reference.pgr for comparison in world.comparisons]
        means = [
            Cell(sum(getattr(share, who).estimate for share in shares) / len(shares) if shares else None)
            for who in ("weak", "ceiling")
        ]
        counts = (
            [Cell(len(claims)), Cell(changes.count("same")), Cell(changes.count("reversed"))]
            if number
            else [Cell()] * 3
        )
        rows.append((Cell(world.title), *counts, *means))
    return DataTable("worlds", "Worlds", "", columns, tuple(rows))


def _choices_table(found: Multiverse) -> DataTable:
    columns = (
        Heading("choice", "choice", style="text", key=True),
        Heading("options", "what else it could have been", style="text"),
        Heading("left_out", "where it does not fit", style="text"),
    )
    rows = tuple(
        (Cell(one.title), Cell("; ".join(one.options) or None), Cell("; ".join(one.left_out) or None))
        for one in found.choices
    )
    return DataTable("choices", "Choices", "", columns, rows, terminal=False)
