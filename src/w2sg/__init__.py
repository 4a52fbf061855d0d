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
    from w2sg.api import battery as battery
    from w2sg.api import certify as certify
    from w2sg.api import check as check
    from w2sg.api import compare as compare
    from w2sg.api import describe as describe
    from w2sg.api import document_of as document_of
    from w2sg.api import examples as examples
    from w2sg.api import export as export
    from w2sg.api import export_model as export_model
    from w2sg.api import html_table as html_table
    from w2sg.api import league as league
    from w2sg.api import ledger as ledger
    from w2sg.api import multiverse as multiverse
    from w2sg.api import names as names
    from w2sg.api import observe as observe
    from w2sg.api import optimise as optimise
    from w2sg.api import plan as plan
    from w2sg.api import plot as plot
    from w2sg.api import power as power
    from w2sg.api import predict as predict
    from w2sg.api import preflight as preflight
    from w2sg.api import run_factors as run_factors
    from w2sg.api import runs as runs
    from w2sg.api import scoreboard as scoreboard
    from w2sg.api import show as show
    from w2sg.api import to_frame as to_frame
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
    "battery": "w2sg.api",
    "certify": "w2sg.api",
    "check": "w2sg.api",
    "compare": "w2sg.api",
    "describe": "w2sg.api",
    "document_of": "w2sg.api",
    "examples": "w2sg.api",
    "export": "w2sg.api",
    "export_model": "w2sg.api",
    "html_table": "w2sg.api",
    "league": "w2sg.api",
    "ledger": "w2sg.api",
    "load_model": "w2sg.students",
    "make_setup": "w2sg.lab",
    "multiverse": "w2sg.api",
    "names": "w2sg.api",
    "observe": "w2sg.api",
    "optimise": "w2sg.api",
    "plan": "w2sg.api",
    "plot": "w2sg.api",
    "power": "w2sg.api",
    "predict": "w2sg.api",
    "preflight": "w2sg.api",
    "recall": "w2sg.lab",
    "run": "w2sg.lab",
    "run_factors": "w2sg.api",
    "runs": "w2sg.api",
    "scoreboard": "w2sg.api",
    "show": "w2sg.api",
    "study": "w2sg.lab",
    "to_frame": "w2sg.api",
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
