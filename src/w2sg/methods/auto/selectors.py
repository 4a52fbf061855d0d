"""Methods that train many students, choose some by evidence of their information tier, and say what they chose.

All begin with the same candidates (`candidates`); who knows class shares or gold has some more, and better evidence.
Three of the candidates answer together, so that a choice between near equals costs little. Where the evidence is no
better than that of `naive`, `naive` is what they give. The numbers that join several kinds of evidence were chosen on
development tasks.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import (
    FloatArray,
    InformationTier,
    InputError,
    Inputs,
    IntArray,
    Method,
    Predictor,
    Student,
    Training,
    WeakView,
    register,
)
from w2sg.methods.auto.candidates import (
    NAIVE,
    Candidate,
    Committee,
    answering,
    candidates,
    together,
    train_all,
    views_of,
)
from w2sg.methods.auto.density import unseen
from w2sg.methods.auto.evidence import consensus, separability, share_distance
from w2sg.methods.parts import OTHER_TRAINING

CONSENSUS, SHARES = 0.3, 0.1
"""What consensus and the distance of class shares count beside the share of rehearsed answers that are right."""


@dataclass(frozen=True, eq=False)
class Rivals:
    """What the evidence is made of.

    Attributes:
        view: What is known.
        of: The candidates.
        who: Who may answer: positions of candidates.
        predictors: The trained candidates.
        rehearsed: For each rehearsal the candidates taught by it.
        inputs: Inputs that no candidate learned from, where there are any.
    """

    view: WeakView
    of: Sequence[Candidate]
    who: Sequence[tuple[int, ...]]
    predictors: Sequence[Predictor]
    rehearsed: Sequence[Sequence[Predictor]]
    inputs: Inputs

    def answers(self, predictors: Sequence[Predictor], inputs: Inputs) -> list[IntArray]:
        """Return the class that each of `who` names, `(n,)` each."""
        said = [predictor.predict_proba(inputs) for predictor in predictors]
        return [together([said[place] for place in places]).argmax(axis=1) for places in self.who]

    def agreed(self) -> FloatArray:
        """Return the consensus of each of `who`, scaled to at most 1."""
        families = [self.of[places[0]].family for places in self.who]
        said = self.answers(self.predictors, self.inputs)
        found = consensus(said, families, self.view.transfer.weak.n_classes)
        return found / max(float(found.max()), 1e-9)

    def apart(self, shares: FloatArray) -> FloatArray:
        """Return how far the classes that each of `who` names are from known shares."""
        return np.array([share_distance(said, shares) for said in self.answers(self.predictors, self.inputs)])


class _Auto(Method):
    """What the selectors share: candidates, a committee of the best, and the default where nothing is better."""

    members: int = Field(3, ge=1, description="how many of the best answer together")

    @property
    def training_facts(self) -> Mapping[str, str]:
        """Whatever was chosen."""
        return OTHER_TRAINING

    @abstractmethod
    def evidence(self, rivals: Rivals, rng: np.random.Generator) -> tuple[FloatArray, str]:
        """Return how good each of `who` seems, `(m,)`, the higher the better, and what it was judged by."""

    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train the candidates, judge them, and let the best answer together."""
        of = candidates(view, student)
        trained = yield from train_all(views_of(view), of, rng)
        rivals = Rivals(view, of, answering(of), trained[0], trained[1:], unseen(view, rng))
        found, by = self.evidence(rivals, rng)
        best = [int(place) for place in np.argsort(-found, kind="stable")[: self.members]]
        default = next(place for place, one in enumerate(of) if one.name == NAIVE)
        if found[default] >= found[best[0]]:
            best = [default]
        names = [" with ".join(of[place].name for place in rivals.who[place_of]) for place_of in best]
        answering_best = [Committee([rivals.predictors[place] for place in rivals.who[one]], {}) for one in best]
        return Committee(answering_best, {"chose": names, "of": len(rivals.who), "by": by})


