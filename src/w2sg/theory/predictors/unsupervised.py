"""Baselines that estimate both accuracies without a label of the inputs in question, as the literature on that does."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from w2sg.core import Theory, register


class _Estimate(Theory):
    """A gain that is one observable; see `w2sg.theory.observing.unsupervised` for what it takes for granted."""

    unit: Literal["error"] = "error"
    baseline: ClassVar[bool] = True

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the observable."""
        return at[self.needs[0]]


@register(paper="2206.13089")
class AgreementOnTheLine(_Estimate):
    """Baseline: accuracies change from held-out to fresh inputs as the agreement of the models does."""

    kind: Literal["agreement-on-the-line"] = "agreement-on-the-line"
    needs: ClassVar[tuple[str, ...]] = ("line_gain",)


@register(paper="2201.04234")
class ThresholdedConfidence(_Estimate):
    """Baseline: a model is right where it is surer than a threshold that held-out labels set."""

    kind: Literal["thresholded-confidence"] = "thresholded-confidence"
    needs: ClassVar[tuple[str, ...]] = ("thresholded_gain",)


@register(paper="1303.3257")
class SpectralMetaLearner(_Estimate):
    """Baseline: accuracies by covariances of supervisor, student and judge, on two classes."""

    kind: Literal["spectral-meta-learner"] = "spectral-meta-learner"
    needs: ClassVar[tuple[str, ...]] = ("spectral_gain",)
    world: ClassVar[str | None] = "three-views"


@register()
class DawidSkeneGain(_Estimate):
    """Baseline: supervisor, student and judge err independently given the class (Dawid and Skene 1979)."""

    kind: Literal["dawid-skene"] = "dawid-skene"
    needs: ClassVar[tuple[str, ...]] = ("dawid_skene_gain",)
    world: ClassVar[str | None] = "three-views"
