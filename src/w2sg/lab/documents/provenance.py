"""Where every number is from: configuration, seeds, runs, versions, ground truth, and how to make it again."""

from typing import Any

from w2sg.core import Cell, Component, DataTable, Fact, Heading, InputError, Provenance, registry, wording
from w2sg.lab.documents.parts import anchor, rests_on, text_column
from w2sg.lab.results import SetupResult, StudyResult
from w2sg.lab.setup import PARTS

GOLD = (
    text_column("purpose", "handed out for"),
    text_column("split"),
    Heading("n", "examples", style="count"),
    Heading("times", "times", style="count"),
)


def provenance_of(study: StudyResult) -> list[Provenance]:
    """Return where each result of a study is from."""
    return [
        _provenance(entrant.result, entrant.method, comparison.title)
        for comparison in study.comparisons
        for entrant in comparison.entrants
    ]


def code_of(result: SetupResult) -> str:
    """Return the Python call that makes a result again; parts are named where the registry knows their very settings.

    Components of plugins need their plugin files as well.
    """
    # A name is shown only where it stands for exactly these settings; else the whole table is, which is long and
    # certain.
    parts = [f"    {part}={_spec(part, result.label[part], getattr(result.setup, part))!r}," for part in PARTS]
    n_seeds = len(result.seeds)
    # A number of seeds means 0, 1, 2, ...; any other choice of seeds has to be listed.
    seeds: int | list[int] = n_seeds if result.seeds == tuple(range(n_seeds)) else list(result.seeds)
    return "\n".join(["import w2sg", "", "result = w2sg.run(", *parts, f"    seeds={seeds},", ")"])


def _provenance(result: SetupResult, method: str, place: str) -> Provenance:
    gold = tuple(
        (Cell(str(release["purpose"])), Cell(str(release["split"])), Cell(release["n"]), Cell(release["times"]))
        for release in result.gold
    )
    return Provenance(
        name=anchor(result),
        title=method,
        place=place,
        facts=tuple(Fact(name, text) for name, text in _facts(result).items()),
        runs=tuple((seed, wording.short_hash(run)) for seed, run in zip(result.seeds, result.run_ids, strict=True)),
        gold=DataTable(f"gold-{anchor(result)}", "ground truth", "", GOLD, gold),
        code=code_of(result),
        configuration=result.setup.model_dump(mode="json"),
    )


def _facts(result: SetupResult) -> dict[str, str]:
    share = result.pgr
    return {
        "configuration": result.config,
        "PGR": f"{wording.interval(share)}, {share.method}" if share.reason is None else f"none: {share.reason}",
        **({"remark": share.note} if share.note else {}),
        "rests on": rests_on(share),
        "weak labels": f"{wording.number(result.weak_label_accuracy)} accurate on the transfer split",
        "training": f"{wording.seconds(result.train_s)} of student training over all seeds",
        "trust tier": result.trust,
        "versions": ", ".join(f"{name} {version}" for name, version in result.versions.items()),
    }


def _spec(part: str, name: str, component: Component) -> str | dict[str, Any]:
    """Return a component's name where the registry makes exactly this component of it, else its whole configuration."""
    try:
        if registry.build(PARTS[part], name) == component:
            return name
    except InputError:
        pass
    return component.model_dump(mode="json")
