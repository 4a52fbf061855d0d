"""Selections that are combined, and chains whose stages have parts of their own."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from method_data import (
    Recorder,
    blobs,
    composed,
    decided,
    flipped,
    method,
    outcome,
    part,
    recorder,
    split_of,
    student,
    view_on,
    weak_labels,
)

from w2sg.core import Audit, CapabilityError, ConfigError, InformationTier, Student, WeakView, derive
from w2sg.methods import AllOf, AuditedTrust, Composition, ConfidentOnly, KnnFilter, Selection
from w2sg.methods.parts import Course

SAME = 1e-6
"""The same trainings in another order of calls."""


def problem() -> WeakView:
    x, gold = blobs(120, seed=2)
    return view_on(x, flipped(gold, 3, 0.3))


def test_weights_are_multiplied() -> None:
    view = problem()
    sure, near = ConfidentOnly(share=0.5), KnnFilter(k=5, contamination=0.3)
    found = decided(AllOf(of=(sure, near)), view)
    np.testing.assert_array_equal(found, decided(sure, view) * decided(near, view))
    assert found.sum() < min(decided(sure, view).sum(), decided(near, view).sum())


def test_one_selection_is_itself_and_what_several_need_is_asked_for() -> None:
    view = problem()
    np.testing.assert_array_equal(decided(AllOf(of=(ConfidentOnly(),)), view), decided(ConfidentOnly(), view))
    both = AllOf(of=(ConfidentOnly(), AuditedTrust(labels=20)))
    assert (both.requires, both.audits) == (frozenset({"embed"}), 20)
    with pytest.raises(ConfigError, match="of: tuple should have at least 1 item"):
        part("selections", {"kind": "all-of", "of": []})


class Unanimous(Selection):
    """Keeps the examples on which a panel names one class."""

    kind: Literal["unanimous"] = "unanimous"

    @property
    def needs(self) -> frozenset[str]:
        """A panel."""
        return frozenset({"members"})

    def weights(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return 1 where all agree."""
        yield from ()
        assert view.transfer.weak.members is not None
        named = view.transfer.weak.members.argmax(axis=2)
        return np.asarray((named == named[0]).all(axis=0), dtype=np.float32)


def test_a_selection_may_need_a_panel_and_is_refused_without() -> None:
    built = Composition(select=AllOf(of=(Unanimous(), ConfidentOnly())))
    assert built.needs == {"members"}
    view = problem()
    with pytest.raises(CapabilityError, match="'all-of' needs the labels of several supervisors, and this one labels"):
        built.fit(view, student(), derive(0, "m"))
    weak = view.transfer.weak.probabilities
    members = np.stack([weak, np.roll(weak, 1, axis=1), weak])
    members[1, :60] = weak[:60]
    panel = replace(view, transfer=split_of(view.transfer.inputs, weak, members))
    kept = decided(Unanimous(), panel)
    np.testing.assert_array_equal(kept, np.arange(120) < 60)
    learner = recorder()
    outcome(built.train(panel, learner, derive(0, "m")))
    (fit,) = Recorder.asked
    assert len(fit.inputs) == (decided(ConfidentOnly(), panel) * kept > 0).sum()


def test_each_stage_has_parts_of_its_own_and_hands_its_labels_on() -> None:
    view, head = problem(), student()
    first = {"kind": "composition", "select": {"kind": "confident", "share": 0.5}, "relabel": "harden"}
    chained = composed(chain={"kind": "stages", "stages": [first, "label-smoothing"]}, objective="confidence")
    found = chained.fit(view, head, derive(0, "m")).predict_proba(view.corpus)
    labels = view
    for spec in (first, "label-smoothing", "confidence"):
        trained = method(spec).fit(labels, head, derive(0, "m"))
        weak = type(labels.transfer.weak)(trained.predict_proba(labels.transfer.inputs))
        labels = replace(labels, transfer=replace(labels.transfer, weak=weak))
    np.testing.assert_allclose(found, trained.predict_proba(view.corpus), atol=SAME)


def test_stages_are_asked_with_their_own_objective_and_rule() -> None:
    weak = weak_labels(20)
    plateau = {"kind": "composition", "stopping": "plateau"}
    chained = composed(chain={"kind": "stages", "stages": [plateau]}, objective="product")
    chained.fit(view_on(np.arange(20, dtype=np.float32)[:, None], weak), recorder(size=0.8), derive(0, "m"))
    asked = [(fit.objective.kind, fit.stopping.kind) for fit in Recorder.asked]
    assert asked == [("cross-entropy", "plateau"), ("cross-entropy", "plateau"), ("product", "fixed")]


def test_a_chain_declares_what_its_stages_need() -> None:
    needy: Any = composed(chain={"kind": "stages", "stages": ["bootstrapping", "audited-trust", "panel-assignment"]})
    assert needy.requires == {"scale", "embed"}
    assert (needy.needs, needy.audits, needy.tier) == ({"members"}, 50, InformationTier.WEAK_LABELS)
    with pytest.raises(ConfigError, match="stages must be methods of class probabilities, got 'imitation'"):
        composed(chain={"kind": "stages", "stages": ["written-naive"]})


def test_audited_examples_stay_audited_through_the_stages() -> None:
    x, gold = blobs(120, seed=2)
    rows = np.arange(0, 120, 3)
    view = replace(view_on(x, flipped(gold, 3, 0.3)), audit=Audit(rows, gold[rows]))
    chained = composed(chain={"kind": "stages", "stages": ["trusted-mix"]}, select="trusted", relabel="trusted")
    found = chained.fit(view, student(), derive(0, "m")).predict_proba(view.corpus)
    assert (found.argmax(axis=1) == gold).mean() > (view.transfer.weak.named == gold).mean()
