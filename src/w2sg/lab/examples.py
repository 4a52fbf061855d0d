"""Single test examples as people read them: the input, the weak label, the answers and, once they are scored, gold."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    Examples,
    FloatArray,
    IntArray,
    Question,
    ScoredSteps,
    Signal,
    Task,
    Texts,
    derive,
    register,
    wording,
)
from w2sg.graph import Artifact, Inputs, Step, on_behalf_of
from w2sg.lab.scoring import Score
from w2sg.lab.steps import OnData, answers_of, labels_of

MOST_LETTERS, MOST_NUMBERS = 280, 8
"""Longer texts are shortened in their middle; of inputs that are numbers the first are shown."""
DISPUTED, AT_RANDOM = 4, 2
"""Of each run and test set: examples on which it is most disputed what is right, and some drawn from the others."""


@dataclass(frozen=True)
class GivenAnswer:
    """An answer in words, how probable it was said to be (None where that is not said), and whether it is right."""

    answer: str
    probability: float | None
    right: bool


@dataclass(frozen=True)
class ShownExample:
    """A test example of a run.

    Attributes:
        test: Its test set.
        id: Its id, the same under every seed.
        input: The input in words, shortened.
        answers: By who gave them: `weak`, `student`, `ceiling`, and `other` where two students are compared.
        gold: What is right.
        disagreement: How far the two answers that are compared are from each other, from 0 to 1.
        drawn: Whether it was drawn at random, and not chosen for its disagreement.
    """

    test: str
    id: int
    input: str
    answers: Mapping[str, GivenAnswer]
    gold: str
    disagreement: float
    drawn: bool


@register()
class ExamplesOfRun(OnData):
    """Test examples on which weak supervisor and student disagree, or two students, and some others.

    The scores are inputs: no label is shown that scoring has not opened before, and each that is shown is a line of the
    ledger.
    """

    kind: Literal["examples"] = "examples"
    score: Score
    other: Score | None = Field(None, description="the run whose student is compared with this one's")
    disputed: int = Field(DISPUTED, ge=0, description="examples of each test set that differ most")
    at_random: int = Field(AT_RANDOM, ge=0, description="examples of each test set drawn from the others")

    @property
    def on(self) -> Task:
        """The task."""
        return self.score.on

    def inputs(self) -> Mapping[str, Step]:
        """Return what was answered, and that it was scored."""
        of_run = {name: step for name, step in self.score.inputs().items() if name != "direct"}
        other = {} if self.other is None else {"other": self.other.student, "other_score": self.other}
        return {**of_run, "score": self.score, **other}

    @property
    def batch(self) -> str | None:
        """Runs on the same data: these are loaded once."""
        return f"examples {self.place}"

    def compute(self, inputs: Inputs) -> Artifact:
        """Choose examples, and put what was answered beside what is right."""
        data, labels = self.data, labels_of(self.data, inputs["labels"])
        students = {who: answers_of(data, inputs[who]) for who in ("student", "ceiling", "other") if who in inputs}
        shown: list[dict[str, Any]] = []
        for test, examples in data.tests.items():
            given = {"weak": labels[test], **{who: answers[test] for who, answers in students.items()}}
            pair = [given["student"], given["weak" if self.other is None else "other"]]
            rows, apart, n_disputed = self._chosen(data.question, pair, test)
            with on_behalf_of(self):
                gold = data.vault.buy(test, rows, purpose="score", asked_by=self.kind)
            answers = {who: _answers(data.question, signal.take(rows), gold) for who, signal in given.items()}
            right = _words(data.question, data.question.truth(gold))
            for place, (row, text) in enumerate(zip(rows, _inputs(examples, rows), strict=True)):
                said = {who: some[place] for who, some in answers.items()}
                drawn = place >= n_disputed
                one = ShownExample(
                    test, int(examples.ids[row]), text, said, right[place], round(float(apart[row]), 4), drawn
                )
                shown.append(asdict(one))
        return Artifact({}, {"examples": shown})

    def _chosen(self, question: Question[Any], pair: Sequence[Signal], test: str) -> tuple[IntArray, FloatArray, int]:
        """Return the rows that are shown, how far all answers are apart, and how many rows are shown for that."""
        differ = ~question.same(pair[0], pair[1])
        first, second = (question.probabilities(signal) for signal in pair)
        apart = np.asarray(differ, dtype=np.float64)
        if first is not None and second is not None:
            apart = np.abs(np.asarray(first, dtype=np.float64) - second).sum(axis=1) / 2  # total variation
        # Drawn first, so that of equals none is preferred for its place.
        order = derive(self.seed, "examples", test).permutation(len(differ))
        ranked = order[np.lexsort((-apart[order], ~differ[order]))]
        disputed = ranked[: min(self.disputed, int(differ.sum()))]
        others = order[~np.isin(order, disputed)][: self.at_random]
        return np.concatenate([disputed, others]), apart, len(disputed)


def shown_examples(artifact: Artifact) -> tuple[ShownExample, ...]:
    """Return the examples from the artifact of `ExamplesOfRun`."""
    return tuple(
        ShownExample(**{**one, "answers": {who: GivenAnswer(**answer) for who, answer in one["answers"].items()}})
        for one in artifact.record["examples"]
    )


def _answers(question: Question[Any], signal: Signal, gold: AnyArray) -> list[GivenAnswer]:
    probabilities, right = question.probabilities(signal), question.correct(signal, gold)
    said = [None] * len(gold) if probabilities is None else [round(float(p), 3) for p in probabilities.max(axis=1)]
    words = _words(question, signal)
    return [GivenAnswer(text, p, bool(ok)) for text, p, ok in zip(words, said, right, strict=True)]


def _words(question: Question[Any], signal: Signal) -> list[str]:
    """Return each answer in words: the most likely name, the text, the scores of the steps."""
    probabilities = question.probabilities(signal)
    if probabilities is not None:
        return [question.names[place] for place in probabilities.argmax(axis=1)]
    if isinstance(signal, ScoredSteps):
        return [_numbers(scores) for scores in signal.rows]
    if isinstance(signal, Texts):
        return [wording.shortened(str(text), MOST_LETTERS) for text in signal.answers]
    # A variant of a plugin: its first array is what it answers.
    return [_numbers(np.asarray(row)) for row in next(iter(signal.arrays().values()))]


def _inputs(examples: Examples, rows: IntArray) -> list[str]:
    """Return inputs in words."""
    values = examples.inputs.take(rows).values
    if examples.inputs.pool.is_text:
        texts = [" ⟷ ".join(map(str, np.atleast_1d(value))) for value in values]
        return [wording.shortened(text, MOST_LETTERS) for text in texts]
    return [_numbers(value) for value in values]


def _numbers(values: AnyArray) -> str:
    flat = np.asarray(values).ravel()
    shape = " × ".join(map(str, np.shape(values)))
    more = f", … ({shape} numbers)" if flat.size > MOST_NUMBERS else ""
    return ", ".join(f"{number:.3g}" for number in flat[:MOST_NUMBERS]) + more
