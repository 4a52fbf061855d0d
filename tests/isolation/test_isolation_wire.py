"""What goes between the laboratory and a worker: plain values there and back, and nothing else whatever is sent."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2sg.core import Classes, ClassProbabilities, InputError, Inputs, Pool, Texts, WeakSplit, WeakView, derive
from w2sg.isolation.wire import Packer, Unpacker, state_of

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


def there_and_back(value: Any, *, trusted: bool = True) -> Any:
    return Unpacker(trained=list if trusted else None).unpacked(Packer().packed(value))  # type: ignore[arg-type]


@given(plain)
def test_plain_values_come_back(value: Any) -> None:
    assert there_and_back(value, trusted=False) == value


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 3), (2, 0, 3), ()])
def test_arrays_come_back_and_are_read_only(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(int(np.prod(shape))).reshape(shape).astype(dtype)
    back = there_and_back({"a": array, "b": [array]}, trusted=False)
    np.testing.assert_array_equal(back["a"], array)
    assert back["a"].dtype == array.dtype
    with pytest.raises(ValueError, match="cannot set WRITEABLE flag"):
        back["a"].setflags(write=True)


def test_texts_come_back() -> None:
    texts = np.array([["a", "ä\n"], ["", "\x00"]], dtype=object)
    np.testing.assert_array_equal(there_and_back(texts, trusted=False), texts)


def test_a_view_comes_back_with_one_pool() -> None:
    pool = Pool(np.eye(4, dtype=np.float32))
    weak = ClassProbabilities(np.full((2, 2), 0.5, dtype=np.float32))
    corpus = Inputs(pool, np.arange(4))
    view: WeakView[Any] = WeakView(
        WeakSplit(corpus.take(np.array([0, 2])), weak), None, corpus, Classes(names=("a", "b"))
    )
    back = there_and_back(view)
    assert back.transfer.inputs.pool is back.corpus.pool
    assert back.question == view.question
    np.testing.assert_array_equal(back.transfer.inputs.values, view.transfer.inputs.values)
    np.testing.assert_array_equal(back.transfer.weak.probabilities, weak.probabilities)
    assert back.audit is None


def test_what_was_sent_is_not_sent_again() -> None:
    pool = Pool(np.zeros((1000, 10)))
    packer, unpacker = Packer(), Unpacker(trained=list)  # type: ignore[arg-type]
    first, second = (packer.packed(Inputs(pool, np.arange(n))) for n in (3, 4))
    assert len(second) < len(first) / 10
    assert unpacker.unpacked(first).pool is unpacker.unpacked(second).pool


def test_randomness_goes_on_where_it_was() -> None:
    rng = derive(0, "x")
    rng.random(3)
    back = there_and_back(rng)
    assert state_of(back) == state_of(rng)
    assert back.random() == rng.random()


def test_signals_of_texts_come_back() -> None:
    back = there_and_back(Texts(np.array(["x", "y"], dtype=object)))
    assert back.answers.tolist() == ["x", "y"]


@pytest.mark.parametrize("value", [object(), print, {"a": {1: object()}}, 1j])
def test_what_has_no_plain_form_is_not_sent(value: Any) -> None:
    with pytest.raises(InputError, match="cannot be handed to a worker"):
        Packer().packed(value)


@pytest.mark.parametrize(
    "header",
    [
        '{"class": ["Pool", []]}',
        '{"component": ["methods", {"kind": "naive"}]}',
        '{"rng": ["PCG64", {"dict": []}]}',
        '{"trained": 0}',
        '{"again": 0}',
        '{"array": ["O", [1], 0]}',
        '{"array": ["<f8", [1000000000000], 0]}',
        '{"array": ["<f8", [-1, -1], 0]}',
        '{"array": ["<f8", [1], 99999999999]}',
        '{"array": ["|V8", [1], 0]}',
        '{"texts": [[3], ["a"]]}',
        '{"a": 1, "b": 2}',
        "{}",
        "[" * 100_000,
        '{"list": ' * 5_000 + "0" + "}" * 5_000,
    ],
)
def test_what_a_worker_may_not_say_is_refused(header: str) -> None:
    content = len(header).to_bytes(8, "little") + header.encode() + bytes(8)
    with pytest.raises(InputError, match="a message between processes cannot be read"):
        Unpacker().unpacked(content)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_plain_value_or_refused(content: bytes) -> None:
    try:
        value = Unpacker().unpacked(content)
    except InputError:
        return
    assert isinstance(value, int | float | str | list | dict | tuple | np.ndarray | None)


@given(plain, st.data())
def test_changed_bytes_are_a_plain_value_or_refused(value: Any, data: st.DataObject) -> None:
    content = bytearray(Packer().packed({"value": value, "array": np.arange(3)}))
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        Unpacker().unpacked(bytes(content))
    except InputError:
        return
