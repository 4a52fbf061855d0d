"""Published sets with the answers that language models gave to their questions, from the sets' own files."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from w2sg.core import DataError, FloatArray, IntArray, UnknownNameError
from w2sg.tasks.choices import as_text, numbered, read_choices
from w2sg.tasks.encoding import ABSTAIN, Rows, encode_names, encode_numbers, encode_texts
from w2sg.tasks.gsm8k import SOLVED, read_problems
from w2sg.tasks.opening import folder_bytes
from w2sg.tasks.reading import Sheet, read_sheet

Source = Literal["mmlu", "bbh", "gsm8k"]
PREDICTIONS = "llm_predictions.csv"
BBH_ANSWERS = {"direct": "code-davinci-002_direct", "chain-of-thought": "code-davinci-002_cot"}
PATTERNS: dict[Source, tuple[str, ...]] = {
    "mmlu": (PREDICTIONS, "test/*_test.csv"),
    "bbh": (*(f"{folder}/*.json" for folder in sorted(BBH_ANSWERS.values())), "tasks/*.json"),
    "gsm8k": (SOLVED,),
}
"""The files of each set, in alphabetical order; each may be gzipped, with .gz at the end of its name."""
LETTERS = "ABCD"
MMLU_LEVELS = ("elementary", "high_school", "college", "professional")
BBH_OBJECTS = {"three_objects": 3, "five_objects": 5, "seven_objects": 7}
_LABEL = re.compile(r"\(([A-R])\)|(true|false|yes|no|valid|invalid)", re.IGNORECASE)
_OPTION = re.compile(r"^\([A-R]\) ", re.MULTILINE)
_CONCLUSION = re.compile(r"answer is (.*?)\.?\s*$", re.MULTILINE)
_FINAL = re.compile(r"^A: *(.*)$", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Answers:
    """The `n` questions of a set, and what systems answered.

    Attributes:
        texts: The questions with their options.
        gold: The right answers `(n,)`, as numbers of `classes`.
        classes: All answers that gold or, for open questions, anyone gives.
        recorded: Each system's answers `(n,)`, -1 where it gave none that is a class.
        group: The subject or the part of the set that each question is from; empty if there are no parts.
        difficulty: `(n,)`, higher is harder; NaN where it is not known.
        options: How many answers each question offers, `(n,)`; 0 for open questions.
        solutions: Each system's worked solutions, where they are recorded.
    """

    texts: Sequence[str]
    gold: IntArray
    classes: tuple[str, ...]
    recorded: Mapping[str, IntArray]
    group: Sequence[str]
    difficulty: FloatArray
    options: IntArray
    solutions: Mapping[str, Sequence[str]] = field(default_factory=dict)


def contents_of(source: Source, folder: str) -> dict[str, bytes]:
    """Return the bytes of all files of a set by their path, in order of the paths.

    Raises:
        DataError: If the folder lacks files of the set, or one cannot be read.
    """
    return folder_bytes(folder, PATTERNS[source], repr(source))


def read_answers(source: Source, contents: Mapping[str, bytes], only: Sequence[str] = ()) -> Answers:
    """Return the questions and answers of a set from the bytes of its files.

    Args:
        source: Which set.
        contents: What `contents_of` returns.
        only: Beginnings of the names of the subjects or tasks to keep; empty keeps all.

    Raises:
        DataError: If a file breaks a rule of its set, or nothing is kept.
    """
    sheets = {_name(path): read_sheet(path, data, None, (), None) for path, data in contents.items()}
    return _READERS[source](sheets, only)


def verification(answers: Answers, judged: str) -> Answers:
    """Return the questions whether one system's solutions are right, answered by agreement with each other system.

    Another system says that a solution is right if it came to the same final answer; it says nothing where it came to
    none.

    Raises:
        UnknownNameError: If there is no such system.
    """
    if judged not in answers.solutions:
        raise UnknownNameError("system ('judged')", judged, answers.solutions)
    own = answers.recorded[judged]
    said = {
        # Agreement and not correctness: the other systems are weak labels, and gold must not reach them.
        name: np.where(theirs == ABSTAIN, ABSTAIN, theirs == own).astype(np.int64)
        for name, theirs in answers.recorded.items()
        if name != judged
    }
    texts = [f"{text}\n{worked}" for text, worked in zip(answers.texts, answers.solutions[judged], strict=True)]
    return replace(
        answers,
        texts=texts,
        gold=(own == answers.gold).astype(np.int64),
        classes=("wrong", "right"),
        recorded=said,
        options=np.full(len(texts), 2),
        solutions={},
    )


def _name(path: str) -> str:
    """Return the folder and the file of a path, or the file where it is the set's own, without .gz."""
    parts = Path(path.removesuffix(".gz")).parts
    return parts[-1] if parts[-1] in (PREDICTIONS, SOLVED) else "/".join(parts[-2:])


