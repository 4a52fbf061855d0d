"""Theories of plugins in workers: they say what they say here, of all runs at once, and nothing that breaks a rule."""

from pathlib import Path
from typing import Any

import pytest

from w2sg.core import ConfigError, InputError, Observables, Quantity, RunError, Theory, registry
from w2sg.isolation import load_plugins
from w2sg.isolation.session import Session, isolation_tier
from w2sg.theory import theories, theories_document
from w2sg.theory.answering import predict_all

pytestmark = pytest.mark.usefixtures("own_names_only")

HEAD = """
from collections.abc import Mapping
from typing import ClassVar, Literal
from pydantic import Field
from w2sg.core import Answer, Hypothesis, InfoSet, Theory, Unit, Verdict, preset, register
"""
SHARE = """
def check(seen):
    return Verdict("is small", "holds" if seen.value("disagreement") < 0.5 else "violated", "measured")
@register()
class Share(Theory):
    "A share of the disagreement."
    kind: Literal["{kind}"] = "{kind}"
    unit: Unit = "error"
    share: float = Field(0.5, gt=0)
    needs: ClassVar[tuple[str, ...]] = ("disagreement",)
    hypotheses: ClassVar = (Hypothesis("is small", "Models disagree on less than half.", InfoSet.S0_STRICT, check),)
    @property
    def name(self):
        return "{kind}" if self.unit == "error" else "{kind}-" + self.unit
    def formula(self, at: Mapping[str, float]) -> float:
        return self.share * at["disagreement"]
preset("{kind}-squared", Share, "The same in squared risk.", unit="squared")
"""


def written(folder: Path, code: str, name: str = "mine.py") -> str:
    path = folder / name
    path.write_text(HEAD + code)
    return str(path)


def observed(*values: float, labels: int = 0) -> list[Observables]:
    return [
        Observables(f"{place}" * 64, "classification", {"disagreement": Quantity(value, 0.01, 100, "x")}, labels=labels)
        for place, value in enumerate(values)
    ]


def test_a_theory_in_a_worker_says_what_it_says_here(tmp_path: Path) -> None:
    load_plugins(
        [
            written(tmp_path, SHARE.format(kind="far")),
            f"trusted:{written(tmp_path, SHARE.format(kind='near'), 'near.py')}",
        ]
    )
    empty = Observables("none", "classification", {}, missing={"disagreement": "of no use"})
    seen = [*observed(0.1, 0.4, 0.6), empty]
    for name, spec in {"": {}, "-squared": {}, "again": {"share": 0.25}}.items():
        suffix = "" if name == "again" else name
        far = registry.build(Theory, {"kind": f"far{suffix}", **spec})
        near = registry.build(Theory, {"kind": f"near{suffix}", **spec})
        assert (far.trust_tier, near.trust_tier) == (isolation_tier(), "T0")
        assert (far.target, far.unit, far.says, far.info) == (near.target, near.unit, near.says, near.info)
        assert (far.observed, far.reads_labels, far.baseline) == (near.observed, near.reads_labels, near.baseline)
        there, here = far.predict_many(seen, 0.8), near.predict_many(seen, 0.8)
        told = [{**answer.to_dict(), "theory": near.name} for answer in there]
        assert told == [answer.to_dict() for answer in here]
        assert [answer.run for answer in there] == [one.run for one in seen]
    assert registry.build(Theory, "far") != registry.build(Theory, "near")


def test_runs_are_asked_of_one_worker_which_is_not_told_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_plugins([written(tmp_path, SHARE.format(kind="shared"))])
    theory = registry.build(Theory, "shared")
    questions: list[tuple[str, Any]] = []
    real = Session.ask

    def ask(self: Session, what: str, **arguments: Any) -> Any:
        questions.append((what, arguments))
        return real(self, what, **arguments)

    monkeypatch.setattr(Session, "ask", ask)
    answers = predict_all(observed(*[0.1] * 50), [theory])
    assert len(answers) == 50
    ((what, arguments),) = questions
    assert what == "predict"
    assert [one["run"] for one in arguments["seen"]] == [str(place) for place in range(50)]
    assert predict_all([], [theory]) == []


def test_it_is_listed_and_its_configuration_is_checked(tmp_path: Path) -> None:
    load_plugins([written(tmp_path, SHARE.format(kind="listed"))])
    rows = {row["name"]: row for row in theories_document(theories()).to_dict()["theories"]}
    assert rows["listed"]["hypotheses"][0]["statement"] == "Models disagree on less than half."
    assert rows["listed-squared"]["unit"] == "squared"
    with pytest.raises(ConfigError, match=r"^share: input should be greater than 0"):
        registry.build(Theory, {"kind": "listed", "share": 0})
    with pytest.raises(InputError, match="is code of a plugin and runs in workers only"):
        registry.build(Theory, "listed").formula({"disagreement": 0.1})
    with pytest.raises(InputError, match="level must be between 0 and 1, got 1.5"):
        registry.build(Theory, "listed").predict(observed(0.1)[0], 1.5)


