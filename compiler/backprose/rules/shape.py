"""Functions that move entries about: reshape, transpose, join, split, repeat, select. All are linear.

What is read by position is put back by position; what is read several times is summed.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import linear, no_derivative, pushforward
from backprose.rules.static import (
    inverse_permutation, length_is_known, positive_axis, repeated, require, rolled_axes, span, unpadded,
)  # fmt: skip
from backprose_runtime import add_at, sum_to, unbroadcast


# The same entries in another shape


@linear(np.reshape, wrt="a")
def reshape(y, a, shape=None, order="C", *, y_bar):
    """Back to a's shape, in the same order."""
    require(order in ("C", "F"), "the order of the entries depends on the memory layout")
    return np.reshape(y_bar, np.shape(a)) if order == "C" else np.reshape(y_bar, np.shape(a), order=order)


@linear(np.ravel, np.ndarray.flatten, wrt="a")
def ravel(y, a, order="C", *, y_bar):
    """Back to a's shape, in the same order."""
    require(order in ("C", "F"), "the order of the entries depends on the memory layout")
    return np.reshape(y_bar, np.shape(a)) if order == "C" else np.reshape(y_bar, np.shape(a), order=order)


@linear(np.squeeze, np.expand_dims, wrt="a")
def squeeze(y, a, axis=None, *, y_bar):
    """Axes of length 1 come or go: back to a's shape."""
    return np.reshape(y_bar, np.shape(a))


@linear(np.atleast_1d, np.atleast_2d, np.atleast_3d, wrt="arys")
def atleast(y, *arys, y_bar):
    """Axes of length 1 come: back to the shape of each operand. One operand gives an array, several a tuple."""
    if len(arys) == 1:
        return (np.reshape(y_bar, np.shape(arys[0])),)
    return tuple([np.reshape(g, np.shape(x)) for g, x in zip(y_bar, arys)])


@linear(np.broadcast_to, wrt="array")
def broadcast_to(y, array, shape, subok=False, *, y_bar):
    """Each entry is read once for every copy: sum over the added and the stretched axes."""
    return unbroadcast(y_bar, array)


# Permuted axes


@linear(np.transpose, wrt="a")
def transpose(y, a, axes=None, *, y_bar):
    """The inverse permutation of axes."""
    return np.transpose(y_bar) if axes is None else np.transpose(y_bar, inverse_permutation(axes, np.ndim(a)))


@linear(np.swapaxes, wrt="a")
def swapaxes(y, a, axis1, axis2, *, y_bar):
    """A swap is its own inverse."""
    return np.swapaxes(y_bar, axis1, axis2)


@linear(np.moveaxis, wrt="a")
def moveaxis(y, a, source, destination, *, y_bar):
    """Moved back."""
    return np.moveaxis(y_bar, destination, source)


@linear(np.rollaxis, wrt="a")
def rollaxis(y, a, axis, start=0, *, y_bar):
    """The inverse permutation of axes."""
    return np.transpose(y_bar, inverse_permutation(rolled_axes(axis, start, np.ndim(a)), np.ndim(a)))


# Permuted entries


@linear(np.flip, wrt="m")
def flip(y, m, axis=None, *, y_bar):
    """A flip is its own inverse."""
    return np.flip(y_bar) if axis is None else np.flip(y_bar, axis)


@linear(np.fliplr, wrt="m")
def fliplr(y, m, *, y_bar):
    return np.fliplr(y_bar)


@linear(np.flipud, wrt="m")
def flipud(y, m, *, y_bar):
    return np.flipud(y_bar)


@linear(np.rot90, wrt="m")
def rot90(y, m, k=1, axes=(0, 1), *, y_bar):
    """Turned back."""
    return np.rot90(y_bar, -k, axes)


@linear(np.roll, wrt="a")
def roll(y, a, shift, axis=None, *, y_bar):
    """Rolled back."""
    if axis is None and np.ndim(shift) == 0:
        return np.roll(y_bar, -shift)
    return np.roll(y_bar, tuple([-s for s in shift]) if isinstance(shift, (tuple, list)) else -shift, axis)


# Joined arrays: the cotangent of the list is the list of the pieces, and of an array in place of the list their stack


