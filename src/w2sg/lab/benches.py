"""The one place that chooses how a task's steps are done: by classes, or by written answers."""

from collections.abc import Mapping

from w2sg.core import Output
from w2sg.lab.protocol import Bench
from w2sg.lab.protocol_written import WrittenBench

BENCHES: Mapping[Output, type[Bench]] = {"classes": Bench, "texts": WrittenBench}
"""The steps of a task, by what its answers are."""
