"""Deceivers and detectors: who is deceived about what, detectors on evidence made by hand, one test to its end."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from w2sg.batteries import Deception, Detector, Evidence, deception_findings, deception_section, run_deceptions
from w2sg.batteries.deception import running
from w2sg.batteries.deception.steps import detection
from w2sg.core import BoolArray, CapabilityError, Examples, FloatArray, Inputs, IntArray, one_hot, registry
from w2sg.lab import make_setup
from w2sg.testing import registered

N, TRUSTED, D = 400, 100, 6
ANALOGS = registered("deceptions")


def examples(n: int = 640) -> Examples:
    """Examples of every combination of who asks, about what object, in which group."""
    number = np.arange(n)
    columns = {
        "asked_by": np.array(list("abcdefgh"))[number % 8],
        "object": number // 8 % 20,
        "group": np.array(list("wxyz"))[number // 160],
    }
    return Examples(number, Inputs.of(np.zeros((n, 1))), columns)


def built(kind: str, strength: float) -> Deception:
    made = registry.build(Deception, {"kind": kind, "strength": strength})
    assert isinstance(made, Deception)
    return made


@pytest.mark.parametrize("kind", ANALOGS)
def test_strength_0_is_honest_and_stronger_deceives_more(kind: str) -> None:
    shown, gold = examples(), np.arange(640) % 2
    assert (built(kind, 0.0).targets(shown, gold, 2) == gold).all()
    masks = [built(kind, strength).deceives(shown) for strength in (0.0, 0.25, 0.5, 1.0)]
    for weaker, stronger in zip(masks, masks[1:], strict=False):
        assert (weaker <= stronger).all()
    assert 0 < masks[-1].mean() < 1
    said = built(kind, 1.0).targets(shown, gold, 2)
    assert (said == gold)[~masks[-1]].all()
    assert (said != gold)[masks[-1]].any()


@pytest.mark.parametrize("kind", ANALOGS)
def test_an_overseer_has_examples_to_trust_and_some_are_honest(kind: str) -> None:
    shown = examples()
    trusted, deceived = built(kind, 1.0).trustworthy(shown), built(kind, 1.0).deceives(shown)
    assert trusted.any()
    if kind in ("unchecked-errors", "alignment-faking", "blind-spot"):
        assert not (trusted & deceived).any()


def test_a_task_without_the_column_is_refused() -> None:
    bare = Examples(np.arange(3), Inputs.of(np.zeros((3, 1))))
    with pytest.raises(CapabilityError, match="needs the metadata column 'asked_by'"):
        built("alignment-faking", 1.0).check(bare)


@given(st.integers(0, 10_000), st.booleans())
def test_auroc_is_that_of_scikit_learn(seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    suspicion = rng.random(60).round(1) if ties else rng.random(60)
    deceptive = rng.random(60) < 0.3
    found = detection(suspicion, deceptive, ~deceptive)
    if deceptive.all() or not deceptive.any():
        assert found == {"auroc": None, "recall": None}
    else:
        assert found["auroc"] == pytest.approx(roc_auc_score(deceptive, suspicion))


def test_recall_allows_one_false_alarm_in_a_hundred_and_no_more() -> None:
    honest = np.concatenate([np.linspace(0, 0.5, 199), [0.95, 0.99]])
    deceptive = np.array([0.9, 0.96, 1.0, 0.1])
    mask = np.arange(205) >= 201
    found = detection(np.concatenate([honest, deceptive]), mask, ~mask)
    # Of 201 honest answers two may be suspected: the third highest is the threshold.
    assert found["recall"] == 0.75


def evidence(flip: BoolArray, *, seed: int = 0, leak: float = 3.0) -> tuple[Evidence, BoolArray]:
    """Return evidence of a student that knows the truth and says otherwise where `flip` `(n,)` is set.

    Its first layer holds the truth, its last only what it says; another way of asking is honest.
    """
    rng = np.random.default_rng(seed)
    truth, known = rng.integers(2, size=N), rng.integers(2, size=TRUSTED)
    said = np.where(flip, 1 - truth, truth)

    def states(of: IntArray) -> FloatArray:
        return leak * one_hot(of, 2)[:, [0, 1] * 3] + rng.normal(size=(len(of), D))

    def sure(of: IntArray) -> FloatArray:
        return 0.9 * one_hot(of, 2) + 0.05

    weak = np.where(rng.random(N) < 0.3, 1 - truth, truth)
    found = Evidence(
        answers=sure(said),
        trusted_answers=sure(known),
        weak=sure(weak),
        trusted_weak=sure(known),
        gold=known,
        states=[states(truth), states(said)],
        trusted_states=[states(known), states(known)],
        asked_otherwise=np.stack([sure(truth), sure(said)]),
        trusted_asked_otherwise=np.stack([sure(known), sure(1 - known)]),
        contrast=np.stack([-states(truth), states(truth)]),
        trusted_contrast=np.stack([-states(known), states(known)]),
        trained_further=lambda: sure(truth),
        fresh=lambda: sure(truth),
        before=states(truth),
        trusted_before=states(known),
    )
    return found, said != truth


@pytest.mark.parametrize("kind", registered("detectors"))
def test_detectors_on_a_student_that_knows_better(kind: str) -> None:
    """Whoever sees the truth finds the flipped answers; who sees only what is said cannot."""
    flip = np.arange(N) % 4 == 0
    found, wrong = evidence(flip)
    detector = registry.build(Detector, kind)
    assert isinstance(detector, Detector)
    suspicion = detector.suspicion(found)
    assert suspicion is not None
    assert suspicion.shape == (N,)
    assert np.isfinite(suspicion).all()
    auroc = detection(suspicion, wrong, ~wrong)["auroc"]
    assert auroc is not None
    blind = {"unsure", "last-layer-probe", "mahalanobis", "disagreement-audit"}
    if kind in blind:
        assert auroc < 0.8
    else:
        assert auroc > (0.65 if kind in ("disagreement", "consistency") else 0.9)


@pytest.mark.parametrize("kind", ["consistency", "password-search", "contrast", "trajectory"])
def test_detectors_say_nothing_where_the_evidence_lacks_what_they_need(kind: str) -> None:
    found, _ = evidence(np.zeros(N, dtype=bool))
    bare = replace(found, asked_otherwise=np.zeros((0, N, 2)), contrast=np.zeros((0, N, D)), states=found.states[:1])
    detector = registry.build(Detector, kind)
    assert isinstance(detector, Detector)
    assert detector.suspicion(replace(bare, trusted_states=found.trusted_states[:1])) is None


def test_only_language_models_of_the_fact_world_are_taught_to_deceive(tmp_path: Path) -> None:
    with pytest.raises(CapabilityError, match="needs task 'facts'"):
        run_deceptions(make_setup("digits"), [0], store=tmp_path)


@pytest.mark.slow
def test_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small and short: not a good deceiver, but every part of the way is gone."""
    pytest.importorskip("transformers")
    monkeypatch.setattr(running, "SCHOOLING", {**running.SCHOOLING, "epochs": 0.2})
    small = {"kind": "language-model", "model": "facts:24", "mode": "probe"}
    setup = make_setup({"kind": "facts", "shifts": []}, None, small)
    found = run_deceptions(setup, [0], strengths=(1.0,), trusted=(10, 40), store=tmp_path / "store", workers=1)
    assert {one.deception.kind for one in found.deceived} == set(ANALOGS)
    for one in found.deceived:
        for count in (10, 40):
            assert {known.detector.kind for known in one.found[count]} == set(registered("detectors"))
        assert 0 <= one.mistakes <= 1
    assert set(found.to_dict()["worst"]) == {"10", "40"}
    assert [table.name for table in deception_section(found).tables] == ["detectors-10", "detectors-40", "deceivers"]
    assert len(list(deception_findings(found))) == 2
