"""What is in the store is not made again; what is damaged or missing is; how the work is divided does not matter."""

import json
import logging
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from lab_data import (
    BATCH_TOLERANCE,
    METHODS,
    SMALL,
    STEPS,
    WHOLE,
    WINE,
    accuracies,
    artifacts,
    damage,
    largest_difference,
    run_small,
    small_study,
)

from w2sg.core import AnyArray
from w2sg.graph import Processes, Step, Store, Unit
from w2sg.graph import artifacts as artifacts_module
from w2sg.graph.objects import ArrayFiles, DamagedObjectError
from w2sg.lab import evidence, scores_of_setups, study

DIGITS = {"kind": "digits", "supervision": 120, "transfer": 200, "test": 200}
WARM_LIMIT_S = 2.0
"""A finished study must be shown in this time; it takes some 0.05 s here."""


def test_a_finished_study_does_no_step_and_takes_no_time(tmp_path: Path) -> None:
    first = run_small(tmp_path, methods=METHODS)
    # Under each of two seeds seven methods train a student, and the direct one stands beside them all.
    assert first.steps_done == {"labels": 2, "student": 2 * (7 + 1), "ceiling": 2, "score": 14}
    started = time.perf_counter()
    again = run_small(tmp_path, methods=METHODS)
    assert not again.steps_done
    assert time.perf_counter() - started < WARM_LIMIT_S
    assert accuracies(again) == accuracies(first)


def test_a_method_more_trains_only_its_students(tmp_path: Path) -> None:
    run_small(tmp_path, seeds=3)
    more = run_small(tmp_path, seeds=3, methods=["naive", "naive-hard", "confidence"])
    assert more.steps_done == {"student": 3, "score": 3}


def test_a_student_more_reuses_the_weak_labels(tmp_path: Path) -> None:
    run_small(tmp_path)
    more = run_small(tmp_path, students=[SMALL, {**SMALL, "c": 3.0}])
    # Under each of two seeds: one for each of two methods, and the direct one.
    assert more.steps_done == {"student": 2 * (2 + 1), "ceiling": 2, "score": 4}


def test_a_seed_more_leaves_the_others(tmp_path: Path) -> None:
    before = run_small(tmp_path, seeds=2, methods=["naive"])
    more = run_small(tmp_path, seeds=3, methods=["naive"])
    assert more.steps_done == {"labels": 1, "student": 1 + 1, "ceiling": 1, "score": 1}, "and the direct student"
    assert more.results[0].run_ids[:2] == before.results[0].run_ids


def test_the_same_run_of_two_studies_is_one(tmp_path: Path) -> None:
    run_small(tmp_path, name="one")
    assert not run_small(tmp_path, name="two", methods=["naive-hard"]).steps_done


def test_a_student_trained_alone_is_that_of_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "KEPT_BITS", WHOLE)
    together, alone = tmp_path / "together", tmp_path / "alone"
    common = {"tasks": [DIGITS], "students": [{"kind": "nystroem-digits", "features": {"count": 60}}], "seeds": 2}
    run_small(together, methods=METHODS, **common)
    for method in METHODS:
        run_small(alone, methods=[method], **common)
    assert largest_difference(together, alone, "labels") == 0
    assert largest_difference(together, alone, "ceiling") <= BATCH_TOLERANCE
    assert largest_difference(together, alone, "student") <= BATCH_TOLERANCE
    assert artifacts(together, "score").keys() == artifacts(alone, "score").keys()
    # A score holds the student's confidence, too; who is right would differ by 1.
    assert largest_difference(together, alone, "score") <= BATCH_TOLERANCE


def test_a_reversed_order_of_methods_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "KEPT_BITS", WHOLE)
    run_small(tmp_path / "a", methods=METHODS)
    run_small(tmp_path / "b", methods=METHODS[::-1])
    assert largest_difference(tmp_path / "a", tmp_path / "b") <= BATCH_TOLERANCE


