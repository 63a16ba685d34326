"""Lists and cotangents of containers: what inference and adjoints build beside NumPy's functions."""

from __future__ import annotations

import builtins
import operator

import numpy as np

import backprose_runtime
from backprose.rules.registry import linear, no_derivative
from backprose_runtime import (
    appended, extended, first_legs, inserted, interval, legs_backwards, most_before_thinning, next_segment, place, positive,
    segments, strides_backwards, with_item, with_items, within, without, without_items, without_last, zeros_like,
)  # fmt: skip


@linear(builtins.reversed, wrt="items")
def reverse(y, items, *, y_bar):
    """The same elements, last first."""
    return y_bar[::-1]


@linear(builtins.list, wrt="array")
def as_list(y, array, *, y_bar):
    """The rows of an array as a list: stack their cotangents."""
    return np.array(y_bar)


@linear(operator.concat, wrt=("a", "b"))
def concatenation(y, a, b, *, y_bar):
    """y = a followed by b, for lists."""
    return y_bar[: len(a)], y_bar[len(a) :]


@linear(backprose_runtime.unpack, wrt="value")
def unpacking(y, value, before, after=None, *, y_bar):
    """The elements of a sequence as a tuple; a starred part is a list inside it."""
    if after is None:
        return joined(value, list(y_bar))
    return joined(value, list(y_bar[:before]) + y_bar[before] + list(y_bar[before + 1 :]))


def joined(value, items):
    """The cotangents of the elements as a cotangent of the sequence."""
    return np.array(items) if isinstance(value, np.ndarray) else items


@linear(backprose_runtime.each, wrt="stack")
def each(y, stack, *, y_bar):
    """y is the stack, of whose directions each is taken alone; of an empty one it is zeros, which do not move."""
    return y_bar[: len(stack)]


@linear(backprose_runtime.copy_of, wrt="x")
def copy(y, x, *, y_bar):
    """y = x in other memory."""
    return y_bar


# Lists with one change. What is read of the list before, `items[i]`, is the element that went: a zero takes its place.


@linear(appended, wrt=("items", "item"))
def append(y, items, item, *, y_bar):
    """y = items and one more."""
    item_bar = y_bar[-1]
    return without_last(y_bar), item_bar


@linear(extended, wrt=("items", "more"))
def extend(y, items, more, *, y_bar):
    """y = items followed by more."""
    start = len(y_bar) - len(more)
    more_bar = y_bar[start:]
    return without_items(y_bar, start, None), more_bar


@linear(inserted, wrt=("items", "item"))
def insert(y, items, index, item, *, y_bar):
    """y = items and one more before index."""
    at = place(index, len(y_bar) - 1)
    item_bar = y_bar[at]
    return without(y_bar, at), item_bar


@linear(with_item, wrt=("items", "item"))
def replace(y, items, index, item, *, y_bar):
    """y = items with another one at index: what was there before has no share."""
    item_bar = y_bar[index]
    return with_item(y_bar, index, zeros_like(items[index])), item_bar


@linear(with_items, wrt=("items", "more"))
def replace_part(y, items, start, stop, more, *, y_bar):
    """y = items with more in the stead of items[start:stop]."""
    at = place(start, len(items))
    end = at + len(more)
    more_bar = y_bar[at:end]
    return with_items(y_bar, at, end, zeros_like(items[start:stop])), more_bar


@linear(without, wrt="items")
def remove(y, items, index, *, y_bar):
    """y = items but for the one at index."""
    return inserted(y_bar, place(index, len(y_bar) + 1), zeros_like(items[index]))


@linear(without_last, wrt="items")
def remove_last(y, items, *, y_bar):
    """y = items but for the last one."""
    return appended(y_bar, zeros_like(items[-1]))


@linear(without_items, wrt="items")
def remove_part(y, items, start, stop, *, y_bar):
    """y = items but for items[start:stop]."""
    at = place(start, len(items))
    return with_items(y_bar, at, at, zeros_like(items[start:stop]))


no_derivative(place, backprose_runtime.stop_gradient)
no_derivative(interval, positive, within, segments, first_legs, legs_backwards)
no_derivative(next_segment, most_before_thinning, strides_backwards)
