"""Chains that are cut out compute, to the last bit, what they compute where they stand."""

from __future__ import annotations

import copy
import inspect
import itertools

import numpy as np
import pytest
from backprose_runtime.tiling import TILE
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import backprose
from backprose import pipeline
from backprose.analysis.kinds import kind_of
from backprose.ir.interpret import interpret
from backprose.ir.parse import parse
from backprose.ir.text import foreign_objects, print_ir
from backprose.pipeline import Plan, compile_function
from backprose.transform import tile_chains
from backprose.transform.gradient import Request

LONG = 2 * TILE + 3


def chain(x, y):
    a = x * y + 0.5
    b = a / (1.0 + a * a)
    c = np.sqrt(1.0 + b * b) - b * x
    e = np.exp(-c * c) * y
    return np.sum(e * b + c)


def guarded(x, y):
    root = np.sqrt(np.abs(x))
    d = (np.log(1 + y * y) + root) / (0.5 + root * special.erf(y))
    return np.sum(np.where(x > 0.5, np.sqrt(np.abs(x)) * d, np.maximum(y, d) * root) / (1 + d * d))


def with_integers(x, y):
    k = np.floor(x).astype(np.int64)
    a = np.where(k % 2 == 0, x ** 2, y * k) - 3
    b = np.clip(a, -1, 1) * np.arctan2(x, 1 + y * y) + np.abs(np.hypot(a, y))
    return np.sum(b / (1 + a * a)) + np.sum(np.tanh(a) * b)


def in_two_stages(x, y):
    a = np.exp(-x * x) * y
    total = np.sum(a)
    b = a / (1 + total * total) - x
    c = np.sin(b) * np.cos(b * y) + np.sqrt(1 + b * b)
    return np.sum(c * a + np.tanh(c) * b) + np.sum(np.exp(-c * c) * np.log(2 + c * c))


def through_a_store(x, y):
    u = x * y
    v = np.tanh(u) * np.exp(-u * u) + np.sin(y)
    u[0] = 2.0
    w = u * v + np.cos(u) / (1 + v * v)
    w[1:] += v[:-1] * np.sqrt(1 + w[:-1] * w[:-1])
    return np.sum(w * u * np.exp(-v * v)) + np.sum(np.arctan(w))


PROGRAMS = (chain, guarded, with_integers, in_two_stages, through_a_store)


def programs_of(f, args, wrt=(0, 1), paired=False):
    """Compiled without tiles and with them, where a chain of two counts."""
    kinds = {name: kind_of(a) for name, a in zip(inspect.signature(f).parameters, args)}
    plan = Plan(Request(wrt, False, not paired), paired)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tile_chains, "LEAST", 2)
        tiled = compile_function(f, kinds, plan)
        patch.setattr(pipeline, "TILING", ())
        return compile_function(f, kinds, plan), tiled


def run(compilation, f, args):
    with np.errstate(all="ignore"):
        return list(leaves(compilation.load("test", f.__globals__)[compilation.entry](*copy.copy(args))))


def leaves(x):
    return itertools.chain(*map(leaves, x)) if isinstance(x, tuple) else iter((x,))


def assert_same(found, wanted):
    for a, b in zip(found, wanted, strict=True):
        assert np.shape(a) == np.shape(b) and np.asarray(a).dtype == np.asarray(b).dtype
        assert np.array_equal(a, b, equal_nan=True)


def drawn(size, dtype=np.float64):
    rng = np.random.default_rng(7)
    return rng.normal(size=size).astype(dtype), rng.normal(size=size).astype(dtype)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_have_the_bits_of_those_without_tiles(f, dtype):
    x, y = drawn(LONG, dtype)
    plain, tiled = programs_of(f, (x, y))
    assert "in_tiles" in tiled.emitted.source and "in_tiles" not in plain.emitted.source
    tiny, huge = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
    special = np.resize(np.array([np.nan, np.inf, -np.inf, tiny, -0.0, 0.0, huge], dtype), LONG)
    few = [(x[:n], y[:n]) for n in ((2,) if f is through_a_store else (0, 1, 2))]  # which has no u[0] to store
    for args in ((x, y), *few, (x[::2], y[::2]), (x, x), (x[1:], x[:-1]), (special, y)):
        assert_same(run(tiled, f, args), run(plain, f, args))


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_the_value_is_that_of_the_function(f):
    x, y = drawn(LONG)
    found = run(programs_of(f, (x, y))[1], f, (x, y))[0]
    assert found == f(x.copy(), y.copy())


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_the_ir_means_what_the_text_computes(f):
    x, y = drawn(LONG)
    _, tiled = programs_of(f, (x, y))
    with np.errstate(all="ignore"):
        wanted = interpret(tiled.stages["tiled"], x.copy(), y.copy(), globals=f.__globals__)
    assert_same(run(tiled, f, (x, y)), leaves(wanted))


def test_the_ir_prints_and_parses_back():
    module = programs_of(guarded, drawn(5))[1].stages["tiled"]
    text = print_ir(module)
    assert print_ir(parse(text, foreign_objects(module))) == text


