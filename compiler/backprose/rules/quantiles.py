"""Medians, quantiles and percentiles.

Along the axes that are reduced, a quantile is one entry in sorted order, or lies between two neighbours. Where entries
are equal, they are taken in the order in which they stand in the array.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.order import ranks
from backprose.rules.reductions import along_axes, count, flattened, kept, shaped
from backprose.rules.registry import at_compile_time, real_only, rule
from backprose.rules.selecting import along_axis
from backprose.rules.static import inverse_permutation, is_tuple, other_axes, positive_axes
from backprose_runtime import add_at


def joined(a, axis):
    """a with all axes that are reduced as its last one."""
    if axis is None:
        return flattened(a)
    if not is_tuple(axis):
        return np.moveaxis(a, axis, -1)
    rest = other_axes(axis, np.ndim(a))
    moved = np.transpose(a, rest + positive_axes(axis, np.ndim(a)))
    return np.reshape(moved, np.shape(moved)[: len(rest)] + (-1,))


def parted(rows, a, axis):
    """Back from `joined` to the shape of a."""
    if axis is None:
        return shaped(rows, a)
    if not is_tuple(axis):
        return np.moveaxis(rows, -1, axis)
    order = other_axes(axis, np.ndim(a)) + positive_axes(axis, np.ndim(a))
    moved = np.reshape(rows, np.shape(np.transpose(a, order)))
    return np.transpose(moved, inverse_permutation(order, np.ndim(a)))


# Medians


@rule(np.median)
def median(y, a, axis=None, out=None, overwrite_input=False, keepdims=False, *, y_bar):
    """The middle entry in sorted order, or half to each of the two.  Choice at ties: the first in a's order."""
    rows = joined(a, axis)
    rank, n = ranks(rows, -1), np.shape(rows)[-1]
    low, high = (n - 1) // 2, n // 2
    weight = np.where((rank == low) | (rank == high), 1 / (high - low + 1), 0.0)
    return parted(weight, a, axis) * kept(y_bar, axis, keepdims)


@rule(np.nanmedian)
def nanmedian(y, a, axis=None, out=None, overwrite_input=False, keepdims=False, *, y_bar):
    """As median; NaN entries take no part and get 0."""
    rows = joined(a, axis)
    rank, n = ranks(rows, -1), np.sum(~np.isnan(rows), axis=-1, keepdims=True)
    low, high = (n - 1) // 2, n // 2
    weight = np.where(((rank == low) | (rank == high)) & (rank < n), 1 / (high - low + 1), 0.0)
    return parted(weight, a, axis) * kept(y_bar, axis, keepdims)


# Quantiles. The place p of a quantile among the sorted entries is the same quantile of 0, 1, ..., n - 1, by whichever
# method: so no method is written down here. Then y = (1 - t) s[k] + t s[k + 1] with k = floor p and t = p - k.


@rule(np.quantile, wrt=("a", "q"))
def quantile(
    y, a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, y_bar, weights=None
):  # fmt: skip
    """y = (1 - t) s[k] + t s[k + 1] for sorted entries s and place k + t: (1 - t) y_bar and t y_bar go to these two.

    q_bar = sum of y_bar (s[k + 1] - s[k]) dp / dq, which is 0 where the place is a step of q.  Choice at ties: the
    first in a's order; for q at an entry: the slope to the right, and at the last one to the left.
    Shapes: y has the axes of q, then those of a that remain.  Source of the places: Hyndman & Fan 1996.
    """
    rows, n = joined(a, axis), count(a, axis)
    if weights is None:
        place = np.quantile(np.arange(n), np.ravel(q), method=method)
    else:
        w = in_rows(weights, a, axis)
        place = axis_last(np.quantile(ranks(rows, -1), np.ravel(q), axis=-1, method=method, weights=w))
    rows_bar, q_bar = quantile_bars(rows, n, place, q, method, rows_of(y_bar, rows))
    return parted(rows_bar, a, axis), q_bar


