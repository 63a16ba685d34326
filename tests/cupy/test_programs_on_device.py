"""Programs on CuPy's arrays, where reductions and entries are arrays that share memory: value, gradient and tangent.

Each is compared with differences of the function itself on the same arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import backprose
from backprose import errors

X = np.array([0.3, 0.9, -0.7])
PROGRAMS: list[Callable] = []


def program(f: Callable) -> Callable:
    PROGRAMS.append(f)
    return f


@program
def an_entry_is_a_view(x):
    y = x * 1
    a = y[0]
    y[0] = 5.0
    return a * y[1] + np.sum(y)


@program
def an_entry_is_updated(x):
    y = x * 1
    c = y[0]
    c += 3.0
    return np.sum(y * y)


@program
def a_sum_is_an_array_with_two_names(x):
    y = x * 1
    s = np.sum(y)
    t = s
    t += y[0]
    s *= 2
    return s * t


@program
def a_product_of_entries_with_two_names(x):
    t = x[0] * x[1]
    z = t
    t -= 1.0
    z = z * 2
    return t * z


@program
def a_loop_over_elements(x):
    u = x * 1
    for i in range(1, len(u)):
        u[i] = u[i] + 0.5 * u[i - 1] ** 2
    return np.sum(u * u)


@program
def a_number_that_arrays_are_added_to(x):
    total = 0.0
    for r in x:
        total += r * r
        if total > 1.0:
            break
    return total


@program
def views_and_repeated_indices(x):
    y = x * 1.0
    v = y[1:]
    v *= 2
    np.add.at(y, np.array([0, 0, 1]), x[0])
    return np.sum(y**2)


@program
def buffers_that_change_places(x):
    w = x * 1
    for _ in range(3):
        w, x = x + w * 0.1, w
    return np.sum(w * x)


@program
def elements_of_a_list(x):
    e = [x[0], x[1]]
    e[0] += 1.0
    return e[0] * e[1] * x[0]


@program
def a_stable_sum_of_exponentials(x):
    m = np.max(x)
    return np.log(np.sum(np.exp(x - m))) + m * np.linalg.norm(x)


@program
def a_mask(x):
    y = x.copy()
    y[y > 0.5] = 0.0
    return np.sum(y * x)


@program
def until_it_is_large(x):
    s = x.sum()
    while s < 10:
        s = s * 1.5 + x[0]
    return s


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_program(f: Callable, cupy: ModuleType):
    x = cupy.asarray(X)
    slopes = []
    for e in np.eye(3):
        try:
            ends = [float(f(cupy.asarray(X + s * 1e-6 * e))) for s in (1, -1)]
        except TypeError:  # an array of indices is NumPy's where the function itself runs
            slopes = backprose.grad(f)(X)
            break
        slopes.append((ends[0] - ends[1]) / 2e-6)
    value, x_bar = backprose.value_and_grad(f)(x)
    assert type(x_bar) is type(x)
    np.testing.assert_allclose(x_bar.get(), slopes, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(x.get(), X)
    v = np.array([1.0, 2.0, 3.0])
    _, dot = backprose.jvp(f, (x,), (cupy.asarray(v),))
    np.testing.assert_allclose(float(dot), np.dot(slopes, v), rtol=1e-5, atol=1e-5)


def scale(w: Any, x: Any, n: int = 2) -> Any:
    return np.sum(w * x * n)


def test_mixing_is_refused_before_anything_runs(cupy: ModuleType):
    for call in (
        lambda: backprose.grad(scale)(cupy.asarray(X), X),
        lambda: backprose.vjp(scale, cupy.asarray(X), X),
        lambda: backprose.jvp(scale, (cupy.asarray(X), X), (X, X)),
    ):
        with pytest.raises(errors.NotDifferentiable, match="`w` is an array of CuPy's, and `x` is one of NumPy's"):
            call()


def test_a_global_array_of_numpys_is_refused(cupy: ModuleType):
    with pytest.raises(errors.UnsupportedCall, match="arrays of NumPy's and of CuPy's"):
        backprose.grad(lambda x: np.sum(x * X))(cupy.asarray(X))


def test_one_function_serves_both(cupy: ModuleType):
    g = backprose.grad(scale)
    assert type(g(X, X)) is np.ndarray
    assert type(g(cupy.asarray(X), cupy.asarray(X))) is cupy.ndarray
    assert type(g(X, X)) is np.ndarray
    assert len(g.specializations) == 2


def test_numbers_on_the_host_have_gradients_on_the_host(cupy: ModuleType):
    a_bar, b_bar = backprose.grad(lambda a, b, x: np.sum(a * x) * b, argnums=(0, 1))(2.0, np.float64(3.0), cupy.asarray(X))
    assert (type(a_bar), type(b_bar)) == (float, np.float64)
    np.testing.assert_allclose([a_bar, b_bar], [3 * np.sum(X), 2 * np.sum(X)])


def test_containers_and_pullbacks(cupy: ModuleType):
    def layer(p, x):
        return {"h": np.tanh(p["w"] @ x), "n": len(x)}

    w = np.arange(6.0).reshape(2, 3) / 10
    value, pull = backprose.vjp(layer, {"w": cupy.asarray(w)}, cupy.asarray(X))
    p_bar, x_bar = pull({"h": cupy.asarray(np.ones(2)), "n": None})
    slope = 1 - np.tanh(w @ X) ** 2
    np.testing.assert_allclose(p_bar["w"].get(), np.outer(slope, X))
    np.testing.assert_allclose(x_bar.get(), w.T @ slope)
    with pytest.raises(TypeError, match="cotangent part is an array of numpy's, but the value is one of cupy's"):
        pull({"h": np.ones(2), "n": None})


def test_emitted_code_is_cupys(cupy: ModuleType):
    g = backprose.grad(lambda x: np.sum(np.exp(x) * np.zeros(3)))
    g(cupy.asarray(X))
    assert "import cupy as cp" in g.source
    assert "np." not in g.source


def test_what_cupy_lacks_is_named(cupy: ModuleType):
    with pytest.raises(errors.UnsupportedCall, match="CuPy has no `np.vecdot`"):
        backprose.value_and_grad(lambda x: np.vecdot(x, x))(cupy.asarray(X))
    with pytest.raises(errors.UnsupportedCall, match="CuPy's `sum` has no parameter `where`"):
        backprose.value_and_grad(lambda x: np.sum(x, where=x > 0))(cupy.asarray(X))


def test_second_order(cupy: ModuleType):
    def f(x):
        return np.sum(np.exp(x) * x)

    second = backprose.grad(lambda x: np.sum(backprose.grad(f)(x) * x))(cupy.asarray(X))
    np.testing.assert_allclose(second.get(), np.exp(X) * (X * (X + 2) + X + 1))
