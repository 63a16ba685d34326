"""Sums, products, extrema and statistics over axes, and their running forms.

In all of them `kept(y, axis, keepdims)` is y with the reduced axes put back as length 1: it broadcasts against a.
Entries at which `where` does not hold take no part and get 0; `masked(x, where)` is x with zeros there.
"""

from __future__ import annotations

import math

import numpy as np

from backprose.rules.elementwise import off_zero
from backprose.rules.registry import linear, no_derivative, real_only, rule
from backprose.rules.static import (
    ends_padded, inverse_permutation, is_true, is_tuple, other_axes, positive_axes, require,
)  # fmt: skip


def kept(y, axis, keepdims):
    """y with the axes that were reduced as axes of length 1; for axis None a scalar, which broadcasts as it is."""
    return y if keepdims or axis is None else np.expand_dims(y, axis)


def count(a, axis):
    """The number of entries that go into one entry of the result."""
    if axis is None:
        return np.size(a)
    if is_tuple(axis):
        return math.prod([np.shape(a)[i] for i in axis]) if len(axis) < np.ndim(a) else np.size(a)
    return np.shape(a)[axis]


def masked(x, where):
    """x where the mask holds, and 0 elsewhere."""
    return x if is_true(where) else np.where(where, x, 0.0)


def among(condition, where):
    """Where the condition holds of entries that take part."""
    return condition if is_true(where) else condition & where


def number(a, axis, where):
    """The number of entries that take part in one entry of the result, so that it broadcasts against a."""
    return count(a, axis) if is_true(where) else over(np.sum, np.broadcast_to(where, np.shape(a)), axis)


def over(reduce, a, axis):
    """The reduction of a, so that it broadcasts against a."""
    return reduce(a) if axis is None else reduce(a, axis=axis, keepdims=True)


def flattened(a):
    """All entries along one axis."""
    return a if np.ndim(a) == 1 else np.ravel(a)


def shaped(x, a):
    """x, which is flat, in the shape of a."""
    return x if np.ndim(a) == 1 else np.reshape(x, np.shape(a))


@linear(np.sum, wrt=("a", "initial"))
def sum_(y, a, axis=None, dtype=None, out=None, keepdims=False, initial=0, where=True, *, y_bar):
    """Each entry of a goes into one sum: a_bar = y_bar, broadcast to a's shape; `initial` goes into all."""
    return masked(np.broadcast_to(kept(y_bar, axis, keepdims), np.shape(a)), where), np.sum(y_bar)


@linear(np.mean, wrt="a")
def mean(y, a, axis=None, dtype=None, out=None, keepdims=False, where=True, *, y_bar):
    """a_bar = y_bar / n, broadcast to a's shape."""
    return masked(np.broadcast_to(kept(y_bar, axis, keepdims) / number(a, axis, where), np.shape(a)), where)


@rule(np.nansum, wrt=("a", "initial"))
def nansum(y, a, axis=None, dtype=None, out=None, keepdims=False, initial=0, where=True, *, y_bar):
    """As sum; NaN entries take no part and get 0."""
    return masked(np.where(np.isnan(a), 0.0, kept(y_bar, axis, keepdims)), where), np.sum(y_bar)


@rule(np.nanmean)
def nanmean(y, a, axis=None, dtype=None, out=None, keepdims=False, where=True, *, y_bar):
    """As mean; n counts the entries that are not NaN, and NaN entries get 0."""
    missing = np.isnan(a) if is_true(where) else np.isnan(a) | ~where
    return np.where(missing, 0.0, kept(y_bar, axis, keepdims) / over(np.sum, ~missing, axis))


@rule(np.average, wrt=("a", "weights"))
def average(y, a, axis=None, weights=None, returned=False, *, y_bar):
    """y = sum(w a) / W with W = sum(w)  =>  a_bar = y_bar w / W,  w_bar = y_bar (a - y) / W.

    Weights have a's shape, or are 1-D along one axis.
    """
    require(not returned, "the derivative of the pair that `returned=True` gives is not defined")
    share = kept(y_bar, axis, False)
    if weights is None:
        return np.broadcast_to(share / count(a, axis), np.shape(a)), None
    if np.ndim(weights) == np.ndim(a):
        share = share / kept(np.sum(weights, axis=axis), axis, False)
        return share * weights, share * (a - kept(y, axis, False))
    share = share / np.sum(weights)
    slope = np.sum(share * (a - kept(y, axis, False)), axis=other_axes(axis, np.ndim(a)))
    return share * np.expand_dims(weights, other_axes(axis, np.ndim(a))), slope


# Products. Factors may be 0, so nothing is divided by: the product of the others is made from both ends.


