"""Studies and runs found again in a store: by the study, by names and titles of parts, by numbers."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from w2sg.core import InputError, StoreError, canonical_json
from w2sg.graph import REFUSED, Result, Store
from w2sg.lab.results import StudyResult
from w2sg.lab.runs import existing_store, known_run, pgr_of_run, result_of
from w2sg.lab.setup import PARTS
from w2sg.lab.shipped import named_file
from w2sg.lab.studies import Study, known_study, knows_study, study, study_by_name

TITLE = '"title":'
"""How JSON begins a title."""


@dataclass(frozen=True, eq=False)
class FoundRun:
    """A stored run, and the studies that have it.

    Attributes:
        result: The run, as the store lists it.
        studies: Names of the studies that have it, the newest first.
        titles: What the first of them calls its parts: those to which it gives a title.
    """

    result: Result
    studies: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> dict[str, str]:
        """The names of its parts as the study shows them."""
        return {part: self.titles.get(part, str(self.result.shown.get(part, "-"))) for part in PARTS}

    @property
    def shown(self) -> dict[str, Any]:
        """What it is listed with; the PGR of this run alone is None where its gap is below the minimum."""
        return {**self.result.shown, "pgr": pgr_of_run(self.result)}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        found = self.result
        names = {"studies": list(self.studies), "titles": dict(self.titles)}
        return {"id": found.key, "seed": found.seed, **self.shown, **names, "created": found.created}


def find_runs(
    store: Store,
    *,
    study: str | None = None,
    where: Mapping[str, str | float] | None = None,
    sort: str | None = None,
    limit: int | None = None,
) -> list[FoundRun]:
    """Return runs, the newest or the largest first, with the titles of the study that has them.

    Args:
        store: The store.
        study: Only those of this study, which then gives the titles; None takes the newest study that has a run.
        where: What they must have, by name: a part by its name or by its title in a study, `seed`, a number.
        sort: Sort by this name, the largest first; what has none is left out, such as a PGR over a gap below the
            minimum. None sorts by age, newest first.
        limit: At most so many.

    Raises:
        InputError: If the store has no such study, or a name is no name.
        StoreError: If a row of the store is damaged.
    """
    titled = _Titles(store)
    if study is not None:
        check_study(store, study)
    conditions = where or {}
    also = {
        part: titled.setups(part, str(conditions[part]), [study] if study else store.collections())
        for part in PARTS
        if part in conditions
    }
    # Runs whose method did not fit have no numbers and would only be rows of dashes.
    by_pgr = sort == "pgr"
    most = None if by_pgr else limit
    found = store.results(where=conditions, also=also, member_of=study, sort=sort, limit=most, without=REFUSED)
    if by_pgr:
        # A ratio over a small gap would stand first by luck alone.
        found = [result for result in found if pgr_of_run(result) is not None][:limit]
    return [titled.found(result, study) for result in found]


def check_study(store: Store, name: str) -> None:
    """Raise InputError if the store has no study of this name."""
    known = store.collections()
    if name not in known:
        raise InputError(
            f"store {store.root} has no study {name!r}: it has {', '.join(known) or 'none'}; run 'w2sg study FILE'"
        )


def study_or_run(name: str, *, store: str | Path | None = None, plugins: Sequence[str] = ()) -> Study | Result:
    """Return the study of a name, as `study_by_name` does, or the run whose id begins so.

    A study that the store has goes before a run, whose id it might look like; a run before what comes with the package.

    Raises:
        InputError: If there is neither.
    """
    if not (name.endswith(".toml") or knows_study(store, name)):
        run = _run_of(store, name)
        if run is not None:
            return run
        if not named_file(name, "studies").is_file():
            raise InputError(
                f"store {existing_store(store)} has no study {name!r}, and no run (or several) whose id starts so: "
                "see 'w2sg runs'"
            )
    return study_by_name(name, store=store, plugins=plugins)


def _run_of(store: str | Path | None, prefix: str) -> Result | None:
    """Return the run whose id begins so; None where there is none, or no store."""
    with suppress(InputError), Store(existing_store(store)) as opened:
        return opened.find(prefix)
    return None


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


def details_of(prefix: str, folder: Path) -> tuple[FoundRun, dict[str, Any]]:
    """Return a stored run, and all that is known of it as plain data.

    Raises:
        InputError: If no run's id begins so, or several do.
        StoreError: If its result is lost.
    """
    run = known_run(folder, prefix)
    with Store(folder) as store:
        result = result_of(store, run.key, store.record(run.key) or {})
        found = _Titles(store).found(run)
    if "metrics" not in result and REFUSED not in run.shown:
        raise StoreError(f"run {run.key[:12]} has lost its result: 'w2sg cache verify' says more; make the run again")
    about = dict(run.about)
    names = {"studies": list(found.studies), "titles": dict(found.titles)}
    return found, {"id": run.key, "seed": run.seed, **names, "setup": about, "config": _digest(about), **result}


class _Titles:
    """The titles that the studies of a store give, each study read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[Study, Mapping[str, str]]] = {}

    def found(self, result: Result, study: str | None = None) -> FoundRun:
        """Return a run with the studies that have it; titles are those of `study`, or of the newest."""
        studies = self._store.collections_of(result.key)
        shown = study or next(iter(studies), None)
        known = None if shown is None else self._read(shown)
        titles = {part: known[1].get(_digest(result.about[part])) for part in PARTS} if known else {}
        return FoundRun(result, tuple(studies), {part: title for part, title in titles.items() if title})

    def setups(self, part: str, title: str, studies: list[str]) -> list[str]:
        """Return the digests of the setups of which a study gives this part this title."""
        digests: list[str] = []
        for name in studies:
            known = self._read(name)
            if known and title in known[1].values():
                digests += [
                    setup.digest()
                    for setup in known[0].setups()
                    if known[1].get(getattr(setup, part).digest()) == title
                ]
        return digests

    def _read(self, name: str) -> tuple[Study, Mapping[str, str]] | None:
        """Return a study with its titles; None where it has none, or its parts are not known here."""
        if name not in self._known:
            with suppress(InputError, StoreError):
                definition = self._store.collection(name) or {}
                # Building a study loads every room, and most have no titles.
                if TITLE in canonical_json(definition):
                    # What a store names is not run: parts of plugins have titles where these are loaded already.
                    study = Study.parse(definition).model_copy(update={"plugins": ()})
                    self._known[name] = study, study.titles()
        return self._known.get(name)


def _digest(plain: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(plain).encode()).hexdigest()
