"""The kinds of factors, by what they turn: a field, sizes of splits, the student, a shift, a panel, another dial."""

from collections.abc import Mapping
from typing import Any, Literal, final

from pydantic import Field

from w2sg.batteries import Analysis, AnalystChoice, Disanalogy
from w2sg.core import CapabilityError, ConfigError, DataError, register, registry
from w2sg.factors.contract import Factor, Level, numeric, part_of_level
from w2sg.lab import TEST, Setup, changed, split_sizes, value_at, with_field, with_value


@final
@register()
class FieldFactor(Factor):
    """A field of a setup, or a whole part of it, by its dotted path."""

    kind: Literal["field"] = "field"
    path: str = Field(description="what is turned, such as student.c; a part's name turns the whole part")
    places: Mapping[str, str] = Field(
        {}, description="what is put in place first where something of another kind is there, by its path"
    )

    @property
    def name(self) -> str:
        """Its title, or its path."""
        return self.title or self.path

    def turned(self, setup: Setup, level: Level) -> Setup:
        """Return the setup with the field at a level.

        Raises:
            CapabilityError: If there is no such field, or it cannot have this value.
        """
        for path, kind in self.places.items():
            if value_at(setup, path)["kind"] != kind:
                setup = with_value(setup, path, kind)
        value_at(setup, self.path)
        try:
            return with_value(setup, self.path, part_of_level(level))
        except ConfigError as reason:
            raise CapabilityError(f"{self.path} cannot be {level!r} here: {reason}") from None


@final
@register()
class SplitShare(Factor):
    """How many rows a split has, as a share of those it has in the setup; the other split stays as large as it is."""

    kind: Literal["split-share"] = "split-share"
    group: Literal["data"] = "data"
    split: Literal["supervision", "transfer"] = Field(description="whose rows")

    def turned(self, setup: Setup, level: Level) -> Setup:
        """Return the setup with a share of the rows.

        Raises:
            CapabilityError: If the task does not deal its rows, or the supervisor does not learn from all of them.
        """
        if self.split == "supervision":
            _learns_from_all(setup)
        sizes = split_sizes(setup.task)
        if level == 1:
            return setup
        rows = max(1, round(numeric(level, self.name) * sizes[self.split]))
        return with_field(setup, "task", **{**sizes, self.split: rows})


def _learns_from_all(setup: Setup) -> None:
    if setup.supervisor.simulates or getattr(setup.supervisor, "labels", None) is not None:
        raise CapabilityError(
            f"needs a supervisor that learns from the whole supervision split, and {setup.supervisor.kind!r} does not"
        )


@final
@register()
class StudentMultiple(Factor):
    """How strong the student is, as a multiple of what it is in the setup: features, terms, hidden units, trees."""

    kind: Literal["student-multiple"] = "student-multiple"
    group: Literal["student"] = "student"

    def turned(self, setup: Setup, level: Level) -> Setup:
        """Return the setup with a larger or smaller student.

        Raises:
            CapabilityError: If its size is no choice.
        """
        if setup.student.strength is None:
            raise CapabilityError(
                f"needs a student whose size is a choice, and {setup.student.kind!r} is none as it is"
            )
        return changed(setup, student=setup.student.scaled(numeric(level, self.name)))


@final
@register()
class PenaltyMultiple(Factor):
    """How strongly weights are held back, as a multiple of the penalty in the setup."""

    kind: Literal["penalty-multiple"] = "penalty-multiple"
    of: Literal["student", "supervisor"] = Field(description="whose weights")

    def turned(self, setup: Setup, level: Level) -> Setup:
        """Return the setup with another penalty.

        Raises:
            CapabilityError: If there is no such model, or none whose penalty is a number.
        """
        model = setup.student if self.of == "student" else setup.supervisor.model
        other = None if model is None else model.penalised(numeric(level, self.name))
        if other is None:
            raise CapabilityError(f"needs a {self.of} that is a model with a penalty that is a number")
        return with_value(
            setup, "student" if self.of == "student" else "supervisor.student", other.model_dump(mode="json")
        )


@final
@register()
class ShiftSize(Factor):
    """How strong a shift of the task is; where the shift makes a test set, outcomes are read on it."""

    kind: Literal["shift-size"] = "shift-size"
    group: Literal["data"] = "data"
    shift: str = Field(description="the shift: see 'w2sg list shifts'")
    field: str = Field(description="the field of the shift that says how strong it is")
    fields: Mapping[str, Any] = Field({}, description="its other fields, the same at all levels")

    def turned(self, setup: Setup, level: Level) -> Setup:
        """Return the setup with the shift.

        Raises:
            CapabilityError: If the task has no shifts, or this one cannot be made of its rows.
        """
        fixed = {"kind": self.shift, **self.fields, **({} if self.read_on == TEST else {"title": self.read_on})}
        others = [one for one in value_at(setup, "task.shifts") if any(one.get(name) != fixed[name] for name in fixed)]
        found = with_field(setup, "task", shifts=[*others, {**fixed, self.field: level}])
        try:
            split_sizes(found.task)
        except DataError as reason:
            raise CapabilityError(f"shift {self.shift!r} cannot be made of these rows: {reason}") from None
        return found


@final
@register()
class PanelOfCopies(Factor):
    """How many supervisors label together, each taught a resample of the supervision split; one labels alone."""

    kind: Literal["panel-of-copies"] = "panel-of-copies"
    group: Literal["supervisor"] = "supervisor"

    def turned(self, setup: Setup, level: Level) -> Setup:
        """Return the setup with a panel of its supervisor.

        Raises:
            CapabilityError: If the supervisor is a panel already, or copies of it do not differ.
        """
        _learns_from_all(setup)
        if setup.supervisor.model is None:
            raise CapabilityError(f"needs a supervisor that is a trained model, and {setup.supervisor.kind!r} is none")
        if level == 1:
            return setup
        members = [setup.supervisor.model_dump(mode="json")] * int(numeric(level, self.name))
        return changed(setup, supervisor={"kind": "panel", "members": members, "resample_supervision": True})


@final
@register()
class FromDisanalogy(Factor):
    """A disanalogy as a factor: its levels are settings of that dial, by number or by name."""

    kind: Literal["disanalogy"] = "disanalogy"
    dial: str = Field(description="the disanalogy: see 'w2sg list disanalogies'")

    def turned(self, setup: Setup, level: Level) -> Setup:
        """Return the setup at a setting of the dial.

        Raises:
            CapabilityError: If the setup has no such dial, or the dial no such setting there.
        """
        settings = registry.build(Disanalogy, self.dial).settings(setup)
        found = [setting for setting in settings if level in (setting.name, setting.value)]
        if not found:
            names = ", ".join(setting.name for setting in settings)
            raise CapabilityError(f"dial {self.dial!r} has no setting {level!r} here: it has {names}")
        return found[0].setup


@final
@register()
class FromChoice(Factor):
    """A choice of the analyst as a factor: its levels are what the setup has, and the options of the choice."""

    kind: Literal["choice"] = "choice"
    choice: str = Field(description="the choice: see 'w2sg list choices'")

    def turned(self, setup: Setup, level: Level) -> Setup:
        """Return the setup with another option; a level that is no option beside others is what the setup has.

        Raises:
            CapabilityError: If nothing is to be chosen there, or no level is an option.
        """
        options: Mapping[str, Any] = registry.build(AnalystChoice, self.choice).options(Analysis(setup, (0,)))
        if not any(one in options for one in self.points):
            raise CapabilityError(f"choice {self.choice!r} has none of the levels here: it has {', '.join(options)}")
        found: Setup = options[str(level)].setup if str(level) in options else setup
        return found
