"""Results that are written where an operand was: never where anybody still looks."""

from __future__ import annotations

import operator
from dataclasses import replace

import backprose
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_memory_passes import QUIET, REVERSE, run, same
from test_updates import SIZE, VECTOR, Generator, flat

from backprose.codegen.python import emit
from backprose.ir.build import Builder
from backprose.ir.interpret import interpret
from backprose.ir.kinds import Array
from backprose.ir.nodes import Function, Module, Value
from backprose.ir.verify import verify
from backprose.transform.own_buffers import own_buffers
from backprose.transform.reuse_buffers import reuse_buffers, reuse_in_tiles


class Arithmetic(Generator):
    """Programs in which most ops are elementwise, and could be written into an operand."""

    def arithmetic(self, scope, depth):
        for _ in range(self.draw(st.integers(1, 4))):
            b, x, y = scope.builder, self.read(scope), self.read(scope)
            fn = self.draw(st.sampled_from([operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, np.tanh, np.exp]))
            unary = fn in (operator.neg, np.tanh, np.exp)
            if not unary and self.draw(st.integers(0, 3)) == 0:
                x, y = self.draw(st.permutations([x, b.const(0.5)]))
            scope.arrays.append(b.call(fn, *((x,) if unary else (x, y)), kind=VECTOR, name=self.name()))

    def update(self, scope, depth):
        self.draw(st.sampled_from([self.arithmetic, self.arithmetic, super().update]))(scope, depth)


@st.composite
def programs(draw) -> Function:
    return Arithmetic(draw).function()


@settings(max_examples=150, **QUIET)
@given(programs(), st.integers(0, 3))
def test_nothing_is_overwritten_that_is_still_read(function, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=SIZE), rng.normal(size=SIZE)
    with np.errstate(all="ignore"):
        expected = flat(interpret(function, x.copy(), y.copy()))
        function = reuse_buffers(own_buffers(function))
        verify(Module({"generated": function}), "reuse_buffers")
        assert same(flat(interpret(function, x.copy(), y.copy())), expected)
        assert same(run(function, x, y), expected)


@settings(max_examples=100, **QUIET)
@given(programs(), st.integers(0, 3))
def test_nor_in_a_tile(function, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=SIZE), rng.normal(size=SIZE)
    with np.errstate(all="ignore"):
        expected = flat(interpret(function, x.copy(), y.copy()))
        function = reuse_in_tiles(replace(own_buffers(function), attrs={"tile": True}))
        verify(Module({"generated": function}), "reuse_in_tiles")
        assert same(flat(interpret(function, x.copy(), y.copy())), expected)
        assert same(run(function, x, y), expected)


def source_of(build, *kinds) -> str:
    """The text of a function of the reverse sweep."""
    b = Builder(REVERSE)
    params = [Value(name, kind) for name, kind in zip("xyz", kinds)]
    function = Function("f", b.region(params, [build(b, *params)]))
    return emit(Module({"f": reuse_buffers(function)})).source.partition("def f")[2]


def twice(b: Builder, value: Value, kind: Array) -> Value:
    """The value, read twice."""
    return b.call(operator.matmul, value, value, kind=kind)


MATRIX, COLUMN = Array("float64", ("N", "N")), Array("float64", ("N", "1"))


@pytest.mark.parametrize(
    "fn, swapped, text",
    [
        (operator.add, False, "t += y"), (operator.add, True, "t += y"), (operator.sub, False, "t -= y"),
        (operator.sub, True, "np.subtract(y, t, out=t)"), (operator.truediv, True, "np.divide(y, t, out=t)"),
        (np.exp, False, "np.exp(t, out=t)"), (operator.neg, False, "np.negative(t, out=t)"),
    ],
)  # fmt: skip
def test_forms(fn, swapped, text):
    def build(b, x, y):
        t = b.call(np.matmul, x, y, kind=MATRIX)
        total = b.call(np.sum, t, kind=Array("float64", ()))
        args = (t,) if fn in (np.exp, operator.neg) else (y, t) if swapped else (t, y)
        return b.tuple([total, twice(b, b.call(fn, *args, kind=MATRIX), MATRIX)])

    assert text in source_of(build, MATRIX, MATRIX)


