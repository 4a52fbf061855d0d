"""A supervisor of several weak models in sequence, each on what those before it got wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    AnyStudent,
    ClassProbabilities,
    Component,
    Examples,
    Fit,
    FloatArray,
    Labeller,
    Objective,
    Predictor,
    Stopping,
    Supervision,
    build,
    one_hot,
    preset,
    register,
)
from w2sg.supervisors.taught import TaughtSupervisor
from w2sg.supervisors.trained import OBJECTIVE, STOPPING


@register(paper="2410.04571")
class Boosted(TaughtSupervisor[ClassProbabilities]):
    """Weak models in sequence, each on the examples that those before it got wrong; their weighted mean labels.

    AdaBoost over weak models, as EnsemW2S (Agrawal et al., arXiv:2410.04571) and Sang et al. (arXiv:2402.00667) do for
    classification. In round `m` a model is trained on gold with example weights `v`; with its weighted error
    `e = sum_i v_i [wrong_i]` it gets the vote `a = log((1 - e) / e) + log(k - 1)`, the weights of its wrong examples
    are multiplied by `exp(a)`, and labels are `sum_m a_m p_m / sum_m a_m` of the models' soft labels `p_m`. The term in
    `k` is that of SAMME (Zhu et al. 2009); with two classes all is as in the released code.

    What differs: the error is the weighted one on the supervision split, where the released code takes the unweighted
    one of its evaluation set; an error of 0 counts as half an example. Rounds end early where a model is no better than
    chance, or without error; the token-level variant for written answers is not here.
    """

    kind: Literal["boosted"] = "boosted"
    student: AnyStudent = Field(default="linear", validate_default=True, description="the model that is trained")
    rounds: int = Field(default=5, ge=1, description="most models in the sequence")

    def parts(self) -> Iterator[Component]:
        """Yield what it holds, and what its models are always trained by, on whose code the labels rest too."""
        yield from super().parts()
        yield from (build(Objective, OBJECTIVE), build(Stopping, STOPPING))

    def fit(self, supervision: Supervision, rng: np.random.Generator) -> Labeller:
        """Train the models on gold of the supervision split, one after the other.

        Raises:
            InputError: If the split has fewer examples than `labels`, or none.
        """
        shown = self.shown(supervision, rng)
        n, k = len(shown), shown.n_classes
        weights = np.full(n, 1 / n)
        models: list[Predictor] = []
        votes: list[float] = []
        for own in rng.spawn(self.rounds):
            fit = Fit(
                student=self.student,
                inputs=shown.examples.inputs,
                targets=one_hot(shown.gold, k),
                # A mean of 1, as without weights: the student's penalty then has the same strength in every round.
                weights=np.asarray(n * weights, dtype=np.float32),
                corpus=shown.corpus,
                objective=build(Objective, OBJECTIVE),
                stopping=build(Stopping, STOPPING),
                rng=own,
            )
            model = self.student.fit(fit)
            wrong = model.predict_proba(shown.examples.inputs).argmax(axis=1) != shown.gold
            error = max(float(weights[wrong].sum()), 0.5 / n)
            vote = float(np.log((1 - error) / error) + np.log(max(k - 1, 1)))
            models.append(model)
            votes.append(vote)
            if vote <= 0 or not wrong.any():
                break
            weights = weights * np.exp(vote * wrong)
            weights /= weights.sum()
        # Only the last can be no better than chance. Its vote would count against it, so it has none; alone it labels.
        kept = sum(vote > 0 for vote in votes) or 1
        return BoostedLabeller(tuple(models[:kept]), np.asarray(votes[:kept]) if kept > 1 else np.ones(1))


@dataclass(frozen=True, eq=False)
class BoostedLabeller(Labeller):
    """Boosted models.

    Attributes:
        models: The models, in the order of their training.
        votes: Their weights, `(s,)`, above 0.
    """

    models: tuple[Predictor, ...]
    votes: FloatArray

    def label(self, examples: Examples, gold: AnyArray | None, rng: np.random.Generator) -> ClassProbabilities:
        """Return the weighted mean of the models' probabilities; they see the inputs only."""
        soft = np.stack([model.predict_proba(examples.inputs) for model in self.models]).astype(np.float64)
        return ClassProbabilities(np.tensordot(self.votes / self.votes.sum(), soft, axes=1), soft)


preset(
    "boosted-few-features",
    Boosted,
    "At most five linear models in sequence that see 30% of the columns.",
    paper="2410.04571",
    student={"kind": "linear", "features": {"kind": "columns", "share": 0.3}},
)
