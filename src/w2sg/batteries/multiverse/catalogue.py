"""What an analyst chooses: penalties, calibration, hard or soft labels, how rows are split, seeds, features."""

from collections.abc import Mapping
from typing import Any, Literal, final

from pydantic import Field

from w2sg.batteries.multiverse.contract import Analysis, AnalystChoice
from w2sg.core import CapabilityError, ConfigError, preset, register, registry
from w2sg.lab import changed, split_sizes, value_at, with_field, with_value
from w2sg.supervisors import Calibrated, TrainedSupervisor

MULTIPLES = (0.5, 2.0)
"""Of the features that a student reads."""
OTHER_FEATURES: Mapping[str, Mapping[str, Any]] = {
    "nystroem": {"kind": "random-relu"},
    "random-fourier": {"kind": "random-relu"},
    "random-relu": {"kind": "nystroem"},
    "tfidf": {"ngrams": 2},
}
"""What could be read in the place of each feature map."""


@final
@register()
class OtherValue(AnalystChoice):
    """Another value of a field of the setup."""

    kind: Literal["value"] = "value"
    path: str = Field(description="the field by its dotted path, such as student.c")
    values: tuple[Any, ...] = Field(min_length=1, description="what it could be")

    @property
    def title(self) -> str:
        """The path."""
        return self.path

    def options(self, analysis: Analysis) -> Mapping[str, Analysis]:
        """Return the analysis with each other value."""
        own = value_at(analysis.setup, self.path)
        others = [value for value in self.values if value != own]
        return {str(value): Analysis(with_value(analysis.setup, self.path, value), analysis.seeds) for value in others}


@register()
class Penalty(AnalystChoice):
    """How strongly a linear model is held back: its inverse penalty C, as a value or in terms of its own."""

    kind: Literal["penalty"] = "penalty"
    of: Literal["supervisor", "student"] = Field(description="whose")
    values: tuple[float | Literal["cv"], ...] = Field((), description="what C could be; 'cv' by cross-validation")
    factors: tuple[float, ...] = Field((), description="what it could be multiplied with; C = 1 where it is no number")

    @property
    def title(self) -> str:
        """Whose C it is."""
        return f"{self.of}'s C"

    def options(self, analysis: Analysis) -> Mapping[str, Analysis]:
        """Return the analysis with each other C.

        Raises:
            CapabilityError: If there is no such model, or it is no linear one.
        """
        part = getattr(analysis.setup, self.of)
        path, model = ("student", part) if self.of == "student" else ("supervisor.student", part.model)
        if model is None:
            raise CapabilityError(f"needs a supervisor that is a trained model, and {part.kind!r} is none")
        if not hasattr(model, "c") or not model.body_frozen:
            raise CapabilityError(f"needs a linear model with an inverse penalty 'c', and {model.kind!r} has none")
        own = model.c if isinstance(model.c, float) else 1.0
        named = {"by cross-validation" if value == "cv" else f"{value:g}": value for value in self.values}
        named |= {f"x {factor:g}": factor * own for factor in self.factors}
        found = {}
        for name, value in named.items():
            try:
                if value != model.c:
                    found[name] = Analysis(with_value(analysis.setup, f"{path}.c", value), analysis.seeds)
            except ConfigError:
                continue  # a model that knows no cross-validation has one option less
        return found


preset(
    "supervisor-c",
    Penalty,
    "The supervisor's C: 1, 100 or by cross-validation.",
    of="supervisor",
    values=[1, 100, "cv"],
)


@final
@register()
class Calibration(AnalystChoice):
    """Whether the supervisor's probabilities are brought to the temperature at which its own gold is most likely."""

    kind: Literal["calibration"] = "calibration"

    def options(self, analysis: Analysis) -> Mapping[str, Analysis]:
        """Return the analysis with the supervisor calibrated, or without that where it is.

        Raises:
            CapabilityError: If the supervisor is no model trained on gold as it is.
        """
        supervisor = analysis.setup.supervisor
        if isinstance(supervisor, Calibrated):
            return {"none": _with_part(analysis, supervisor=supervisor.plain)}
        if not isinstance(supervisor, TrainedSupervisor) or supervisor.label_noise:
            raise CapabilityError(f"needs a supervisor trained on gold as it is, and {supervisor.kind!r} is none")
        fields = supervisor.model_dump(mode="json", include={"student", "labels"})
        return {"temperature": _with_part(analysis, supervisor={"kind": "calibrated", **fields})}


