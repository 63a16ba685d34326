"""Rows of arrays that loops go through entry by entry."""

import backprose
import numpy as np
import pytest

A = np.random.default_rng(3).normal(size=(4, 5))
SQUARE = np.random.default_rng(4).normal(size=(4, 4)) + 4 * np.eye(4)


def products(a, b):
    c = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
            c[i, j] = np.sin(c[i, j])
    return np.sum(c * c)


def relaxed(a):
    a = a.copy()
    n, m = a.shape
    for _ in range(2):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                a[i, j] = 0.3 * (a[i - 1, j] * a[i, j - 1] + a[i + 1, j] + a[i, j + 1])
    return np.sum(a * a)


def eliminated(a):
    a = a.copy()
    n = len(a)
    for k in range(n):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    return np.sum(np.log(np.abs(np.diag(a))))


def upwards(a):
    total = 0.0
    for i in range(len(a) - 1):
        for j in range(a.shape[1]):
            total += a[i + 1, j] * a[i, j] + a[i + 1, 0]
    return total


@pytest.mark.parametrize(
    "f, args, lines",
    [
        (relaxed, (A,), ("a_row = a[i]", "a_bar_row = a_bar[i]", "a_bar_row[j] = 0.0")),
        (eliminated, (SQUARE,), ("a_row = a[k]", "a_row_1 = a[i]", "a_row_1[j] = a_row_1[j] - ", "a_bar_row[j] += ")),
        (products, (A, A.T), ("c_row[j] += a[i, k] * b[k, j]", "c_bar_row = c_bar[i]")),
        (upwards, (A,), ("a_row = a[i + 1]",)),
    ],
    ids=lambda found: getattr(found, "__name__", ""),
)  # fmt: skip
def test_rows(f, args, lines):
    df = backprose.value_and_grad(f)
    value, _ = df(*args)
    assert value == f(*args)
    backprose.check_grads(f, args)
    assert all(line in df.source for line in lines), df.source


def cut(a, n):
    total = 0.0
    for i in range(n):
        for j in range(a.shape[1]):
            total += a[i, j] * a[i, j]
    return total


def rebound(a):
    total = 0.0
    for i in range(len(a)):
        for j in range(a.shape[1]):
            total += a[i, j] * a[i, j]
            a = a * 1.5
    return total


def cyclic(a):
    total = 0.0
    for i in range(len(a)):
        for j in range(a.shape[1]):
            total += a[i - 1, j] * a[i - 1, 0]
    return total


def beyond(a):
    total = 0.0
    n = len(a)
    for i in range(n):
        for j in range(i + 1, n):
            total += a[i + 1, j] * a[i + 1, 0]
    return total


def gathered(b):
    total = 0.0
    places = np.array([2, 0])
    for i in range(len(b)):
        for j in range(3):
            total += b[i, j, 1] * b[i, 1, j] + np.sum(b[i, :, places][0] ** 2)
    return total


@pytest.mark.parametrize(
    "f, args",
    [(cut, (A, 3)), (rebound, (A,)), (cyclic, (A,)), (beyond, (SQUARE,)), (gathered, (SQUARE.reshape(1, 4, 4),))],
    ids=lambda found: getattr(found, "__name__", ""),
)
def test_no_row_that_may_not_be_there(f, args):
    """An index that is no row raises only if it is looked at; another array or another reading is no such row."""
    df = backprose.value_and_grad(f)
    value, _ = df(*args)
    assert np.isclose(value, f(*args), rtol=1e-14)
    backprose.check_grads(f, args)
    assert "_row" not in df.source, df.source


def test_a_loop_that_does_not_run_raises_nothing():
    df = backprose.value_and_grad(beyond)
    assert df(np.ones((1, 1)))[0] == 0.0
    for f in (relaxed, eliminated, upwards):
        value, a_bar = backprose.value_and_grad(f)(np.zeros((0, 3)) if f is not eliminated else np.zeros((0, 0)))
        assert value == 0.0 and a_bar.shape[0] == 0
