"""What is known of a setup by construction: the facts that hypotheses read."""

from collections.abc import Mapping

from w2sg.core import Component, Method, Student, WeakSupervisor
from w2sg.lab import Setup
from w2sg.methods import Composition
from w2sg.students import Ridge
from w2sg.supervisors import Trained

CLASS_OF: Mapping[str, str] = {
    "linear": "logit-linear",
    "ridge": "ridge",
    "mlp": "mlp",
    "boosting": "trees",
    "knn": "neighbours",
    "language-model": "language-model",
    "readout": "language-model",
}
"""The class of functions of each kind of student; a kind of a plugin stands for itself."""


def facts_of(setup: Setup, n_classes: int) -> dict[str, str]:
    """Return the facts of a setup: what its models are, and what loss, labels and stopping trained the student."""
    training = _training(setup.method)
    if isinstance(setup.student, Ridge):
        training["loss"] = "squared"
    return {
        "student_class": class_of(setup.student),
        "supervisor_class": _supervisor(setup.supervisor),
        "features": "trained" if class_of(setup.student) in ("mlp", "trees", "language-model") else "frozen",
        "classes": str(n_classes),
        **training,
    }


def penalties_of(setup: Setup) -> dict[str, float]:
    """Return the ridge penalties that are known by construction, by the name of the quantity."""
    models = {"ridge_weak": getattr(setup.supervisor, "student", None), "ridge_strong": setup.student}
    return {name: model.penalty for name, model in models.items() if isinstance(model, Ridge)}


def class_of(student: Student) -> str:
    """Return the class of functions that a student is chosen from."""
    if isinstance(student, Ridge) and not student.penalty:
        return "linear-least-squares"
    return CLASS_OF.get(student.kind, student.kind)


def _supervisor(supervisor: WeakSupervisor) -> str:
    inner = getattr(supervisor, "student", None)
    return class_of(inner) if isinstance(inner, Student) else supervisor.kind


def _training(method: Method) -> dict[str, str]:
    if not isinstance(method, Composition):
        return {"loss": "other", "stopping": "other", "labels": "other"}
    plain = method.chain.kind == "direct" and method.select.kind == "all"
    hard = method.relabel.kind == "harden" or getattr(method.objective, "labels", "soft") == "hard"
    soft = "soft" if method.relabel.kind == "keep" and plain else "other"
    return {
        "loss": getattr(method.objective, "divergence", method.objective.kind),
        "stopping": "none" if method.stopping.kind == "fixed" else "early",
        "labels": "hard" if hard else soft,
    }


def body_of(setup: Setup) -> Student | None:
    """Return the model inside of a supervisor, if it is one."""
    inner = getattr(setup.supervisor, "student", None)
    return inner if isinstance(inner, Student) else None


def body_digest(student: Student) -> str:
    """Return what two students share whose features before training are the same."""
    features = getattr(student, "features", None)
    return (features if isinstance(features, Component) else student).digest()


def label_count(setup: Setup, available: int) -> int:
    """Return how many labels trained the supervisor."""
    labels = getattr(setup.supervisor, "labels", None)
    return min(labels, available) if isinstance(labels, int) else available


def with_labels(supervisor: WeakSupervisor, count: int) -> WeakSupervisor:
    if isinstance(supervisor, Trained) and supervisor.labels is not None:
        return supervisor.model_copy(update={"labels": count})
    return supervisor
