"""add_at is pure, and repeated indices accumulate."""

import numpy as np
import pytest
from backprose_runtime import add_at

INDICES = [
    1, -1, np.int64(2), slice(None), slice(None, None, -2), ..., None, (0, 1), (slice(1, None), 0), (..., 0), (None, 1),
    [0, 0, 2], np.array([[1, 1], [0, 1]]), (np.array([0, 0]), np.array([1, 1])), np.array([True, False, True]), True,
    (np.array([0, 0]), slice(1)), np.eye(3, 4, dtype=bool), (0, np.array([1, 1])), (),
]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=repr)
@pytest.mark.parametrize("order", "CF")
def test_arrays_as_ufunc_at_does(index, order):
    buffer = np.asarray(np.arange(12.0).reshape(3, 4), order=order)
    value = np.cos(np.arange(buffer[index].size)).reshape(buffer[index].shape)
    expected = buffer.copy()
    np.add.at(expected, index, value)
    before = buffer.copy()
    result = add_at(buffer, index, value)
    assert np.array_equal(result, expected) and result.dtype == buffer.dtype
    assert np.array_equal(buffer, before) and not np.shares_memory(result, buffer)


def test_dtypes_are_kept():
    assert add_at(np.zeros(2, np.float32), 0, np.float64(1)).dtype == np.float32
    assert add_at(np.zeros(2), [0, 0], 1 + 5j).tolist() == [2, 0]
    assert add_at(np.zeros(2, complex), 0, 1j).tolist() == [1j, 0]
    with pytest.raises(TypeError):
        add_at(np.zeros(2, int), 0, 0.5)


def test_zero_dimensions():
    result = add_at(np.array(1.0), (), 2.0)
    assert isinstance(result, np.ndarray) and result.shape == () and result == 3
    scalar = add_at(np.float32(1), (), 2.0)
    assert type(scalar) is np.float32 and scalar == 3


def test_containers():
    buffer = [None, 1.0, [2.0, None]]
    assert add_at(buffer, 0, 5.0) == [5.0, 1.0, [2.0, None]]
    assert add_at(buffer, -1, [1.0, 3.0]) == [None, 1.0, [3.0, 3.0]]
    assert add_at((1.0, 2.0), 1, 1.0) == (1.0, 3.0)
    assert add_at([1.0, 2.0, 3.0], slice(1, None), (1.0, 1.0)) == [1.0, 3.0, 4.0]
    assert add_at({"w": 1.0}, "w", 1.0) == {"w": 2.0}
    assert buffer == [None, 1.0, [2.0, None]]
    with pytest.raises(TypeError, match="not int"):
        add_at(3, 0, 1.0)


def test_indices_out_of_range_raise():
    for buffer in (np.zeros(2), [0.0, 0.0]):
        with pytest.raises(IndexError):
            add_at(buffer, 2, 1.0)
