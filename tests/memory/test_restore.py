"""A loop that overwrites one slice in each iteration keeps that slice, and goes back through what the array was."""

from __future__ import annotations

import tracemalloc

import backprose
import numpy as np
import oracle_of_memory
import pytest


def burgers(u, n):
    u = u.copy()
    for _ in range(n):
        u[1:-1] -= 0.1 * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u**2)


def upwind(u, n):
    u = u * 1.0
    for _ in range(n):
        u[1:] = u[1:] - 0.1 * u[1:] * (u[1:] - u[:-1]) + 0.01 * u[1:] * u[:-1]
    return np.sum(u * np.arange(len(u)))


def in_two_dimensions(u, n):
    u = np.outer(u, u)
    for _ in range(n):
        u[1:-1, 1:-1] += 0.1 * u[1:-1, 1:-1] * (u[2:, 1:-1] - u[:-2, 1:-1]) * (u[1:-1, 2:] - u[1:-1, :-2])
    return np.sum(u**2)


def with_a_sine(u, n):
    u = u.copy()
    for _ in range(n):
        u[1:-1] = np.sin(u[1:-1]) * (u[2:] - u[:-2]) * u[1:-1]
    return np.sum(u**2)


def read_behind_the_loop(u, n):
    u = u.copy()
    for _ in range(n):
        u[1:-1] -= 0.1 * u[1:-1] * (u[2:] - u[:-2])
    v = u * u
    u[0] = 3.0
    return np.sum(v * u)


def starts_from_the_argument(u, n):
    for _ in range(n):
        u[1:-1] -= 0.1 * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u**2)


def two_stores(u, n):
    u = u.copy()
    for _ in range(n):
        u[1:-1] -= 0.1 * u[1:-1] * (u[2:] - u[:-2])
        u[0] = u[1] * u[2]
    return np.sum(u**2)


def scalar_stored(u, n):
    u, s = u.copy(), 0.0
    for _ in range(n):
        s = s + np.sum(u[1:-1] * (u[2:] - u[:-2]))
        u[1:-1] = 0.1 * s
    return s + np.sum(u**2)


PROGRAMS = [scalar_stored, burgers, upwind, in_two_dimensions, with_a_sine, read_behind_the_loop, starts_from_the_argument, two_stores]


@pytest.mark.parametrize("n", [0, 1, 4])
@pytest.mark.parametrize("f", PROGRAMS)
def test_gradient(f, n):
    oracle_of_memory.check(f, (np.array([0.3, -0.9, 1.3, 0.7, -0.2]), n), wrt=(0,))


@pytest.mark.parametrize("f", PROGRAMS)
def test_second_derivative(f):
    u, h = np.array([0.3, -0.9, 1.3, 0.7, -0.2]), 1e-6
    weights = np.arange(1.0, 6.0)

    def weighed(u):
        return np.sum(backprose.grad(f)(u, 3) * weights)

    wanted = [(weighed(u + h * e) - weighed(u - h * e)) / (2 * h) for e in np.eye(5)]
    np.testing.assert_allclose(backprose.grad(weighed)(u), wanted, rtol=1e-4, atol=1e-4)


def peak(f, u, n) -> int:
    tracemalloc.start()
    f(u, n)
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


@pytest.mark.parametrize("f", [burgers, upwind, starts_from_the_argument])
def test_one_slice_a_step(f):
    gradient, u = backprose.grad(f), np.linspace(0.0, 1.0, 10_000)
    gradient(u, 1)
    arrays = (peak(gradient, u, 60) - peak(gradient, u, 20)) / (40 * u.nbytes)
    assert 0.9 < arrays < 1.1, gradient.source
