"""The contract of a weak supervisor: a signal for each example, better than chance, and no gold unless it simulates."""

from typing import Any, ClassVar

import pytest

from w2sg.core import Component, InputError, Labeller, Signal, Texts, WeakSupervisor, derive, digest_arrays
from w2sg.testing.base import ComponentContract, content, first_read
from w2sg.testing.samples import Sample
from w2sg.testing.writers import written_sample

BETTER = 0.1
"""How far above chance a supervisor labels the samples at least."""


class SupervisorContract(ComponentContract):
    """Subclass with `spec`, the supervisor's name or table; override `sample` if it reads something special.

    A supervisor that writes gets prompts of `written_sample`, others numbers, images or texts of three classes.
    """

    contract: ClassVar[str] = "supervisors"

    @pytest.fixture
    def supervisor(self, component: Component) -> WeakSupervisor[Any]:
        """The weak supervisor under test."""
        assert isinstance(component, WeakSupervisor)
        return component

    @pytest.fixture
    def sample(self, supervisor: WeakSupervisor[Any]) -> Sample:
        """The problem it is trained on and labels."""
        if supervisor.signal is Texts:
            return written_sample()
        return first_read(lambda sample: self.labels(supervisor, sample), f"supervisor {supervisor.kind!r}")

    def fitted(self, supervisor: WeakSupervisor[Any], sample: Sample) -> Labeller[Any]:
        """Return the supervisor trained on the first examples."""
        return supervisor.fit(sample.supervision, derive(0, "testing supervisor"))

    def labels(self, supervisor: WeakSupervisor[Any], sample: Sample) -> Signal:
        """Return its signal for the other examples."""
        known = sample.gold[sample.n_shown :] if supervisor.simulates else None
        labelled = self.fitted(supervisor, sample).label(sample.others, known, derive(0, "testing labels"))
        assert isinstance(labelled, Signal)
        return labelled

    def test_answers_the_question_better_than_chance(self, supervisor: WeakSupervisor[Any], sample: Sample) -> None:
        """It gives what it declares to give, well formed; among classes it is right more often than by chance."""
        weak = sample.question.checked(self.labels(supervisor, sample), len(sample.others), "weak labels")
        assert isinstance(weak, supervisor.signal)
        if sample.n_classes:
            right = sample.question.correct(weak, sample.gold[sample.n_shown :]).mean()
            assert right > 1 / sample.n_classes + BETTER

    def test_is_decided_by_its_generators(self, supervisor: WeakSupervisor[Any], sample: Sample) -> None:
        """The same data and generators give the same bits."""
        first, second = (self.labels(supervisor, sample).arrays() for _ in range(2))
        assert {name: digest_arrays(array) for name, array in first.items()} == {
            name: digest_arrays(array) for name, array in second.items()
        }

    def test_gold_of_what_it_labels_is_declared(self, supervisor: WeakSupervisor[Any], sample: Sample) -> None:
        """Only a supervisor that declares `simulates` is given gold of what it labels, and it refuses to do without."""
        if supervisor.simulates:
            with pytest.raises(InputError, match="gold"):
                self.fitted(supervisor, sample).label(sample.others, None, derive(0, "testing labels"))

    def test_leaves_its_data_alone(self, supervisor: WeakSupervisor[Any], sample: Sample) -> None:
        """Inputs, metadata and gold hold the same values afterwards."""
        arrays = (sample.corpus.values, sample.gold, *sample.examples.metadata.values())
        before = content(*arrays)
        self.labels(supervisor, sample)
        assert content(*arrays) == before

    def test_says_how_many_labels_it_learns_from(self, supervisor: WeakSupervisor[Any]) -> None:
        """It uses at most the labels there are, and with fewer it is of the same kind and uses no more than those."""
        assert 0 <= supervisor.labels_used(1000) <= 1000
        fewer = supervisor.with_labels(10)
        assert type(fewer) is type(supervisor)
        assert fewer.labels_used(10) <= 10
