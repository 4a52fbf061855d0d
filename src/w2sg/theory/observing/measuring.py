"""From arrays to observables: every quantity with n, estimator and standard error, or why it is missing."""

from collections.abc import Mapping, Sequence

import numpy as np

from w2sg import measure
from w2sg.core import CATALOGUE, BoolArray, FloatArray, Observables, Quantity, exactly
from w2sg.theory.observing import beliefs, neighbours, spectra
from w2sg.theory.observing.algebra import RANK, basis, centred
from w2sg.theory.observing.identified import identified_gains
from w2sg.theory.observing.observed import AuditedLabels, FeatureSpace, ObservedRun, Refits, UnseenLabels
from w2sg.theory.observing.rehearsing import rehearsed_gains
from w2sg.theory.observing.risks import differs, divergence, losses, squared
from w2sg.theory.observing.shifts import class_shift, group_shift, input_shift, seen_to_shift
from w2sg.theory.observing.unsupervised import without_labels

Quantities = dict[str, Quantity]


def observe(
    seen: ObservedRun, audits: Sequence[AuditedLabels] = (), shared: Mapping[str, Quantity] | None = None
) -> dict[int, Observables]:
    """Return everything that can be measured of a run, by the number of audited labels; 0 is without any.

    Args:
        seen: The run.
        audits: Labels that were bought.
        shared: What `of_features` gave for a run with the same supervisor and features; None finds it here.
    """
    base = _unaudited(seen, of_features(seen) if shared is None else shared)
    return {0: base, **{len(audit.rows): base.audited(len(audit.rows), _audited(seen, audit)) for audit in audits}}


def _unaudited(seen: ObservedRun, shared: Mapping[str, Quantity]) -> Observables:
    quantities: Quantities = {**_predictions(seen), **_sizes(seen)}
    if seen.refits is not None:
        quantities |= _supervisor(seen.refits, seen)
        if seen.setting == "classification":
            quantities |= identified_gains(seen, seen.refits)
        if seen.student_held_out is not None:
            quantities |= _refitted(seen.refits, seen.student_held_out, seen)
    shifted = seen_to_shift(shared)
    for name, held_out in (("judged", seen.validation), ("judged_strict", seen.strict)):
        if held_out is not None:
            quantities |= judged_gains(name, held_out, seen, shifted)
    if seen.validation is not None:
        quantities |= without_labels(seen.validation, seen.weak, seen.student)
        quantities |= rehearsed_gains(seen.validation, seen.n_supervision)
        quantities |= class_shift(seen.validation, seen.weak, seen.student)
        if seen.groups is not None:
            quantities |= group_shift(seen.validation, seen.groups)
    quantities |= {**shared, **_student_on_features(seen)}
    quantities |= {name: exactly(value, "by construction") for name, value in seen.known.items()}
    return Observables(seen.run, seen.setting, quantities, dict(seen.facts), _missing(seen, quantities))


def mean_of(values: FloatArray, estimator: str = "mean") -> Quantity:
    """Return a mean over examples with its standard error."""
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    return Quantity(float(values.mean()), float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0, n, estimator)


def _predictions(seen: ObservedRun) -> Quantities:
    weak, student = seen.weak, seen.student
    quantities = {
        "misfit": mean_of(squared(weak, student)),
        "training_misfit": mean_of(squared(seen.weak_training, seen.student_training)),
        "weak_variance": mean_of(squared(weak, weak.mean(axis=0, keepdims=True))),
        "student_variance": mean_of(squared(student, student.mean(axis=0, keepdims=True))),
    }
    if seen.setting == "classification":
        quantities |= {
            "misfit_kl": mean_of(divergence(weak, student)),
            "misfit_reverse_kl": mean_of(divergence(student, weak)),
            "disagreement": mean_of(differs(weak, student)),
            "training_agreement": mean_of(1 - differs(seen.weak_training, seen.student_training)),
            "belief_student": mean_of(_belief(student, weak, student)),
            "belief_weak": mean_of(_belief(weak, weak, student)),
            "model_agreement": mean_of((weak * student).sum(axis=1)),
            "n_classes": exactly(weak.shape[1], "count"),
            "weak_confidence": mean_of(weak.max(axis=1)),
            "student_confidence": mean_of(student.max(axis=1)),
        }
    return quantities


