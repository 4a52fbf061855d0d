"""Admitting a plugin: a worker says what it offers, and parts that stand for it are registered here."""

import json
from collections.abc import Mapping
from typing import Any

from w2sg.core import Component, InputError, registry
from w2sg.isolation.foreign import isolated, part_class
from w2sg.isolation.rules import ISOLATED, TRUSTED
from w2sg.isolation.session import Session
from w2sg.isolation.sources import Plugin

_admitted: dict[str, str] = {}
"""The hash of the code of each plugin whose names are registered, by its file."""


def admit(plugin: Plugin) -> None:
    """Register what a plugin offers, as parts that stand for those of a worker."""
    if _admitted.get(str(plugin.main)) == plugin.digest:
        return
    registry.adopt(isolated)
    session = Session([plugin])
    offered = session.ask("describe")
    session.close()
    try:
        _check_isolable(plugin, offered)
        entries = _entries(plugin, offered)
    except InputError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"plugin {plugin.name}: what it registers cannot be read: {error}") from error
    for entry in entries:
        registry.enter(entry)
    _admitted[str(plugin.main)] = plugin.digest


def _check_isolable(plugin: Plugin, offered: Any) -> None:
    beyond = sorted({f"{said['contract']}" for said in offered if said["contract"] not in ISOLATED or said["writes"]})
    if beyond:
        raise InputError(
            f"plugin {plugin.name} brings {', '.join(beyond)} that cannot be kept from ground truth: if you have read "
            f"its code, give it as '{TRUSTED}{plugin.name}'; records then say that it ran in the laboratory's process"
        )


def _entries(plugin: Plugin, offered: Any) -> list[registry.Entry]:
    classes = {
        (said["contract"], said["kind"]): part_class(registry.contract_class(said["contract"]), plugin, said)
        for said in offered
        if said["own"]
    }
    return [_entry(plugin, said, classes) for said in offered]


def _entry(
    plugin: Plugin, said: Mapping[str, Any], classes: Mapping[tuple[str, str], type[Component]]
) -> registry.Entry:
    contract, kind = said["contract"], said["kind"]
    cls = classes.get((contract, kind)) or registry.lookup(contract, kind).cls
    told = {name: str(said[name]) for name in ("name", "summary", "paper")}
    fields = json.loads(said["fields"])
    return registry.Entry(
        contract, cls=cls, fields=fields, oracle=bool(said["oracle"]), origin=f"plugin {plugin.main}", **told
    )
