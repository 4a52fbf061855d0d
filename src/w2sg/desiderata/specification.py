"""A specification: a tree of requirements with one delta, and the file it stands in."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from w2sg.core import Component, ConfigError, InputError, registry
from w2sg.desiderata.contract import AnyDesideratum, Desideratum
from w2sg.lab import named_file, shipped_names, toml_table

SpeaksOf = Literal["deployment", "these inputs"]
CHILDREN = ("of", "what", "premise", "then", "require")
"""The fields of a desideratum that hold others."""


class Specification(Component):
    """What is required of a student, and how often the verdict may be wrong."""

    kind: Literal["specification"] = "specification"
    name: str = Field(min_length=1, max_length=200, pattern=r"^\w[\w.-]*$")
    delta: float = Field(0.05, gt=0, lt=1, description="how often the verdict on the whole may be wrong")
    speaks_of: SpeaksOf = Field(
        "deployment", description="of all inputs like those of the test sets, or of these inputs alone"
    )
    require: AnyDesideratum = Field(description="what is required")

    @classmethod
    def read(cls, path: str | Path) -> "Specification":
        """Read a specification from a TOML or JSON file.

        `[define.NAME]` gives a requirement a name that the rest of the file may use in its place.

        Raises:
            ConfigError: If the file is missing or neither, a name is not known or comes back to itself, or a field
                breaks its rule.
        """
        file = named_file(path, "specs")
        try:
            text = file.read_text(encoding="utf-8")
            table = json.loads(text) if file.suffix == ".json" else toml_table(text)
            return cls.from_table({"name": file.stem, **table})
        except OSError as error:
            known = ", ".join(shipped_names("specs"))
            rule = f"{error.strerror}: give the path of a specification, or the name of one that comes along: {known}"
            raise ConfigError([((str(path),), rule)]) from None
        except ConfigError as error:
            raise error.under(str(path)) from None
        except (InputError, ValueError) as error:
            raise ConfigError([((str(path),), str(error))]) from None

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> "Specification":
        """Return the specification of a table, with the names that it defines written out.

        Raises:
            ConfigError: As for `read`.
        """
        own = dict(table)
        defined = own.pop("define", {})
        if not isinstance(defined, Mapping):
            raise ConfigError([(("define",), "must be tables by name, such as [define.useful]")])
        for name in defined:
            if name in registry.names(Desideratum):
                raise ConfigError([(("define", str(name)), "is the name of a desideratum of w2sg: take another name")])
        if "require" in own:
            own["require"] = _written_out(own["require"], defined, ())
        return cls.parse(own)

    def text(self) -> str:
        """Return the specification as the JSON text of a file that reads back equal."""
        return json.dumps(self.model_dump(mode="json", exclude={"kind"}), indent=2)


def _written_out(given: Any, defined: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    """Return a requirement in which the names that the file defines stand for what they name."""
    if isinstance(given, str) and given in defined:
        if given in inside:
            raise ConfigError([(("define", given), f"comes back to itself: {' > '.join((*inside, given))}")])
        return _written_out(defined[given], defined, (*inside, given))
    if not isinstance(given, Mapping):
        return given
    return {
        name: [_written_out(one, defined, inside) for one in value]
        if name == "of" and isinstance(value, list)
        else _written_out(value, defined, inside)
        if name in CHILDREN and name != "of"
        else value
        for name, value in given.items()
    }
