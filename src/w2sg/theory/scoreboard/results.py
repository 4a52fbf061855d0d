"""The scoreboard: every theory held against the same runs, from tables of sealed predictions and opened truth."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from w2sg.theory.scoreboard.decisions import Regret, regrets_of
from w2sg.theory.scoreboard.predictions import PredictionTable
from w2sg.theory.scoreboard.scores import Contrast, TheoryScore, contrasts_of, resamples_of, scores_of
from w2sg.theory.scoreboard.stack import stacked
from w2sg.theory.scoreboard.summaries import (
    FamilyScores,
    LabelUse,
    StackScores,
    families_of,
    label_uses_of,
    stacks_of,
)
from w2sg.theory.sealing import Seal


@dataclass(frozen=True, eq=False)
class Scoreboard:
    """Every theory held against the same runs.

    Attributes:
        study: The study of the real runs; empty where only families were scored.
        sealed: The hash of all predictions, made before ground truth was opened.
        seals: When the predictions of each of the study's runs were sealed, and what had been opened by then.
        n_runs: How many runs there are of each of the study's tasks.
        n_family_runs: How many runs there are of each family.
        scores: Scores on the study's runs.
        family_scores: Scores on the families of synthetic runs.
        contrasts: Every theory against the baseline, on the study's runs.
        regrets: What decisions by each theory cost, on the study's runs.
        stacks: What the stacks reach on tasks that they were not fitted on.
        families: Every theory on each family.
        label_uses: What theories make of labels beside the plain use of as many.
        predictions: The study's runs with all predictions, the stacks among them.
        family_predictions: The synthetic runs with all predictions.
        shuffled: Whether gold of the supervision splits had been dealt out anew before the study's runs were observed.
    """

    study: str
    sealed: str
    seals: Sequence[Seal]
    n_runs: dict[str, int]
    n_family_runs: dict[str, int]
    scores: Sequence[TheoryScore]
    family_scores: Sequence[TheoryScore]
    contrasts: Sequence[Contrast]
    regrets: Sequence[Regret]
    stacks: Sequence[StackScores]
    families: Sequence[FamilyScores]
    label_uses: Sequence[LabelUse]
    predictions: PredictionTable | None = field(repr=False)
    family_predictions: PredictionTable | None = field(repr=False)
    shuffled: bool = False

    @property
    def late(self) -> int:
        """Of how many runs gold had been handed out for scoring before their seal: theories may have seen it."""
        return sum(seal.late for seal in self.seals)

    @property
    def main_scores(self) -> Sequence[TheoryScore]:
        """Scores on the study's runs, or on the families where there is no study."""
        return self.scores or self.family_scores

    def to_dict(self) -> dict[str, Any]:
        """Return every number as plain data, without the runs themselves."""
        lists = ("scores", "family_scores", "contrasts", "regrets", "stacks", "families", "label_uses")
        return {
            "study": self.study,
            "sealed": self.sealed,
            "late": self.late,
            "shuffled": self.shuffled,
            "seals": [seal.to_dict() for seal in self.seals],
            "n_runs": {**self.n_runs, **self.n_family_runs},
            **{name: [asdict(item) for item in getattr(self, name)] for name in lists},
        }


def with_stacks(table: PredictionTable, units: Sequence[str], audits: Sequence[int]) -> PredictionTable:
    """Return a table with the stack as a further column for each unit and each number of labels, 0 among them."""
    added = [stacked(table, unit, labels=labels) for unit in units for labels in (0, *sorted(audits))]
    return replace(table, columns={**table.columns, **{column.name: column for column in added}})


def scoreboard_of(
    predictions: PredictionTable | None,
    family_predictions: PredictionTable | None,
    *,
    study: str = "",
    sealed: str = "",
    seals: Sequence[Seal] = (),
    shuffled: bool = False,
) -> Scoreboard:
    """Return the scoreboard of a study's runs, of the families, or of both.

    Args:
        predictions: The study's runs with all predictions.
        family_predictions: The synthetic runs with all predictions.
        study: The study's name.
        sealed: The hash of all predictions.
        seals: The seal of each of the study's runs.
        shuffled: See `Scoreboard`.
    """
    resamples = [] if predictions is None else resamples_of(predictions)
    label_uses = [] if predictions is None else label_uses_of("study", predictions, resamples)
    if family_predictions is not None:
        label_uses += label_uses_of("families", family_predictions)
    return Scoreboard(
        study=study,
        sealed=sealed,
        seals=seals,
        n_runs=_runs_by_task(predictions),
        n_family_runs=_runs_by_task(family_predictions),
        scores=[] if predictions is None else scores_of(predictions),
        family_scores=[] if family_predictions is None else scores_of(family_predictions),
        contrasts=[] if predictions is None else contrasts_of(predictions),
        regrets=[] if predictions is None else regrets_of(predictions),
        stacks=[] if predictions is None else stacks_of(predictions, resamples),
        families=[] if family_predictions is None else families_of(family_predictions),
        label_uses=label_uses,
        predictions=predictions,
        family_predictions=family_predictions,
        shuffled=shuffled,
    )


def _runs_by_task(table: PredictionTable | None) -> dict[str, int]:
    return {} if table is None else dict(Counter(case.task for case in table.cases))
