"""Polybench's heat-3d: the heat equation on a cube, two arrays in turns."""

import numpy as np

ARGNUMS = 0
SIZES = {"tiny": (5, 2), "small": (10, 10), "large": (80, 20)}


def diffuse(target, source):
    centre = source[1:-1, 1:-1, 1:-1]
    target[1:-1, 1:-1, 1:-1] = (
        0.125 * (source[2:, 1:-1, 1:-1] - 2.0 * centre + source[:-2, 1:-1, 1:-1])
        + 0.125 * (source[1:-1, 2:, 1:-1] - 2.0 * centre + source[1:-1, :-2, 1:-1])
        + 0.125 * (source[1:-1, 1:-1, 2:] - 2.0 * centre + source[1:-1, 1:-1, :-2])
        + centre
    )


def evolved(a, steps):
    a = a.copy()
    b = a.copy()
    for _ in range(steps):
        diffuse(b, a)
        diffuse(a, b)
    return a


def primal(a, steps):
    a = evolved(a, steps)
    return np.sum(a * a)


def diffuse_bar(target_bar, source_bar, scratch):
    """The adjoint of `diffuse`; the interior of source_bar holds nothing that is still wanted, and is written."""
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
        diffuse_bar(a_bar, b_bar, scratch)
        diffuse_bar(b_bar, a_bar, scratch)
    if steps:
        b_bar[1:-1, 1:-1, 1:-1] = 0
        a_bar += b_bar  # the border of b was copied from a
    return value, a_bar


def arguments(rng, n, steps):
    return rng.normal(size=(n, n, n)), steps
