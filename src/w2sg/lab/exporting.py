"""Exporting the student of a run: its weights, and a card that says what it is and what it rests on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from w2sg.core import InputError, SavedStudent, Student, registry, wording
from w2sg.graph import REFUSED, Keys, Result, Store, artifacts_of, versions
from w2sg.lab.outcomes import Run
from w2sg.lab.results import LEVEL, SetupResult, summarise
from w2sg.lab.runs import result_of, score_of
from w2sg.lab.setup import TEST, Setup, names_of
from w2sg.lab.weights import NAMES, StudentWeights, saved_student
from w2sg.students import CARD, FeatureMap, write_model

CARD_TEXT = """\
---
library_name: w2sg
tags: [weak-to-strong-generalization]
---

# {title}

A student of a weak-to-strong experiment: it learned from the labels of a weak supervisor, not from ground truth. It was
written by `w2sg export-model`; `{card}` beside it is this page, `w2sg.json` its whole configuration.

```python
import w2sg

model = w2sg.load_model("{folder}")
model.predict_proba(inputs)  # (n, {k}): {classes}
```

## What it is

| part | name |
| --- | --- |
{parts}

Run `{run}`, seed {seed}.
Trained again for this export, its answers differ from those that the run kept, which are rounded to 0.2 %, by at most
{differs:.2g}.

## How good it is

Accuracy on {n_test} held-out test examples: this student {student}, its weak supervisor {weak}, the same student
trained on ground truth (the ceiling) {ceiling}.

Over {n_seeds} of this setup in the store, with {level:.0%} intervals: student {student_interval}, weak supervisor
{weak_interval}, ceiling {ceiling_interval}; performance gap recovered {pgr}. {note}

## What ground truth it saw

The student learned from weak labels. Ground truth was handed out while the run was made as follows: `supervision`
taught the weak supervisor, `ceiling` and `direct` are other students, and `score` only counted who was right.

| for | of split | labels | to |
| --- | --- | ---: | --- |
{gold}

## Intended use

Research on weak-to-strong generalization: looking into the student of an experiment, or trying it on other inputs of
the same task. It is as wrong as its numbers above say, often in the ways of its weak supervisor. It is not made for
decisions about people, and its numbers say nothing of inputs from elsewhere.{corpus}

Made with {versions}.
"""
_CORPUS = (
    "\n\nIts features were fitted on unlabelled inputs of the task, which are in `model.safetensors`: mind their "
    "licence, and whose data they are, before you hand the folder on."
)


def export_model(result: Result, folder: Path, *, store: Path) -> dict[str, Any]:
    """Write the student of a stored run as a folder, and return what the folder says of it.

    The student is trained again by the run's own step under its own seed, once, and held against the kept answers.

    Args:
        result: The run.
        folder: The folder to make.
        store: The store's folder.

    Raises:
        InputError: If the folder is there, or code or data have changed since the run was made.
        CapabilityError: If the student is not made of arrays alone.
        RunError: If the student that was trained again answers otherwise.
    """
    if folder.exists():
        raise InputError(f"{folder} is there already: remove it, or choose another folder with -o")
    if REFUSED in result.shown:
        raise InputError(f"run {result.key[:12]} has no student: its method does not fit: {result.shown[REFUSED]}")
    score = score_of(result)
    if Keys().of(score) != result.key:
        raise InputError(
            f"run {result.key[:12]} was made by other code, data or libraries than are here, so it cannot be trained "
            "again: make the study again, and export the run that comes of it"
        )
    (artifact,) = artifacts_of([StudentWeights(student=score.student, seed=score.seed)], store, workers=1)
    whole, run = _over_seeds(result, store)
    setup, saved = Setup.parse(result.about), saved_student(artifact)
    about = {
        "classes": artifact.record[NAMES],
        "run": result.key,
        "seed": result.seed,
        "setup": setup.model_dump(mode="json"),
        "differs": artifact.record["differs"],
        "versions": versions(),
    }
    write_model(folder, saved, about, _card(result, whole, run, about, folder, has_corpus=_learned(saved)))
    return about


def _over_seeds(result: Result, store: Path) -> tuple[SetupResult, Mapping[str, Any]]:
    """Return what the store has of a run's setup under all seeds, and of the run itself."""
    with Store(store) as opened:
        names = names_of(Setup.parse(result.about))
        others = [one for one in opened.results(where=names, without=REFUSED) if one.about == result.about]
        runs = [_run(opened, one) for one in {one.seed: one for one in [*others, result]}.values()]
    (whole,) = summarise(runs)
    return whole, next(run.result for run in runs if run.id == result.key)


def _run(store: Store, result: Result) -> Run:
    artifact = store.get(result.key)
    if artifact is None:
        raise InputError(f"run {result.key[:12]} has lost its result: make the study again")
    told = result_of(store, result.key, artifact.record)
    return Run(result.key, Setup.parse(result.about), result.seed, told, artifact.arrays)


def _card(
    result: Result,
    whole: SetupResult,
    run: Mapping[str, Any],
    about: Mapping[str, Any],
    folder: Path,
    *,
    has_corpus: bool,
) -> str:
    share, test, shown = whole.pgr, run["metrics"][TEST], names_of(whole.setup)
    rows = [[part, f"`{name}`"] for part, name in shown.items()]
    gold = [[line["purpose"], line["split"], str(line["n"]), line.get("asked_by", "")] for line in run["gold"]]
    return CARD_TEXT.format(
        title=f"{shown['student']} taught by {shown['supervisor']} on {shown['task']}, method {shown['method']}",
        card=CARD,
        folder=folder.name,
        k=len(about["classes"]),
        classes=wording.listed([str(name) for name in about["classes"]]),
        parts=_rows(rows),
        run=result.key,
        seed=result.seed,
        differs=about["differs"],
        n_test=wording.count(test["n"]),
        **{who: wording.number(test[who]["accuracy"]) for who in ("weak", "student", "ceiling")},
        **{f"{who}_interval": wording.interval(getattr(share, who)) for who in ("weak", "student", "ceiling")},
        n_seeds=wording.quantity(share.n_seeds, "seed"),
        level=LEVEL,
        pgr=wording.interval(share) if share.reason is None else f"is not reported: {share.reason}",
        note=share.note or "",
        gold=_rows(gold),
        corpus=_CORPUS if has_corpus else "",
        versions=wording.listed([f"{name} {version}" for name, version in about["versions"].items()]),
    )


def _learned(saved: SavedStudent) -> bool:
    """Return whether the student's body has learned from a corpus, which then goes with it."""
    body = registry.build(Student, dict(saved.student)).body
    return isinstance(body, FeatureMap) and body.learns


def _rows(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
