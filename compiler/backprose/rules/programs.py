"""What NumPy's functions that write to an argument do, as Python programs: inference inlines them at the call.

Each store in them is followed like one that the user wrote, so none needs a derivative rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backprose.rules.selecting import along_axis
from backprose.rules.static import has_length, is_true, repeated
from backprose.rules.tables import entries
from backprose_runtime import sorting_order

PROGRAMS: dict[Any, Callable] = {}
does = entries(PROGRAMS)  # registers the decorated program for functions


def fitted(values, n):
    """As many values as there are places: from the front, and over and over."""
    return values if np.ndim(values) == 0 or has_length(values, n) else np.resize(values, n)


def entry_index(a, positions):
    """The index of the entries of `a` at the given positions in C order."""
    return positions if np.ndim(a) == 1 else np.unravel_index(np.arange(np.size(a))[positions], np.shape(a))


def mask_of(mask, a):
    """The mask, which is given in any shape, in that of `a`."""
    return np.reshape(np.asarray(mask, bool), np.shape(a))


@does(np.copyto)
def copyto(dst, src, casting="same_kind", where=True):
    """dst[where] = src."""
    dst[...] = src if is_true(where) else np.where(where, src, dst)


@does(np.put, np.ndarray.put)
def put(a, ind, v, mode="raise"):
    """The entry at the k-th position in C order gets the k-th value, later ones over earlier ones."""
    positions = np.ravel(ind)
    if mode == "wrap":
        positions = positions % np.size(a)
    if mode == "clip":
        positions = np.clip(positions, 0, np.size(a) - 1)
    a[entry_index(a, positions)] = fitted(v, np.size(ind))


@does(np.place)
def place(arr, mask, vals):
    """The k-th entry at which the mask holds gets the k-th value."""
    chosen = mask_of(mask, arr)
    arr[chosen] = np.resize(vals, np.count_nonzero(chosen))


@does(np.putmask)
def putmask(a, mask, values):
    """Where the mask holds, the entry at position k in C order gets the k-th value."""
    if np.ndim(values) > 0:
        values = np.reshape(np.resize(values, np.size(a)), np.shape(a))
    a[...] = np.where(mask_of(mask, a), values, a)


@does(np.put_along_axis)
def put_along_axis(arr, indices, values, axis):
    """What np.take_along_axis reads is stored."""
    if axis is None:
        arr[entry_index(arr, indices)] = fitted(values, np.size(indices))
    else:
        arr[along_axis(np.shape(arr), indices, axis)] = values


@does(np.fill_diagonal)
def fill_diagonal(a, val, wrap=False):
    """The entries a[i, i, ..., i] get the values in turn; with `wrap` a tall matrix has a diagonal every n + 1 rows."""
    if np.ndim(a) == 2:
        m, n = np.shape(a)
        if wrap:
            position = np.arange(0, m * n, n + 1)
            a[position // n, position % n] = fitted(val, len(position))
        else:
            number = n if has_length(a, n) else min(m, n)
            position = np.arange(number)
            a[position, position] = fitted(val, number)
    else:
        n = np.shape(a)[0]
        if np.shape(a) != repeated(n, np.ndim(a)):
            raise ValueError("All dimensions of input must be of equal length")
        a[repeated(np.arange(n), np.ndim(a))] = fitted(val, n)


@does(np.ndarray.fill)
def fill(a, value):
    """Every entry gets the value."""
    a[...] = value


@does(np.ndarray.sort)
def sort(a, axis=-1, kind=None):
    """As np.sort; equal entries keep their order, as far as derivatives go."""
    a[...] = np.sort(a, axis=axis, kind=kind) if kind else np.sort(a, axis=axis)


@does(np.ndarray.partition)
def partition(a, kth, axis=-1, kind="introselect"):
    """As np.partition."""
    a[...] = np.partition(a, kth, axis)


# `ufunc.at`


def update_in_turn(ufunc, a, indices, b):
    """`ufunc.at(a, indices, b)`: a[i] = ufunc(a[i], b[k]) for each position in turn, also where it comes again."""
    positions = positions_of(a, indices)
    values = np.ravel(np.broadcast_to(b, np.shape(positions)))
    if np.ndim(a) == 1:
        for i, value in zip(np.ravel(positions), values):
            a[i] = ufunc(a[i], value)
    else:
        places = np.unravel_index(np.ravel(positions), np.shape(a))
        for k, value in enumerate(values):
            index = tuple([place[k] for place in places])
            a[index] = ufunc(a[index], value)


def apply_in_turn(ufunc, a, indices):
    """`ufunc.at(a, indices)` of a function of one operand."""
    positions = np.ravel(positions_of(a, indices))
    if np.ndim(a) == 1:
        for i in positions:
            a[i] = ufunc(a[i])
    else:
        places = np.unravel_index(positions, np.shape(a))
        for k in range(len(positions)):
            index = tuple([place[k] for place in places])
            a[index] = ufunc(a[index])


def positions_of(a, indices):
    """The positions in C order of the entries that an index names."""
    if np.ndim(a) == 1 and not isinstance(indices, tuple):
        return np.asarray(indices)
    return np.reshape(np.arange(np.size(a)), np.shape(a))[indices]


def update_each(ufunc, a, indices, b):
    """The same where no entry is named twice."""
    a[indices] = ufunc(a[indices], b)


def apply_each(ufunc, a, indices):
    """The same of one operand."""
    a[indices] = ufunc(a[indices])


# Sorting by Python's own comparisons


def in_order(items, key=None, reverse=False):
    """`sorted(items, key=key, reverse=reverse)`: the order is found first, and equal elements keep theirs."""
    keys = items if key is None else [key(item) for item in items]
    return [items[i] for i in sorting_order(keys, reverse)]
