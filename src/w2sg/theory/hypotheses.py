"""Hypotheses that several theories share, each with a declared rule for what observables say of it.

What unlabelled inputs, both models and the supervisor's risks say of a gain is an interval (`gain-identified`). It
seldom decides the sign, and never where a truth may be any value: reflected through the supervisor, it leaves all
predictions and the risk as they are and makes of a gain a loss. Nor do these risks hold for deployment because they
hold for the supervision split. So every theory of gain from `S0` rests on a hypothesis that `S0` leaves open.
"""

import math
from collections.abc import Callable
from dataclasses import replace

from w2sg.core import InfoSet, Observables, Quantity, Status
from w2sg.theory.judging import (
    LEVEL,
    Check,
    CheckResult,
    assumed,
    at_most,
    below,
    by_construction,
    checked,
    no_difference,
    p_above,
)

PROJECTION_SHARE = 0.01
"""A residual of at most this share of the misfit counts as none: it moves the gain by at most .2 sqrt(M R_s)."""
PROJECTION_MARGIN = 0.03
"""A residual beyond by this share matters: it moves the gain by twice as much."""
POPULATION_SHARE = 0.5
"""A finite training set may take at most this share off the gain that the misfit of infinitely many inputs promises."""
CROSS_MARGIN = 0.5
"""Audited labels support realizability if they show that the cross term takes less than this share of the misfit."""
ROUNDING = 1e-20
"""A misfit below this is rounding: student and supervisor are the same function."""
VARIANCE_TOLERANCE = 0.25
"""A supervisor's risk may exceed what its variance explains by this share: the count of refits' labels is not exact."""
REFIT_SHARE = 0.8
"""Cross-fitted supervisors have this share of the labels (five folds), so a little more variance."""
LEAST_OVERLAP = 0.125
"""Weighted to stand for deployment, at least this share of the labelled inputs has to count; chosen on the eight shifts
between text families that the log names.
"""
SAME_SHARE = 0.9
"""Two feature spaces count as the same if their canonical correlations sum to this share of the larger dimension."""
EDGE_TOLERANCE = 1.2
"""The largest eigenvalue of noise may pass its limit by this factor: features are not quite Gaussian."""
COPIED = 0.98
"""A student that names the weak label on more than this share of its training inputs has copied the supervisor."""
COPIED_MARGIN = 0.01
"""Half of what is left to a full copy."""
SHIFT_MARGIN = 0.1
"""A shift matters with which a linear score tells deployment from supervision this much better than a coin (AUROC)."""
SLOPE_MARGIN = 0.25
"""A slope of labels on predictions matters that is off by this much: scaling the supervisor would help it visibly."""
CONTRACTION_MARGIN = 0.1
"""It matters where a student exceeds its supervisor by this share of the supervisor's variance."""
ENSEMBLE_TOLERANCE = 0.25
"""Misfit and ensemble variance may differ by this share: refits are few and the student's training set is finite; by
twice this share it matters."""
SAMPLING_TOLERANCE = 0.02
"""What sampling takes off the gain may differ from the formula by this share of the misfit."""
SAMPLING_MARGIN = 0.03
"""Beyond it by this share it matters: residuals have heavy tails, and a few of them show less than there is."""


def noise_edge(seen: Observables) -> float:
    """Return the limit of the largest over the mean eigenvalue of pure noise (Marchenko and Pastur), with tolerance."""
    return EDGE_TOLERANCE * (1 + math.sqrt(seen.value("d_strong") / seen["anisotropy"].n)) ** 2


