"""A component is its own config: a frozen pydantic model with a `kind`, a version and methods.

The constructor only stores; what an operation learns is returned, never kept. So a component can be hashed, written to
a file, sent to another process and made again by name.
"""

import hashlib
import json
from abc import ABC
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from w2sg.core.errors import InputError, near_names

Problem = tuple[tuple[str, ...], str]


class ConfigError(InputError):
    """A configuration breaks its rules; each problem is given with the full path of its field."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{'.'.join(path) or 'value'}: {text}" for path, text in problems))

    def under(self, *prefix: str) -> "ConfigError":
        """Return the same problems below a path."""
        return ConfigError([((*prefix, *path), text) for path, text in self.problems])


class Component(BaseModel, ABC):
    """Base of everything a setup names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    version: ClassVar[int] = 1
    """Raised whenever results change although the configuration does not."""

    kind: str

    def __class_getitem__(cls, parameters: Any) -> Any:
        """Return the class itself: what a generic contract is parametrised with is for the type checker only."""
        return cls

    def canonical(self) -> str:
        """Return the one JSON text of this configuration: sorted keys, all defaults written out."""
        # Defaults are part of the text, so that a run made before a default changed is not taken for one made after it.
        return canonical_json(self.model_dump(mode="json"))

    def digest(self) -> str:
        """Return the sha256 of the canonical text."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def fingerprint(self) -> str:
        """Return a hash of the files outside this package that the component reads; empty if it reads none."""
        return ""

    @property
    def trust_tier(self) -> str:
        """Where it does its work: here (`T0`), or in a worker without ground truth (`T1`, in a sandbox `T2`)."""
        return "T0"

    def reads(self) -> Iterable[Path]:
        """Return the local files and folders that the component reads when it is used, such as a pretrained model."""
        return ()

    def modules(self) -> frozenset[str]:
        """Return the modules that define it, with those of its base classes; `module:name` is a name imported there."""
        # A base class is code that the component runs; its module is reached by an import as well, but not where a
        # class was made by subscription (`Method[Texts]`).
        bases = (cls for cls in type(self).__mro__ if issubclass(cls, Component) and cls is not Component)
        return frozenset(cls.__module__ for cls in bases)

    def parts(self) -> Iterator["Component"]:
        """Yield this component and all inside it."""
        # Only parts one level down are looked for here: each part then looks inside itself.
        yield self
        for name in type(self).model_fields:
            value = getattr(self, name)
            for item in value if isinstance(value, list | tuple) else (value,):
                if isinstance(item, Component):
                    yield from item.parts()

    def __hash__(self) -> int:
        # Pydantic compares by fields; a hash of the canonical text agrees with that, and works for fields that are
        # lists.
        return hash(self.canonical())

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Make a component from plain data.

        Raises:
            ConfigError: If a field is unknown, missing, of a wrong type or out of range.
        """
        try:
            return cls.model_validate(dict(data))
        except ValidationError as error:
            raise ConfigError(_problems(error, cls.model_fields)) from None


def canonical_json(value: object) -> str:
    """Return the compact JSON text with sorted keys; equal values give equal text.

    Raises:
        InputError: If a text in it cannot be stored.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        near = ascii(text[max(0, error.start - 20) : error.start + 20])
        raise InputError(f"all text must be such that UTF-8 can hold it, got {near}: mend it") from None
    return text


def _problems(error: ValidationError, known: Iterable[str]) -> list[Problem]:
    """Flatten a validation error of a component with known fields, with the paths of components inside components."""
    problems: list[Problem] = []
    items = error.errors(include_url=False)
    bad_parts = {item["loc"][:depth] for item in items for depth in range(len(item["loc"]))}
    for item in items:
        # Pydantic gives positions in lists as numbers; in a path of words they are words, too.
        path = tuple(str(part) for part in item["loc"])
        if item["type"] == "too_short" and item["loc"] in bad_parts:
            continue  # it counts only the items that are good
        # A part inside a part was parsed by itself and raised problems of its own: its paths are put below the path
        # here.
        inner = item.get("ctx", {}).get("error")
        if isinstance(inner, ConfigError):
            problems.extend(inner.under(*path).problems)
        elif isinstance(inner, Exception):
            problems.append((path, str(inner)))
        elif item["type"] == "extra_forbidden":
            near = near_names(path[-1], known) if len(path) == 1 else []
            meant = f" did you mean {' or '.join(map(repr, near))}?" if near else ""
            problems.append((path, f"no such field;{meant} 'w2sg describe' lists the fields"))
        else:
            problems.append((path, f"{item['msg'][0].lower()}{item['msg'][1:]}, got {item['input']!r:.80}"))
    return problems
