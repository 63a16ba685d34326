"""Functions that repeat entries: tile, repeat, resize, windows. What is read several times is summed."""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import linear
from backprose.rules.selecting import along
from backprose.rules.static import positive_axis, repeated, require, span
from backprose_runtime import add_at


@linear(np.tile, wrt="A")
def tile(y, A, reps, *, y_bar):
    """Each axis of y is (copies, length): sum over the copies.  The shorter of reps and shape gets 1s in front.

    Restrictions: `reps` is a number or a tuple, not an array.
    """
    require(isinstance(reps, (tuple, list)) or np.ndim(reps) == 0, "an array does not tell how many axes there will be: pass a tuple")
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
