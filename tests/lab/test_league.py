import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from league_data import result, study, table

from w2sg.core import InputError, registry
from w2sg.lab import halves, league_of
from w2sg.lab.league import FIXED_RULE, RANDOM_RULE
from w2sg.lab.standings import NO_GAP, ONE_TASK
from w2sg.measure import average_ranks, critical_difference, friedman, pooled_mean, ratio_interval

ROWS = {"naive": (0.7, 0.7, 0.7), "confidence": (0.8, 0.8, 0.6), "product": (0.6, 0.65, 0.5), "naive-hard": (0.7,) * 3}
ROUNDING = 1e-12


def test_ranks_tests_and_critical_difference() -> None:
    ranking = league_of(table(ROWS)).ranking
    assert ranking.methods == ("confidence", "naive", "naive-hard", "product")
    assert ranking.ranks == pytest.approx((5 / 3, 13 / 6, 13 / 6, 4.0))
    scores = np.array([ROWS[name] for name in ranking.methods]).T
    assert ranking.ranks == pytest.approx(average_ranks(scores))
    assert ranking.friedman is not None
    assert ranking.friedman.chi_square == pytest.approx(friedman(scores).chi_square)
    assert ranking.friedman.f_p == pytest.approx(friedman(scores).f_p)
    assert ranking.critical_difference == pytest.approx(critical_difference(4, 3))
    assert ranking.cliques == (ranking.methods,)
    assert ranking.reason is None


def test_verdicts_are_those_of_the_studys_comparisons() -> None:
    made = table(ROWS)
    found = league_of(made)
    for arena, compared in zip(found.arenas, made.comparisons, strict=True):
        assert arena.reference.method == compared.reference.method == "naive"
        assert arena.rivals == compared.rivals
        for name, paired in compared.rivals.items():
            entrant = arena.entrant(name)
            assert entrant is not None
            assert entrant.p_adjusted == paired.p_adjusted
            assert entrant.difference == paired.difference
    confidence, product = found.standing("confidence"), found.standing("product")
    assert (confidence.beats, confidence.hurts) == (("gaussian", "wine"), ("digits",))
    assert (product.beats, product.hurts) == ((), ("gaussian", "wine", "digits"))
    assert found.standing("naive-hard").no_difference == ("gaussian", "wine", "digits")
    assert found.standing("naive").beats == ()
    assert confidence.cost_s == pytest.approx(0.5)
    assert [one.verdict for one in found.arenas[0].entrants] == ["reference", "beats", "hurts", "no difference"]


def test_recovery_is_the_mean_pgr_over_arenas_with_a_t_interval() -> None:
    found = league_of(table(ROWS)).standing("confidence")
    shares = np.array([[2 / 3, 1 / 3], [2 / 3, 1 / 3], [0.0, 1 / 3]])
    means = pooled_mean(shares, [0, 1, 2])
    assert found.recovery.mean.estimate == pytest.approx(4 / 9)
    assert found.recovery.mean.low == pytest.approx(means.interval([1, 0]).low)
    assert found.recovery.reference_mean.estimate == pytest.approx(1 / 3)
    assert found.recovery.difference is not None
    assert found.recovery.difference.high == pytest.approx(means.interval([1, -1]).high)
    expected, _ = ratio_interval(means, [1, 0], [0, 1])
    assert found.recovery.ratio is not None
    assert expected is not None
    assert found.recovery.ratio.low == pytest.approx(expected.low)
    assert found.difference is not None
    assert found.difference.estimate == pytest.approx(0.1 / 3)


def test_arenas_without_a_gap_are_ranked_but_give_no_pgr() -> None:
    small = [result(name, accuracy, task="wine", ceiling=0.62) for name, accuracy in (("naive", 0.6), ("product", 0.7))]
    large = [result("naive", 0.7), result("product", 0.6)]
    found = league_of(study(*small, *large))
    product = found.standing("product")
    assert product.recovery.tasks == ("gaussian",)
    assert product.recovery.mean.estimate == pytest.approx(0.0)
    assert product.recovery.mean.low is None
    assert product.recovery.mean.reason == ONE_TASK
    assert found.ranking.ranks == (1.5, 1.5)
    alone = league_of(study(*small)).standing("product").recovery
    assert (alone.n_arenas, alone.mean.estimate, alone.mean.reason) == (0, None, NO_GAP)


