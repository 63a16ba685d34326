"""Functions that select entries: by position, by a condition, by where they stand. All are linear.

What was read at a position is put back there; what was read several times is summed.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import linear
from backprose.rules.static import positive_axis, repeated, span
from backprose_runtime import add_at, unbroadcast


# By where they stand


@linear(np.tril, wrt="m")
def tril(y, m, k=0, *, y_bar):
    """The entries that are kept; a vector is repeated in every row."""
    kept = np.tril(y_bar, k) if k else np.tril(y_bar)
    return np.sum(kept, axis=0) if np.ndim(m) == 1 else kept


@linear(np.triu, wrt="m")
def triu(y, m, k=0, *, y_bar):
    """The entries that are kept; a vector is repeated in every row."""
    kept = np.triu(y_bar, k) if k else np.triu(y_bar)
    return np.sum(kept, axis=0) if np.ndim(m) == 1 else kept


@linear(np.diag, wrt="v")
def diag(y, v, k=0, *, y_bar):
    """From a vector to a matrix and back; from a matrix (m, n), also m != n, its k-th diagonal."""
    if np.ndim(v) == 1:
        return np.diagonal(y_bar, k)
    return add_at(np.zeros_like(v), diagonal_index(np.shape(y_bar)[0], k), y_bar)


def diagonal_index(n, k):
    """Rows and columns of the n entries of the k-th diagonal."""
    return np.arange(n) + (0 if k > 0 else -k), np.arange(n) + (k if k > 0 else 0)


@linear(np.diagflat, wrt="v")
def diagflat(y, v, k=0, *, y_bar):
    """The k-th diagonal holds the entries of v, in C order."""
    return np.reshape(np.diagonal(y_bar, k), np.shape(v))


@linear(np.diagonal, wrt="a")
def diagonal(y, a, offset=0, axis1=0, axis2=1, *, y_bar):
    """a_bar is 0 but on the diagonal. Shapes: y has the other axes of a, then the diagonal."""
    index = diagonal_index(np.shape(y_bar)[-1], offset)
    if np.ndim(a) == 2 and axis1 == 0 and axis2 == 1:
        return add_at(np.zeros_like(a), index, y_bar)
    buffer = np.moveaxis(np.zeros_like(a), (axis1, axis2), (-2, -1))
    return np.moveaxis(add_at(buffer, (Ellipsis,) + index, y_bar), (-2, -1), (axis1, axis2))


@linear(np.trace, wrt="a")
def trace(y, a, offset=0, axis1=0, axis2=1, dtype=None, out=None, *, y_bar):
    """a_bar = y_bar times the unit matrix in (axis1, axis2)."""
    m, n = np.shape(a)[axis1], np.shape(a)[axis2]
    unit = np.eye(m, n, offset) if offset else np.eye(m, n)
    if np.ndim(a) == 2:
        return y_bar * unit if positive_axis(axis1, 2) == 0 else y_bar * np.transpose(unit)
    return np.moveaxis(np.expand_dims(y_bar, (-2, -1)) * unit, (-2, -1), (axis1, axis2))


# By position


@linear(np.take, wrt="a")
def take(y, a, indices, axis=None, out=None, mode="raise", *, y_bar):
    """What was read at an index is added there; repeated indices accumulate.  With `mode` "wrap" an index counts on from the
    front again, with "clip" the one at the nearer end is read."""
    if axis is None:
        index = placed(indices, np.size(a), mode)
        if np.ndim(a) == 1:
            return add_at(np.zeros_like(a), index, y_bar)
        return np.reshape(add_at(np.zeros_like(np.ravel(a)), index, y_bar), np.shape(a))
    axis = positive_axis(axis, np.ndim(a))
    return add_at(np.zeros_like(a), along(axis, placed(indices, np.shape(a)[axis], mode)), y_bar)


def placed(indices, n, mode):
    """The positions, of n, that `indices` means with this `mode`."""
    if mode == "wrap":
        return np.remainder(indices, n)
    return np.clip(indices, 0, n - 1) if mode == "clip" else indices


@linear(np.compress, wrt="a")
def compress(y, condition, a, axis=None, out=None, *, y_bar):
    """The entries at which the condition holds, which may be given for the first ones only, get theirs; others 0."""
    kept = np.flatnonzero(condition)
    if axis is None:
        return np.reshape(add_at(np.zeros_like(np.ravel(a)), kept, y_bar), np.shape(a))
    return add_at(np.zeros_like(a), along(positive_axis(axis, np.ndim(a)), kept), y_bar)


@linear(np.ndarray.compress, wrt="a")
def compress_method(y, a, condition, axis=None, out=None, *, y_bar):
    """The entries at which the condition holds, which may be given for the first ones only, get theirs; others 0."""
    kept = np.flatnonzero(condition)
    if axis is None:
        return np.reshape(add_at(np.zeros_like(np.ravel(a)), kept, y_bar), np.shape(a))
    return add_at(np.zeros_like(a), along(positive_axis(axis, np.ndim(a)), kept), y_bar)


@linear(np.extract, wrt="arr")
def extract(y, condition, arr, *, y_bar):
    """The entries at which the condition holds get theirs, in C order; others 0."""
    return np.reshape(add_at(np.zeros_like(np.ravel(arr)), np.flatnonzero(condition), y_bar), np.shape(arr))


def along(axis, indices):
    """The index that takes all of the axes before `axis` and `indices` of that one."""
    return tuple([slice(None) for _ in span(0, axis)]) + (indices,)


@linear(np.take_along_axis, wrt="arr")
def take_along_axis(y, arr, indices, axis=-1, *, y_bar):
    """What was read at an index is added there; repeated indices accumulate."""
    if axis is None:
        return np.reshape(add_at(np.zeros_like(np.ravel(arr)), indices, y_bar), np.shape(arr))
    return add_at(np.zeros_like(arr), along_axis(np.shape(arr), indices, axis), y_bar)


def along_axis(shape, indices, axis):
    """The index that takes `indices` along `axis`, and all of the other axes of an array of this shape."""
    axis = positive_axis(axis, len(shape))
    index = ()
    for i in span(0, len(shape)):
        index = index + (indices if i == axis else positions(shape[i], i, len(shape)),)
    return index


def positions(n, axis, ndim):
    """0, 1, ..., n - 1 along `axis` of `ndim` axes."""
    return np.reshape(np.arange(n), repeated(1, axis) + (n,) + repeated(1, ndim - axis - 1))


# By a condition


@linear(np.select, wrt=("choicelist", "default"))
def select(y, condlist, choicelist, default=0, *, y_bar):
    """y is the choice of the first condition that holds, and gives it y_bar there; where none holds, the default.

    Shapes: conditions, choices and default broadcast together: sum over the copies.  A choice gets exactly 0 where it was
    not taken, also where its own derivative is infinite.
    """
    n = len(choicelist)
    taken = np.select(condlist, [i for i in range(n)], n)
    shares = [unbroadcast(np.where(taken == i, y_bar, 0.0), choicelist[i]) for i in range(n)]
    return like_choices(shares, choicelist), unbroadcast(np.where(taken == n, y_bar, 0.0), default)


@linear(np.choose, wrt="choices")
def choose(y, a, choices, out=None, mode="raise", *, y_bar):
    """y is the entry of the a-th choice, and gives it y_bar there.

    Shapes: a and the choices broadcast together: sum over the copies.  `mode` is that of `np.take`.
    """
    taken = np.asarray(placed(a, len(choices), mode))
    shares = [unbroadcast(np.where(taken == i, y_bar, 0.0), choices[i]) for i in range(len(choices))]
    return like_choices(shares, choices)


def like_choices(shares, choices):
    """The shares as the choices are given: a list, or an array."""
    return np.stack(shares) if isinstance(choices, np.ndarray) else shares
