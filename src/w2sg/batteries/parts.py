"""What disanalogies share: whether a setup stands on the ladder of the fact world."""

from w2sg.core import CapabilityError
from w2sg.lab import Setup
from w2sg.worlds import is_shipped


def model_on_ladder(setup: Setup) -> str:
    """Return the model of a student that comes with the package.

    Raises:
        CapabilityError: If the task is not that of the fact world, or the student is another.
    """
    model = getattr(setup.student, "model", "")
    if setup.task.kind != "facts" or not is_shipped(model):
        raise CapabilityError("needs a pretraining corpus of our own: task 'facts' and a student 'facts:...'")
    return str(model)
