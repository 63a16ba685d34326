"""Lists and cotangents of containers: what inference and adjoints build beside NumPy's functions."""

from __future__ import annotations

import builtins
import operator

import numpy as np

import backprose_runtime
from backprose.rules.registry import linear


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


@linear(backprose_runtime.copy_of, wrt="x")
def copy(y, x, *, y_bar):
    """y = x in other memory."""
    return y_bar


@linear(backprose_runtime.appended, wrt=("items", "item"))
def append(y, items, item, *, y_bar):
    """y = items and one more."""
    return y_bar[:-1], y_bar[-1]


@linear(backprose_runtime.with_item, wrt=("items", "item"))
def replace(y, items, index, item, *, y_bar):
    """y = items with another one at index: what was there before has no share."""
    return backprose_runtime.with_item(y_bar, index, backprose_runtime.zeros_like(items[index])), y_bar[index]
