"""Buffers that a loop hands round are updated where they are, in both sweeps."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import backprose
import numpy as np
import oracle_of_memory
import pytest


def heat(x, n):
    u = x.copy()
    v = np.zeros_like(x)
    for k in range(n):
        v[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
        v[0] = u[0]
        v[-1] = u[-1]
        u, v = v, u
    return np.sum(u * u)


def leapfrog(x, n):
    old, now, new = x.copy(), 1.1 * x, np.zeros_like(x)
    for k in range(n):
        new[1:-1] = 2 * now[1:-1] - old[1:-1] + 0.2 * (now[2:] - 2 * now[1:-1] + now[:-2])
        old, now, new = now, new, old
    return np.sum(now * now) + np.sum(old)


def rotating_in_a_while_loop(x, n):
    a, b, c = x.copy(), np.zeros_like(x), np.ones_like(x)
    k = 0
    while k < n:
        c[1:] += a[:-1] * 0.5
        b[:-1] -= c[1:]
        a, b, c = b, c, a
        k += 1
    return np.sum(a * b) + np.sum(c)


def two_of_three(x, n):
    a, b, c = x.copy(), np.zeros_like(x), np.ones_like(x)
    for k in range(n):
        b[1:] = a[:-1] * 0.5 + c[1:]
        c[0] += b[-1]
        a, b = b, a
    return np.sum(a * b) + np.sum(c * c)


def swapped_in_an_outer_loop(x, n):
    u, v = x.copy(), np.zeros_like(x)
    for k in range(n):
        for i in range(1, len(x)):
            v[i] = 0.5 * u[i] + 0.25 * u[i - 1]
        u, v = v, u
    return np.sum(u * u)


ROTATING = (heat, leapfrog, rotating_in_a_while_loop, two_of_three, swapped_in_an_outer_loop)


@pytest.mark.parametrize("f", ROTATING, ids=lambda f: f.__name__)
@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_gradient(f, n):
    oracle_of_memory.check(f, (np.random.default_rng(2).normal(size=6), n))


@pytest.mark.parametrize("f", ROTATING, ids=lambda f: f.__name__)
def test_no_step_copies_a_buffer(f):
    gradient = backprose.grad(f)
    gradient(np.ones(6), 3)
    assert "_at(" not in gradient.source, gradient.source


def peak(f: Callable, n: int) -> int:
    gradient, x = backprose.grad(f), np.linspace(0.0, 1.0, 100_000)
    gradient(x, 2)
    tracemalloc.start()
    try:
        gradient(x, n)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("f", [heat, leapfrog, two_of_three], ids=lambda f: f.__name__)
def test_memory_does_not_grow_with_the_steps(f):
    assert peak(f, 60) <= 1.02 * peak(f, 6)


# What is kept, and what has two names, is not written to


def kept_whole(x, n):
    u, v = x.copy(), np.zeros_like(x)
    for k in range(n):
        v[:] = np.sin(u) * u
        u, v = v, u
    return np.sum(u * u)


def a_new_buffer_enters(x, n):
    u, v = x.copy(), np.ones_like(x)
    for k in range(n):
        u[0] += v[1]
        u, v = v, 0.5 * u
    return np.sum(u * v)


def collected(x, n):
    u, v = x.copy(), np.ones_like(x)
    rows = []
    for k in range(n):
        w = 0.5 * v
        w[1:] += u[:-1]
        rows.append(w)
        u, v = v, w
    total = np.sum(u * v)
    for row in rows:
        total += np.sum(row * row)
    return total


@pytest.mark.parametrize("f", [kept_whole, a_new_buffer_enters, collected], ids=lambda f: f.__name__)
@pytest.mark.parametrize("n", [0, 1, 4])
def test_what_is_read_later_is_kept(f, n):
    oracle_of_memory.check(f, (np.random.default_rng(3).normal(size=5), n))
