"""Running sums and products, and differences."""

from __future__ import annotations

import numpy as np

from backprose.rules.reductions import flattened, shaped
from backprose.rules.registry import linear, rule
from backprose.rules.static import ends_padded


@linear(np.cumsum, wrt="a")
def cumsum(y, a, axis=None, dtype=None, out=None, *, y_bar):
    """y[i] = a[0] + ... + a[i]  =>  a_bar[i] = y_bar[i] + y_bar[i+1] + ...: the same sum from the other end."""
    if axis is None:
        return shaped(np.flip(np.cumsum(np.flip(y_bar))), a)
    return np.flip(np.cumsum(np.flip(y_bar, axis), axis), axis)


@linear(np.diff, wrt="a")
def diff(y, a, n=1, axis=-1, *, y_bar):
    """y[i] = a[i+1] - a[i]  =>  a_bar = -diff of y_bar with a 0 at both ends; n times."""
    if n == 1:
        return -np.diff(np.pad(y_bar, ends_padded(axis, np.ndim(a))), axis=axis)
    for _ in range(n):
        y_bar = -np.diff(np.pad(y_bar, ends_padded(axis, np.ndim(a))), axis=axis)
    return y_bar


@rule(np.cumprod)
def cumprod(y, a, axis=None, dtype=None, out=None, *, y_bar):
    """y[i] = a[0] ... a[i]  =>  a_bar[k] = (a[0] ... a[k-1]) s[k] with s[k] = y_bar[k] + a[k+1] s[k+1].

    Right with any number of zeros, in all orders.  Reads: a, y.  Source: the recurrence is y's, transposed.
    """
    if axis is None:
        flat = flattened(a)
        return shaped(before_of(flat, y) * backward_sums(flat, y_bar), a)
    a_last, y_last, y_bar_last = np.moveaxis(a, axis, -1), np.moveaxis(y, axis, -1), np.moveaxis(y_bar, axis, -1)
    return np.moveaxis(before_of(a_last, y_last) * backward_sums(a_last, y_bar_last), -1, axis)


def before_of(a, y):
    """The products before each entry, read from the running products y."""
    return np.concatenate([np.ones_like(a[..., :1]), y[..., :-1]], axis=-1)


def backward_sums(a, y_bar):
    """s[k] = y_bar[k] + a[k+1] s[k+1] along the last axis, in log2(n) vectorised steps.

    Invariant: s[k] = total[k] + factor[k] s[k + step], where what lies behind the end is 0; `step` doubles.
    """
    total, factor, step = y_bar, shifted(a, 1), 1
    while step < np.shape(a)[-1]:
        total = total + factor * shifted(total, step)
        factor = factor * shifted(factor, step)
        step = 2 * step
    return total


def shifted(x, step):
    """x[..., k + step], and 0 behind the end."""
    return np.concatenate([x[..., step:], np.zeros_like(x[..., :step])], axis=-1)


