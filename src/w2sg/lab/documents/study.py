"""The document of a study, or of one setup: what was run, what was found, and where every number is from."""

from w2sg.core import Card, Cell, DataTable, Document, Fact, Finding, Heading, InputError, Section, wording
from w2sg.lab.comparisons import Names, compare_methods
from w2sg.lab.documents.examples import Shown
from w2sg.lab.documents.findings import place_findings, study_findings
from w2sg.lab.documents.parts import alone, counted, level_of, notes, text_column
from w2sg.lab.documents.provenance import provenance_of
from w2sg.lab.documents.stopping import stopping_findings, stopping_table
from w2sg.lab.documents.study_figures import study_figures
from w2sg.lab.documents.study_tables import examples_table, study_tables
from w2sg.lab.documents.training import training_sections
from w2sg.lab.results import SetupResult, StudyResult
from w2sg.lab.setup import TEST

EFFORT = ("steps_done", "wall_s")


def study_document(result: StudyResult | SetupResult, *, examples: Shown | None = None, made_by: str = "") -> Document:
    """Return the document of a study, or of one setup.

    Args:
        result: What came out.
        examples: Single examples to show, by the id of their run.
        made_by: The command that makes it, to be shown; empty shows none.

    Raises:
        InputError: The study has no results.
    """
    # One setup is a study of one result; its `--json` keeps the keys of a setup.
    study = result
    if isinstance(study, SetupResult):
        study = StudyResult("run", (study,), tuple(compare_methods([study])))
    if not study.results:
        raise InputError(f"study {study.name!r} has no results: there is nothing to report")
    # The numbers stand in the document as they came out; what took time is kept apart, because it differs from call to
    # call.
    names, data = Names(study.results), result.to_dict()
    seen = examples_table(study.comparisons, examples or {})
    cards = tuple(Card(comparison.title, tuple(place_findings(comparison))) for comparison in study.comparisons)
    return Document(
        kind="study",
        heading="Weak-to-strong generalization: report of a study",
        title=study.name,
        lead=_lead(study, names),
        facts=_facts(study, names),
        findings=(*stopping_findings(study), *study_findings(study), *_failures(study), *_foreign_code(study)),
        sections=(
            Section("places", "By task, weak supervisor and student", cards=cards),
            Section("reading", "How to read this", terms=_terms(study)),
            Section("figures", "Figures", figures=tuple(study_figures(study.comparisons))),
            *([] if study.stopping is None else [alone(stopping_table(study.stopping))]),
            *(alone(table) for table in study_tables(study.comparisons)),
            *training_sections(study.comparisons),
            *([] if seen is None else [alone(seen)]),
            *([alone(_failed_table(study))] if study.failed else []),
        ),
        provenance=tuple(provenance_of(study)),
        made_by=made_by,
        versions=study.results[0].versions,
        rests_on=wording.quantity(study.n_runs, "run"),
        data={name: value for name, value in data.items() if name not in EFFORT},
        effort={name: data[name] for name in EFFORT if name in data},
    )


def _lead(study: StudyResult, names: Names) -> str:
    """Return one paragraph that says what was run."""
    parts = [_named(names, part) for part in ("task", "supervisor", "student", "method")]
    seeds = sorted({len(result.seeds) for result in study.results})
    per_setup = wording.quantity(seeds[0], "seed") if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    examples = [result.pgr.n_test for result in study.results]
    low, high = wording.count(min(examples)), wording.count(max(examples))
    text = (
        f"{wording.quantity(study.n_runs, 'run')}: {wording.quantity(len(study.results), 'setup')} under {per_setup} "
        f"each, from {wording.listed(parts)}. In each run the weak supervisor learned from ground truth of its own "
        "split, labelled the transfer split, and the student learned from these labels only; "
        f"{low if low == high else f'{low} to {high}'} test examples scored each run"
    )
    tests = dict.fromkeys(test for result in study.results for test in result.tests)
    others = [test for test in tests if test != TEST]
    return f"{text}, with further test sets {wording.listed(others)}." if others else f"{text}."


def _named(names: Names, part: str) -> str:
    different = names.different(part)
    # Eight names are listed in full; of more, seven and their number, which is never longer than the eight.
    shown = different if len(different) <= 8 else [*different[:7], f"{len(different) - 7} more"]
    return f"{wording.quantity(len(different), NOUNS[part])} ({', '.join(shown)})"


