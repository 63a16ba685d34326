"""`linearize`: the value, and a linear function of tangents that may be called any number of times."""

import threading

import numpy as np
import pytest

from backprose import checkpoint, grad, hessian, jacfwd, jacrev, jvp, linearize, value_and_grad, vjp

X, V = np.array([0.3, -1.2, 2.0]), np.array([1.0, 0.5, -2.0])


def wave(x, s):
    u = np.zeros(3)
    for i in range(3):
        u[i] = np.sin(x[i] * s) * x[i - 1]
    return {"u": u, "n": 3}


def test_value_and_linear_function():
    value, push = linearize(wave, X, 2.0)
    np.testing.assert_array_equal(value["u"], wave(X, 2.0)["u"])
    for v, t in ((V, 0.5), (X, 0.0), (0 * V, 1.0)):
        dot = push(v, t)
        np.testing.assert_allclose(dot["u"], jvp(wave, (X, 2.0), (v, t))[1]["u"])
        assert dot["n"] is None


def test_it_stays_when_the_primals_change():
    x = X.copy()
    _, push = linearize(lambda x: x**2, x)
    x[:] = 100.0
    np.testing.assert_allclose(push(V), 2 * X * V)


def test_it_is_linear():
    _, push = linearize(lambda x: np.sqrt(np.abs(x)) * x[::-1], X)
    np.testing.assert_allclose(push(2.0 * X - 3.0 * V), 2.0 * push(X) - 3.0 * push(V))


def test_containers_and_aux():
    value, push, aux = linearize(lambda p, n: (p["w"] ** n, "kept"), {"w": X, "name": "layer"}, 2, has_aux=True)
    np.testing.assert_allclose(value, X**2)
    np.testing.assert_allclose(push({"w": V, "name": None}, None), 2 * X * V)
    assert aux == "kept"


def test_tangents_are_checked():
    _, push = linearize(lambda x, s: x * s, X, 2.0)
    with pytest.raises(ValueError, match="2 primals and 1 tangents"):
        push(V)
    with pytest.raises(ValueError, match=r"tangents\[0\] has shape \(2,\)"):
        push(V[:2], 1.0)


# It runs once


def test_the_function_runs_once():
    """The linear function computes with tangents: what it draws is drawn once, and no sine is taken again."""
    np.random.seed(0)
    value, push = linearize(lambda x: np.sin(x) * np.random.normal(size=3), X)
    np.testing.assert_allclose(push(V), value / np.tan(X) * V)
    np.testing.assert_array_equal(push(V), push(V))
    _, linear = push.source.split("_linear(")
    assert "np.sin" not in linear and "np.cos" not in linear and "random" not in linear


def test_only_what_a_tangent_reads_is_kept():
    assert linearize(lambda x: 3.0 * x[::-1] + np.sum(x), X)[1]._residuals == ()
    np.testing.assert_array_equal(linearize(lambda x: np.sum(np.sin(x)), X)[1]._residuals, [np.cos(X)])


def test_what_only_the_value_reads_is_not_kept():
    def f(x):
        table = np.zeros((50, 3))
        for i in range(50):
            table[i] = np.arange(3.0) * i
        return 2.0 * x + table[7]

    assert linearize(f, X)[1]._residuals == ()


# It owns what it holds, and what it gives


def test_results_share_memory_with_nothing():
    (a, b), push = linearize(lambda x, y: (x * y, y), X, X + 1)
    wanted = push(V, V)
    for array in (a, b, *push(V, V)):
        array[...] = 9.0
    np.testing.assert_array_equal(push(V, V), wanted)

    dot = V.copy()
    _, same = linearize(lambda x: x[::-1], X)
    same(dot)[...] = 9.0
    np.testing.assert_array_equal(dot, V)


WEIGHTS = np.ones(3)


def weighted(x):
    return WEIGHTS * x * x


class Model:
    def __init__(self):
        self.w = np.ones(3)

    def value(self, x):
        return self.w * x * x


@pytest.mark.parametrize("way", [linearize, lambda f, x: (lambda y, pull: (y, lambda v: pull(v)[0]))(*vjp(f, x))])
def test_what_the_function_reads_of_the_outside_may_change(way, monkeypatch):
    """Globals, cells and attributes: bound to something else, or written to."""
    monkeypatch.setitem(globals(), "WEIGHTS", np.ones(3))
    _, push = way(weighted, X)
    WEIGHTS[:] = 5.0
    np.testing.assert_allclose(push(V), 2 * X * V)
    monkeypatch.setitem(globals(), "WEIGHTS", 7.0 * np.ones(3))
    way(weighted, X)
    np.testing.assert_allclose(push(V), 2 * X * V)

    model, cell = Model(), np.ones(3)
    _, of_model = way(model.value, X)
    _, of_cell = way(lambda x: cell * x * x, X)
    model.w[:] = cell[:] = 4.0
    np.testing.assert_allclose(of_model(V), 2 * X * V)
    np.testing.assert_allclose(of_cell(V), 2 * X * V)


def test_threads():
    x, rng = np.linspace(0, 1, 500), np.random.default_rng(0)
    _, push = linearize(lambda x: np.cumsum(np.sin(x) * x[0]), x)
    dots = rng.normal(size=(4, 500))
    wanted, found = [push(d) for d in dots], [None] * 4

    def work(i):
        for _ in range(50):
            found[i] = push(dots[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(found, wanted)


# Of derivatives, and of checkpointed functions


@pytest.mark.parametrize("derivative", [grad, value_and_grad, hessian])
def test_of_derivatives_of_scalar_functions(derivative):
    f = derivative(lambda x: np.sum(np.sin(x) * x[::-1] * x[0]))
    for found, wanted in zip(leaves(linearize(f, X)[1](V)), leaves(jvp(f, (X,), (V,))[1]), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("derivative", [jacfwd, jacrev])
def test_of_jacobians(derivative):
    f = derivative(lambda x: np.sin(x) * x[0])
    np.testing.assert_allclose(linearize(f, X)[1](V), jvp(f, (X,), (V,))[1], rtol=1e-12)


def every_third(x, n):
    for i in checkpoint(range(n), every=3):
        x = np.sin(x) * np.random.normal(size=3) + 0.1 * i
    return x


def binomial(x, n):
    for i in checkpoint(range(n), schedule="binomial", snapshots=3):
        x = np.sin(x) * x[0] + 0.1 * i
    return x


@pytest.mark.parametrize("f", [every_third, binomial])
def test_a_checkpointed_loop_runs_again(f):
    """It keeps what it starts from, and what it drew."""
    np.random.seed(1)
    value, push = linearize(f, X, 10)
    np.random.seed(1)
    wanted = jvp(f, (X, 10), (V, None))
    np.testing.assert_allclose((value, push(V, None)), wanted, rtol=1e-12)
    np.testing.assert_allclose(push(V, None), wanted[1], rtol=1e-12)
    assert sum(np.size(x) for x in leaves(push._residuals)) <= 10 * 3 + 3 + 1


def test_float32_and_complex_numbers():
    dot = linearize(lambda x: np.sin(x) * x[0], X.astype("f4"))[1](V)
    assert dot.dtype == np.float32
    z, t = X + 1j, V - 2j
    np.testing.assert_allclose(linearize(lambda x: np.abs(x) * x, z)[1](t), jvp(lambda x: np.abs(x) * x, (z,), (t,))[1])


def leaves(value):
    if isinstance(value, (tuple, list)):
        return [leaf for part in value for leaf in leaves(part)]
    return [value]
