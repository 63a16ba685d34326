"""Which lists are histories, and that a gradient is the same with large arrays in one piece of memory."""

from __future__ import annotations

import backprose
import numpy as np
import pytest
from backprose_runtime import histories

rng = np.random.default_rng(5)


def waves(u, steps):
    for _ in range(steps):
        u = np.sin(u) + u * 0.5
    return np.sum(u * u)


def stencil(u, steps):
    u = u.copy()
    for i in range(1, steps):
        u[1:-1] += 0.1 * i * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u * u)


def rows(xs, u):
    for x in xs:
        u = np.tanh(u * x)
    return np.sum(u)


def shorter(xs, u, steps):
    for x, i in zip(xs, range(steps)):
        u = np.tanh(u * x + i)
    return np.sum(u)


def growing(u, steps):
    for _ in range(steps):
        u = np.concatenate([np.sin(u), np.cos(u[:1])])
    return np.sum(u)


def broadcast_later(u, v, steps):
    for _ in range(steps):
        u = np.sin(u * v) + np.sin(u)
    return np.sum(u)


def in_a_branch(u, steps):
    if steps > 2:
        for _ in range(steps):
            u = np.sin(u)
    return np.sum(u * u)


def nested(u, steps):
    for _ in range(steps):
        for _ in range(3):
            u = np.sin(u)
    return np.sum(u * u)


def layers(ws, u):
    for w in ws:
        u = np.tanh(w @ u)
    return np.sum(u)


def until(u, steps):
    for _ in range(steps):
        u = np.sin(u)
        if np.sum(u) < 1.0:
            break
    return np.sum(u * u)


def returned(u, steps):
    seen = []
    for _ in range(steps):
        u = np.sin(u)
        seen.append(u)
    return np.sum(u), seen


U, ROWS = rng.normal(size=9), rng.normal(size=(6, 9))
PROGRAMS = {
    waves: ((U, 5), "History(steps)"),
    stencil: ((U, 5), "History(len(range(1, steps)))"),
    rows: ((ROWS, U), "History(len(xs))"),
    shorter: ((ROWS, U, 4), "History(len(xs))"),
    growing: ((U, 5), "History(steps)"),
    broadcast_later: ((U[:1], U, 5), "History(steps)"),
    in_a_branch: ((U, 5), "History(steps)"),
    nested: ((U, 5), ""),
    layers: (([ROWS[:, :6], ROWS[:, 3:]], U[:6]), ""),
    until: ((U, 5), ""),
}


@pytest.fixture
def everything_is_large(monkeypatch):
    monkeypatch.setattr(histories, "ARRAY", 1)
    monkeypatch.setattr(histories, "ALL", 1)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_same_gradient(program, everything_is_large):
    arguments, written = PROGRAMS[program]
    gradient = backprose.value_and_grad(program)
    value, found = gradient(*arguments)
    assert written in gradient.source and ("History(" in gradient.source) == bool(written), gradient.source
    assert value == program(*arguments)
    backprose.check_grads(lambda first: program(first, *arguments[1:]), arguments[:1], order=1)
    with pytest.MonkeyPatch.context() as small:
        small.setattr(histories, "ARRAY", 10**9)
        _, wanted = gradient(*arguments)
    assert all(np.array_equal(a, b) for a, b in zip(np.atleast_1d(found), np.atleast_1d(wanted), strict=True))


def test_what_is_returned_is_a_plain_list(everything_is_large):
    gradient = backprose.value_and_grad(returned, has_aux=True)
    (_, seen), _ = gradient(U, 4)
    assert type(seen) is list and all(s.base is None for s in seen), gradient.source


def test_large_arrays():
    u = rng.normal(size=5000) / 100
    for program in (waves, stencil):
        gradient = backprose.grad(program)
        found = gradient(u, 30)
        with pytest.MonkeyPatch.context() as small:
            small.setattr(histories, "ARRAY", 10**9)
            assert np.array_equal(found, gradient(u, 30))


def test_a_negative_number_of_steps():
    assert np.array_equal(backprose.grad(waves)(U, -3), 2 * U)


def test_a_pullback_that_is_called_twice(everything_is_large):
    value, pull = backprose.vjp(waves, U, 5)
    assert np.array_equal(pull(1.0)[0], pull(1.0)[0])
    assert np.array_equal(pull(1.0)[0], backprose.grad(waves)(U, 5))
    assert "us = History(steps)" in pull.source
