"""Passes that settle where results are written: the same numbers before and after, interpreted and emitted."""

from __future__ import annotations

import operator
from dataclasses import replace

import backprose
import backprose_runtime as runtime
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_updates import SIZE, flat, programs

from backprose.codegen.python import emit
from backprose.ir.build import Builder
from backprose.ir.interpret import interpret
from backprose.ir.kinds import Array, Range, Scalar
from backprose.ir.nodes import Function, Loc, Module, Value
from backprose.ir.verify import verify
from backprose.transform.add_through import add_through
from backprose.transform.clear_late import clear_late
from backprose.transform.copy_live_views import copy_live_views
from backprose.transform.dense_first import dense_first
from backprose.transform.drop_dead import drop_dead
from backprose.transform.keep_parts import keep_parts
from backprose.transform.own_buffers import own_buffers
from backprose.transform.store_cleared import store_cleared
from backprose.transform.sum_first import sum_first

QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}
REVERSE = Loc("f.py", 3, 0, 3, 1, "f", "reverse")


def run(function: Function, *args: np.ndarray) -> list:
    """The results of the emitted code, which leaves its arguments as they are."""
    emitted = emit(Module({function.name: function}))
    namespace = dict(emitted.names)
    exec(emitted.source, namespace)
    given_args = [a.copy() for a in args]
    found = flat(namespace[function.name](*given_args))
    assert all(map(np.array_equal, given_args, args)), emitted.source
    return found


def same(found: list, expected: list) -> bool:
    return len(found) == len(expected) and all(np.array_equal(a, b, equal_nan=True) for a, b in zip(found, expected))


@settings(max_examples=80, **QUIET)
@given(programs(), st.integers(0, 3))
def test_copies_of_views_and_buffers_change_nothing(function, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=SIZE), rng.normal(size=SIZE)
    with np.errstate(all="ignore"):
        expected = flat(interpret(function, x.copy(), y.copy()))
        for step in (copy_live_views, own_buffers, sum_first, drop_dead):
            function = step(function)
            verify(Module({"generated": function}), step.__name__)
            assert same(flat(interpret(function, x.copy(), y.copy())), expected), step.__name__
        assert same(run(function, x, y), expected)


# Sums of shares

MATRIX = Array("float64", ("N", "N"))
INDICES = [slice(None, -1), slice(1, None), slice(0, 2), slice(2, None), 0, 1, -1, (0, 1), (slice(None), 0), (slice(None), slice(1, 3)),
           (slice(1, None), slice(None, 1)), slice(None), Ellipsis, (slice(None), None), (slice(None, None, 2), 3)]  # fmt: skip


@st.composite
def chains(draw) -> Function:
    """Shares of a matrix that are added to zeros, one after the other; now and then what is in between is read too."""
    b = Builder(REVERSE)
    x = Value("x", MATRIX)
    buffer = b.call(np.zeros_like, x, kind=MATRIX, name=draw(st.sampled_from(["x_bar", ""])))
    pool = draw(st.lists(st.sampled_from(INDICES), min_size=1, max_size=3))
    seen = []
    for k in range(draw(st.integers(1, 6))):
        index = draw(st.sampled_from(pool))
        part = np.empty((4, 5))[index]
        share = b.call(operator.getitem, x, b.const(index), kind=Array("float64", ("N",) * part.ndim) if part.ndim else Scalar("float64"))
        if part.ndim == 3:
            share = replace_kind(b, Array("float64", ("N", "1", "N")))
        if draw(st.booleans()):
            share = b.call(operator.mul, share, b.const(0.1 * (k + 1)), kind=share.kind)
        if part.ndim and draw(st.integers(0, 3)) == 0:
            axes = ("1",) * part.ndim
            share = b.call(np.sum, share, keepdims=b.const(True), kind=Array("float64", axes))
        if draw(st.integers(0, 9)) == 0:
            share = b.call(np.float32, b.const(0.3), kind=Scalar("float32"))
        buffer = b.call(runtime.add_at, buffer, b.const(index), share, kind=MATRIX, name="x_bar")
        if draw(st.integers(0, 7)) == 0:
            seen.append(buffer)
    return Function("chain", b.region([x], [b.tuple([*seen, buffer])]))


