"""unbroadcast is the transpose of broadcasting."""

import numpy as np
import pytest
from backprose_runtime import unbroadcast
from hypothesis import given
from hypothesis.extra import numpy as hnp


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4))
def test_it_is_the_transpose_of_broadcasting(shapes):
    shape = shapes.result_shape
    x = np.arange(np.prod(shapes.input_shapes[0], dtype=int), dtype=float).reshape(shapes.input_shapes[0])
    x = np.asarray(x + 1)
    g = np.cos(np.arange(np.prod(shape, dtype=int), dtype=float)).reshape(shape)
    back = unbroadcast(g, x)
    assert type(back) is np.ndarray and back.shape == x.shape and back.dtype == x.dtype
    # <g, broadcast(x)> == <unbroadcast(g), x>
    assert np.isclose(np.sum(g * np.broadcast_to(x, shape)), np.sum(back * x))


@given(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0))
def test_a_smaller_cotangent_is_broadcast_up(shape):
    back = unbroadcast(2.0, np.zeros(shape, np.float32))
    assert back.shape == shape and back.dtype == np.float32 and back.flags.writeable
    assert np.all(back == 2)


@pytest.mark.parametrize(
    "g, x, expected",
    [
        (np.ones((2, 3)), 1.0, 6.0),
        (np.ones((2, 3)) * 1j + 1, 1.0, 6.0),
        (np.ones(3), 1j, 3 + 0j),
        (np.float32(2), 1.0, 2.0),
        (np.ones(3), np.float32(1), np.float32(3)),
        (2.5 + 1j, np.float64(1), np.float64(2.5)),
        (np.ones(3), np.complex64(1), np.complex64(3)),
    ],
)
def test_scalars_get_scalars_of_their_own_type(g, x, expected):
    result = unbroadcast(g, x)
    assert result == expected and type(result) is type(expected)


def test_dtypes_follow_the_primal():
    assert unbroadcast(np.ones(3), np.ones(3, np.float32)).dtype == np.float32
    assert unbroadcast(np.ones(3) + 2j, np.ones((1,))).tolist() == [3.0]
    assert unbroadcast(np.ones(3), np.ones(3, complex)).dtype == complex
    assert isinstance(unbroadcast(np.ones(3), np.array(1.0)), np.ndarray)
    assert unbroadcast(np.ones(3) * 0.5, np.ones(3, int)).tolist() == [0.5, 0.5, 0.5]


def test_sums_are_taken_before_the_cast():
    g = np.full(100_000, 1e-4)
    assert unbroadcast(g, np.float32(0)) == np.float32(g.sum())


def test_nothing_to_do_gives_the_cotangent_itself():
    g = np.ones(3)
    assert unbroadcast(g, np.zeros(3)) is g


def test_what_is_no_number_is_refused():
    with pytest.raises(TypeError, match="not str"):
        unbroadcast(1.0, "x")
    with pytest.raises(ValueError):
        unbroadcast(np.ones(3), np.ones(2))
