"""The agenda: its claims, questions and sites, read from files and checked against each other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

from w2sg.agenda.claim import OpenQuestion, Pillar, ResearchClaim, Site
from w2sg.core import ConfigError, InputError
from w2sg.lab import Setup, toml_table

SHIPPED = Path(__file__).parent / "claims"
ADDED = "agenda"
"""The folder of a store with the files that were added to its agenda."""
NO_SITE = "no site of this agenda has all of its tags"


@dataclass(frozen=True, eq=False)
class Trial:
    """A claim at a site.

    Attributes:
        claim: The claim.
        site: The site.
        setups: The setup of each arm.
        tests: The test set that each arm is read on.
    """

    claim: ResearchClaim
    site: Site
    setups: tuple[Setup, ...]
    tests: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Agenda:
    """Claims, questions and sites, by name.

    Raises:
        InputError: A claim presupposes or a question names a claim that is not there, or claims presuppose each other.
    """

    claims: Mapping[str, ResearchClaim]
    questions: Mapping[str, OpenQuestion]
    sites: Mapping[str, Site]

    def __post_init__(self) -> None:
        named = [(f"claim {claim.name!r}", claim.presupposes) for claim in self.claims.values()]
        named += [(f"question {question.name!r}", question.claims) for question in self.questions.values()]
        for said, names in named:
            unknown = [name for name in names if name not in self.claims]
            if unknown:
                raise InputError(f"{said} names the claim {unknown[0]!r}, which is not there: add it")
        for name in self.claims:
            if name in self.below(name):
                raise InputError(f"claim {name!r} presupposes itself by way of others: one of them must go without")

    @classmethod
    def read(cls, store: Path | None = None, more: Iterable[Path] = (), *, shipped: bool = True) -> "Agenda":
        """Read the claims of the package, those added to a store, and those of further files.

        Raises:
            ConfigError: If a file is not TOML, or a field breaks its rule.
            InputError: If two files say different things under one name, or names do not fit together.
        """
        files = [*(sorted(SHIPPED.glob("*.toml")) if shipped else ()), *more]
        if store is not None:
            files += sorted((store / ADDED).glob("*.toml"))
        found: dict[str, dict[str, Any]] = {"claims": {}, "questions": {}, "sites": {}}
        for file in files:
            for part, items in _read(file).items():
                for item in items:
                    if found[part].setdefault(item.name, item) != item:
                        raise InputError(
                            f"{file}: {item.kind} {item.name!r} is there already and is another: rename it"
                        )
        return cls(found["claims"], found["questions"], found["sites"])

    @property
    def pillars(self) -> tuple[str, ...]:
        """The pillars, in their order."""
        return get_args(Pillar)

    def below(self, name: str) -> set[str]:
        """Return all that a claim presupposes, and what that presupposes."""
        found: set[str] = set()
        todo = list(self.claims[name].presupposes)
        while todo:
            inner = todo.pop()
            if inner not in found:
                found.add(inner)
                todo += self.claims[inner].presupposes
        return found

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """Every claim at every site of its population where its arms can be set up.

        Raises:
            InputError: If a claim's arms can be set up at no site of its population.
        """
        return tuple(trial for trial in self._tried if isinstance(trial, Trial))

    @property
    def left_out(self) -> tuple[str, ...]:
        """Why claims have no trial at sites whose tags they ask for."""
        return tuple(why for why in self._tried if isinstance(why, str))

    @cached_property
    def untested(self) -> dict[str, str]:
        """Why claims cannot be tested here, by name."""
        tried = {trial.claim.name for trial in self.trials}
        return {name: claim.needs or NO_SITE for name, claim in self.claims.items() if name not in tried}

    @cached_property
    def _tried(self) -> tuple[Trial | str, ...]:
        return tuple(found for claim in self.claims.values() if claim.arms for found in self._trials_of(claim))

    def _trials_of(self, claim: ResearchClaim) -> list[Trial | str]:
        """Return the trials of a claim, and why there is none at some sites."""
        found: list[Trial | str] = []
        refused: InputError | None = None
        for site in self.sites.values():
            if not set(claim.over) <= {*site.tags, site.name}:
                continue
            try:
                arms = [arm.setting(site) for arm in claim.arms]
                found.append(Trial(claim, site, tuple(one.setup for one in arms), tuple(one.test for one in arms)))
            except InputError as reason:
                # A supervisor without a field that an arm sets is no fault; arms that fit no site at all are one.
                refused = refused or reason
                found.append(f"{claim.name} at {site.name}: {reason}")
        if refused is not None and not any(isinstance(one, Trial) for one in found):
            raise InputError(f"claim {claim.name!r}: {refused}")
        return found

    def contradictions(self, credences: Mapping[str, float]) -> list[tuple[str, str]]:
        """Return pairs of claims that cannot both be true and are both believed more than not."""
        believed = [claim for name, claim in self.claims.items() if credences[name] > 0.5]
        return [(one.name, other.name) for one, other in combinations(believed, 2) if one.contradicts(other)]


def add_to(store: Path, file: Path) -> Agenda:
    """Add a file of claims, questions and sites to the agenda of a store, and return the whole.

    Raises:
        ConfigError: If the file is not TOML, or a field breaks its rule.
        InputError: If the file is empty of them, does not fit the agenda, or the store has another file of this name.
    """
    if not any(_read(file).values()):
        raise InputError(f"{file}: adds nothing: write [[claims]], [[questions]] or [[sites]]")
    agenda = Agenda.read(store, [file])
    target = store / ADDED / file.name
    text = file.read_text(encoding="utf-8")
    if target.exists() and target.read_text(encoding="utf-8") != text:
        raise InputError(f"{target}: another file of this name was added before: rename yours")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return agenda


def _read(file: Path) -> dict[str, list[Any]]:
    """Return the claims, questions and sites of a file; `pillar` at its top is that of all that do not say theirs."""
    try:
        table = toml_table(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([((str(file),), f"{error.strerror}: give the path of a file of claims")]) from None
    except (InputError, ValueError) as error:
        raise ConfigError([((str(file),), str(error))]) from None
    pillar = table.pop("pillar", None)
    kinds: dict[str, Any] = {"claims": ResearchClaim, "questions": OpenQuestion, "sites": Site}
    unknown = [part for part in table if part not in kinds]
    if unknown:
        raise ConfigError([((str(file), unknown[0]), f"no such part; an agenda has {', '.join(kinds)} and pillar")])
    found: dict[str, list[Any]] = {}
    for part, cls in kinds.items():
        items = table.get(part, [])
        if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
            raise ConfigError([((str(file), part), f"must be tables: write [[{part}]]")])
        given = {} if pillar is None or part == "sites" else {"pillar": pillar}
        found[part] = [_parsed(cls, {**given, **item}, (str(file), part, str(n))) for n, item in enumerate(items)]
    return found


def _parsed(cls: Any, data: Mapping[str, Any], path: Sequence[str]) -> Any:
    try:
        return cls.parse(data)
    except ConfigError as error:
        raise error.under(*path) from None
