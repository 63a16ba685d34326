"""`stop_gradient`: a constant in every mode and at every order, and the same memory.

What the derivative must be is had from differences: the value of each call at the point is kept, and given again where
the function runs beside it.
"""

from __future__ import annotations

import re
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

import backprose
from backprose import errors, grad, jvp, stop_gradient, value_and_grad, vjp

X = np.array([1.2, -0.7, 3.4])
Pair = namedtuple("Pair", "first second")


@dataclass
class Layer:
    w: np.ndarray
    b: float


class Kept:
    """Stands for `stop_gradient`: gives what it was given in the first run."""

    def __init__(self):
        self.values, self.at = [], None

    def __call__(self, x):
        if self.at is None:
            self.values.append(x)
            return x
        self.at += 1
        return self.values[self.at - 1]


def differences(fun, x, order=1, step=1e-6):
    """The derivative of the sum of `fun(x, stop)` by each entry of x; of order 2 along a vector of ones."""
    kept = Kept()
    fun(x, kept)

    def value(x):
        kept.at = 0
        return fun(x, kept)

    if order == 2:
        step = 1e-4
        ones = np.ones_like(x)
        return (value(x + step * ones) - 2 * value(x) + value(x - step * ones)) / step**2
    units = np.eye(x.size).reshape(x.size, *x.shape)
    return np.reshape([(value(x + step * e) - value(x - step * e)) / (2 * step) for e in units], x.shape)


def straight_through(x, stop=stop_gradient):
    y = x + stop(np.round(x) - x)
    return np.sum(y * y * x)


def factors(x, stop=stop_gradient):
    return np.sum(x * stop(x) * np.sin(x) * stop(x * x))


def scalars(x, stop=stop_gradient):
    return stop(x[0]) * x[1] * x[0] + float(stop(x[2])) * x[2] ** 2


def containers(x, stop=stop_gradient):
    p = {"w": [x * 2, (x[0], 3)], "l": Layer(x**2, 2.0), "p": Pair(x, None)}
    q = stop(p)
    return np.sum(q["w"][0] * p["w"][0]) + q["w"][1][0] * x[1] + np.sum(q["l"].w * p["l"].w) + np.sum(q["p"].first * x)


def list_of_any_length(x, stop=stop_gradient):
    xs = []
    for i in range(len(x)):
        xs.append(x * x[i])
    total = 0.0
    for kept, moving in zip(stop(xs), xs):
        total += np.sum(kept * moving)
    return total + np.sum(stop(xs)[1] * x)


def loop(x, stop=stop_gradient):
    y = x
    for _ in range(3):
        y = y * np.cos(stop(y)) + x
        if y[0] > stop(y[1]):
            y = stop(y) + x * y
    return np.sum(y * y)


def overwritten_later(x, stop=stop_gradient):
    x = x * 1.0
    total = 0.0
    for i in range(len(x)):
        total = total + stop(x[i] * 1.0) * np.sum(x * x)
        x[i] = np.sin(x[i - 1])
    return total


def method(x, stop=stop_gradient):
    return np.sum(stop(x).reshape(-1)[::-1] * x)


@pytest.mark.parametrize(
    "fun", [straight_through, factors, scalars, containers, list_of_any_length, loop, overwritten_later, method]
)
def test_both_modes_and_orders(fun):
    expected = differences(fun, X)
    g = grad(fun)
    np.testing.assert_allclose(g(X), expected, rtol=1e-6, atol=1e-7)
    value, dot = jvp(fun, (X,), (np.ones(3),))
    assert value == fun(X)
    np.testing.assert_allclose(dot, expected.sum(), rtol=1e-6, atol=1e-7)
    assert not {"stop(", "stop_gradient("} & set(re.findall(r"\w+\(", g.source))
    along = differences(fun, X, order=2)
    np.testing.assert_allclose(np.sum(jvp(g, (X,), (np.ones(3),))[1]), along, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.sum(grad(lambda x: np.sum(grad(fun)(x)))(X)), along, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.sum(grad(lambda x: jvp(fun, (x,), (np.ones(3),))[1])(X)), along, rtol=1e-4, atol=1e-5)


