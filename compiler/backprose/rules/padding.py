"""`np.pad` in all of its modes. Modes that repeat entries are a rule; those that compute new ones are Python programs."""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import linear, means
from backprose.rules.selecting import along
from backprose.rules.static import holds_floats, is_tuple, pad_pairs, require, span, unpadded
from backprose_runtime import add_at, unbroadcast

STATISTICS = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median}


@linear(np.pad, wrt=("array", "constant_values"))
def pad(y, array, pad_width, mode="constant", *, y_bar, constant_values=0, reflect_type="even"):
    """The border is a constant, or a copy of entries of the array, which then get its cotangents too; else it has values that
    are computed of the array, by functions that have rules.

    Shapes: constant_values is a number, or broadcasts to (axes of the array, 2); corners belong to the last axis.  Choice: as
    those of `np.max`, `np.min` and `np.median` in the modes of their names.  Restrictions: `mode` is no function, `pad_width`
    no array.
    """
    require(isinstance(pad_width, (tuple, list)) or np.ndim(pad_width) == 0, "the widths are an array: pass a tuple of tuples")
    n = np.ndim(array)
    if n == 0:
        return y_bar, np.zeros_like(constant_values)
    if mode in ("constant", "empty"):
        inside = y_bar[tuple([slice(start, stop) for start, stop in unpadded(pad_width, n)])]
        sums = border_sums(y_bar, pad_pairs(pad_width, n))
        return inside, np.sum(sums) if np.ndim(constant_values) == 0 else unbroadcast(sums, constant_values)
    index = np.pad(np.reshape(np.arange(np.size(array)), np.shape(array)), pad_width, mode)
    return np.reshape(add_at(np.zeros_like(np.ravel(array)), index, y_bar), np.shape(array)), None


def border_sums(y_bar, pairs):
    """The sums over the border before and after each axis.  Shapes: (axes, 2)."""
    sums = ()
    for i in span(0, len(pairs)):
        axis = len(pairs) - 1 - i
        before, after = pairs[axis]
        end = np.shape(y_bar)[axis] - after
        front, back = y_bar[along(axis, slice(0, before))], y_bar[along(axis, slice(end, None))]
        sums = (np.stack([np.sum(front), np.sum(back)]),) + sums
        y_bar = y_bar[along(axis, slice(before, end))]
    return np.stack(sums)


@means(np.pad)
def pad_program(array, pad_width, mode="constant", *, reflect_type=None, **options):
    """Modes that copy entries are what the rule says; for the others, values are computed along one axis after the other."""
    require(not callable(mode), "what a function stores in the border is not followed: join the parts yourself")
    array = array if isinstance(array, np.ndarray) else np.asarray(array)
    if isinstance(pad_width, dict):
        pad_width = pairs_of_axes(pad_width, np.ndim(array))
    reflects = mode in ("reflect", "symmetric")
    require(reflects or reflect_type is None, "`reflect_type` is for the modes that reflect")
    is_copy = reflect_type != "odd" if reflects else mode in ("constant", "edge", "wrap", "empty")
    if is_copy or not holds_floats(array):
        return np.pad(array, pad_width, mode, **options)
    pairs = pad_pairs(pad_width, np.ndim(array))
    if mode in ("maximum", "minimum", "mean", "median"):
        return with_statistics(array, pairs, STATISTICS[mode], **options)
    if mode == "linear_ramp":
        return with_ramps(array, pairs, **options)
    require(reflects, "NumPy has no such mode")
    for axis in span(0, len(pairs)):
        array = reflected(array, axis, pairs[axis][0], pairs[axis][1], mode == "symmetric")
    return array


def pairs_of_axes(widths, ndim):
    """(before, after) for each axis, from a dict of those that are padded."""
    found = [widths[i] if i in widths else widths[i - ndim] if i - ndim in widths else 0 for i in span(0, ndim)]
    return tuple([tuple(width) if is_tuple(width) else (width, width) for width in found])


def with_statistics(array, pairs, statistic, stat_length=None):
    """The border is a maximum, minimum, mean or median of the array's first and last entries along each axis."""
    lengths = pad_pairs(stat_length, len(pairs))
    for axis in span(0, len(pairs)):
        (before, after), (first, last) = pairs[axis], lengths[axis]
        n = np.shape(array)[axis]
        front = array if first is None else array[along(axis, slice(0, first))]
        back = array if last is None else array[along(axis, slice(max(n - last, 0), None))]
        left = statistic(front, axis=axis, keepdims=True)
        right = left if first is None and last is None else statistic(back, axis=axis, keepdims=True)
        array = np.concatenate([np.repeat(left, before, axis), array, np.repeat(right, after, axis)], axis=axis)
    return array


def with_ramps(array, pairs, end_values=0):
    """The border goes in equal steps from the edge to an end value."""
    require(not isinstance(end_values, np.ndarray), "an array of end values is not followed: pass numbers or pairs")
    wide = is_tuple(end_values) and is_tuple(end_values[0]) and len(end_values) > 1
    ends = pad_pairs(end_values, len(pairs))
    for axis in span(0, len(pairs)):
        (before, after), (start, stop) = pairs[axis], ends[axis]
        first = np.take(array, 0, axis)
        last = np.take(array, -1, axis)
        start, stop = (float(start), float(stop)) if wide else (np.asarray(start), np.asarray(stop))  # as NumPy converts them
        left = np.linspace(start, first, before, endpoint=False, dtype=array.dtype, axis=axis)
        right = np.linspace(stop, last, after, endpoint=False, dtype=array.dtype, axis=axis)
        array = np.concatenate([left, array, np.flip(right, axis)], axis=axis)
    return array


def reflected(x, axis, before, after, with_edge):
    """x reflected at both ends of an axis, so that it is odd about its first and last entries, as often as it takes.

    The entries that are reflected are whole periods of the original ones; `with_edge` says that the edge is among them.
    """
    if before == 0 and after == 0:
        return x
    n = np.shape(x)[axis]
    if n == 1:
        return np.concatenate([np.repeat(x, before, axis), x, np.repeat(x, after, axis)], axis=axis)
    period = n if with_edge else n - 1
    skipped = 0 if with_edge else 1
    while before > 0 or after > 0:
        length = (np.shape(x)[axis] - skipped) // period * period
        left, right = min(length, before), min(length, after)
        m = np.shape(x)[axis] - skipped
        front = x[along(axis, slice(skipped, skipped + left))]
        back = x[along(axis, slice(m - right, m))]
        first, last = x[along(axis, slice(0, 1))], x[along(axis, slice(-1, None))]
        x = np.concatenate([2 * first - np.flip(front, axis), x, 2 * last - np.flip(back, axis)], axis=axis)
        before, after = before - left, after - right
    return x
