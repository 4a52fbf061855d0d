"""The space of compositions as data: drawing from it, one name for each, its schema, and what contradicts itself."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np
from pydantic.fields import FieldInfo

from w2sg.core import Component, ConfigError, InformationTier, InputError, Student, WeakView, registry
from w2sg.methods.composition import Composition

PARTS = {
    "select": "selections",
    "relabel": "relabelings",
    "objective": "objectives",
    "stopping": "stoppings",
    "chain": "chains",
}
"""The fields of a composition, and the contract that each takes, in the order of a name."""
SPREAD = 4.0
"""A number without an upper bound is drawn between its default divided and multiplied by this."""
DIGITS = 3
"""Numbers are drawn with so many significant digits, so that names are short."""
TRIES = 100
"""Draws of a whole composition before the space is called empty: its parts fit one by one, and rarely not together."""
PART_TRIES = 20
"""Draws of the fields of one kind before it is taken not to fit."""
_PLAIN = re.compile(r"[A-Za-z][\w.-]*")


@dataclass(frozen=True)
class Circumstances:
    """What a composition may rely on.

    Attributes:
        capabilities: What the student can do.
        n_classes: The number of classes; None if it is not known.
        n_transfer: The number of transfer examples; None if it is not known.
        gives: What task and supervisor give, as in `Method.needs`.
        audits: How many gold labels may be bought.
        tier: What may be known beside weak labels.
        oracles: Whether oracles may take part.
    """

    capabilities: frozenset[str] = frozenset()
    n_classes: int | None = None
    n_transfer: int | None = None
    gives: frozenset[str] = frozenset()
    audits: int = 0
    tier: InformationTier = InformationTier.WEAK_LABELS
    oracles: bool = False

    @classmethod
    def of(cls, view: WeakView, student: Student) -> "Circumstances":
        """Return the circumstances of a view and a student."""
        gives = frozenset() if view.transfer.weak.members is None else frozenset({"members"})
        return cls(student.capabilities, view.transfer.weak.n_classes, len(view.transfer), gives)


def contradictions(composition: Composition, given: Circumstances) -> list[str]:
    """Return why a composition cannot run under some circumstances, or should not; nothing if it can.

    >>> contradictions(Composition(objective="confidence"), Circumstances())
    ["needs 'gradient', and the student has none: choose another student, or parts that do without"]
    """
    return [*_unable(composition, given), *_unsupplied(composition, given)]


def _unable(composition: Composition, given: Circumstances) -> Iterator[str]:
    """Yield what student, task and supervisor lack."""
    missing = sorted(composition.requires - given.capabilities)
    if missing:
        have = ", ".join(sorted(given.capabilities)) or "none"
        yield (
            f"needs {', '.join(map(repr, missing))}, and the student has {have}: choose another student, or parts that "
            "do without"
        )
    only = composition.objective.only_classes
    if only is not None and given.n_classes not in (None, only):
        yield f"objective {composition.objective.kind!r} is for {only} classes, got {given.n_classes}: use another"
    for need in sorted(composition.needs - given.gives):
        yield f"needs {need!r}, which task and supervisor do not give: choose a panel of supervisors"


def _unsupplied(composition: Composition, given: Circumstances) -> Iterator[str]:
    """Yield what it asks for in gold and in examples and does not get."""
    if not given.tier.includes(composition.tier):
        yield f"knows {composition.tier.value!r}, and no more than {given.tier.value!r} may be known: raise the tier"
    if composition.audits > given.audits:
        yield f"buys {composition.audits} gold labels, and {given.audits} may be bought: lower its 'labels'"
    if given.n_transfer is not None and composition.audits > given.n_transfer:
        yield f"buys {composition.audits} of {given.n_transfer} transfer examples: lower its 'labels'"
    stopping = composition.stopping
    if stopping.audits and composition.audits == given.n_transfer:
        yield f"stopping {stopping.kind!r} watches every transfer example and leaves none to train on"
    if stopping.watches and not stopping.audits and given.n_transfer is not None and given.n_transfer < 2:
        yield f"stopping {stopping.kind!r} lends examples of the transfer split, and it has {given.n_transfer}"
    if not given.oracles:
        for field, contract in PARTS.items():
            kind = getattr(composition, field).kind
            if registry.lookup(contract, kind).oracle:
                yield f"{field} {kind!r} is an oracle: it sees gold that no method has, and is only for bounds"


def random_composition(rng: np.random.Generator, given: Circumstances) -> Composition:
    """Return a composition that can run, drawn at random.

    Each part's kind is drawn from those that fit, all alike; each of its fields keeps its default half of the time and
    is else drawn from its declared range: choices alike, numbers between two bounds uniformly, other numbers
    log-uniformly around their default. Parts that contradict each other are drawn again.

    Raises:
        InputError: If nothing that was drawn fits the circumstances.
    """
    # Parts are restricted one by one before they are put together: thrown away as wholes, nearly all draws would be
    # lost where a student can do little, and what is left would favour whatever asks for nothing.
    for _ in range(TRIES):
        drawn = Composition(**{field: _random_part(field, rng, given) for field in PARTS})
        if not contradictions(drawn, given):
            return drawn
    raise InputError(f"no composition of {TRIES} drawn fits {given}: give the student more capabilities")


def _random_part(field: str, rng: np.random.Generator, given: Circumstances) -> Component:
    """Return a part that can run in a composition of otherwise default parts."""
    # Only kinds, no presets: a preset is a point of the same space, and would be drawn twice as often.
    kinds = list(kinds_of(PARTS[field]).values())
    for index in rng.permutation(len(kinds)):
        for _ in range(PART_TRIES):
            try:
                alone = Composition.parse({field: _random_fields(kinds[index], rng)})
            except ConfigError:
                continue  # fields that are in range one by one may contradict each other
            if not contradictions(alone, given):
                part = getattr(alone, field)
                assert isinstance(part, Component)
                return part
    raise InputError(f"no {field} of {len(kinds)} kinds fits {given}: give the student more capabilities")


def _random_fields(cls: type[Component], rng: np.random.Generator) -> dict[str, Any]:
    fields: dict[str, Any] = {"kind": registry.kind_of(cls)}
    for name, field in cls.model_fields.items():
        if name != "kind" and (field.is_required() or rng.random() < 0.5):
            fields[name] = _random_value(field, rng)
    return fields


def kinds_of(contract: str) -> dict[str, type[Component]]:
    """Return the classes of a contract by kind."""
    entries = [registry.lookup(contract, name) for name in registry.names(contract)]
    return {entry.name: entry.cls for entry in entries if entry.name == registry.kind_of(entry.cls)}


def _random_value(field: FieldInfo, rng: np.random.Generator) -> Any:
    """Return a value of a field's declared range; its default where the range is not a simple one."""
    options = list(_options(field.annotation, tuple(field.metadata)))
    default = field.get_default()
    drawable = [option for option in options if option[0] in (bool, int, float) or get_origin(option[0]) is Literal]
    if not drawable:
        if field.is_required():
            raise ConfigError([((), f"a field without default cannot be drawn: {field.annotation}")])
        return default
    kind, metadata = drawable[rng.integers(len(drawable))]
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        return choices[rng.integers(len(choices))]
    if kind is bool:
        return bool(rng.integers(2))
    number = _random_number(metadata, default, kind is int, rng)
    return int(number) if kind is int else number


