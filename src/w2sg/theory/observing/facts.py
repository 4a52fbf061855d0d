"""What is known of a run by construction: the facts that hypotheses read, as its components declare them.

A component that declares nothing is `unknown`, and no hypothesis holds of what is unknown: a student of a plugin may
train its features, and a theory of frozen ones must not speak of it as if it did not.
"""

from typing import Any

from w2sg.core import Method, Student, WeakSupervisor

AnyStudent = Student[Any, Any]
UNKNOWN = "unknown"
_FEATURES = {True: "frozen", False: "trained", None: UNKNOWN}


def facts_of(
    supervisor: WeakSupervisor[Any], student: AnyStudent, method: Method[Any, Any], n_classes: int
) -> dict[str, str]:
    """Return the facts of a run: what its models are, and what loss, labels and stopping trained the student."""
    training = {**dict.fromkeys(("loss", "stopping", "labels"), UNKNOWN), **method.training_facts}
    if student.ridge_penalty is not None:
        training["loss"] = "squared"  # whatever the method's objective, ridge regression minimises squared error
    model = supervisor.model
    return {
        "student_class": student.function_class,
        "supervisor_class": UNKNOWN if model is None else model.function_class,
        "features": _FEATURES[student.body_frozen],
        "classes": str(n_classes),
        **training,
    }


def penalties_of(supervisor: WeakSupervisor[Any], student: AnyStudent) -> dict[str, float]:
    """Return the ridge penalties that are known by construction, by the name of the quantity."""
    models = {"ridge_weak": supervisor.model, "ridge_strong": student}
    declared = {name: None if model is None else model.ridge_penalty for name, model in models.items()}
    return {name: penalty for name, penalty in declared.items() if penalty is not None}


def body_digest(student: AnyStudent) -> str:
    """Return what two students share whose features before training are the same."""
    return (student if student.body is None else student.body).digest()
