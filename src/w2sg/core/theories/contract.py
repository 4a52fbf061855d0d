"""What a theory is: a formula over observables, the hypotheses it rests on, and an answer that may be an abstention."""

import hashlib
import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, final

from w2sg.core.component import Component, canonical_json
from w2sg.core.errors import InputError
from w2sg.core.registry import contract
from w2sg.core.theories.catalogue import CATALOGUE, InfoSet, Unit
from w2sg.core.theories.observables import Observables

Target = Literal["gain", "batch_gain", "shortfall", "pgr", "student_risk"]
"""`gain` = weak risk - student risk; `batch_gain` = the same on the very inputs that were seen;
`shortfall` = student risk - ceiling risk; `pgr` = gain / (gain + shortfall)."""
Says = Literal["value", "at least", "at most", "between"]
"""What a theory says of its target: the value itself, a bound of it, or between which ends it lies."""
Status = Literal["holds", "violated", "untestable"]
Formula = Callable[[Mapping[str, float]], float]


@dataclass(frozen=True)
class Verdict:
    """What a check of a hypothesis found.

    `untestable` also says that the observables do not decide: the reason tells which.
    """

    hypothesis: str
    status: Status
    why: str
    statistic: float | None = None
    p_value: float | None = None


@dataclass(frozen=True)
class Hypothesis:
    """Something a theory takes for granted, and the check of it.

    Attributes:
        name: A short name, such as `student is a projection`.
        statement: The assumption as a sentence.
        info: What it takes to test it; `S2` if nothing short of all ground truth does.
        check: The test; None where no observable can decide.
    """

    name: str
    statement: str
    info: InfoSet
    check: Callable[[Observables], Verdict] | None = None

    def judge(self, seen: Observables) -> Verdict:
        """Return the verdict on one run."""
        if self.check is None:
            return Verdict(self.name, "untestable", "no observable decides it")
        return self.check(seen)


def standing(verdicts: tuple[Verdict, ...]) -> Status:
    """Return `violated` if any hypothesis is, else `untestable` if any is, else `holds`."""
    seen = {verdict.status for verdict in verdicts}
    return next((status for status in ("violated", "untestable") if status in seen), "holds")


class Inapplicable(Exception):  # noqa: N818 - not an error: the theory has nothing to say
    """A formula has no value here; the message says why."""


@dataclass(frozen=True)
class Answer:
    """What a theory says of one run: a prediction, or an abstention with its reason.

    Attributes:
        theory: The theory's name.
        run: The run it speaks of.
        target: What is predicted.
        unit: In which risk.
        level: The nominal coverage of the interval.
        verdicts: What the checks of its hypotheses found.
        mean: The prediction; None in an abstention. The middle of the ends where a theory says no more than these.
        low: Lower end of the interval; it carries the observables' standard errors, not the hypotheses' doubt.
        high: Upper end of the interval.
        abstains: Why there is no prediction.
        formula: What the formula gives although a hypothesis is violated; for scoring only.
        labels: How many audited labels it used.
    """

    theory: str
    run: str
    target: Target
    unit: Unit
    level: float
    verdicts: tuple[Verdict, ...]
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    abstains: str | None = None
    formula: float | None = None
    labels: int = 0

    @property
    def standing(self) -> Status:
        """The worst of the verdicts."""
        return standing(self.verdicts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "standing": self.standing}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Answer":
        """Return the answer that gave this plain data."""
        verdicts = tuple(Verdict(**verdict) for verdict in plain["verdicts"])
        fields = {name: value for name, value in plain.items() if name not in ("standing", "verdicts")}
        return cls(**fields, verdicts=verdicts)

    def digest(self) -> str:
        """Return the sha256 of the plain data: what is stored before ground truth is opened."""
        return hashlib.sha256(canonical_json(self.to_dict()).encode()).hexdigest()


