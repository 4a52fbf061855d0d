"""The bottom line of predictions: what is believed of runs, from which theories, what to do, and why others abstain."""

import re
from collections.abc import Mapping, Sequence
from statistics import median

from w2sg.core import Answer, Cell, DataTable, Heading, Theory
from w2sg.core import wording as words
from w2sg.theory.documents.seals import SHORT_ID

MOST_NAMED = 6
CERTIFY = "`w2sg certify {run} --labels 100`"


def bottom_line(answers: Sequence[Answer], theories: Mapping[str, Theory]) -> str:
    """Return what is believed of the gain in accuracy, from which theories, and what to do next."""
    runs = list(dict.fromkeys(answer.run for answer in answers))
    spoken = [_Belief([answer for answer in answers if answer.run == run], theories) for run in runs]
    if len(spoken) == 1:
        return f"{spoken[0].sentence} {spoken[0].advice(runs[0])} {_abstaining(answers)}"
    signs = [belief.sign for belief in spoken]
    return (
        f"Of {words.quantity(len(runs), 'run')} the student is believed to be more accurate than its supervisor in "
        f"{signs.count('better')} and less accurate in {signs.count('worse')}; {signs.count('open')} are open. "
        f"{_resting(spoken)} Buy labels of the runs that matter, by {CERTIFY.format(run='RUN')}. {_abstaining(answers)}"
    )


class _Belief:
    """What may be believed of one run: the answers on accuracy, those first that rest on what was tested."""

    def __init__(self, answers: Sequence[Answer], theories: Mapping[str, Theory]) -> None:
        speaking = [
            answer
            for answer in answers
            if answer.low is not None
            and answer.high is not None
            and (answer.target, answer.unit) == ("gain", "error")
            and theories[answer.theory].says == "value"
            and not theories[answer.theory].baseline
        ]
        tested = [answer for answer in speaking if answer.verdicts and answer.standing == "holds"]
        doubtful = [answer for answer in speaking if answer.verdicts and answer.standing == "untestable"]
        self.tested, self.used = bool(tested), tested or doubtful
        lows = [answer.low for answer in self.used if answer.low is not None]
        highs = [answer.high for answer in self.used if answer.high is not None]
        self.low, self.high = min(lows, default=0.0), max(highs, default=0.0)

    @property
    def names(self) -> list[str]:
        """The theories that it comes from."""
        return list(dict.fromkeys(name_of(answer) for answer in self.used))

    @property
    def sign(self) -> str:
        """Whether all theories that were tested say that the student is better, or that it is worse."""
        if not self.tested:
            return "open"
        return "better" if self.low > 0 else "worse" if self.high < 0 else "open"

    @property
    def sentence(self) -> str:
        """What is believed, and from what."""
        if not self.used:
            return "Nothing is believed of the gain in accuracy: no theory that states its hypotheses speaks of it."
        named, what = words.listed(_some(self.names)), "the student's accuracy minus its supervisor's"
        if self.tested:
            verb = "says" if len(self.names) == 1 else "say"
            limits = words.limits(self.low, self.high)
            return f"{named} {verb} that {what} lies in {limits}; what they take for granted was tested and holds."
        means = [answer.mean for answer in self.used if answer.mean is not None]
        better = sum(answer.low is not None and answer.low > 0 for answer in self.used)
        worse = sum(answer.high is not None and answer.high < 0 for answer in self.used)
        return (
            "No theory speaks of the accuracy whose hypotheses were all tested and hold. Of "
            f"{len(self.used)} that take something for granted which nothing here can test, "
            f"{better} say that the student is better than its "
            f"supervisor and {worse} that it is worse; the median of {what} is {words.signed(median(means))} ({named})."
        )

    def advice(self, run: str) -> str:
        """What to do next."""
        buy = CERTIFY.format(run=run[:SHORT_ID])
        if self.sign == "better":
            return f"So the student is believed to be better; {buy} turns belief into a promise."
        if self.sign == "worse":
            return f"So the student is believed to be worse: keep the supervisor, or decide it by {buy}."
        return f"It is open who is better: decide it by {buy}."


def abstentions(answers: Sequence[Answer]) -> DataTable | None:
    """Return why theories abstain, each reason once with the theories and the number of runs; None where none does."""
    theories: dict[str, dict[str, None]] = {}
    runs: dict[str, set[str]] = {}
    for answer in answers:
        if answer.abstains:
            reason = reason_of(answer)
            theories.setdefault(reason, {})[name_of(answer)] = None
            runs.setdefault(reason, set()).add(answer.run)
    if not theories:
        return None
    columns = (
        Heading("count", "theories", "how many do not speak for this reason", "count"),
        Heading("runs", "runs", "runs of which at least one of them does not speak", "count"),
        Heading("reason", "reason", style="text"),
        Heading("theories", "which theories", style="text"),
    )
    order = sorted(theories, key=lambda reason: -len(theories[reason]))
    rows = tuple(
        (Cell(len(theories[reason])), Cell(len(runs[reason])), Cell(reason), Cell(", ".join(theories[reason])))
        for reason in order
    )
    intro = "What their hypotheses came to in each run stands in `--json`."
    return DataTable("abstentions", "Who abstains, by reason", intro, columns, rows)


def reason_of(answer: Answer) -> str:
    """Return why a theory abstains, without what is peculiar to its run."""
    violated = [verdict.hypothesis for verdict in answer.verdicts if verdict.status == "violated"]
    if violated:
        return f"violated: {'; '.join(violated)}"
    text = answer.abstains or ""
    # A theory that needs quantities says in brackets why each was not observed: the reasons that others share.
    why = re.findall(r" \(([^()]*)\)", text) if text.startswith("needs ") else []
    return "lacks a quantity that it needs: " + "; ".join(dict.fromkeys(why)) if why else text


def name_of(answer: Answer) -> str:
    """Return who answers, with the number of labels it used."""
    return f"{answer.theory}@{answer.labels}" if answer.labels else answer.theory


def _resting(spoken: Sequence[_Belief]) -> str:
    names = words.listed(_some(list(dict.fromkeys(name for belief in spoken for name in belief.names))))
    tested = sum(belief.tested for belief in spoken)
    if not names:
        return "No theory that states its hypotheses speaks of them."
    return f"This rests on {names}, whose hypotheses were tested and hold in {words.quantity(tested, 'run')}."


def _abstaining(answers: Sequence[Answer]) -> str:
    silent = sum(answer.abstains is not None for answer in answers)
    return f"{silent} of {words.quantity(len(answers), 'answer')} are abstentions."


def _some(names: Sequence[str]) -> list[str]:
    more = [f"{len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else []
    return [*names[:MOST_NAMED], *more]
