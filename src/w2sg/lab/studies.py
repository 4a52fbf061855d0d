"""A study: setups and seeds declared in one file, made into runs, and its table."""

import itertools
import math
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from w2sg.core import (
    CapabilityError,
    ClassProbabilities,
    Component,
    ConfigError,
    InputError,
    Method,
    Signal,
    Task,
    registry,
)
from w2sg.graph import Launcher, Progress, Store
from w2sg.isolation import load_plugins, loading_again, plugin_from
from w2sg.lab.comparisons import compare_methods
from w2sg.lab.results import SetupResult, StudyResult, summarise
from w2sg.lab.runs import MadeRuns, default_store, make_runs
from w2sg.lab.setup import PARTS, Setup, Spec, make_setup, named_methods

MOST_RUNS = 1_000_000
DEFAULT_SEEDS = 8
Entry = str | dict[str, Any]
OUTSIDE = ("grid", "title")
"""What an entry may hold beside the fields of its component."""
OF_TASK = ("supervisors", "students", "without")
"""What a task's entry may hold beside these: lists for this task alone."""


class Study(Component):
    """Grids of tasks, supervisors, students, methods and seeds: every combination is a setup.

    An entry is a name, or a table with `kind`, fields, and optionally `grid`: lists of values by dotted path, each
    combination of which is an entry; and `title`: the name shown in tables, which changes nothing else. A task's table
    may also have `supervisors` and `students`: those of this task, in the place of the study's. Where there are none
    the task's defaults are taken. And it may have `without`: what `*` leaves out on this task, beside the study's.
    """

    kind: Literal["study"] = "study"
    name: str = Field(min_length=1, pattern=r"^[\w.-]+$", description="names the study in the store and in reports")
    seeds: int | tuple[int, ...] = Field(DEFAULT_SEEDS, description="how many seeds (0, 1, ...), or a list of seeds")
    tasks: tuple[Entry, ...] = Field(description="at least one task")
    supervisors: tuple[Entry, ...] = Field((), description="weak supervisors; none is the task's default")
    students: tuple[Entry, ...] = Field((), description="students; none is the task's default")
    methods: tuple[Entry, ...] | None = Field(
        None, description="methods; left out: the task's default; '*' is every named one for its answers but oracles"
    )
    without: tuple[str, ...] = Field((), description="names that '*' leaves out; a task may name more")
    incapable: Literal["error", "skip"] = Field(
        "error", description="what to do where a student lacks what a method needs"
    )
    plugins: tuple[str, ...] = Field(
        (),
        description="Python files that register components, beside this one; 'trusted:PATH' is run unisolated",
    )

    @classmethod
    def read(cls, path: str | Path) -> "Study":
        """Read a study from a TOML file.

        Raises:
            ConfigError: If the file is missing, is not TOML, or a field breaks its rule.
        """
        file = Path(path)
        try:
            table = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError([((str(path),), f"{error.strerror}: give the path of a study file")]) from None
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError([((str(path),), f"is not TOML: {error}")]) from None
        try:
            study = cls.parse({"name": file.stem, **table})
        except ConfigError as error:
            raise error.under(str(path)) from None
        # Plugins are named from the study file's folder, so that a study can be started from anywhere.
        return study.model_copy(update={"plugins": tuple(plugin_from(file.parent, path) for path in study.plugins)})

    def seed_list(self) -> Sequence[int]:
        """Return the seeds, each once.

        Raises:
            InputError: If there is none or one is negative.
        """
        if isinstance(self.seeds, int):
            seeds: Sequence[int] = range(self.seeds)
        else:
            seeds = list(dict.fromkeys(self.seeds)) if min(self.seeds, default=0) >= 0 else []
        if not seeds:
            raise InputError(
                f"seeds must be a number of at least 1 or a list of numbers of at least 0, got {self.seeds}"
            )
        return seeds

    def count(self) -> int:
        """Return how many runs the grid has, before any is built."""
        # Counted from the lengths of the lists: a grid of a million setups takes minutes to build, and a typing error
        # should be said at once.
        sizes = [[sum(map(_grid_size, entries)) for entries in grid] for grid in self._grids()]
        return sum(map(math.prod, sizes)) * len(self.seed_list())

    def setups(self) -> list[Setup]:
        """Return all setups of the grid.

        Raises:
            ConfigError: If a part is unknown or a field breaks its rule.
            CapabilityError: If a student lacks what a method needs, unless `incapable` is `skip`.
        """
        # Two entries may come to the same setup, such as a preset and its settings written out; it is then run once.
        setups: dict[str, Setup] = {}
        for setup, _ in self._combinations():
            setups.setdefault(setup.digest(), setup)
        return list(setups.values())

    def titles(self) -> dict[str, str]:
        """Return the names to show for entries that have a `title`, by the digest of the part."""
        entries = (entry for grid in self._grids() for column in grid for entry in column)
        # Most studies have no titles, and then the grid need not be built a second time.
        if not any(isinstance(entry, Mapping) and "title" in entry for entry in entries):
            return {}
        named = (
            (getattr(setup, part).digest(), title)
            for setup, titles in self._combinations()
            for part, title in zip(PARTS, titles, strict=True)
        )
        return {digest: title for digest, title in named if title}

    def _combinations(self) -> Iterator[tuple[Setup, tuple[str, ...]]]:
        """Yield every setup of the grid with the titles of its parts."""
        for grid in self._grids():
            for chosen in itertools.product(*map(_expand, grid)):
                (task, supervisor, student, method), titles = zip(*chosen, strict=True)
                try:
                    yield make_setup(task or {}, supervisor, student, method), titles
                except CapabilityError:
                    if self.incapable == "error":
                        raise

    def _grids(self) -> list[list[Sequence[Entry | None]]]:
        """Return for each task the columns of its grid: itself, its supervisors, its students, the methods.

        Raises:
            ConfigError: If the `grid` of an entry is not lists of values, or what a task has for itself is no list.
            UnknownNameError: If a name left out is not a method's.
        """
        # Before anything is looked up: names of methods, of tasks and in `without` may be those of plugins.
        load_plugins(self.plugins)
        grids: list[list[Sequence[Entry | None]]] = []
        for index, entry in enumerate(self.tasks):
            task, own = _task_and_own(index, entry)
            supervisors, students = own.get("supervisors", self.supervisors), own.get("students", self.students)
            methods = self._methods(task, [*self.without, *own.get("without", ())])
            # None stands for the default of the task, which is known only when the setup is made.
            grids.append([(task,), supervisors or (None,), students or (None,), methods])
        for grid in grids:
            for contract, column in zip(PARTS.values(), grid, strict=True):
                for index, part in enumerate(column):
                    _check_grid(registry.contract_of(contract), index, part)
        return grids

    def _methods(self, task: Entry, without: Sequence[str]) -> Sequence[Entry | None]:
        """Return the methods for a task, with `*` as all that it stands for there but some names."""
        for name in without:
            registry.lookup(Method, name)
        if self.methods is None:
            return (None,)
        named = [name for name in named_methods(_signal_of(task)) if name not in without]
        return tuple(method for entry in self.methods for method in (named if entry == "*" else [entry]))