def pieces(y_bar, sizes, axis):
    """y_bar cut along `axis` into pieces of the given sizes: two or three slices, or what np.split gives."""
    if length_is_known(sizes):
        if axis == 0 and len(sizes) == 2:
            return [y_bar[: sizes[0]], y_bar[sizes[0] :]]
        if axis == 1 and len(sizes) == 2:
            return [y_bar[:, : sizes[0]], y_bar[:, sizes[0] :]]
        if axis == 0 and len(sizes) == 3:
            return [y_bar[: sizes[0]], y_bar[sizes[0] : sizes[0] + sizes[1]], y_bar[sizes[0] + sizes[1] :]]
    return np.split(y_bar, np.cumsum(sizes)[:-1], axis)


def like_operand(parts, arrays):
    """The parts, each in the shape of its array; as one array if `arrays` is one."""
    shaped = [np.reshape(part, np.shape(x)) for part, x in zip(parts, arrays)]
    return np.stack(shaped) if isinstance(arrays, np.ndarray) else shaped


@linear(np.concatenate, wrt="arrays")
def concatenate(y, arrays, axis=0, out=None, *, y_bar):
    """y_bar is cut where the arrays were joined."""
    if axis is None:
        return like_operand(pieces(y_bar, [np.size(x) for x in arrays], 0), arrays)
    parts = pieces(y_bar, [np.shape(x)[axis] for x in arrays], axis)
    return np.stack(parts) if isinstance(arrays, np.ndarray) else parts


@linear(np.stack, wrt="arrays")
def stack(y, arrays, axis=0, out=None, *, y_bar):
    """The i-th array gets the i-th slice along the new axis."""
    if isinstance(arrays, np.ndarray):
        return np.moveaxis(y_bar, axis, 0)
    if axis == 0:
        return [y_bar[i] for i in range(len(arrays))]
    return [np.take(y_bar, i, axis=axis) for i in range(len(arrays))]


@linear(np.vstack, wrt="tup")
def vstack(y, tup, *, y_bar):
    """Rows; a vector is one row."""
    parts = pieces(y_bar, [np.shape(x)[0] if np.ndim(x) > 1 else 1 for x in tup], 0)
    return like_operand(parts, tup)


@linear(np.hstack, wrt="tup")
def hstack(y, tup, *, y_bar):
    """Along axis 1; vectors along their only axis."""
    parts = pieces(y_bar, [np.shape(x)[1] if np.ndim(x) > 1 else np.size(x) for x in tup], 0 if y.ndim == 1 else 1)
    return like_operand(parts, tup)


@linear(np.dstack, wrt="tup")
def dstack(y, tup, *, y_bar):
    """Along axis 2; a matrix is one layer."""
    parts = pieces(y_bar, [np.shape(x)[2] if np.ndim(x) > 2 else 1 for x in tup], 2)
    return like_operand(parts, tup)


@linear(np.column_stack, wrt="tup")
def column_stack(y, tup, *, y_bar):
    """Columns; a vector is one column."""
    parts = pieces(y_bar, [np.shape(x)[1] if np.ndim(x) > 1 else 1 for x in tup], 1)
    return like_operand(parts, tup)


@linear(np.append, wrt=("arr", "values"))
def append(y, arr, values, axis=None, *, y_bar):
    """The first part belongs to `arr`, the rest to `values`; both are flattened when axis is None."""
    if axis is None:
        n = np.size(arr)
        return np.reshape(y_bar[:n], np.shape(arr)), np.reshape(y_bar[n:], np.shape(values))
    parts = np.split(y_bar, [np.shape(arr)[axis]], axis)
    return parts[0], parts[1]


# Split arrays: y_bar is the list of the cotangents of the pieces


@linear(np.split, np.array_split, wrt="ary")
def split(y, ary, indices_or_sections, axis=0, *, y_bar):
    """The pieces joined again."""
    return np.concatenate(y_bar, axis=axis)


@linear(np.vsplit, wrt="ary")
def vsplit(y, ary, indices_or_sections, *, y_bar):
    return np.concatenate(y_bar, axis=0)


@linear(np.hsplit, wrt="ary")
def hsplit(y, ary, indices_or_sections, *, y_bar):
    """Along axis 1; a vector along its only axis."""
    return np.concatenate(y_bar, axis=0 if np.ndim(ary) == 1 else 1)


@linear(np.dsplit, wrt="ary")
def dsplit(y, ary, indices_or_sections, *, y_bar):
    return np.concatenate(y_bar, axis=2)


# Copies


