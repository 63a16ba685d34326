"""Functions that give the same entries another shape or order. All are linear: what is moved is moved back."""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import linear, means, named, no_derivative
from backprose.rules.static import inverse_permutation, require, rolled_axes
from backprose_runtime import sum_to, unbroadcast


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


@linear(np.broadcast_arrays, wrt="args")
def broadcast_arrays(y, *args, y_bar, subok=False):
    """Each entry is read once for every copy: sum over the added and the stretched axes of each operand."""
    return tuple([unbroadcast(g, x) for g, x in zip(y_bar, args)])


# Permuted axes


@linear(np.transpose, wrt="a")
def transpose(y, a, axes=None, *, y_bar):
    """The inverse permutation of axes."""
    return np.transpose(y_bar) if axes is None else np.transpose(y_bar, inverse_permutation(axes, np.ndim(a)))


@linear(*named(np, "matrix_transpose"), *named(np.linalg, "matrix_transpose"), wrt="x")
def matrix_transpose(y, x, *, y_bar):
    """The last two axes change places again.  Shapes: x (..., m, n), y (..., n, m)."""
    return np.swapaxes(y_bar, -1, -2)


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


# Other names


@means(*named(np, "unstack"))
def unstack(x, /, *, axis=0):
    """The slices along an axis."""
    return tuple(np.moveaxis(x, axis, 0))


@means(*named(np.linalg, "diagonal"))
def linalg_diagonal(x, /, *, offset=0):
    """The diagonals of the last two axes."""
    return np.diagonal(x, offset, -2, -1)


@means(*named(np.linalg, "trace"))
def linalg_trace(x, /, *, offset=0, dtype=None):
    """The traces of the last two axes."""
    return np.trace(x, offset, -2, -1, dtype)


@means(*named(np, "astype"))
def astype(x, dtype, /, *, copy=True):
    """The method, as a function."""
    return np.ndarray.astype(x, dtype, copy=copy)


# The runtime's own vocabulary


@linear(unbroadcast, wrt="g", inert=("x",))
def unbroadcast_(y, g, x, *, y_bar):
    """A sum over broadcast axes, or where g is smaller than x it is spread: the other way round, to the shape of g."""
    return sum_to(y_bar, np.shape(g))


no_derivative(np.shape, np.ndim, np.size, np.broadcast_shapes, np.shares_memory, np.may_share_memory)


@linear(sum_to, wrt="g")
def sum_to_(y, g, shape, *, y_bar):
    """Each entry of y is a sum of entries of g, or where g is smaller spread from one: back to the shape of g."""
    return sum_to(y_bar, np.shape(g))
