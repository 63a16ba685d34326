"""Polybench's jacobi-2d: two arrays, each written from the other in a time loop."""

import numpy as np

from benchmarks.stencils import evolution

ARGNUMS = 0
SIZES = {"tiny": (5, 2), "small": (24, 20), "large": (500, 20)}


def stencil(a):
    return 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])


def evolved(a, steps):
    a = a.copy()
    b = a.copy()
    for _ in range(steps):
        b[1:-1, 1:-1] = stencil(a)
        a[1:-1, 1:-1] = stencil(b)
    return a


def primal(a, steps):
    a = evolved(a, steps)
    return np.sum(a * a)


def by_hand(a, steps):
    a = a.copy()
    b = a.copy()
    inner = np.empty_like(a[1:-1, 1:-1])
    for _ in range(steps):
        step(a, b, inner)
        step(b, a, inner)
    value = np.sum(a * a)
    a *= 2
    a_bar, b_bar = a, b
    b_bar[:] = 0
    for _ in range(steps):
        step_bar(a_bar, b_bar, inner)
        step_bar(b_bar, a_bar, inner)
    if steps:
        b_bar[1:-1, 1:-1] = 0
        a_bar += b_bar  # the border of b was copied from a
    return value, a_bar


def step(source, target, inner):
    np.add(source[1:-1, 1:-1], source[1:-1, :-2], out=inner)
    inner += source[1:-1, 2:]
    inner += source[2:, 1:-1]
    inner += source[:-2, 1:-1]
    np.multiply(inner, 0.2, out=target[1:-1, 1:-1])


def step_bar(target_bar, source_bar, inner):
    """The adjoint of `step`; the interior of source_bar holds nothing that is still wanted, and is written."""
    np.multiply(target_bar[1:-1, 1:-1], 0.2, out=inner)
    source_bar[1:-1, 1:-1] = inner
    source_bar[1:-1, :-2] += inner
    source_bar[1:-1, 2:] += inner
    source_bar[2:, 1:-1] += inner
    source_bar[:-2, 1:-1] += inner


def arguments(rng, n, steps):
    return rng.normal(size=(n, n)), steps


def stand_ins(tool):
    evolve = evolution(tool, stencil)
    return {"evolved": lambda a, steps: evolve(a, 2 * steps)}  # the two arrays have the same border
