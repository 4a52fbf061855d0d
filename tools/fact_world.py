"""The tables of the page on the empirical framework, from the numbers that `benchmarks/fact_world.py` wrote.

A block `<!-- w2sg fact-world TABLE -->` of a page becomes the table of that name; see `TABLES`.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from w2sg.core import InputError
from w2sg.worlds import LADDER, manifest, name_of_model

NUMBERS = Path(__file__).parents[1] / "docs" / "reference" / "fact-world.json"
DASH = "–"
SCORES = {
    "recall": "recall",
    "recall_tail": "recall of the tail",
    "verdicts_told": "verdicts, told half",
    "verdicts_asked": "verdicts, asked half",
}


@cache
def numbers() -> Mapping[str, Any]:
    """Return the numbers as the benchmark wrote them."""
    known: dict[str, Any] = json.loads(NUMBERS.read_text(encoding="utf-8"))
    return known


def table(name: str) -> str:
    """Return a table of the page as Markdown.

    Raises:
        InputError: If there is no such table, or its numbers were not made.
    """
    if name not in TABLES:
        raise InputError(f"a block 'fact-world' names one of {', '.join(TABLES)}, got {name!r}")
    try:
        return TABLES[name]()
    except KeyError as part:
        raise InputError(f"the numbers of {name!r} were not made: python benchmarks/fact_world.py {part}") from None


def share(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """Return a number with its interval.

    >>> share(0.52, 0.44, 0.61), share(None)
    ('.52 [.44, .61]', '–')
    """

    def short(number: float) -> str:
        text = f"{abs(number):.2f}"
        return ("−" if number < 0 and float(text) else "") + (text[1:] if text.startswith("0") else text)

    if value is None:
        return DASH
    return short(value) if low is None or high is None else f"{short(value)} [{short(low)}, {short(high)}]"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _pgr(row: Mapping[str, Any] | None) -> str:
    return DASH if row is None else share(row["pgr"], row["low"], row["high"])


def _ladder() -> str:
    head = ["model", "parameters", *SCORES.values()]
    rows = [
        [f"`{name}`", f"{known['parameters']:,}", *(share(known["scores"][score]) for score in SCORES)]
        for name, known in ((name, manifest()[name]) for name in _shipped())
    ]
    return _table(head, rows)


def _shipped() -> list[str]:
    ladder = [name_of_model(width) for width in LADDER]
    return [*ladder, *(name for name in sorted(manifest()) if name not in ladder)]


def _pretraining() -> str:
    rows = numbers()["pretraining"]
    steps = sorted({row["steps"] for row in rows})
    by = {(row["layers"], row["how"], row["steps"]): row for row in rows}
    kinds = list(dict.fromkeys((row["layers"], row["how"]) for row in rows))
    cells = (
        [
            f"{layers} layers, {how}",
            *(f"{share(by[layers, how, n]['recall'])} / {share(by[layers, how, n]['verdicts_asked'])}" for n in steps),
        ]
        for layers, how in kinds
    )
    return _table(["pretraining", *(f"{count:,} steps" for count in steps)], cells)


def _gap(mode: str, method: str = "naive") -> str:
    rows = [row for row in numbers()["gap"] if row["mode"] == mode and row["method"] == method]
    widths = sorted({row["width"] for row in rows})
    by = {(row["supervisor"], row["width"]): row for row in rows}
    head = ["supervisor, width", *(f"student {width}" for width in widths)]
    return _table(
        head,
        ([str(weak), *(_pgr(by.get((weak, width))) for width in widths)] for weak in sorted({w for w, _ in by})),
    )


def _trained() -> str:
    rows = numbers()["gap"]
    widths = sorted({row["width"] for row in rows if row["mode"] != "probe"})
    lines = []
    for mode in ("probe", "lora", "full"):
        for method in ("naive", "direct"):
            by = {
                row["width"]: row
                for row in rows
                if (row["mode"], row["method"], row["supervisor"]) == (mode, method, 12)
            }
            seeds = next(iter(by.values()))["seeds"]
            lines.append([f"{mode}, {method} ({seeds} seeds)", *(_pgr(by.get(width)) for width in widths)])
    return _table(["what is trained", *(f"student {width}" for width in widths)], lines)


def _next_rung() -> str:
    names = {"pgr": "PGR", "ceiling": "ceiling"}
    lines = [
        [
            f"{names[row['what']]} of {row['supervisor']} to {row['width']}, from {', '.join(map(str, row['from']))}",
            share(row["estimate"], row["low"], row["high"]),
            share(row["true"]),
            "yes" if row["covered"] else "no",
        ]
        for row in numbers()["next-rung"]
    ]
    return _table(["predicted", "prediction", "what came", "covered"], lines)


def _faithful() -> str:
    rows = numbers()["faithful"]
    lines = []
    for series, value in dict.fromkeys((row["series"], row["value"]) for row in rows):
        by = {row["method"]: row for row in rows if (row["series"], row["value"]) == (series, value)}
        naive, direct = by["naive"], by["direct"]
        accuracies = [share(naive[who]["estimate"]) for who in ("weak", "student")]
        lines.append(
            [
                f"{series}: {value:g}",
                *accuracies,
                share(direct["student"]["estimate"]),
                share(naive["ceiling"]["estimate"]),
                _pgr(naive),
                _pgr(direct),
            ]
        )
    head = ["setup", "weak", "naive", "direct", "ceiling", "PGR of naive", "PGR of direct"]
    return _table(head, lines)


def _draws() -> str:
    rows = numbers()["draws"]
    by = {(row["saliency"], row["pretraining"]): row for row in rows}
    values, seeds = (sorted({row[name] for row in rows}) for name in ("saliency", "pretraining"))
    head = ["imitation saliency", *(f"pretraining {seed}" for seed in seeds)]
    return _table(head, ([f"{value:g}", *(_pgr(by[value, seed]) for seed in seeds)] for value in values))


def _battery() -> str:
    lines = []
    for test in numbers()["battery"]["disanalogies"].values():
        for place, setting in enumerate(test["settings"]):
            effect = None if place == 0 else test["effects"][place - 1]
            mended = setting["mended"]
            lines.append(
                [
                    f"**{test['title']}**: {test['verdict']}" if place == 0 else "",
                    setting["name"],
                    _pgr(setting["result"]),
                    DASH if effect is None else share(effect["estimate"], effect["low"], effect["high"]),
                    _pgr(setting["direct"]),
                    _pgr(mended),
                ]
            )
    return _table(["disanalogy and verdict", "setting", "PGR", "effect", "direct", "mended"], lines)


def _faith() -> str:
    lines = []
    for leap in numbers()["battery"]["leap_of_faith"]["leaps"]:
        surprise, regret = leap["surprise"], leap["regret"]
        labels = f", {leap['labels']} labels" if leap["labels"] else ""
        lines.append(
            [
                f"{leap['rule']}{labels}",
                share(leap["believed"], None, None),
                share(leap["actual"], None, None),
                DASH if surprise is None else share(surprise["estimate"], surprise["low"], surprise["high"]),
                DASH if regret is None else share(regret["estimate"], regret["low"], regret["high"]),
            ]
        )
    return _table(["chosen by", "believed", "true", "believed minus true", "regret in PGR"], lines)


def _mends() -> str:
    lines = []
    for test in numbers()["battery"]["disanalogies"].values():
        effects = [effect for effect in test["mend_effects"] if effect is not None]
        if effects:
            last = effects[-1]
            found = share(last["estimate"], last["low"], last["high"])
            lines.append([test["title"], test["mended_by"], test["settings"][-1]["name"], found])
    return _table(["disanalogy", "mend", "at", "changes PGR by"], lines)


def _detectors(trusted: str) -> str:
    found = numbers()["deception"]
    by_analog = [(one, one["detectors"][trusted]) for one in found["analogs"]]
    kinds = list(dict.fromkeys(kind for _, detectors in by_analog for kind in detectors))

    def cells(by_kind: Mapping[str, Any]) -> list[str]:
        return [share(by_kind[kind]["estimate"]) if kind in by_kind else DASH for kind in kinds]

    lines = [
        [f"{one['kind']} {one['strength']:g}", *cells({kind: known["auroc"] for kind, known in detectors.items()})]
        for one, detectors in by_analog
    ]
    return _table(["analog, strength", *kinds], [*lines, ["worst", *cells(found["worst"][trusted])]])


def _fooled() -> str:
    found = numbers()["deception"]
    lines = [
        [
            f"{one['kind']} {one['strength']:g}",
            share(one["accuracy"]),
            share(one["mistakes"]),
            share(one["agreement"]),
            share(one["honest_agreement"]),
        ]
        for one in found["analogs"]
    ]
    head = ["analog, strength", "accuracy", "mistakes", "agrees with weak labels", "an honest student agrees"]
    return _table(head, lines)


TABLES: Mapping[str, Callable[[], str]] = {
    "ladder": _ladder,
    "pretraining": _pretraining,
    "gap": lambda: _gap("probe"),
    "gap-direct": lambda: _gap("probe", "direct"),
    "trained": _trained,
    "next-rung": _next_rung,
    "faithful": _faithful,
    "draws": _draws,
    "battery": _battery,
    "mends": _mends,
    "faith": _faith,
    "detectors": lambda: _detectors("100"),
    "detectors-25": lambda: _detectors("25"),
    "fooled": _fooled,
}