def test_the_number_of_workers_does_not_change_a_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All bits are kept here, in workers too, so that rounding hides nothing."""
    monkeypatch.setattr(evidence, "KEPT_BITS", WHOLE)
    whole = tmp_path / "keeping_all_bits.py"
    whole.write_text(f"from w2sg.lab import evidence\n\nevidence.KEPT_BITS = {WHOLE}\n")
    given = small_study(methods=["naive", "confidence", "bootstrapping"], seeds=2, plugins=[f"trusted:{whole}"])
    one = study(given, store=tmp_path / "one", workers=1)
    two = study(given, store=tmp_path / "two", workers=2)
    assert accuracies(one) == accuracies(two)
    assert one.steps_done == two.steps_done
    for step in STEPS:
        assert largest_difference(tmp_path / "one", tmp_path / "two", step) == 0


def test_two_writers_at_once_end_with_one_result(tmp_path: Path) -> None:
    given = small_study(methods=["naive", "confidence"], seeds=3)
    alone = study(given, store=tmp_path / "alone", workers=1)
    places: dict[str, list[Step]] = defaultdict(list)
    for step in scores_of_setups(given.setups(), given.seed_list()):
        places[step.place].append(step)
    pool = Processes(workers=2).open(6)
    for steps in [*places.values(), *places.values()]:
        pool.submit(Unit(tmp_path / "shared", tuple(steps)))
    outcomes = [outcome for _, outcome in pool.poll()]
    pool.close()
    assert len(outcomes) == 6
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception) or outcome.failed]
    both = study(given, store=tmp_path / "shared", workers=1)
    assert not both.steps_done
    assert accuracies(both) == accuracies(alone)
    with Store(tmp_path / "shared") as store:
        assert not any(store.verify().values())


OWN_ARRAYS = {"labels": "test/probabilities", "student": "test/rest", "ceiling": "test/rest", "score": "test.student"}
"""An array of each kind of step that no neighbour has."""


def own_array(store: Store, step: str) -> tuple[str, int]:
    """The key of a part of the one run of a store, and where an array of it is that no other artifact has."""
    (score,) = store.results()
    key = score.key if step == "score" else (store.record(score.key) or {})["inputs"][step]
    query = "SELECT arrays FROM artifacts WHERE key = ?"
    ((arrays,),) = store.database.execute(query, [bytes.fromhex(key)])
    return key, json.loads(arrays)[OWN_ARRAYS[step]]


@pytest.mark.parametrize("how", ["flip", "truncate", "empty", "delete"])
@pytest.mark.parametrize(("step", "large"), [*((step, 1 << 18) for step in STEPS), ("labels", 0)])
def test_a_damaged_array_is_noticed_logged_and_made_again(
    how: str,
    step: str,
    large: int,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the database, as small arrays are, and in a file of its own, as large ones are."""
    monkeypatch.setattr(artifacts_module, "LARGE", large)
    before = run_small(tmp_path, seeds=1, methods=["naive"])
    with Store(tmp_path) as store:
        key, place = own_array(store, step)
        damage(store, place, how)
        assert store.verify()["damaged"] == [key]
    with caplog.at_level(logging.WARNING, "w2sg"):
        after = run_small(tmp_path, seeds=1, methods=["naive", "naive-hard"])
    logged = [one for one in caplog.messages if "damaged artifact, it will be made again" in one]
    assert accuracies(after)[0] == accuracies(before)[0]
    if step == "student":
        assert not logged  # a run that is finished does not read its student again
        return
    assert len(logged) == 1
    assert after.steps_done[step] == (2 if step == "score" else 1)
    with Store(tmp_path) as store:
        assert not store.verify()["damaged"]


