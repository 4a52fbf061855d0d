"""Documents of certificates: what may be promised of a run, and what a promise costs in labels."""

import numpy as np
from numpy.typing import NDArray

from w2sg.core import (
    AnyArray,
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
    derive,
)
from w2sg.core import wording as words
from w2sg.measure import Betting, Certifier, ChernoffKl, ClopperPearson, Hoeffding, MaurerPontil, MomentBound
from w2sg.theory import certificates
from w2sg.theory.certificates import Certified
from w2sg.theory.observing.runs import TEST

DELTA, RATE = 0.05, 0.1
LABELS = (20, 40, 100, 200, 400, 1000, 2000)
DISPUTED, RIGHT, INPUTS, ORDERS = 0.2, 0.75, 10_000, 64
"""The audited world: share of inputs that are disputed, on which the student is right, and how many there are."""
GAIN = round(DISPUTED * (2 * RIGHT - 1), 6)
_COLOURS = ("disagreement audit", "betting", "chernoff-kl", "maurer-pontil", "hoeffding", "clopper-pearson")
"""Places in the palette: one way to make a bound has one colour in both panels."""
_COLUMNS = (
    Heading("certificate", "certificate", style="text", key=True),
    Heading("unit", "unit", style="text"),
    Heading("low", "at least", decimals=4),
    Heading("estimate", "estimate", decimals=4),
    Heading("high", "at most", decimals=4),
    Heading("delta", "delta", "how often this one may be wrong", decimals=4),
    Heading("labels", "labels", "labels of ground truth that it cost", style="count"),
    Heading("strength", "strength", "unconditional: sampling alone; else what no sample decides", style="text"),
    Heading("method", "method", style="text"),
)


def certificate_document(
    run: str, certified: Certified, *, test: str = TEST, look: int = 1, trust: str = "", made_by: str = ""
) -> Document:
    """Return what may be promised of a run.

    Args:
        run: The run's id.
        certified: Its certificates.
        test: The test set that they speak of.
        look: The how-manieth look at the labels of its test sets they come from.
        trust: Where the run's numbers were made, if that is known.
        made_by: The command that makes it.
    """
    more = len(certified.rows) - certified.n_random
    asymptotic = any(certificate.strength == "asymptotic" for certificate in certified.certificates.values())
    limit = ", and the asymptotic ones for many labels only" if asymptotic else ""
    lead = (
        f"{certified.n_random} labels at random and {more} more on disagreements; all of these hold together with "
        f"probability {1 - certified.delta:g}, if what they rest on is true{limit}."
    )
    if look > 1:
        lead += f" This is look {look} at labels of these data: it has a smaller share of delta than the first."
    rests = [
        Finding("note", f"{name}: {certificate.frame}. It rests on: {'; '.join(certificate.assumptions)}.")
        for name, certificate in certified.certificates.items()
    ]
    skipped = [Finding("open", f"No {name}: {why}") for name, why in certified.skipped.items()]
    table = DataTable("promises", "What may be promised", "", _COLUMNS, _rows(certified))
    return Document(
        kind="certificates",
        heading="Certificates",
        title=f"run {run[:8]}" + ("" if test == TEST else f", shifted test set {test!r}"),
        lead=lead,
        facts=(
            Fact("labels", len(certified.rows)),
            Fact("delta", certified.delta),
            *([Fact("trust tier of the run", trust)] if trust else []),
        ),
        findings=(*rests, *skipped),
        sections=(Section("promises", table.title, tables=(table,)),),
        made_by=made_by,
        data={
            "run": run,
            "test": test,
            "look": look,
            "trust": trust,
            "delta": certified.delta,
            "n_labels": len(certified.rows),
            "n_random": certified.n_random,
            "n_disagreements": certified.n_disagreements,
            "certificates": {name: item.to_dict() for name, item in certified.certificates.items()},
            "skipped": dict(certified.skipped),
        },
    )


def _rows(certified: Certified) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (
            Cell(name),
            Cell(certificate.unit),
            Cell(certificate.low),
            Cell(certificate.estimate),
            Cell(certificate.high),
            Cell(certificate.delta),
            Cell(certificate.n_labels),
            Cell(certificate.strength),
            Cell(certificate.method),
        )
        for name, certificate in certified.certificates.items()
    )