def replace_kind(b: Builder, kind: Array) -> Value:
    """The result of the last op, of which more is known."""
    fresh = Value("", kind)
    b.ops[-1] = replace(b.ops[-1], results=(fresh,))
    return fresh


@settings(max_examples=150, **QUIET)
@given(chains(), st.integers(0, 3))
def test_shares_are_summed_in_their_order(function, seed):
    x = np.random.default_rng(seed).normal(size=(4, 5))
    expected = flat(interpret(function, x))
    found = drop_dead(sum_first(function))
    verify(Module({"chain": found}), "sum_first")
    assert same(flat(interpret(found, x)), expected), str(found)
    assert same(run(own_buffers(found), x), expected)


@st.composite
def spread_sums(draw) -> Function:
    """Zeros with shares of parts, to which something else is added: of their shape, spread to it, or looked at."""
    b = Builder(REVERSE)
    x = Value("x", MATRIX)
    dense = draw(st.sampled_from([x, b.call(operator.mul, x, b.const(0.3), kind=MATRIX), replaced_by_sum(b, x)]))
    buffer = b.call(np.zeros_like, x, kind=MATRIX, name="x_bar")
    seen = []
    for _ in range(draw(st.integers(1, 4))):
        positions = [b.call(np.array, b.const(rows), kind=Array("int64", ("N",))) for rows in ([0, 2], [1, 1])]
        index = draw(st.sampled_from([*map(b.const, [slice(None, 2), slice(1, None), 0, (0, 1), (slice(None), 1)]), *positions]))
        share = b.call(np.sum, x, kind=Scalar("float64"))
        if draw(st.integers(0, 2)):
            buffer = b.call(runtime.add_at, buffer, index, share, kind=MATRIX, name="x_bar")
        else:
            buffer = b.call(runtime.set_at, buffer, share, index, kind=MATRIX, name="x_bar")
        if draw(st.integers(0, 9)) == 0:
            seen.append(buffer)
    first, second = draw(st.permutations([buffer, dense]))
    return Function("spread", b.region([x], [b.tuple([*seen, b.call(operator.add, first, second, kind=MATRIX, name="x_bar")])]))


def replaced_by_sum(b: Builder, x: Value) -> Value:
    b.call(np.sum, x, b.const(0), keepdims=b.const(True))
    return replace_kind(b, Array("float64", ("1", "N")))


@settings(max_examples=150, **QUIET)
@given(spread_sums(), st.integers(0, 3))
def test_what_is_dense_comes_first(function, seed):
    x = np.random.default_rng(seed).normal(size=(4, 5))
    expected = flat(interpret(function, x))
    found = drop_dead(dense_first(function))
    verify(Module({"spread": found}), "dense_first")
    values = flat(interpret(found, x))
    assert all(np.allclose(a, b, rtol=1e-13, atol=1e-13) for a, b in zip(values, expected, strict=True)), str(found)
    assert same(run(own_buffers(found), x), values)


PARTS = [0, 1, -1, (0, slice(1, None)), (0, 0), slice(0, 2), slice(2, None), (slice(None), 0), (slice(None), slice(1, 2))]


@st.composite
def nested_chains(draw) -> Function:
    """Entries of an array of zeros that is added to a part of a buffer."""
    b = Builder(REVERSE)
    x = Value("x", Array("float64", ("N", "N", "N")))
    buffer = b.call(np.multiply, x, b.const(2.0), kind=x.kind, name="x_bar")
    for _ in range(draw(st.integers(1, 3))):
        where = b.const(draw(st.sampled_from([0, 1, -1, slice(1, None), (0, slice(None, 3)), (slice(None), 0), Ellipsis])))
        part = np.empty((3, 4, 5))[where.kind.value]
        kind = Array("float64", ("N",) * part.ndim)
        zeros = b.call(np.zeros_like, b.call(operator.getitem, x, where, kind=kind), kind=kind)
        for _ in range(draw(st.integers(1, 3))):
            index = draw(st.sampled_from(PARTS if part.ndim > 1 else PARTS[:3]))
            share = b.call(np.sum, b.call(operator.getitem, x, b.const(index), kind=kind), kind=Scalar("float64"))
            fn, operands = runtime.add_at, (b.const(index), share)
            if draw(st.booleans()):
                fn, operands = runtime.set_at, (share, b.const(index))
            zeros = b.call(fn, zeros, *operands, kind=kind)
        buffer = b.call(runtime.add_at, buffer, where, zeros, kind=x.kind, name="x_bar")
    return Function("chain", b.region([x], [buffer]))