@linear(np.tile, wrt="A")
def tile(y, A, reps, *, y_bar):
    """Each axis of y is (copies, length): sum over the copies.  The shorter of reps and shape gets 1s in front."""
    reps = tuple(reps) if isinstance(reps, (tuple, list)) else (reps,)
    shape = repeated(1, len(reps) - np.ndim(A)) + np.shape(A)
    reps = repeated(1, len(shape) - len(reps)) + reps
    for axis in span(0, len(shape)):
        y_bar = np.reshape(y_bar, y_bar.shape[:axis] + (reps[axis], shape[axis]) + y_bar.shape[axis + 1 :])
        y_bar = np.sum(y_bar, axis=axis)
    return np.reshape(y_bar, np.shape(A))


@linear(np.repeat, wrt="a")
def repeat(y, a, repeats, axis=None, *, y_bar):
    """Sum over the copies of each entry: along an axis of their own if all have the same number, else by position."""
    if axis is None:
        if np.ndim(repeats) == 0:
            return np.sum(np.reshape(y_bar, np.shape(a) + (repeats,)), axis=-1)
        index = np.repeat(np.arange(np.size(a)), repeats)
        return np.reshape(add_at(np.zeros_like(np.ravel(a)), index, y_bar), np.shape(a))
    axis = positive_axis(axis, np.ndim(a))
    if np.ndim(repeats) == 0:
        shape = np.shape(a)[: axis + 1] + (repeats,) + np.shape(a)[axis + 1 :]
        return np.sum(np.reshape(y_bar, shape), axis=axis + 1)
    index = np.repeat(np.arange(np.shape(a)[axis]), repeats)
    return add_at(np.zeros_like(a), along(axis, index), y_bar)


@linear(np.pad, wrt="array")
def pad(y, array, pad_width, mode="constant", *, y_bar, constant_values=0):
    """The border is a constant, or a copy of entries of the array, which then get its cotangents too."""
    if mode == "constant":
        return y_bar[tuple([slice(start, stop) for start, stop in unpadded(pad_width, np.ndim(array))])]
    require(mode in ("edge", "reflect", "symmetric", "wrap"), "this padding computes new values")
    index = np.pad(np.reshape(np.arange(np.size(array)), np.shape(array)), pad_width, mode)
    return np.reshape(add_at(np.zeros_like(np.ravel(array)), index, y_bar), np.shape(array))


@pushforward(np.pad)
def pad_dot(y, array, pad_width, mode="constant", *, array_dot, constant_values=0):
    """A constant border does not move."""
    return np.pad(array_dot, pad_width, mode)


@linear(np.resize, wrt="a")
def resize(y, a, new_shape, *, y_bar):
    """The entries in C order, over and over: each is read as often as it takes."""
    index = np.arange(np.size(y)) % np.size(a)
    if np.ndim(a) == 1 and np.ndim(y) == 1:
        return add_at(np.zeros_like(a), index, y_bar)
    return np.reshape(add_at(np.zeros_like(np.ravel(a)), index, np.ravel(y_bar)), np.shape(a))


@linear(np.lib.stride_tricks.sliding_window_view, wrt="x")
def sliding_window_view(y, x, window_shape, axis=None, *, y_bar):
    """Each entry is read in every window that holds it, and gets the sum.  Shapes: y has the windows' axes last."""
    index = np.reshape(np.arange(np.size(x)), np.shape(x))
    index = np.lib.stride_tricks.sliding_window_view(index, window_shape, axis)
    return np.reshape(add_at(np.zeros_like(np.ravel(x)), index, y_bar), np.shape(x))


# Parts


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


@linear(np.take, wrt="a")
def take(y, a, indices, axis=None, out=None, mode="raise", *, y_bar):
    """What was read at an index is added there; repeated indices accumulate."""
    require(mode == "raise", "the indices of `mode='wrap'` and `mode='clip'` are not those of a read")
    if axis is None:
        if np.ndim(a) == 1:
            return add_at(np.zeros_like(a), indices, y_bar)
        return np.reshape(add_at(np.zeros_like(np.ravel(a)), indices, y_bar), np.shape(a))
    return add_at(np.zeros_like(a), along(positive_axis(axis, np.ndim(a)), indices), y_bar)


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


@linear(unbroadcast, wrt="g", inert=("x",))
def unbroadcast_(y, g, x, *, y_bar):
    """A sum over broadcast axes, or where g is smaller than x it is spread: the other way round, to the shape of g."""
    return sum_to(y_bar, np.shape(g))


no_derivative(np.shape, np.ndim, np.size, np.broadcast_shapes, np.shares_memory, np.may_share_memory)


@linear(sum_to, wrt="g")
def sum_to_(y, g, shape, *, y_bar):
    """Each entry of y is a sum of entries of g, or where g is smaller spread from one: back to the shape of g."""
    return sum_to(y_bar, np.shape(g))
