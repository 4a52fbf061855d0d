"""Fields of components that hold components."""

from pydantic import BeforeValidator, WithJsonSchema

from w2sg.core.component import Component
from w2sg.core.registry import build


def component_field(of: type[Component], what: str) -> tuple[BeforeValidator, WithJsonSchema]:
    """Return the annotations of a field that holds a component: a name, a table with `kind`, or the component itself.

    Use as `Annotated[SerializeAsAny[Base], *component_field(Objective, "an objective")]`.
    """
    schema = {"anyOf": [{"type": "string"}, {"type": "object", "required": ["kind"]}], "description": what}
    return BeforeValidator(lambda spec: build(of, spec)), WithJsonSchema(schema)
