"""A pytest plugin, `-p tools.quick`: the tests that catch most breakage in five minutes on two idle cores.

It leaves out what is marked slow, what needs real data sets, and what is listed here. `make quick` runs it, `make test`
runs everything.
"""

from fnmatch import fnmatch
from pathlib import Path

import pytest

LEFT_OUT = {
    "tests/*/test_language_*": "language models: torch takes seconds to import, and their training minutes",
    "tests/lab/test_written_language.py": "the same, for written answers",
    "src/w2sg/students/language*": "their examples in docstrings",
    "tests/test_contracts.py::*-torch?": "objectives on torch; another strict array library stays",
    "tests/*/test_theory_scoreboard.py": "whole scoreboards",
    "tests/theory/test_seals.py::test_a_scoreboard*": "a whole scoreboard",
    "tests/cli/test_theory_cli.py::test_a_scoreboard*": "a whole scoreboard from the command line",
    "tests/*/test_theory_observing.py": "simulated families, many runs each",
    "tests/*/test_world_simulations.py": "worlds simulated until they meet their closed forms",
    "tests/*/test_coverage.py": "how often intervals hold, over hundreds of repetitions",
    "tests/attacks/test_store_damage.py": "a study for each of some eighty damages; other attacks on stores stay",
    "tests/attacks/test_streams.py": "processes of their own",
    "tests/attacks/test_commands.py::test_what_a_store_names*": "processes of their own",
    "tests/lab/test_lab_faults.py::test_a_file_size_limit*": "a study in a process of its own",
    "tests/lab/test_lab_faults.py::test_whichever_write*": "a study for each write that may fail",
    "tests/lab/test_lab_cache.py::test_the_number_of_workers*": "worker processes",
    "tests/lab/test_lab_cache.py::test_two_writers*": "worker processes",
    "tests/lab/test_lab_gold.py::test_a_method_that_fails*": "worker processes",
    "tests/lab/test_lab_launch.py": "worker processes; `tests/graph/test_execute.py` stays but for its own",
    "tests/graph/test_execute.py::test_a_step_that_fails*": "worker processes",
    "tests/graph/test_execute.py::test_a_step_that_ends*": "worker processes",
    "tests/graph/test_execute.py::test_the_number_of_workers*": "worker processes",
    "tests/lab/test_lab_keys.py::test_keys_do_not_depend_on*": "a process for each key",
    "tests/theory/test_theory_documents.py": "pages of whole scoreboards",
    "tests/cli/test_cli_look.py::test_every_name_is_described*": "each of some 300 components described by a command",
    "tests/cli/test_league_command.py": "whole leagues from the command line; `tests/lab/test_league.py` stays",
    "tests/*/test_theory_cert_coverage.py": "how often certificates hold",
}
"""What is left out beside the tests marked slow and those of real data sets, as patterns of test names, and why."""
MARKED = ("slow", "data")


def left_out(item: pytest.Item) -> bool:
    """Return whether a test is left out."""
    marked = any(item.get_closest_marker(marker) for marker in MARKED)
    return marked or any(fnmatch(item.nodeid, pattern) for pattern in LEFT_OUT)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import files that are left out as a whole: some import torch."""
    path = collection_path.relative_to(config.rootpath).as_posix()
    return True if any(fnmatch(path, pattern) for pattern in LEFT_OUT) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect single tests that are left out."""
    deselected = [item for item in items if left_out(item)]
    config.hook.pytest_deselected(items=deselected)
    items[:] = [item for item in items if item not in set(deselected)]
