"""What is known of a setup by construction: the facts that hypotheses read.

Components declare what they are. What one does not declare is `unknown`, and no hypothesis holds of it: a student of a
plugin may train its features, and a theory of frozen ones must not speak of it as if it did not.
"""

from w2sg.lab import Setup

UNKNOWN = "unknown"
_FEATURES = {True: "frozen", False: "trained", None: UNKNOWN}


def facts_of(setup: Setup, n_classes: int) -> dict[str, str]:
    """Return the facts of a setup: what its models are, and what loss, labels and stopping trained the student."""
    model, student, training = setup.supervisor.model, setup.student, dict(setup.method.training_facts)
    if student.ridge_penalty is not None:
        training["loss"] = "squared"  # ridge regression minimises squared error whatever the method's objective
    return {
        "student_class": student.function_class,
        "supervisor_class": UNKNOWN if model is None else model.function_class,
        "features": _FEATURES[student.body_frozen],
        "classes": str(n_classes),
        **training,
    }


def penalties_of(setup: Setup) -> dict[str, float]:
    """Return the ridge penalties that are known by construction, by the name of the quantity."""
    models = {"ridge_weak": setup.supervisor.model, "ridge_strong": setup.student}
    penalties = {name: None if model is None else model.ridge_penalty for name, model in models.items()}
    return {name: penalty for name, penalty in penalties.items() if penalty is not None}
