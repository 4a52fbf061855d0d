"""The worlds of a study: one choice made otherwise in each, and on request several at once."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

from w2sg.batteries.multiverse.contract import Analysis, AnalystChoice
from w2sg.batteries.multiverse.results import Chosen, OpenChoice
from w2sg.core import CapabilityError, InputError, derive

MOST_WORLDS = 10_000
"""Beyond these nobody waits for them all: some can be drawn."""


def open_choices(choices: Sequence[AnalystChoice], analyses: Sequence[Analysis]) -> tuple[OpenChoice, ...]:
    """Return what each choice leaves open in a study.

    Raises:
        InputError: If no choice fits any of its setups, or two have one title.
    """
    found = tuple(_open(choice, analyses) for choice in choices)
    titles = [one.title for one in found]
    if twice := [title for title in titles if titles.count(title) > 1]:
        raise InputError(f"two choices are called {twice[0]!r}: name each once")
    if not any(one.options for one in found):
        reasons = "; ".join(f"{one.title}: {', '.join(one.left_out)}" for one in found)
        raise InputError(f"nothing about this study could have been chosen otherwise: {reasons}")
    return found


def _open(choice: AnalystChoice, analyses: Sequence[Analysis]) -> OpenChoice:
    options: dict[str, None] = {}
    reasons: dict[str, None] = {}
    for analysis in analyses:
        try:
            options |= dict.fromkeys(choice.options(analysis))
        except CapabilityError as reason:
            reasons[str(reason)] = None
    return OpenChoice(choice, tuple(options), tuple(reasons))


def declared(choices: Sequence[OpenChoice], *, full: bool = False, drawn: int = 0) -> list[Chosen]:
    """Return all worlds: the study as it is, each with one choice made otherwise, then those with several.

    Args:
        choices: What is open.
        full: Whether to return all combinations.
        drawn: How many combinations to draw at random, always the same ones; not with `full`.

    Raises:
        InputError: If there are too many, or `drawn` is negative or stands beside `full`.
    """
    if drawn < 0 or (full and drawn):
        raise InputError(f"draw at least 0 worlds, or take all of them, got drawn = {drawn} and full = {full}")
    single = [((one.title, option),) for one in choices for option in one.options]
    sizes = [1 + len(one.options) for one in choices]
    total = math.prod(sizes)
    if (total if full else 1 + len(single) + drawn) > MOST_WORLDS:
        raise InputError(f"a multiverse has at most {MOST_WORLDS:,} worlds, of {total:,} here: draw fewer of them")
    several = total - 1 - len(single)
    if full or drawn >= several:
        # Drawn with all, so that asking for as many as there are is the same as asking for all.
        numbers = range(total if full or drawn else 0)
    else:
        # Some of those drawn have one choice or none made otherwise: so many more are drawn, and the rest is cut off.
        size = min(total, drawn + 1 + len(single))
        numbers = derive(0, "multiverse").choice(total, size=size, replace=False).tolist() if drawn else range(0)
    combined = [chosen for number in numbers if len(chosen := _combination(choices, sizes, number)) > 1]
    return [(), *single, *(combined if full else combined[:drawn])]


def _combination(choices: Sequence[OpenChoice], sizes: Sequence[int], number: int) -> Chosen:
    """Return the combination of a number: its digits, to the base of each choice's size, say what is chosen."""
    chosen = []
    for one, size in zip(choices, sizes, strict=True):
        number, digit = divmod(number, size)
        if digit:
            chosen.append((one.title, one.options[digit - 1]))
    return tuple(chosen)


def in_world(analysis: Analysis, choices: Sequence[OpenChoice], chosen: Chosen) -> Analysis:
    """Return an analysis with choices made otherwise; one that does not fit it leaves it as it is."""
    wanted = dict(chosen)
    for one in choices:
        if one.title in wanted:
            analysis = _options(one.choice, analysis).get(wanted[one.title], analysis)
    return analysis


@lru_cache(maxsize=4096)
def _options(choice: AnalystChoice, analysis: Analysis) -> Mapping[str, Analysis]:
    """Return the options of a choice, none where it does not fit; combinations begin alike, so most ask again."""
    try:
        return choice.options(analysis)
    except CapabilityError:
        return {}
