"""Updates of parts of an array, and the reads of these parts. All are linear.

A `path` leads to a part: indices, and views by name with a tuple of their arguments. All but its last item give views.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import linear
from backprose.rules.static import in_any_layout, leads_to_all, names_imaginary_part
from backprose_runtime import add_at, flat, get_at, last_at, put_at, set_at, unbroadcast, zeros_like


def view_of(x, path):
    """The view of x that the path leads to."""
    return get_at(x, *path, Ellipsis) if len(path) > 0 else x


def signed(x, path):
    """x, the other way round for imaginary parts: the cotangent of z = a + ib is d/da - i d/db."""
    return -x if names_imaginary_part(path) else x


@linear(flat, wrt="x")
def flat_(y, x, *, y_bar):
    """The entries in C order: back to x's shape."""
    return np.reshape(y_bar, np.shape(x))


@linear(add_at, wrt=("buffer", "value"))
def add_at_(y, buffer, index, value, *path, y_bar):
    """y = buffer with value added at index  =>  buffer_bar = y_bar, value_bar = y_bar[index]."""
    part = get_at(y_bar, *path, index) if len(path) > 0 else y_bar[index]
    return y_bar, unbroadcast(signed(part, path), value)


@linear(set_at, wrt=("buffer", "value"))
def set_at_(y, buffer, value, *path, y_bar):
    """y = buffer with value stored where the path leads  =>  buffer_bar is y_bar cleared there, value_bar what was there."""
    if leads_to_all(path):
        return np.zeros_like(y_bar), unbroadcast(y_bar, value)
    part = y_bar[path[0]] if len(path) == 1 else signed(get_at(y_bar, *path), path)
    part = np.copy(part) if np.ndim(part) > 0 else part
    return set_at(y_bar, 0.0, *in_any_layout(path)), unbroadcast(part, value)


@linear(put_at, wrt=("buffer", "value"))
def put_at_(y, buffer, value, *path, y_bar):
    """y = buffer with value stored at positions  =>  as for `set_at`, but what was overwritten at once has no share."""
    part = signed(last_at(view_of(y_bar, path[:-1]), path[-1]), path)
    return set_at(y_bar, 0.0, *in_any_layout(path)), unbroadcast(part, value)


@linear(last_at, wrt="y_bar")
def last_at_(y, y_bar, index, *, y_bar_bar):
    """y = the part of y_bar that was stored last: put it back there."""
    return put_at(np.zeros_like(y_bar), y_bar_bar, index)


@linear(get_at, wrt="buffer")
def get_at_(y, buffer, *path, y_bar):
    """y = the part of buffer to which the path leads: add y_bar there to zeros."""
    path = in_any_layout(path)
    return add_at(zeros_like(buffer) if isinstance(buffer, list) else np.zeros_like(buffer), path[-1], signed(y_bar, path), *path[:-1])