@pytest.mark.parametrize("large", [1 << 18, 0], ids=["in the database", "in files"])
def test_a_damaged_array_that_two_artifacts_share_is_healed(
    large: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two methods that are right on the same examples have the same evidence."""
    monkeypatch.setattr(artifacts_module, "LARGE", large)
    settled = {"supervisors": [{"kind": "simulated-uniform", "confidence": 1.0}], "seeds": 1}
    before = run_small(tmp_path, methods=["naive", "naive-hard"], **settled)
    with Store(tmp_path) as store:
        rows = store.artifact_rows()
        first, second = (set(row["objects"]) for row in rows if row["step"] == "score")
        # Evidence holds the curve of its training too, which is the trained student's as well.
        elsewhere = {place for row in rows if row["step"] != "score" for place in row["objects"]}
        assert first - elsewhere == second - elsewhere
        damage(store, min(first - elsewhere), "flip")
        assert len(store.verify()["damaged"]) == 2
    after = run_small(tmp_path, methods=["naive"], **settled)
    assert accuracies(after)[0] == accuracies(before)[0]
    with Store(tmp_path) as store:
        assert not any(store.verify().values())


def test_garbage_is_collected_and_what_runs_use_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts_module, "LARGE", 0)
    run_small(tmp_path, seeds=1, methods=["naive"])
    with Store(tmp_path) as store:
        rows = store.artifact_rows()
        key, place = own_array(store, "labels")
        ((digest,),) = store.database.execute("SELECT hash FROM objects WHERE id = ?", [place])
        (store.files.path(digest).parent / "half.part").write_bytes(b"1234")
        orphan = store.files.path(bytes(32))
        orphan.parent.mkdir(exist_ok=True)
        orphan.write_bytes(b"12")
        damage(store, place, "truncate")
        found = store.verify()
        assert (found["damaged"], found["orphans"]) == ([key], [str(orphan)])
        assert len(found["leftovers"]) == 1
        (labels,) = [row for row in rows if row["key"] == key]
        removed = store.collect_garbage()
        assert removed["n_files"] == 2 + len(labels["objects"]), "the damaged artifact goes with all its arrays"
        assert removed["bytes"] == 6 + labels["bytes"]
        assert not any(store.verify().values())
        assert len(store.artifact_rows()) == len(rows) - 1
        assert len(list(store.files.digests())) == len({place for row in rows for place in row["objects"]}) - len(
            labels["objects"]
        )


def test_collecting_what_is_stale_keeps_what_runs_use(tmp_path: Path) -> None:
    run_small(tmp_path, tasks=[WINE])
    with Store(tmp_path) as store:
        n = len(store.artifact_rows())
        assert store.collect_garbage(stale=True) == {"n_files": 0, "bytes": 0}
        store.forget([result.key for result in store.results()[:2]])
        removed = store.collect_garbage(stale=True)
        assert removed["n_files"] > 0
        assert removed["bytes"] > 0
        assert len(store.artifact_rows()) < n
        assert not any(store.verify().values())
    assert run_small(tmp_path, tasks=[WINE]).steps_done["score"] == 2


def test_arrays_can_stay_in_the_file(tmp_path: Path) -> None:
    files = ArrayFiles(tmp_path)
    rng = np.random.default_rng(0)
    arrays: dict[str, AnyArray] = {
        "array": rng.normal(size=(50, 7)).astype(np.float32),
        "fortran": np.asfortranarray(rng.normal(size=(4, 5))),
        "none": np.zeros((0, 3)),
        "rows": np.arange(9),
    }
    for name, value in arrays.items():
        digest, _ = files.write(value)
        found = files.read(digest, mapped=True)
        if name != "none":
            assert isinstance(found, np.memmap)
        np.testing.assert_array_equal(found, value)
        assert found.dtype == value.dtype
        assert not found.flags.writeable
        if name == "array":
            with pytest.raises(ValueError, match="read-only"):
                found[0, 0] = 1
        path = files.path(digest)
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        with pytest.raises(DamagedObjectError, match="hash in its name"):
            files.read(digest, mapped=True)


def test_what_interrupted_trainings_saved_goes_with_what_is_stale(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        saved = store.trainings / "key" / "where.json"
        saved.parent.mkdir(parents=True)
        saved.write_text("{}")
        assert store.collect_garbage() == {"n_files": 0, "bytes": 0}
        assert saved.is_file()
        assert store.collect_garbage(stale=True) == {"n_files": 1, "bytes": 2}
        assert not store.trainings.exists()


def test_collecting_what_is_stale_knows_refused_runs(tmp_path: Path) -> None:
    run_small(tmp_path, methods=["naive", "panel-assignment"], seeds=1, incapable="skip")
    with Store(tmp_path) as store:
        before = len(store.artifact_rows())
        assert store.collect_garbage(stale=True) == {"n_files": 0, "bytes": 0}
        assert len(store.artifact_rows()) == before


def test_an_array_that_is_gone_is_never_mistaken_for_a_later_one(tmp_path: Path) -> None:
    """The number of a removed array is not given again: who still asks for it finds that it is damaged."""
    before = run_small(tmp_path, seeds=1, methods=["naive"])
    with Store(tmp_path) as store:
        (last,) = store.database.execute("SELECT MAX(id) FROM objects").fetchone()
        damage(store, last, "delete")
    run_small(tmp_path, seeds=1, methods=["naive-hard", "confidence"])
    with Store(tmp_path) as store:
        assert store.database.execute("SELECT MIN(id) FROM objects WHERE id >= ?", [last]).fetchone() != (last,)
        assert len(store.verify()["damaged"]) == 1
    assert accuracies(run_small(tmp_path, seeds=1, methods=["naive"])) == accuracies(before)
