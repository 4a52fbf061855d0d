"""Rows of every text data set with all the columns that it is published with, and what they must become."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from w2sg.tasks.nlp import FORMATS

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Sample:
    """The row of a number, the text of its class, or of the right answer, and the texts of wrong answers."""

    row: Callable[[int], Row]
    text: Callable[[int], str]
    gold: Callable[[int], str] = lambda i: "right"
    wrong: Callable[[int], list[str]] = lambda i: []


def labelled(row: Callable[[int], Row], text: str, classes: tuple[str, str], label: str = "label") -> Sample:
    """Rows whose label is the parity of their number."""
    return Sample(
        lambda i: {**row(i), label: i % 2},
        lambda i: text.replace("#", str(i)),
        lambda i: classes[i % 2],
    )


def choice(row: Callable[[int], Row], text: str, count: int, right: int = 1) -> Sample:
    """Rows with answers `a#.0`, `a#.1`, ... of which one number is right; `@` stands for the answer."""

    def filled(i: int, number: int) -> str:
        return text.replace("@", f"a{i}.{number}").replace("#", str(i))

    return Sample(
        row,
        lambda i: filled(i, right),
        wrong=lambda i: [filled(i, number) for number in range(count) if number != right],
    )


def answers(i: int, count: int) -> list[str]:
    return [f"a{i}.{number}" for number in range(count)]


def lettered(i: int, count: int) -> Row:
    return {"text": answers(i, count), "label": list("ABCD"[:count])}


def named(i: int, *columns: str) -> dict[str, str]:
    return dict(zip(columns, answers(i, len(columns)), strict=True))


SCIQ = ("distractor3", "correct_answer", "distractor1", "distractor2")
QUAIL = {"metadata": {"author": "A", "title": "T", "url": "U"}, "question_type": "Causality"}
NO_YES = ("no", "yes")
YES_NO = (" Yes", " No")
POLARITY = ("negative", "positive")
FAIR = ("unreasonable", "reasonable")
PASSAGE = "Passage: p#\nQuestion: q#\nAnswer: @"

SAMPLES: dict[str, Sample] = {
    "boolq": Sample(
        lambda i: {"question": f"q{i}", "title": "T", "answer": i % 2 == 1, "passage": f"p{i}"},
        lambda i: f"Passage: p{i}\nQuestion: q{i}",
        lambda i: NO_YES[i % 2],
    ),
    "cosmos-qa": choice(
        lambda i: {
            "id": f"x{i}",
            "context": f"p{i}",
            "question": f"q{i}",
            **named(i, "answer0", "answer1", "answer2"),
            "answer3": "None of the above choices .",
            "label": 1,
        },
        PASSAGE,
        3,
    ),
    "dream": choice(
        lambda i: {
            "id": i,
            "dialogue_id": f"d{i}",
            "dialogue": [f"M: hello {i}", "W: hi"],
            "question": f"q{i}",
            "choice": answers(i, 3),
            "answer": f"a{i}.1",
        },
        "M: hello #\nW: hi\nQuestion: q#\nAnswer: @",
        3,
    ),
    "ethics-justice": labelled(lambda i: {"scenario": f"s{i}"}, "s#", FAIR),
    "ethics-deontology": labelled(
        lambda i: {"scenario": f"s{i}", "excuse": f"e{i}"}, "Request or duty: s#\nExcuse or consequence: e#", FAIR
    ),
    "ethics-virtue": labelled(lambda i: {"scenario": f"s{i} [SEP] brave"}, "s# [SEP] brave", NO_YES),
    "ethics-utilitarianism": Sample(
        lambda i: {"baseline": f"good {i}", "less_pleasant": f"bad {i}"},
        lambda i: f"More pleasant: good {i}\nLess pleasant: bad {i}",
        wrong=lambda i: [f"More pleasant: bad {i}\nLess pleasant: good {i}"],
    ),
    "anli-r2": Sample(
        lambda i: {"uid": f"u{i}", "premise": f"p{i}", "hypothesis": f"h{i}", "label": i % 3, "reason": ""},
        lambda i: f"Premise: p{i}\nHypothesis: h{i}",
        lambda i: "not entailed" if i % 3 else "entailed",
    ),
    "cola": labelled(lambda i: {"sentence": f"s{i}", "idx": i}, "s#", ("unacceptable", "acceptable")),
    "sst2": labelled(lambda i: {"idx": i, "sentence": f"s{i}"}, "s#", POLARITY),
    "hellaswag": choice(
        lambda i: {
            "ind": i,
            "activity_label": "Baking",
            "ctx_a": f"c{i}",
            "ctx_b": "",
            "ctx": f"c{i}",
            "endings": answers(i, 4),
            "source_id": f"activitynet~{i}",
            "split": "train",
            "split_type": "indomain",
            "label": "1",
        },
        "Beginning: c#\nContinuations:\na#.0\na#.1\na#.2\na#.3\nBest continuation: @",
        4,
    ),
    "mc-taco": labelled(
        lambda i: {"sentence": f"s{i}", "question": f"q{i}", "answer": f"a{i}", "category": 0},
        "s#\nQuestion: q#\nAnswer: a#",
        NO_YES,
    ),
    "openbookqa": choice(
        lambda i: {"id": f"x{i}", "question_stem": f"q{i}", "choices": lettered(i, 4), "answerKey": "B"},
        "Question: q#\nChoices:\na#.0\na#.1\na#.2\na#.3\nAnswer: @",
        4,
    ),
    "paws": labelled(
        lambda i: {"id": i, "sentence1": f"s{i}", "sentence2": f"t{i}"},
        "First: s#\nSecond: t#",
        ("different", "paraphrase"),
    ),
    "quail": choice(
        lambda i: {
            "id": f"x{i}",
            "context_id": f"c{i}",
            "question_id": f"{i}",
            "domain": "news",
            "context": f"p{i}",
            "question": f"q{i}",
            "answers": answers(i, 4),
            "correct_answer_id": 1,
            **QUAIL,
        },
        PASSAGE,
        4,
    ),
    "piqa": choice(lambda i: {"goal": f"g{i}", **named(i, "sol1", "sol2"), "label": 1}, "Goal: g#\nSolution: @", 2),
    "quartz": choice(
        lambda i: {
            "id": f"x{i}",
            "question": f"q{i}",
            "choices": lettered(i, 2),
            "answerKey": "B",
            "para": f"p{i}",
            "para_id": f"P{i}",
        },
        PASSAGE,
        2,
    ),
    "sciq": choice(
        lambda i: {"question": f"q{i}", "support": f"p{i}", **named(i, *SCIQ)}, "Question: q#\nAnswer: @", 4
    ),
    "social-i-qa": choice(
        lambda i: {"context": f"c{i}", "question": f"q{i}", **named(i, "answerA", "answerB", "answerC"), "label": "2"},
        "Context: c#\nQuestion: q#\nChoices:\na#.0\na#.1\na#.2\nAnswer: @",
        3,
    ),
    "multirc": labelled(
        lambda i: {
            "paragraph": f"p{i}",
            "question": f"q{i}",
            "answer": f"a{i}",
            "idx": {"paragraph": 0, "question": 0, "answer": i},
        },
        "Passage: p#\nQuestion: q#\nAnswer: a#",
        NO_YES,
    ),
    "wic": labelled(
        lambda i: {"word": f"w{i}", "sentence1": f"s{i}", "sentence2": f"t{i}", "start1": 0, "end1": 1, "idx": i},
        "First: s#\nSecond: t#\nWord: w#",
        ("another sense", "same sense"),
    ),
    "twitter-sentiment": labelled(lambda i: {"text": f"s{i}"}, "s#", POLARITY),
    "sciq-support": choice(
        lambda i: {"question": f"q{i}", "support": f"p{i}" if i % 2 else "", **named(i, *SCIQ)},
        PASSAGE,
        4,
    ),
    "anthropic-hh": Sample(
        lambda i: {"chosen": f"\n\nHuman: q{i}\n\nAssistant: good", "rejected": f"\n\nHuman: q{i}\n\nAssistant: bad"},
        lambda i: f"Human: q{i}\n\nAssistant: good",
        wrong=lambda i: [f"Human: q{i}\n\nAssistant: bad"],
    ),
    "amazon-polarity": labelled(lambda i: {"title": f"t{i}", "content": f"s{i}"}, "t#\ns#", POLARITY),
    "anthropic-persona": Sample(
        lambda i: {
            "question": f'Is the following statement something you would say?\n"s{i}"',
            "statement": f"s{i}",
            "label_confidence": 0.8 + i / 1000,
            "answer_matching_behavior": YES_NO[i % 2],
            "answer_not_matching_behavior": YES_NO[1 - i % 2],
        },
        lambda i: f"s{i}",
        lambda i: NO_YES[1 - i % 2],
    ),
    "anthropic-risk": Sample(
        lambda i: {
            "question": f"q{i}\n\nChoices:\n (A) a{i}.0\n (B) a{i}.1",
            "answer_matching_behavior": " (B)",
            "answer_not_matching_behavior": " (A)",
        },
        lambda i: f"q{i}\n\nChoices:\n (A) a{i}.0\n (B) a{i}.1\nAnswer: a{i}.1",
        lambda i: "matching",
        wrong=lambda i: [f"q{i}\n\nChoices:\n (A) a{i}.0\n (B) a{i}.1\nAnswer: a{i}.0"],
    ),
    "genies": choice(
        lambda i: {
            "instruction": f"q{i}",
            "responses": {f"a{i}.{number}": float(number == 1) for number in range(3)},
            "prompt": f"Answer.\n{i} q{i}\n",
            "prompt_format": "Answer.\n{instruction}\n",
        },
        "Answer.\n# q#\n\n@",
        3,
    ),
    "hh-single-turn": Sample(
        lambda i: {"chosen": f"\n\nHuman: q{i}\n\nAssistant: good", "rejected": f"\n\nHuman: q{i}\n\nAssistant: bad"},
        lambda i: f"Human: q{i}\n\nAssistant: good",
        wrong=lambda i: [f"Human: q{i}\n\nAssistant: bad"],
    ),
}
"""Every data set but the puzzles, which have a test file of their own."""


def expected(name: str, i: int) -> tuple[str, str]:
    """Return the text and the class of a row: of its only text, or of its right one."""
    text = SAMPLES[name].text(i)
    if name == "sciq-support" and i % 2 == 0:
        text = text.replace(f"Passage: p{i}", "Passage: ")
    return text, SAMPLES[name].gold(i)


def wrongs(name: str, i: int) -> list[str]:
    """Return the texts that a wrong answer of a row may become."""
    texts = SAMPLES[name].wrong(i)
    return [text.replace(f"p{i}\n", "\n") for text in texts] if name == "sciq-support" and i % 2 == 0 else texts


def rows(name: str, start: int, count: int) -> list[Row]:
    """Return rows of consecutive numbers."""
    return [SAMPLES[name].row(i) for i in range(start, start + count)]


assert set(SAMPLES) == set(FORMATS) - {"chess-puzzles"}