@final
@register()
class AutoWeak(_Auto):
    """Choose by consensus: whose answers tell most of those of students of other kinds.

    It knows weak labels and inputs only. Consensus is no proof: where most candidates share an error of the supervisor,
    as with classes that it names too often, it prefers those that share it.
    """

    kind: Literal["auto-weak"] = "auto-weak"

    def evidence(self, rivals: Rivals, rng: np.random.Generator) -> tuple[FloatArray, str]:
        """Return the consensus."""
        return rivals.agreed(), "consensus"


@final
@register()
class AutoAggregates(_Auto):
    """Choose by consensus, and by how near the named classes come to the class shares of the supervision split."""

    kind: Literal["auto-aggregates"] = "auto-aggregates"

    @property
    def tier(self) -> InformationTier:
        """It knows class shares."""
        return InformationTier.AGGREGATES

    def evidence(self, rivals: Rivals, rng: np.random.Generator) -> tuple[FloatArray, str]:
        """Return consensus less the distance of the shares."""
        told = rivals.view.aggregates
        if told is None or told.class_shares is None:
            raise InputError(f"method {self.kind!r} reads class shares, and the view has none: give its tier")
        return rivals.agreed() - rivals.apart(told.class_shares), "consensus and class shares"


@final
@register()
class AutoSupervision(_Auto):
    """Choose by rehearsal: the supervisor is taught again without a part of its gold, and students are judged on it.

    Of the candidates some learn from the gold too, beside the weak labels or alone. Consensus and class shares count a
    little, which tells where few examples are held out. A rehearsal is only worth something where the transfer inputs
    are like those of the supervision split: where the two can be told apart (an AUROC of at least `shifted`), the
    method abstains and gives `naive`.
    """

    kind: Literal["auto"] = "auto"
    folds: int = Field(5, ge=2, description="parts of the supervision split")
    shifted: float = Field(
        0.75, ge=0.5, le=1, description="how well transfer inputs may be told from supervision inputs, as an AUROC"
    )

    @property
    def tier(self) -> InformationTier:
        """It knows the supervision split."""
        return InformationTier.SUPERVISION_GOLD

    @property
    def rehearsals(self) -> int:
        """The folds."""
        return self.folds

    def evidence(self, rivals: Rivals, rng: np.random.Generator) -> tuple[FloatArray, str]:
        """Return the share of held-out examples answered rightly, with a little consensus and class shares."""
        view = rivals.view
        if view.supervision is None or view.aggregates is None or not view.rehearsals:
            raise InputError(f"method {self.kind!r} reads supervision gold and rehearsals, and the view has none")
        if self._is_shifted(rivals, rng):
            plain = [[rivals.of[place].name for place in places] == [NAIVE] for places in rivals.who]
            return np.asarray(plain, dtype=np.float64), "nothing: transfer inputs are unlike those of supervision"
        agreed = rivals.agreed()
        right = np.zeros(len(rivals.who))
        for rehearsal, predictors in zip(view.rehearsals, rivals.rehearsed, strict=True):
            truth = view.supervision.gold[rehearsal.held_out]
            said = rivals.answers(predictors, view.supervision.inputs.take(rehearsal.held_out))
            right += [float((answer == truth).sum()) for answer in said]
        assert view.aggregates.class_shares is not None
        apart = rivals.apart(view.aggregates.class_shares)
        found = right / len(view.supervision) + CONSENSUS * agreed - SHARES * apart
        return found, "rehearsals, consensus and class shares"

    def _is_shifted(self, rivals: Rivals, rng: np.random.Generator) -> bool:
        """Return whether the student's features tell supervision inputs from transfer inputs."""
        student, view = rivals.of[0].student, rivals.view
        if view.supervision is None or "embed" not in student.capabilities:
            return False
        rows = [student.embed(view.corpus, inputs) for inputs in (view.supervision.inputs, view.transfer.inputs)]
        return separability(rows[0], rows[1], rng) >= self.shifted
