"""The emitted code of functions that update in place: no copies of arrays, no sums and no stores that nobody needs."""

from __future__ import annotations

import re

import algorithm_programs
import backprose
import numpy as np
import oracle_of_memory
import pytest

X = np.random.default_rng(5).normal(size=5)


def gradient_source(f, args) -> str:
    oracle_of_memory.check(f, args)
    gradient = backprose.grad(f)
    gradient(*args)
    return gradient.source


def padded_sums(x):
    out = np.zeros(len(x) + 1)
    out[1:] = np.cumsum(x)
    return np.sum(out * out)


def differences(x):
    d = np.empty(x.shape[0] - 1)
    d[:] = x[1:] - x[:-1]
    return np.sum(d**3)


def scaled_slice(x):
    y = 2 * x
    y[1:3] *= y[0]
    return np.sum(y * y * x)


def scaled_slice_on_one_path(x):
    y = x * 1.0
    if x[0] > -9:
        y[2:] *= 3
    return np.sum(np.sin(y))


def outer_update(a):
    for j in range(len(a)):
        a[j:, j:] -= 0.1 * np.outer(a[j:, j], a[j, j:])
    return np.sum(a * a)


EVIDENT = (padded_sums, differences, scaled_slice, scaled_slice_on_one_path)


@pytest.mark.parametrize("f", EVIDENT, ids=lambda f: f.__name__)
def test_no_sum_at_run_time(f):
    source = gradient_source(f, (X,))
    other = re.sub(r"x\.shape\[0\]|np\.zeros\(x\.shape\)", "", source)
    assert "sum_to" not in source and ".shape" not in other, source


@pytest.mark.parametrize("size", [2, 3])
def test_no_sum_at_run_time_of_a_block(size):
    assert "sum_to" not in gradient_source(outer_update, (np.random.default_rng(6).normal(size=(size, size)),))


def stretched(x):
    y = np.zeros((3, len(x)))
    y[1:] = x
    y[:, 1:] += x[:1]
    return np.sum(np.sin(y))


def stretched_where_one_long(x, n):
    y = np.zeros(4)
    y[:] = x[:n] * x[0]
    return np.sum(np.sin(y))


@pytest.mark.parametrize("x", [X, X[:1]], ids=["five", "one"])
def test_what_is_spread_is_summed(x):
    oracle_of_memory.check(stretched, (x,))


@pytest.mark.parametrize("n", [1, 4])
def test_a_slice_that_may_be_spread_is_summed(n):
    oracle_of_memory.check(stretched_where_one_long, (X, n))


TEXTBOOK = ("cholesky", "gauss", "thomas", "lu_with_pivoting", "power_iteration", "adaptive_step")


@pytest.mark.parametrize("name", TEXTBOOK)
def test_textbook_loops_copy_no_array(name):
    source = gradient_source(getattr(algorithm_programs, name), algorithm_programs.arguments(name, 4))
    assert "set_at(" not in source and "put_at(" not in source and "sum_to" not in source, source


def masked(x):
    y = x * x
    y[x > 0] *= 3.0
    return np.sum(y * x)


def block(x):
    y = np.outer(x, x)
    y[1:, 2] *= 3.0
    return np.sum(y * y)


@pytest.mark.parametrize("f", [masked, block], ids=lambda f: f.__name__)
def test_what_is_added_to_zeros_is_stored(f):
    source = gradient_source(f, (X,))
    assert "= 0.0" not in source, source
