"""Sums, products, extrema and spreads over axes.

In all of them `kept(y, axis, keepdims)` is y with the reduced axes put back as length 1: it broadcasts against a.
Entries at which `where` does not hold take no part and get 0; `masked(x, where)` is x with zeros there.
"""

from __future__ import annotations

import math

import numpy as np

from backprose.rules.elementwise import off_zero
from backprose.rules.registry import linear, no_derivative, rule
from backprose.rules.static import (
    inverse_permutation, is_true, is_tuple, other_axes, positive_axes, require, sorting_permutation,
)  # fmt: skip
from backprose_runtime import unbroadcast


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


def array_of(x):
    """x, which may be a list of constants, as an array."""
    return np.array(x) if isinstance(x, (list, tuple)) else x


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
def average(y, a, axis=None, weights=None, returned=False, keepdims=False, *, y_bar):
    """y = sum(w a) / W with W = sum(w)  =>  a_bar = y_bar w / W,  w_bar = y_bar (a - y) / W.

    Weights have the shape of a, or of the axes of a that are named.  `returned` adds W to the results: its cotangent
    goes to each weight.
    """
    share, mean = (y_bar[0], kept(y[0], axis, keepdims)) if returned else (y_bar, kept(y, axis, keepdims))
    share = kept(share, axis, keepdims)
    if weights is None:
        return np.broadcast_to(share / count(a, axis), np.shape(a)), None
    rest = () if np.ndim(weights) == np.ndim(a) else other_axes(axis, np.ndim(a))
    w = along_axes(weights, axis, rest)
    share = share / np.sum(w, axis=positive_axes(axis, np.ndim(a)), keepdims=True)
    slope = share * (a - mean)
    if returned:
        slope = slope + np.broadcast_to(kept(y_bar[1], axis, keepdims), np.shape(a))
    return share * w, in_order(np.sum(slope, axis=rest) if len(rest) > 0 else slope, axis, rest)


def along_axes(weights, axis, rest):
    """The weights in the order of the axes of a, of which `rest` are put in as axes of length 1."""
    if len(rest) == 0:
        return weights
    if is_tuple(axis):
        weights = np.transpose(weights, sorting_permutation(positive_axes(axis, np.ndim(weights) + len(rest))))
    return np.expand_dims(weights, rest)


def in_order(slope, axis, rest):
    """Back from the order of the axes of a to that in which `axis` names them."""
    if len(rest) == 0 or not is_tuple(axis):
        return slope
    order = sorting_permutation(positive_axes(axis, np.ndim(slope) + len(rest)))
    return np.transpose(slope, inverse_permutation(order, np.ndim(slope)))


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
    return product_bars(a if is_true(where) else np.where(where, a, 1.0), axis, keepdims, initial, where, y_bar)


@rule(np.nanprod, wrt=("a", "initial"))
def nanprod(y, a, axis=None, dtype=None, out=None, keepdims=False, initial=1, where=True, *, y_bar):
    """As prod; NaN entries take no part and get 0."""
    valid = among(~np.isnan(a), where)
    return product_bars(np.where(valid, a, 1.0), axis, keepdims, initial, valid, y_bar)


def product_bars(factors, axis, keepdims, initial, where, y_bar):
    """The cotangents of the factors, which are 1 where they take no part, and of `initial`."""
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


@rule(np.var, wrt=("a", "mean"))
def var(
    y, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=None, correction=None, *, y_bar
):  # fmt: skip
    """y = sum(|a - mean|^2) / (n - ddof)  =>  a_bar = 2 y_bar conj(a - mean) / (n - ddof); the mean's own share is 0.

    `correction` is another name for `ddof`.  A `mean` that is given is an operand of its own, with what goes into a_bar
    summed and negated.
    """
    return variance_bars(kept(y_bar, axis, keepdims), a, axis, ddof if correction is None else correction, where, mean)


@rule(np.nanvar, wrt=("a", "mean"))
def nanvar(
    y, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=None, correction=None, *, y_bar
):  # fmt: skip
    """As var; NaN entries take no part and get 0."""
    ddof, valid = ddof if correction is None else correction, among(~np.isnan(a), where)
    return variance_bars(kept(y_bar, axis, keepdims), np.where(valid, a, 0.0), axis, ddof, valid, mean)


@rule(np.std, wrt=("a", "mean"))
def std(
    y, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=None, correction=None, *, y_bar
):  # fmt: skip
    """y = sqrt(var)  =>  a_bar = y_bar conj(a - mean) / ((n - ddof) y).  Choice where all are equal: 0.

    `mean` and `correction` as for var.
    """
    share = kept(y_bar / (2 * off_zero(y)), axis, keepdims)
    return variance_bars(share, a, axis, ddof if correction is None else correction, where, mean)


@rule(np.nanstd, wrt=("a", "mean"))
def nanstd(
    y, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=None, correction=None, *, y_bar
):  # fmt: skip
    """As std; NaN entries take no part and get 0.  Choice where all are equal: 0."""
    ddof, valid = ddof if correction is None else correction, among(~np.isnan(a), where)
    share = kept(y_bar / (2 * off_zero(y)), axis, keepdims)
    return variance_bars(share, np.where(valid, a, 0.0), axis, ddof, valid, mean)


def variance_bars(share, a, axis, ddof, where, mean):
    """The cotangents of the entries and of a mean that is given, for the cotangent `share` of the variance."""
    if mean is None:
        return share * np.conjugate(centred(a, axis, where)) * (2 / freedom(a, axis, ddof, where)), None
    require(np.iscomplexobj(a) or not np.iscomplexobj(mean), "real numbers have no complex mean")
    slope = share * np.conjugate(masked(a - mean, where)) * (2 / freedom(a, axis, ddof, where))
    return slope, unbroadcast(-slope, mean)


no_derivative(
    np.any, np.all, np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.count_nonzero, np.nonzero, np.flatnonzero,
    np.argwhere, np.array_equal, np.allclose, np.isin,
)  # fmt: skip