def _signal_of(task: Entry) -> type[Signal]:
    """Return the signal that a task asks for; class probabilities for one that is not known (its setup says why)."""
    name = task if isinstance(task, str) else task.get("kind")
    cls = registry.lookup(Task, name).cls if isinstance(name, str) and name in registry.names(Task) else Task
    return cls.signal if issubclass(cls, Task) else ClassProbabilities


def _task_and_own(index: int, entry: Entry) -> tuple[Entry, dict[str, Sequence[Any]]]:
    """Return a task's entry without the lists that are for this task alone, and these."""
    if not isinstance(entry, Mapping):
        return entry, {}
    own = {name: entry[name] for name in OF_TASK if name in entry}
    for name, values in own.items():
        kinds = str if name == "without" else str | Mapping
        if not isinstance(values, list | tuple) or not all(isinstance(value, kinds) for value in values):
            rule = "names of methods" if name == "without" else "names or tables"
            raise ConfigError([(("tasks", str(index), name), f"must be a list of {rule}, got {values!r:.80}")])
    return {name: value for name, value in entry.items() if name not in OF_TASK}, own


def _check_grid(name: str, index: int, entry: Entry | None) -> None:
    grid = entry.get("grid", {}) if isinstance(entry, Mapping) else {}
    if not isinstance(grid, Mapping) or not all(isinstance(values, list | tuple) for values in grid.values()):
        raise ConfigError([((name, str(index), "grid"), f"must be lists of values by dotted path, got {grid!r:.80}")])