LEAST_SQUARES_SUPERVISOR = by_construction(
    "supervisor is least squares",
    "The supervisor is least squares, without a penalty, on fixed features.",
    "supervisor_class",
    "linear-least-squares",
)
LEAST_SQUARES_STUDENT = by_construction(
    "student is least squares",
    "The student is least squares, without a penalty, on fixed features.",
    "student_class",
    "linear-least-squares",
)
RIDGE_SUPERVISOR = by_construction(
    "supervisor is ridge", "The supervisor is ridge regression.", "supervisor_class", "linear-least-squares", "ridge"
)
RIDGE_STUDENT = by_construction(
    "student is ridge", "The student is ridge regression.", "student_class", "linear-least-squares", "ridge"
)
LINEAR_STUDENT = by_construction(
    "student is linear",
    "The student decides by a linear function of fixed features.",
    "student_class",
    "linear-least-squares",
    "ridge",
    "logit-linear",
)
LOGIT_LINEAR = by_construction(
    "student is logit-linear",
    "The student's log-probabilities are linear in fixed features, up to normalisation.",
    "student_class",
    "logit-linear",
)
CONVEX = by_construction(
    "class is convex",
    "The student's class is convex as a set of functions with values in the units of the risk.",
    "student_class",
    "linear-least-squares",
    "ridge",
    "mixture",
)
CROSS_ENTROPY = by_construction(
    "loss is cross-entropy", "The student minimises cross-entropy to the weak labels.", "loss", "cross-entropy"
)
SQUARED_LOSS = by_construction(
    "loss is squared", "The student minimises the squared distance from the weak labels.", "loss", "squared"
)
REVERSE_KL = by_construction(
    "loss is reverse KL", "The student minimises KL(student || supervisor).", "loss", "reverse-kl"
)
SOFT_LABELS = by_construction(
    "labels are soft", "The weak labels are the supervisor's probabilities.", "labels", "soft"
)
FROZEN = by_construction(
    "features are frozen", "The student's features do not change in training.", "features", "frozen"
)
CONVERGED = by_construction("student is converged", "The student is trained to convergence.", "stopping", "none")
STOPPED = by_construction("student is stopped early", "The student's training is stopped early.", "stopping", "early")
BINARY = by_construction("two classes", "There are two classes.", "classes", "2")

PROJECTION = checked(
    "student is a projection",
    "The first-order condition E[(supervisor - student) h] = 0 holds for the student's features h.",
    below("projection_residual", PROJECTION_SHARE, "the residual's share of the misfit", PROJECTION_MARGIN),
    needs=("projection_residual",),
)
CANNOT_COPY = checked(
    "student cannot copy",
    "The student is not able to copy the supervisor on its training inputs.",
    below("training_agreement", COPIED, "agreement with the weak labels of the training inputs", COPIED_MARGIN),
    needs=("training_agreement",),
)
REPRESENTATIVE = assumed(
    "refits are like the supervisor",
    "The retrained supervisors vary as the supervisor would with another training set of its size.",
    "refits share one pool of labels",
)


def _population(seen: Observables) -> CheckResult:
    d, n = seen.value("d_strong"), seen.value("n_transfer")
    # Sampling adds the share d / (n - 1) to the misfit and takes as much off the gain: twice it in all.
    share = 2 * d / (n - 1) if n > 1 else math.inf
    status: Status = "holds" if share <= POPULATION_SHARE else "violated"
    why = f"{n:g} training inputs and {d:g} dimensions take {share:.2g} of the misfit off, at most {POPULATION_SHARE:g}"
    return CheckResult(status, why, share if math.isfinite(share) else None)


POPULATION = checked(
    "training set is large",
    "The student has as good as infinitely many training inputs for its dimension.",
    _population,
    needs=("d_strong", "n_transfer"),
)


def finite_share(at: Callable[[str], float]) -> float:
    """Return d / (N - 1): what least squares on `N` Gaussian inputs adds to the misfit, as a share of it."""
    return at("d_strong") / (at("n_transfer") - 1)


def _realizable(finite: bool) -> Check:
    def check(seen: Observables) -> CheckResult:
        cross, misfit = seen["audit_cross"], seen.value("misfit")
        if misfit <= ROUNDING:
            return CheckResult("holds", "student and supervisor are one function", cross.value)
        # The cross term of a realizable student is 0 with infinitely many inputs, and below 0 by a known amount with
        # few.
        expected, spread = _finite_cross(seen) if finite else (0.0, 0.0)
        measured = Quantity(cross.value, math.hypot(cross.se, spread), cross.n, cross.estimator)
        # It matters where it would eat so much of the gain that the misfit promises, which is 2 C.
        short = replace(measured, value=expected - measured.value)
        why = f"cross term {measured}, {expected:.3g} or more if it holds"
        return at_most(short, 0.0, CROSS_MARGIN * misfit / 2, why)

    return check


