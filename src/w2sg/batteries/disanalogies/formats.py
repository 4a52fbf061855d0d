"""What is asked, and how: tasks that pretraining never showed, and answers that are harder to check than steps."""

from collections.abc import Sequence
from typing import ClassVar, Literal, final

from w2sg.batteries.contract import Disanalogy
from w2sg.core import CapabilityError, register
from w2sg.lab import Setting, Setup, with_field

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_CLAIMS = 4


def _of_facts(setup: Setup) -> None:
    if setup.task.kind != "facts":
        raise CapabilityError("needs a task whose statements can be written anew: task 'facts'")


@final
@register(paper="2312.09390")
class NovelFormat(Disanalogy):
    """Statements in an order of words that the corpus never has: judging them is a novel task for the student."""

    kind: Literal["novel-format"] = "novel-format"
    title: ClassVar[str] = "novel task format"
    dial: ClassVar[str] = "share of statements in an order that no corpus has"

    def settings(self, setup: Setup) -> Sequence[Setting]:
        """Return the setup with more and more statements in the novel order."""
        _of_facts(setup)
        return [Setting(f"{share:g}", share, with_field(setup, "task", unseen=share)) for share in SHARES]


@final
@register(paper="2312.09390")
class LongerAnswers(Disanalogy):
    """Statements of several claims: who judges the whole has to check them all, and errs more often."""

    kind: Literal["longer-answers"] = "longer-answers"
    title: ClassVar[str] = "answers of several steps"
    dial: ClassVar[str] = "further claims in a statement"

    def settings(self, setup: Setup) -> Sequence[Setting]:
        """Return the setup with statements of 1 to 4 claims."""
        _of_facts(setup)
        counts = range(1, MOST_CLAIMS + 1)
        return [Setting(str(count), count - 1, with_field(setup, "task", claims=count)) for count in counts]