@pytest.mark.parametrize("kind", [COLUMN, Array("float64", ("?", "N")), Array("float32", ("N", "N")), Array("float64", ("N",))])
def test_only_what_has_the_results_shape_and_dtype_is_written_to(kind):
    def build(b, x, y):
        t = b.call(np.exp, y, kind=kind)
        total = b.call(np.sum, t, kind=Array("float64", ()))
        return b.tuple([total, twice(b, b.call(operator.add, t, x, kind=MATRIX), MATRIX)])

    source = source_of(build, MATRIX, kind)
    assert "+=" not in source and "out=" not in source, source


# What somebody still sees


def shown(x):
    e = np.exp(x)
    return np.sum(3 * e), e


def in_a_list(x):
    kept = []
    for _ in range(2):
        t = np.tanh(x)
        kept.append(t)
        x = 2 * t
    return np.sum(kept[0] * kept[1]) + np.sum(x)


def of_a_view(x):
    t = np.exp(x)
    v = t[1:]
    return np.sum(t * t) * np.sum(v * v) + np.sum(np.sqrt(v) / v)


def of_the_argument(x):
    t = x[:]
    return np.sum(t * t * 100.0) + np.sum(1.0 / t) * np.sum(t)


def through_a_closure(x):
    t = np.exp(x)

    def inner(z):
        return z * t

    return np.sum(inner(t) * inner(x)) + np.sum(np.exp(t) * t)


def in_a_branch(x):
    t = np.exp(x)
    u = t if np.sum(t) > 1.0 else x
    return np.sum(u * t) + np.sum(200 * u * np.exp(-t))


def same_values_twice(x):
    t = np.sqrt(x)
    pair = (t, t)
    return np.sum(pair[0] / (1 + pair[1])) + np.sum(np.exp(pair[0]))


def scaled(x):
    t = x[1:] - x[:-1] ** 2
    return np.sum(100.0 * t**2 + (1 - x[:-1]) ** 2)


def of_the_users(x):
    white = np.outer(x, 1 + x * x)
    return np.sum(np.log(np.sum(white * white, axis=1)))


PROGRAMS = [of_the_users, in_a_list, of_a_view, of_the_argument, through_a_closure, in_a_branch, same_values_twice, scaled]


@pytest.mark.parametrize("f", PROGRAMS)
def test_gradients_of_what_is_shared(f):
    x = np.array([0.3, 0.5, 0.7, 1.1])
    given_x, df = x.copy(), backprose.value_and_grad(f)
    value, first = df(given_x)
    again = df(given_x)[1]
    step = 1e-6 * np.eye(len(x))
    differences = [(f(x + h) - f(x - h)) / 2e-6 for h in step]
    assert np.array_equal(given_x, x) and np.array_equal(first, again) and value == f(x)
    assert np.allclose(first, differences, rtol=1e-6), df.source


def test_what_the_user_named_is_written_to_as_well():
    df = backprose.grad(of_the_users)
    df(np.array([0.3, 0.5, 0.7]))
    assert "out=white" in df.source or "white *=" in df.source, df.source


def test_what_is_returned_beside_the_gradient_stays():
    x = np.array([0.3, 0.5, 0.7])
    (value, e), x_bar = backprose.value_and_grad(shown, has_aux=True)(x)
    assert np.array_equal(e, np.exp(x)) and np.array_equal(x_bar, 3 * np.exp(x)) and not np.shares_memory(e, x_bar)


def test_a_pullback_is_called_many_times():
    def f(x):
        e = np.exp(x)
        return e / (1 + e)

    x, seed = np.array([0.3, 0.5, 0.7]), np.array([1.0, 2.0, 3.0])
    value, pullback = backprose.vjp(f, x)
    kept = value.copy()
    first = pullback(seed)
    assert np.array_equal(first, pullback(seed)) and np.array_equal(value, kept) and np.array_equal(seed, [1.0, 2.0, 3.0])
