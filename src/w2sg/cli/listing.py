"""`w2sg list`: what there is."""

from typing import Annotated

import typer

from w2sg.cli import console


def list_names(
    kind: Annotated[
        str | None, typer.Argument(help="tasks, supervisors, students, methods, or a part such as objectives.")
    ] = None,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """List the names of a kind of thing, with what each is; alone, the kinds there are.

    For example:

        w2sg list

        w2sg list methods
    """
    from w2sg.core import registry

    console.load_plugins(plugin)
    if kind is None:
        _list_kinds(as_json)
        return
    entries = registry.entries(kind)
    if as_json:
        console.print_json(
            [{"name": e.name, "kind": registry.kind_of(e.cls), "summary": e.summary, "paper": e.paper} for e in entries]
        )
        return
    rows = [[entry.name, registry.kind_of(entry.cls), entry.summary, entry.paper] for entry in entries]
    console.print_table(f"{len(rows)} {kind}", ["name", "kind", "what it is", "paper"], rows)


def _list_kinds(as_json: bool) -> None:
    """Print all kinds of things, with how many there are of each."""
    import inspect

    from w2sg.core import registry

    kinds = [
        {
            "name": kind,
            "count": len(registry.names(kind)),
            "summary": (inspect.getdoc(registry.contract_class(kind)) or "").split("\n")[0],
        }
        for kind in registry.contracts()
    ]
    if as_json:
        console.print_json(kinds)
        return
    rows = [[str(kind["name"]), str(kind["count"]), str(kind["summary"])] for kind in kinds]
    console.print_table(f"{len(rows)} kinds of things; 'w2sg list KIND' lists one", ["kind", "names", "what"], rows)
