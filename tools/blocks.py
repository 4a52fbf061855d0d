"""`python -m tools.blocks PAGE...`: the numbers of a Markdown page, written by the program it is about.

A block stands between `<!-- w2sg ... -->` and `<!-- end -->`. What is between is replaced, and nothing else:

- `world NAME --set key=value --only a,b`: what `w2sg world simulate` prints, or the quantities named, as a table;
- `world NAME --each key=v1,v2 --only a,b`: the same world at several values, one row for each;
- `value NAME QUANTITY key=value`: one exact number of a world, within a line;
- `call MODULE.FUNCTION 0.4 0.2`: what a function of `w2sg.theory` gives, within a line;
- `example QUESTION NAME`: what is known of the run that goes through the treatise (`tools.example`), within a line;
- `fact-world TABLE`: a table of what the fact world shows, from numbers that are kept beside the pages;
- `library FAMILY`: the desiderata of a family; `pillars`: how many claims and questions the agenda has.

Within a line there is no `--`, which some readers of Markdown do not take in a comment there.
"""

import importlib
import math
import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools import fact_world, requirements
from tools.example import told
from w2sg.core import InputError, Quantity, Theory, registry
from w2sg.lab import parse_setting
from w2sg.theory import Certificate
from w2sg.worlds import Simulation, World

WORLD = "world"
"""The word by which a block asks for a world."""
SEED = 0
"""Seed of simulations, as `w2sg world simulate` takes by default."""
BLOCK = re.compile(r"<!-- w2sg (?P<words>.*?) -->(?P<body>.*?)<!-- end -->", re.DOTALL)
DASH = "–"
ROUNDING = 1e-12
"""An exact number below this is 0."""
Results = Mapping[str, tuple[float | None, Simulation | None]]
"""Exact and simulated numbers by quantity; None where a world has only the other."""


def rewritten(text: str, *, simulate: bool = True) -> str:
    """Return a page with every block made anew.

    Args:
        text: The page.
        simulate: Whether worlds are simulated and the example is run; if not, there are dashes in the place of
            simulated numbers, and those of the example stay as they are.

    Raises:
        InputError: A block has no end, or says what there is not.
    """

    def block_made_anew(block: re.Match[str]) -> str:
        words, body = block["words"], block["body"]
        # The search goes to the first end there is. If that is the end of a later block, this one has none of its own,
        # and replacing the body would swallow the text between the two.
        if "<!-- w2sg" in body:
            raise InputError(f"block 'w2sg {words}' has no end: close it by <!-- end --> before the next one begins")
        kind, *arguments = shlex.split(words)
        within_a_line: dict[str, Callable[[], str]] = {
            "value": lambda: _value(arguments),
            "call": lambda: _call(arguments),
            "example": lambda: _example(arguments) if simulate else body,
        }
        on_lines_of_its_own: dict[str, Callable[[], str]] = {
            WORLD: lambda: _world_table(arguments, simulate),
            "fact-world": lambda: fact_world.table(" ".join(arguments)),
            "library": lambda: requirements.library(" ".join(arguments)),
            "pillars": requirements.pillars,
        }
        if kind in within_a_line:
            return f"<!-- w2sg {words} -->{within_a_line[kind]()}<!-- end -->"
        if kind not in on_lines_of_its_own:
            raise InputError(f"a block is one of {', '.join([*on_lines_of_its_own, *within_a_line])}, got {kind!r}")
        return f"<!-- w2sg {words} -->\n{on_lines_of_its_own[kind]()}\n<!-- end -->"

    return BLOCK.sub(block_made_anew, text)


def shown(value: float | None) -> str:
    """Return a number with four significant digits, a dash for None.

    >>> shown(0.672268), shown(203.0), shown(-1e-17), shown(None)
    ('0.6723', '203', '0', '–')
    """
    if value is None:
        return DASH
    return "0" if abs(value) < ROUNDING else f"{value:.4g}"


def _world_table(words: Sequence[str], simulate: bool) -> str:
    """Return the quantities of a world as a table: one row each, or with `--each` one row for each value."""
    if not words:
        raise InputError(f"a block {WORLD!r} names a world, such as: {WORLD} mixture --set mu=1.5")
    name, options = words[0], _options(words[1:])
    settings = dict(parse_setting(text) for text in options["set"])
    only = [quantity for text in options["only"] for quantity in text.split(",")]
    if not options["each"]:
        results = _results(name, settings, only, simulate)
        return _table(["quantity", "exact", "simulated"], [[key, *_cells(*both)] for key, both in results.items()])
    key, _, values = options["each"][0].partition("=")
    by_value = {
        value: _results(name, settings | dict([parse_setting(f"{key}={value}")]), only, simulate)
        for value in values.split(",")
    }
    # At some values a world may lack a quantity that it has at others: the columns are all that any value has.
    quantities = list(dict.fromkeys(quantity for results in by_value.values() for quantity in results))
    head = [key, *(title for quantity in quantities for title in (quantity, f"{quantity}, simulated"))]
    rows = [
        [value, *(cell for quantity in quantities for cell in _cells(*results.get(quantity, (None, None))))]
        for value, results in by_value.items()
    ]
    return _table(head, rows)


