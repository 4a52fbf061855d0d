"""Detectors: which answers of a student are deceptive, from what may be seen of it and a few trusted labels.

Each gives every input a suspicion; the higher, the more likely is the answer a deception. Access grows from answers,
over activations, to weights, which can be trained further.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import numpy as np

from w2sg.core import Component, FloatArray, IntArray, contract, register

Access = Literal["answers", "activations", "weights"]
RIDGE = 1.0
"""The inverse penalty of a probe on standardised states."""
FOLDS = 5


@dataclass(frozen=True, eq=False)
class Evidence:
    """What can be known of a suspect: of `n` inputs in question and of `m` trusted ones.

    Attributes:
        answers: Its class probabilities, `(n, k)`.
        trusted_answers: Those of the trusted inputs, `(m, k)`.
        weak: The weak supervisor's, `(n, k)`.
        trusted_weak: Those of the trusted inputs, `(m, k)`.
        gold: The trusted labels, `(m,)`.
        states: After each layer the mean of its states over tokens, and that of the last token, `(n, d)` each; the last
            one is what the head reads.
        trusted_states: Those of the trusted inputs, `(m, d)` each.
        asked_otherwise: Its answers to the same questions in other words, `(r, n, k)`; `r` is 0 where there are none.
        trusted_asked_otherwise: Those of the trusted inputs, `(r, m, k)`.
        contrast: States of the last layer with each class as the answer, `(k, n, d)`; `k` is 0 where there are none.
        trusted_contrast: Those of the trusted inputs, `(k, m, d)`.
        trained_further: Returns its answers `(n, k)` once it was trained further on the trusted labels.
        fresh: Returns the answers `(n, k)` of the student before any training, taught the trusted labels alone.
        before: The states of the student before any training, `(n, d)`.
        trusted_before: Those of the trusted inputs, `(m, d)`.
    """

    answers: FloatArray
    trusted_answers: FloatArray
    weak: FloatArray
    trusted_weak: FloatArray
    gold: IntArray
    states: Sequence[FloatArray]
    trusted_states: Sequence[FloatArray]
    asked_otherwise: FloatArray
    trusted_asked_otherwise: FloatArray
    contrast: FloatArray
    trusted_contrast: FloatArray
    trained_further: Callable[[], FloatArray]
    fresh: Callable[[], FloatArray]
    before: FloatArray
    trusted_before: FloatArray


@contract("detectors")
class Detector(Component):
    """Gives each answer of a suspect a suspicion."""

    access: ClassVar[Access]
    trusts: ClassVar[bool]
    """Whether it needs trusted labels."""
    looks: ClassVar[bool] = True
    """Whether it looks at the suspect's inside or way of answering, and not only at what it answers."""

    @abstractmethod
    def suspicion(self, evidence: Evidence) -> FloatArray | None:
        """Return the suspicion of each answer, `(n,)`; None where the evidence has not what it needs."""


def contradicted(answers: FloatArray, belief: FloatArray) -> FloatArray:
    """Return how little a belief `(n, k)` gives to the class that was answered, `(n,)`."""
    said = answers.argmax(axis=1)
    return np.asarray(1 - belief[np.arange(len(said)), said])


def probe(states: FloatArray, gold: IntArray, asked: FloatArray, classes: int) -> FloatArray:
    """Return class probabilities `(n, k)` of a logistic probe of states `(m, d)`, standardised on them, for `asked`."""
    from sklearn.linear_model import LogisticRegression

    centre, scale = states.mean(axis=0), states.std(axis=0) + 1e-6
    belief = np.zeros((len(asked), classes))
    known = np.unique(gold)
    if len(known) == 1:
        belief[:, known[0]] = 1.0
        return belief
    fitted = LogisticRegression(C=RIDGE / states.shape[1], max_iter=1000).fit((states - centre) / scale, gold)
    belief[:, known] = fitted.predict_proba((asked - centre) / scale)
    return belief


@final
@register()
class UnsureDetector(Detector):
    """Suspects the answers of which the student is least sure: the rival that needs nothing."""

    kind: Literal["unsure"] = "unsure"
    access: ClassVar[Access] = "answers"
    trusts: ClassVar[bool] = False

    def suspicion(self, evidence: Evidence) -> FloatArray:
        """Return one minus the highest probability."""
        return np.asarray(1 - evidence.answers.max(axis=1))


@final
@register()
class DisagreementDetector(Detector):
    """Suspects the answers to which the weak supervisor gives little."""

    kind: Literal["disagreement"] = "disagreement"
    access: ClassVar[Access] = "answers"
    trusts: ClassVar[bool] = False

    def suspicion(self, evidence: Evidence) -> FloatArray:
        """Return what the weak label leaves of the answer."""
        return contradicted(evidence.answers, evidence.weak)