@rule(np.nanquantile, wrt=("a", "q"))
def nanquantile(
    y, a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, y_bar, weights=None
):  # fmt: skip
    """As quantile; NaN entries take no part and get 0.  Where all are NaN nothing gets a share."""
    rows = joined(a, axis)
    n = np.sum(~np.isnan(rows), axis=-1, keepdims=np.ndim(rows) > 1)
    sorted_places = np.where(np.isnan(rows), np.nan, ranks(rows, -1))
    if weights is None:
        place = axis_last(np.nanquantile(sorted_places, np.ravel(q), axis=-1, method=method))
    else:
        w = in_rows(weights, a, axis)
        place = axis_last(np.nanquantile(sorted_places, np.ravel(q), axis=-1, method=method, weights=w))
    share = np.where(np.isnan(place), 0.0, rows_of(y_bar, rows))
    place = np.where(np.isnan(place), 0.0, place)
    rows_bar, q_bar = quantile_bars(rows, n, place, q, method, share)
    return parted(rows_bar, a, axis), q_bar


@rule(np.percentile, wrt=("a", "q"))
def percentile(
    y, a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, y_bar, weights=None
):  # fmt: skip
    """The quantile q / 100: as quantile."""
    options = (axis, None, False, method, keepdims)
    a_bar, q_bar = quantile(y, a, np.divide(q, 100), *options, y_bar=y_bar, weights=weights)
    return a_bar, q_bar / 100


@rule(np.nanpercentile, wrt=("a", "q"))
def nanpercentile(
    y, a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, y_bar, weights=None
):  # fmt: skip
    """The quantile q / 100: as nanquantile."""
    options = (axis, None, False, method, keepdims)
    a_bar, q_bar = nanquantile(y, a, np.divide(q, 100), *options, y_bar=y_bar, weights=weights)
    return a_bar, q_bar / 100


def in_rows(weights, a, axis):
    """The weights of the entries of `joined(a, axis)`; they have the shape of a, or of the axes of a that are named."""
    if np.ndim(weights) < np.ndim(a):
        weights = np.broadcast_to(along_axes(weights, axis, other_axes(axis, np.ndim(a))), np.shape(a))
    return joined(weights, axis)


def rows_of(y_bar, rows):
    """y_bar with all axes of q as one behind those of the rows."""
    return axis_last(np.reshape(y_bar, (-1,) + np.shape(rows)[:-1]))


def axis_last(x):
    """The first axis as the last one."""
    return x if np.ndim(x) <= 1 else np.moveaxis(x, 0, -1)


def quantile_bars(rows, n, place, q, method, y_bar):
    """The cotangents of the rows and of q.  Shapes: rows (..., m), n entries that count, place and y_bar (..., Q)."""
    low = np.maximum(np.minimum(np.int64(place), n - 2), 0)
    high = np.maximum(np.minimum(low + 1, n - 1), 0)
    t = place - low
    order = np.argsort(rows, axis=-1, kind="stable")
    first, second = along_last(order, low), along_last(order, high)
    rows_bar = add_at(np.zeros_like(rows), along_axis(np.shape(rows), first, -1), (1 - t) * y_bar)
    rows_bar = add_at(rows_bar, along_axis(np.shape(rows), second, -1), t * y_bar)
    step = np.take_along_axis(rows, second, -1) - np.take_along_axis(rows, first, -1)
    slopes = y_bar * step * place_slope(n, place, method)
    if np.ndim(q) == 0:
        return rows_bar, np.sum(slopes)
    return rows_bar, np.reshape(np.sum(slopes, axis=other_axes(-1, np.ndim(rows))), np.shape(q))


def along_last(x, index):
    """The entries of x at the index along the last axis: at the same one in each row, or at one for each row."""
    return np.take(x, index, axis=-1) if np.ndim(index) == 1 else np.take_along_axis(x, index, -1)


def place_slope(n, place, method):
    """The derivative of the place by q; 0 where the place stays at an end."""
    if method == "linear":
        return n - 1
    offset = slope_offset(method)
    return 0.0 if offset is None else np.where((place > 0) & (place < n - 1), n + offset, 0.0)


@at_compile_time
def slope_offset(method):
    """The derivative of the place by q less the number of entries; None where the place is a step."""
    return {
        "interpolated_inverted_cdf": 0, "hazen": 0, "weibull": 1, "median_unbiased": 1 / 3, "normal_unbiased": 1 / 4,
    }.get(method)  # fmt: skip


real_only(np.quantile, np.nanquantile, np.percentile, np.nanpercentile)
