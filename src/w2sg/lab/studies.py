"""A study: setups and seeds declared in one file, made into runs, and its table."""

import itertools
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field

from w2sg.core import (
    CapabilityError,
    Component,
    ConfigError,
    InputError,
    Method,
    UnknownNameError,
    registry,
)
from w2sg.graph import Launcher, Progress, Store
from w2sg.isolation import load_plugins, loading_again, plugin_from
from w2sg.lab.comparisons import REFERENCE, compare_methods
from w2sg.lab.grids import Entry, check_grid, expanded, grid_size, named_families, signal_of, task_and_own
from w2sg.lab.results import ALPHA, MARGIN, StudyResult, summarise
from w2sg.lab.runs import MadeRuns, default_store, existing_store, make_runs, train_runs
from w2sg.lab.sequential import DecisionRule, SeedStopping, until_decided
from w2sg.lab.setup import PARTS, Setup, make_setup, named_methods, toml_table
from w2sg.lab.shipped import named_file, shipped_names

MOST_RUNS, MOST_RUNS_EVER = 1_000_000, 1_000_000_000
"""Beyond the first somebody must mean it; beyond the second nobody can: planning them alone would take days."""
LARGEST_SEED = 2**63 - 1
"""A store keeps no larger number."""
MOST_FILE_BYTES = 10_000_000
WholeNumber = Annotated[int, Field(strict=True)]
"""`true` is no number, although Python takes it for 1."""
DEFAULT_SEEDS = 8


class Study(Component):
    """Grids of tasks, supervisors, students, methods and seeds: every combination is a setup.

    An entry is a name, or a table with `kind`, fields, and optionally `grid`: lists of values by dotted path, each
    combination of which is an entry; and `title`: the name shown in tables, which changes nothing else. A task's table
    may also have `supervisors` and `students`: those of this task, in the place of the study's. Where there are none
    the task's defaults are taken. It may have `without`: what `*` leaves out on this task, beside the study's; and
    `family`: the name that it shares with tasks of the same kind of data, which a league takes for one unit. Tasks that
    are made of the same files are one family without being told.
    """

    kind: Literal["study"] = "study"
    name: str = Field(
        min_length=1, max_length=200, pattern=r"^\w[\w.-]*$", description="names the study in the store and in reports"
    )
    seeds: WholeNumber | tuple[WholeNumber, ...] | Literal["until decided"] = Field(
        DEFAULT_SEEDS,
        description="how many seeds (0, 1, ...), or a list of seeds; 'until decided' adds seeds until each method is "
        "better or worse than the reference, or equivalent, or there are 'most_seeds'",
    )
    most_seeds: WholeNumber = Field(50, ge=2, le=100_000, description="the maximum of seeds 'until decided'")
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
    def read(cls, path: str | Path) -> Self:
        """Read a study from a TOML file; a name that is no file is that of a study that comes with the package.

        Raises:
            ConfigError: If the file is missing, is not TOML, or a field breaks its rule.
        """
        file = named_file(path, "studies")
        try:
            if file.exists() and not (file.is_file() or file.is_dir()):
                raise InputError("is no file: give the path of a study file")
            if file.stat().st_size > MOST_FILE_BYTES:
                raise InputError(f"has over {MOST_FILE_BYTES:,} bytes: give the path of a study file")
            study = cls.parse({"name": file.stem, **toml_table(file.read_text(encoding="utf-8"))})
        except OSError as error:
            known = ", ".join(shipped_names("studies"))
            rule = f"{error.strerror}: give the path of a study file, or the name of one that comes along: {known}"
            raise ConfigError([((str(path),), rule)]) from None
        except ConfigError as error:
            raise error.under(str(path)) from None
        except UnicodeDecodeError as error:
            raise ConfigError([((str(path),), f"is not TOML: {error}")]) from None
        except ValueError as error:
            raise ConfigError([((str(path),), str(error))]) from None
        # Plugins are named from the study file's folder, so that a study can be started from anywhere.
        return study.model_copy(update={"plugins": tuple(plugin_from(file.parent, path) for path in study.plugins)})

    def seed_list(self) -> Sequence[int]:
        """Return the seeds, each once; where they are added until it is decided, all that may be.

        Raises:
            InputError: If there is none, or one is negative or beyond 64 bits.
        """
        if isinstance(self.seeds, str):
            return range(self.most_seeds)
        listed = (self.seeds,) if isinstance(self.seeds, int) else self.seeds
        if not listed or not 0 <= min(listed) <= max(listed) <= LARGEST_SEED or self.seeds == 0:
            raise InputError(
                "seeds must be a number of at least 1 or a list of numbers of at least 0, none of them over "
                f"{LARGEST_SEED}, got {self.seeds!r:.80}"
            )
        return range(self.seeds) if isinstance(self.seeds, int) else list(dict.fromkeys(listed))

    def count(self) -> int:
        """Return how many runs the grid has, before any is built."""
        # Counted from the lengths of the lists: a grid of a million setups takes minutes to build, and a typing error
        # should be said at once.
        sizes = [[sum(map(grid_size, entries)) for entries in grid] for grid in self._grids()]
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

    def families(self) -> dict[str, str]:
        """Return the families that entries of tasks name, by the digest of the task."""
        load_plugins(self.plugins)
        return named_families(self.tasks)

    def _combinations(self) -> Iterator[tuple[Setup, tuple[str, ...]]]:
        """Yield every setup of the grid with the titles of its parts."""
        for grid in self._grids():
            for chosen in itertools.product(*map(expanded, grid)):
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
            task, own = task_and_own(index, entry)
            supervisors, students = own.get("supervisors", self.supervisors), own.get("students", self.students)
            methods = self._methods(task, [*self.without, *own.get("without", ())])
            # None stands for the default of the task, which is known only when the setup is made.
            grids.append([(task,), supervisors or (None,), students or (None,), methods])
        for grid in grids:
            for contract, column in zip(PARTS.values(), grid, strict=True):
                for index, part in enumerate(column):
                    check_grid(registry.contract_of(contract), index, part)
        return grids

    def _methods(self, task: Entry, without: Sequence[str]) -> Sequence[Entry | None]:
        """Return the methods for a task, with `*` as all that it stands for there but some names."""
        for name in without:
            registry.lookup(Method, name)
        if self.methods is None:
            return (None,)
        named = [name for name in named_methods(signal_of(task)) if name not in without]
        return tuple(method for entry in self.methods for method in (named if entry == "*" else [entry]))


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

    Returns:
        The study's result: `results` has one for each setup, `comparisons` one for each task, supervisor and student.

    Raises:
        InputError: If the study breaks a rule, or has no runs or too many.
        CapabilityError: If a method does not fit its data, unless the study's `incapable` is `skip`.
        RunError: If no run could be made. Where some fail the others are returned, and `failed` says which and why.

    Example:
        >>> import w2sg
        >>> w2sg.study("studies/digits.toml").to_frame()  # doctest: +SKIP
    """
    started = time.perf_counter()
    given = study if isinstance(study, Study) else Study.read(study)
    outcome, stopping = _made(given, store_folder(store), launcher_of(launcher), workers, yes, progress)
    results = summarise(outcome.runs, given.titles())
    comparisons, wall_s = tuple(compare_methods(results)), time.perf_counter() - started
    done, families = dict(outcome.done), given.families()
    return StudyResult(given.name, tuple(results), comparisons, done, wall_s, outcome.failed, families, stopping)


def study_runs(
    study: Study,
    *,
    store: str | Path | None = None,
    launcher: str | Launcher | None = None,
    workers: int | None = None,
    yes: bool = False,
    progress: Progress | None = None,
    scored: bool = True,
) -> MadeRuns:
    """Make all runs of a study that the store lacks, and return them; the store then knows the study by its name.

    The arguments and errors are those of `study`. Without `scored` no score is made yet, but of a study that adds seeds
    until it is decided: its scores decide.
    """
    return _made(study, store_folder(store), launcher_of(launcher), workers, yes, progress, scored)[0]


def _made(
    study: Study,
    folder: Path,
    launcher: Launcher | None,
    workers: int | None,
    yes: bool,
    progress: Progress | None,
    scored: bool = True,
) -> tuple[MadeRuns, SeedStopping | None]:
    """Return a study's runs, and why no more seeds were added where it asks for seeds until it is decided."""
    n_runs = study.count()
    if n_runs == 0:
        raise InputError(f"study {study.name!r} has no runs: give at least one task, method and seed")
    if n_runs > MOST_RUNS and not yes:
        raise InputError(f"study {study.name!r} has {n_runs:,} runs, over {MOST_RUNS:,}: say --yes if you mean it")
    if n_runs > MOST_RUNS_EVER:
        raise InputError(f"study {study.name!r} has over {MOST_RUNS_EVER:,} runs: make its grid or its seeds smaller")
    setups, stopping = study.setups(), None
    if not setups:
        raise InputError(f"study {study.name!r} has no runs: no student can do what its methods need")

    prepare = loading_again(study.plugins)
    making = make_runs if scored or isinstance(study.seeds, str) else train_runs
    make = partial(making, store=folder, launcher=launcher, workers=workers, prepare=prepare, progress=progress)
    if isinstance(study.seeds, str):
        rule = DecisionRule(REFERENCE, study.most_seeds, MARGIN, ALPHA)
        outcome, stopping = until_decided(setups, make, rule, study.titles())
    else:
        outcome = make(setups, study.seed_list())
    # A method that turns out not to fit its data ends the study or is left out, as the study says; runs that failed by
    # accident are listed instead, unless nothing is left.
    if (outcome.refused and study.incapable == "error") or not outcome.runs:
        outcome.raise_first_problem()
    with Store(folder) as opened:
        # The store keeps the definition, not the file: the study can be recalled by its name after the file is gone.
        opened.put_collection(study.name, study.model_dump(mode="json"), [run.id for run in outcome.runs])
    return outcome, stopping