def others(x):
    """For each entry of x the product of all others along the last axis."""
    return before(x) * np.flip(before(np.flip(x, axis=-1)), axis=-1)


def before(x):
    """For each entry of x the product of those before it along the last axis."""
    return np.concatenate([np.ones_like(x[..., :1]), np.cumprod(x[..., :-1], axis=-1)], axis=-1)


@rule(np.prod, wrt=("a", "initial"))
def prod(y, a, axis=None, dtype=None, out=None, keepdims=False, initial=1, where=True, *, y_bar):
    """a_bar[i] = y_bar times the product of the other factors; right with any number of zeros, in all orders."""
    factors = a if is_true(where) else np.where(where, a, 1.0)
    initial_bar = np.sum(y_bar * np.prod(factors, axis=axis, keepdims=keepdims))
    return masked(other_factors(factors, axis, keepdims, y_bar * initial), where), initial_bar


def other_factors(a, axis, keepdims, y_bar):
    """y_bar times the product of the other factors, for each."""
    if axis is None:
        return shaped(y_bar * others(flattened(a)), a)
    if is_tuple(axis):
        order = other_axes(axis, a.ndim) + positive_axes(axis, a.ndim)
        moved = np.transpose(a, order)
        rest = moved.shape[: a.ndim - len(axis)]
        flat = np.reshape(moved, rest + (count(a, axis),))
        product = np.reshape(others(flat), moved.shape)
        return kept(y_bar, axis, keepdims) * np.transpose(product, inverse_permutation(order, a.ndim))
    return kept(y_bar, axis, keepdims) * np.moveaxis(others(np.moveaxis(a, axis, -1)), -1, axis)


@rule(np.cumprod)
def cumprod(y, a, axis=None, dtype=None, out=None, *, y_bar):
    """y[i] = a[0] ... a[i]  =>  a_bar[k] = (a[0] ... a[k-1]) s[k] with s[k] = y_bar[k] + a[k+1] s[k+1].

    Right with any number of zeros, in all orders.  Reads: a, y.  Source: the recurrence is y's, transposed.
    """
    if axis is None:
        flat = flattened(a)
        return shaped(before_of(flat, y) * backward_sums(flat, y_bar), a)
    a_last, y_last, y_bar_last = np.moveaxis(a, axis, -1), np.moveaxis(y, axis, -1), np.moveaxis(y_bar, axis, -1)
    return np.moveaxis(before_of(a_last, y_last) * backward_sums(a_last, y_bar_last), -1, axis)


def before_of(a, y):
    """The products before each entry, read from the running products y."""
    return np.concatenate([np.ones_like(a[..., :1]), y[..., :-1]], axis=-1)


def backward_sums(a, y_bar):
    """s[k] = y_bar[k] + a[k+1] s[k+1] along the last axis, in log2(n) vectorised steps.

    Invariant: s[k] = total[k] + factor[k] s[k + step], where what lies behind the end is 0; `step` doubles.
    """
    total, factor, step = y_bar, shifted(a, 1), 1
    while step < np.shape(a)[-1]:
        total = total + factor * shifted(total, step)
        factor = factor * shifted(factor, step)
        step = 2 * step
    return total


def shifted(x, step):
    """x[..., k + step], and 0 behind the end."""
    return np.concatenate([x[..., step:], np.zeros_like(x[..., :step])], axis=-1)


# Extrema


def spread(y_bar, hit, axis, keepdims):
    """y_bar, split evenly over the entries that attain the extremum."""
    return np.where(hit, kept(y_bar, axis, keepdims) / over(np.sum, hit, axis), 0.0)


# NumPy 1 has two names for one function
@rule(*{np.max, np.min, np.amax, np.amin}, np.nanmax, np.nanmin, wrt=("a", "initial"))
def extremum(y, a, axis=None, out=None, keepdims=False, initial=None, where=True, *, y_bar):
    """The cotangent goes to the entry that attains y.  Choice at ties: split evenly, also with `initial`.  Reads: a, y.

    A NaN entry never equals y: in nanmax and nanmin it gets 0.
    """
    if initial is None:
        return spread(y_bar, among(a == kept(y, axis, keepdims), where), axis, keepdims), None
    hit, is_initial = among(a == kept(y, axis, keepdims), where), np.where(y == initial, 1, 0)
    shares = y_bar / (np.sum(hit, axis=axis, keepdims=keepdims) + is_initial)
    return np.where(hit, kept(shares, axis, keepdims), 0.0), np.sum(shares * is_initial)


