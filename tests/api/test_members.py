"""Attributes and methods of arrays and numbers: followed, constant, or refused with a reason."""

from __future__ import annotations

import numpy as np
import pytest

import backprose
from backprose.errors import NotDifferentiable, UnsupportedCall

X = np.array([[1.0, 2.0, 3.0], [1.5, 2.5, 3.5]])


def asks_for_sizes(x):
    return np.sum(x * x) + 0 * (x.itemsize + x.nbytes + x.ndim + x.size + x.dtype.itemsize)


def asks_for_the_type(x):
    assert np.finfo(x.dtype).bits == 64 and np.iinfo(np.int8).max == 127 and np.finfo(x[0, 0]).tiny > 0
    return np.sum(x * x) * (1 + np.finfo(x.dtype).eps)


def takes_views(x):
    return np.sum(x.view() * x.view(np.float64) * x.view(x.dtype).real ** 0)


def stores_through_a_view(x):
    y = x * x
    y.view()[0] *= 1.0
    return np.sum(y)


def calls_unbound_methods(x):
    return np.sum(np.ndarray.sum(np.ndarray.reshape(x * x, 6), axis=0))


def takes_entries_out(x):
    total = 0.0
    for row in (x * x).tolist():
        for entry in row:
            total += entry
    return total - x[0, 0].item() ** 2 + x[0, 0].tolist() ** 2


def asks_a_number(x):
    n = np.argmax(x)
    assert x[0, 0].is_integer() and x[0, 0].hex() and n.numerator == n and n.denominator == 1
    return np.sum(x * x) + 0 * x.argpartition(1)[0, 0]


def asks_for_bytes(x):
    return np.sum(x * x) if x.tobytes() else 0.0


FUNCTIONS = [
    asks_for_sizes, asks_for_the_type, takes_views, stores_through_a_view, calls_unbound_methods, takes_entries_out,
    asks_a_number, asks_for_bytes,
]  # fmt: skip


def uses_the_array_api(x):
    xp = x.__array_namespace__()
    return xp.sum(x.to_device(x.device) * x) if x.device == "cpu" else 0.0


def transposes_matrices(x):
    return np.sum(x.mT * x.T)


FUNCTIONS += [uses_the_array_api] if hasattr(np.ndarray, "device") else []
FUNCTIONS += [transposes_matrices] if hasattr(np.ndarray, "mT") else []


@pytest.mark.parametrize("f", FUNCTIONS)
def test_it_has_the_right_gradient(f):
    value, bar = backprose.value_and_grad(f)(X)
    assert value == f(X)
    np.testing.assert_allclose(bar, 2 * X)


def asks_for_strides(x):
    return np.sum(x) * x.strides[0]


def asks_for_the_owner(x):
    return np.sum(x) if x.base is None else 0.0


def takes_bits(x):
    return np.sum(x.view(np.int64).view(np.float64))


def takes_a_ratio(x):
    return x[0, 0].as_integer_ratio()[0] * 1.0


@pytest.mark.parametrize(
    "f, reason",
    [
        (asks_for_strides, "in memory"), (asks_for_the_owner, "in memory"), (takes_bits, "as other numbers"),
        (takes_a_ratio, "integers"),
    ],
)
def test_it_is_refused(f, reason):
    with pytest.raises(UnsupportedCall, match=reason):
        backprose.grad(f)(X)


def reads_bytes_as_other_numbers(x):
    return np.sum(x.view(np.float32))


def test_no_derivative_goes_through_it():
    with pytest.raises(NotDifferentiable, match="as other numbers"):
        backprose.grad(reads_bytes_as_other_numbers)(X)


def test_a_file_is_written_once(tmp_path):
    path = str(tmp_path / "x")

    def f(x):
        x.tofile(path)
        return np.sum(x * x)

    np.testing.assert_array_equal(backprose.grad(f)(X), 2 * X)
    np.testing.assert_array_equal(np.fromfile(path), X.ravel())