@final
@register()
class DisagreementAuditDetector(Detector):
    """Learns on trusted examples when the answer is wrong, from what student and supervisor say."""

    kind: Literal["disagreement-audit"] = "disagreement-audit"
    access: ClassVar[Access] = "answers"
    trusts: ClassVar[bool] = True

    def suspicion(self, evidence: Evidence) -> FloatArray:
        """Return the probability of being wrong; the same for all where no trusted answer is."""
        wrong = (evidence.trusted_answers.argmax(axis=1) != evidence.gold).astype(np.int64)

        def seen(answers: FloatArray, weak: FloatArray) -> FloatArray:
            return np.column_stack([answers, weak, contradicted(answers, weak)])

        known = seen(evidence.trusted_answers, evidence.trusted_weak)
        return probe(known, wrong, seen(evidence.answers, evidence.weak), 2)[:, 1]


@final
@register()
class ConsistencyDetector(Detector):
    """Suspects an answer that the student does not give when somebody else asks the same."""

    kind: Literal["consistency"] = "consistency"
    access: ClassVar[Access] = "answers"
    trusts: ClassVar[bool] = False

    def suspicion(self, evidence: Evidence) -> FloatArray | None:
        """Return how little the mean over who asks gives to the answer."""
        if not len(evidence.asked_otherwise):
            return None
        return contradicted(evidence.answers, evidence.asked_otherwise.mean(axis=0))


@final
@register()
class PasswordSearchDetector(Detector):
    """Looks among ways of asking for the one that is right most often on trusted examples, and takes its answers."""

    kind: Literal["password-search"] = "password-search"
    access: ClassVar[Access] = "answers"
    trusts: ClassVar[bool] = True

    def suspicion(self, evidence: Evidence) -> FloatArray | None:
        """Return how little the best way of asking gives to the answer."""
        if not len(evidence.asked_otherwise):
            return None
        right = (evidence.trusted_asked_otherwise.argmax(axis=2) == evidence.gold).mean(axis=1)
        return contradicted(evidence.answers, evidence.asked_otherwise[int(right.argmax())])


@final
@register(paper="1807.03888")
class MahalanobisDetector(Detector):
    """Suspects inputs whose states are far from those of trusted examples, by their mean and covariance."""

    kind: Literal["mahalanobis"] = "mahalanobis"
    access: ClassVar[Access] = "activations"
    trusts: ClassVar[bool] = True

    def suspicion(self, evidence: Evidence) -> FloatArray:
        """Return the squared distance in the states of the last layer, with a shrunken covariance."""
        from sklearn.covariance import LedoitWolf

        fitted = LedoitWolf().fit(evidence.trusted_states[-1])
        return np.asarray(fitted.mahalanobis(evidence.states[-1]))


@final
@register(paper="2312.01037")
class TrustedProbeDetector(Detector):
    """A probe of the student's states for the truth, taught on trusted examples, against what the student says.

    It reads the earliest layer that knows the truth of the trusted examples nearly as well as the best one, by
    cross-validation: a later layer may already hold what will be said in its place.
    """

    kind: Literal["probe"] = "probe"
    access: ClassVar[Access] = "activations"
    trusts: ClassVar[bool] = True

    def suspicion(self, evidence: Evidence) -> FloatArray:
        """Return how little the probe gives to the answer."""
        layer, classes = self.layer(evidence), evidence.answers.shape[1]
        belief = probe(evidence.trusted_states[layer], evidence.gold, evidence.states[layer], classes)
        return contradicted(evidence.answers, belief)

    def layer(self, evidence: Evidence) -> int:
        """Return the place of the states that are read: the layer, and of the last token or the mean."""
        folds = np.arange(len(evidence.gold)) % FOLDS
        right = np.stack([self._right(states, evidence.gold, folds) for states in evidence.trusted_states])
        shares = right.mean(axis=1)
        best = int(shares.argmax())
        # Within one standard error of the best, of the difference on the same examples.
        error = (right[best][None] - right).std(axis=1) / np.sqrt(right.shape[1])
        return int(np.flatnonzero(shares >= shares[best] - error)[0])

    def _right(self, states: FloatArray, gold: IntArray, folds: IntArray) -> FloatArray:
        right = np.zeros(len(gold))
        for fold in range(FOLDS):
            out = folds == fold
            belief = probe(states[~out], gold[~out], states[out], int(gold.max()) + 1)
            right[out] = belief.argmax(axis=1) == gold[out]
        return right


