"""Polybench's heat-3d: the heat equation on a cube, two arrays in turns."""

import numpy as np

from benchmarks.stencils import evolution

ARGNUMS = 0
SIZES = {"tiny": (5, 2), "small": (10, 10), "large": (80, 20)}


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


def step_bar(target_bar, source_bar, scratch):
    """The adjoint of a store of the stencil of source; the interior of source_bar holds nothing that is still wanted, and is written."""
    np.multiply(target_bar[1:-1, 1:-1, 1:-1], 0.125, out=scratch)
    np.multiply(scratch, 2, out=source_bar[1:-1, 1:-1, 1:-1])  # 1 - 6/8 of it
    source_bar[2:, 1:-1, 1:-1] += scratch
    source_bar[:-2, 1:-1, 1:-1] += scratch
    source_bar[1:-1, 2:, 1:-1] += scratch
    source_bar[1:-1, :-2, 1:-1] += scratch
    source_bar[1:-1, 1:-1, 2:] += scratch
    source_bar[1:-1, 1:-1, :-2] += scratch


def by_hand(a, steps):
    a = evolved(a, steps)
    value = np.sum(a * a)
    a *= 2
    a_bar, b_bar = a, np.zeros_like(a)
    scratch = np.empty_like(a[1:-1, 1:-1, 1:-1])
    for _ in range(steps):
        step_bar(a_bar, b_bar, scratch)
        step_bar(b_bar, a_bar, scratch)
    if steps:
        b_bar[1:-1, 1:-1, 1:-1] = 0
        a_bar += b_bar  # the border of b was copied from a
    return value, a_bar


def arguments(rng, n, steps):
    return rng.normal(size=(n, n, n)), steps


def stand_ins(tool):
    evolve = evolution(tool, stencil)
    return {"evolved": lambda a, steps: evolve(a, 2 * steps)}  # the two arrays have the same border