def _numbered(names: Sequence[str | None], classes: Sequence[str]) -> IntArray:
    number = {name: index for index, name in enumerate(classes)}
    return np.array([number.get(name or "", ABSTAIN) for name in names], dtype=np.int64)


def _kept(groups: Sequence[str], only: Sequence[str]) -> list[str]:
    """Return the groups whose names begin as wanted.

    Raises:
        UnknownNameError: If a beginning fits none.
    """
    for start in only:
        if not any(name.startswith(start) for name in groups):
            raise UnknownNameError("beginning of a subject or task ('only')", start, groups)
    return [name for name in groups if not only or name.startswith(tuple(only))]


def _mmlu(sheets: Mapping[str, Sheet], only: Sequence[str]) -> Answers:
    said = sheets[PREDICTIONS]
    fixed = ("subject", "row", "answer")
    subjects, letters = (said.column(name, "folder") for name in ("subject", "answer"))
    numbers = encode_numbers(Rows([said]), "row", "folder").astype(np.int64)
    kept = set(_kept(sorted(set(subjects)), only))
    rows = [index for index, subject in enumerate(subjects) if subject in kept]
    asked = {subject: _mmlu_questions(sheets, subject, said.file) for subject in sorted(kept)}
    texts = []
    for index in rows:
        questions, right = asked[subjects[index]]
        row = numbers[index]
        # Answers refer to questions by row number alone, so a shifted or newer question file would pair them wrongly
        # without a word.
        if not 0 <= row < len(questions) or right[row] != letters[index]:
            raise DataError(
                f"{said.file}, row {index + 1}: must be the answer of row {row} of {subjects[index]!r}, it is not: the "
                "files are of different versions"
            )
        texts.append(questions[row])
    systems = {name: said.column(name, "folder") for name in said.names if name not in fixed}
    level = {name: float(rank) for rank, name in enumerate(MMLU_LEVELS)}
    return Answers(
        texts,
        _numbered([letters[index] for index in rows], LETTERS),
        tuple(LETTERS),
        {name: _numbered([cells[index] for index in rows], LETTERS) for name, cells in systems.items()},
        [subjects[index] for index in rows],
        np.array([_first(subjects[index], level) for index in rows]),
        np.full(len(rows), len(LETTERS)),
    )


def _mmlu_questions(sheets: Mapping[str, Sheet], subject: str, file: str) -> tuple[list[str], list[str]]:
    """Return the questions of a subject with their options, and the letters of the right ones."""
    name = f"test/{subject}_test.csv"
    if name not in sheets:
        raise DataError(f"{file}: has answers of subject {subject!r}, but there is no {name}: give the whole set")
    rows = Rows([sheets[name]])
    read = numbered(*(f"choice{number}" for number in range(len(LETTERS))), label="answer", cell=as_text)
    choices = read_choices(rows, rows.records, read)
    texts = [
        "\n".join([question, *(f"{letter}. {text}" for letter, text in zip(LETTERS, options, strict=True))])
        for question, (options, _) in zip(encode_texts(rows, ["question"], "folder"), choices, strict=True)
    ]
    return texts, [LETTERS[right] for _, right in choices]


def _bbh(sheets: Mapping[str, Sheet], only: Sequence[str]) -> Answers:
    tasks = sorted(Path(name).stem for name in sheets if name.startswith("tasks/"))
    texts: list[str] = []
    gold: list[str | None] = []
    group: list[str] = []
    said: dict[str, list[str | None]] = {name: [] for name in BBH_ANSWERS}
    for task in _kept(tasks, only):
        rows = Rows([sheets[f"tasks/{task}.json"]])
        questions, labels = encode_texts(rows, ["input"], "folder").tolist(), encode_names(rows, "target", "folder")
        predicted = {name: _bbh_predictions(sheets, folder, task, questions) for name, folder in BBH_ANSWERS.items()}
        # Some tasks of the set ask for a free answer (a sorted list, a sequence of brackets); those have no classes and
        # are left out.
        closed = [index for index, label in enumerate(labels) if _label(label) is not None]
        texts.extend(questions[index] for index in closed)
        gold.extend(_label(labels[index]) for index in closed)
        group.extend([task] * len(closed))
        for name, predictions in predicted.items():
            said[name].extend(_label(_conclusion(predictions[index])) for index in closed)
    if not texts:
        raise DataError(f"'only' must leave bbh tasks whose answers are labels such as (A) or yes, got {list(only)}")
    classes = tuple(sorted({label for label in gold if label is not None}))
    return Answers(
        texts,
        _numbered(gold, classes),
        classes,
        {name: _numbered(labels, classes) for name, labels in said.items()},
        group,
        np.array([_last(task, BBH_OBJECTS) for task in group]),
        # Questions without lettered options are answered by yes or no, or the like: two.
        np.array([max(2, len(_OPTION.findall(text))) for text in texts]),
    )


