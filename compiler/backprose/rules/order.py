"""Order: sorted arrays, and entries that are chosen by value.

Where entries are equal, they are taken in the order in which they stand in the array, so that a tie has one owner.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.reductions import flattened, shaped
from backprose.rules.registry import at_compile_time, named, no_derivative, refused, rule
from backprose.rules.selecting import along
from backprose.rules.static import positive_axes, positive_axis, require, span
from backprose_runtime import add_at


# Permutations


@rule(np.sort, wrt="a")
def sort(y, a, axis=-1, kind=None, order=None, *, y_bar, stable=None):
    """y is a permutation of a along `axis`, and y_bar goes back by the inverse one.  Choice at ties: in a's order."""
    require(order is None, "fields of structured arrays are not followed")
    if axis is None:
        return shaped(np.take(y_bar, ranks(flattened(a), 0)), a)
    return np.take_along_axis(y_bar, ranks(a, axis), axis)


def ranks(a, axis):
    """Where each entry of a stands in sorted order."""
    return np.argsort(np.argsort(a, axis=axis, kind="stable"), axis=axis)


@rule(np.partition, wrt="a")
def partition(y, a, kth, axis=-1, kind="introselect", order=None, *, y_bar):
    """y is a permutation of a along `axis`: from the order of y to the sorted one, and from there to that of a.

    Choice at ties: in the order of a.  Reads: a, y.
    """
    require(order is None, "fields of structured arrays are not followed")
    if axis is None:
        return shaped(np.take(np.take(y_bar, np.argsort(y, kind="stable")), ranks(flattened(a), 0)), a)
    return np.take_along_axis(np.take_along_axis(y_bar, np.argsort(y, axis, kind="stable"), axis), ranks(a, axis), axis)


# Parts


@rule(np.unique, wrt="ar")
def unique(
    y, ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *, y_bar, equal_nan=True,
    sorted=True,
):  # fmt: skip
    """Each value that is kept comes from the array.  Choice at ties: from its first occurrence.  Reads: ar, y."""
    values_bar = y_bar[0] if return_index or return_inverse or return_counts else y_bar
    if axis is not None:
        first = np.unique(ar, return_index=True, axis=axis)[1]
        return add_at(np.zeros_like(ar), along(positive_axis(axis, np.ndim(ar)), first), values_bar)
    values = y[0] if return_index or return_inverse or return_counts else y
    return shaped(add_at(np.zeros_like(flattened(ar)), first_places(values, flattened(ar)), values_bar), ar)


@rule(*named(np, "unique_values"))
def unique_values(y, x, *, y_bar):
    """As unique, in whatever order the values come."""
    return shaped(add_at(np.zeros_like(flattened(x)), first_places(y, flattened(x)), y_bar), x)


@rule(*named(np, "unique_all unique_counts unique_inverse"))
def unique_with_more(y, x, *, y_bar):
    """As unique: the values are the first of the results, and the others are counts and places."""
    return unique_values(y[0], x, y_bar=y_bar[0])


def first_places(values, a):
    """Where each of the values stands first in the flat array a."""
    order = np.argsort(a, kind="stable")
    return order[np.searchsorted(a[order], values)]


@rule(np.trim_zeros, wrt="filt")
def trim_zeros(y, filt, trim="fb", axis=None, *, y_bar):
    """The entries that are kept, where they stood; the zeros that are cut off get 0.  Reads: filt."""
    require(not isinstance(filt, (list, tuple)), "of a list it gives a list: make it an array first")
    axes = positive_axes(axis, np.ndim(filt))
    index = tuple([kept_slice(filt, y, i, trim) if i in axes else slice(None) for i in span(0, np.ndim(filt))])
    return add_at(np.zeros_like(filt), index, y_bar)


def kept_slice(filt, y, axis, trim):
    """The slice of `filt` that is kept along an axis."""
    start = np.min(np.nonzero(filt)[axis], initial=np.shape(filt)[axis]) if trims_front(trim) else 0
    return slice(start, start + np.shape(y)[axis])


@at_compile_time
def trims_front(trim):
    return "f" in trim.lower()


# Sets: what is in the result was read at the first place that has it


@rule(np.setdiff1d, wrt=("ar1", "ar2"))
def setdiff1d(y, ar1, ar2, assume_unique=False, *, y_bar):
    """The entries of ar1 that are not in ar2.  Choice at ties: from the first occurrence.  Reads: ar1, y."""
    bar = add_at(np.zeros_like(flattened(ar1)), first_places(y, flattened(ar1)), y_bar)
    return shaped(bar, ar1), np.zeros_like(ar2)


@rule(np.union1d, np.setxor1d, wrt=("ar1", "ar2"))
def union1d(y, ar1, ar2, assume_unique=False, *, y_bar):
    """Entries of ar1 and ar2.  Choice at ties: from the first occurrence, in ar1 before ar2.  Reads: ar1, ar2, y."""
    both = np.concatenate([flattened(ar1), flattened(ar2)])
    bar = add_at(np.zeros_like(both), first_places(y, both), y_bar)
    return shaped(bar[: np.size(ar1)], ar1), shaped(bar[np.size(ar1) :], ar2)


refused(np.intersect1d, why="an entry is in both only as long as it does not move", instead="index with np.isin(...)")
no_derivative(np.argsort, np.searchsorted, np.digitize)
refused(np.sort_complex, why="it gives complex numbers also for real ones", instead="use np.sort")