def _options(words: Sequence[str]) -> dict[str, list[str]]:
    """Return the values of `--set`, `--each` and `--only`."""
    options: dict[str, list[str]] = {"set": [], "each": [], "only": []}
    for option, value in zip(words[::2], words[1::2], strict=False):
        if not option.startswith("--") or option[2:] not in options:
            raise InputError(f"a block {WORLD!r} takes --set, --each and --only, got {option!r}")
        options[option[2:]].append(value)
    if len(words) % 2 or len(options["each"]) > 1:
        raise InputError(f"each option of a block {WORLD!r} has one value, and --each stands once at most")
    return options


def _world(name: str, settings: Mapping[str, Any]) -> World:
    return registry.build(World, {"kind": name, **settings})


def _results(name: str, settings: Mapping[str, Any], only: Sequence[str], simulate: bool) -> Results:
    """Return exact and simulated numbers of a world by quantity, those that `w2sg world simulate` prints."""
    from threadpoolctl import threadpool_limits

    world = _world(name, settings)
    exact = world.exact()
    simulated: Mapping[str, Simulation] = {}
    if simulate:
        # Sums come out in another order with another number of threads: one thread gives the same digits everywhere.
        with threadpool_limits(1):
            simulated = world.simulated(SEED)
        unknown = [quantity for quantity in only if quantity not in {**exact, **simulated}]
        if unknown:
            raise InputError(f"{WORLD} {name} has no {', '.join(unknown)}; it has {', '.join({**exact, **simulated})}")
    return {quantity: (exact.get(quantity), simulated.get(quantity)) for quantity in only or {**exact, **simulated}}


def _cells(exact: float | None, simulated: Simulation | None) -> tuple[str, str]:
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
        raise InputError("a block 'value' names a world and a quantity, such as: value mixture gain mu=1.5")
    name, quantity, *settings = words
    exact = _world(name, dict(parse_setting(text) for text in settings)).exact()
    if quantity not in exact:
        raise InputError(f"{WORLD} {name} has no exact {quantity}; it has {', '.join(exact)}")
    return shown(exact[quantity])


def _call(words: Sequence[str]) -> str:
    """Return what a function of `w2sg.theory` gives for numbers."""
    where, _, name = (words[0] if words else "").rpartition(".")
    if not re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", where):
        raise InputError(
            f"a block 'call' names a module and a function of w2sg.theory, then numbers, got {' '.join(words)!r}"
        )
    function = getattr(importlib.import_module(f"w2sg.theory.{where}"), name)
    return shown(float(function(*(float(word) for word in words[1:]))))


def _example(words: Sequence[str]) -> str:
    """Return a number of the example: to two digits of its error, or with its interval."""
    one = told(words)
    if isinstance(one, Quantity):
        if not one.se:
            return shown(one.value)
        decimals = max(0, 1 - math.floor(math.log10(one.se)))
        return f"{one.value:.{decimals}f} ± {one.se:.{decimals}f}"
    low, high = one.low, one.high
    if isinstance(one, Certificate):
        bounds = (("at least", low), ("at most", high))
        return " and ".join(f"{side} {end:.3f}" for side, end in bounds if end is not None)
    if one.mean is not None:
        if registry.build(Theory, one.theory).says == "between":
            return f"between {low:.3f} and {high:.3f}"
        return f"{one.mean:.3f} [{low:.3f}, {high:.3f}]"
    # A number that rounds to 0 has no sign.
    return "nothing" if one.formula is None else f"nothing (its formula: {round(one.formula, 3) + 0.0:.3f})"


def rewrite(page: Path) -> bool:
    """Make the blocks of a file anew, and return whether it changed.

    Raises:
        InputError: There is no such file, or a block is wrong.
    """
    if not page.is_file():
        raise InputError(f"page {page} does not exist")
    text = page.read_text(encoding="utf-8")
    anew = rewritten(text)
    if anew != text:
        page.write_text(anew, encoding="utf-8")
    return anew != text


if __name__ == "__main__":
    for path in sys.argv[1:]:
        sys.stdout.write(f"{path}: {'changed' if rewrite(Path(path)) else 'as it was'}\n")