def _bbh_predictions(sheets: Mapping[str, Sheet], folder: str, task: str, questions: Sequence[str]) -> Sequence[str]:
    """Return what was answered to the questions of a task; prompts end with the question."""
    name = f"{folder}/{task}.json"
    if name not in sheets:
        raise DataError(f"{sheets[f'tasks/{task}.json'].file}: has no answers {name} beside it: give the whole set")
    rows = Rows([sheets[name]])
    prompts = encode_texts(rows, ["input"], "folder")
    if len(prompts) != len(questions):
        raise DataError(f"{sheets[name].file}: must answer the {len(questions)} questions of {task!r}, got {len(rows)}")
    for index, (prompt, question) in enumerate(zip(prompts, questions, strict=True)):
        # The prompts hold examples and then the question: finding it shows that answers and questions are in the same
        # order.
        if question.strip() not in prompt:
            raise rows.fail(index, f"must answer question {index + 1} of {task!r}, the prompt is another")
    predictions: list[str] = encode_texts(rows, ["prediction"], "folder").tolist()
    return predictions


def _conclusion(text: str) -> str:
    """Return what a chain of thought comes to; a text without a chain is its own conclusion.

    >>> _conclusion("Two and two is four. So the answer is (B)."), _conclusion(" (B)")
    ('(B)', '(B)')
    """
    # A chain of thought may conclude more than once; what it says last is its answer.
    conclusions = _CONCLUSION.findall(text.strip())
    return str(conclusions[-1] if conclusions else text).strip()


def _label(text: str) -> str | None:
    """Return the letter or word that an answer is, or None if it is neither.

    >>> _label("(B)"), _label("True"), _label("(A) or (B)")
    ('B', 'true', None)
    """
    label = _LABEL.fullmatch(text.strip())
    if label is None:
        return None
    letter, word = label.groups()
    return letter.upper() if letter else word.lower()


def _gsm8k(sheets: Mapping[str, Sheet], only: Sequence[str]) -> Answers:
    sheet = sheets[SOLVED]
    problems = read_problems([sheet], solved=True)
    right = [_number(text) for text in problems.solutions]
    if None in right:
        raise problems.rows.fail(right.index(None), "'ground_truth' must end in a line 'A: ' with a number")
    numbers = {name: [_number(text) for text in solutions] for name, solutions in problems.written.items()}
    for name, given in numbers.items():
        verdicts = sheet.column(f"{name}.is_correct", "folder")
        for index, verdict in enumerate(verdicts):
            # The set's own verdicts test this reader on every row: where they differ, a number was read in another way
            # than the authors did.
            if verdict != (given[index] == right[index]):
                text = f"{name}: is_correct is {verdict}, got {given[index]} for {right[index]}"
                raise problems.rows.fail(index, text)
    # Open questions have for classes all numbers that anyone gave.
    classes = tuple(sorted({number for column in (right, *numbers.values()) for number in column if number}, key=float))
    return Answers(
        problems.questions,
        _numbered(right, classes),
        classes,
        {name: _numbered(given, classes) for name, given in numbers.items()},
        (),
        problems.steps,
        np.zeros(len(problems.questions), dtype=np.int64),
        problems.written,
    )


def _number(solution: str) -> str | None:
    r"""Return the final number of a worked solution as a text that is the same for equal numbers, or None.

    It must stand alone on a line 'A: ', as the published verdicts count it: a solution that breaks off gave no answer,
    where `measure.final_number` takes the last number of any text.

    >>> _number("He pays 2 * 500.\nA: $1,000"), _number("A: 0.50"), _number("A: a half")
    ('1000.0', '0.5', None)
    """
    final = _FINAL.findall(solution)
    try:
        number = float(final[-1].replace(",", "").replace("$", "")) if final else np.nan
    except ValueError:
        return None
    return str(number) if np.isfinite(number) else None


def _first(name: str, ranks: Mapping[str, float]) -> float:
    return next((rank for start, rank in ranks.items() if name.startswith(start)), np.nan)


def _last(name: str, ranks: Mapping[str, float]) -> float:
    return next((rank for end, rank in ranks.items() if name.endswith(end)), np.nan)


_READERS: dict[Source, Callable[[Mapping[str, Sheet], Sequence[str]], Answers]] = {
    "mmlu": _mmlu,
    "bbh": _bbh,
    "gsm8k": _gsm8k,
}
