"""Polybench's seidel-2d: sweeps in which each entry is written from neighbours that are new already, one by one."""

import numpy as np

ARGNUMS = 0
SIZES = {"tiny": (5, 2), "small": (10, 5), "large": (60, 20)}


def swept(a, steps):
    a = a.copy()
    n = len(a)
    for _ in range(steps):
        for i in range(1, n - 1):
            a[i, 1:-1] += (
                a[i - 1, :-2] + a[i - 1, 1:-1] + a[i - 1, 2:] + a[i, 2:] + a[i + 1, :-2] + a[i + 1, 1:-1] + a[i + 1, 2:]
            )
            for j in range(1, n - 1):
                a[i, j] += a[i, j - 1]
                a[i, j] /= 9.0
    return a


def primal(a, steps):
    a = swept(a, steps)
    return np.sum(a * a)


def by_hand(a, steps):
    a = swept(a, steps)
    value = np.sum(a * a)
    a *= 2
    a_bar = a
    n = len(a)
    for _ in range(steps):
        for i in range(n - 2, 0, -1):
            row = a_bar[i]
            entry = row[n - 2]
            for j in range(n - 2, 0, -1):
                entry /= 9.0
                row[j] = entry
                entry += row[j - 1]
            row[0] = entry
            inner = row[1:-1].copy()
            row[2:] += inner
            a_bar[i - 1, :-2] += inner
            a_bar[i - 1, 1:-1] += inner
            a_bar[i - 1, 2:] += inner
            a_bar[i + 1, :-2] += inner
            a_bar[i + 1, 1:-1] += inner
            a_bar[i + 1, 2:] += inner
    return value, a_bar


def arguments(rng, n, steps):
    return rng.normal(size=(n, n)), steps
