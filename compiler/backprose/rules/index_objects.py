"""NumPy's objects that are indexed or gone over: `np.r_`, `np.c_`, `np.mgrid`, `np.ogrid`, `np.ndindex`, `np.ndenumerate`.

Each is the Python program that it stands for.
"""

from __future__ import annotations

import math

import numpy as np

from backprose.rules.registry import at_compile_time, means
from backprose.rules.static import is_tuple, repeated, require


# Joined parts


@means(type(np.r_).__getitem__)
def joined(self, key):
    """`np.r_[...]` and `np.c_[...]`: arrays, numbers and ranges, one after the other along an axis."""
    items = key if isinstance(key, tuple) else (key,)
    directive = items[0] if isinstance(items[0], str) else ""
    axis, ndmin, place = settings(self, directive)
    items = items[1:] if isinstance(items[0], str) else items
    items = [np.asarray(item) if isinstance(item, (list, tuple)) else item for item in items]
    parts = [part(item, ndmin, place) for item in items]
    types = tuple([x.dtype if isinstance(item, (slice, np.ndarray)) else type(item) for item, x in zip(items, parts)])
    dtype = joint_type(types, tuple([x.dtype for x in parts]))
    return np.concatenate(parts, axis=axis) if dtype is None else np.concatenate(parts, axis=axis, dtype=dtype)


@at_compile_time
def settings(joiner, directive):
    """The axis, the least number of axes, and the place of the axis of vectors, which a first item such as "0,2,1" changes."""
    if directive in ("r", "c"):
        raise ValueError("it makes a matrix, of which `*` means another product")
    given = [int(number) for number in directive.split(",")] if directive else []
    return tuple(given + [joiner.axis, joiner.ndmin, joiner.trans1d][len(given) :])


def part(item, ndmin, place):
    """An item as an array with at least so many axes, those of its own at their place among them."""
    if isinstance(item, slice):
        item = points(0 if item.start is None else item.start, item.stop, 1 if item.step is None else item.step)
    item = item if isinstance(item, np.ndarray) else np.asarray(item)
    n = np.ndim(item)
    if n >= ndmin:
        return item
    return np.transpose(np.reshape(item, repeated(1, ndmin - n) + np.shape(item)), placed_axes(n, ndmin, place))


@at_compile_time
def joint_type(types, dtypes=()):
    """The name of the dtype that arrays and numbers of these types are joined in; None if all have these `dtypes` already.

    Python's own numbers take on the precision of the others.
    """
    weak = (bool, int, float, complex)
    joint = np.result_type(*[t(1) if any([t is own for own in weak]) else np.dtype(t) for t in types])
    return None if dtypes and all([dtype == joint for dtype in dtypes]) else joint.name


@at_compile_time
def placed_axes(n, ndmin, place):
    """The permutation that brings the last n of ndmin axes to their place."""
    axes, added = tuple(range(ndmin)), ndmin - n
    if place == -1 or n == 0:
        return axes
    start = place + added + 1 if place < 0 else place
    return axes[:start] + axes[added:] + axes[start:added]


def points(start, stop, step):
    """The numbers of a range; a step of 5j asks for five in equal steps, both ends among them."""
    return np.linspace(start, stop, num=number_of_points(step)) if isinstance(step, complex) else np.arange(start, stop, step)


# Grids


@means(type(np.mgrid).__getitem__)
def grid(self, key):
    """`np.mgrid[...]` and `np.ogrid[...]`: the coordinates along each axis, from 0 up in equal steps."""
    if isinstance(key, slice):
        return line(0 if key.start is None else key.start, key.stop, 1 if key.step is None else key.step)
    starts = [0 if k.start is None else k.start for k in key]
    steps = [1 if k.step is None else k.step for k in key]
    stops = [k.stop for k in key]
    sizes = [float(number_of_points(step)) if isinstance(step, complex) else step for step in steps]
    dtype = joint_type((int,) + tuple([type(number) for number in starts + stops + sizes]))
    lines = [coordinates(start, stop, step, dtype) for start, stop, step in zip(starts, stops, steps)]
    if is_sparse(self):
        return np.meshgrid(*lines, indexing="ij", sparse=True)
    return np.stack(np.meshgrid(*lines, indexing="ij"))


@at_compile_time
def is_sparse(grids):
    """Whether each coordinate keeps the other axes at length 1."""
    return grids.sparse


@at_compile_time
def number_of_points(step):
    """How many points a step of 5j asks for."""
    return int(abs(step))


def coordinates(start, stop, step, dtype):
    """start + i step for i = 0, 1, ..., below stop; a step of 5j asks for five points, both ends among them."""
    if isinstance(step, complex):
        n = number_of_points(step)
        return np.arange(n, dtype=dtype) * ((stop - start) / float(n - 1) if n != 1 else n) + start
    return np.arange(math.ceil((stop - start) / step), dtype=dtype) * step + start


def line(start, stop, step):
    """The one coordinate, if the key is no tuple."""
    if not isinstance(step, complex):
        return np.arange(start, stop, step)
    n = number_of_points(step)
    dtype = joint_type((type(start), type(stop), float))
    return np.arange(0, n, 1, dtype=dtype) * ((stop - start) / float(n - 1) if n != 1 else n) + start


# Positions


@means(np.ndindex)
def ndindex(*shape):
    """The positions of all entries, in C order."""
    shape = shape[0] if len(shape) == 1 and is_tuple(shape[0]) else shape
    n = len(shape)
    require(n <= 4, "of more than four axes: use nested loops, or x.flat")
    if n == 0:
        return [()]
    if n == 1:
        return [(i,) for i in range(shape[0])]
    if n == 2:
        return [(i, j) for i in range(shape[0]) for j in range(shape[1])]
    if n == 3:
        return [(i, j, k) for i in range(shape[0]) for j in range(shape[1]) for k in range(shape[2])]
    return [(i, j, k, m) for i in range(shape[0]) for j in range(shape[1]) for k in range(shape[2]) for m in range(shape[3])]


@means(np.ndenumerate)
def ndenumerate(arr):
    """Each position with the entry that is there when its turn comes."""
    return zip(ndindex(np.shape(arr)), arr.flat)