NOUNS = {"task": "task", "supervisor": "weak supervisor", "student": "student", "method": "method"}


def _facts(study: StudyResult, names: Names) -> tuple[Fact, ...]:
    numbers = {"run": study.n_runs, "seed": len({seed for result in study.results for seed in result.seeds})}
    return counted(numbers | {noun: len(names.different(part)) for part, noun in NOUNS.items()})


def _foreign_code(study: StudyResult) -> list[Finding]:
    """Return a remark where foreign code ran beside ground truth: it stands beside every finding of the page."""
    touched = [result for result in study.results if " beside " in result.trust]
    names = wording.listed(sorted({result.trust.partition(" beside ")[2] for result in touched}))
    return notes(
        [
            f"Foreign code ran beside ground truth while numbers of {len(touched)} of "
            f"{wording.quantity(len(study.results), 'setup')} were made: {names}. Nothing kept it from the labels."
        ]
        if touched
        else []
    )


def _failures(study: StudyResult) -> list[Finding]:
    if not study.failed:
        return []
    total = study.n_runs + len(study.failed)
    return notes([f"{len(study.failed)} of {wording.quantity(total, 'run')} failed and are in no number of this page."])


def _failed_table(study: StudyResult) -> DataTable:
    """Return the runs that could not be made, and why."""
    parts = map(text_column, study.failed[0].label)
    rows = tuple((*map(Cell, run.label.values()), Cell(run.seed), Cell(run.reason)) for run in study.failed)
    intro = "Runs that could not be made; the others are not touched by them."
    columns = (*parts, Heading("seed", "seed", style="count"), text_column("reason"))
    return DataTable("failed", "Failed runs", intro, columns, rows)


def _terms(study: StudyResult) -> tuple[tuple[str, str], ...]:
    share = study.results[0].pgr
    words = {"level": level_of(share.level), "minimum": wording.number(share.minimum_gap, 2)}
    return tuple((term, text.format(**words)) for term, text in READING.items())


READING = {
    "What is compared": (
        "A weak supervisor labels examples; a student learns from these labels by a method; the ceiling is the same "
        "student trained on ground truth. All three are scored on the same held-out test examples."
    ),
    "Performance gap recovered (PGR)": (
        "(student − weak) / (ceiling − weak). At 0 the student is as good as its supervisor, at 1 as good as with "
        "ground truth. Below 0 it is worse than its supervisor; above 1 it is better than the ceiling. Values are "
        "never clipped."
    ),
    "When there is no PGR": (
        "A ratio over a small gap is mostly noise. None is reported where the lower limit of the gap's {level} "
        "interval is below {minimum}; then the three accuracies stand alone."
    ),
    "Intervals in brackets": (
        "{level} intervals: if the study were repeated many times with new seeds and test examples, about {level} of "
        "such intervals would hold the true value. They cover both what another seed and what other test examples "
        "would change; test examples that seeds share count once. The PGR's interval is Fieller's, made for ratios. "
        "The bootstrap check makes it a second way: where the two differ much, trust neither."
    ),
    "Comparing methods": (
        "Methods are compared on the same seeds and the same test examples, which removes most of the noise they "
        "share. So two methods can differ clearly although their own intervals overlap: read the table of "
        "comparisons, not the overlap. Holm p is adjusted for the number of comparisons; a finding needs Holm "
        "p < .05. A difference that was not shown is not a proof that there is none."
    ),
    "How the student errs": (
        "Agreement is the share of test examples on which student and supervisor say the same. Errors copied is the "
        "share of the supervisor's errors that the student repeats: high values mean imitation. ECE (lower is better) "
        "says how far stated probabilities are from frequencies, AUROC how well they rank."
    ),
    "Trust tier": (
        "T0: made in the laboratory's process, by code of w2sg. T1: trained in a worker that never held ground truth. "
        "T2: in such a worker, held by the system's sandbox. Code of plugins trains in workers only; where other code "
        "ran beside ground truth, its name stands here, and nothing keeps it from what it could have read."
    ),
    "Where ground truth went": (
        "Methods never see it. Provenance lists each time it was handed out, and for what: training the supervisor, "
        "training the ceiling, scoring."
    ),
}
"""Words of a study's page and what they mean."""