def test_matrices_are_tiled_where_they_lie_in_the_order_of_c():
    x, y = drawn((170, 200))
    plain, tiled = programs_of(chain, (x, y))
    assert "in_tiles" in tiled.emitted.source
    for args in ((x, y), (np.asfortranarray(x), y), (x[:, ::2], y[:, 1::2]), (x[:0], y[:0])):
        assert_same(run(tiled, chain, args), run(plain, chain, args))


def test_complex_numbers_stay():
    """NumPy multiplies temporaries of some size in the other order, and z * w is not w * z to the last bit."""

    def waves(x, y):
        z = (x + 1j * y) * np.exp(1j * x)
        w = z * z / (1 + z * np.conj(z)) + np.sin(z)
        return np.real(np.sum(w * np.conj(w) * z))

    x, y = drawn(LONG)
    plain, tiled = programs_of(waves, (x, y))
    assert_same(run(tiled, waves, (x, y)), run(plain, waves, (x, y)))


def test_what_is_broadcast_stays():
    """A row for each row of a matrix is no array of the matrix's shape; a number for all entries is an argument."""

    def rows(x, y, rate):
        return np.sum(np.sin(x * y) * np.cos(x - y) * rate + np.exp(-x * x) / (1 + x * x * y))

    x, y = drawn((200, 170))
    plain, tiled = programs_of(rows, (x, y[0], 0.5), (0, 1, 2))
    assert_same(run(tiled, rows, (x, y[0], 0.5)), run(plain, rows, (x, y[0], 0.5)))


def test_parts_of_pairs_are_tiled_too():
    x, y = drawn(LONG)
    plain, tiled = programs_of(chain, (x, y), paired=True)
    names = list(tiled.stages["optimised"].functions)[:2]
    found = []
    for compilation in (plain, tiled):
        namespace = compilation.load("test", chain.__globals__)
        value, residuals = namespace[names[0]](x, y)
        found.append([value, *leaves(namespace[names[1]](residuals, 0.5))])
    assert "in_tiles" in tiled.emitted.source
    assert_same(*found)


def test_short_chains_stay_where_they_are():
    x, y = drawn(LONG)
    gradient = backprose.grad(lambda x: np.sum(np.exp(-x * x) * x))
    gradient(x)
    assert "in_tiles" not in gradient.source
    long = backprose.value_and_grad(chain, (0, 1))
    long(x, y)
    assert long.source.count("in_tiles(") == 1


def test_an_effect_keeps_its_place():
    def printing(x, y):
        a = np.exp(-x * x) * y + np.sin(x)
        print("between")
        b = np.sqrt(1 + a * a) * np.cos(a)
        return np.sum(a * b + np.tanh(b))

    x, y = drawn(5)
    plain, tiled = programs_of(printing, (x, y))
    source = tiled.emitted.source
    assert source.index("in_tiles(") < source.index("print(") < source.rindex("in_tiles(printing")
    assert_same(run(tiled, printing, (x, y)), run(plain, printing, (x, y)))


UNARY = (np.sin, np.tanh, np.exp, np.sqrt, np.square, np.negative, np.abs, np.log1p)
BINARY = (np.add, np.subtract, np.multiply, np.divide, np.maximum, np.arctan2)


@st.composite
def steps(draw):
    """A program of lines: each value is made of earlier ones; some are sums, on which the rest depends."""
    lines, count = [], 2
    for _ in range(draw(st.integers(3, 14))):
        a, b = (f"v{draw(st.integers(0, count - 1))}" for _ in range(2))
        form = draw(st.sampled_from(["unary", "binary", "binary", "where", "scale", "sum", "store", "reverse"]))
        text = {
            "unary": f"np.{draw(st.sampled_from(UNARY)).__name__}({a})",
            "binary": f"np.{draw(st.sampled_from(BINARY)).__name__}({a}, {b})",
            "where": f"np.where({a} > {b}, {b}, 0.5 * {a})",
            "scale": f"{a} * 0.5 - 2",
            "sum": f"{a} / (1 + np.sum({b} * {b}))",
            "store": f"{a} * 1.0; v{count}[1:] = {b}[:-1]",
            "reverse": f"{a}[::-1] * {b}",
        }[form]
        lines.append(f"    v{count} = {text}")
        count += 1
    return "def program(v0, v1):\n" + "\n".join(lines) + f"\n    return np.sum(v{count - 1} * v{count - 2})\n"


@settings(max_examples=25, deadline=None)
@given(steps())
def test_generated_programs_have_the_bits_of_those_without_tiles(text):
    namespace = {"np": np}
    filename = f"<tiles {hash(text)}>"
    inspect.linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    exec(compile(text, filename, "exec"), namespace)
    f = namespace["program"]
    x, y = drawn(TILE + 9)
    plain, tiled = programs_of(f, (x, y))
    assert_same(run(tiled, f, (x, y)), run(plain, f, (x, y)))
    with np.errstate(all="ignore"):
        assert_same(run(tiled, f, (x, y)), leaves(interpret(tiled.stages["tiled"], x.copy(), y.copy(), globals=namespace)))