@settings(max_examples=150, **QUIET)
@given(nested_chains(), st.integers(0, 3))
def test_entries_go_to_the_buffer_at_once(function, seed):
    x = np.random.default_rng(seed).normal(size=(3, 4, 5))
    expected = interpret(function, x)
    found = drop_dead(add_through(function))
    verify(Module({"chain": found}), "add_through")
    assert np.allclose(interpret(found, x), expected, rtol=1e-14, atol=1e-14), str(found)
    assert same(run(own_buffers(found), x), [interpret(found, x)])


@st.composite
def clearings(draw) -> Function:
    """Parts that are copied, cleared and added to, in two buffers; what a loop does to them once or twice."""
    b = Builder(REVERSE)
    x = Value("x", MATRIX)
    start = [b.call(np.multiply, x, b.const(float(k + 2)), kind=MATRIX, name=f"{name}_bar") for k, name in enumerate("ab")]
    if not draw(st.booleans()):
        return Function("clear", b.region([x], [b.tuple(clear_and_add(draw, b, start))]))
    carried, results = ([Value(v.name, MATRIX) for v in start] for _ in range(2))
    inner = Builder(REVERSE)
    held = clear_and_add(draw, inner, carried)
    body = inner.region([Value("", Scalar("int")), *carried], held[:2])
    source = b.call(range, b.const(2), kind=Range())
    b.op("for", [source, *start], results, [body], iterables=1, collected=0, stops=False)
    return Function("clear", b.region([x], [b.tuple(results)]))


def clear_and_add(draw, b: Builder, held: list[Value]) -> list[Value]:
    """Two buffers after some steps, and what else there is."""
    held, shares, rest = list(held), [], []
    index = b.const(draw(st.sampled_from([slice(1, 3), (slice(None), slice(1, 3)), 1, Ellipsis])))
    kind = Array("float64", ("N",) * np.empty((4, 5))[index.kind.value].ndim)
    for _ in range(draw(st.integers(2, 8))):
        k = draw(st.integers(0, 1))
        match draw(st.sampled_from(["copy", "copy", "clear", "clear", "scale", "sum", "add", "add"])):
            case "copy":
                part = b.call(operator.getitem, held[k], index, kind=kind)
                shares.append(b.call(np.copy, part, kind=kind) if draw(st.integers(0, 3)) else part)
            case "clear":
                held[k] = b.call(runtime.set_at, held[k], b.const(0.0), index, kind=MATRIX, name=held[k].name)
            case "scale" if shares:
                shares.append(b.call(operator.mul, draw(st.sampled_from(shares)), b.const(0.3), kind=kind))
            case "sum" if shares:
                rest.append(b.call(np.sum, draw(st.sampled_from(shares)), kind=Scalar("float64")))
            case "add" if shares:
                share = draw(st.sampled_from(shares))
                held[k] = b.call(runtime.add_at, held[k], index, share, kind=MATRIX, name=held[k].name)
    return [*held, *rest, *shares[-1:]]


@settings(max_examples=200, **QUIET)
@given(clearings(), st.integers(0, 3))
def test_parts_are_cleared_late(function, seed):
    x = np.random.default_rng(seed).normal(size=(4, 5))
    expected = flat(interpret(function, x))
    found = clear_late(drop_dead(function))
    verify(Module({"clear": found}), "clear_late")
    assert same(flat(interpret(found, x)), expected), str(found)
    assert same(run(own_buffers(copy_live_views(found)), x), expected)
    assert same(run(found, x), expected)


ROWS = [slice(1, 3), slice(0, 2), slice(2, 4), slice(None, 2)]


