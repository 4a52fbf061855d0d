import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from league_data import result, study, table

from w2sg.core import InputError, registry
from w2sg.lab import Study, StudyResult, league_document, league_of
from w2sg.lab.families import NO_GAP, ONE_FAMILY
from w2sg.lab.held_out import ONE_FAMILY as NOTHING_LEFT
from w2sg.measure import average_ranks, friedman, holm, pooled_mean, random_effects, ratio_interval, signed_rank_p

ROWS = {"naive": (0.7, 0.7, 0.7), "confidence": (0.8, 0.8, 0.6), "product": (0.6, 0.65, 0.5), "naive-hard": (0.7,) * 3}
ROUNDING = 1e-12


def test_ranks_and_their_test() -> None:
    ranking = league_of(table(ROWS)).ranking
    assert ranking.methods == ("confidence", "naive", "naive-hard", "product")
    assert ranking.ranks == pytest.approx((5 / 3, 13 / 6, 13 / 6, 4.0))
    scores = np.array([ROWS[name] for name in ranking.methods]).T
    assert ranking.ranks == pytest.approx(average_ranks(scores))
    assert ranking.friedman is not None
    assert ranking.friedman.chi_square == pytest.approx(friedman(scores).chi_square)
    assert ranking.friedman.f_p == pytest.approx(friedman(scores).f_p)
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
    assert product.recovery.mean.reason == ONE_FAMILY
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
    assert "one family of tasks (gaussian)" in (found.ranking.reason or "")
    assert found.ranking.ranks == (1.0, 2.5, 2.5, 4.0)
    assert found.held_out.reason == NOTHING_LEFT
    effects = found.standing("product").effects
    assert effects is not None
    assert (effects.low, effects.prediction, effects.p_mean, effects.verdict) == (None, None, None, None)
    assert found.standing("product").hurts == ("gaussian",)


def test_arenas_of_one_family_are_one_block_and_one_cluster() -> None:
    def of(task: str, model: str) -> list[object]:
        return [result(name, values[0], task=task, model=model) for name, values in ROWS.items()]

    two = [*of("gaussian", "linear"), *of("gaussian", "nystroem"), *of("wine", "linear")]
    found = league_of(study(*two))  # type: ignore[arg-type]
    assert [arena.place for arena in found.arenas] == ["gaussian / linear", "gaussian / nystroem", "wine / linear"]
    assert found.tasks == ("gaussian", "wine")
    assert found.ranking.n_families == 2
    one = league_of(study(*of("gaussian", "linear"), *of("gaussian", "nystroem")))  # type: ignore[arg-type]
    assert one.ranking.friedman is None
    assert one.standing("confidence").recovery.mean.reason == ONE_FAMILY


def effect_rows(n: int, **effects: float) -> StudyResult:
    """A study on so many tasks of one shape: mean effects with a spread over tasks of .01."""
    rng = np.random.default_rng(0)
    results = []
    for number in range(n):
        task = {"kind": "gaussian", "noise": 1.0 + number}
        results.append(result("naive", 0.7, task=task))
        results += [result(name, 0.7 + mean + 0.01 * rng.normal(), task=task) for name, mean in effects.items()]
    return study(*results)


def as_families(made: StudyResult) -> StudyResult:
    """The same with each task its own family: they are of one kind, and would else be one."""
    return replace(made, families={one.digest("task"): one.digest("task") for one in made.results})


def test_verdicts_over_families_need_the_mean_and_the_ranks() -> None:
    made = as_families(effect_rows(10, confidence=0.05, product=-0.05, **{"naive-hard": 0.0}))
    found = league_of(made, margin=0.02)
    effects = {one.method: one.effects for one in found.standings if one.effects is not None}
    assert {name: one.verdict for name, one in effects.items()} == {
        "confidence": "better",
        "product": "worse",
        "naive-hard": "equivalent",
    }
    larger = [max(one.p_mean or 0, one.p_ranks or 0) for one in effects.values()]
    assert [one.p_adjusted for one in effects.values()] == pytest.approx(holm(larger).tolist())
    # Nine families less: signed ranks of two have no p-value below .5, however large the effect.
    few = league_of(as_families(effect_rows(2, confidence=0.2))).standing("confidence").effects
    assert few is not None
    assert (few.verdict, few.p_ranks) == ("no difference", 0.5)


def test_effects_are_those_of_the_random_effects_model() -> None:
    made = as_families(effect_rows(6, confidence=0.05))
    found = league_of(made)
    one = found.standing("confidence")
    differences = [arena.entrants[1].difference for arena in found.arenas]
    estimates = [d.estimate for d in differences if d is not None]
    widths = [(d.high - d.low) / 2 for d in differences if d is not None]
    model = random_effects(estimates, (np.array(widths) / 1.959963984540054) ** 2)
    assert one.effects is not None
    assert one.effects.estimate == pytest.approx(model.estimate)
    assert model.mean is not None
    assert one.effects.low == pytest.approx(model.mean.low)
    assert one.effects.probability_above == pytest.approx(model.probability_above)
    assert one.effects.p_ranks == pytest.approx(signed_rank_p(estimates))
    assert one.worst is not None
    assert one.worst.difference.estimate == min(estimates)
    # In units of a gap of .3, the same for all: the same effect, and the same probability.
    assert one.pgr_effects is not None
    assert one.pgr_effects.estimate == pytest.approx(one.effects.estimate / 0.3, rel=0.05)


