"""A part of an array in another order is updated through a reshape, which is a view of the part and not of a C-ordered copy."""

import numpy as np
import pytest

import backprose
from backprose_runtime import add_at, set_at


def in_order(x, order):
    """A copy of x whose axes lie in memory in this order."""
    return x.transpose(order).copy().transpose(np.argsort(order))


def rows_of_a_part(x):
    y = x * 2.0
    rows = y[:, 0].reshape(2, -1)
    rows[1] = rows[0] * x[0, 0, 0]
    return rows[1, 2] * rows[0, 1] * rows[1, 1] + y[1, 1, 0] * y[0, 0, 1]


def test_the_part_is_updated():
    x = in_order(np.arange(1.0, 25).reshape(3, 2, 4), (1, 0, 2))
    value, x_bar = backprose.value_and_grad(rows_of_a_part)(x)
    assert value == rows_of_a_part(x)
    for index in np.ndindex(x.shape):
        ahead, behind = (in_order(x, (1, 0, 2)) for _ in range(2))
        ahead[index] += 1e-6
        behind[index] -= 1e-6
        assert x_bar[index] == pytest.approx((rows_of_a_part(ahead) - rows_of_a_part(behind)) / 2e-6, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
@pytest.mark.parametrize("name", ["reshape", "copied_reshape"])
def test_the_runtime_writes_through_any_reshape(name, order):
    x = in_order(np.arange(24.0).reshape(3, 2, 4), order)
    path = ((slice(None), 0), name, ((2, -1),))
    expected = np.arange(24.0).reshape(3, 2, 4)
    expected[:, 0] = np.concatenate([expected[:, 0].ravel()[:6], np.full(6, -1.0)]).reshape(3, 4)
    assert np.array_equal(set_at(x, -1.0, *path, 1), expected)
    expected[:, 0] = np.concatenate([x[:, 0].ravel()[:6], x[:, 0].ravel()[6:] + 2]).reshape(3, 4)
    assert np.array_equal(add_at(x, 1, 2.0, *path), expected)