def _finite_cross(seen: Observables) -> tuple[float, float]:
    """Return mean and standard deviation of the cross term over training sets of a student whose class has the truth.

    The sampling error `e` of least squares has `E|e|^2 = M d / (N - 1)` in a random direction; the cross term is
    `-|e|^2 - <e, f - truth>` for the student `f` of infinitely many inputs, no farther from truth than the supervisor.
    """
    n, misfit = seen.value("n_transfer"), seen.value("misfit")
    if n <= 1:
        return 0.0, 0.0
    far = seen.value("weak_squared") if "weak_squared" in seen else 0.0
    return -misfit * finite_share(seen.value), math.sqrt(misfit * max(far, 0.0) / (n - 1))


_REALIZABLE = "Some function of the student's class is the truth, so that the cross term C is not negative."
_CROSS = ("audit_cross", "misfit")
REALIZABLE = checked("truth is in the class", _REALIZABLE, _realizable(False), InfoSet.S1, _CROSS)
REALIZABLE_FINITE = checked(
    "truth is in the class", _REALIZABLE, _realizable(True), InfoSet.S1, (*_CROSS, "d_strong", "n_transfer")
)
"""The same for a student with finitely many training inputs, whose cross term is -M d / (N - 1) on average."""


def _independent_rest(seen: Observables) -> CheckResult:
    found, sampling = seen["residual_leverage"], 2 * finite_share(seen.value)
    # What sampling takes off the gain is so many times what the formula says, as a share of the misfit.
    why = (
        f"sampling takes {found} times as much of the gain as if what is not expressed were independent, 1 if it holds"
    )
    return no_difference((found.value - 1) * sampling, found.se * sampling, SAMPLING_TOLERANCE, SAMPLING_MARGIN, why)


INDEPENDENT_REST = checked(
    "rest is independent of the features",
    "What the student cannot express is independent of its features, as where all is jointly normal.",
    _independent_rest,
    needs=("residual_leverage", "d_strong", "n_transfer"),
)


def _enough(seen: Observables) -> CheckResult:
    n, d_w, transfer, d_s = (seen.value(name) for name in _COUNTS)
    status: Status = "holds" if n > d_w + 1 and transfer > d_s + 1 else "violated"
    return CheckResult(status, f"{n:g} labels for {d_w:g} dimensions, {transfer:g} weak labels for {d_s:g}")


_COUNTS = ("n_supervision", "d_weak", "n_transfer", "d_strong")
ENOUGH_LABELS = checked(
    "more labels than dimensions", "Both models have more labels than dimensions, plus 1.", _enough, needs=_COUNTS
)


def _variance_dominated(seen: Observables) -> CheckResult:
    noise, weak = seen.value("noise"), seen["weak_squared"]
    d, n = seen.value("d_weak"), REFIT_SHARE * seen.value("n_supervision")
    # With as many dimensions as labels least squares interpolates, and its variance has no finite mean.
    if n <= d + 1:
        return CheckResult("untestable", f"too few labels to judge refits: {n:g} for {d:g} dimensions")
    # Noise plus the variance of least squares on Gaussian inputs, sigma^2 d / (n - d - 1): what no bias would add to.
    bound = (1 + VARIANCE_TOLERANCE) * noise * (1 + d / (n - d - 1))
    p = p_above(weak, bound)
    if p < LEVEL:
        return CheckResult(
            "violated", f"weak risk {weak} exceeds what noise and variance explain, {bound:.3g}", weak.value, p
        )
    return CheckResult("untestable", "signal that the supervisor's features miss looks like label noise", weak.value, p)


VARIANCE_DOMINATED = checked(
    "variance dominates",
    "The supervisor's error is variance: its features express the truth.",
    _variance_dominated,
    InfoSet.S2,
    ("noise", "weak_squared", "d_weak", "n_supervision"),
)


def _same_inputs(seen: Observables) -> CheckResult:
    found = seen["shift_auroc"]
    return at_most(
        found, 0.5, SHIFT_MARGIN, f"AUROC of a score that was to tell them apart is {found}, 0.5 if it holds"
    )


SAME_INPUTS = checked(
    "inputs are not shifted",
    "Labelled, weakly labelled and deployment inputs have one distribution.",
    _same_inputs,
    needs=("shift_auroc",),
)


SAME_LABELS = assumed(
    "labels do not shift",
    "Given the input, the supervisor's labels are distributed as those of deployment.",
    "deployment labels are not observed",
)


