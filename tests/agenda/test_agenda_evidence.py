"""Effects from runs, and what they make of claims: pairing, families, presuppositions, placebos."""

import numpy as np
import pytest

from w2sg.agenda import Agenda, Knowledge, Measurement, Region, ResearchClaim, ScoredRun, Site, effect_of
from w2sg.agenda.claim import Arm
from w2sg.agenda.cruxes import cruxes_of
from w2sg.core import InputError
from w2sg.measure import Reading, ScoredMean


def run_of(ids: np.ndarray, scores: np.ndarray) -> ScoredRun:
    reading = Reading(0.0, (ScoredMean(1, ids, scores.astype(float)),))
    return ScoredRun(reading, np.sort(ids), np.arange(1000, 1100))


def claim_of(name: str, **fields: object) -> ResearchClaim:
    given = {"pillar": "theory", "statement": "s", "source": "s", "credence": 0.5, "reason": "r"}
    arms = (Arm(weight=1, method="naive"),)
    return ResearchClaim.parse({"name": name, **given, "arms": arms, "region": Region(low=0), **fields})


def knowledge(claims: list[ResearchClaim], *found: tuple[str, str, float], n_seeds: int = 4) -> Knowledge:
    families = {"a": "a", "b": "b", "c": "c", "a2": "a"}
    sites = {name: Site(name=name, family=family, task="wine") for name, family in families.items()}
    agenda = Agenda({claim.name: claim for claim in claims}, {}, sites)
    return Knowledge(agenda, [Measurement(claim, site, y, 0.0001, n_seeds) for claim, site, y in found])


def test_an_effect_is_paired_by_example_whatever_their_order() -> None:
    rng = np.random.default_rng(0)
    ids, hard = np.arange(400), rng.random(400)
    one = [run_of(ids, hard < 0.8 - 0.01 * seed) for seed in range(3)]
    order = rng.permutation(500)
    better = [run_of(order, np.append(hard, rng.random(100))[order] < 0.85 - 0.01 * seed) for seed in range(3)]
    found = effect_of([better, one], [1, -1])
    expected = np.mean([((hard < 0.85 - 0.01 * s).mean() - (hard < 0.8 - 0.01 * s).mean()) for s in range(3)])
    assert found.estimate == pytest.approx(expected)
    # unpaired, two accuracies near .8 on 400 examples differ with a standard error of .028
    assert found.variance**0.5 < 0.028
    assert (found.n_seeds, found.n_examples) == (3, 400)


def test_arms_without_a_common_example_are_refused() -> None:
    with pytest.raises(InputError, match="share none"):
        effect_of([[run_of(np.arange(5), np.ones(5))], [run_of(np.arange(5, 9), np.ones(4))]], [1, -1])


def test_an_arm_against_itself_refutes_that_it_differs() -> None:
    runs = [run_of(np.arange(300), np.random.default_rng(seed).random(300) < 0.8) for seed in range(4)]
    nothing = effect_of([runs, runs], [1, -1])
    assert nothing.estimate == 0
    said = claim_of("differs", region=Region(low=0.01))
    found = [Measurement("differs", site, nothing.estimate, nothing.variance, 4) for site in ("a", "b", "c")]
    known = Knowledge(knowledge([said]).agenda, found)
    assert known.credences["differs"] < 0.05
    # and that it is above 0 it neither shows nor refutes
    even = Knowledge(knowledge([claim_of("differs")]).agenda, found)
    assert even.credences["differs"] == pytest.approx(0.5, abs=1e-6)


def test_sites_of_one_family_are_one_unit() -> None:
    apart = knowledge([claim_of("c")], ("c", "a", 0.05), ("c", "b", 0.05))
    together = knowledge([claim_of("c")], ("c", "a", 0.05), ("c", "a2", 0.05))
    alone = knowledge([claim_of("c")], ("c", "a", 0.05))
    assert together.credences["c"] == pytest.approx(alone.credences["c"])
    assert apart.credences["c"] > together.credences["c"]


def test_more_seeds_take_the_place_of_fewer() -> None:
    few = knowledge([claim_of("c")], ("c", "a", 0.05))
    more = few.after([Measurement("c", "a", -0.01, 0.0001, 8)])
    assert more.units_of("c").effects == (-0.01,)
    assert more.after([Measurement("c", "a", 0.05, 0.0001, 4)]).units_of("c").effects == (-0.01,)


def test_no_claim_is_more_credible_than_what_it_presupposes() -> None:
    claims = [claim_of("base"), claim_of("upon", presupposes=("base",)), claim_of("top", presupposes=("upon",))]
    found = [(name, site, 0.05) for name in ("upon", "top") for site in "abc"]
    known = knowledge(claims, *found, *(("base", site, -0.05) for site in "abc"))
    assert known.own_credence("top") > 0.95
    assert known.credences["top"] == known.credences["base"] < 0.05
    crux = cruxes_of(knowledge(claims, *found))[0]
    assert (crux.claim, crux.dependents) == ("base", 2)
    # base has credence .5, both others nearly 1: they are held at .5, and go to nearly 1 or to 0
    assert crux.moves == pytest.approx(1, abs=0.05)


def test_the_range_over_scales_holds_the_credence() -> None:
    known = knowledge([claim_of("c")], ("c", "a", 0.02), ("c", "b", 0.04))
    low, high = known.range_of("c")
    assert low < known.credences["c"] < high