def _belief(truth: FloatArray, weak: FloatArray, student: FloatArray) -> FloatArray:
    """Return for each example by how much likelier the student's class is right than the supervisor's, `(n,)`."""
    rows = np.arange(len(truth))
    return np.asarray(truth[rows, student.argmax(axis=1)] - truth[rows, weak.argmax(axis=1)])


def _sizes(seen: ObservedRun) -> Quantities:
    return {
        "n_supervision": exactly(seen.n_supervision, "count"),
        "n_transfer": exactly(len(seen.weak_training), "count"),
    }


def _supervisor(refits: Refits, seen: ObservedRun) -> Quantities:
    """Return the supervisor's risks and variance, judged by refits on labels that they did not see."""
    held, labels = refits.held_out, refits.labels
    quantities = {
        f"weak_{unit}": mean_of(loss, "cross-fitted") for unit, loss in losses(held, labels, seen.setting).items()
    }
    quantities["label_variance"] = mean_of(squared(labels, labels.mean(axis=0, keepdims=True)))
    slope = _slope(held, labels)
    if slope is not None:
        quantities["supervisor_slope"] = slope
    count = len(refits.fresh)
    if count > 1 and refits.overlap < 1:
        # Refits share labels, so they vary less than independent supervisors would: the part that is shared is taken
        # off, and the variance, which falls as 1 / labels, is brought to the number that the supervisor has.
        scale = count / (count - 1) / (1 - refits.overlap) * refits.size / seen.n_supervision
        centre = refits.fresh.mean(axis=0)
        rows = np.square(refits.fresh - centre).sum(axis=2).mean(axis=0)
        quantities["ensemble_squared"] = mean_of(scale * rows, "refits, overlap and size taken off")
    if seen.setting == "classification":
        gold = labels.argmax(axis=1)
        ece = measure.expected_calibration_error(np.clip(held, 0, 1), gold)
        quantities["weak_ece"] = Quantity(ece, 1 / np.sqrt(len(gold)) / 2, len(gold), "15 bins, cross-fitted")
        if count > 1:
            # The vote of all holds the very vote that is compared with it, and so agrees with it too often; two votes
            # compared with each other, and one with the vote of the others, do not have that bias.
            named = refits.fresh.mean(axis=0).argmax(axis=1)
            classes = refits.fresh.argmax(axis=2)
            total = refits.fresh.sum(axis=0)
            rest = np.stack([(total - refit).argmax(axis=1) for refit in refits.fresh])
            pairs = [classes[i] != classes[j] for i in range(count) for j in range(i)]
            quantities["ensemble_error"] = mean_of((classes != named).mean(axis=0))
            quantities["ensemble_pair_error"] = mean_of(np.mean(pairs, axis=0))
            quantities["ensemble_rest_error"] = mean_of((classes != rest).mean(axis=0))
    return quantities


def _refitted(refits: Refits, student: FloatArray, seen: ObservedRun) -> Quantities:
    before = losses(refits.held_out, refits.labels, seen.setting)
    after = losses(student, refits.labels, seen.setting)
    quantities = {
        f"refitted_gain_{unit}": mean_of(before[unit] - after[unit], "cross-fitted, paired") for unit in before
    }
    if seen.setting == "classification":
        # Held-out labels calibrate the pool, unlabelled inputs are then judged by it: every input counts, not only
        # labelled.
        implied = beliefs.implied([refits.held_out, student], refits.labels, [seen.weak, seen.student])
        how = "pool of both models, fitted on held-out labels"
        n = len(refits.labels)
        quantities |= {f"pooled_gain_{unit}": Quantity(one.value, one.se, n, how) for unit, one in implied.items()}
    return quantities


