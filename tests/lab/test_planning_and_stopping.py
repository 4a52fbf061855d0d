from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from league_data import result, study, table

from w2sg.core import InputError
from w2sg.lab import MadeRuns, Run, Setup, Study, make_setup, plan_of
from w2sg.lab.planning import SEEDS
from w2sg.lab.sequential import DecisionRule, SeedStopping, until_decided

N_TEST = 400
MOST = 40


class Laboratory:
    """Makes runs of stated accuracies, and remembers what was asked for."""

    def __init__(self, effects: dict[str, float], spread: float = 0.01) -> None:
        self.effects, self.spread = effects, spread
        self.asked: list[tuple[int, int]] = []

    def make(self, setups: Sequence[Setup], seeds: Sequence[int]) -> MadeRuns:
        self.asked.append((len(setups), len(seeds)))
        return MadeRuns(tuple(self.run(setup, seed) for setup in setups for seed in seeds), (), (), Counter(score=1))

    def run(self, setup: Setup, seed: int) -> Run:
        name = setup.label()["method"]
        rng = np.random.default_rng([seed, len(name)])
        mean = 0.7 + self.effects[name] + (self.spread * rng.normal() if name != "naive" else 0.0)
        return Run(f"{name} {seed}", setup, seed, {}, {"test.student": np.arange(N_TEST) < round(mean * N_TEST)})


def stopped(laboratory: Laboratory, tasks: Sequence[str] = ("wine",)) -> tuple[MadeRuns, SeedStopping]:
    setups = [make_setup(task, method=name) for task in tasks for name in laboratory.effects]
    return until_decided(setups, laboratory.make, DecisionRule("naive", MOST, 0.01, 0.05), {})


def test_seeds_are_added_until_each_method_is_decided() -> None:
    laboratory = Laboratory({"naive": 0.0, "confidence": 0.1, "product": -0.1, "naive-hard": 0.0})
    outcome, found = stopped(laboratory)
    decisions = {one.method: one.decision for one in found.decided}
    assert decisions == {"confidence": "better", "product": "worse", "naive-hard": "equivalent"}
    seeds = {one.method: one.seeds for one in found.decided}
    assert seeds["confidence"] < seeds["naive-hard"] <= found.places[0].seeds < MOST
    assert found.places[0].reason == "every method is decided"
    assert len(outcome.runs) == 4 * found.places[0].seeds
    # Looks become rarer, and the last is made of what is there already.
    counts = [n for _, n in laboratory.asked]
    assert counts[:4] == [4, 5, 6, 7]
    assert counts[-1] == counts[-2] == found.places[0].seeds


def test_an_undecided_method_takes_all_seeds_and_is_named() -> None:
    _, found = stopped(Laboratory({"naive": 0.0, "confidence": 0.012}, spread=0.05))
    assert found.places[0].seeds == MOST
    assert found.places[0].reason == f"the maximum of {MOST} seeds; undecided: confidence"
    assert found.decided[0].difference.high > 0.01


def test_places_stop_one_by_one() -> None:
    class Uneven(Laboratory):
        def run(self, setup: Setup, seed: int) -> Run:
            self.spread = 0.01 if setup.task.kind == "wine" else 0.1
            return super().run(setup, seed)

    laboratory = Uneven({"naive": 0.0, "confidence": 0.1})
    outcome, found = stopped(laboratory, ("wine", "gaussian"))
    first, second = (place.seeds for place in found.places)
    assert first < second
    assert len(outcome.runs) == 2 * (first + second)
    assert outcome.done["score"] > 0


class Drawn(Laboratory):
    """Students who are equally good: each test example is drawn."""

    def __init__(self, number: int) -> None:
        super().__init__({"naive": 0.0, "confidence": 0.0, "product": 0.0})
        self.number = number

    def run(self, setup: Setup, seed: int) -> Run:
        rng = np.random.default_rng([self.number, seed, len(setup.label()["method"])])
        return Run("", setup, seed, {}, {"test.student": rng.random(N_TEST) < 0.7})


def test_decisions_are_seldom_wrong() -> None:
    found = [stopped(Drawn(number))[1] for number in range(60)]
    wrong = sum(any(one.decision in ("better", "worse") for one in stopping.decided) for stopping in found)
    assert wrong <= 6  # 3 of 60 are allowed; more than 6 would come by chance once in 30 times


def test_a_study_may_ask_for_it() -> None:
    asked = Study.parse({"name": "s", "tasks": ["wine"], "seeds": "until decided", "most_seeds": 9})
    assert list(asked.seed_list()) == list(range(9))
    assert asked.count() == 9
    with pytest.raises(InputError, match="seeds"):
        Study.parse({"name": "s", "tasks": ["wine"], "seeds": "until tired"})


def test_a_plan_rests_on_the_pilots_variance() -> None:
    made = table({"naive": (0.7, 0.7, 0.7), "confidence": (0.75, 0.72, 0.78), "product": (0.6, 0.7, 0.65)})
    plan = plan_of(made, effect=0.02, power=0.8)
    assert [row.seeds for row in plan.rows] == list(SEEDS)
    shown = [row.detectable for row in plan.rows]
    assert shown == sorted(shown, reverse=True)
    assert [pilot.method for pilot in plan.pilots] == ["confidence", "product"]
    mean = np.mean([pilot.parts.cell for pilot in plan.pilots])
    assert plan.typical.parts.cell == pytest.approx(mean)
    # Seeds of this pilot share no test examples, so nothing is known of what an example changes under all seeds.
    assert plan.typical.parts.example == 0.0
    assert plan.typical.between is not None
    own = plan_of(made, method="product")
    assert own.typical == plan.pilots[1]
    assert plan_of(made, effect=0.04).rows[3].tasks <= plan.rows[3].tasks  # type: ignore[operator]


def test_one_task_plans_seeds_and_examples_only() -> None:
    plan = plan_of(study(result("naive"), result("product", 0.6)))
    assert plan.typical.between is None
    assert {row.tasks for row in plan.rows} == {None}


def test_bad_plans_are_refused() -> None:
    made = study(result("naive"), result("product", 0.6))
    with pytest.raises(InputError, match="effect is a difference of accuracies above 0 and at most 1, got 0"):
        plan_of(made, effect=0)
    with pytest.raises(InputError, match=r"power must be above 0\.05 and below 1, got 1\.5"):
        plan_of(made, power=1.5)
    with pytest.raises(InputError, match="no method 'none' beside the reference in this study: product"):
        plan_of(made, method="none")
    with pytest.raises(InputError, match="two methods under the same seeds, two or more"):
        plan_of(study(result("naive", seeds=(0,)), result("product", seeds=(0,))))
