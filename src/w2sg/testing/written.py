"""The contract of methods of written answers."""

from typing import Any, ClassVar

import numpy as np
import pytest

from w2sg.core import (
    AnyArray,
    CapabilityError,
    Component,
    InformationTier,
    Method,
    Student,
    Texts,
    WritingPredictor,
    derive,
    registry,
)
from w2sg.testing.base import ComponentContract, content
from w2sg.testing.writers import N_SHOWN, Rote, written_sample, written_view


class WritingMethodContract(ComponentContract):
    """Subclass with `spec`, the name or table of a method of written answers; its student learns by heart."""

    contract: ClassVar[str] = "methods"

    @pytest.fixture
    def method(self, component: Component) -> Method[Texts, WritingPredictor]:
        """The method under test."""
        assert isinstance(component, Method)
        assert component.signal is Texts
        return component

    def learned(self, method: Method[Texts, WritingPredictor], weak: AnyArray | None = None) -> AnyArray:
        """Return what a student writes to all prompts after learning from weak answers, by default recorded ones."""
        sample = written_sample()
        said = sample.examples.metadata["written.annotator"] if weak is None else weak
        view = written_view(said, np.stack([said, sample.gold, said], axis=1))
        return method.fit(view, Rote(), derive(0, "testing method")).answer(sample.corpus).answers

    def test_gives_a_writer(self, method: Method[Texts, WritingPredictor]) -> None:
        """The student writes one text to each prompt."""
        assert self.learned(method).shape == (len(written_sample().gold),)

    def test_is_decided_by_its_generator(self, method: Method[Texts, WritingPredictor]) -> None:
        """The same view, student and generator give the same texts."""
        assert self.learned(method).tolist() == self.learned(method).tolist()

    def test_gold_does_no_harm(self, method: Method[Texts, WritingPredictor]) -> None:
        """Learning from right answers, the student is right on what was shown at least as often as before."""
        sample = written_sample()
        before = Rote().published().answer(sample.corpus).answers[:N_SHOWN] == sample.gold[:N_SHOWN]
        after = self.learned(method, sample.gold)[:N_SHOWN] == sample.gold[:N_SHOWN]
        assert after.mean() >= before.mean()

    def test_leaves_its_view_alone(self, method: Method[Texts, WritingPredictor]) -> None:
        """Prompts and weak answers are the same afterwards, and cannot be written to."""
        gold = written_sample().gold
        view = written_view(gold, np.stack([gold, gold], axis=1))
        shown = view.transfer
        before = content(shown.inputs.values, shown.weak.answers, shown.weak.samples)
        method.fit(view, Rote(), derive(0, "testing method"))
        assert content(shown.inputs.values, shown.weak.answers, shown.weak.samples) == before
        assert not shown.weak.answers.flags.writeable

    def test_sees_no_gold(self, method: Method[Texts, WritingPredictor]) -> None:
        """It learns from weak answers alone."""
        assert (method.audits, method.tier) == (0, InformationTier.WEAK_LABELS)

    def test_declares_what_it_needs(self, method: Method[Texts, WritingPredictor]) -> None:
        """A student that cannot write is refused, before any work and by the method itself."""
        linear: Student[Any, Any] = registry.build(Student, "linear")
        with pytest.raises(CapabilityError, match="method needs .*'write', student 'linear' has"):
            method.check(linear)
        course = method.train(written_view(written_sample().gold), linear, derive(0, "testing"))
        with pytest.raises(CapabilityError, match="need a student that writes, 'linear' does not"):
            next(course)
