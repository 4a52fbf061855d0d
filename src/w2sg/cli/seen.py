"""What the commands of theory share: which runs are meant, audits, progress."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from w2sg.cli.console import existing_store, load_plugins, progress_bar
from w2sg.core.errors import InputError

if TYPE_CHECKING:
    from w2sg.lab import Study
    from w2sg.theory import ObservedStudy

Audits = Annotated[
    str, typer.Option("--labels", help="Numbers of audited labels, with commas; 0 buys none.", metavar="K,...")
]


def audits_of(text: str) -> tuple[int, ...]:
    """Return numbers of audited labels, each once, without 0.

    Raises:
        InputError: It is no list of numbers of at least 0.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() for part in parts):
        raise InputError(f"--labels takes numbers of labels with commas, such as 50,200; got {text!r}")
    return tuple(sorted({int(part) for part in parts} - {0}))


def study_of(name: str, store: Path | None) -> "Study":
    """Return a study by its file, or by the name under which the store has it."""
    from w2sg.lab import Study, known_study

    return Study.read(name) if name.endswith(".toml") else known_study(name, store=existing_store(store))


def observed(
    name: str, store: Path | None, audits: tuple[int, ...], workers: int | None, plugins: Sequence[str] | None
) -> "ObservedStudy":
    """Return what was observed of a study (by file or name) or of one run (by the start of its id).

    A study names its own plugins.
    """
    from w2sg.graph import Store
    from w2sg.theory import observe_run, observe_study

    load_plugins(plugins)
    if not name.endswith(".toml"):
        folder = existing_store(store)
        with Store(folder) as opened:
            known = name in opened.collections()
            run = None if known else opened.find(name)
        if run is not None:
            return observe_run(run, store=folder, audits=audits, plugins=plugins or ())
        if not known:
            raise InputError(
                f"store {folder} has no study {name!r}, and no run (or several) whose id starts so: see 'w2sg runs'"
            )
    with watching() as progress:
        return observe_study(study_of(name, store), store=store, audits=audits, workers=workers, progress=progress)


@contextmanager
def watching() -> Iterator[Callable[[str, int, int], None]]:
    """Show progress of several stages, one bar after the other."""
    with ExitStack() as stack:
        going: dict[str, Callable[[int, int], None]] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in going:
                stack.close()
                going[stage] = stack.enter_context(progress_bar(stage))
            going[stage](done, total)

        yield show