@st.composite
def sweeps(draw) -> Function:
    """A loop in which two buffers give each other shares of rows, in the order of a stencil's adjoint or nearly so."""
    b = Builder(REVERSE)
    x = Value("x", MATRIX)
    two = b.call(np.multiply, x, b.const(2.0), kind=MATRIX, name="a_bar")
    zeros = b.call(np.zeros_like, x, kind=MATRIX, name="b_bar")
    start = [two, draw(st.sampled_from([zeros, zeros, two]))]
    carried, results = ([Value(f"{name}_bar", MATRIX) for name in "ab"] for _ in range(2))
    inner = Builder(REVERSE)
    held, inside = list(carried), inner.const(ROWS[0])
    for k in draw(st.sampled_from([(0, 1), (0, 1), (0, 1), (1, 0), (0,)])):
        part = inner.call(operator.getitem, held[k], inside, kind=MATRIX)
        share = inner.call(operator.mul, part, inner.const(0.3), kind=MATRIX)
        clearing = draw(st.sampled_from(["after", "after", "before", "before", "never"]))
        if clearing == "before":
            value = draw(st.sampled_from([inner.const(0.0), inner.call(operator.mul, share, share, kind=MATRIX)]))
            held[k] = inner.call(runtime.set_at, held[k], value, inside, kind=MATRIX, name=held[k].name)
        for rows in draw(st.permutations(ROWS))[: draw(st.integers(1, 4))]:
            held[1 - k] = inner.call(runtime.add_at, held[1 - k], inner.const(rows), share, kind=MATRIX, name=held[1 - k].name)
        if clearing == "before" and draw(st.booleans()):  # what was there is a term of what is added
            part = draw(st.sampled_from([part, inner.call(np.copy, part, kind=MATRIX)]))
            left, right = draw(st.permutations([part, inner.call(operator.mul, share, share, kind=MATRIX)]))
            total = inner.call(draw(st.sampled_from([operator.add, operator.sub])), left, right, kind=MATRIX)
            if draw(st.booleans()):
                total = inner.call(operator.sub, total, share, kind=MATRIX)
            total = draw(st.sampled_from([part, total, total]))
            for rows in draw(st.sampled_from([(), (ROWS[0],), (ROWS[1], ROWS[2])])):
                held[k] = inner.call(runtime.add_at, held[k], inner.const(rows), share, kind=MATRIX, name=held[k].name)
            held[k] = inner.call(runtime.add_at, held[k], inside, total, kind=MATRIX, name=held[k].name)
        if clearing == "after":
            held[k] = inner.call(runtime.set_at, held[k], inner.const(0.0), inside, kind=MATRIX, name=held[k].name)
    body = inner.region([Value("", Scalar("int")), *carried], held[:: draw(st.sampled_from([1, 1, 1, -1]))])
    source = b.call(range, b.const(draw(st.integers(0, 3))), kind=Range())
    b.op("for", [source, *start], results, [body], iterables=1, collected=0, stops=False)
    return Function("sweep", b.region([x], [b.tuple(results)]))


@settings(max_examples=250, **QUIET)
@given(st.one_of(sweeps(), clearings()), st.integers(0, 3))
def test_shares_of_cleared_parts_are_stored(function, seed):
    x = np.random.default_rng(seed).normal(size=(4, 5))
    expected = flat(interpret(function, x))
    for step in (drop_dead, clear_late, keep_parts, store_cleared, drop_dead):
        function = step(function)
        verify(Module({function.name: function}), step.__name__)
    found = flat(interpret(function, x))
    assert all(np.allclose(a, b, rtol=1e-13, atol=1e-13) for a, b in zip(found, expected)), str(function)
    assert same(run(own_buffers(copy_live_views(function)), x), found)


def test_a_part_is_scaled_before_it_is_cleared():
    def relaxed(a, n):
        a = a.copy()
        for _ in range(n):
            a[1:-1] = 0.5 * (a[:-2] + a[2:])
        return np.sum(a * a)

    source = gradient(relaxed, np.arange(5.0), 2)
    assert "= a_bar[1:-1] * 0.5" in source and "copy" not in source, source


def test_what_an_update_leaves_stays_where_it_is():
    def diffused(u, n):
        u = u.copy()
        for _ in range(n):
            u[1:-1] = u[1:-1] + 0.1 * (np.sin(u[2:]) - u[1:-1] * u[:-2])
        return np.sum(u * u)

    def mixed(u, n):
        u = u.copy()
        for i in range(1, n):
            u[i] = u[i - 1] * u[i + 1] + u[i] - u[0]
        return np.sum(u * u)

    x = np.array([0.3, -1.0, 2.0, 0.7, -0.2])
    for f in (diffused, mixed):
        backprose.check_grads(lambda u: f(u, 3), (x,))
        source = gradient(f, x, 3)
        assert "= 0.0" not in source and "u_bar[i] = " not in source and "u_bar[1:-1] = " not in source, source