def test_orders_of_a_scalar():
    def f(x):
        return x**3 * stop_gradient(x)

    assert [grad(f)(2.0), grad(grad(f))(2.0), grad(grad(grad(f)))(2.0)] == [24.0, 24.0, 12.0]
    assert jvp(grad(f), (2.0,), (1.0,)) == (24.0, 24.0)


def test_a_function_that_ends_there_has_a_zero_gradient():
    assert np.array_equal(grad(lambda x: np.sum(stop_gradient(x)))(X), np.zeros(3))
    assert grad(lambda x: stop_gradient(x) * 2.0)(3.0) == 0.0
    assert jvp(lambda x: stop_gradient(x), (X,), (X,))[1].tolist() == [0.0, 0.0, 0.0]


def test_at_run_time_it_is_the_argument():
    for x in (X, 2.0, [X, (1, None)], {"a": Layer(X, 1.0)}, "text"):
        assert stop_gradient(x) is x
    assert backprose.stop_gradient is stop_gradient


# Memory: what it gives is the argument


def test_a_store_is_seen_through_both_names():
    def through_stopped(x):
        x = x * 1.0
        y = stop_gradient(x)
        y[0] = 5.0 * x[1]
        return np.sum(x * x) + np.sum(y**3)

    def through_argument(x):
        x = x * 1.0
        y = stop_gradient(x)[1:]
        x[1] = 5.0 * x[0]
        return np.sum(y * x[1:])

    assert through_stopped(X) == value_and_grad(through_stopped)(X)[0]
    np.testing.assert_allclose(grad(through_stopped)(X), [0.0, 52 * X[1], 2 * X[2]])
    assert through_argument(X) == value_and_grad(through_argument)(X)[0]
    np.testing.assert_allclose(grad(through_argument)(X), [25 * X[0], 0.0, X[2]])


def test_updates_of_all_of_it():
    def f(x):
        x = x * 1.0
        y = stop_gradient(x)
        y *= 3.0
        y += x
        np.add.at(y, np.array([0, 0]), x[1])
        return np.sum(x)

    x = X * 1.0
    value, gradient = value_and_grad(f)(x)
    assert value == f(X)
    assert np.array_equal(x, X)
    # What is stored is `y * 3.0`, a constant, then `y + x`, of which only x moves, which holds that constant.
    np.testing.assert_allclose(gradient, [0.0, 0.0, 0.0])


def test_the_argument_itself():
    def f(x):
        return stop_gradient(x) is x

    def g(x):
        y = stop_gradient(x)
        return np.sum(x * x) if y is x else 0.0

    assert f(X)
    np.testing.assert_allclose(grad(g)(X), 2 * X)


def test_results_are_memory_of_their_own():
    value, pullback = vjp(lambda x: (stop_gradient(x), x), X)
    (bar,) = pullback((np.ones(3), X))
    assert np.array_equal(bar, X)
    assert not np.shares_memory(bar, X)


def appended_later(x):
    xs = []
    for i in range(3):
        xs.append(x * i)
    ys = stop_gradient(xs)
    xs.append(x)
    return np.sum(ys[3] * xs[3])


def element_updated(x):
    xs = []
    for i in range(3):
        xs.append(x * i)
    ys = stop_gradient(xs)
    ys[1][0] = 7.0
    return np.sum(ys[1] * xs[1])


def item_of_stopped(x):
    p = {"b": x}
    q = stop_gradient(p)
    q["b"] = x * x
    return np.sum(p["b"] * q["b"])


def item_of_argument(x):
    p = {"b": x}
    q = stop_gradient(p)
    p["b"] = x * x
    return np.sum(p["b"] * q["b"])


@pytest.mark.parametrize("fun", [appended_later, element_updated, item_of_stopped, item_of_argument])
def test_a_container_that_is_changed_is_refused(fun):
    with pytest.raises(errors.UnsupportedUpdate):
        grad(fun)(X)


def test_wrong_calls():
    with pytest.raises(errors.CompileError, match="does not fit its parameters"):
        grad(lambda x: stop_gradient(x, 1))(2.0)