def judged_gains(name: str, held_out: UnseenLabels, seen: ObservedRun, shifted: bool) -> Quantities:
    """Return the gains that supervisor, student and judge imply together, pooled on labels that none of them saw."""
    # Where labels were few, the judge could not be cross-fitted for some of them.
    known = np.isfinite(held_out.judge).all(axis=1)
    if not known.any():
        return {}
    implied = beliefs.implied(
        [model[known] for model in (held_out.weak, held_out.student, held_out.judge)],
        held_out.labels[known],
        [seen.weak, seen.student, held_out.judge_fresh],
        noise=held_out.noise,
        shifted=shifted,
    )
    how, n = "pool of supervisor, student and judge, fitted on held-out labels", int(known.sum())
    gains = {f"{name}_gain_{unit}": Quantity(one.value, one.se, n, how) for unit, one in implied.items()}
    return gains | {
        f"{name}_batch_gain_{unit}": Quantity(one.batch, one.batch_se, n, how) for unit, one in implied.items()
    }


def _slope(predicted: FloatArray, labels: FloatArray) -> Quantity | None:
    """Return the slope of the labels on the predictions, with its heteroskedasticity-robust standard error."""
    x, y = centred(predicted), centred(labels)
    # A supervisor that always says the same has no slope.
    power = float(np.square(x).sum())
    if power <= np.finfo(float).eps * x.size:
        return None
    slope = float((x * y).sum()) / power
    # Squared residuals per row, not a common variance: labels of classes vary most where predictions are in the middle.
    rows = (x * (y - slope * x)).sum(axis=1)
    return Quantity(slope, float(np.sqrt(np.square(rows).sum())) / power, len(rows), "least squares, cross-fitted")


def of_features(seen: ObservedRun) -> Quantities:
    """Return what features say of a supervisor and of a student's body: the same for all students trained on it."""
    quantities: Quantities = {}
    weak, student = seen.weak_space, seen.student_space
    for name, space in (("weak", weak), ("strong", student)):
        if space is None:
            continue
        # Spectra need many inputs and no labels, so all unlabelled ones serve.
        unlabelled = np.concatenate([space.training, space.fresh])
        eigenvalues = spectra.spectrum(unlabelled)
        rank = int((eigenvalues > RANK**2 * max(eigenvalues.max(), np.finfo(float).tiny)).sum())
        quantities[f"d_{name}"] = Quantity(rank, 0.0, len(unlabelled), "numerical rank")
        if eigenvalues.sum() > 0:
            effective = spectra.participation(eigenvalues)
            quantities[f"d_{name}_effective"] = Quantity(effective, 0.0, len(unlabelled), "participation ratio")
            if name == "strong":
                anisotropy = float(eigenvalues.max() / eigenvalues[:rank].mean())
                quantities["anisotropy"] = Quantity(anisotropy, 0.0, len(unlabelled), "spectrum")
    if weak is not None and seen.refits is not None:
        quantities |= _noise(weak.labelled, seen.refits.labels)
    if student is not None:
        quantities |= input_shift(student)
        if seen.setting == "classification":
            top = slice(neighbours.MOST_ROWS)
            overlap = neighbours.overlap_points(seen.weak_training.max(axis=1)[top], student.training[top])
            quantities["overlap_density"] = mean_of(overlap.astype(float), "two change points")
    if weak is not None and student is not None:
        quantities |= _both(seen)
    return quantities


