"""Tangents that are stated, where the transpose of the pullback would be longer or slower.

The rules beside which they stand are in the files of their families, with formulas, choices and sources.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.order import ranks
from backprose.rules.reductions import flattened
from backprose.rules.registry import pushforward
from backprose.rules.running import backward_sums, before_of


@pushforward(np.linalg.inv)
def inv_dot(c, a, *, a_dot):
    """C_dot = -C A_dot C."""
    return -c @ a_dot @ c


@pushforward(np.sort)
def sort_dot(y, a, axis=-1, kind=None, order=None, *, a_dot, stable=None):
    """The permutation that sorts a, equal entries in their order."""
    if axis is None:
        return np.take(flattened(a_dot), np.argsort(flattened(a), kind="stable"))
    return np.take_along_axis(a_dot, np.argsort(a, axis=axis, kind="stable"), axis)


@pushforward(np.partition)
def partition_dot(y, a, kth, axis=-1, kind="introselect", order=None, *, a_dot):
    """From the order of a to the sorted one, and from there to that of y."""
    if axis is None:
        sorted_dot = np.take(flattened(a_dot), np.argsort(flattened(a), kind="stable"))
        return np.take(sorted_dot, ranks(y, 0))
    sorted_dot = np.take_along_axis(a_dot, np.argsort(a, axis=axis, kind="stable"), axis)
    return np.take_along_axis(sorted_dot, ranks(y, axis), axis)


@pushforward(np.cumprod)
def cumprod_dot(y, a, axis=None, dtype=None, out=None, *, a_dot):
    """y_dot[k] = a_dot[k] y[k-1] + a[k] y_dot[k-1]: the recurrence of the pullback, from the other end."""
    if axis is None:
        flat = flattened(a)
        return forward_sums(flat, flattened(a_dot) * before_of(flat, y))
    a_last, y_last, dot_last = np.moveaxis(a, axis, -1), np.moveaxis(y, axis, -1), np.moveaxis(a_dot, axis, -1)
    return np.moveaxis(forward_sums(a_last, dot_last * before_of(a_last, y_last)), -1, axis)


def forward_sums(a, c):
    """t[k] = c[k] + a[k] t[k-1] along the last axis."""
    backwards = np.flip(a, axis=-1)
    factors = np.concatenate([np.ones_like(backwards[..., :1]), backwards[..., :-1]], axis=-1)
    return np.flip(backward_sums(factors, np.flip(c, axis=-1)), axis=-1)