def known_study(name: str, *, store: str | Path | None = None, plugins: Sequence[str] = ()) -> Study:
    """Return a study of which the store holds the definition; its plugins are those given here.

    Raises:
        InputError: If the store has no study of this name, or it needs plugins that were not given.
    """
    folder = store_folder(store)
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


def study_by_name(name: str, *, store: str | Path | None = None, plugins: Sequence[str] = ()) -> Study:
    """Return the study of a file, of a name that the store knows, or of a name that comes with the package.

    A file names its own plugins beside those given; what a store names is not run.

    Raises:
        InputError: If there is none, or it breaks a rule.
    """
    # The ending tells a file from a name: names of studies have no folders, and a study may be called as its file.
    if not name.endswith(".toml") and not (named_file(name, "studies").is_file() and not knows_study(store, name)):
        return known_study(name, store=existing_store(store), plugins=plugins)
    found = Study.read(name)
    return found.model_copy(update={"plugins": (*found.plugins, *plugins)})


def knows_study(store: str | Path | None, name: str) -> bool:
    """Return whether there is a store that has a study of this name."""
    with suppress(InputError), Store(existing_store(store)) as opened:
        return name in opened.collections()
    return False


def store_folder(store: str | Path | None) -> Path:
    """Return the store's folder, which need not be there yet."""
    return default_store() if store is None else Path(store)


def launcher_of(launcher: str | Launcher | None) -> Launcher | None:
    """Return the launcher of a name; None is to be chosen."""
    return None if launcher is None else registry.build(Launcher, launcher)
