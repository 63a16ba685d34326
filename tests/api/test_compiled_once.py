"""However a function is passed, what is compiled for it serves its next derivative; and nothing is kept without end."""

from __future__ import annotations

import functools
import gc
import linecache
import threading
import weakref

import numpy as np
import pytest

import backprose.dispatch
import backprose.pipeline
from backprose import elementwise_grad, grad, hessian, hvp, jacobian, jvp, linearize, twins, value_and_grad, vjp

X = np.linspace(1.0, 2.0, 3)


@pytest.fixture
def compilations(monkeypatch):
    """The functions that were compiled, one by one."""
    found = []
    compile_function = backprose.pipeline.compile_function

    def counted(function, *args, **keywords):
        found.append(function.__name__)
        return compile_function(function, *args, **keywords)

    monkeypatch.setattr(backprose.pipeline, "compile_function", counted)
    return found


def plain(x, k=2.0):
    return np.sum(x * x * k)


def variadic(*xs, scale=1.0):
    return np.sum(xs[0] * xs[-1] * scale)


def named(**parts):
    return np.sum(parts["x"] ** 2)


def decorator(f):
    @functools.wraps(f)
    def wrapper(*args, **keywords):
        return f(*args, **keywords)

    return wrapper


@decorator
def decorated(x):
    return np.sum(x * x)


class Model:
    def __init__(self, k):
        self.k = k

    def loss(self, x):
        return np.sum(x * x * self.k)

    def variadic(self, *xs):
        return np.sum(xs[0] * xs[0] * self.k)

    def __call__(self, x):
        return np.sum(x * x * self.k)


def scaled(k):
    def inner(x):
        return np.sum(x * x * k)

    return inner


def scaled_variadic(k):
    return lambda *xs: np.sum(xs[0] * xs[0] * k)


model = Model(2.0)
square = lambda x: np.sum(x * x)  # noqa: E731
several = lambda *xs: np.sum(xs[0] * xs[-1])  # noqa: E731
ONCE = {
    "a function": lambda: plain,
    "a lambda": lambda: square,
    "a variadic function": lambda: variadic,
    "a variadic lambda": lambda: several,
    "a partial": lambda: functools.partial(plain, k=3.0),
    "a partial of a variadic function": lambda: functools.partial(variadic, X),
    "a partial of a variadic lambda": lambda: functools.partial(several, X),
    "a bound method": lambda: model.loss,
    "a bound variadic method": lambda: model.variadic,
    "a callable object": lambda: model,
    "a decorated function": lambda: decorated,
    "a function decorated anew": lambda: decorator(plain),
    "a nested function made anew": lambda: scaled(2.0),
    "one over an array": lambda: scaled(X),
    "a variadic one made anew": lambda: scaled_variadic(X),
    "a lambda made anew": lambda: lambda x: np.sum(x * x),
    "a gradient of a lambda made anew": lambda: grad(lambda x: np.sum(x * x * x) ** 2, argnums=(0,)),
}


@pytest.mark.parametrize("name", ONCE)
@pytest.mark.parametrize("form", [
    lambda f: jacobian(f)(X),
    lambda f: vjp(f, X),
    lambda f: linearize(f, X),
    lambda f: jvp(f, (X,), (X,)),
], ids=["jacobian", "vjp", "linearize", "jvp"])  # fmt: skip
def test_one_compilation_serves_all_calls(name, form, compilations):
    for _ in range(4):
        form(ONCE[name]())
    assert len(compilations) <= 1


@pytest.mark.parametrize("form", [grad, value_and_grad, hessian], ids=lambda f: f.__name__)
def test_for_each_derivative(form, compilations):
    for _ in range(3):
        form(several)(X, X)
        form(lambda *xs: np.sum(xs[0] * xs[1] ** 2))(X, X)
    assert len(compilations) <= 2


def test_forward_ones(compilations):
    for k in (1.0, 2.0, 3.0):
        hvp(lambda x: np.sum(x**3) * k, (X,), (X,))
        assert np.allclose(elementwise_grad(lambda x: x * x * k)(X), 2 * X * k)
    assert len(compilations) == 2


# Each function means what its own cells mean


def test_the_cells_of_each_function_count(compilations):
    first, second = grad(scaled(2.0)), grad(scaled(5.0))
    assert len(compilations) == 0
    for _ in range(2):
        assert np.allclose(first(X), 4 * X) and np.allclose(second(X), 10 * X)
    assert len(compilations) == 1
    assert np.allclose(grad(scaled(X))(X), 2 * X * X)  # another kind of cell
    assert np.allclose(grad(scaled(X[:1]))(X), 2 * X)
    assert len(compilations) == 3
    assert np.allclose(grad(scaled(X + 1))(X), 2 * X * (X + 1)) and len(compilations) == 3


