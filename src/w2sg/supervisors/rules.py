"""Label functions that vote or abstain: votes stored with the data, or patterns in the text."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from w2sg.core import (
    AnyArray,
    ClassProbabilities,
    DataError,
    Examples,
    FloatArray,
    InputError,
    IntArray,
    Labeller,
    Supervision,
    WeakSupervisor,
    preset,
    register,
)
from w2sg.supervisors.combine import (
    ABSTAIN,
    Combination,
    check_votes,
    dawid_skene,
    floored,
    majority,
    mean_votes,
    posterior_mean,
    silent_rows,
    vote_counts,
)
from w2sg.supervisors.geometry import texts_of
from w2sg.supervisors.patterns import found
from w2sg.supervisors.triplets import label_model


class PatternRule(BaseModel):
    """A pattern in the text, and the class it votes for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: str = Field(description="regular expression that is searched in the text; (?i) ignores case")
    label: int = Field(ge=0, description="class number it votes for where it is found; elsewhere it abstains")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"must be a regular expression ({error}), got {value!r}") from None
        return value


@register(paper="2109.11377")
class Rules(WeakSupervisor):
    """Label functions with abstentions, combined on each split.

    The votes are those of `rules` on the texts, or where there are no rules, the metadata column `votes` `(n, m)` (-1
    abstains). Rules often vote for one class only, so Dawid-Skene and
    the label model take an abstention as an answer of its own.
    """

    kind: Literal["rules"] = "rules"
    rules: tuple[PatternRule, ...] = Field(
        default=(), description="patterns with their labels; empty: use the stored votes"
    )
    combine: Combination = Field(
        default="majority",
        description="mean (shares of votes), majority (ties split), dawid-skene, bayesian (posterior mean of the "
        "class shares after the votes), or label-model (closed form, at least 3 rules)",
    )
    when_silent: Literal["prior", "uniform"] = Field(
        default="prior", description="the label where all abstain: class shares of the supervision gold, or uniform"
    )
    class_prior: Literal["supervision", "estimated"] = Field(
        default="supervision",
        description="class shares in dawid-skene, bayesian and label-model: from the supervision gold, or the votes",
    )
    prior_strength: float = Field(
        default=1.0, gt=0, description="how many votes the class shares count for in bayesian"
    )

    def fit(self, supervision: Supervision, rng: np.random.Generator) -> Labeller:
        """Check the votes of the supervision split and count the classes of its gold.

        Raises:
            DataError: If there are neither rules nor votes, or votes are out of range.
            InputError: If a rule votes for a class that the task does not have.
        """
        gold, n_classes = supervision.gold, supervision.n_classes
        for index, rule in enumerate(self.rules):
            if rule.label >= n_classes:
                raise InputError(f"rules.{index}.label must be a class from 0 to {n_classes - 1}, got {rule.label}")
        # Nothing is learned of these votes: they are read now so that missing or wrong ones are refused before any
        # work.
        self.votes(supervision.examples, n_classes)
        if not len(gold) and (self.when_silent == "prior" or self.class_prior == "supervision"):
            raise InputError(
                "class shares need supervision gold, got none: set when_silent to 'uniform' and class_prior to "
                "'estimated'"
            )
        shares = np.bincount(gold, minlength=n_classes) / max(len(gold), 1)
        return RulesLabeller(self, n_classes, shares)

    def votes(self, examples: Examples, n_classes: int) -> IntArray:
        """Return the votes `(n, m)`, -1 where a rule abstains.

        Raises:
            DataError: If there are neither rules nor votes, rules meet inputs that are no texts, a search for a pattern
                takes too long, or votes are bad.
        """
        if not self.rules:
            if "votes" not in examples.metadata:
                raise DataError(
                    "supervisor 'rules' needs votes: the data have no metadata 'votes' and no rules are given; choose "
                    "a task that stores votes, or give rules = [{pattern = ..., label = ...}]"
                )
            return check_votes(examples.metadata["votes"], n_classes, "metadata 'votes'")
        if not examples.inputs.pool.is_text:
            raise DataError("rules search patterns in texts, got inputs that are numbers: choose a task of texts")
        texts = texts_of(examples.inputs.values)
        hit = np.stack([found(rule.pattern, texts, f"rules.{i}.pattern") for i, rule in enumerate(self.rules)], axis=1)
        return np.where(hit, np.array([rule.label for rule in self.rules]), ABSTAIN).astype(np.int64)


@dataclass(frozen=True, eq=False)
class RulesLabeller(Labeller):
    """Rules with the class shares of the supervision split.

    Attributes:
        supervisor: Their configuration.
        n_classes: `k`.
        shares: Class shares of the supervision gold, `(k,)`.
    """

    supervisor: Rules
    n_classes: int
    shares: FloatArray

    def label(self, examples: Examples, gold: AnyArray | None, rng: np.random.Generator) -> ClassProbabilities:
        """Return the combined votes.

        Raises:
            DataError: If the votes are missing or out of range.
        """
        return ClassProbabilities(self._combined(examples))

    def _combined(self, examples: Examples) -> FloatArray:
        """Return the combined votes `(n, k)`."""
        votes = self.supervisor.votes(examples, self.n_classes)
        silent = self.shares if self.supervisor.when_silent == "prior" else np.full(self.n_classes, 1 / self.n_classes)
        if self.supervisor.combine == "mean":
            return mean_votes(votes, self.n_classes, silent)
        if self.supervisor.combine == "majority":
            return majority(votes, self.n_classes, silent)
        prior = floored(self.shares) if self.supervisor.class_prior == "supervision" else None
        if self.supervisor.combine == "bayesian":
            known = mean_votes(votes, self.n_classes).mean(axis=0) if prior is None else prior
            soft = posterior_mean(vote_counts(votes, self.n_classes), known, self.supervisor.prior_strength)
        elif self.supervisor.combine == "label-model":
            soft = label_model(votes, self.n_classes, prior=prior, abstains="outcome").posterior
        else:
            soft = dawid_skene(votes, self.n_classes, prior=prior, abstains="outcome").posterior
        # A model that takes silence for an answer has an opinion on silent rows; the field `when_silent` goes before
        # it.
        return np.where(silent_rows(votes)[:, None], silent, soft)


preset(
    "rules-dawid-skene",
    Rules,
    "Label functions, each weighted by its estimated confusion matrix.",
    paper="Dawid and Skene 1979",
    combine="dawid-skene",
)
preset(
    "rules-label-model",
    Rules,
    "Label functions, each weighted by its rates, in closed form from the agreement of triplets.",
    paper="2002.11955",
    combine="label-model",
)
