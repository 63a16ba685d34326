"""Pullbacks may be called many times and from many threads, whatever becomes of what the caller holds; `has_aux`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from backprose import differentiable, grad, jvp, value_and_grad, vjp

X = np.array([1.2, -0.7, 3.4])


def updates_in_place(x):
    y = np.zeros((4, 3))
    y[0] = np.sin(x)
    for i in range(1, 4):
        y[i] = np.exp(-y[i - 1]) * x
        y[i - 1] *= y[i]
    return np.sum(y * y, axis=1), {"last": y[3]}


def power(x, n):
    return x if n == 1 else x * power(np.sin(x), n - 1)


def recursive(x):
    return power(x, 4)


@pytest.mark.parametrize("fun", [updates_in_place, recursive])
def test_many_times_and_from_many_threads(fun):
    value, pullback = vjp(fun, X)
    rng = np.random.default_rng(0)

    def cotangent():
        if fun is recursive:
            return rng.normal(size=3)
        return rng.normal(size=4), {"last": rng.normal(size=3)}

    bars = [cotangent() for _ in range(20)]
    expected = [pullback(bar)[0] for bar in bars]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            for got, want in zip(pool.map(pullback, bars), expected):
                assert np.array_equal(got[0], want)
    # Every result is in memory of its own.
    first = pullback(bars[0])[0]
    first[:] = np.nan
    assert np.array_equal(pullback(bars[0])[0], expected[0])


def test_made_in_many_threads():
    def f(x, k):
        return np.sum(np.tanh(x) ** k)

    def run(k):
        value, pullback = vjp(f, X, float(k))
        return pullback(1.0)[0]

    with ThreadPoolExecutor(4) as pool:
        for k, got in enumerate(pool.map(run, range(1, 30)), 1):
            np.testing.assert_allclose(got, k * np.tanh(X) ** (k - 1) * (1 - np.tanh(X) ** 2))


# Auxiliary output


def nested(x):
    y = np.exp(x)
    return np.sum(y * y), {"y": [y], "n": (len(x), None, "text"), "x": x}


def nothing(x):
    return np.sum(x * x), None


def grown(x):
    total, trace = 0.0, []
    for i in range(3):
        total = total + np.sum(np.sin(x)) * i
        trace.append(total)
    return total, trace


def view(x):
    y = np.sin(x)
    return np.sum(y), y[1:]


def equal(a, b):
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[k], b[k]) for k in a)
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b


@pytest.mark.parametrize("fun", [nested, nothing, grown, view])
def test_auxiliary_output(fun):
    value, aux = fun(X)
    gradient = grad(lambda x: fun(x)[0])(X)
    got, got_aux = grad(fun, has_aux=True)(X)
    assert equal(got_aux, aux) and np.array_equal(got, gradient)
    (got_value, got_aux), got = value_and_grad(fun, has_aux=True)(X)
    assert got_value == value and equal(got_aux, aux) and np.array_equal(got, gradient)
    got_value, pullback, got_aux = vjp(fun, X, has_aux=True)
    assert got_value == value and equal(got_aux, aux) and np.array_equal(pullback(1.0)[0], gradient)
    got_value, dot, got_aux = jvp(fun, (X,), (np.ones(3),), has_aux=True)
    assert got_value == value and equal(got_aux, aux)
    np.testing.assert_allclose(dot, gradient.sum())
    beside = differentiable(fun)
    assert equal(beside.vjp(X, has_aux=True)[2], aux) and equal(beside.jvp((X,), (X,), has_aux=True)[2], aux)


@pytest.mark.parametrize("fun", [nested, view])
def test_the_auxiliary_output_may_be_changed(fun):
    _, pullback, aux = vjp(fun, X, has_aux=True)
    before = pullback(1.0)[0].copy()
    (aux["y"][0] if fun is nested else aux)[:] = 0.0
    assert np.array_equal(pullback(1.0)[0], before)


def test_a_derivative_of_what_is_auxiliary():
    np.testing.assert_allclose(grad(lambda x: np.sum(grad(nested, has_aux=True)(x)[1]["y"][0] * 2))(X), 2 * np.exp(X))
    np.testing.assert_allclose(grad(lambda x: np.sum(grad(nested, has_aux=True)(x)[0]))(X), 4 * np.exp(2 * X))
