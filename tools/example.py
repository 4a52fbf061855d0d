"""The run that goes through the treatise, and what blocks of the page ask of it.

Digits, labelled by a supervisor that sees them in 4 x 4 pixels and learned by the plain method, as by `w2sg run --task
digits --seeds 1`. It is made anew in a folder of its own: observed, predicted and opened as by `w2sg theory score` and
certified as by `w2sg certify`. `QUESTIONS` are what a block may ask.
"""

import tempfile
from collections.abc import Mapping, Sequence
from functools import cache

from w2sg.core import Answer, InputError, Quantity, one_hot
from w2sg.graph import Keys, Store
from w2sg.lab import Score, Study, answers_of, labels_of, run, score_of
from w2sg.theory import Certificate, certify_stored, identities, observe_study, open_truths, predict_observed, theories
from w2sg.theory.observing.runs import TEST, TaskObserver

TASK, AUDITED, CERTIFIED, DELTA = "digits", 50, 200, 0.05
Known = Mapping[str, Quantity | Answer | Certificate]
QUESTIONS = {
    "sees": "a quantity that theories may see, after 50 audited labels",
    "says": "what a theory says of the gain, or that it abstains",
    "true": "what was opened afterwards on the half of the test set that no theory saw, as TARGET-UNIT",
    "part": "a part of an identity on that half, as LOSS-PART",
    "certificate": "what 200 labels of the test set allow to promise",
}
"""What a block may ask of the run."""


@cache
def example() -> Mapping[str, Known]:
    """Return what is known of the run, by question and name."""
    from threadpoolctl import threadpool_limits

    # As for worlds: one thread gives the same digits everywhere.
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        # Observed without being scored, so that no label of the test set is opened before predictions are sealed.
        study = Study(name="example", tasks=(TASK,), seeds=1)
        observed = observe_study(study, store=folder, audits=[AUDITED], workers=1)
        predicted = predict_observed(observed, theories())
        assert not any(seal.late for seal in predicted.seals)
        (true,) = open_truths(observed, predicted)
        run(TASK, seeds=1, store=folder, workers=1)
        with Store(folder) as store:
            (result,) = store.results()
        certified, _ = certify_stored(result, store=folder, labels=CERTIFIED, delta=DELTA)
        parts = _parts(score_of(result), folder)
    return {
        "sees": observed.observations[0][AUDITED].quantities,
        "says": {answer.theory: answer for answer in predicted.answers},
        "true": {name.replace(" ", "-"): one for name, one in true.items()},
        "part": parts,
        "certificate": certified.certificates,
    }


def _parts(score: Score, folder: str) -> dict[str, Quantity]:
    """Return both sides of the identities of squared and of 0-1 loss, on the half of the test set that is scored."""
    data = score.student.data
    with Store(folder) as store:
        labels, student = (store.get(Keys().of(step)) for step in (score.student.labels, score.student))
    assert labels is not None
    assert student is not None
    _, rows = TaskObserver(data, score.seed).halves
    gold = data.vault.buy(TEST, rows, purpose="score", asked_by="example")
    weak, strong = (
        answers[TEST].probabilities[rows] for answers in (labels_of(data, labels), answers_of(data, student))
    )
    losses = {
        "squared": identities.squared_gain(weak, strong, one_hot(gold, len(data.question.names))),
        "error": identities.error_gain(weak.argmax(axis=1), strong.argmax(axis=1), gold),
    }
    return {f"{loss}-{name}": one for loss, parts in losses.items() for name, one in vars(parts).items()}


def told(words: Sequence[str]) -> Quantity | Answer | Certificate:
    """Return what a block asks of the run.

    Raises:
        InputError: There is no such question, or no such name.
    """
    question, *names = words or [""]
    if question not in QUESTIONS or len(names) != 1:
        raise InputError(f"a block 'example' asks one of {', '.join(QUESTIONS)}, and a name, got {' '.join(words)!r}")
    known = example()[question]
    if names[0] not in known:
        raise InputError(f"the example {question!r} {', '.join(known)}, got {names[0]!r}")
    return known[names[0]]
