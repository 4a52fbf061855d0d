"""A plugin's objective trains a language model in a worker that may read the model's folder and nothing beside it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from w2sg.core import Classes, ClassProbabilities, Method, WeakSplit, WeakView, derive, one_hot, registry
from w2sg.isolation import load_plugins

pytest.importorskip("torch")

CODE = """
from pathlib import Path
from typing import Literal
from w2sg.core import preset, register
from w2sg.methods import Composition, TargetObjective

@register()
class Plain(TargetObjective):
    "Plain cross-entropy."
    kind: Literal["plain-elsewhere"] = "plain-elsewhere"
    def target(self, weak, log_student, progress):
        return weak

preset("plain-elsewhere", Composition, "For a test.", objective="plain-elsewhere")
"""


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["full", "probe"])
def test_a_language_model_is_trained_in_a_worker_as_it_is_here(tmp_path: Path, mode: Any) -> None:
    from language_data import causal, reviews, saved

    from w2sg.students import LanguageModel

    (tmp_path / "elsewhere.py").write_text(CODE)
    (tmp_path / "model").mkdir()
    load_plugins([str(tmp_path / "elsewhere.py")])
    student = LanguageModel(model=saved(tmp_path / "model", causal()), mode=mode, epochs=2, rate=2e-3)
    inputs, gold = reviews(60)
    split = WeakSplit(inputs, ClassProbabilities(one_hot(gold, 2)))
    view: WeakView[Any] = WeakView(split, None, inputs, Classes(names=("no", "yes")))
    try:
        here, there = (
            registry.build(Method, name).fit(view, student, derive(0, "x")) for name in ("naive", "plain-elsewhere")
        )
        np.testing.assert_allclose(there.predict_proba(inputs), here.predict_proba(inputs), atol=1e-5)
    finally:
        for contract in ("methods", "objectives"):
            registry._entries[contract].pop("plain-elsewhere")
