"""Supervisors that write: a trained writer, and recorded solutions."""

from typing import Any

import numpy as np
import pytest

from w2sg.core import DataError, Examples, InputError, Supervision, UnknownNameError, derive
from w2sg.supervisors import RecordedSolutions, WriterSupervisor
from w2sg.testing import Rote, written_sample

SAMPLE = written_sample()
EXAMPLES, GOLD = SAMPLE.examples, SAMPLE.gold
SHOWN = Supervision(EXAMPLES, GOLD, SAMPLE.question, SAMPLE.corpus)


def labels(supervisor: Any, examples: Examples = EXAMPLES) -> Any:
    return supervisor.fit(SHOWN, derive(0, "fit")).label(examples, None, derive(0, "label"))


def test_a_trained_writer_learns_the_gold_of_its_split() -> None:
    assert labels(WriterSupervisor(student=Rote())).answers.tolist() == GOLD.tolist()
    few = labels(WriterSupervisor(student=Rote(), labels=20)).answers
    first = [str(text).split()[0] for text in EXAMPLES.inputs.values]
    assert sum(a == b for a, b in zip(few, GOLD, strict=True)) < len(GOLD)
    assert all(a in (b, c) for a, b, c in zip(few, GOLD, first, strict=True))


def test_samples_are_drawn_beside_the_likeliest_answer() -> None:
    found = labels(WriterSupervisor(student=Rote(), samples=4))
    assert found.samples.shape == (len(GOLD), 4)
    assert found.answers.tolist() == GOLD.tolist()
    assert len({str(row) for row in found.samples}) > 10
    assert labels(WriterSupervisor(student=Rote())).samples is None


def test_too_few_examples_are_refused() -> None:
    with pytest.raises(InputError, match="labels must be at most the 60 examples of the supervision split, got 61"):
        labels(WriterSupervisor(student=Rote(), labels=61))


def test_recorded_solutions_are_the_answers_and_several_are_samples() -> None:
    said = EXAMPLES.metadata["written.annotator"]
    more = Examples(EXAMPLES.ids, EXAMPLES.inputs, {**EXAMPLES.metadata, "written.other": GOLD})
    alone = labels(RecordedSolutions(by=("annotator",)), more)
    assert (alone.answers.tolist(), alone.samples) == (said.tolist(), None)
    both = labels(RecordedSolutions(by=("other", "annotator")), more)
    assert both.answers.tolist() == GOLD.tolist()
    np.testing.assert_array_equal(both.samples, np.stack([GOLD, said], axis=1))


def test_what_is_not_recorded_is_named() -> None:
    with pytest.raises(UnknownNameError, match="unknown recorded solutions .* 'anotator': did you mean 'annotator'"):
        labels(RecordedSolutions(by=("anotator",)))
    bare = Examples(EXAMPLES.ids, EXAMPLES.inputs)
    with pytest.raises(DataError, match="needs recorded solutions, the data have none: choose a task that stores them"):
        labels(RecordedSolutions(by=("annotator",)), bare)
    wrong = Examples(EXAMPLES.ids, EXAMPLES.inputs, {"written.x": np.arange(60)})
    with pytest.raises(InputError, match="metadata 'written.x' must be texts, got 0"):
        labels(RecordedSolutions(by=("x",)), wrong)