def test_what_is_static_in_a_cell_is_compiled_in(compilations):
    def chosen(flag, name, f):
        return lambda x: np.sum(f(x)) * (2.0 if flag else 3.0) * (1.0 if name == "a" else 5.0)

    assert np.allclose(grad(chosen(True, "a", np.sin))(X), 2 * np.cos(X))
    assert np.allclose(grad(chosen(False, "a", np.sin))(X), 3 * np.cos(X))
    assert np.allclose(grad(chosen(True, "b", np.sin))(X), 10 * np.cos(X))
    assert np.allclose(grad(chosen(True, "a", np.exp))(X), 2 * np.exp(X))
    assert len(compilations) == 4
    assert np.allclose(grad(chosen(True, "b", np.sin))(X), 10 * np.cos(X)) and len(compilations) == 4


def test_helpers_made_anew_mean_what_they_mean():
    def with_helper(k):
        def helper(x):
            return x * k

        return lambda x: np.sum(helper(x) ** 2)

    for k in (1.0, 2.0, 3.0):
        assert np.allclose(grad(with_helper(k))(X), 2 * X * k * k)


def test_a_cell_that_changes_later():
    def counting():
        k = 1.0

        def f(x):
            return np.sum(x * k)

        def change(to):
            nonlocal k
            k = to

        return f, change

    (f, change), (g, _) = counting(), counting()
    df, dg = grad(f), grad(g)
    assert df(X)[0] == dg(X)[0] == 1.0
    change(7.0)
    assert (df(X)[0], dg(X)[0]) == (7.0, 1.0)
    change(X * 2)
    assert np.array_equal(df(X), X * 2) and dg(X)[0] == 1.0


def test_defaults_and_argnums_are_those_of_each(compilations):
    def made(default):
        return lambda x, y=default: np.sum(x * y)

    assert np.allclose(grad(made(2.0))(X), 2.0) and np.allclose(grad(made(X))(X), X)
    assert np.allclose(grad(made(X), 1)(X), X)


def test_threads_do_not_mix_up_the_cells():
    wrong = []

    def work(k):
        for _ in range(200):
            if not np.allclose(grad(scaled(float(k)))(X), 2 * k * X):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# Nothing is kept without end


def test_arrays_in_cells_are_let_go():
    data = np.ones(1000)
    gone = weakref.ref(data)
    grad(scaled(data))(np.ones(1000))
    vjp(scaled_variadic(data), np.ones(1000))
    del data
    gc.collect()
    assert gone() is None


def test_functions_are_let_go():
    f = lambda *xs: np.sum(xs[0])  # noqa: E731
    gone = weakref.ref(f)
    grad(f)(X)
    del f
    gc.collect()
    assert gone() is None


def test_codes_are_kept_up_to_a_number(monkeypatch):
    monkeypatch.setattr(twins, "CODES", 3)
    for k in range(12):
        grad(scaled(float(k)))(X)
        grad(lambda x: np.sum(x) * 2.0)(X)
        grad(lambda x: np.sum(x) * 3.0)(X)
        grad(lambda x: np.sum(x) * 4.0)(X)
    assert len(twins._KEPT) <= 3


def test_texts_are_registered_once():
    grad(scaled(1.0))(X)
    before = len(linecache.cache)
    for k in range(20):
        grad(scaled(float(k)))(X)
    assert len(linecache.cache) == before


# Arguments that are bound to `*args` before those that are differentiated


def test_bound_arguments_in_args_are_no_primals():
    f = functools.partial(variadic, X, scale=2.0)  # the sum of 2 X y
    value, pullback = vjp(f, X + 1)
    (bar,) = pullback(1.0)
    assert np.isclose(value, f(X + 1)) and np.allclose(bar, 2 * X)
    assert np.allclose(jvp(f, (X + 1,), (X,)), (value, np.sum(2 * X * X)))
    assert np.isclose(linearize(f, X + 1)[1](X), np.sum(2 * X * X))
    assert np.allclose(hvp(lambda y: functools.partial(variadic, X)(y) ** 2, (X,), (X,)), 2 * X * np.sum(X * X))
    assert np.allclose(hvp(functools.partial(lambda *xs: np.sum(xs[0] * xs[1] ** 2), X), (X,), (X,)), 2 * X * X)


def test_so_within_a_compiled_function():
    bound = functools.partial(variadic, X)
    pushed = lambda y: jvp(bound, (y,), (y,))[1]  # noqa: E731
    assert np.isclose(pushed(X), np.sum(X * X)) and np.allclose(grad(pushed)(X), X)
    assert np.allclose(grad(lambda y: np.sum(vjp(bound, y)[1](y[0])[0]))(X), [np.sum(X), 0.0, 0.0])