def test_no_ratio_to_a_reference_that_recovers_nothing() -> None:
    found = league_of(table({"naive": (0.6, 0.55), "confidence": (0.8, 0.8)}, ("gaussian", "wine")))
    ratio = found.standing("confidence").recovery.ratio
    assert ratio is not None
    assert ratio.estimate is None
    assert "a ratio to it has no meaning" in (ratio.reason or "")
    unsure = league_of(table({"naive": (0.61, 0.85), "confidence": (0.8, 0.8)}, ("gaussian", "wine")))
    reason = getattr(unsure.standing("confidence").recovery.ratio, "reason", None)
    assert "does not exclude 0" in (reason or "")


def test_methods_that_an_arena_lacks_stand_apart() -> None:
    found = league_of(table({**ROWS, "early-stopping": (0.9, None, 0.9)}))
    assert "early-stopping" not in found.ranking.methods
    last = found.standings[-1]
    assert (last.method, last.rank, last.n_arenas) == ("early-stopping", None, 2)
    assert last.beats == ("gaussian", "digits")
    assert last.recovery.tasks == ("gaussian", "digits")
    assert found.ranking == league_of(table(ROWS)).ranking


def test_one_task_has_verdicts_and_no_test_of_ranks() -> None:
    found = league_of(table(ROWS, ("gaussian",)))
    assert found.ranking.friedman is None
    assert found.ranking.critical_difference is None
    assert "one task (gaussian)" in (found.ranking.reason or "")
    assert found.ranking.ranks == (1.0, 2.5, 2.5, 4.0)
    assert "cannot be halved" in (found.halves.reason or "")
    assert found.standing("product").hurts == ("gaussian",)


def test_arenas_of_one_task_are_one_block_and_one_cluster() -> None:
    def of(task: str, model: str) -> list[object]:
        return [result(name, values[0], task=task, model=model) for name, values in ROWS.items()]

    two = [*of("gaussian", "linear"), *of("gaussian", "nystroem"), *of("wine", "linear")]
    found = league_of(study(*two))  # type: ignore[arg-type]
    assert [arena.place for arena in found.arenas] == ["gaussian / linear", "gaussian / nystroem", "wine / linear"]
    assert found.tasks == ("gaussian", "wine")
    assert found.ranking.n_tasks == 2
    one = league_of(study(*of("gaussian", "linear"), *of("gaussian", "nystroem")))  # type: ignore[arg-type]
    assert one.ranking.friedman is None
    assert one.standing("confidence").recovery.mean.reason == ONE_TASK


def test_a_method_is_chosen_on_one_half_and_tried_on_the_other() -> None:
    tasks = ("wine", "gaussian", "digits", "breast-cancer")
    rows = {
        "naive": (0.7, 0.7, 0.7, 0.7),
        "confidence": (0.65, 0.9, 0.75, 0.9),
        "product": (0.9, 0.6, 0.9, 0.6),
    }
    found = league_of(table(rows, tasks))
    assert found.halves.choose == ("breast-cancer", "gaussian")
    assert found.halves.test == ("digits", "wine")
    assert (found.halves.chosen, found.halves.rule) == ("confidence", FIXED_RULE)
    chosen, tested = found.halves.chosen_on, found.halves.tested_on
    assert chosen is not None
    assert chosen.mean.estimate == pytest.approx(1.0)
    assert tested is not None
    assert tested.mean.estimate == pytest.approx(1 / 3)
    assert tested.reference_mean.estimate == pytest.approx(1 / 3)
    assert tested.difference is not None
    assert tested.difference.estimate == pytest.approx(0.0, abs=ROUNDING)
    assert halves(found) == found.halves
    by_chance = halves(found, np.random.default_rng(1))
    assert by_chance.rule == RANDOM_RULE
    assert sorted(by_chance.choose + by_chance.test) == sorted(tasks)
    assert len(by_chance.choose) == 2


