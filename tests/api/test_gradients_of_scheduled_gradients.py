"""Gradients through gradients of loops under a schedule: the pullback of a gradient is its tangent, by all that moves."""

import backprose
import numpy as np
import pytest
from backprose import checkpoint, grad, jvp, value_and_grad, vjp

U = np.array([0.3, -1.2, 0.7, 1.9])


def scheduled(params, k, n):
    u, v = params["u"], params["v"]
    for t in checkpoint(range(n), schedule="binomial", snapshots=3, every=2):
        u, v = u * np.cos(k * v), v + 0.1 * np.sin(u) * t
    return np.sum(u) + np.sum(v * v)


def kept(params, k, n):
    u, v = params["u"], params["v"]
    for t in range(n):
        u, v = u * np.cos(k * v), v + 0.1 * np.sin(u) * t
    return np.sum(u) + np.sum(v * v)


def same(found, expected):
    if isinstance(found, dict):
        assert found.keys() == expected.keys()
        return all(same(found[key], expected[key]) for key in found)
    if isinstance(found, tuple):
        return len(found) == len(expected) and all(map(same, found, expected))
    return (found is None and expected is None) or np.allclose(found, expected, rtol=1e-12, atol=1e-13)


def penalty(f):
    """By a container, beside an argument that the inner gradient is not by."""
    return lambda params, k, n: np.sum(np.sin(grad(f)(params, k, n)["v"])) * k


def of_value_and_gradients(f):
    def function(params, k, n):
        value, (bars, k_bar) = value_and_grad(f, (0, 1))(params, k, n)
        return value * k_bar * np.sum(bars["u"] ** 2)

    return function


def of_a_nested_function(f):
    """What it captures moves too, though the inner gradient takes it as constant."""
    def function(params, k, n):
        factor = k * params["u"][0]

        def inner(u):
            return f({"u": u * factor, "v": params["v"]}, k, n) * k

        return np.sum(np.cos(grad(inner)(params["u"])))

    return function


def in_a_loop(f):
    def function(params, k, n):
        for _ in range(3):
            bars = grad(f)(params, k, n)
            params = {"u": params["u"] - 0.1 * bars["u"], "v": params["v"] - 0.1 * bars["v"]}
        return f(params, k, n)

    return function


@pytest.mark.parametrize("outer", [penalty, of_value_and_gradients, of_a_nested_function, in_a_loop])
def test_values(outer):
    args = ({"u": U, "v": np.cos(U)}, 1.3, 5)
    found, expected = outer(scheduled), outer(kept)
    assert same(grad(found, (0, 1))(*args), grad(expected, (0, 1))(*args))
    dots = ({"u": np.sin(U), "v": U}, 0.7)
    assert same(jvp(lambda p, k: found(p, k, 5), args[:2], dots), jvp(lambda p, k: expected(p, k, 5), args[:2], dots))


def test_pullbacks_of_gradients():
    args = ({"u": U, "v": np.cos(U)}, 1.3, 5)
    found, expected = (vjp(grad(f), *args)[1] for f in (scheduled, kept))
    bar = {"u": np.sin(U), "v": np.ones(4)}
    assert same(found(bar), expected(bar))
    assert same(found(bar), expected(bar)), "it may be called again"


def test_a_rule_that_is_no_derivative_is_not_taken_for_one():
    @backprose.custom_vjp
    def clipped(x):
        return x

    clipped.defvjp(lambda x: (x, x), lambda x, bar: (np.clip(bar, -1, 1) * x,))

    def loss(u, n, marked):
        for _ in checkpoint(range(n), schedule="binomial", snapshots=2) if marked else range(n):
            u = u + 0.1 * clipped(np.sin(u))
        return np.sum(u**3)

    def of(marked):
        return grad(lambda u: np.sum(np.cos(grad(lambda u: loss(u, 4, marked))(u))))(U)

    np.testing.assert_allclose(of(True), of(False), rtol=1e-12)