def run(
    task: Spec = "digits",
    supervisor: Spec | None = None,
    student: Spec | None = None,
    method: Spec | None = None,
    *,
    seeds: int | Sequence[int] = DEFAULT_SEEDS,
    settings: Mapping[str, Any] | None = None,
    store: str | Path | None = None,
    launcher: str | Launcher | None = None,
    workers: int | None = None,
    plugins: Sequence[str] = (),
    progress: Progress | None = None,
) -> SetupResult:
    """Try one setup under several seeds.

    Args:
        task: A task: its name, a table with `kind`, or a component.
        supervisor: The weak supervisor; None is the task's default.
        student: The strong student; None is the task's default.
        method: The method; None is the task's default.
        seeds: How many seeds, or which.
        settings: Fields to change, by dotted path, such as `{"student.features.count": 100}`.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        launcher: Where the work is done, by name or ready made (see `w2sg list launchers`); None chooses.
        workers: Processes, where the launcher is None; None chooses.
        plugins: Python files that register components.
        progress: Told how many runs are done, of how many.

    Raises:
        InputError: If something given breaks a rule; the message says which.
        RunError: If runs failed.
    """
    started = time.perf_counter()
    load_plugins(plugins)
    setup = make_setup(task, supervisor, student, method, settings)
    # The seeds are checked as those of a study are, arrays of numpy as well; the study itself is never made.
    given = seeds if isinstance(seeds, int) else np.asarray(seeds).tolist()
    outcome = make_runs(
        [setup],
        Study.parse({"name": "run", "tasks": ["-"], "seeds": given}).seed_list(),
        store=_folder(store),
        launcher=_launcher(launcher),
        workers=workers,
        prepare=loading_again(plugins),
        progress=progress,
    )
    outcome.raise_first_problem()
    (result,) = summarise(outcome.runs)
    return replace(result, wall_s=time.perf_counter() - started)


def study(
    study: Study | str | Path,
    *,
    store: str | Path | None = None,
    launcher: str | Launcher | None = None,
    workers: int | None = None,
    yes: bool = False,
    progress: Progress | None = None,
) -> StudyResult:
    """Make all runs of a study that the store lacks, and return its table.

    Args:
        study: The study, or the path of its TOML file.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        launcher: Where the work is done, by name or ready made (see `w2sg list launchers`); None chooses.
        workers: Processes, where the launcher is None; None chooses.
        yes: Go on although the grid has over a million runs.
        progress: Told how many runs are done, of how many.

    Raises:
        InputError: If the study breaks a rule, or has no runs or too many.
        CapabilityError: If a method does not fit its data, unless the study's `incapable` is `skip`.
        RunError: If no run could be made. Where some fail the others are returned, and `failed` says which and why.
    """
    started = time.perf_counter()
    given = study if isinstance(study, Study) else Study.read(study)
    outcome = study_runs(given, store=store, launcher=launcher, workers=workers, yes=yes, progress=progress)
    results = summarise(outcome.runs, given.titles())
    comparisons, wall_s = tuple(compare_methods(results)), time.perf_counter() - started
    return StudyResult(given.name, tuple(results), comparisons, dict(outcome.done), wall_s, failed=outcome.failed)


