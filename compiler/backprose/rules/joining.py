"""Functions that join arrays, cut them apart, and put entries in or take them out.

What was joined is cut where it was joined, and what was cut is joined again.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import linear, named
from backprose.rules.selecting import along
from backprose.rules.static import is_integer, length_is_known, positive_axis, require, span
from backprose_runtime import add_at, unbroadcast


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
def concatenate(y, arrays, axis=0, out=None, *, y_bar, dtype=None, casting="same_kind"):
    """y_bar is cut where the arrays were joined; with `axis=None` all are flattened first."""
    if axis is None:
        return like_operand(pieces(y_bar, [np.size(x) for x in arrays], 0), arrays)
    parts = pieces(y_bar, [np.shape(x)[axis] for x in arrays], axis)
    return np.stack(parts) if isinstance(arrays, np.ndarray) else parts


@linear(np.stack, wrt="arrays")
def stack(y, arrays, axis=0, out=None, *, y_bar, dtype=None, casting="same_kind"):
    """The i-th array gets the i-th slice along the new axis."""
    if isinstance(arrays, np.ndarray):
        return np.moveaxis(y_bar, axis, 0)
    if axis == 0:
        return [y_bar[i] for i in range(len(arrays))]
    return [np.take(y_bar, i, axis=axis) for i in range(len(arrays))]


@linear(np.vstack, *named(np, "row_stack"), wrt="tup")
def vstack(y, tup, *, y_bar, dtype=None, casting="same_kind"):
    """Rows; a vector is one row."""
    parts = pieces(y_bar, [np.shape(x)[0] if np.ndim(x) > 1 else 1 for x in tup], 0)
    return like_operand(parts, tup)


@linear(np.hstack, wrt="tup")
def hstack(y, tup, *, y_bar, dtype=None, casting="same_kind"):
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


@linear(np.block, wrt="arrays")
def block(y, arrays, *, y_bar):
    """Y = [[A, B], ...]: each block gets the part of y_bar where it stands.

    Shapes: a list of lists of matrices joins the innermost along the last axis, the next along the one before, ...; of three
    levels at most.  Each block keeps its own number of axes.
    """
    if not isinstance(arrays, list):
        return y_bar
    if not isinstance(arrays[0], list):
        return cells(y_bar, arrays)
    if not isinstance(arrays[0][0], list):
        return rows_of_cells(y_bar, arrays)
    require(not isinstance(arrays[0][0][0], list), "blocks are nested more than three levels deep")
    layers = np.split(y_bar, np.cumsum([length(layer[0][0], 3) for layer in arrays])[:-1], axis=-3)
    return [rows_of_cells(layers[i], arrays[i]) for i in span(0, len(arrays))]


def rows_of_cells(y_bar, rows):
    """The second level of `block`: rows, one above the other."""
    parts = np.split(y_bar, np.cumsum([length(row[0], 2) for row in rows])[:-1], axis=-2)
    return [cells(parts[i], rows[i]) for i in span(0, len(rows))]


def cells(y_bar, row):
    """The innermost level of `block`: arrays side by side."""
    parts = np.split(y_bar, np.cumsum([length(x, 1) for x in row])[:-1], axis=-1)
    return [np.reshape(parts[i], np.shape(row[i])) for i in span(0, len(row))]


def length(x, n):
    """How long x is along the n-th axis from the back; axes that it has not are of length 1."""
    return np.shape(x)[-n] if np.ndim(x) >= n else 1


@linear(np.append, wrt=("arr", "values"))
def append(y, arr, values, axis=None, *, y_bar):
    """The first part belongs to `arr`, the rest to `values`; both are flattened when axis is None."""
    if axis is None:
        n = np.size(arr)
        return np.reshape(y_bar[:n], np.shape(arr)), np.reshape(y_bar[n:], np.shape(values))
    parts = np.split(y_bar, [np.shape(arr)[axis]], axis)
    return parts[0], parts[1]


# Entries put in and taken out


@linear(np.insert, wrt=("arr", "values"))
def insert(y, arr, obj, values, axis=None, *, y_bar):
    """What was put in gets the entries where it stands now, in the order in which it was given; arr the others.

    Shapes: `values` broadcasts to the part that is new; at a single position the axis along which it is put in comes first.
    """
    if axis is None:
        shares = insert_bars(np.ravel(arr), obj, values, 0, y_bar)
        return np.reshape(shares[0], np.shape(arr)), shares[1]
    return insert_bars(arr, obj, values, positive_axis(axis, np.ndim(arr)), y_bar)


def insert_bars(arr, obj, values, axis, y_bar):
    """The cotangents of `arr` and `values` along a known axis."""
    n = np.shape(arr)[axis]
    if is_integer(obj) and np.ndim(values) == 0:
        place = obj if obj >= 0 else obj + n
        return np.delete(y_bar, place, axis), np.sum(np.take(y_bar, place, axis))
    given = np.insert(np.full(n, -1), obj, np.arange(np.shape(y_bar)[axis] - n))  # which of the values each entry is
    places = np.argsort(given, kind="stable")[n:]
    part = np.take(y_bar, places, axis)
    part = np.moveaxis(part, axis, 0) if np.ndim(obj) == 0 and not isinstance(obj, slice) else part
    return np.delete(y_bar, places, axis), unbroadcast(part, values)


@linear(np.delete, wrt="arr")
def delete(y, arr, obj, axis=None, *, y_bar):
    """What was kept gets its cotangent, what was deleted 0."""
    if axis is None:
        kept = np.delete(np.arange(np.size(arr)), obj)
        return np.reshape(add_at(np.zeros_like(np.ravel(arr)), kept, y_bar), np.shape(arr))
    axis = positive_axis(axis, np.ndim(arr))
    kept = np.delete(np.arange(np.shape(arr)[axis]), obj)
    return add_at(np.zeros_like(arr), along(axis, kept), y_bar)


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
