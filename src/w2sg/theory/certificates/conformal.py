"""Certificates of prediction sets: how often they hold the truth, by the labels of their cut or by weak labels."""

from dataclasses import dataclass, replace

from numpy.typing import ArrayLike

from w2sg.core import Inapplicable
from w2sg.measure import Betting, Certifier, ClopperPearson, as_flags, check_delta, conformal_cut, hits_by_weak_labels
from w2sg.theory.certificate import Certificate, certified_mean
from w2sg.theory.certificates.gain import FRESH
from w2sg.theory.certificates.student import HELD_OUT


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


def coverage_by_agreement(
    held: ArrayLike, weak_wrong: ArrayLike, delta: float, *, inputs: str = "deployment inputs"
) -> Certificate:
    """Bound from below how often sets hold the truth: at least as often as the weak label, less its errors.

    A set that holds the weak label and not the truth has a weak label that is wrong. For sets of one class, the
    student's, this is `student_risk_by_agreement`. Each share has half of delta.

    Args:
        held: Whether each set of N unlabelled inputs holds the weak label, shape (N,).
        weak_wrong: Whether the weak supervisor errs on each of n labelled inputs, shape (n,).
        delta: How often the certificate may be wrong.
        inputs: What the inputs are.

    Raises:
        InputError: A vector is empty or holds something else than yes and no, or delta is out of range.
    """
    check_delta(delta)
    inside, wrong, exact = as_flags("held", held), as_flags("weak_wrong", weak_wrong), ClopperPearson()
    low = max(0.0, exact.low(inside, delta / 2) - exact.high(wrong, delta / 2))
    return Certificate(
        "set_coverage",
        "none",
        "agreement (share of sets with the weak label at half of delta, the supervisor's risk at the other half)",
        low,
        None,
        None,
        delta,
        "unconditional",
        (FRESH, HELD_OUT, "the sets were made without these weak labels"),
        f"{len(inside)} unlabelled {inputs}; the weak supervisor's {len(wrong)} held-out labels",
        len(wrong),
    )


def coverage_by_confusion(
    sets: ArrayLike,
    weak: ArrayLike,
    confusion: ArrayLike,
    delta: float,
    *,
    certifier: Certifier | None = None,
    inputs: str = "deployment inputs",
) -> Certificate:
    """Bound from below how often sets hold the truth by weak labels alone, whose confusion matrix is known.

    Args:
        sets: Whether each class is in the set of each input, shape (n, k).
        weak: Weak labels of these inputs, shape (n,).
        confusion: The chance of each weak label given the truth, shape (k, k).
        delta: How often the certificate may be wrong.
        certifier: Bounds a mean of numbers in a known span; betting by default.
        inputs: What the inputs are.

    Raises:
        InputError: See `measure.hits_by_weak_labels`; delta is out of range.
        Inapplicable: The weak labels contradict the hypotheses: the bound is above 1.
    """
    values, span = hits_by_weak_labels(sets, weak, confusion)
    found = certified_mean(
        certifier or Betting(horizon=len(values)),
        values,
        delta,
        target="set_coverage",
        frame=f"{len(values)} {inputs} with weak labels only, drawn at random",
        unit="none",
        side="low",
        span=span,
    )
    hypotheses = (
        "the confusion matrix is known",
        "given the truth, the weak label does not depend on the input: a student that shares its errors breaks this",
        "the sets were made without these weak labels",
    )
    assert found.low is not None
    if found.low > 1:
        raise Inapplicable(
            f"a coverage of at least {found.low:.3g} is none: the confusion matrix is not the true one, or errors "
            "depend on the input"
        )
    return replace(
        found,
        low=max(0.0, found.low),
        strength="conditional",
        assumptions=(*found.assumptions, *hypotheses),
        n_labels=0,
    )