def test_the_next_iteration_stores_in_what_the_last_one_cleared():
    def alternating(a, n):
        a, b = a.copy(), a.copy()
        for _ in range(n):
            b[1:-1] = a[:-2] + 2.0 * a[1:-1] + a[2:]
            a[1:-1] = np.sin(b[1:-1]) + b[2:]
        return np.sum(a * a)

    x = np.array([0.3, -1.0, 2.0, 0.7, -0.2])
    source = gradient(alternating, x, 2)
    assert "        b_bar[1:-1] = " in source and "\n    b_bar[1:-1] = 0.0" in source, source
    for n in (0, 1, 3):
        differences = [(alternating(x + h, n) - alternating(x - h, n)) / 2e-6 for h in 1e-6 * np.eye(5)]
        assert np.allclose(backprose.grad(alternating)(x, n), differences), n


def gates(x):
    total = 0.0
    for i in range(len(x)):
        w = x[i, 1]
        total += np.sum(np.tanh(w[0]) * np.exp(w[1]))
    return total


def gradient(f, *args):
    df = backprose.grad(f)
    df(*args)
    return df.source.partition("# backward\n")[2]


def shares(x):
    a, b, c = x[:-1], x[1:], x[0]
    return np.sum(a * a) + np.sum(b * b * b) + c


def parts(x, d):
    return np.sum(np.exp(x[:, :d])) * np.sum(np.exp(x[:, d:])) + np.sum(x[:, :d])


def columns(x):
    return np.sum(np.tanh(x[:, None] - x))


def spread(x, labels):
    e = np.exp(x)
    return np.sum(np.log(np.sum(e, axis=1)) - x[np.arange(len(x)), labels])


def neighbours(x):
    total = 0.0
    for i in range(len(x)):
        row = x[i]
        total += np.sum(np.sin(row[:-2] + row[1:-1] + row[2:]))
    return total * total


def picked(x, labels):
    return np.sum(np.exp(x[np.arange(len(x)), labels]))


def picked_again(x, labels):
    return np.sum(np.exp(x[labels]))


@pytest.mark.parametrize(
    "f, args, text, never",
    [
        (parts, (np.arange(8.0).reshape(2, 4), 2), "x_bar[", "x_bar[index] +="),
        (picked, (np.arange(6.0).reshape(2, 3), np.array([1, 0])), "x_bar[", "add.at"),
        (picked_again, (np.arange(3.0), np.array([1, 1])), "np.add.at(x_bar, labels, ", "x_bar[labels]"),
        (gates, (np.ones((2, 3, 2, 4)),), "x_bar[i, 1, 1] += ", "np.zeros_like(x["),
        (columns, (np.arange(3.0),), "", "zeros"),
        (spread, (np.arange(6.0).reshape(2, 3), np.array([1, 0])), "] -= 1.0", "zeros"),
        (neighbours, (np.arange(8.0).reshape(2, 4),), "x_bar[i, 2:] += ", "np.zeros_like(x["),
    ],
)
def test_the_first_share_is_stored(f, args, text, never):
    source = gradient(f, *args)
    assert text in source and never not in source, source


def test_a_view_that_is_read_after_an_update_is_copied_alone():
    def swept(a):
        a = a.copy()
        for i in range(1, len(a) - 1):
            a[i, 1:-1] += a[i - 1, 1:-1] + a[i + 1, 1:-1]
        return np.sum(a * a)

    source = gradient(swept, np.arange(16.0).reshape(4, 4))
    assert "= a_bar[i, 1:-1].copy()" in source and "a_bar = a_bar.copy()" not in source, source


def test_an_entry_that_was_stored_is_not_read_again():
    def swept(a):
        a = a.copy()
        for i in range(1, len(a)):
            a[i] += a[i - 1]
            a[i] = a[i] / 9.0
        return np.sum(a * a)

    source = gradient(swept, np.arange(4.0))
    assert "/ 9.0" in source and "a_bar[i - 1] += a_bar[i]" not in source, source
    a, step = np.array([1.0, 2.0, -1.0, 0.5]), 1e-6
    differences = [(swept(a + h) - swept(a - h)) / (2 * step) for h in step * np.eye(4)]
    assert np.allclose(backprose.grad(swept)(a), differences)
