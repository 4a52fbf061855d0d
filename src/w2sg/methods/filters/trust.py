"""Labels that are bought: learn from them when to trust the supervisor, or learn from them outright."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, IntArray, Student, WeakView, one_hot, register
from w2sg.methods.filters.shared import audited
from w2sg.methods.parts import Course, Relabeling, Selection, _Part

SMALLEST = 1e-6
"""Doubt of the supervisor is not taken below this, so that its log-odds are finite."""


def leading_components(x: FloatArray, count: int) -> FloatArray:
    """Return the scores `(n, r)` of the leading principal components of rows `(n, d)`, each of variance 1.

    There are at most `count`, and none without variance.
    """
    from scipy.linalg import eigh

    x = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
    n, d = x.shape
    # Of the two Gram matrices the smaller one is decomposed; both have the same leading values.
    gram = x.T @ x if d <= n else x @ x.T
    size = len(gram)
    values, vectors = eigh(gram, subset_by_index=(max(0, size - count), size - 1))
    real = values > 1e-10 * max(float(values[-1]), 1e-30)
    scores = x @ vectors[:, real] if d <= n else vectors[:, real]
    return np.asarray(scores / np.maximum(scores.std(axis=0), 1e-300))


def log_odds(weak: FloatArray) -> FloatArray:
    """Return the log-odds of the supervisor's confidence `max_c w_c`, `(n,)`, with mean 0 and variance 1."""
    sure = weak.max(axis=1).astype(np.float64)
    # On the scale of log-odds a logistic model reads a calibrated confidence exactly: trust is then a shift and a
    # stretch of it.
    odds = np.log(sure) - np.log(np.maximum(1 - sure, SMALLEST))
    return np.asarray((odds - odds.mean()) / max(float(odds.std()), 1e-12))


def trust_of(signs: FloatArray, rows: IntArray, right: IntArray, c: float) -> FloatArray:
    """Return the probability that each weak label is right, `(n,)`.

    A logistic model with a ridge penalty `|b|^2 / (2 c)` on signs `(n, s)`, learned on the audited `rows` `(a,)` and
    whether they are `right` `(a,)`, 1 or 0. Where all are right or all are wrong no sign can be learned, and the trust
    is Laplace's `(sum right + 1) / (a + 2)` for all. What the audit knows is known: audited rows have trust 1 or 0.
    """
    from sklearn.linear_model import LogisticRegression

    if 0 < right.sum() < len(right):
        model = LogisticRegression(C=c, max_iter=1000).fit(signs[rows], right)
        trust = model.predict_proba(signs)[:, 1]
    else:
        trust = np.full(len(signs), (right.sum() + 1) / (len(right) + 2))
    # What was audited is known for certain, whatever the model says of it.
    trust[rows] = right
    return np.asarray(trust)


class _Bought(_Part):
    """What buys labels."""

    labels: int = Field(50, ge=1, description="gold labels of transfer examples to buy, drawn at random")

    @property
    def audits(self) -> int:
        """The labels bought."""
        return self.labels


@register()
class AuditedTrust(_Bought, Selection):
    """Buy a few labels, learn from them which weak labels are right, and keep the ones to trust.

    In the manner of trust functions (Uzunoglu et al., arXiv:2606.01000), which are small networks on the last hidden
    states of the weak supervisor; but this is not theirs: a supervisor's states are not in a method's reach, and here a
    logistic model reads the leading components of the student's features before training and the supervisor's
    confidence, penalised for the few labels there are.
    """

    kind: Literal["audited-trust"] = "audited-trust"
    use: Literal["threshold", "weight"] = Field("threshold", description="keep what is trusted, or weigh by the trust")
    threshold: float = Field(0.5, ge=0, lt=1, description="keep the labels with more trust than this")
    components: int = Field(10, ge=1, description="principal components of the features that the trust reads")
    c: float = Field(0.1, gt=0, description="inverse penalty of the logistic model, as scikit-learn's C")

    @property
    def requires(self) -> frozenset[str]:
        """Features before training."""
        return frozenset({"embed"})

    def weights(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return the trust of each example, or whether it is above the threshold."""
        yield from ()
        known = audited(view, f"selection {self.kind!r}", self.labels)
        weak = view.transfer.weak.probabilities
        features = leading_components(student.embed(view.corpus, view.transfer.inputs), self.components)
        # Components have variance 1 as the log-odds do, so that one penalty is fair to all signs; a few tens of labels
        # can tell no more than a few coefficients.
        signs = np.concatenate([features, log_odds(weak)[:, None]], axis=1)
        right = (weak[known.rows].argmax(axis=1) == known.gold).astype(np.int64)
        trust = trust_of(signs, known.rows, right, self.c)
        return np.asarray(trust if self.use == "weight" else trust > self.threshold, dtype=np.float32)


@register()
class TrustedWeight(_Bought, Selection):
    """Every example, those with a bought label with more weight.

    The default of 4 is the information of a right label relative to a hard label that is flipped for a quarter of the
    examples, `1 / (1 - 2 e)^2` at `e = 1/4`.
    """

    kind: Literal["trusted"] = "trusted"
    weight: float = Field(4.0, gt=0, description="weight of an example whose label was bought; the others weigh 1")

    def weights(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return the weight of each example."""
        yield from ()
        weights = np.ones(len(view.transfer), dtype=np.float32)
        weights[audited(view, f"selection {self.kind!r}", self.labels).rows] = self.weight
        return weights


@register()
class TrustedGold(_Bought, Relabeling):
    """The bought labels where there are any, the weak labels elsewhere."""

    kind: Literal["trusted"] = "trusted"

    def relabel(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return the labels."""
        yield from ()
        known = audited(view, f"relabeling {self.kind!r}", self.labels)
        labels = view.transfer.weak.probabilities.copy()
        labels[known.rows] = one_hot(known.gold, labels.shape[1])
        return labels