def _noise(features: FloatArray, labels: FloatArray) -> Quantities:
    """Return the residual variance of a least-squares fit of the labels on the supervisor's features."""
    directions = basis(features)
    n, rank = directions.shape
    # The constant takes one degree of freedom beside the directions.
    freedom = n - rank - 1
    if freedom < 1 or len(labels) != n:
        return {}
    y = centred(labels)
    noise = float(np.square(y - directions @ (directions.T @ y)).sum() / freedom)
    return {"noise": Quantity(noise, noise * np.sqrt(2 / freedom), n, "least squares on the supervisor's features")}


def _student_on_features(seen: ObservedRun) -> Quantities:
    space = seen.student_space
    if space is None:
        return {}
    # Training inputs, not fresh ones: a projection satisfies its first-order condition where it was fitted.
    n, residual = len(seen.weak_training), seen.weak_training - seen.student_training
    share = spectra.projection_residual(residual, space)
    quantities = {"projection_residual": Quantity(*share, n, "whitened features, training inputs")}
    dependence = spectra.leverage_share(residual, space)
    if dependence is not None:
        quantities["residual_leverage"] = Quantity(*dependence, n, "leave-one-out residuals, training inputs")
    if seen.setting == "classification":
        near = f"{neighbours.NEIGHBOURS} nearest neighbours"
        quantities["robust_share"] = mean_of(_steady(seen, space).astype(float), near)
    return quantities


def _steady(seen: ObservedRun, space: FeatureSpace) -> BoolArray:
    """Return where the student names one class over the neighbourhood, on the first fresh inputs."""
    named = seen.student.argmax(axis=1)[: len(space.neighbours)]
    return neighbours.robust(space.neighbours, named)


def _both(seen: ObservedRun) -> Quantities:
    weak, student = seen.weak_space, seen.student_space
    assert weak is not None
    assert student is not None
    first = np.concatenate([weak.training, weak.fresh])
    second = np.concatenate([student.training, student.fresh])
    n = len(first)
    shared = spectra.shared_dimension(first, second)
    quantities = {"d_shared": Quantity(*shared, n, "canonical correlations, adjusted")}
    m = min(len(weak.training), spectra.MOST_ROWS)
    quantities["gap_trace"] = Quantity(*spectra.gap_trace(weak.training, student.training), m, "ridge projections")
    # The labels have to be those of the very inputs whose features are known.
    if seen.refits is not None and len(seen.refits.labels) == len(weak.labelled):
        value, se = spectra.gap_plugin(weak.labelled, student.labelled, seen.refits.labels)
        quantities["gap_plugin"] = Quantity(value, se, len(weak.labelled), "ridge projections, the supervision split")
    for name, rows in zip(("moment_weak", "moment_student"), spectra.moment_traces(weak, student), strict=True):
        quantities[name] = mean_of(rows / seen.n_supervision, "second moments, over deployment inputs")
    return quantities


def _audited(seen: ObservedRun, audit: AuditedLabels) -> Quantities:
    weak, student, labels = seen.weak[audit.rows], seen.student[audit.rows], audit.labels
    before, after = losses(weak, labels, seen.setting), losses(student, labels, seen.setting)
    quantities = {f"audit_gain_{unit}": mean_of(before[unit] - after[unit], "audited at random") for unit in before}
    quantities["audit_cross"] = mean_of(((weak - student) * (student - labels)).sum(axis=1), "audited at random")
    if "error" in before:
        quantities["audit_weak_probability"] = mean_of((weak * labels).sum(axis=1), "audited at random")
        quantities["audit_student_probability"] = mean_of((student * labels).sum(axis=1), "audited at random")
        quantities["audit_weak_error"] = mean_of(before["error"], "audited at random")
        quantities["audit_student_error"] = mean_of(after["error"], "audited at random")
        if seen.student_space is not None:
            quantities |= _expansion(seen, audit, before["error"] == 0, after["error"] == 0)
    return quantities