def study_runs(
    study: Study,
    *,
    store: str | Path | None = None,
    launcher: str | Launcher | None = None,
    workers: int | None = None,
    yes: bool = False,
    progress: Progress | None = None,
) -> MadeRuns:
    """Make all runs of a study that the store lacks, and return them; the store then knows the study by its name.

    The arguments and errors are those of `study`.
    """
    n_runs = study.count()
    if n_runs == 0:
        raise InputError(f"study {study.name!r} has no runs: give at least one task, method and seed")
    if n_runs > MOST_RUNS and not yes:
        raise InputError(f"study {study.name!r} has {n_runs:,} runs, over {MOST_RUNS:,}: say --yes if you mean it")
    setups = study.setups()
    if not setups:
        raise InputError(f"study {study.name!r} has no runs: no student can do what its methods need")
    folder = _folder(store)
    outcome = make_runs(
        setups,
        study.seed_list(),
        store=folder,
        launcher=_launcher(launcher),
        workers=workers,
        prepare=loading_again(study.plugins),
        progress=progress,
    )
    # A method that turns out not to fit its data ends the study or is left out, as the study says; runs that failed by
    # accident are listed instead, unless nothing is left.
    if (outcome.refused and study.incapable == "error") or not outcome.runs:
        outcome.raise_first_problem()
    with Store(folder) as opened:
        # The store keeps the definition, not the file: the study can be recalled by its name after the file is gone.
        opened.put_collection(study.name, study.model_dump(mode="json"), [run.id for run in outcome.runs])
    return outcome


def recall(name: str, *, store: str | Path | None = None) -> StudyResult:
    """Return the table of a study that the store holds, making what is missing.

    Raises:
        InputError: If the store has no study of this name.
    """
    return study(known_study(name, store=store), store=store, yes=True)


def known_study(name: str, *, store: str | Path | None = None) -> Study:
    """Return a study of which the store holds the definition.

    Raises:
        InputError: If the store has no study of this name.
    """
    folder = _folder(store)
    with Store(folder) as opened:
        definition, known = opened.collection(name), opened.collections()
    if definition is None:
        raise InputError(
            f"store {folder} has no study {name!r}: it has {', '.join(known) or 'none'}; run 'w2sg study FILE'"
        )
    return Study.parse(definition)


def _folder(store: str | Path | None) -> Path:
    return default_store() if store is None else Path(store)


def _launcher(launcher: str | Launcher | None) -> Launcher | None:
    return None if launcher is None else registry.build(Launcher, launcher)


def _grid_size(entry: Entry | None) -> int:
    if not isinstance(entry, Mapping) or "grid" not in entry:
        return 1
    return math.prod(len(values) for values in entry["grid"].values())


def _expand(entries: Sequence[Entry | None]) -> Iterator[tuple[Entry | None, str]]:
    """Yield every entry that a column of the grid stands for, with its title."""
    for entry in entries:
        if not isinstance(entry, Mapping):
            yield entry, ""
            continue
        grid: Mapping[str, Sequence[Any]] = entry.get("grid", {})
        # Without a grid this runs once, with no values: the entry as it stands.
        for values in itertools.product(*grid.values()):
            table = {name: value for name, value in entry.items() if name not in OUTSIDE}
            for path, value in zip(grid, values, strict=True):
                table = registry.merged(table, _nested(path.split("."), value))
            chosen = ", ".join(f"{path.rpartition('.')[2]}={value}" for path, value in zip(grid, values, strict=True))
            title = str(entry.get("title", ""))
            yield table, f"{title}({chosen})" if title and chosen else title


def _nested(path: list[str], value: Any) -> dict[str, Any]:
    return {path[0]: value if len(path) == 1 else _nested(path[1:], value)}
