"""The contract of a feature map: fitted on the corpus, row by row afterwards."""

from typing import ClassVar

import numpy as np
import pytest

from w2sg.core import CapabilityError, Component
from w2sg.students import FeatureMap
from w2sg.testing.base import ComponentContract, content, first_read
from w2sg.testing.samples import Sample

ROW = 1e-4
"""A row alone and in a table, relative to the largest feature: float32 products of other shapes round differently."""


class FeatureContract(ComponentContract):
    """Subclass with `spec`, the feature map's name or table; override `sample` if it reads something special."""

    contract: ClassVar[str] = "features"

    @pytest.fixture
    def body(self, component: Component) -> FeatureMap:
        """The feature map under test."""
        assert isinstance(component, FeatureMap)
        return component

    @pytest.fixture
    def sample(self, body: FeatureMap) -> Sample:
        """Inputs that the map reads."""
        return self.readable(body)

    def readable(self, body: FeatureMap) -> Sample:
        """Return the first of the samples that the map reads."""
        return first_read(
            lambda sample: body.fit(sample.corpus.values)(sample.corpus.values), f"features {body.kind!r}"
        )

    def test_gives_finite_rows(self, body: FeatureMap, sample: Sample) -> None:
        """Features `(n, d)`, finite, with at least one that varies."""
        values = sample.corpus.values
        rows = body.fit(values)(values)
        assert rows.ndim == 2
        assert len(rows) == len(values)
        assert np.isfinite(rows).all()
        assert rows.std(axis=0).max() > 0

    def test_reads_each_row_by_itself(self, body: FeatureMap, sample: Sample) -> None:
        """The features of some inputs are the same rows as among all inputs."""
        values = sample.corpus.values
        transform = body.fit(values)
        # Backwards and with gaps, so that a map which depends on the place of a row or on its neighbours is found out.
        rows = np.arange(len(values) - 1, 0, -7)
        whole, part = transform(values), transform(values[rows])
        np.testing.assert_allclose(part, whole[rows], rtol=0, atol=ROW * np.abs(whole).max())

    def test_is_the_same_every_time(self, body: FeatureMap, sample: Sample) -> None:
        """Two fits on one corpus give the same features; the inputs are not changed."""
        values = sample.corpus.values
        before = content(values)
        np.testing.assert_array_equal(body.fit(values)(values), body.fit(values)(values))
        assert content(values) == before

    def test_scales_or_says_why_not(self, body: FeatureMap, sample: Sample) -> None:
        """A map with a number of features has smaller versions of itself, another refuses."""
        if body.strength is None:
            with pytest.raises(CapabilityError, match="no smaller versions"):
                body.scaled(0.5)
            return
        half = body.scaled(0.5)
        assert type(half) is type(body)
        assert half.strength == pytest.approx(body.strength / 2, abs=0.5)
        values = sample.corpus.values
        assert half.fit(values)(values).shape[1] <= body.fit(values)(values).shape[1]
