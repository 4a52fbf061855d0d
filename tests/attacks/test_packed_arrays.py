"""Packed arrays and records of any bytes: what was packed, or the store's own error."""

import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from w2sg.core import AnyArray, StoreError
from w2sg.graph import Artifact, Finished, Store
from w2sg.graph.objects import ArrayFiles, decoded, digest_of, encoded
from w2sg.graph.packing import places_of, table_of, unsqueezed

ARRAYS: tuple[AnyArray, ...] = (
    np.arange(40, dtype=np.int64).reshape(5, 8),
    np.linspace(0, 1, 30, dtype=np.float32).reshape(3, 1, 10),
    np.arange(11) % 3 == 0,
    np.array(5.0),
    np.zeros((0, 4)),
    np.frombuffer(np.random.default_rng(0).bytes(64), np.uint8),
    np.array(["a", "bcd"]),
)
KEY = "11" * 32
SAME_FOLDER = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

MUTATIONS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 5), st.binary(max_size=9)), min_size=1, max_size=4)


def mutated(content: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for place, length, put in changes:
        content = content[:place] + put + content[place + length :]
    return content


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(ARRAYS), MUTATIONS)
def test_a_mutated_array_is_an_array_or_an_error(array: AnyArray, changes: list[tuple[int, int, bytes]]) -> None:
    try:
        found = decoded(mutated(encoded(array), changes))
    except StoreError:
        return
    assert not found.dtype.hasobject
    assert not found.flags.writeable
    assert decoded(encoded(found)).tobytes() == found.tobytes()


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=80))
def test_any_bytes_are_an_array_a_record_or_an_error(content: bytes) -> None:
    for read in (decoded, unsqueezed, table_of, places_of):
        with suppress(StoreError):
            read(content)
    with suppress(StoreError):
        unsqueezed(zlib.compress(content))


@SAME_FOLDER
@given(array=st.sampled_from(ARRAYS), changes=MUTATIONS, lying=st.booleans())
def test_a_store_gives_the_array_that_was_put_or_none(
    array: AnyArray, changes: list[tuple[int, int, bytes]], lying: bool, tmp_path: Path
) -> None:
    """Also where whoever mutated it wrote the hash of the mutated content beside it."""
    content = mutated(encoded(array), changes)
    with Store(tmp_path) as store:
        store.put([Finished(KEY, "s", Artifact({"x": array}))])
        store.database.execute("UPDATE OR REPLACE objects SET content = ?", [content])
        if lying:
            store.database.execute("UPDATE OR REPLACE objects SET hash = ?", [digest_of(content)])
        wrong = bool(store.verify()["damaged"])
        found = store.get(KEY)
        if not lying:
            assert wrong == (content != encoded(array))
        assert (found is None) == wrong
        if found is not None and not lying:
            assert found.arrays["x"].tobytes() == array.tobytes()
        store.database.execute("DELETE FROM objects")


@SAME_FOLDER
@given(array=st.sampled_from(ARRAYS), changes=MUTATIONS)
def test_a_file_made_by_hand_is_an_array_or_an_error(
    array: AnyArray, changes: list[tuple[int, int, bytes]], tmp_path: Path
) -> None:
    files = ArrayFiles(tmp_path)
    digest, _ = files.write(array)
    content = mutated(files.path(digest).read_bytes(), changes)
    path = files.path(digest_of(content))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    for mapped in (False, True):
        try:
            found = files.read(digest_of(content), mapped=mapped)
        except StoreError:
            continue
        assert not found.dtype.hasobject
        assert not found.flags.writeable