@final
@register()
class HardLabels(AnalystChoice):
    """Whether students learn the supervisor's probabilities, or its most likely classes."""

    kind: Literal["labels"] = "labels"

    def options(self, analysis: Analysis) -> Mapping[str, Analysis]:
        """Return the analysis with hard labels where they are soft, and the other way round.

        Raises:
            CapabilityError: If the method decides by itself what its labels become.
        """
        method = analysis.setup.method
        relabel = getattr(getattr(method, "relabel", None), "kind", "")
        if getattr(getattr(method, "objective", None), "hard_labels", False):
            raise CapabilityError("needs a method that can learn from soft labels, and its objective hardens them")
        other = {"keep": ("hard", "harden"), "harden": ("soft", "keep")}.get(relabel)
        if other is None:
            raise CapabilityError(f"needs a method without a relabeling of its own, and {method.kind!r} has one")
        name, kind = other
        return {name: _with_fields(analysis, "method", relabel={"kind": kind})}


@final
@register()
class SplitSizes(AnalystChoice):
    """How many rows the supervisor learns from, and how many it labels."""

    kind: Literal["splits"] = "splits"

    def options(self, analysis: Analysis) -> Mapping[str, Analysis]:
        """Return the analysis with half of either split.

        Raises:
            CapabilityError: If the task does not deal its rows to splits.
        """
        return {
            f"half the {split}": _with_fields(analysis, "task", **{split: rows // 2})
            for split, rows in split_sizes(analysis.setup.task).items()
            if rows >= 2
        }


@final
@register()
class OtherSeeds(AnalystChoice):
    """Which seeds: they deal the rows, and decide all else that is drawn."""

    kind: Literal["seeds"] = "seeds"
    blocks: int = Field(2, ge=1, description="how many other blocks of as many seeds")

    def options(self, analysis: Analysis) -> Mapping[str, Analysis]:
        """Return the analysis under the next seeds, block by block."""
        first, span = min(analysis.seeds), max(analysis.seeds) - min(analysis.seeds) + 1
        moved = [tuple(seed + block * span for seed in analysis.seeds) for block in range(1, self.blocks + 1)]
        return {
            f"{first + block * span} to {first + (block + 1) * span - 1}": Analysis(analysis.setup, seeds)
            for block, seeds in enumerate(moved, start=1)
        }


preset("student-c", Penalty, "The student's C: a tenth of it, or ten times it.", of="student", factors=[0.1, 10])


@final
@register()
class Features(AnalystChoice):
    """What the student reads of its inputs: fewer or more features, or others."""

    kind: Literal["features"] = "features"

    def options(self, analysis: Analysis) -> Mapping[str, Analysis]:
        """Return the analysis with half and twice as many features, and with others of the same number.

        Raises:
            CapabilityError: If the number of its features is no choice.
        """
        student = analysis.setup.student
        body = student.model_dump(mode="json").get("features", {})
        if not student.body_frozen or student.strength is None or body.get("kind") not in OTHER_FEATURES:
            raise CapabilityError(f"needs a student whose number of features is a choice, and {student.kind!r} is none")
        names = dict(zip(MULTIPLES, ("half as many", "twice as many"), strict=True))
        found = {name: _with_part(analysis, student=student.scaled(multiple)) for multiple, name in names.items()}
        other = OTHER_FEATURES[body["kind"]]
        shared = {name: value for name, value in body.items() if name in ("count", "seed", "terms", "pair")}
        found["of another kind"] = _with_fields(analysis, "student", features={"kind": body["kind"], **shared, **other})
        return found


def known_choices() -> list[str]:
    """Return the names of all choices that are registered and need no fields to be given."""
    entries = registry.entries(AnalystChoice)
    required = {entry.name for entry in entries if any(info.is_required() for info in entry.cls.model_fields.values())}
    return [entry.name for entry in entries if entry.preset or entry.name not in required]


def _with_part(analysis: Analysis, **parts: Any) -> Analysis:
    return Analysis(changed(analysis.setup, **parts), analysis.seeds)


def _with_fields(analysis: Analysis, part: str, **fields: Any) -> Analysis:
    return Analysis(with_field(analysis.setup, part, **fields), analysis.seeds)
