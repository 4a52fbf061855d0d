"""Every quantity that observables may hold: what it means, its unit, and what has to be known to compute it.

Weak and student predictions are compared on fresh unlabelled deployment inputs unless `training` is said. `squared`
sums over classes where predictions are probabilities.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

Unit = Literal["squared", "error", "kl", "reverse_kl", "none"]
"""`squared`: mean squared distance, summed over classes for probabilities; `error`: 0-1; `kl`: nats."""


class InfoSet(IntEnum):
    """What has to be known to compute a quantity; each set holds the ones before it."""

    S0_STRICT = 0
    """Unlabelled deployment inputs, both models, and the labels that the supervisor learned from, as it saw them."""
    S0_VALIDATION = 1
    """The same, and all gold of the supervision split: labels that the supervisor did not use, or saw with noise."""
    S1 = 2
    """S0 and some audited ground-truth labels of the deployment distribution."""
    S2 = 3
    """All ground truth: for scoring only, never in observables."""

    @property
    def title(self) -> str:
        """The name as it is written, such as `S0-strict`."""
        source, _, reading = self.name.partition("_")
        return f"{source}-{reading.lower()}" if reading else source


@dataclass(frozen=True)
class Known:
    """An entry of the catalogue of observables."""

    meaning: str
    unit: Unit
    info: InfoSet


S0, SPLIT, S1 = InfoSet.S0_STRICT, InfoSet.S0_VALIDATION, InfoSet.S1
_RISKS: tuple[Unit, ...] = ("error", "squared", "kl")
_IN_WORDS = {"error": "0-1 risk", "squared": "squared risk", "kl": "cross-entropy"}

CATALOGUE: dict[str, Known] = {
    # the supervisor, judged on its supervision split (cross-fitted: no label judges a model that it trained)
    "weak_error": Known("0-1 risk of the weak supervisor", "error", SPLIT),
    "weak_squared": Known("squared risk of the weak supervisor", "squared", SPLIT),
    "weak_kl": Known("cross-entropy of the weak supervisor", "kl", SPLIT),
    "weak_ece": Known("expected calibration error of the weak supervisor", "error", SPLIT),
    "supervisor_slope": Known(
        "slope of the label on the supervisor's prediction; 1 for a least-squares projection", "none", SPLIT
    ),
    "label_variance": Known("squared risk of the best constant prediction", "squared", SPLIT),
    "noise": Known("residual variance of the weak supervisor's fit: label noise, if it has no bias", "squared", SPLIT),
    # both models on unlabelled inputs
    "misfit": Known("mean squared distance of student and supervisor", "squared", S0),
    "misfit_kl": Known("KL(supervisor || student), forward", "kl", S0),
    "misfit_reverse_kl": Known("KL(student || supervisor), reverse", "kl", S0),
    "disagreement": Known("share of inputs on which student and supervisor name different classes", "error", S0),
    "training_agreement": Known("share of the training inputs on which the student names the weak label", "error", S0),
    "training_misfit": Known("mean squared distance of student and weak labels on the training inputs", "squared", S0),
    "weak_confidence": Known("mean largest probability of the supervisor", "none", S0),
    "student_confidence": Known("mean largest probability of the student", "none", S0),
    "weak_variance": Known("mean squared distance of the supervisor's predictions from their mean", "squared", S0),
    "student_variance": Known("mean squared distance of the student's predictions from their mean", "squared", S0),
    "model_agreement": Known("mean sum over classes of the product of both models' probabilities", "none", S0),
    "belief_student": Known("gain in 0-1 risk if the student's probabilities were the truth", "error", S0),
    "belief_weak": Known("gain in 0-1 risk if the supervisor's probabilities were the truth", "error", S0),
    "projection_residual": Known(
        "squared length of E[(supervisor - student) h] over whitened features h of the student, as a share of the "
        "misfit; 0 for a projection onto the linear functions of h",
        "none",
        S0,
    ),
    "residual_leverage": Known(
        "mean squared difference of supervisor and student where features lie far out, over the mean over all inputs; "
        "1 if what the student cannot express is independent of its features",
        "none",
        S0,
    ),
    # sizes and spectra
    "n_classes": Known("classes", "none", S0),
    "n_supervision": Known("labels that trained the supervisor", "none", S0),
    "n_transfer": Known("weakly labelled inputs that trained the student", "none", S0),
    "d_weak": Known("dimension of the supervisor's features", "none", S0),
    "d_strong": Known("dimension of the student's features", "none", S0),
    "d_shared": Known("sum of squared canonical correlations of both feature spaces, bias removed", "none", S0),
    "d_weak_effective": Known("participation ratio of the spectrum of the supervisor's features", "none", S0),
    "d_strong_effective": Known("participation ratio of the spectrum of the student's features", "none", S0),
    "anisotropy": Known("largest over mean eigenvalue of the student's feature covariance", "none", S0),
    "ridge_weak": Known("ridge penalty of the supervisor, per example and unit of feature variance", "none", S0),
    "ridge_strong": Known("ridge penalty of the student, per example and unit of feature variance", "none", S0),
    # second moments, for shifts between labelled, unlabelled and deployment inputs
    "moment_weak": Known(
        "tr(C_TT(labelled)^-1 C_TT(deployment)) / n: variance of the supervisor per unit of noise", "none", S0
    ),
    "moment_student": Known(
        "tr(C_TT(labelled)^-1 A' C_SS(deployment) A) / n, A = C_SS(unlabelled)^-1 C_ST", "none", S0
    ),
    "shift_auroc": Known(
        "how well a linear score tells deployment inputs from labelled ones; 1/2 if not at all", "none", S0
    ),
    "shift_ess": Known(
        "effective share of the labelled inputs when they are weighted to stand for deployment; 1 without a shift",
        "none",
        S0,
    ),
    # several supervisors
    "ensemble_squared": Known(
        "K/(K-1) mean squared distance of K retrained supervisors from their mean", "squared", SPLIT
    ),
    "ensemble_error": Known("mean disagreement of K retrained supervisors with their average's class", "error", SPLIT),
    "ensemble_pair_error": Known(
        "mean disagreement of two retrained supervisors' classes, over all pairs", "error", SPLIT
    ),
    "ensemble_rest_error": Known(
        "mean disagreement of a retrained supervisor's class with the class of the average of the others",
        "error",
        SPLIT,
    ),
    # everything again on parts of the labels: supervisors without a fold, students of them, judged on the fold
    "refitted_gain_error": Known("gain in 0-1 risk of refitted students on the labels left out", "error", SPLIT),
    "refitted_gain_squared": Known(
        "gain in squared risk of refitted students on the labels left out", "squared", SPLIT
    ),
    "refitted_gain_kl": Known("gain in cross-entropy of refitted students on the labels left out", "kl", SPLIT),
    "pooled_gain_error": Known("gain in 0-1 risk that a calibrated pool of both models implies", "error", SPLIT),
    "pooled_gain_squared": Known(
        "gain in squared risk that a calibrated pool of both models implies", "squared", SPLIT
    ),
    "pooled_gain_kl": Known("gain in cross-entropy that a calibrated pool of both models implies", "kl", SPLIT),
    # labels of the supervision split that no model saw, weighted to stand for deployment
    "class_shift_p": Known("p-value of equal shares of all classes in supervision and deployment", "none", SPLIT),
    "class_inputs_p": Known(
        "p-value of what supervisor and student answer to each class being the same in supervision and deployment",
        "none",
        SPLIT,
    ),
    "class_weight_ess": Known(
        "effective share of the labels when classes are weighted to stand for deployment; 1 without a shift",
        "none",
        SPLIT,
    ),
    # between which ends the gain lies for every truth under which the supervisor has its cross-fitted risks
    "identified_low_error": Known("least gain in 0-1 risk that the supervisor's risks leave open", "error", SPLIT),
    "identified_high_error": Known("largest gain in 0-1 risk that the supervisor's risks leave open", "error", SPLIT),
    "identified_low_squared": Known(
        "least gain in squared risk that the supervisor's risks leave open", "squared", SPLIT
    ),
    "identified_high_squared": Known("largest such gain in squared risk", "squared", SPLIT),
    "identified_low_kl": Known("least gain in cross-entropy that the supervisor's risks leave open", "kl", SPLIT),
    "identified_high_kl": Known("largest such gain in cross-entropy", "kl", SPLIT),
    "identified_tension": Known(
        "standard errors by which cross-fitted risks have to move until some truth of the unlabelled inputs has them",
        "none",
        SPLIT,
    ),
    # accuracies without a label of the inputs in question
    "line_gain": Known("gain if accuracies lie on the line of agreements", "error", SPLIT),
    "thresholded_gain": Known("gain in the share of inputs on which a model is surer than a threshold", "error", SPLIT),
    "spectral_gain": Known("gain by covariances of supervisor, student and judge", "error", SPLIT),
    "dawid_skene_gain": Known(
        "gain if supervisor, student and judge err independently given the class", "error", SPLIT
    ),
    # representations
    "gap_plugin": Known("|P_s (I - P_w) y|^2 / n on the supervisor's supervision split", "squared", SPLIT),
    "gap_trace": Known("tr(P_s (I - P_w)) / N on unlabelled inputs", "none", S0),
    "overlap_density": Known("share of training inputs detected as both easy and hard", "none", S0),
    "robust_share": Known("share of inputs on which the student is constant over its neighbourhood", "none", S0),
    # audited labels, drawn at random from deployment inputs
    "audit_weak_error": Known("0-1 risk of the supervisor on audited labels", "error", S1),
    "audit_student_error": Known("0-1 risk of the student on audited labels", "error", S1),
    "audit_weak_probability": Known("mean probability that the supervisor gives the audited label", "none", S1),
    "audit_student_probability": Known("mean probability that the student gives the audited label", "none", S1),
    "audit_gain_error": Known("paired difference of 0-1 risks on audited labels", "error", S1),
    "audit_gain_squared": Known("paired difference of squared risks on audited labels", "squared", S1),
    "audit_gain_kl": Known("paired difference of cross-entropies on audited labels", "kl", S1),
    "audit_cross": Known("cross term E[(supervisor - student)(student - label)] on audited labels", "squared", S1),
    "audit_good_robust": Known("share of rightly labelled inputs where the student is right and robust", "none", S1),
    "audit_expansion": Known(
        "expansion from rightly to wrongly labelled inputs over the family that was tried", "none", S1
    ),
}
CATALOGUE |= {
    f"{name}_gain_{unit}": Known(f"gain in {_IN_WORDS[unit]} {how}", unit, SPLIT)
    for name, how in (
        ("rehearsed", "on labels that no model saw, brought to the run's number of labels by a learning curve"),
        ("class_weighted", "on labels that no model saw, weighted by what share each class has at deployment"),
        ("group_weighted", "on labels that no model saw, weighted by what share each group has at deployment"),
    )
    for unit in _RISKS
}
CATALOGUE |= {
    f"judged{reading}_{what}_{unit}": Known(
        f"gain in {_IN_WORDS[unit]} {where} that supervisor, student and a judge imply, pooled on {labels}", unit, info
    )
    for what, where in (("gain", "at deployment"), ("batch_gain", "on the very inputs that were seen"))
    for reading, labels, info in (
        ("", "labels of the supervision split", SPLIT),
        ("_strict", "the labels that the supervisor learned from", S0),
    )
    for unit in _RISKS
}
