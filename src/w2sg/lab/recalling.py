"""Studies that the store knows by their names."""

from collections.abc import Sequence
from pathlib import Path

from w2sg.core import ConfigError, InputError, UnknownNameError
from w2sg.graph import Store
from w2sg.lab.results import StudyResult
from w2sg.lab.runs import default_store
from w2sg.lab.studies import Study, study


def recall(name: str, *, store: str | Path | None = None, plugins: Sequence[str] = ()) -> StudyResult:
    """Return the table of a study that the store holds, making what is missing.

    Args:
        name: The study's name.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        plugins: Python files that register components: those that the store names are not run.

    Returns:
        The study's result.

    Raises:
        InputError: If the store has no study of this name, or it needs plugins that were not given.
    """
    return study(known_study(name, store=store, plugins=plugins), store=store, yes=True)


def known_study(name: str, *, store: str | Path | None = None, plugins: Sequence[str] = ()) -> Study:
    """Return a study of which the store holds the definition; its plugins are those given here.

    Raises:
        InputError: If the store has no study of this name, or it needs plugins that were not given.
    """
    folder = default_store() if store is None else Path(store)
    with Store(folder) as opened:
        definition, known = opened.collection(name), opened.collections()
    if definition is None:
        raise InputError(
            f"store {folder} has no study {name!r}: it has {', '.join(known) or 'none'}; run 'w2sg study FILE'"
        )
    try:
        found = Study.parse(definition)
    except ConfigError as error:
        raise error.under(f"study {name!r} of store {folder}") from None
    # A store may come from anywhere, so what it names is not run. Who has the study's file has its plugins too.
    given = found.model_copy(update={"plugins": tuple(plugins)})
    if found.plugins and not plugins:
        try:
            given.setups()
        except UnknownNameError as error:
            raise InputError(
                f"{error}; study {name!r} was made with the plugins {', '.join(found.plugins)}, and what a store names "
                "is not run: give those that you trust by --plugin, or give the study's file"
            ) from None
    return given
