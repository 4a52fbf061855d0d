"""w2sg: a laboratory for weak-to-strong generalization.

>>> import w2sg
>>> result = w2sg.run(task="wine", method="confidence", seeds=4)  # doctest: +SKIP
>>> print(result.pgr)  # doctest: +SKIP

Everything named here is loaded when it is first used, so that importing the package is fast.
"""

from importlib import import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from w2sg.api import multiverse as multiverse
    from w2sg.api import write_report as write_report
    from w2sg.graph import Store as Store
    from w2sg.lab import Setup as Setup
    from w2sg.lab import SetupResult as SetupResult
    from w2sg.lab import Study as Study
    from w2sg.lab import StudyResult as StudyResult
    from w2sg.lab import make_setup as make_setup
    from w2sg.lab import recall as recall
    from w2sg.lab import run as run
    from w2sg.lab import study as study
    from w2sg.lab import track as track
    from w2sg.students import load_model as load_model

_HOMES = {
    "Setup": "w2sg.lab",
    "SetupResult": "w2sg.lab",
    "Store": "w2sg.graph",
    "Study": "w2sg.lab",
    "StudyResult": "w2sg.lab",
    "load_model": "w2sg.students",
    "make_setup": "w2sg.lab",
    "multiverse": "w2sg.api",
    "recall": "w2sg.lab",
    "run": "w2sg.lab",
    "study": "w2sg.lab",
    "track": "w2sg.lab",
    "write_report": "w2sg.api",
}

__all__ = list(_HOMES)
__version__ = _version("w2sg")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'w2sg' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
