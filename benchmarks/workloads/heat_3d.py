"""Polybench's heat-3d: the heat equation on a cube, two arrays in turns."""

import numpy as np

from benchmarks.stencils import evolution

ARGNUMS = 0
SIZES = {"tiny": (5, 2), "small": (10, 10), "large": (64, 10)}


def stencil(a):
    centre = a[1:-1, 1:-1, 1:-1]
    return (
        0.125 * (a[2:, 1:-1, 1:-1] - 2.0 * centre + a[:-2, 1:-1, 1:-1])
        + 0.125 * (a[1:-1, 2:, 1:-1] - 2.0 * centre + a[1:-1, :-2, 1:-1])
        + 0.125 * (a[1:-1, 1:-1, 2:] - 2.0 * centre + a[1:-1, 1:-1, :-2])
        + centre
    )


def evolved(a, steps):
    a = a.copy()
    b = a.copy()
    for _ in range(steps):
        b[1:-1, 1:-1, 1:-1] = stencil(a)
        a[1:-1, 1:-1, 1:-1] = stencil(b)
    return a


def primal(a, steps):
    a = evolved(a, steps)
    return np.sum(a * a)


def by_hand(a, steps):
    a = a.copy()
    b = a.copy()
    inner = np.empty_like(a[1:-1, 1:-1, 1:-1])
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
        b_bar[1:-1, 1:-1, 1:-1] = 0
        a_bar += b_bar  # the border of b was copied from a
    return value, a_bar


def step(source, target, inner):
    """An eighth of the six neighbours, and a quarter of the centre: 1 - 6/8."""
    np.add(source[2:, 1:-1, 1:-1], source[:-2, 1:-1, 1:-1], out=inner)
    inner += source[1:-1, 2:, 1:-1]
    inner += source[1:-1, :-2, 1:-1]
    inner += source[1:-1, 1:-1, 2:]
    inner += source[1:-1, 1:-1, :-2]
    inner *= 0.125
    np.multiply(source[1:-1, 1:-1, 1:-1], 0.25, out=target[1:-1, 1:-1, 1:-1])
    target[1:-1, 1:-1, 1:-1] += inner


def step_bar(target_bar, source_bar, inner):
    """The adjoint of `step`; the interior of source_bar holds nothing that is still wanted, and is written."""
    np.multiply(target_bar[1:-1, 1:-1, 1:-1], 0.125, out=inner)
    np.multiply(target_bar[1:-1, 1:-1, 1:-1], 0.25, out=source_bar[1:-1, 1:-1, 1:-1])
    source_bar[2:, 1:-1, 1:-1] += inner
    source_bar[:-2, 1:-1, 1:-1] += inner
    source_bar[1:-1, 2:, 1:-1] += inner
    source_bar[1:-1, :-2, 1:-1] += inner
    source_bar[1:-1, 1:-1, 2:] += inner
    source_bar[1:-1, 1:-1, :-2] += inner


def arguments(rng, n, steps):
    return rng.normal(size=(n, n, n)), steps


def stand_ins(tool):
    evolve = evolution(tool, stencil)
    return {"evolved": lambda a, steps: evolve(a, 2 * steps)}  # the two arrays have the same border
