"""What holds for a component of any contract: it is data, it survives JSON, and nothing changes it."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError
from threadpoolctl import threadpool_limits

from w2sg.core import (
    AnyArray,
    Component,
    InputError,
    Method,
    Signal,
    Student,
    Task,
    WeakSupervisor,
    digest_arrays,
    registry,
)
from w2sg.testing.samples import Sample, samples

Spec = str | Mapping[str, Any]
"""A registered name, or a table with `kind` and fields."""


def registered(contract: str, signal: type[Signal] | None = None) -> list[str]:
    """Return the names of a contract that come with w2sg itself, not those that tests or plugins add.

    Args:
        contract: The plural name of the contract.
        signal: Only components of one variant of signal; by default all.
    """
    entries = [registry.lookup(contract, name) for name in registry.names(contract)]
    if signal is not None:
        sided = (Task, WeakSupervisor, Student, Method)
        entries = [entry for entry in entries if issubclass(entry.cls, sided) and entry.cls.signal is signal]
    # A plugin that happens to be installed must not change which tests the package runs.
    return [entry.name for entry in entries if entry.cls.__module__.split(".")[0] == "w2sg"]


def first_read(attempt: Callable[[Sample], object], what: str) -> Sample:
    """Return the first of the samples (numbers, images, texts) that a component reads."""
    said = []
    for name, sample in samples().items():
        try:
            attempt(sample)
        except InputError as error:
            said.append(f"{name}: {error}")
        else:
            return sample
    pytest.fail(f"{what} reads none of the samples; override the fixture 'sample'\n" + "\n".join(said))


def content(*arrays: AnyArray | None) -> str:
    """Return one hash of what arrays hold, to see whether they were changed."""
    return digest_arrays(*[array for array in arrays if array is not None])


class ComponentContract:
    """Base of the contracts; set `spec`, or override the fixture `component` to run over several."""

    contract: ClassVar[str]
    spec: ClassVar[Spec]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def one_thread(cls) -> Iterator[None]:
        """Train on one thread: bits then do not depend on the machine, and busy cores do not make threads wait."""
        import sklearn.ensemble  # noqa: F401  (limits hold only for thread pools that are loaded)

        with threadpool_limits(1):
            yield

    @pytest.fixture
    def component(self) -> Component:
        """The component under test."""
        return registry.build(self.contract, self.spec)

    def test_survives_json(self, component: Component) -> None:
        """Its canonical text makes the same component again."""
        again = registry.build(self.contract, json.loads(component.canonical()))
        assert again == component
        assert (again.digest(), hash(again)) == (component.digest(), hash(component))

    def test_is_frozen(self, component: Component) -> None:
        """No field can be set after construction."""
        with pytest.raises(ValidationError, match="frozen"):
            component.kind = "other"  # type: ignore[misc]

    def test_refuses_unknown_fields(self, component: Component) -> None:
        """A field that does not exist is refused by name."""
        with pytest.raises(InputError, match="no_such_field: no such field"):
            registry.build(self.contract, {**json.loads(component.canonical()), "no_such_field": 1})

    def test_is_described(self, component: Component) -> None:
        """Its class says in the first line of its docstring what it is."""
        assert registry.lookup(self.contract, component.kind).summary.endswith(".")
