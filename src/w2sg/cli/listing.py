"""`w2sg list`: what there is."""

from typing import Annotated

import typer

from w2sg.cli import console


def list_names(
    kind: Annotated[str, typer.Argument(help="tasks, supervisors, students, methods, or a part such as objectives.")],
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """List the names of a kind of thing, with what each is.

    For example:

        w2sg list methods
    """
    from w2sg.core import registry

    console.load_plugins(plugin)
    entries = registry.entries(kind)
    if as_json:
        console.print_json(
            [{"name": e.name, "kind": registry.kind_of(e.cls), "summary": e.summary, "paper": e.paper} for e in entries]
        )
        return
    rows = [[entry.name, registry.kind_of(entry.cls), entry.summary, entry.paper] for entry in entries]
    console.print_table(f"{len(rows)} {kind}", ["name", "kind", "what it is", "paper"], rows)
