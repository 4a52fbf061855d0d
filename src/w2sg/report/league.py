"""The page of a league: Markdown with figures beside it, or one offline HTML file."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from w2sg.lab import League
from w2sg.report import formatting as fmt
from w2sg.report.canvas import Drawing
from w2sg.report.league_figures import league_figures
from w2sg.report.league_tables import arena_table, halves_rows, league_findings, standings_table, verdicts_table
from w2sg.report.markdown import markdown_page, write_page
from w2sg.report.offline import embedded, environment, page_parts


def write_league(league: League, path: str | Path, *, command: str | None = None) -> Path:
    """Write a league as a page, as in `write_page`; the same league gives the same bytes.

    Args:
        league: The league.
        path: The file to write, `.md` or `.html`.
        command: The command that makes the page, to be shown; None shows `w2sg league` with the study's name.
    """
    return write_page(
        path,
        lambda: league_html(league, command=command),
        lambda folder, drawings: league_markdown(league, folder, drawings, command=command),
        lambda: league_figures(league),
    )


def league_markdown(
    league: League, folder: str, drawings: Sequence[Drawing] | None = None, *, command: str | None = None
) -> str:
    """Return a league as Markdown that links to its figures.

    Args:
        league: The league.
        folder: The folder of the figures, as links name it.
        drawings: The figures; None draws them.
        command: As in `write_league`.
    """
    shown = league_figures(league) if drawings is None else drawings
    return markdown_page("league.md.jinja", _context(league, command), folder, shown)


def league_html(league: League, *, command: str | None = None) -> str:
    """Return a league as the text of one HTML file that asks the network for nothing.

    Args:
        league: The league.
        command: As in `write_league`.
    """
    from markupsafe import Markup

    page = (
        environment()
        .get_template("league.html.jinja")
        .render(
            **_context(league, command),
            counts=_counts(league),
            figures=[(drawing, Markup(drawing.svg)) for drawing in league_figures(league)],  # noqa: S704 - made here
            data=embedded(league.to_dict()),
            version=version("w2sg"),
            **page_parts(),
        )
    )
    return page.rstrip() + "\n"


def _context(league: League, command: str | None) -> dict[str, Any]:
    seeds = f"seeds {league.seeds[0]} to {league.seeds[-1]}" if _consecutive(league.seeds) else _listed(league.seeds)
    return {
        "league": league,
        "command": command or f"w2sg league {league.study}",
        "lead": _lead(league),
        "runs": f"{fmt.quantity(league.n_runs, 'run')}, {seeds}",
        "versions": "Versions: " + ", ".join(f"{name} {number}" for name, number in league.versions.items()),
        "findings": league_findings(league),
        "standings": standings_table(league),
        "verdicts": verdicts_table(league),
        "halves": halves_rows(league),
        "arenas": [arena_table(league, arena, index) for index, arena in enumerate(league.arenas, start=1)],
    }


def _lead(league: League) -> str:
    return (
        f"{fmt.quantity(len(league.standings), 'method')} of weak-to-strong generalization compared on "
        f"{fmt.quantity(len(league.tasks), 'task')} ({', '.join(league.tasks)}). In each arena (a task, a weak "
        "supervisor and a student) every method learns from the same weak labels under the same seeds and is compared "
        f"with {league.reference} on the same test examples."
    )


def _counts(league: League) -> list[tuple[str, str]]:
    numbers = {"run": league.n_runs, "seed": len(league.seeds), "task": len(league.tasks)}
    numbers |= {"arena": len(league.arenas), "method": len(league.standings)}
    return [(fmt.count(n), noun if n == 1 else f"{noun}s") for noun, n in numbers.items()]


def _consecutive(seeds: tuple[int, ...]) -> bool:
    return len(seeds) > 1 and seeds == tuple(range(seeds[0], seeds[-1] + 1))


def _listed(seeds: tuple[int, ...]) -> str:
    return f"{'seed' if len(seeds) == 1 else 'seeds'} {fmt.listed([str(seed) for seed in seeds])}"
