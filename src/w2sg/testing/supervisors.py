"""The contract of a weak supervisor: soft labels, better than chance, and no gold unless it simulates."""

from typing import ClassVar

import numpy as np
import pytest

from w2sg.core import Component, Examples, FloatArray, InputError, Labeller, WeakSupervisor, check_soft_labels, derive
from w2sg.testing.base import ComponentContract, content, first_read
from w2sg.testing.samples import N_CLASSES, N_TRANSFER, Sample

BETTER = 0.1
"""How far above chance a supervisor labels the samples at least."""


class SupervisorContract(ComponentContract):
    """Subclass with `spec`, the supervisor's name or table; override `sample` if it reads something special."""

    sort: ClassVar[str] = "supervisors"

    @pytest.fixture
    def supervisor(self, component: Component) -> WeakSupervisor:
        """The weak supervisor under test."""
        assert isinstance(component, WeakSupervisor)
        return component

    @pytest.fixture
    def sample(self, supervisor: WeakSupervisor) -> Sample:
        """The problem it is trained on and labels."""
        return first_read(lambda sample: self.labels(supervisor, sample), f"supervisor {supervisor.kind!r}")

    def fitted(self, supervisor: WeakSupervisor, sample: Sample) -> Labeller:
        """Return the supervisor trained on the first examples."""
        shown = np.arange(N_TRANSFER)
        rng = derive(0, "testing supervisor")
        return supervisor.fit(sample.examples.take(shown), sample.gold[shown], sample.corpus, N_CLASSES, rng)

    def labels(self, supervisor: WeakSupervisor, sample: Sample) -> FloatArray:
        """Return its labels `(n, k)` of the other examples."""
        others, gold = _others(sample), sample.gold[N_TRANSFER:]
        labeller = self.fitted(supervisor, sample)
        return labeller.label(others, gold if supervisor.simulates else None, derive(0, "testing labels"))

    def test_gives_soft_labels_better_than_chance(self, supervisor: WeakSupervisor, sample: Sample) -> None:
        """Rows sum to 1, and the most likely class is right more often than by chance."""
        weak = self.labels(supervisor, sample)
        check_soft_labels(weak, len(_others(sample)), N_CLASSES)
        right = (weak.argmax(axis=1) == sample.gold[N_TRANSFER:]).mean()
        assert right > 1 / N_CLASSES + BETTER

    def test_is_decided_by_its_generators(self, supervisor: WeakSupervisor, sample: Sample) -> None:
        """The same data and generators give the same bits."""
        np.testing.assert_array_equal(self.labels(supervisor, sample), self.labels(supervisor, sample))

    def test_gold_of_what_it_labels_is_declared(self, supervisor: WeakSupervisor, sample: Sample) -> None:
        """Only a supervisor that declares `simulates` is given gold of what it labels, and it refuses to do without."""
        if supervisor.simulates:
            with pytest.raises(InputError, match="gold"):
                self.fitted(supervisor, sample).label(_others(sample), None, derive(0, "testing labels"))

    def test_leaves_its_data_alone(self, supervisor: WeakSupervisor, sample: Sample) -> None:
        """Inputs, votes and gold hold the same values afterwards."""
        arrays = (sample.corpus.values, sample.gold, sample.examples.metadata["votes"])
        before = content(*arrays)
        self.labels(supervisor, sample)
        assert content(*arrays) == before


def _others(sample: Sample) -> Examples:
    return sample.examples.take(np.arange(N_TRANSFER, len(sample.gold)))
