"""Scalar factors are multiplied with each other before an array is; runtime scalars stay where they are."""

from __future__ import annotations

import backprose
import numpy as np
import pytest


def gauss(x, y):
    return np.mean(y * (np.exp(-x * x) * (2 / np.sqrt(np.pi))) / np.sqrt(2))


def mean_of_logs(x, y):
    return -np.mean(y * np.log(x) + (1 - y) * np.log(2 - x))


def sigmoid(x, y):
    return np.sum(y / (1 + np.exp(-x)))


def halves(x, y):
    return np.sum(0.5 * (x * (0.1 * y)) * x)


def of_integers(x, i):
    return np.mean(x * i + x * x * (i > 0))


def by_number(x, s):
    return np.sum(0.5 * (x * (s * (x * 0.1))))


X, Y = np.array([0.3, 0.8, 1.4]), np.array([0.2, -0.7, 0.5])
CASES = [(gauss, Y), (mean_of_logs, Y), (sigmoid, Y), (halves, Y), (of_integers, np.array([3, 0, -2])), (by_number, 1.7)]


@pytest.mark.parametrize("function, other", CASES, ids=lambda v: getattr(v, "__name__", ""))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gradients(function, other, dtype):
    x = X.astype(dtype)
    found = backprose.grad(function)(x, other)
    differences = [(function(X + e, other) - function(X - e, other)) / 2e-5 for e in 1e-5 * np.eye(3)]
    assert found.dtype == dtype
    np.testing.assert_allclose(found, differences, rtol=1e-5)


def backward(function, *args) -> str:
    gradient = backprose.grad(lambda x, y: function(x, y))
    gradient(*args)
    source = gradient.source
    return source[source.index("# backward") :] if "# backward" in source else source


def test_a_mean_s_weight_is_applied_once():
    assert "-1.0 / y.size * (y / x - " in backward(mean_of_logs, X, Y)


def test_a_reciprocal_that_is_at_hand_is_multiplied_with():
    assert backward(sigmoid, X, Y).count("/") == 1


def rows(x):
    return np.sum(np.mean(0.5 * x * x * 3.0, axis=1) * 0.1)


def test_lengths_may_be_0():
    assert backprose.grad(rows)(np.zeros((3, 2))).shape == (3, 2)
    with np.errstate(all="ignore"):
        assert backprose.grad(rows)(np.zeros((0, 3))).shape == (0, 3)


def test_numbers_of_unknown_magnitude_are_not_multiplied_with_each_other():
    def weighted(x, s, t):
        return np.sum(s * (x * (t * x)))

    x = np.array([1e-200, 2e-200])
    found = backprose.grad(weighted)(x, 1e250, 1e250)
    np.testing.assert_allclose(found, [2e300, 4e300], rtol=1e-12)
    tiny = backprose.grad(weighted)(np.array([1e200]), 1e-200, 1e-200)
    np.testing.assert_allclose(tiny, [2e-200], rtol=1e-12)
