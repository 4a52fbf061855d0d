"""Where every number is from: configuration, seeds, runs, versions, ground truth, and how to make it again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from w2sg.core import Component, InputError, registry
from w2sg.lab import SetupResult, StudyResult
from w2sg.report import formatting as fmt
from w2sg.report.grouping import groups_of
from w2sg.report.tables import anchor

_SORTS = {"task": "tasks", "supervisor": "supervisors", "student": "students", "method": "methods"}


@dataclass(frozen=True)
class Origin:
    """Where a result is from.

    Attributes:
        anchor: The place in the page.
        method: The method's name.
        place: Task, supervisor and student.
        facts: Named facts, in order.
        runs: Seed and run id.
        gold: Ground truth handed out: purpose, split, examples, times.
        again: Python that makes the result again.
        setup: The whole configuration as JSON.
    """

    anchor: str
    method: str
    place: str
    facts: tuple[tuple[str, str], ...]
    runs: tuple[tuple[int, str], ...]
    gold: tuple[tuple[str, str, str, str], ...]
    again: str
    setup: str


def origins_of(study: StudyResult) -> list[Origin]:
    """Return where each result of a study is from."""
    return [
        _origin(result, name, group.title)
        for group in groups_of(study.results)
        for name, result in group.results.items()
    ]


def code_of(result: SetupResult) -> str:
    """Return the Python call that makes a result again; parts are named where the registry knows their very settings.

    Components of plugins need their plugin files as well.
    """
    lines = [f"    {part}={_spec(part, result.label[part], getattr(result.setup, part))!r}," for part in _SORTS]
    n_seeds = len(result.seeds)
    seeds: int | list[int] = n_seeds if result.seeds == tuple(range(n_seeds)) else list(result.seeds)
    return "\n".join(["import w2sg", "", "result = w2sg.run(", *lines, f"    seeds={seeds},", ")"])


def _origin(result: SetupResult, method: str, place: str) -> Origin:
    return Origin(
        anchor=anchor(result),
        method=method,
        place=place,
        facts=tuple(_facts(result).items()),
        runs=tuple((seed, fmt.short_hash(run)) for seed, run in zip(result.seeds, result.run_ids, strict=True)),
        gold=tuple(_handout(handout) for handout in result.gold),
        again=code_of(result),
        setup=json.dumps(result.setup.model_dump(mode="json"), indent=2, ensure_ascii=False),
    )


def _facts(result: SetupResult) -> dict[str, str]:
    found = result.pgr
    return {
        "configuration": result.config,
        "PGR": f"{fmt.interval(found)}, {found.method}" if found.reason is None else f"none: {found.reason}",
        **({"remark": found.note} if found.note else {}),
        "rests on": (
            f"{fmt.quantity(found.n_seeds, 'seed')}, {fmt.count(found.n_test)} test examples per seed, "
            f"{fmt.count(found.n_examples)} different"
        ),
        "weak labels": f"{fmt.number(result.weak_label_accuracy)} accurate on the transfer split",
        "training": f"{fmt.seconds(result.train_s)} of student training over all seeds",
        "versions": ", ".join(f"{name} {version}" for name, version in result.versions.items()),
    }


def _handout(handout: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (
        str(handout.get("purpose", "")),
        str(handout.get("split", "")),
        fmt.count(handout.get("n")),
        fmt.count(handout.get("times")),
    )


def _spec(part: str, name: str, component: Component) -> str | dict[str, Any]:
    """Return a component's name where the registry makes exactly this component of it, else its whole configuration."""
    try:
        if registry.build(_SORTS[part], name) == component:
            return name
    except InputError:
        pass
    return component.model_dump(mode="json")
