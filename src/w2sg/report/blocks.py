"""`python -m w2sg.report.blocks PAGE...`: the numbers of a Markdown page, written by the program it is about.

A block stands between `<!-- w2sg ... -->` and `<!-- end -->`. What is between is replaced, and nothing else:

- `oracle NAME --set key=value --only a,b`: what `w2sg oracle` prints, or the quantities named, as a table;
- `oracle NAME --each key=v1,v2 --only a,b`: the same world at several values, one row for each;
- `value NAME QUANTITY key=value`: one exact number of an oracle, within a line;
- `call MODULE.FUNCTION 0.4 0.2`: what a function of `w2sg.theory` gives, within a line;
- `theory score`: the findings of the scoreboard's page.

Within a line there is no `--`, which some readers of Markdown do not take in a comment there.
"""

import importlib
import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from w2sg.core import InputError, registry
from w2sg.lab import parse_setting
from w2sg.report.offline import write_whole
from w2sg.worlds import Simulation, World

SEED = 0
"""Seed of simulations: what `w2sg oracle` takes by default."""
SCORES = "theory-scores.md"
"""The scoreboard's page, in the folder above that of the page or beside it."""
FINDINGS = "Findings"
UNMADE = (
    f"Not made yet: `w2sg theory score studies/theory.toml -o docs/{SCORES}` makes the scoreboard, and `python -m "
    "w2sg.report.blocks` with the name of this page brings its findings here."
)
BLOCK = re.compile(r"<!-- w2sg (?P<words>.*?) -->(?P<body>.*?)<!-- end -->", re.DOTALL)
DASH = "–"
ROUNDING = 1e-12
"""An exact number below this is 0."""
Results = Mapping[str, tuple[float | None, Simulation | None]]


def rewritten(text: str, scores: str | None = None, *, simulate: bool = True) -> str:
    """Return a page with every block made anew.

    Args:
        text: The page.
        scores: The scoreboard's page; None if it was not made.
        simulate: Whether oracles are simulated; if not, there are dashes in the place of simulated numbers.

    Raises:
        InputError: A block has no end, or says what there is not.
    """

    def made(found: re.Match[str]) -> str:
        words = found["words"]
        if "<!-- w2sg" in found["body"]:
            raise InputError(f"block 'w2sg {words}' has no end: close it by <!-- end --> before the next one begins")
        kind, *rest = shlex.split(words)
        within: dict[str, Callable[[], str]] = {"value": lambda: _value(rest), "call": lambda: _call(rest)}
        apart: dict[str, Callable[[], str]] = {
            "oracle": lambda: _oracle(rest, simulate),
            "theory": lambda: _theory(rest, scores),
        }
        if kind in within:
            return f"<!-- w2sg {words} -->{within[kind]()}<!-- end -->"
        if kind not in apart:
            raise InputError(f"a block is one of {', '.join([*apart, *within])}, got {kind!r}")
        return f"<!-- w2sg {words} -->\n{apart[kind]()}\n<!-- end -->"

    return BLOCK.sub(made, text)


def findings_of(scores: str) -> str:
    """Return the findings of the scoreboard's page.

    Raises:
        InputError: It has none.
    """
    found = re.search(rf"^## {FINDINGS}\n(.*?)(?=^## |\Z)", scores, re.MULTILINE | re.DOTALL)
    if found is None:
        raise InputError(f"the scoreboard's page must have a section '## {FINDINGS}': write it again")
    return found[1].strip()


def shown(value: float | None) -> str:
    """Return a number with four significant digits, a dash for None.

    >>> shown(0.672268), shown(203.0), shown(-1e-17), shown(None)
    ('0.6723', '203', '0', '–')
    """
    if value is None:
        return DASH
    return "0" if abs(value) < ROUNDING else f"{value:.4g}"


def _oracle(words: Sequence[str], simulate: bool) -> str:
    if not words:
        raise InputError("an oracle block names its oracle, such as: oracle mixture --set mu=1.5")
    name, options = words[0], _options(words[1:])
    settings = dict(parse_setting(text) for text in options["set"])
    only = [key for text in options["only"] for key in text.split(",")]
    if not options["each"]:
        results = _results(name, settings, only, simulate)
        return _table(["quantity", "exact", "simulated"], [[key, *_both(*both)] for key, both in results.items()])
    key, _, values = options["each"][0].partition("=")
    each = [dict([parse_setting(f"{key}={value}")]) for value in values.split(",")]
    found = [_results(name, settings | one, only, simulate) for one in each]
    columns = list(dict.fromkeys(quantity for results in found for quantity in results))
    head = [key, *(title for column in columns for title in (column, f"{column}, simulated"))]
    rows = [
        [value, *(cell for one in columns for cell in _both(*results.get(one, (None, None))))]
        for value, results in zip(values.split(","), found, strict=True)
    ]
    return _table(head, rows)


