"""Recursion: forward and backward pairs and tangents of functions that call themselves or each other, to the third order."""

from __future__ import annotations

import math

import numpy as np
import pytest

import backprose
from backprose import check_grads, custom_vjp, errors, grad, jvp, value_and_grad, vjp

V = np.array([0.3, -1.2, 2.0])


def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)


def exponential(x, term=1.0, n=1):
    if abs(term) < 1e-3:
        return term
    return term + exponential(x, term * x / n, n + 1)


def second_moves_within(x, y, n):
    """Only x moves from outside, and y with it from the second level on."""
    if n == 0:
        return x * y
    return np.sin(y) * second_moves_within(x, x * y, n - 1)


def folded(v):
    """Halves of an array of any length."""
    n = len(v)
    if n == 1:
        return v[0] * v[0]
    return folded(v[: n // 2]) * folded(v[n // 2 :]) + np.sum(v * v)


def depth_first(tree):
    if isinstance(tree, tuple):
        left, right = tree
        return np.sin(depth_first(left)) * depth_first(right)
    return tree * tree


def is_even(x, n):
    return np.sum(x) if n == 0 else is_odd(np.sin(x) * x, n - 1)


def is_odd(x, n):
    return np.sum(x * x) if n == 0 else is_even(x * np.exp(x), n - 1)


def accumulated(x, total, n):
    if n == 0:
        return total
    return accumulated(np.sin(x), total + x * total, n - 1)


def ackermann(m, n, x):
    if m == 0:
        return x * n + 1.0
    if n == 0:
        return ackermann(m - 1, 1, x) * x
    return ackermann(m - 1, n - 1, np.sin(ackermann(m, n - 1, x) * 0.1))


def fibonacci(x, n):
    return x if n < 2 else fibonacci(x * 0.5, n - 1) * fibonacci(np.sin(x), n - 2)


def twice(f, x, n):
    return f(x) if n == 0 else twice(f, f(x) * x, n - 1)


def updates_its_own(x, n):
    y = x * 1.0
    for i in range(1, len(y)):
        y[i] += np.sin(y[i - 1])
    y[0] *= x[1]
    return y if n == 0 else y * updates_its_own(y, n - 1)


def stores_what_a_level_gives(x, n):
    if n == 0:
        return x
    y = x * 1.0
    z = stores_what_a_level_gives(y * 0.9, n - 1)
    y[0] = z[1] * y[1]
    return y * z


def in_a_loop(x, n):
    total = np.sum(x * x)
    for i in range(n):
        total = total * 0.5 + in_a_loop(x * (i + 1.5), i)
    return total


def dictionaries(p, n):
    if n == 0:
        return p["a"] * p["b"]
    return dictionaries({"a": p["b"] * p["a"], "b": np.sin(p["a"])}, n - 1) * p["a"]


PROGRAMS = {
    "power": (lambda x: power(x, 5), (1.3,)),
    "power of an array": (lambda x: np.sum(power(x, 3) * x), (V,)),
    "exponential": (exponential, (0.7,)),
    "second moves within": (lambda x: second_moves_within(x, 0.4, 3), (1.1,)),
    "both move": (lambda x, y: second_moves_within(x, y, 2) * x, (1.1, 0.6)),
    "folded": (folded, (np.array([0.5, 1.2, -0.7, 0.3, 1.1]),)),
    "depth first": (lambda a, b, c: depth_first(((a, (b, c)), (c, a))), (0.8, 1.4, 0.3)),
    "mutual": (lambda x: is_even(x, 3), (V * 0.3,)),
    "accumulated": (lambda x: np.sum(accumulated(x, x * x, 3)), (V,)),
    "ackermann": (lambda x: ackermann(2, 2, x), (0.9,)),
    "fibonacci": (lambda x: fibonacci(x, 4), (1.2,)),
    "callables": (lambda x: twice(np.sin, x, 2) * twice(lambda y: y * y, x, 1), (1.2,)),
    "closures": (lambda x, c: twice(lambda y: np.sin(y) * x + c, c * x, 2) * c, (1.2, 0.4)),
    "a closure that captures an array": (lambda x: np.sum(twice(lambda y: y * np.sin(x), x[0], 1)), (V,)),
    "updates its own": (lambda x: np.sum(updates_its_own(x, 2)), (V * 0.4,)),
    "stores what a level gives": (lambda x: np.sum(stores_what_a_level_gives(x, 2) ** 2), (V * 0.4,)),
    "in a loop": (lambda x: in_a_loop(x, 2), (V * 0.4,)),
    "dictionaries": (lambda a: dictionaries({"a": a, "b": 0.7}, 2), (1.1,)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_all_modes_to_the_second_order(name):
    fun, args = PROGRAMS[name]
    check_grads(fun, args, order=2)


@pytest.mark.parametrize("name", ["power", "second moves within", "mutual", "fibonacci", "ackermann", "updates its own"])
def test_the_third_order(name):
    fun, args = PROGRAMS[name]
    check_grads(fun, args, order=3, modes=("rev",))


def test_against_formulas():
    f = grad(grad(power))
    assert [f(2.0, n) for n in range(5)] == [n * (n - 1) * 2.0 ** max(n - 2, 0) for n in range(5)]
    assert grad(f)(2.0, 5) == 60 * 4.0
    assert grad(grad(f))(2.0, 5) == 120 * 2.0
    assert jvp(f, (2.0, 5), (1.0, None)) == (20 * 8.0, 60 * 4.0)
    np.testing.assert_allclose(grad(grad(grad(exponential)))(0.7), math.exp(0.7), rtol=1e-2)


def test_a_level_costs_the_same_at_every_depth():
    """Nothing is computed again: the pair of a pair keeps what it reads."""
    calls = []

    @custom_vjp(compile=False)
    def counted(x: float) -> float:
        calls.append(x)
        return x

    counted.defvjp(lambda x: (counted.fun(x), None), lambda residuals, bar: (bar,))

    def chain(x, n):
        return 1.0 if n == 0 else counted(x) * chain(x, n - 1)

    for derivative in (grad(chain), value_and_grad(chain)):
        counts = []
        for n in (4, 8):
            calls.clear()
            derivative(1.1, n)
            counts.append(len(calls))
        assert counts == [4, 8]


def test_pullbacks():
    value, pullback = vjp(power, 2.0, 3)
    assert value == 8.0
    assert pullback(1.0) == (12.0, None) and pullback(2.0) == (24.0, None)
    value, pullback, aux = vjp(with_aux, V, 2, has_aux=True)
    assert np.array_equal(aux, V * 4)
    np.testing.assert_allclose(pullback(1.0)[0], np.full(3, 4.0))
    np.testing.assert_allclose(grad(lambda x: jvp(grad(power), (x, 4), (1.0, None))[1])(2.0), 24 * 2.0)


def with_aux(x, n):
    if n == 0:
        return np.sum(x), x
    return with_aux(x * 2.0, n - 1)


def test_jacobians():
    for jacobian in (backprose.jacobian, backprose.jacfwd, backprose.jacrev):
        np.testing.assert_allclose(jacobian(power)(V, 3), np.diag(3 * V**2))
        got, aux = jacobian(with_aux, has_aux=True)(V, 2)
        np.testing.assert_allclose(got, np.full(3, 4.0))
        assert np.array_equal(aux, V * 4)
    cubes = lambda x: np.sum(power(x, 3))  # noqa: E731 - written where it is used
    np.testing.assert_allclose(backprose.hessian(cubes)(V), np.diag(6 * V))
    np.testing.assert_allclose(backprose.hvp(cubes, (V,), (V,)), 6 * V * V)
    again = backprose.checkpoint(power)
    np.testing.assert_allclose(grad(lambda x: np.sum(again(x, 3)))(V), 3 * V**2)


# Several derivatives of one function side by side


def test_derivatives_by_different_arguments():
    def f(x, y, n):
        return y if n == 0 else x * f(x, y, n - 1)

    def by_both(z):
        return z * (grad(f, 0)(2.0, 3.0, 3) + 1000 * grad(f, 1)(2.0, 3.0, 3))

    def tangents(z):
        return z * (jvp(lambda x: f(x, 3.0, 3), (2.0,), (1.0,))[1] + 1000 * jvp(lambda y: f(2.0, y, 3), (3.0,), (1.0,))[1])

    def beside_its_gradient(z):
        return f(z, 2 * z, 3) * grad(f, 0)(z, 3.0, 3)

    assert grad(by_both)(1.0) == grad(tangents)(1.0) == 8036.0
    # 2 z^4 times 9 z^2
    np.testing.assert_allclose(grad(beside_its_gradient)(1.5), 6 * 18 * 1.5**5)
    np.testing.assert_allclose(grad(grad(beside_its_gradient))(1.5), 30 * 18 * 1.5**4)


def test_gradients_for_arguments_of_several_kinds():
    def f(x, n):
        return np.sum(x) if n == 0 else f(x * x, n - 1)

    def both(x):
        return grad(f)(x, 2) * np.sum(grad(f)(np.array([x, 2 * x]), 1))

    # 4 x^3 times 6 x
    np.testing.assert_allclose(grad(both)(1.3), 96 * 1.3**3)


def test_many_arguments_of_a_caller():
    def product(*xs):
        return power(xs[0], 3) * xs[1]

    assert vjp(product, 2.0, 3.0)[1](1.0) == (36.0, 8.0)
    assert jvp(product, (2.0, 3.0), (1.0, 0.0)) == (24.0, 36.0)


@pytest.mark.parametrize("jacobian", [backprose.jacfwd, backprose.jacrev])
def test_jacobians_sweep_all_directions_at_once(jacobian):
    """The functions for stacks take the number of directions, and none is a loop over these."""
    by = jacobian(lambda x: accumulated(x, x * x, 3))
    found = by(V)
    wanted = [jvp(lambda x: accumulated(x, x * x, 3), (V,), (e,))[1] for e in np.eye(3)]
    np.testing.assert_allclose(found, np.stack(wanted, axis=1), rtol=1e-12)
    assert "_stacked(" in by.source and "    for " not in by.source
    assert by(np.zeros(0)).shape == (0, 0)


def test_static_arguments():
    def f(x, n, mode="sin", unused=None):
        if n == 0:
            return x
        return (np.sin if mode == "sin" else np.cos)(x) * f(x, n - 1, mode, unused)

    x = 1.3
    np.testing.assert_allclose(grad(f)(x, 1), math.sin(x) + x * math.cos(x))
    np.testing.assert_allclose(grad(f)(x, 1, "cos"), math.cos(x) - x * math.sin(x))
    value, pullback = vjp(f, x, 1)
    np.testing.assert_allclose(pullback(1.0)[0], math.sin(x) + x * math.cos(x))
    np.testing.assert_allclose(jvp(lambda x: f(x, 1), (x,), (1.0,))[1], math.sin(x) + x * math.cos(x))


@custom_vjp
def with_rule(x, n):
    return 1.0 if n == 0 else x * with_rule(x, n - 1)


with_rule.defvjp(lambda x, n: (with_rule(x, n), x), lambda x, bar: (bar * 100.0, None))


def test_a_rule_of_a_recursive_function_is_used():
    assert grad(with_rule)(2.0, 3) == 100.0
    assert grad(lambda x: with_rule(x, 3) * x)(2.0) == 208.0
    assert grad(grad(lambda x: with_rule(x, 3) * x))(2.0) == 200.0


def test_a_function_that_captures_a_function_is_refused():
    def f(x):
        inner = lambda y: y * x  # noqa: E731 - a nested function
        return twice(lambda y: inner(y), x, 1)

    with pytest.raises(errors.UnsupportedCall, match="a function that captures another function is passed"):
        grad(f)(1.2)


class Node:
    def __init__(self, value, left=None, right=None):
        self.value, self.left, self.right = value, left, right


def total(tree, x):
    if tree is None:
        return 1.0
    return x * tree.value + total(tree.left, x * x) * total(tree.right, np.sin(x))


def quadrature(f, a, b, n):
    middle = (a + b) / 2
    if n == 0:
        return (b - a) * f(middle)
    return quadrature(f, a, middle, n - 1) + quadrature(f, middle, b, n - 1)


def test_trees_and_quadrature():
    tree = Node(1.5, Node(0.3), Node(0.2, Node(0.1)))
    check_grads(lambda x: total(tree, x), (1.2,), order=2)
    check_grads(lambda p, b: quadrature(lambda t: np.exp(-p * t * t), 0.0, b, 3), (1.2, 0.8), order=2)


# Functions whose parameters callers spread


def product_of(*x):
    return x[0] if len(x) == 1 else x[0] * product_of(*x[1:])


def alternating(n, *x):
    return x[0] if n == 0 else x[0] * x[1] * alternating(n - 1, *x)


def scaled(x, n, **options):
    return options["a"] * x if n == 0 else x * scaled(x, n - 1, **options)


def by_keyword(x, *, n=3):
    return 1.0 if n == 0 else x * by_keyword(x, n=n - 1)


def test_many_arguments_of_a_recursive_function():
    assert grad(product_of, (0, 1, 2))(2.0, 3.0, 4.0) == vjp(product_of, 2.0, 3.0, 4.0)[1](1.0) == (12.0, 8.0, 6.0)
    assert vjp(alternating, 2, 3.0, 4.0)[1](1.0) == (None, 432.0, 216.0)
    assert jvp(alternating, (2, 3.0, 4.0), (None, 1.0, 0.0))[1] == 432.0
    assert backprose.linearize(product_of, 2.0, 3.0, 4.0)[1](0.0, 1.0, 0.0) == 8.0
    assert grad(scaled)(2.0, 2, a=3.0) == 36.0
    assert grad(by_keyword)(2.0) == 12.0 and grad(by_keyword)(2.0, n=4) == 32.0
    # x * y * z by each: x * z + y * z
    assert grad(lambda x, y: grad(product_of, 0)(x, y, 4.0) + grad(product_of, 1)(x, y, 4.0), (0, 1))(2.0, 3.0) == (4.0, 4.0)


def test_emitted_recursive_functions_have_the_signature():
    for f, parameters in ((by_keyword, "x, *, n=3"), (scaled, "x, n, **options")):
        g = grad(f)
        g(2.0) if f is by_keyword else g(2.0, 1, a=3.0)
        assert f"def {f.__name__}_grad({parameters}):" in g.source
    g = grad(exponential)
    g(0.7)
    assert "def exponential_grad(x, term=1.0, n=1):" in g.source


# What a call gives is changed before it is known what it is


class State:
    def __init__(self, v):
        self.v = v


def appended(x, n):
    if n == 0:
        return [x]
    w = appended(x * x, n - 1)
    w.append(x)
    return w


def entry_replaced(x, n):
    if n == 0:
        return {"a": x, "b": x * x}
    d = entry_replaced(x * x, n - 1)
    d["a"] = d["b"] * x
    return d


def attribute_replaced(x, n):
    if n == 0:
        return State(x)
    s = attribute_replaced(x * x, n - 1)
    s.v = s.v * x
    return s


def another_name(x, n):
    d = {"a": x}
    if n == 0:
        return d
    w = another_name(x * x, n - 1)
    same = w
    w["a"] = w["a"] * x
    same["a"] = same["a"] + d["a"]
    return w


def asked(x, n):
    if n == 0:
        return x * x
    w = asked(x, n - 1)
    return w.sum() * x + w.reshape(-1)


def an_array_of_its_own(x, n):
    if n == 0:
        return x * x
    w = an_array_of_its_own(x * 1.1, n - 1).copy()
    w[0] = w[1] * x[0]
    w += x
    return w


def in_a_growing_loop(x, n):
    s = [x]
    for k in range(n):
        w = in_a_growing_loop(x * 0.5, k)
        w.append(x * x)
        s = s + w
    return s


def one(x, n):
    if n == 0:
        return [x]
    w = other(x * x, n - 1)
    w[0] = w[0] * x
    return w


def other(x, n):
    if n == 0:
        return [x * x]
    w = one(np.sin(x), n - 1)
    w[0] = w[0] + x
    return w


def of_children(tree, x):
    if isinstance(tree, float):
        return {"v": tree * x}
    parts = [of_children(child, x * 1.5) for child in tree]
    for part in parts:
        part["v"] = part["v"] * x
    return {"v": sum(part["v"] for part in parts)}


CHANGED = {
    "append": (lambda x: sum(appended(x, 2)), (1.1,)),
    "an entry": (lambda x: entry_replaced(x, 2)["a"], (1.1,)),
    "an attribute": (lambda x: attribute_replaced(x, 2).v, (1.1,)),
    "another name": (lambda x: another_name(x, 2)["a"], (1.3,)),
    "methods": (lambda x: np.sum(asked(x, 2)), (V,)),
    "an array": (lambda x: np.sum(an_array_of_its_own(x, 2)), (V,)),
    "in a loop": (lambda x: sum(in_a_growing_loop(x, 3)) * x, (1.3,)),
    "mutual": (lambda x: one(x, 3)[0] + one(x, 2)[0], (0.9,)),
    "children": (lambda x: of_children((1.0, (2.0, 3.0)), x)["v"], (1.3,)),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_a_call_gave_is_changed(name):
    fun, args = CHANGED[name]
    check_grads(fun, args, order=2)


def gives_its_argument(d, n):
    if n == 0:
        return d
    w = gives_its_argument(d, n - 1)
    w["a"] = w["a"] * 2
    return w


def perhaps_none(x, n):
    w = None
    if n > 0:
        w = perhaps_none(x * x, n - 1)
        w["a"] = w["a"] + x
    if w is None:
        w = {"a": x}
    return w


TABLE = {"a": 2.0}
WEIGHTS = np.array([1.0, 2.0])


def gives_a_global(n):
    return WEIGHTS if n == 0 else gives_a_global(n - 1)


def gives_a_slice_of_a_global(n):
    return WEIGHTS[:1] if n == 0 else gives_a_slice_of_a_global(n - 1)


def gives_a_table(x, n):
    if n == 0:
        return TABLE
    w = gives_a_table(x, n - 1)
    w["a"] = w["a"] * x
    return w


def stored_in(give):
    def f(x):
        w = give(2)
        w[0] = x * x
        return WEIGHTS[0] * x

    return f


def test_changes_that_others_see_are_refused():
    def shared(x):
        d = {"a": x}
        return gives_its_argument(d, 2)["a"] + d["a"]

    for f, why in (
        (shared, "whether `w` and `d` share memory is not known"),
        (stored_in(gives_a_global), "`w` lives outside the function"),
        (stored_in(gives_a_slice_of_a_global), "`w` lives outside the function"),
        (lambda x: gives_a_table(x, 2)["a"] + TABLE["a"], "`w` lives outside the function"),
        (lambda x: perhaps_none(x, 2)["a"], "an element of `w` is assigned, which may be None"),
    ):
        with pytest.raises(errors.UnsupportedUpdate, match=why):
            grad(f)(1.3)


def endless(x):
    w = endless(x)
    if x > 0:
        w.append(x)
    return w


def test_a_function_that_never_returns_is_refused():
    with pytest.raises(errors.CompileError):
        grad(lambda x: sum(endless(x)))(1.0)
