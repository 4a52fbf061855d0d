"""The same rows asked otherwise, and whether a student's answers stay; and whether it sees as its ceiling does."""

import csv
from pathlib import Path

import numpy as np
import pytest

from w2sg.core import DataError, derive
from w2sg.desiderata import Specification, check_run, facts_of_run
from w2sg.desiderata.facts import CONSISTENCY, LIKENESS
from w2sg.graph import Store
from w2sg.lab import Setup, make_runs, make_setup
from w2sg.measure import exact_interval, same_order_of_distances

CONSISTENT = Specification.from_table({"name": "steady", "require": "consistent"})


def pairs(folder: Path, *shifts: str) -> Setup:
    """Return a setup on pairs of which the better one has more good words."""
    words, rng = (["good", "fine", "fair", "bad", "poor"], derive(0, "pairs"))
    with (folder / "pairs.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["better", "worse"])
        for number in range(400):
            # what is said of both differs a little, and each text is the only one of its kind
            better, worse = (" ".join(rng.choice(words, 4, p=p)) for p in ([0.4, 0.2, 0.2, 0.1, 0.1], [0.2] * 5))
            rows.writerow([f"{better} a{number}", f"{worse} b{number}"])
    task = {"kind": "files", "path": str(folder / "pairs.csv"), "pair": ["better", "worse"], "shifts": list(shifts)}
    return make_setup(task, supervisor="few-words", student="tfidf", method="naive")


def test_pairs_in_the_other_order_are_the_same_rows_and_the_other_answer_is_right(tmp_path: Path) -> None:
    made = make_runs([pairs(tmp_path, "order-swap")], [0], store=tmp_path / "store", workers=1)
    made.raise_first_problem()
    for run in made.runs:
        plain, swapped = (facts_of_run(run)[name] for name in ("test", "order-swap"))
        np.testing.assert_array_equal(plain.ids, swapped.ids)
        stays = swapped.columns[CONSISTENCY]
        # Of two answers one is right: who is right both times, or wrong both times, has changed its answer.
        np.testing.assert_array_equal(stays == 1, plain.right["student"] == swapped.right["student"])
        assert CONSISTENCY not in plain.columns
        assert 0 < stays.mean() < 1, "it must be possible to fail"
    with Store(tmp_path / "store") as opened:
        result = next(one for one in opened.results() if one.key == made.runs[0].id)
    outcome, _ = check_run(result, CONSISTENT, store=tmp_path / "store", labels=50)
    assert outcome.n_labels == 0
    assert outcome.tree.parts[0].estimate == pytest.approx(
        float(facts_of_run(made.runs[0])["order-swap"].columns[CONSISTENCY].mean()) - 0.9
    )


def test_what_is_no_pair_has_no_other_order() -> None:
    with pytest.raises(DataError, match="shift 'order-swap' needs pairs of texts"):
        make_setup({"kind": "digits", "shifts": ["order-swap"]}).task.load(derive(0, "split"))


def test_images_with_noise_are_asked_otherwise_and_likeness_is_kept(tmp_path: Path) -> None:
    setup = make_setup({"kind": "digits", "shifts": ["noise"]}, method="naive")
    (run,) = make_runs([setup], [0], store=tmp_path, workers=1).runs
    facts = facts_of_run(run)
    assert 0.5 < facts["noise"].columns[CONSISTENCY].mean() < 1
    likeness = facts["test"].columns[LIKENESS]
    assert np.isnan(likeness).sum() == len(likeness) - len(likeness) // 3
    assert 0.5 < np.nanmean(likeness) < 1


def test_likeness_knows_no_turn_no_stretch_and_no_shift() -> None:
    rng = derive(0, "likeness")
    one, other = rng.standard_normal((3000, 3)), rng.standard_normal((3000, 5))
    turned = 3 * one @ np.linalg.qr(rng.standard_normal((3, 3)))[0] - 7
    assert np.nanmean(same_order_of_distances(one, turned, derive(1, "triples"))) == 1
    found = same_order_of_distances(one, other, derive(1, "triples"))
    kept = found[~np.isnan(found)]
    assert len(kept) == 1000
    unrelated = exact_interval(int(kept.sum()), 1000)
    assert unrelated.low < 0.5 < unrelated.high
    assert np.nanmean(same_order_of_distances(one, np.zeros((3000, 1)), derive(1, "triples"))) == 0.5