def _options(annotation: Any, metadata: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield the simple types of an annotation, each with its bounds."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from _options(inner, (*metadata, *more))
    elif get_origin(annotation) in (Union, UnionType):
        for option in get_args(annotation):
            if option is not NoneType:
                yield from _options(option, metadata)
    else:
        bounds = [each for item in metadata for each in (item.metadata if isinstance(item, FieldInfo) else [item])]
        yield annotation, tuple(bounds)


def _random_number(metadata: tuple[Any, ...], default: Any, whole: bool, rng: np.random.Generator) -> float:
    low, high = -math.inf, math.inf
    for bound in metadata:
        low = max(low, *_edges(bound, "ge", "gt", 1 if whole else 0))
        high = min(high, *_edges(bound, "le", "lt", -1 if whole else 0))
    if math.isfinite(low) and math.isfinite(high):
        if whole:
            return float(rng.integers(int(low), int(high) + 1))
        # Both ends are kept out: bounds may be open, and at an end many objectives degenerate.
        return _short(low + (high - low) * (0.001 + 0.998 * rng.random()))
    # A number without bounds on both sides says nothing of its scale but by its default.
    middle = float(default) if isinstance(default, int | float) and default else (-1.0 if high <= 0 else 1.0)
    drawn = middle * SPREAD ** rng.uniform(-1, 1)
    drawn = min(max(round(drawn) if whole else _short(drawn), low), high)
    return float(drawn)


def _edges(bound: Any, closed: str, open_: str, inward: int) -> list[float]:
    """Return the bound of one side as a number that is inside, where `bound` is one; infinity on neither side else."""
    outer = -math.inf if closed == "ge" else math.inf
    return [float(getattr(bound, closed, outer)), float(getattr(bound, open_, outer)) + inward]


def _short(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")


def canonical_name(composition: Composition) -> str:
    """Return the one name of a composition: equal ones have equal names, and others have others.

    The name of the first method registered with the same parts; else the parts that are not the default's, each with
    the fields that are not its kind's default.

    >>> canonical_name(Composition())
    'naive'
    >>> canonical_name(Composition(select={"kind": "confident", "share": 0.5}, objective="confidence"))
    'select:confident(share=0.5)+objective:confidence'
    """
    # Published names come first: 'naive' tells more than a list of default parts.
    for name in registry.names("methods"):
        entry = registry.lookup("methods", name)
        if entry.preset and entry.cls is Composition and registry.build("methods", name) == composition:
            return name
    plain = Composition()
    parts = [
        f"{field}:{_named(getattr(composition, field))}"
        for field in PARTS
        if getattr(composition, field) != getattr(plain, field)
    ]
    return "+".join(parts) or "composition"


def _named(part: Component) -> str:
    """Return a component's kind and the fields that differ from the kind's defaults, in their order."""
    fields = type(part).model_fields
    shown = [
        f"{name}={_shown(getattr(part, name))}"
        for name, field in fields.items()
        if name != "kind" and (field.is_required() or getattr(part, name) != field.get_default())
    ]
    return f"{part.kind}({','.join(shown)})" if shown else part.kind


def _shown(value: Any) -> str:
    if isinstance(value, Component):
        return _named(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(_shown(item) for item in value)}]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value not in ("true", "false", "null"):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def composition_schema() -> dict[str, Any]:
    """Return the JSON schema of a composition with every part inlined: a name, or one of its kinds with its fields."""
    properties: dict[str, Any] = {"kind": {"const": "composition"}}
    for field, contract in PARTS.items():
        info = Composition.model_fields[field]
        default = info.get_default()
        assert isinstance(default, Component)
        properties[field] = {
            "description": info.description,
            "default": default.model_dump(mode="json"),
            "oneOf": [
                {"enum": registry.names(contract), "description": f"the name of one of the {contract}"},
                *(_schema(cls) for cls in kinds_of(contract).values()),
            ],
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Composition",
        "description": (Composition.__doc__ or "").strip(),
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _schema(cls: type[Component]) -> dict[str, Any]:
    """Return the schema of one kind without references."""
    schema = cls.model_json_schema()
    definitions = schema.pop("$defs", {})
    inlined = _inlined(schema, definitions)
    assert isinstance(inlined, dict)
    return {**inlined, "required": sorted({"kind", *inlined.get("required", [])})}


def _inlined(value: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        if "$ref" in value:
            # JSON schema lets a reference stand beside other keywords; those, such as a description, win over the
            # target's.
            target = definitions[str(value["$ref"]).rpartition("/")[2]]
            return _inlined({**target, **{key: item for key, item in value.items() if key != "$ref"}}, definitions)
        return {key: _inlined(item, definitions) for key, item in value.items()}
    if isinstance(value, list):
        return [_inlined(item, definitions) for item in value]
    return value
