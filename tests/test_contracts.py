"""Every component that is registered keeps its public contract; there is no list to keep."""

import json
from pathlib import Path

import numpy as np
import pytest

from w2sg.core import ClassProbabilities, Component, Texts, registry
from w2sg.students import FeatureMap
from w2sg.tasks.nlp import Nlp
from w2sg.testing import (
    ChainContract,
    FeatureContract,
    MethodContract,
    ObjectiveContract,
    RelabelingContract,
    Sample,
    SelectionContract,
    Spec,
    StoppingContract,
    StudentContract,
    SupervisorContract,
    TaskContract,
    WritingMethodContract,
    registered,
)
from w2sg.testing.writers import Rote

NEEDS_FIELDS: dict[tuple[str, str], Spec] = {
    ("supervisors", "panel"): {"kind": "panel", "members": ["simulated", "fewer-labels"]},
    ("supervisors", "recorded"): {"kind": "recorded", "by": "annotator"},
    ("supervisors", "as-recorded"): {"kind": "recorded", "by": "annotator", "labels": "one-hot"},
    ("tasks", "shown"): {"kind": "shown", "task": "wine", "supervisor": "few-features"},
    ("supervisors", "trained-writer"): {"kind": "trained-writer", "student": "rote", "samples": 3},
    ("supervisors", "recorded-solutions"): {"kind": "recorded-solutions", "by": ["annotator"]},
    ("features", "sentence-encoder"): {"kind": "sentence-encoder", "model": "absent"},
    ("features", "hidden-states"): {"kind": "hidden-states", "model": "absent"},
    ("students", "boosting"): {"kind": "boosting", "trees": 20},
}
"""What to build for a name that cannot be built without fields, or that is slow as it is."""
NEEDS_WEIGHTS = {"sentence-encoder", "hidden-states", "language-model", "readout", "facts-strong", "facts-weak"}
"""What reads pretrained weights: feature maps are tested for what holds without them, students in their own file."""


def build(contract: str, name: str) -> Component:
    return registry.build(contract, NEEDS_FIELDS.get((contract, name), name))


@pytest.fixture(scope="session")
def sorted_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("contract") / "sorted.csv"
    lines = [f"{rng.normal():.6f},{rng.normal():.6f},{int(i > 100)}" for i in range(200)]
    path.write_text("a,b,label\n" + "\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def solutions_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("solutions")
    rows = []
    for i in range(80):
        given = {name: i if i % step else 1000 for name, step in (("6b", 3), ("175b_verification", 4))}
        worked = {name: {"solution": f"so\nA: {n}", "is_correct": n == i} for name, n in given.items()}
        rows.append(json.dumps({"question": f"How many are {i}?", "ground_truth": f"one\nA: {i}", **worked}))
    (folder / "example_model_solutions.jsonl").write_text("\n".join(rows))
    return folder


class TestObjectives(ObjectiveContract):
    @pytest.fixture(params=registered("objectives"))
    def component(self, request: pytest.FixtureRequest) -> Component:
        return build("objectives", request.param)


class TestSelections(SelectionContract):
    @pytest.fixture(params=registered("selections"))
    def component(self, request: pytest.FixtureRequest) -> Component:
        return build("selections", request.param)


class TestRelabelings(RelabelingContract):
    @pytest.fixture(params=registered("relabelings"))
    def component(self, request: pytest.FixtureRequest) -> Component:
        return build("relabelings", request.param)


class TestChains(ChainContract):
    @pytest.fixture(params=registered("chains"))
    def component(self, request: pytest.FixtureRequest) -> Component:
        return build("chains", request.param)


class TestStoppings(StoppingContract):
    @pytest.fixture(params=registered("stoppings"))
    def component(self, request: pytest.FixtureRequest) -> Component:
        return build("stoppings", request.param)


class TestMethods(MethodContract):
    @pytest.fixture(params=registered("methods", ClassProbabilities))
    def component(self, request: pytest.FixtureRequest) -> Component:
        return build("methods", request.param)


class TestStudents(StudentContract):
    @pytest.fixture(params=[name for name in registered("students", ClassProbabilities) if name not in NEEDS_WEIGHTS])
    def component(self, request: pytest.FixtureRequest) -> Component:
        return build("students", request.param)


class TestFeatures(FeatureContract):
    @pytest.fixture(params=registered("features"))
    def component(self, request: pytest.FixtureRequest) -> Component:
        return build("features", request.param)

    @pytest.fixture
    def sample(self, body: FeatureMap) -> Sample:
        if body.kind in NEEDS_WEIGHTS:
            pytest.skip("reads pretrained weights")
        return self.readable(body)


class TestSupervisors(SupervisorContract):
    @pytest.fixture(params=[name for name in registered("supervisors") if name not in NEEDS_WEIGHTS])
    def component(self, request: pytest.FixtureRequest) -> Component:
        registry.register()(Rote)  # the student of trained writers here
        return build("supervisors", request.param)


@pytest.fixture(scope="session")
def sentences_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("contract") / "sst2.csv"
    rng = np.random.default_rng(0)
    lines = [
        f"{i},{'fine' if i > 100 else 'dull'} film number {rng.integers(10**6)},{int(i > 100)}" for i in range(200)
    ]
    path.write_text("idx,sentence,label\n" + "\n".join(lines) + "\n")
    return path


DATA_SETS = {name for name in registered("tasks") if registry.lookup("tasks", name).cls is Nlp} - {"nlp"}
"""Published data sets, each tested beside its format."""


class TestTasks(TaskContract):
    @pytest.fixture(params=[name for name in registered("tasks") if name not in DATA_SETS])
    def component(
        self, request: pytest.FixtureRequest, sorted_file: Path, solutions_folder: Path, sentences_file: Path
    ) -> Component:
        if request.param == "nlp":
            return registry.build("tasks", {"kind": "nlp", "dataset": "sst2", "path": str(sentences_file)})
        if request.param == "files":
            return registry.build("tasks", {"kind": "files", "path": str(sorted_file)})
        if request.param == "gsm8k":
            return registry.build("tasks", {"kind": "gsm8k", "folder": str(solutions_folder)})
        if request.param == "recorded-answers":
            spec = {"kind": "recorded-answers", "source": "gsm8k", "folder": str(solutions_folder)}
            return registry.build("tasks", spec)
        return build("tasks", request.param)


class TestWritingMethods(WritingMethodContract):
    @pytest.fixture(params=registered("methods", Texts))
    def component(self, request: pytest.FixtureRequest) -> Component:
        return build("methods", request.param)