def _options(words: Sequence[str]) -> dict[str, list[str]]:
    """Return the values of `--set`, `--each` and `--only`."""
    found: dict[str, list[str]] = {"set": [], "each": [], "only": []}
    for option, value in zip(words[::2], words[1::2], strict=False):
        if not option.startswith("--") or option[2:] not in found:
            raise InputError(f"an oracle block takes --set, --each and --only, got {option!r}")
        found[option[2:]].append(value)
    if len(words) % 2 or len(found["each"]) > 1:
        raise InputError("each option of an oracle block has one value, and --each stands once at most")
    return found


def _built(name: str, settings: Mapping[str, Any]) -> World:
    return registry.build(World, {"kind": name, **settings})


def _results(name: str, settings: Mapping[str, Any], only: Sequence[str], simulate: bool) -> Results:
    """Return exact and simulated numbers of a world by quantity, those that `w2sg oracle` prints."""
    from threadpoolctl import threadpool_limits

    world = _built(name, settings)
    exact = world.exact()
    simulated: Mapping[str, Simulation] = {}
    if simulate:
        with threadpool_limits(1):
            simulated = world.simulated(SEED)
        unknown = [key for key in only if key not in {**exact, **simulated}]
        if unknown:
            raise InputError(f"oracle {name} has no {', '.join(unknown)}; it has {', '.join({**exact, **simulated})}")
    return {key: (exact.get(key), simulated.get(key)) for key in only or {**exact, **simulated}}


def _both(exact: float | None, simulated: Simulation | None) -> tuple[str, str]:
    """Return the cells of an exact and of a simulated number with its standard error."""
    if simulated is None:
        return shown(exact), DASH
    error = "" if simulated.se is None else f" ± {0 if simulated.se < ROUNDING else simulated.se:.2g}"
    return shown(exact), f"{shown(simulated.value)}{error}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table without the columns that have nothing but dashes."""
    kept = [place for place in range(len(head)) if not place or any(row[place] != DASH for row in rows)]
    lines = [[line[place] for place in kept] for line in (head, ["---", *["---:"] * (len(head) - 1)], *rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _value(words: Sequence[str]) -> str:
    if len(words) < 2:
        raise InputError("a value block names an oracle and a quantity, such as: value mixture gain mu=1.5")
    name, quantity, *settings = words
    exact = _built(name, dict(parse_setting(text) for text in settings)).exact()
    if quantity not in exact:
        raise InputError(f"oracle {name} has no exact {quantity}; it has {', '.join(exact)}")
    return shown(exact[quantity])


def _call(words: Sequence[str]) -> str:
    """Return what a function of `w2sg.theory` gives for numbers."""
    where, _, name = (words[0] if words else "").rpartition(".")
    if not re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", where):
        raise InputError(
            f"a call block names a module and a function of w2sg.theory, then numbers, got {' '.join(words)!r}"
        )
    function = getattr(importlib.import_module(f"w2sg.theory.{where}"), name)
    return shown(float(function(*(float(word) for word in words[1:]))))


def _theory(words: Sequence[str], scores: str | None) -> str:
    if list(words) != ["score"]:
        raise InputError(f"a theory block is 'theory score', got {' '.join(['theory', *words])!r}")
    return UNMADE if scores is None else findings_of(scores)


def scores_beside(page: Path) -> str | None:
    """Return the text of the scoreboard's page that belongs to a page, or None."""
    found = [folder / SCORES for folder in (page.parent, page.parent.parent) if (folder / SCORES).is_file()]
    return found[0].read_text(encoding="utf-8") if found else None


def rewrite(page: Path) -> bool:
    """Make the blocks of a file anew, and return whether it changed.

    Raises:
        InputError: There is no such file, or a block is wrong.
        StoreError: The file cannot be written.
    """
    if not page.is_file():
        raise InputError(f"page {page} does not exist")
    text = page.read_text(encoding="utf-8")
    made = rewritten(text, scores_beside(page))
    if made != text:
        write_whole(page, made)
    return made != text


if __name__ == "__main__":
    for path in sys.argv[1:]:
        sys.stdout.write(f"{path}: {'changed' if rewrite(Path(path)) else 'as it was'}\n")