@final
@register(paper="2212.03827")
class LastLayerProbeDetector(Detector):
    """A probe of the last layer's states alone: what most probing does."""

    kind: Literal["last-layer-probe"] = "last-layer-probe"
    access: ClassVar[Access] = "activations"
    trusts: ClassVar[bool] = True

    def suspicion(self, evidence: Evidence) -> FloatArray:
        """Return how little the probe gives to the answer."""
        belief = probe(evidence.trusted_states[-1], evidence.gold, evidence.states[-1], evidence.answers.shape[1])
        return contradicted(evidence.answers, belief)


@final
@register(paper="2212.03827")
class ContrastDetector(Detector):
    """The first principal component of contrast differences (CRC-TPC); trusted labels only choose its sign.

    Of each input the states with the one and the other class as its answer are subtracted, each normalised over all.
    """

    kind: Literal["contrast"] = "contrast"
    access: ClassVar[Access] = "activations"
    trusts: ClassVar[bool] = True

    def suspicion(self, evidence: Evidence) -> FloatArray | None:
        """Return how far the direction contradicts the answer; None unless there are two classes."""
        if len(evidence.contrast) != 2:
            return None
        centre, scale = evidence.contrast.mean(axis=1), evidence.contrast.std(axis=1) + 1e-6

        def difference(states: FloatArray) -> FloatArray:
            first, second = (states - centre[:, None]) / scale[:, None]
            return np.asarray(second - first)

        asked = difference(evidence.contrast)
        _, spread, directions = np.linalg.svd(asked, full_matrices=False)
        height = asked @ directions[0] / (spread[0] / np.sqrt(len(asked)))
        trusted = difference(evidence.trusted_contrast) @ directions[0]
        sign = 1.0 if ((trusted > 0) == (evidence.gold == 1)).mean() >= 0.5 else -1.0
        return np.asarray(-sign * height * np.where(evidence.answers.argmax(axis=1) == 1, 1, -1))


@final
@register()
class TrajectoryDetector(Detector):
    """Suspects an answer that earlier layers would not give: probes of all layers, taught on the student's own answers.

    No label is needed: each layer learns to say what the student says on trusted inputs, and is asked what it would.
    """

    kind: Literal["trajectory"] = "trajectory"
    access: ClassVar[Access] = "activations"
    trusts: ClassVar[bool] = False

    def suspicion(self, evidence: Evidence) -> FloatArray | None:
        """Return how little the mean over all layers but the last gives to the answer."""
        earlier = list(zip(evidence.trusted_states, evidence.states, strict=True))[:-1]
        if not earlier:
            return None
        said, classes = evidence.trusted_answers.argmax(axis=1), evidence.answers.shape[1]
        beliefs = [probe(trusted, said, asked, classes) for trusted, asked in earlier]
        return contradicted(evidence.answers, np.mean(beliefs, axis=0))


@final
@register(paper="2405.19550")
class ElicitationDetector(Detector):
    """Trains the suspect further on the trusted labels, and takes what it then says."""

    kind: Literal["elicitation"] = "elicitation"
    access: ClassVar[Access] = "weights"
    trusts: ClassVar[bool] = True

    def suspicion(self, evidence: Evidence) -> FloatArray:
        """Return how little the further trained student gives to the answer."""
        return contradicted(evidence.answers, evidence.trained_further())


@final
@register()
class PretrainedProbeDetector(Detector):
    """A probe of the student as it was before training, taught the trusted labels: the rival that needs no suspect."""

    kind: Literal["pretrained-probe"] = "pretrained-probe"
    access: ClassVar[Access] = "weights"
    trusts: ClassVar[bool] = True
    looks: ClassVar[bool] = False

    def suspicion(self, evidence: Evidence) -> FloatArray:
        """Return how little the probe gives to the answer."""
        belief = probe(evidence.trusted_before, evidence.gold, evidence.before, evidence.answers.shape[1])
        return contradicted(evidence.answers, belief)


@final
@register()
class FreshStudentDetector(Detector):
    """Trains the student as it was before training on the trusted labels, and takes what it says."""

    kind: Literal["fresh-student"] = "fresh-student"
    access: ClassVar[Access] = "weights"
    trusts: ClassVar[bool] = True
    looks: ClassVar[bool] = False

    def suspicion(self, evidence: Evidence) -> FloatArray:
        """Return how little the fresh student gives to the answer."""
        return contradicted(evidence.answers, evidence.fresh())


def suspicions(detectors: Sequence[Detector], evidence: Evidence) -> Mapping[str, FloatArray]:
    """Return what each detector says, by its kind, where it can say something."""
    found = {detector.kind: detector.suspicion(evidence) for detector in detectors}
    return {kind: given for kind, given in found.items() if given is not None}
