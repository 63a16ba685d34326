"""Polybench's seidel-2d: sweeps in which each entry is written from neighbours that are new already, one by one."""

from importlib import import_module

import numpy as np

ARGNUMS = 0
SIZES = {"tiny": (5, 2), "small": (10, 5), "large": (40, 10)}


def known(above, row, below):
    """The sum of the neighbours of a row's entries that are known before the row is gone through."""
    return above[:-2] + above[1:-1] + above[2:] + row[2:] + below[:-2] + below[1:-1] + below[2:]


def swept(a, steps):
    a = a.copy()
    n = len(a)
    for _ in range(steps):
        for i in range(1, n - 1):
            a[i, 1:-1] += known(a[i - 1], a[i], a[i + 1])
            for j in range(1, n - 1):
                a[i, j] += a[i, j - 1]
                a[i, j] /= 9.0
    return a


def primal(a, steps):
    a = swept(a, steps)
    return np.sum(a * a)


def by_hand(a, steps):
    a = a.copy()
    n = len(a)
    for _ in range(steps):
        for i in range(1, n - 1):
            row = a[i]
            row[1:-1] += known(a[i - 1], row, a[i + 1])
            entry = row[0]
            for j in range(1, n - 1):
                entry = (entry + row[j]) / 9.0
                row[j] = entry
    value = np.sum(a * a)
    a *= 2
    a_bar = a
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


def stand_ins(tool):
    """The recurrence within a row entry by entry, as in the source."""
    if tool == "jax":
        return {"swept": swept_in_jax()}
    stack = import_module({"autograd": "autograd.numpy", "torch": "torch"}[tool]).stack

    def swept(a, steps):
        rows = list(a)
        for _ in range(steps):
            for i in range(1, len(rows) - 1):
                entries = [rows[i][0]]
                for entry in rows[i][1:-1] + known(*rows[i - 1 : i + 2]):
                    entries.append((entry + entries[-1]) / 9.0)
                rows[i] = stack([*entries, rows[i][-1]])
        return stack(rows)

    return {"swept": swept}


def swept_in_jax():
    from jax import lax

    def next_entry(left, entry):
        entry = (entry + left) / 9.0
        return entry, entry

    def next_row(above, rows):
        row, below = rows
        _, inner = lax.scan(next_entry, row[0], row[1:-1] + known(above, row, below))
        row = row.at[1:-1].set(inner)
        return row, row

    def sweep(_, a):
        _, rows = lax.scan(next_row, a[0], (a[1:-1], a[2:]))
        return a.at[1:-1].set(rows)

    return lambda a, steps: lax.fori_loop(0, steps, sweep, a)