def _overlap(seen: Observables) -> CheckResult:
    # Beside the one rule: the share has no standard error, so this is never untestable. An error over rows would leave
    # out the fitted ratio of densities, in which most of the doubt is: it came out up to three times too small.
    share = seen.value("shift_ess")
    status: Status = "violated" if share < LEAST_OVERLAP else "holds"
    return CheckResult(status, f"weighted to stand for deployment, {share:.3g} of the labelled inputs count", share)


OVERLAP = checked(
    "deployment overlaps supervision",
    "Where deployment inputs lie, the supervisor's supervision split has inputs too.",
    _overlap,
    needs=("shift_ess",),
)


def _same_features(seen: Observables) -> CheckResult:
    shared, larger = seen["d_shared"], max(seen.value("d_weak"), seen.value("d_strong"))
    own = replace(shared, value=larger - shared.value)
    # What is not shared is off at most by the rest, and matters where it is twice the rest.
    rest = (1 - SAME_SHARE) * larger
    return at_most(own, rest, rest, f"{shared} of {larger:g} dimensions are shared")


SAME_FEATURES = checked(
    "features are the same",
    "Supervisor and student have the same features.",
    _same_features,
    needs=("d_shared", "d_weak", "d_strong"),
)


def _isotropic(seen: Observables) -> CheckResult:
    value, edge = seen.value("anisotropy"), noise_edge(seen)
    why = f"largest over mean eigenvalue {value:.3g}, {edge:.3g} at most for noise"
    if value > edge:
        return CheckResult("violated", why, value)
    # With d / n = g, a direction of 1 + l times the others' variance shows as (1 + l)(1 + g / l): at l = 1 it matters.
    doubled = 2 * (1 + seen.value("d_strong") / seen["anisotropy"].n)
    if doubled > edge:
        return CheckResult("holds", why, value)
    return CheckResult("untestable", f"a direction of twice the variance would not be seen: {why}", value)


ISOTROPIC = checked(
    "inputs are isotropic",
    "All directions of the features have the same variance.",
    _isotropic,
    needs=("anisotropy", "d_strong"),
)


def _spiked(seen: Observables) -> CheckResult:
    isotropic = _isotropic(seen)
    opposite: dict[Status, Status] = {"holds": "violated", "violated": "holds", "untestable": "untestable"}
    return replace(isotropic, status=opposite[isotropic.status])


SPIKED = checked(
    "a direction stands out",
    "One direction of the features has more variance than the others.",
    _spiked,
    needs=("anisotropy", "d_strong"),
)


def _projected(seen: Observables) -> CheckResult:
    slope = seen["supervisor_slope"]
    return no_difference(
        slope.value - 1, slope.se, 0.0, SLOPE_MARGIN, f"slope of label on prediction {slope}, 1 if it holds"
    )


PROJECTED_SUPERVISOR = checked(
    "supervisor is a projection",
    "The supervisor is the least-squares projection of the truth: the slope of the label on its prediction is 1.",
    _projected,
    needs=("supervisor_slope",),
)


def _contraction(seen: Observables) -> CheckResult:
    weak, student = seen["weak_variance"], seen["student_variance"]
    larger = Quantity(student.value - weak.value, math.hypot(weak.se, student.se), student.n, "difference")
    why = f"variance of the student's predictions {student}, of the supervisor's {weak}"
    return at_most(larger, 0.0, CONTRACTION_MARGIN * weak.value, why)


CONTRACTION = checked(
    "student contracts the supervisor",
    "The student's function is no larger than the supervisor's, as after gradient flow from 0 or with a ridge penalty.",
    _contraction,
    needs=("weak_variance", "student_variance"),
)


def _matches_mean(seen: Observables) -> CheckResult:
    misfit, variance = seen["misfit"], seen["ensemble_squared"]
    se = math.hypot(misfit.se, variance.se)
    # Both quantities have the same target only if the student is the mean, so they may differ by either side.
    tolerance = ENSEMBLE_TOLERANCE * max(variance.value, 0.0)
    why = f"misfit {misfit}, ensemble variance {variance}: equal if it holds"
    return no_difference(misfit.value - variance.value, se, tolerance, tolerance, why)


MATCHES_MEAN = checked(
    "student is the mean supervisor",
    "The student approximates the mean over all supervisors that might have been trained.",
    _matches_mean,
    needs=("misfit", "ensemble_squared"),
)
