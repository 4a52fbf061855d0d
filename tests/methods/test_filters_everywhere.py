"""The named filters work on every sort of input and with students of every sort."""

from typing import Any

import numpy as np
import pytest
from method_data import joined, method, student

from w2sg.core import Audit, InputError, Student, WeakView, derive
from w2sg.testing.samples import N_CLASSES, Sample, noisy, samples

NAMES = [
    "knn-relabel",
    "knn-filter",
    "fold-relabel",
    "fold-filter",
    "topo-relabel",
    "topo-filter",
    "confident-learning",
    "audited-trust",
    "trusted-mix",
    "consistency-relabel",
    "consistency-filter",
]
READERS: dict[str, Any] = {
    "numbers": {"kind": "mlp", "hidden": 16},
    "images": "knn",
    "texts": "tfidf",
}


def seen(sample: Sample) -> WeakView:
    view = sample.view(noisy(sample.gold))
    rows = np.sort(derive(0, "audit").choice(len(view.transfer), 50, replace=False))
    return joined(view.transfer, view.validation, view.corpus, Audit(rows, sample.gold[rows]))


def reader(kind: str) -> Student:
    return student(READERS[kind])


@pytest.mark.parametrize("kind", list(READERS))
@pytest.mark.parametrize("name", NAMES)
def test_a_filter_learns_from_noisy_labels(name: str, kind: str) -> None:
    sample = samples()[kind]
    proba = method(name).fit(seen(sample), reader(kind), derive(0, "x")).predict_proba(sample.test)
    assert proba.shape == (len(sample.test), N_CLASSES)
    assert sample.accuracy(proba) > 0.8


@pytest.mark.parametrize(
    "name", ["confident-learning", "fold-filter", "knn-filter", "consistency-filter", "audited-trust"]
)
def test_a_filter_goes_with_every_other_part(name: str) -> None:
    """The same selection under another objective, another stopping rule and hardened labels."""
    sample = samples()["numbers"]
    mixed = method({"kind": name, "objective": "confidence", "stopping": "weak-validation", "relabel": "harden"})
    proba = mixed.fit(seen(sample), student(), derive(0, "x")).predict_proba(sample.test)
    assert sample.accuracy(proba) > 0.9


def test_a_filter_keeps_the_randomness_of_the_student_after_it() -> None:
    """A filter that leaves out nothing gives the very student that plain training gives."""
    sample = samples()["numbers"]
    view, learner = seen(sample), student({"kind": "mlp", "hidden": 8})
    plain = method("naive").fit(view, learner, derive(0, "x")).predict_proba(sample.test)
    for name in ("fold-filter", "consistency-filter", "knn-filter"):
        nothing = method({"kind": name, "select": {"contamination": 0}})
        np.testing.assert_array_equal(nothing.fit(view, learner, derive(0, "x")).predict_proba(sample.test), plain)


def test_a_supervisor_that_is_never_right_is_not_trusted() -> None:
    sample = samples()["numbers"]
    view = sample.view(noisy(sample.gold))
    other = (view.transfer.weak.probabilities[:50].argmax(axis=1) + 1) % N_CLASSES
    audited = joined(view.transfer, view.validation, view.corpus, Audit(np.arange(50), other))
    with pytest.raises(InputError, match="selection 'audited-trust' keeps none of the 180 examples: loosen it"):
        method("audited-trust").fit(audited, student(), derive(0, "x"))
