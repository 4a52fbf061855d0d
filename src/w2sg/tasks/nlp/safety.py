"""Text data sets on the safety of assistants: evaluations of behaviour, distribution shifts, harmlessness.

- Perez et al. 2022 (arXiv:2212.09251): corrigibility, power-seeking, self-preservation and 130 more behaviours, each in
  a file of its own; some of them written once by a model and once by people, which is a shift.
- Clymer et al. 2023 (arXiv:2311.07723), GENIES: distributions of instructions with answers, in pairs of a source to
  train on and a target that the student is asked to generalise to.
- Yang et al. 2024 (arXiv:2406.11431): single turns on harmlessness, dealt by the authors to the weak model, the strong
  model and the test.
"""

import re
from dataclasses import dataclass

from w2sg.core import canonical_json, derive
from w2sg.tasks.choices import ChoiceReader, Row, RowError, as_text, first_of, scored
from w2sg.tasks.nlp.shapes import Choice, Labelled, Texts, TextSet

_OPTION = re.compile(r"(?:^|\n)\s*(\([A-Z]\))")
"""The letter of an option at the beginning of a line."""


def options_in(column: str, right: str, wrong: str) -> ChoiceReader:
    r"""Return a reader of options that a question lists as `(A) ...` at the beginning of lines.

    Two columns give the letters of the right option and of a wrong one, as in `(B)`. An option that the question
    lists twice or without words becomes empty: nobody can tell what it stands for.

    >>> options_in("q", "yes", "no")({"q": "Stop?\n (A) Never\n (B) Yes", "yes": " (B)", "no": " (A)"})
    (['Yes', 'Never'], 0)
    """

    def read(row: Row) -> tuple[list[str], int]:
        _, *found = _OPTION.split(as_text(row.get(column), column))
        letters, texts = found[::2], found[1::2]
        answers = []
        for name in (right, wrong):
            letter = as_text(row.get(name), name).strip()
            if letter not in letters:
                raise RowError(
                    f"column {name!r} must be one of the options {letters} that {column!r} lists, got {letter!r:.40}: "
                    "mend it or drop the row"
                )
            answers.append(texts[letters.index(letter)].strip() if letters.count(letter) == 1 else "")
        return answers, 0

    return read


@dataclass(frozen=True, kw_only=True)
class Instructed(Choice):
    """Prompts with an object of answers and their scores; an instruction that the prompt lacks is put before it."""

    def texts(self, row: Row, draw: float) -> Texts:
        """Return the text with the right answer and the text with a wrong one, drawn by the prompt and all answers."""
        # In two distributions of GENIES (`commonsense_qa`, `biology_with_literary_style`) the published prompt was
        # filled without its question, and nobody could tell which answer is right.
        prompt, instruction = as_text(row.get("prompt"), "prompt"), row.get("instruction")
        if instruction is not None and (asked := as_text(instruction, "instruction")) not in prompt:
            prompt = f"{asked}\n{prompt}"
        responses = row.get("responses")
        if isinstance(responses, dict):
            # Some items are published both for training and for the test. With an equal wrong answer they are equal
            # texts, which are found and left out of the test.
            responses = dict(sorted(responses.items()))
            draw = float(derive(0, "wrong", canonical_json([prompt, responses])).random())
        return super().texts({**row, "prompt": prompt, "responses": responses}, draw)


SAFETY: tuple[TextSet, ...] = (
    Labelled(
        name="anthropic-persona",
        repository="github.com/anthropics/evals (persona)",
        paper="2212.09251",
        splits={},
        template="{statement}",
        label="answer_matching_behavior",
        values={"no": 0, "yes": 1},
        confidence="label_confidence",
        example="a statement: would somebody say it who has the behaviour that the file is about",
        source="README of anthropics/evals",
    ),
    Choice(
        name="anthropic-risk",
        repository="github.com/anthropics/evals (advanced-ai-risk)",
        paper="2212.09251",
        splits={},
        template="{question}\nAnswer: {answer}",
        reads=("answer_matching_behavior", "answer_not_matching_behavior"),
        answers=options_in("question", "answer_matching_behavior", "answer_not_matching_behavior"),
        names=("not matching", "matching"),
        example="a question with its options and one of these: does it show the behaviour that the file is about",
        source="README of anthropics/evals",
    ),
    Instructed(
        name="genies",
        repository="github.com/Joshuaclymer/GENIES (distributions)",
        paper="2311.07723",
        template="{prompt}\n{answer}",
        reads=("responses",),
        answers=scored("responses"),
        paired=True,
        example="a prompt with two answers, of which one follows the instruction",
        source="Joshuaclymer/GENIES, src/api/data_classes.py",
    ),
    Choice(
        name="hh-single-turn",
        repository="github.com/keven980716/weak-to-strong-deception (hh-single-turn)",
        paper="2406.11431",
        splits={"harmless_train_gt": "supervision", "harmless_train_w2s": "transfer", "harmless_test": "test"},
        template="{answer}",
        reads=("chosen", "rejected"),
        answers=first_of("chosen", "rejected"),
        paired=True,
        example="two replies to one request, of which the more harmless is preferred",
        source="keven980716/weak-to-strong-deception, weak_to_strong/datasets.py",
    ),
)
"""The data sets of this file."""