@rule(np.ptp)
def ptp(y, a, axis=None, out=None, keepdims=False, *, y_bar):
    """y = max a - min a.  Choice at ties: split evenly, for each of the two."""
    top, bottom = a == over(np.max, a, axis), a == over(np.min, a, axis)
    return spread(y_bar, top, axis, keepdims) - spread(y_bar, bottom, axis, keepdims)


# Spread around the mean


def freedom(a, axis, ddof, where):
    """The number of entries that go into one entry of the result, less `ddof`."""
    n = number(a, axis, where)
    return n - ddof if ddof else n


def centred(a, axis, where):
    """a less its mean, and 0 where an entry takes no part."""
    if is_true(where):
        return a - over(np.mean, a, axis)
    n = number(a, axis, where)
    return masked(a - over(np.sum, masked(a, where), axis) / n, where)


@rule(np.var)
def var(y, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, *, y_bar):
    """y = sum((a - mean)^2) / (n - ddof)  =>  a_bar = 2 y_bar (a - mean) / (n - ddof); the mean's own share is 0."""
    return kept(y_bar, axis, keepdims) * centred(a, axis, where) * (2 / freedom(a, axis, ddof, where))


@rule(np.std)
def std(y, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, *, y_bar):
    """y = sqrt(var)  =>  a_bar = y_bar (a - mean) / ((n - ddof) y).  Choice where all are equal: 0."""
    if is_true(where):
        share = kept(y_bar / (off_zero(y) * freedom(a, axis, ddof, where)), axis, keepdims)
    else:
        share = kept(y_bar / off_zero(y), axis, keepdims) / freedom(a, axis, ddof, where)
    return share * centred(a, axis, where)


# Running sums and differences


@linear(np.cumsum, wrt="a")
def cumsum(y, a, axis=None, dtype=None, out=None, *, y_bar):
    """y[i] = a[0] + ... + a[i]  =>  a_bar[i] = y_bar[i] + y_bar[i+1] + ...: the same sum from the other end."""
    if axis is None:
        return shaped(np.flip(np.cumsum(np.flip(y_bar))), a)
    return np.flip(np.cumsum(np.flip(y_bar, axis), axis), axis)


@linear(np.diff, wrt="a")
def diff(y, a, n=1, axis=-1, *, y_bar):
    """y[i] = a[i+1] - a[i]  =>  a_bar = -diff of y_bar with a 0 at both ends; n times."""
    if n == 1:
        return -np.diff(np.pad(y_bar, ends_padded(axis, np.ndim(a))), axis=axis)
    for _ in range(n):
        y_bar = -np.diff(np.pad(y_bar, ends_padded(axis, np.ndim(a))), axis=axis)
    return y_bar


# Order


@rule(np.sort)
def sort(y, a, axis=-1, kind=None, *, y_bar):
    """y is a permutation of a along `axis`, and y_bar goes back by the inverse one.  Choice at ties: in a's order."""
    if axis is None:
        return shaped(np.take(y_bar, ranks(flattened(a), 0)), a)
    return np.take_along_axis(y_bar, ranks(a, axis), axis)


def ranks(a, axis):
    """Where each entry of a stands in sorted order."""
    return np.argsort(np.argsort(a, axis=axis, kind="stable"), axis=axis)


@rule(np.partition, wrt="a")
def partition(y, a, kth, axis=-1, *, y_bar):
    """y is a permutation of a along `axis`: from the order of y to the sorted one, and from there to that of a.

    Choice at ties: in the order of a.  Reads: a, y.
    """
    if axis is None:
        return shaped(np.take(np.take(y_bar, np.argsort(y, kind="stable")), ranks(flattened(a), 0)), a)
    return np.take_along_axis(np.take_along_axis(y_bar, np.argsort(y, axis, kind="stable"), axis), ranks(a, axis), axis)


@rule(np.median)
def median(y, a, axis=None, out=None, overwrite_input=False, keepdims=False, *, y_bar):
    """The middle entry in sorted order, or half to each of the two.  Choice at ties: the first in a's order."""
    require(not is_tuple(axis), "the derivative of a median over several axes is not in the table")
    if axis is None:
        rank, n = shaped(ranks(flattened(a), 0), a), np.size(a)
    else:
        rank, n = ranks(a, axis), np.shape(a)[axis]
    low, high = (n - 1) // 2, n // 2
    return np.where((rank == low) | (rank == high), kept(y_bar, axis, keepdims) / (high - low + 1), 0.0)


real_only(np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin, np.ptp, np.var, np.std, np.sort, np.partition, np.median)

no_derivative(
    np.any, np.all, np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.searchsorted, np.count_nonzero,
    np.nonzero, np.flatnonzero, np.argwhere, np.digitize, np.array_equal, np.allclose, np.isin,
)  # fmt: skip
