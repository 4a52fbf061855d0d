"""The interval in which the gain is identified: as a theory from what is observed, and as a certificate."""

from dataclasses import replace

import numpy as np
import pytest
from predictor_data import observed, statuses, theory

from w2sg.core import FloatArray, Inapplicable, InputError, one_hot
from w2sg.theory import Certificate, certificates
from w2sg.theory.observing import ObservedRun, Refits, observe
from w2sg.theory.observing.risks import losses, losses_by_label

UNITS = ("error", "squared", "kl")
NAMES = {"error": "gain-identified", "squared": "gain-identified-squared", "kl": "gain-identified-kl"}


def softmax(z: FloatArray) -> FloatArray:
    return np.asarray(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))


def drawn(rng: np.random.Generator, n: int, m: int, k: int = 2) -> tuple[ObservedRun, dict[str, float]]:
    """Return a run with n labels of the supervision split and m fresh inputs, and its gains on very many inputs.

    The supervisor is too little sure, and the student surer, with errors of its own.
    """

    def said(size: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        z = 1.5 * rng.standard_normal((size, k))
        weak, student = softmax(0.5 * z), softmax(1.3 * z + 0.1 * rng.standard_normal((size, k)))
        labels = (rng.random((size, 1)) > softmax(1.5 * z).cumsum(axis=1)).sum(axis=1)
        return weak, student, one_hot(labels, k)

    weak, student, _ = said(m)
    held, _, labels = said(n)
    refits = Refits(held, labels, np.stack([weak, weak]), n, 0.75)
    seen = ObservedRun("run", "classification", weak, student, weak, student, n, refits=refits)
    many = said(100_000)
    before, after = (losses(one, many[2], "classification") for one in many[:2])
    return seen, {unit: float((before[unit] - after[unit]).mean()) for unit in before}


def test_the_ends_have_errors_that_are_their_spread_and_hold_the_gain() -> None:
    rng = np.random.default_rng(0)
    rows, inside, sign = [], [], []
    for _ in range(60):
        seen, gains = drawn(rng, 300, 400)
        found = observe(seen)[0]
        rows.append(
            [
                [found[f"identified_{end}_squared"].value, found[f"identified_{end}_squared"].se]
                for end in ("low", "high")
            ]
        )
        for unit in UNITS:
            answer = theory(NAMES[unit]).predict(found)
            assert answer.low is not None
            assert answer.high is not None
            assert answer.mean is not None
            assert answer.low <= answer.mean <= answer.high
            inside.append(answer.low <= gains[unit] <= answer.high)
            sign.append(unit == "squared" and answer.low > 0)
    spread, se = (
        np.std(np.array(rows)[:, :, 0], axis=0, ddof=1),
        np.sqrt(np.square(np.array(rows)[:, :, 1]).mean(axis=0)),
    )
    assert se == pytest.approx(spread, rel=0.35), "60 draws know a spread to a tenth"
    assert np.mean(inside) >= 0.9
    assert sum(sign) >= 15, "where the supervisor is too little sure, its risks often show a gain"


def test_more_classes_have_ends_too() -> None:
    seen, gains = drawn(np.random.default_rng(1), 400, 200, k=4)
    found = observe(seen)[0]
    for unit in UNITS:
        answer = theory(NAMES[unit]).predict(found)
        assert answer.low is not None
        assert answer.high is not None
        assert answer.low <= gains[unit] <= answer.high
        assert statuses(answer)["labels do not shift"] == "untestable"


def test_the_ends_are_those_of_the_supervisors_risks() -> None:
    """Supervisor .6 and student .9 everywhere: a squared risk of .36 leaves the gain .18 alone, and .28 in 0-1 none."""
    said = np.tile([[0.4, 0.6], [0.4, 0.6]], (50, 1))
    labels = one_hot((np.arange(100) >= 10).astype(int), 2)
    refits = Refits(said, labels, np.stack([said, said]), 100, 0.75)
    student = np.tile([[0.1, 0.9]], (100, 1))
    seen = ObservedRun("run", "classification", said, student, said, student, 100, refits=refits)
    found = observe(seen)[0]
    assert found.value("weak_squared") == pytest.approx(0.36)
    assert found.value("identified_tension") == pytest.approx(0, abs=1e-6)
    leeway = 4 * 0.1 * found["weak_squared"].se  # a tenth of a standard error, at a price of at most 4
    for end in ("low", "high"):
        assert found.value(f"identified_{end}_squared") == pytest.approx(0.18, abs=leeway)
        assert found.value(f"identified_{end}_error") == pytest.approx(0, abs=1e-6)
    answer = theory("gain-identified-squared").predict(found)
    assert answer.low is not None
    assert answer.low > 0


def test_risks_that_no_truth_has_are_a_violated_hypothesis() -> None:
    seen, _ = drawn(np.random.default_rng(2), 400, 300)
    assert seen.refits is not None
    # On held-out labels the refits are sure and wrong, on fresh inputs the supervisor is never sure.
    wrong = replace(seen.refits, held_out=np.where(seen.refits.labels > 0, 0.02, 0.98))
    unsure = np.full_like(seen.weak, 0.5)
    found = observe(replace(seen, refits=wrong, weak=unsure))[0]
    answer = theory("gain-identified").predict(found)
    assert statuses(answer)["refits err as the supervisor"] == "violated"
    assert answer.mean is None
    assert answer.formula is not None


def test_ends_the_wrong_way_round_are_no_answer() -> None:
    answer = theory("gain-identified").predict(observed(identified_low_error=0.2, identified_high_error=0.1))
    assert "must not exceed the largest" in str(answer.abstains)


def test_losses_by_label_are_those_of_the_labels() -> None:
    rng = np.random.default_rng(3)
    said, labels = rng.dirichlet(np.ones(3), size=30), rng.integers(3, size=30)
    known, by_label = losses(said, one_hot(labels, 3), "classification"), losses_by_label(said)
    for unit in UNITS:
        assert by_label[unit][np.arange(30), labels] == pytest.approx(known[unit])


SHARPENED = np.array([[0.4, 0.6], [0.6, 0.4]] * 500), np.array([[0.1, 0.9], [0.9, 0.1]] * 500)


def certified(rng: np.random.Generator, unit: str = "squared", n: int = 500) -> Certificate:
    """Certify a student that says what its supervisor says, but surer: it is right nine times in ten."""
    held = np.array([[0.4, 0.6], [0.6, 0.4]])[rng.integers(2, size=n)]
    labels = np.where(rng.random(n) < 0.9, held.argmax(axis=1), held.argmin(axis=1))
    return certificates.gain_by_identification(*SHARPENED, held, labels, 0.05, unit=unit)  # type: ignore[arg-type]


def test_a_gain_is_certified_without_a_label_of_the_students() -> None:
    found = [certified(np.random.default_rng(seed)) for seed in range(40)]
    assert all(one.low is not None and one.high is not None and one.low <= 0.18 <= one.high for one in found)
    assert np.mean([one.low > 0 for one in found if one.low is not None]) > 0.9
    first = found[0]
    assert (first.n_labels, first.strength, first.target) == (500, "unconditional", "gain")
    assert first.frame == "1000 unlabelled deployment inputs; the weak supervisor's 500 held-out labels"
    more = certified(np.random.default_rng(0), n=4000)
    assert first.low is not None
    assert more.low is not None
    assert first.low < more.low < 0.18


def test_what_a_certificate_refuses() -> None:
    weak, student = SHARPENED
    held, labels = weak[:10], np.zeros(10, dtype=int)
    for given, message in (
        ((weak, student[:5], held, labels), "weak and student must be"),
        ((weak, student, held, labels[:5]), "held_out"),
        ((weak[:, 0], student[:, 0], held, labels), "weak and student must be"),
        ((weak, student, np.full((10, 2), 0.7), labels), "rows of held_out must sum to 1"),
        ((weak, student, held, labels + 5), "labels must be classes from 0 to below 2"),
    ):
        with pytest.raises(InputError, match=message):
            certificates.gain_by_identification(*given, 0.05)
    with pytest.raises(InputError, match="unit must be one of error, squared, kl"):
        certificates.gain_by_identification(weak, student, held, labels, 0.05, unit="none")
    sure = np.tile([[1.0, 0.0]], (4000, 1))
    with pytest.raises(Inapplicable, match="no truth of the unlabelled inputs"):
        certificates.gain_by_identification(weak, student, sure, np.ones(4000, dtype=int), 0.05)
