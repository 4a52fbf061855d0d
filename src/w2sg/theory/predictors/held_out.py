"""What held-out labels say: the whole run again on parts of the supervisor's labels, judged on the labels left out.

Four ways to use them. The refitted students' own gain is an estimate as it stands. A rehearsal takes the run's models
where the supervisor left labels over, and a learning curve where they had to be trained again. The pool of both models,
calibrated on the labels left out, carries over to unlabelled inputs, so that every one of these counts. A judge, the
strong student trained on the labels of the split directly, joins that pool as a third opinion on which of
the two is right.
"""

from typing import ClassVar, Literal

from w2sg.core import Hypothesis, Target, register
from w2sg.theory import hypotheses as given
from w2sg.theory.judging import assumed
from w2sg.theory.predictors.in_units import ObservedGain, name_units
from w2sg.theory.predictors.shifts import SAME_ANSWERS, SAME_SHARES


@register()
class RefittedGain(ObservedGain):
    """The gain of refitted students on labels that were left out."""

    kind: Literal["refitted-gain"] = "refitted-gain"
    observable: ClassVar[str] = "refitted_gain"
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.SAME_INPUTS,
        given.SAME_LABELS,
        assumed(
            "refits are like the run",
            "Supervisors with fewer labels, and their students, gain as those of the run do.",
            "there are no more labels to see whether the gain changes with their number",
        ),
    )


name_units(RefittedGain, "The gain in {risk} of refitted students on labels that were left out.")


@register()
class RehearsedGain(ObservedGain):
    """The gain on labels that no model saw: of the run's models where labels are left over, else by a learning curve.

    The curve is an inverse power law of the number of labels, `gain(m) = gain(n) + b (n / m - 1)`, whose slope has a
    prior: both risks fall with labels, and nearly alike.
    """

    kind: Literal["rehearsed-gain"] = "rehearsed-gain"
    observable: ClassVar[str] = "rehearsed_gain"
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.OVERLAP,
        SAME_SHARES,
        SAME_ANSWERS,
        assumed(
            "the gain changes slowly with labels",
            "Where models had to be trained again, the gain moves by about as much as it did in development.",
            "there are no more labels to see how it goes on",
        ),
    )


name_units(RehearsedGain, "The gain in {risk} on labels that no model saw, rehearsed with fewer labels where needed.")


@register()
class PooledGain(ObservedGain):
    """The gain that unlabelled inputs imply under a calibrated pool of supervisor and student."""

    kind: Literal["pooled-gain"] = "pooled-gain"
    observable: ClassVar[str] = "pooled_gain"
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.SAME_INPUTS,
        assumed(
            "pool is calibrated",
            "The label is distributed as a power of the supervisor's probabilities times one of the student's.",
            "deployment labels are not observed",
        ),
        assumed(
            "refits are like the run",
            "Supervisors with fewer labels, and their students, are as trustworthy as those of the run.",
            "there are no more labels to see whether trust changes with their number",
        ),
    )


name_units(
    PooledGain, "The gain in {risk} that unlabelled inputs imply under a calibrated pool of supervisor and student."
)


@register()
class JudgedGain(ObservedGain):
    """The gain that unlabelled inputs imply under a calibrated pool of supervisor, student and a judge.

    Where supervision is seen to be unlike deployment, its interval is wider, and where both hardly overlap it abstains.
    """

    kind: Literal["judged-gain"] = "judged-gain"
    observable: ClassVar[str] = "judged_gain"
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.OVERLAP,
        assumed(
            "pool is calibrated",
            "The label is distributed as a product of powers of the probabilities of supervisor, student and judge.",
            "deployment labels are not observed",
        ),
        assumed(
            "models that are judged are like the run's",
            "Where supervisor and student had to be trained again, they are as trustworthy as those of the run.",
            "there are no more labels to see whether trust changes with their number",
        ),
    )


@register()
class JudgedBatchGain(JudgedGain):
    """The same as a statement about the very inputs that were seen: this student beats this supervisor on these."""

    kind: Literal["judged-batch-gain"] = "judged-batch-gain"  # type: ignore[assignment]
    target: ClassVar[Target] = "batch_gain"
    observable: ClassVar[str] = "judged_batch_gain"


@register()
class JudgedStrictGain(JudgedGain):
    """As `judged-gain`, from no other labels than those that the supervisor learned from, as it saw them."""

    kind: Literal["judged-strict-gain"] = "judged-strict-gain"  # type: ignore[assignment]
    observable: ClassVar[str] = "judged_strict_gain"


@register()
class JudgedStrictBatchGain(JudgedBatchGain):
    """As `judged-batch-gain`, from no other labels than those that the supervisor learned from, as it saw them."""

    kind: Literal["judged-strict-batch-gain"] = "judged-strict-batch-gain"  # type: ignore[assignment]
    observable: ClassVar[str] = "judged_strict_batch_gain"


for _cls, _where in (
    (JudgedGain, "that unlabelled inputs imply under a pool of supervisor, student and judge"),
    (JudgedBatchGain, "on the very inputs that were seen, under a pool of supervisor, student and judge"),
    (JudgedStrictGain, "under a pool with a judge, from the labels that the supervisor saw"),
    (JudgedStrictBatchGain, "on the very inputs, under a pool with a judge, from the labels that the supervisor saw"),
):
    name_units(_cls, f"The gain in {{risk}} {_where}.")