def test_the_reference_may_be_chosen() -> None:
    found = league_of(table({"naive": (0.8, 0.8), "product": (0.7, 0.9)}, ("gaussian", "wine")))
    assert found.halves.chosen == "naive"
    assert found.halves.tested_on is not None
    assert found.halves.tested_on.difference is None


def test_halves_without_a_gap_say_so() -> None:
    small = [result(name, 0.6, task="digits", ceiling=0.61) for name in ("naive", "product")]
    large = [result(name, 0.7, task="wine") for name in ("naive", "product")]
    found = league_of(study(*small, *large)).halves
    assert found.chosen is None
    assert found.reason == "nothing to choose by: on digits no gap is large enough for a PGR"
    small = [result(name, 0.6, task="wine", ceiling=0.61) for name in ("naive", "product")]
    large = [result(name, 0.7, task="digits") for name in ("naive", "product")]
    found = league_of(study(*small, *large)).halves
    assert found.chosen == "naive"
    assert "nothing to test on: on wine" in (found.reason or "")


def test_what_cannot_be_compared_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lookup = registry.lookup
    marked = lambda sort, name: replace(lookup(sort, name), oracle=name == "product")  # noqa: E731
    monkeypatch.setattr(registry, "lookup", marked)
    found = league_of(
        study(
            *(result(name) for name in ("naive", "product", "naive-hard")),
            result("confidence", seeds=(0, 1)),
            result("naive-hard", task="wine"),
            result("naive", task="digits"),
        )
    )
    assert [one.method for one in found.standings] == ["naive", "naive-hard"]
    assert [" ".join(one.split(": ")[1:]) for one in found.left_out] == [
        "product is an oracle",
        "confidence has other seeds than naive",
        "has no naive",
        "nothing to compare with naive",
    ]
    assert found.n_runs == 8


def test_methods_that_buy_gold_stand_apart_and_are_never_chosen() -> None:
    tasks = ("gaussian", "wine")
    plain = [result(name, 0.7, task=task) for task in tasks for name in ("naive", "naive-hard")]
    bought = [result("product", 0.85, task=task, gold=50) for task in tasks]
    found = league_of(study(*plain, *bought))
    assert found.ranking.methods == ("naive", "naive-hard")
    last = found.standings[-1]
    assert (last.method, last.rank, last.gold, last.beats) == ("product", None, 50, tasks)
    assert found.halves.chosen == "naive"
    assert league_of(study(*plain, *bought), reference="product").ranking.methods[0] == "product"


def test_methods_of_one_name_are_told_apart() -> None:
    weights = [{"kind": "composition", "objective": {"kind": "confidence", "weight": w}} for w in (0.1, 0.3)]
    made = study(result("naive"), *(result(one, 0.8, label="mine") for one in weights))
    names = [one.method for one in league_of(made).standings]
    assert len(set(names)) == 3
    assert sum(name.startswith("mine ") for name in names) == 2


def test_the_league_is_plain_data() -> None:
    steps = {"naive": (0.6, 0.6), "confidence": (0.7, 0.7), "product": (0.8, 0.8)}
    found = league_of(table(steps, ("gaussian", "wine")))
    assert found.ranking.friedman is not None
    assert found.ranking.friedman.f == np.inf
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["ranking"]["friedman"]["f"] is None
    assert document["standings"][0]["method"] == "product"
    assert document["arenas"][0]["entrants"][0]["pgr"]["n_seeds"] == 4
    assert document["halves"] == json.loads(json.dumps(asdict(found.halves)))


def test_bad_input_is_said() -> None:
    with pytest.raises(InputError, match="needs the method 'naive' and another one .* it has product, confidence"):
        league_of(study(result("product"), result("confidence")))
    with pytest.raises(InputError, match="no method 'none' in this league: confidence"):
        league_of(table(ROWS)).standing("none")
    assert league_of(table(ROWS), reference="product").standing("naive").beats == ("gaussian", "wine", "digits")