def _expansion(seen: ObservedRun, audit: AuditedLabels, weak_right: BoolArray, student_right: BoolArray) -> Quantities:
    """Return what the expansion bounds need of audited labels."""
    assert seen.student_space is not None
    features = seen.student_space.fresh
    quantities: Quantities = {}
    steady = _steady(seen, seen.student_space)
    # Neighbourhoods are known of the first fresh inputs only; audited ones beyond are left out.
    top = audit.rows < len(steady)
    both = (steady[audit.rows[top]] & student_right[top])[weak_right[top]]
    if len(both):
        quantities["audit_good_robust"] = mean_of(both.astype(float), "audited at random")
    rows = np.arange(len(audit.rows))
    # How far the student follows the weak label decides which sets are tried: those that it trusts most come first.
    trust = seen.student[audit.rows][rows, seen.weak[audit.rows].argmax(axis=1)]
    c = neighbours.expansion(features[audit.rows], weak_right, trust)
    if c is not None:
        quantities["audit_expansion"] = Quantity(c, 0.0, len(rows), "least over a nested family, an upper estimate")
    return quantities


REASONS: Mapping[str, str] = {
    "refits": "the supervisor was not trained again",
    "weak_space": "the supervisor has no features",
    "student_space": "the student has no features before training",
    "student_held_out": "students were not trained again",
    "validation": "no judge was trained",
    "strict": "no judge was trained on the labels that the supervisor saw",
    "groups": "no groups are known",
}
OTHERWISE: Mapping[str, str] = {
    "ridge_weak": "the supervisor is no ridge regression",
    "ridge_strong": "the student is no ridge regression",
    "line_gain": "there are too few inputs",
    "thresholded_gain": "there are too few inputs",
    "spectral_gain": "there are not two classes, or no three views that err independently vary together as these do",
    "dawid_skene_gain": "the model has more numbers than there are inputs",
    "class_inputs_p": "the models had to be trained again, or do not tell the classes apart",
    "class_shift_p": "answers do not tell the classes apart",
    "class_weight_ess": "answers do not tell the classes apart",
    **{f"class_weighted_gain_{unit}": "answers do not tell the classes apart" for unit in ("error", "squared", "kl")},
    **{f"group_weighted_gain_{unit}": "a group has fewer than 2 labels" for unit in ("error", "squared", "kl")},
}
"""Why a quantity is missing although every part is there."""
NEEDS: Mapping[str, tuple[str, ...]] = {
    "refits": (
        "weak_",
        "ensemble_",
        "identified_",
        "refitted_gain",
        "pooled_gain",
        "supervisor_slope",
        "label_variance",
        "noise",
        "gap_plugin",
    ),
    "weak_space": ("d_weak", "d_shared", "moment_", "gap_", "noise"),
    "student_space": (
        "d_strong",
        "shift_",
        "d_shared",
        "moment_",
        "gap_",
        "projection",
        "anisotropy",
        "overlap",
        "residual",
        "robust",
    ),
    "student_held_out": ("refitted_gain", "pooled_gain"),
    "validation": (
        "judged_gain_",
        "judged_batch_",
        "line_gain",
        "thresholded_gain",
        "spectral_gain",
        "dawid_skene_gain",
        "rehearsed_",
        "class_",
        "group_",
    ),
    "groups": ("group_",),
    "strict": ("judged_strict_",),
}
"""Which quantities (by the start of their names) need which part of what was seen."""


def _missing(seen: ObservedRun, quantities: Quantities) -> dict[str, str]:
    missing = {}
    for name in CATALOGUE:
        if name in quantities:
            continue
        # A quantity may lack several parts, and a reader wants to know of all.
        absent = [part for part, starts in NEEDS.items() if getattr(seen, part) is None and name.startswith(starts)]
        absent_audit = ["no labels were bought"] if name.startswith("audit_") else []
        reasons = absent_audit + [seen.why_not.get(part, REASONS[part]) for part in absent]
        missing[name] = "; ".join(reasons) or OTHERWISE.get(name, f"cannot be measured here ({seen.setting})")
    return missing
