"""Similarity: the less two models' errors agree beyond chance, the more a student can gain."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from w2sg.core import Hypothesis, InputError, Theory, register
from w2sg.theory.judging import assumed


def chance_adjusted_agreement(observed: float, first: float, second: float, classes: float) -> float:
    """Return CAPA, kappa_p of Goel et al. (arXiv 2502.04313): 1 for equal errors, 0 for agreement by chance.

    Chance agreement is that of models which spread what they do not give the truth evenly over the other classes.

    Args:
        observed: Mean over inputs of the sum over classes of the product of both models' probabilities.
        first: Mean probability that the first model gives the truth.
        second: That of the second.
        classes: The number of classes.

    Raises:
        InputError: A probability is not from 0 to 1, there are fewer than 2 classes, or chance agreement is 1.
    """
    for name, value in (("observed", observed), ("first", first), ("second", second)):
        if not 0 <= value <= 1:
            raise InputError(f"{name} must be from 0 to 1, got {value}")
    if not classes >= 2:
        raise InputError(f"there must be at least 2 classes, got {classes}")
    # Both right by chance, or both wrong and on the same wrong class.
    chance = first * second + (1 - first) * (1 - second) / (classes - 1)
    if chance >= 1:
        raise InputError("models that are always right agree by chance: there is no similarity to speak of")
    return (observed - chance) / (1 - chance)


@register(paper="2502.04313")
class Similarity(Theory):
    """The gain in error grows as the models' errors agree less: CAPA.

    The paper finds a correlation and gives no size, and measures the student before it is finetuned; here it is the
    trained student. The scale is ours: the supervisor's mean error of which the share `1 - kappa_p` is not shared.
    """

    kind: Literal["similarity"] = "similarity"
    unit: Literal["error"] = "error"
    needs: ClassVar[tuple[str, ...]] = (
        "model_agreement",
        "audit_weak_probability",
        "audit_student_probability",
        "n_classes",
    )
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        assumed(
            "what is not shared is repaired",
            "The student repairs the errors that it does not share with the supervisor, and makes none of its own.",
            "it is a correlation over many pairs of models, not a statement on one",
        ),
    )

    def formula(self, at: Mapping[str, float]) -> float:
        """Return 1 less CAPA, times the supervisor's mean error."""
        weak = at["audit_weak_probability"]
        kappa = chance_adjusted_agreement(at["model_agreement"], weak, at["audit_student_probability"], at["n_classes"])
        return (1 - kappa) * (1 - weak)
