"""The certificate of prediction sets: how often they hold the truth, given the labels that made their cut."""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from w2sg.measure import check_delta, conformal_cut
from w2sg.theory.certificate import Certificate


@dataclass(frozen=True)
class Conformal:
    """A cut of scores.

    Attributes:
        cut: The score up to which a class belongs to the set; infinite where the sample is too small.
        certificate: A lower bound of the sets' coverage, given the labels that made the cut.
    """

    cut: float
    certificate: Certificate


def split_conformal(scores: ArrayLike, delta: float, *, miss: float, inputs: str = "deployment inputs") -> Conformal:
    """Return the cut of split conformal prediction with a certificate of its coverage; see `measure.conformal_cut`.

    Args:
        scores: How strange each true label is to the model, such as 1 - its probability, shape (n,).
        delta: How often the certificate of this cut's coverage may be wrong.
        miss: The chance that a set may miss the truth, over labels and inputs.
        inputs: What the inputs are.

    Raises:
        InputError: Scores are empty or not finite, `miss` or delta are out of range.
    """
    check_delta(delta)
    cut = conformal_cut(scores, miss=miss)
    sets = "sets of all classes" + (f" with a score up to {cut.score:.4g}" if cut.rank <= cut.n else "")
    return Conformal(
        cut.score,
        Certificate(
            "set_coverage",
            "none",
            f"split conformal (miss {miss:g}; {sets})",
            cut.coverage_low(delta),
            None,
            cut.coverage,
            delta,
            "unconditional",
            ("the inputs were labelled at random and trained no model",),
            f"{cut.n} {inputs}, labelled at random",
            cut.n,
        ),
    )
