"""Examples on a page: what was asked, what was answered by whom, and what is right."""

from collections.abc import Mapping, Sequence

from w2sg.core import Cell, wording
from w2sg.lab.examples import GivenAnswer, ShownExample

Shown = Mapping[str, Sequence[ShownExample]]
"""Examples by the id of the run that they are of."""
RIGHT, WRONG = "\N{CHECK MARK}", "\N{BALLOT X}"


def example_row(example: ShownExample) -> dict[str, Cell]:
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