def test_harm_counts_where_there_is_no_gap() -> None:
    rows = [("gaussian", 0.9, 0.75), ("wine", 0.9, 0.75), ("digits", 0.62, 0.60)]
    made = study(
        *(
            result(name, accuracy, task=task, ceiling=ceiling)
            for task, ceiling, confident in rows
            for name, accuracy in (("naive", 0.7), ("confidence", confident))
        )
    )
    one = league_of(made).standing("confidence")
    assert one.effects is not None
    assert one.pgr_effects is not None
    assert (one.effects.n_families, one.pgr_effects.n_families) == (3, 2)
    assert one.effects.estimate == pytest.approx(0.0, abs=0.01)
    assert one.pgr_effects.estimate == pytest.approx(1 / 6)
    assert one.worst is not None
    assert one.worst.place == "digits"
    assert one.worst.difference.estimate == pytest.approx(-0.1)


def test_tasks_of_the_same_files_are_one_family(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.csv").write_text("x,y\n1,0\n2,1\n")

    def files(title: str, **paths: str) -> dict[str, object]:
        kind = {"kind": "files", "label": "y", "features": ["x"], "title": title}
        return {**kind, "paths": {split: str(tmp_path / f"{name}.csv") for split, name in paths.items()}}

    tasks = [files("one", train="a"), files("two", train="b", test="c"), "wine", files("three", train="c", test="a")]
    made = Study.parse({"name": "s", "tasks": tasks, "methods": ["naive", "product"]})
    titles = made.titles()
    results = [
        result(name, 0.7, task=setup.task.model_dump(mode="json"), label=name)
        for setup in made.setups()
        for name in ("naive", "product")
    ]
    named = [replace(one, label={**one.label, "task": titles.get(one.digest("task"), "wine")}) for one in results]
    found = league_of(study(*named))
    # The third shares one file with the first and one with the second: all three are one family.
    assert [family.tasks for family in found.families] == [("one", "two", "three"), ("wine",)]
    assert found.families[0].name == "one + two + three"
    assert found.ranking.n_families == 2


def test_a_study_names_families() -> None:
    tasks = ["wine", {"kind": "digits", "family": "images"}, {"kind": "gaussian", "grid": {"noise": [1.0, 2.0]}}]
    made = Study.parse({"name": "s", "tasks": [*tasks, {**tasks[2], "family": "made"}]})  # type: ignore[dict-item]
    assert sorted(made.families().values()) == ["images", "made", "made"]
    assert {setup.task.digest() for setup in made.setups()} >= set(made.families())
    wrong = Study.parse({"name": "s", "tasks": [{"kind": "wine", "family": 3}]})
    with pytest.raises(InputError, match=r"tasks\.0\.family: must be a name, got 3"):
        wrong.setups()


def test_a_method_is_chosen_on_all_other_families() -> None:
    tasks = ("wine", "gaussian", "digits", "breast-cancer")
    rows = {
        "naive": (0.7, 0.7, 0.7, 0.7),
        "confidence": (0.65, 0.9, 0.75, 0.9),
        "product": (0.9, 0.6, 0.75, 0.6),
    }
    held = league_of(table(rows, tasks)).held_out
    assert [(fold.family, fold.chosen) for fold in held.folds] == [(task, "confidence") for task in tasks]
    assert [fold.difference for fold in held.folds] == pytest.approx([-0.05, 0.2, 0.05, 0.2])
    assert [fold.pgr_difference for fold in held.folds] == pytest.approx([-1 / 6, 2 / 3, 1 / 6, 2 / 3])
    assert held.recovery is not None
    assert held.recovery.mean.estimate == pytest.approx(1 / 3 + 1 / 3)
    assert held.effects is not None
    assert held.effects.n_families == 4
    # Where one family makes a method look good, it is not chosen for that family.
    lucky = {"naive": (0.7,) * 4, "confidence": (0.9, 0.69, 0.69, 0.69)}
    folds = league_of(table(lucky, tasks)).held_out.folds
    assert [fold.chosen for fold in folds] == ["naive", "confidence", "confidence", "confidence"]
    assert folds[0].difference == 0.0


def test_held_out_without_a_gap_says_so() -> None:
    small = [result(name, 0.6, task="digits", ceiling=0.61) for name in ("naive", "product")]
    large = [result(name, 0.7, task="wine") for name in ("naive", "product")]
    held = league_of(study(*small, *large)).held_out
    assert held.reason == "without wine no gap is large enough for a PGR: nothing to choose by"


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
    assert {fold.chosen for fold in found.held_out.folds} == {"naive"}
    assert league_of(study(*plain, *bought), reference="product").ranking.methods[0] == "product"


def test_methods_that_know_more_stand_apart_and_their_tier_is_told() -> None:
    found = league_of(table({"naive": [0.7] * 3, "confidence": [0.75] * 3, "auto": [0.9] * 3}))
    assert set(found.ranking.methods) == {"naive", "confidence"}
    assert (found.standing("auto").rank, found.standing("auto").tier) == (None, "supervision-gold")
    assert found.standing("confidence").tier == "weak-labels"
    assert {fold.chosen for fold in found.held_out.folds} <= {"naive", "confidence"}
    assert any("know more" in finding.text and "auto" in finding.text for finding in league_document(found).findings)


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
    assert document["held_out"] == json.loads(json.dumps(asdict(found.held_out)))
    assert [family["tasks"] for family in document["families"]] == [["gaussian"], ["wine"]]


def test_bad_input_is_said() -> None:
    with pytest.raises(InputError, match="needs the method 'naive' and another one .* it has product, confidence"):
        league_of(study(result("product"), result("confidence")))
    with pytest.raises(InputError, match="no method 'none' in this league: confidence"):
        league_of(table(ROWS)).standing("none")
    assert league_of(table(ROWS), reference="product").standing("naive").beats == ("gaussian", "wine", "digits")
