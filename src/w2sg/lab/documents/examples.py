"""Examples on a page: what was asked, what was answered by whom, and what is right."""

from collections.abc import Mapping, Sequence

from w2sg.core import Cell, DataTable, wording
from w2sg.lab.comparisons import Comparison
from w2sg.lab.documents.study_tables import Row, labels_of, table_of
from w2sg.lab.examples import AT_RANDOM, DISPUTED, GivenAnswer, ShownExample

Shown = Mapping[str, Sequence[ShownExample]]
"""Examples by the id of the run that they are of."""
RIGHT, WRONG = "\N{CHECK MARK}", "\N{BALLOT X}"


def examples_table(comparisons: Sequence[Comparison], examples: Shown) -> DataTable | None:
    """Return the table of a study's examples; None where there are none."""
    entrants = [(comparison, entrant) for comparison in comparisons for entrant in comparison.entrants]
    shown = [pair for pair in entrants if pair[1].result.run_ids[:1] and pair[1].result.run_ids[0] in examples]
    rows = [
        {**labels_of(*pair), **example_row(example)}
        for pair in shown
        for example in examples[pair[1].result.run_ids[0]]
    ]
    of = "" if len(shown) == len(entrants) else f" There is room for {len(shown)} of {len(entrants)} setups."
    intro = (
        f"Of each setup's first seed and each test set: up to {DISPUTED} examples on which student and weak supervisor "
        f"differ most, and {AT_RANDOM} drawn from the others, so these rows are no sample.{of} Long inputs are "
        f"shortened. {RIGHT} is right, {WRONG} is wrong, by the labels that scoring opened."
    )
    return table_of("examples", "Examples", intro, rows)


def example_row(example: ShownExample) -> Row:
    """Return the cells of an example."""
    answers = example.answers
    return {
        "test_set": Cell(example.test),
        "input": Cell(example.input, help=f"example {example.id}"),
        "weak_label": answer_cell(answers["weak"]),
        "answer": answer_cell(answers["student"]),
        "best_answer": answer_cell(answers["ceiling"]),
        "gold": Cell(example.gold),
        "disagreement": Cell(example.disagreement),
        "chosen": Cell("at random" if example.drawn else "disputed"),
    }


def answer_cell(given: GivenAnswer) -> Cell:
    """Return an answer with its mark, and how probable it was said to be."""
    probability = "" if given.probability is None else f" {wording.number(given.probability, 2)}"
    return Cell(given.answer, note=f"{RIGHT if given.right else WRONG}{probability}")
