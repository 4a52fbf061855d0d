"""The store: arrays come back to the bit, results are found, filtered and sorted, nothing damaged is believed."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from w2sg.core import Component, InputError
from w2sg.graph import Artifact, Finished, Listing, Store
from w2sg.graph import artifacts as artifacts_module
from w2sg.graph.objects import ArrayFiles, DamagedObjectError, decoded, digest_of, encoded


class About(Component):
    """What a result is about."""

    kind: Literal["about"] = "about"
    name: str = "x"


def key(number: int) -> str:
    return f"{number:064x}"


def finished(number: int, **shown: Any) -> Finished:
    return Finished(key(number), "score", Artifact({}, {"n": number}), number % 3, Listing(About(), shown))


@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 5), (0, 4), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("dtype", ["?", "u1", "<i4", "<i8", "<f2", "<f4", "<f8", ">f8"])
def test_an_array_comes_back_to_the_bit(dtype: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    content = rng.bytes(np.dtype(dtype).itemsize * int(np.prod(shape)))
    array = np.asarray(rng.random(shape) < 0.5) if dtype == "?" else np.frombuffer(content, dtype).reshape(shape)
    again = decoded(encoded(array))
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    assert again.tobytes() == np.ascontiguousarray(array).tobytes()
    assert not again.flags.writeable


def test_what_repeats_is_packed_and_objects_are_refused() -> None:
    assert len(encoded(np.zeros(8000, dtype=bool))) < 1100
    assert len(encoded(np.arange(10_000))) < 30_000
    with pytest.raises(TypeError, match="a store keeps numbers and booleans"):
        encoded(np.array(["text", None], dtype=object))


def test_equal_arrays_of_two_artifacts_are_kept_once(tmp_path: Path) -> None:
    ids = np.arange(500)
    with Store(tmp_path) as store:
        store.put(Finished(key(n), "s", Artifact({"ids": ids, "own": np.full(5, n)})) for n in range(4))
        assert store.database.execute("SELECT COUNT(*) FROM objects").fetchone() == (5,)
        artifact = store.get(key(2))
        assert artifact is not None
        np.testing.assert_array_equal(artifact.arrays["ids"], ids)


def test_a_large_array_is_a_file_that_can_stay_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts_module, "LARGE", 1000)
    large = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    with Store(tmp_path) as store:
        store.put([Finished(key(1), "cached", Artifact({"array": large, "small": np.arange(3)}))])
        assert len(list((tmp_path / "objects").glob("??/*.npy"))) == 1
        mapped = store.get(key(1), mapped=True)
        assert mapped is not None
        assert isinstance(mapped.arrays["array"], np.memmap)
        np.testing.assert_array_equal(mapped.arrays["array"], large)
        with pytest.raises(ValueError, match="read-only"):
            mapped.arrays["array"][0, 0] = 1


@pytest.mark.parametrize("how", ["flip", "truncate", "delete"])
def test_a_damaged_file_is_noticed_and_healed_by_the_next_writer(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts_module, "LARGE", 0)
    whole = Finished(key(1), "s", Artifact({"x": np.arange(9)}))
    other = Finished(key(2), "s", Artifact({"x": np.arange(9)}))
    with Store(tmp_path) as store:
        store.put([whole, other])
        (path,) = (tmp_path / "objects").glob("??/*.npy")
        content = path.read_bytes()
        if how == "delete":
            path.unlink()
        else:
            path.write_bytes(content[:-1] + b"\x7f" if how == "flip" else content[:50])
        assert store.verify()["damaged"] == [key(1), key(2)]
        assert store.get(key(1)) is None
        store.put([whole])
        assert store.get(key(2)) is not None
        assert not any(store.verify().values())


def test_a_damaged_small_array_is_noticed_and_forgotten(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put([Finished(key(1), "s", Artifact({"x": np.arange(9)}))])
        store.database.execute("UPDATE objects SET content = zeroblob(20)")
        assert store.get(key(1)) is None
        assert not store.having([key(1)])
        store.put([Finished(key(1), "s", Artifact({"x": np.arange(9)}))])
        assert store.get(key(1)) is not None


def test_a_file_without_its_hash_is_damaged(tmp_path: Path) -> None:
    files = ArrayFiles(tmp_path)
    digest, size = files.write(np.arange(4))
    assert size == files.path(digest).stat().st_size
    with pytest.raises(DamagedObjectError, match="No such file"):
        files.read(digest_of(b"nothing"))
    files.path(digest).write_bytes(b"x" * size)
    with pytest.raises(DamagedObjectError, match="does not have the hash in its name"):
        files.read(digest, mapped=True)


def test_results_are_found_filtered_and_sorted(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put(
            finished(n, task="digits" if n % 2 else f"wine(test={n})", method="naive", pgr=None if n == 5 else n / 10)
            for n in range(1, 11)
        )
        assert [result.shown["pgr"] for result in store.results(limit=2)] == [1.0, 0.9]
        best = store.results(where={"task": "digits"}, sort="pgr", limit=3)
        assert [result.shown["pgr"] for result in best] == [0.9, 0.7, 0.3]
        assert len(store.results(where={"task": "wine"})) == 5
        assert len(store.results(where={"task": "win"})) == 0
        assert {result.seed for result in store.results(where={"seed": 2})} == {2}
        assert store.results(where={"task": "digits", "method": "other"}) == []
        assert len(store.results(without="pgr")) == 1
        assert store.results([key(3), key(99)])[0].key == key(3)
        with pytest.raises(InputError, match="filtered and sorted by names such as task"):
            store.results(sort="pgr') --")


def test_a_result_is_found_by_the_start_of_its_key(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for start in ("abc", "abd", "f0"):
            store.put([Finished(start.ljust(64, "0"), "score", Artifact(), 0, Listing(About(), {}))])
        assert store.find("abc") == store.results(["abc".ljust(64, "0")])[0]
        assert store.find("f") is not None
        for prefix in ("ab", "", "zz", "abe", "0" * 65):
            assert store.find(prefix) is None


def test_what_results_are_about_is_kept_once(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put(finished(n) for n in range(20))
        assert store.database.execute("SELECT COUNT(*) FROM subjects").fetchone() == (1,)
        assert store.results()[0].about == {"kind": "about", "name": "x"}


def test_garbage_goes_and_what_results_stand_on_stays(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put(
            [
                Finished(key(1), "labels", Artifact({"x": np.arange(3)})),
                Finished(key(2), "labels", Artifact({"x": np.arange(4)})),
                Finished(key(3), "cached", Artifact({"x": np.arange(5)})),
                Finished(
                    key(4), "score", Artifact({}, {"inputs": {"labels": key(1)}}), 0, Listing(About(), {"task": "t"})
                ),
            ]
        )
        assert store.collect_garbage() == {"n_files": 0, "bytes": 0}
        removed = store.collect_garbage(stale=True)
        assert (removed["n_files"], removed["bytes"] > 0) == (1, True)
        assert store.having(map(key, range(1, 5))) == {key(1), key(3), key(4)}
        store.forget([key(4)])
        assert not store.results()
        store.collect_garbage(stale=True)
        assert store.having(map(key, range(1, 5))) == {key(3)}


def test_a_collection_is_replaced_under_its_name(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put_collection("one", {"a": 1}, [key(1), key(1)])
        store.put_collection("one", {"a": 2}, [key(2)])
        assert store.collections() == ["one"]
        assert store.collection("one") == {"a": 2}
        assert store.collection("two") is None
        assert store.database.execute("SELECT COUNT(*) FROM members").fetchone() == (1,)