@contract("theories")
class Theory(Component):
    """Predicts how a student generalizes from what can be observed.

    A subclass names what it needs, states its hypotheses and writes its formula on plain values; standard errors are
    carried through the formula, and abstentions are made here, in one place.
    """

    target: ClassVar[Target] = "gain"
    unit: Unit
    """In which risk; theories that may speak of several take it as a setting."""
    says: ClassVar[Says] = "value"
    """Whether it predicts the target itself, bounds it, or says between which ends it lies."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Names of observables without which there is no prediction."""
    baseline: ClassVar[bool] = False
    """Whether it is a plain number that theories have to beat."""
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = ()
    world: ClassVar[str | None] = None
    """The name of the simulated world in which its hypotheses hold."""

    @property
    def name(self) -> str:
        """The name of its answers: by default the kind, of which there is one configuration that matters."""
        return self.kind

    @property
    def observed(self) -> tuple[str, ...]:
        """Names of observables that this configuration needs."""
        return self.needs

    @property
    def info(self) -> InfoSet:
        """The smallest information set that gives all it needs."""
        return max((CATALOGUE[name].info for name in self.observed), default=InfoSet.S0_STRICT)

    @property
    def reads_labels(self) -> bool:
        """Whether audited labels change what it says: its number, or the verdicts on its hypotheses."""
        return self.info >= InfoSet.S1 or any(hypothesis.info == InfoSet.S1 for hypothesis in self.hypotheses)

    @abstractmethod
    def formula(self, at: Mapping[str, float]) -> float:
        """Return the prediction for values of the needed observables.

        Raises:
            Inapplicable: The formula has no value there.
        """

    def ends(self, at: Mapping[str, float]) -> tuple[float, float]:
        """Return between which ends the target lies for values of the needed observables: one value for most theories.

        Raises:
            Inapplicable: The formula has no value there.
        """
        value = self.formula(at)
        return value, value

    @final
    def predict(self, seen: Observables, level: float = 0.9) -> Answer:
        """Return a prediction with its interval, or an abstention with its reason.

        Raises:
            InputError: `level` is not between 0 and 1.
        """
        (answer,) = self.predict_many([seen], level)
        return answer

    def predict_many(self, seen: Sequence[Observables], level: float = 0.9) -> list[Answer]:
        """Return what it says of several runs, each as if it were alone; one that is elsewhere is then asked once.

        Raises:
            InputError: `level` is not between 0 and 1.
        """
        return [self._predicted(one, level) for one in seen]

    def _predicted(self, seen: Observables, level: float) -> Answer:
        if not 0 < level < 1:
            raise InputError(f"level must be between 0 and 1, got {level}")
        missing = [name for name in self.observed if name not in seen]
        if missing:
            reasons = "; ".join(f"{name} ({seen.missing.get(name, 'not observed')})" for name in missing)
            return self._answer(seen, level, (), abstains=f"needs {reasons}")
        # A missing observable comes first: without it there is nothing to judge a hypothesis by, and no formula.
        verdicts = tuple(hypothesis.judge(seen) for hypothesis in self.hypotheses)
        try:
            at = {name: (seen[name].value, seen[name].se) for name in self.observed}
            mean = _finite(self.formula, {name: value for name, (value, _) in at.items()})
            low, low_se = _carried(lambda values: self.ends(values)[0], at)
            high, high_se = _carried(lambda values: self.ends(values)[1], at)
        except Inapplicable as reason:
            return self._answer(seen, level, verdicts, abstains=str(reason))
        # The formula is kept even where the theory abstains, so that abstaining itself can be judged afterwards.
        broken = [f"{verdict.hypothesis}: {verdict.why}" for verdict in verdicts if verdict.status == "violated"]
        if broken:
            return self._answer(seen, level, verdicts, abstains="; ".join(broken), formula=mean)
        # Only the observables' errors are in the interval: the doubt about hypotheses has no size, and stands beside
        # it.
        from scipy.special import ndtri  # here, so that the core loads no scipy

        z = float(ndtri(0.5 + level / 2))
        return self._answer(
            seen, level, verdicts, mean=mean, low=low - z * low_se, high=high + z * high_se, formula=mean
        )

    def _answer(self, seen: Observables, level: float, verdicts: tuple[Verdict, ...], **said: Any) -> Answer:
        labels = seen.labels if self.reads_labels else 0
        return Answer(self.name, seen.run, self.target, self.unit, level, verdicts, labels=labels, **said)


def _carried(formula: Formula, at: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    """Return a formula's value and its standard error: how far it moves for one standard error up and down."""
    # Formulas have kinks and limits, so a derivative may not exist. One standard error up and down is tried
    # instead; where the formula has no value on one side, the other one speaks for both.
    centre = {name: value for name, (value, _) in at.items()}
    mean, moved = _finite(formula, centre), []
    for name, (value, se) in at.items():
        if se > 0:
            ends = []
            for sign in (1, -1):
                try:
                    ends.append(abs(_finite(formula, {**centre, name: value + sign * se}) - mean))
                except Inapplicable:
                    continue
            if not ends:
                raise Inapplicable(f"the formula has no value one standard error from {name} = {value:.4g}")
            moved.append(ends)
    se = math.hypot(*(sum(ends) / len(ends) for ends in moved))
    # A hundred standard errors have to be a number as well, or interval ends overflow at high levels.
    if not math.isfinite(100 * se):
        raise Inapplicable("the standard error has no finite value here")
    return mean, se


def _finite(formula: Formula, at: Mapping[str, float]) -> float:
    try:
        value = float(formula(at))
    except (ZeroDivisionError, OverflowError, ValueError) as error:
        raise Inapplicable(f"the formula has no value here ({error})") from None
    if not math.isfinite(value):
        raise Inapplicable(f"the formula has no finite value here ({value})")
    return value
