"""`w2sg describe`: one thing, its fields, defaults and JSON schema."""

import inspect
from typing import Annotated

import typer

from w2sg.cli import console


def describe(
    kind: Annotated[str, typer.Argument(help="The kind of thing, such as methods.")],
    name: Annotated[str, typer.Argument(help="Its name.")],
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Describe a component: what it does, its fields, its values; with --json also the schema.

    For example:

        w2sg describe methods confidence
    """
    from w2sg.core import ConfigError, canonical_json, registry

    console.load_plugins(plugin)
    entry = registry.lookup(kind, name)
    try:
        # Built where it can be, so that parts are shown with their own values; a needed field has none to build with.
        values = registry.build(kind, name).model_dump(mode="json")
    except ConfigError:
        values = entry.cls.model_construct(**entry.fields).model_dump(mode="json", warnings=False)  # defaults only
    # A part that stands for a plugin's holds only what was given: what is left out has the value of its field.
    defaults = {name: field.default for name, field in entry.cls.model_fields.items() if not field.is_required()}
    values = {**{name: value for name, value in defaults.items() if name not in values}, **values}
    doc = inspect.getdoc(entry.cls) or ""
    if as_json:
        from w2sg.methods import Composition, composition_schema

        # A composition's schema has the kinds of its parts inlined, so that a search over them needs nothing else.
        schema = composition_schema() if entry.cls is Composition else entry.cls.model_json_schema()
        console.print_json(
            {
                "name": name,
                "kind": registry.kind_of(entry.cls),
                "summary": entry.summary,
                "paper": entry.paper,
                "version": entry.cls.version,
                "values": values,
                "schema": schema,
            }
        )
        return
    console.echo(f"{name}: {entry.summary}\n")
    if entry.summary != doc.split("\n")[0]:
        console.echo(f"Built on {registry.kind_of(entry.cls)}:")
    console.echo(doc + "\n")
    if entry.paper:
        console.echo(f"Paper: {entry.paper}\n")
    rows = []
    for field, rule in entry.cls.model_json_schema().get("properties", {}).items():
        shown = canonical_json(values[field]) if field in values else "needed"
        rows.append([field, shown, rule_of(rule), rule.get("description", "")])
    console.print_table(f"fields of {name}", ["field", "value", "rule", "what it is"], rows)


def rule_of(rule: dict[str, object]) -> str:
    """Return the type and range of a field in a few words."""
    if "anyOf" in rule:
        options = rule["anyOf"]
        assert isinstance(options, list)
        return " or ".join(dict.fromkeys(rule_of(option) for option in options))
    if "enum" in rule or "const" in rule:
        values = rule.get("enum", [rule.get("const")])
        assert isinstance(values, list)
        return " | ".join(map(str, values))
    names = {"exclusiveMinimum": ">", "minimum": ">=", "exclusiveMaximum": "<", "maximum": "<="}
    ranges = [f"{sign} {rule[key]}" for key, sign in names.items() if key in rule]
    return " ".join([str(rule.get("type", "table")), *ranges])