def cost_figure() -> Lines:
    """Return how near bounds come to the truth by the number of labels spent."""
    caption = (
        f"How far a bound that fails in {100 * DELTA:g} % of cases lies from the truth. Left: upper bound of an error "
        f"rate of {RATE:g} by labels at random. Right: lower bound of a gain of {GAIN:g}, where student and supervisor "
        f"differ on {100 * DISPUTED:g} % of inputs and the student is right on {100 * RIGHT:g} % of those; the audit "
        f"spends its labels on disagreements only ({words.count(INPUTS)} unlabelled inputs say how frequent they are), "
        "the others on inputs at random. Samples hold exactly these shares; bets depend on the order of labels: means "
        f"over {ORDERS} orders."
    )
    panels = (
        _panel("upper bound of an error rate", costs_of_a_rate()),
        _panel("lower bound of a gain", costs_of_a_gain()),
    )
    return Lines("certificates", "What a certificate costs in labels", caption, panels)


def costs_of_a_rate() -> dict[str, list[float]]:
    """Return by certifier how far its upper bound of the rate is expected to lie above it, for each of `LABELS`."""
    moments: tuple[MomentBound, ...] = (
        ClopperPearson(),
        ChernoffKl(),
        MaurerPontil(),
        Hoeffding(),
    )
    expected = {bound.kind: [bound.expected_high(n, DELTA, RATE) - RATE for n in LABELS] for bound in moments}
    return {"betting": [_upper_by_bets(n) - RATE for n in LABELS], **expected}


def costs_of_a_gain() -> dict[str, list[float]]:
    """Return by the way to spend labels how far the lower bound of the gain lies below it, for each of `LABELS`."""
    return {
        "disagreement audit": [GAIN - _low_by_audit(n) for n in LABELS],
        "random, betting": [GAIN - _low_by_pairs(Betting(horizon=n), n) for n in LABELS],
        "random, maurer-pontil": [GAIN - _low_by_pairs(MaurerPontil(), n) for n in LABELS],
        "random, hoeffding": [GAIN - _low_by_pairs(Hoeffding(), n) for n in LABELS],
    }


def _panel(title: str, costs: dict[str, list[float]]) -> LinePanel:
    lines = tuple(
        Line(
            name,
            tuple((float(n), Estimate(value)) for n, value in zip(LABELS, values, strict=True)),
            palette=_COLOURS.index(name.split(", ")[-1]),
        )
        for name, values in costs.items()
    )
    return LinePanel(
        x="labels spent",
        y="distance of the bound from the truth",
        lines=lines,
        title=title,
        log_x=True,
        log_y=True,
        x_ticks=(20, 50, 100, 200, 500, 2000),
        y_ticks=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1),
        y_limits=(0.004, 1),
    )


def _orders(values: AnyArray) -> NDArray[np.float64]:
    """Return values in many random orders, one a row: a bet on the next label depends on those before it."""
    rng = derive(len(values), "page", "orders")
    return np.asarray(rng.permuted(np.tile(values, (ORDERS, 1)), axis=1), dtype=np.float64)


def _upper_by_bets(n: int) -> float:
    wrong = np.arange(n) < round(RATE * n)
    return float(Betting(horizon=n).highs(_orders(wrong), DELTA).mean())


def _low_by_audit(n: int) -> float:
    student = np.zeros(INPUTS, dtype=int)
    # Supervisor and student name class 0, the student class 1 on the disputed inputs: only whether they differ matters.
    student[: round(DISPUTED * INPUTS)] = 1
    truth = (np.arange(n) < round(RIGHT * n)).astype(int)
    bound = certificates.gain_by_audit(np.zeros_like(student), student, np.arange(n), truth, DELTA, n_classes=2)
    return -1.0 if bound.low is None else bound.low


def _low_by_pairs(certifier: Certifier, n: int) -> float:
    """Return the mean lower bound of the gain: of each input +1, 0 or -1, mapped to the 0 to 1 that bounds are for."""
    values = np.zeros(n)
    better, worse = round(DISPUTED * RIGHT * n), round(DISPUTED * (1 - RIGHT) * n)
    values[:better], values[better : better + worse] = 1, -1
    return float(np.mean(1 - 2 * certifier.highs((1 - _orders(values)) / 2, DELTA)))
