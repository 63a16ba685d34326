"""The last iteration of a reverse loop leaves out products that only a further one would read; no number changes."""

from __future__ import annotations

import operator
import sys
from pathlib import Path

import backprose
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_memory_passes import QUIET, run, same
from test_updates import SIZE, flat, programs

from backprose.ir.interpret import interpret
from backprose.ir.nodes import Module
from backprose.ir.verify import verify
from backprose.transform import skip_last
from backprose.transform.own_buffers import own_buffers

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
import oracle  # noqa: E402


@settings(max_examples=150, **QUIET)
@given(programs(), st.integers(0, 3))
def test_generated_loops(function, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=SIZE), rng.normal(size=SIZE)
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr(skip_last, "PRODUCTS", frozenset({operator.add, operator.sub, operator.mul, np.tanh, np.copy}))
        expected = flat(interpret(function, x.copy(), y.copy()))
        for step in (skip_last.skip_last, own_buffers):
            function = step(function)
            verify(Module({"generated": function}), step.__name__)
            assert same(flat(interpret(function, x.copy(), y.copy())), expected)
        assert same(run(function, x, y), expected)


def layers(ws, x):
    h = x
    for w in ws:
        h = np.tanh(h @ w)
    return np.sum(h * h)


def counted(ws, x):
    h = x
    for i, w in enumerate(ws):
        h = h @ w
        if i < len(ws) - 1:
            h = np.tanh(h)
    return np.sum(h * h)


def from_one(ws, x):
    h = x
    for i in range(1, len(ws)):
        h = np.tanh(h @ ws[i] + np.sum(ws[i - 1]))
    return np.sum(h * h)


def left_early(ws, x):
    h = x
    for w in ws:
        if np.sum(h) > 1e3:
            break
        h = np.tanh(h @ w)
    return np.sum(h * h)


def until_small(ws, x):
    h, n = x, 0
    while n < len(ws) and np.sum(h * h) > 1e-3:
        h = np.tanh(h @ ws[n])
        n += 1
    return np.sum(h * h)


def in_blocks(ws, x):
    h = x
    for w in ws:
        for _ in range(2):
            h = np.tanh(h @ w)
        h = h * 0.9
    return np.sum(h * h)


def beside_a_shorter(ws, x):
    h = x
    for w, scale in zip(ws, (0.3, 0.7)):
        h = np.tanh(h @ w) * scale
    return np.sum(h * h)


def two_states(ws, x):
    h, g = x, x * 0.5
    for w in ws:
        h, g = np.tanh(g @ w), h + g
    return np.sum(h * g)


def read_behind(ws, x):
    h, first = x, ws[0] if len(ws) else None
    for w in ws:
        h = np.tanh(h @ w)
    return np.sum(h * h) + (np.sum(first * first) if first is not None else 0.0)


PROGRAMS = [layers, counted, from_one, left_early, until_small, in_blocks, beside_a_shorter, two_states, read_behind]


def stacks(n: int) -> tuple:
    rng = np.random.default_rng(n)
    return [rng.normal(size=(3, 3)) for _ in range(n)], rng.normal(size=(2, 3))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("n", [0, 1, 3])
def test_gradients(program, n):
    ws, x = stacks(n)
    if n:
        oracle.check_gradient(program, (ws, x), (0,))
    oracle.check_gradient(program, (ws, x), (0, 1))


GUARDED = [layers, counted, until_small, beside_a_shorter, two_states, read_behind]


@pytest.mark.parametrize("program, guard", [*((f, "if i > 0:") for f in GUARDED), (from_one, "if i > 1:")])
def test_what_is_guarded(program, guard):
    gradient = backprose.grad(program, 0)
    gradient(*stacks(3))
    assert guard in gradient.source
    both = backprose.grad(program, (0, 1))
    both(*stacks(3))
    assert guard not in both.source


def scaled(ws, x):
    for w in ws:
        x = np.sin(x * w)
    return np.sum(x)


def test_what_is_cheap_is_not_guarded():
    gradient = backprose.grad(scaled)
    gradient(*([w[0] for w in stacks(3)[0]], np.ones(3)))
    assert "if" not in gradient.source.partition("# backward")[2]


@pytest.mark.parametrize("program", [layers, counted, two_states], ids=lambda f: f.__name__)
def test_second_order(program):
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=(3, 3, 3)), rng.normal(size=(2, 3))
    v = rng.normal(size=w.shape)

    def of_stack(w, x):
        return program([w[0], w[1], w[2]], x)

    first = backprose.grad(of_stack)
    found = backprose.grad(lambda w: np.sum(first(w, x) * v))(w)
    step = 1e-6
    assert np.allclose(found, (first(w + step * v, x) - first(w - step * v, x)) / (2 * step), atol=1e-6)


def test_float32_and_vectors():
    ws, x = stacks(3)
    found = backprose.grad(layers)([w.astype("float32") for w in ws], x[0].astype("float32"))
    wanted = backprose.grad(layers, (0, 1))(ws, x[0])[0]
    assert all(g.dtype == np.float32 and np.allclose(g, w, atol=1e-5) for g, w in zip(found, wanted))