LIES = {
    "mean=float('nan')": "Input should be a finite number",
    "mean=float('inf'), high=float('inf')": "Input should be a finite number",
    "mean=9.0": "a mean inside its interval",
    "low=None": "a mean inside its interval",
    "abstains='x'": "it must be an abstention or",
    "abstains=''": "abstains",
    "run='another'": "run must be '0', got 'another'",
    "theory='misfit'": "theory must be 'liar', got 'misfit'",
    "target='pgr'": "target must be 'gain'",
    "unit='kl'": "unit must be 'error'",
    "level=0.5": "level must be 0.9, got 0.5",
    "labels=5": "labels must be 0, got 5",
    "formula='much'": "formula",
    "verdicts=(Verdict('never stated', 'holds', ''),)": "verdicts must be on",
    "verdicts=(Verdict('is small', 'perhaps', ''),)": "verdicts.0.status",
    "verdicts=(Verdict('is small', 'holds', 'x' * 2000),)": "at most 1000 characters",
}


@pytest.mark.parametrize("lie", LIES)
def test_what_it_answers_is_checked(lie: str, tmp_path: Path) -> None:
    code = (
        SHARE.format(kind="liar")
        + f"""
from dataclasses import replace
real = Share.predict_many
Share.predict_many = lambda self, seen, level=0.9: [replace(one, {lie}) for one in real(self, seen, level)]
"""
    )
    load_plugins([written(tmp_path, code)])
    with pytest.raises(InputError, match="what theory 'liar' answers breaks its contract") as raised:
        registry.build(Theory, "liar").predict(observed(0.1)[0])
    assert LIES[lie] in str(raised.value)


@pytest.mark.parametrize("lie", ["[]", "real(self, seen, level) * 2"])
def test_it_answers_once_for_each_run(lie: str, tmp_path: Path) -> None:
    code = (
        SHARE.format(kind="counts")
        + f"real = Share.predict_many\nShare.predict_many = lambda self, seen, level=0.9: {lie}\n"
    )
    load_plugins([written(tmp_path, code)])
    with pytest.raises(InputError, match="theory 'counts' must give 2 answers, one for each run"):
        registry.build(Theory, "counts").predict_many(observed(0.1, 0.2))


DECLARED = {
    "name = 'misfit'": (InputError, "theory 'declares' must answer under a name of its own, got 'misfit'"),
    "name = '../x'": (InputError, "declares breaks its contract"),
    "target = 'everything'": (InputError, "declares breaks its contract"),
    "needs = ('the_truth',)": (InputError, "declares breaks its contract"),
    "observed = property(lambda self: 1 / 0)": (RunError, "ZeroDivisionError"),
}


@pytest.mark.parametrize("lie", DECLARED)
def test_what_it_declares_is_checked(lie: str, tmp_path: Path) -> None:
    load_plugins([written(tmp_path, SHARE.format(kind="declares") + f"Share.{lie}\n")])
    error, message = DECLARED[lie]
    with pytest.raises(error, match=message):
        registry.build(Theory, "declares")


def test_a_method_cannot_pass_for_a_theory(tmp_path: Path) -> None:
    code = (
        SHARE.format(kind="posing")
        + """
import w2sg.isolation.worker as worker
real = worker._Answers.build
facts = dict(capabilities=[], function_class="", body_frozen=None, ridge_penalty=None, strength=None)
worker._Answers.build = lambda self, contract, table: {**real(self, contract, table), "facts": facts}
"""
    )
    load_plugins([written(tmp_path, code)])
    with pytest.raises(InputError, match="these are no facts of one of the theories"):
        registry.build(Theory, "posing")


def test_a_formula_that_fails_is_told_of(tmp_path: Path) -> None:
    code = SHARE.format(kind="fails").replace("self.share * at", "undefined * at")
    load_plugins([written(tmp_path, code)])
    with pytest.raises(RunError, match="NameError: name 'undefined' is not defined"):
        registry.build(Theory, "fails").predict(observed(0.1)[0])


def test_a_theory_takes_no_name_of_the_package(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"theories already has the name 'misfit' \(w2sg"):
        load_plugins([written(tmp_path, SHARE.format(kind="misfit"))])
