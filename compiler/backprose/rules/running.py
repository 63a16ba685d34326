"""Running sums and products, differences, derivatives and integrals along an axis."""

from __future__ import annotations

import math

import numpy as np

from backprose.rules.reductions import array_of, flattened, shaped
from backprose.rules.registry import elementwise, linear, named, rule
from backprose.rules.selecting import along
from backprose.rules.static import ends_padded, positive_axes, positive_axis, require
from backprose_runtime import add_at, unbroadcast


def last(x, axis):
    """x with `axis` as its last one."""
    return x if np.ndim(x) == 1 else np.moveaxis(x, axis, -1)


def first(x, axis):
    """x with `axis` as its first one."""
    return x if np.ndim(x) == 1 else np.moveaxis(x, axis, 0)


def back(x, axis):
    """x with its last axis back at `axis`."""
    return x if np.ndim(x) == 1 else np.moveaxis(x, -1, axis)


def widened(x):
    """x with a 0 at both ends of its last axis."""
    return np.pad(x, ends_padded(-1, np.ndim(x)))


def without_initial(x, axis):
    """x less its first entries along `axis`."""
    return x[1:] if axis is None else back(last(x, axis)[..., 1:], axis)


# Running sums


@linear(np.cumsum, wrt="a")
def cumsum(y, a, axis=None, dtype=None, out=None, *, y_bar):
    """y[i] = a[0] + ... + a[i]  =>  a_bar[i] = y_bar[i] + y_bar[i+1] + ...: the same sum from the other end."""
    if axis is None:
        return shaped(np.flip(np.cumsum(np.flip(y_bar))), a)
    return np.flip(np.cumsum(np.flip(y_bar, axis), axis), axis)


@rule(np.nancumsum)
def nancumsum(y, a, axis=None, dtype=None, out=None, *, y_bar):
    """As cumsum; NaN entries take no part and get 0."""
    return np.where(np.isnan(a), 0.0, cumsum(y, a, axis, y_bar=y_bar))


# Running products


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


@rule(np.nancumprod)
def nancumprod(y, a, axis=None, dtype=None, out=None, *, y_bar):
    """As cumprod; NaN entries take no part and get 0."""
    return np.where(np.isnan(a), 0.0, cumprod(y, np.where(np.isnan(a), 1.0, a), axis, y_bar=y_bar))


# NumPy 2.1 has these two


@linear(*named(np, "cumulative_sum"), wrt="x")
def cumulative_sum(y, x, *, y_bar, axis=None, dtype=None, out=None, include_initial=False):
    """As cumsum; the 0 that `include_initial` puts in front is a constant."""
    return cumsum(y, x, axis, y_bar=without_initial(y_bar, axis) if include_initial else y_bar)


@rule(*named(np, "cumulative_prod"))
def cumulative_prod(y, x, *, y_bar, axis=None, dtype=None, out=None, include_initial=False):
    """As cumprod; the 1 that `include_initial` puts in front is a constant."""
    if include_initial:
        return cumprod(without_initial(y, axis), x, axis, y_bar=without_initial(y_bar, axis))
    return cumprod(y, x, axis, y_bar=y_bar)


# Differences


@linear(np.diff, wrt=("a", "prepend", "append"))
def diff(y, a, n=1, axis=-1, prepend=None, append=None, *, y_bar):
    """y[i] = a[i+1] - a[i]  =>  a_bar[i] = y_bar[i-1] - y_bar[i], with 0 beyond the ends; n times.

    `prepend` and `append` are joined to a first: what reaches them is cut off, and summed for a number.
    """
    if prepend is None and append is None and n == 1:
        axis = positive_axis(axis, np.ndim(a))
        a_bar = add_at(np.zeros_like(a), part(axis, slice(1, None)), y_bar)
        return add_at(a_bar, part(axis, slice(None, -1)), -y_bar), None, None
    bar = last(y_bar, axis)
    for _ in range(n):
        bar = -np.diff(widened(bar))
    if prepend is None and append is None:
        return back(bar[..., : np.shape(a)[axis]], axis), None, None
    require(n > 0, "with `n=0` nothing is joined")
    start = length(prepend, axis)
    stop = start + np.shape(a)[axis]
    prepend_bar, append_bar = joined_bar(bar[..., :start], prepend, axis), joined_bar(bar[..., stop:], append, axis)
    return back(bar[..., start:stop], axis), prepend_bar, append_bar


def part(axis, entries):
    """The index that takes a slice along one axis."""
    return entries if axis == 0 else along(axis, entries)


def length(x, axis):
    """How many entries along `axis` the array, the number or None stands for."""
    if x is None:
        return 0
    return 1 if np.ndim(x) == 0 else np.shape(x)[axis]


def joined_bar(bar, x, axis):
    """The cotangent of what is joined at an end."""
    if x is None:
        return None
    return np.sum(bar) if np.ndim(x) == 0 else back(bar, axis)


@linear(np.ediff1d, wrt=("ary", "to_end", "to_begin"))
def ediff1d(y, ary, to_end=None, to_begin=None, *, y_bar):
    """The differences of the flattened array, between `to_begin` and `to_end`: y_bar is cut there, and then as diff."""
    start = 0 if to_begin is None else np.size(to_begin)
    stop = np.size(y_bar) - (0 if to_end is None else np.size(to_end))
    ary_bar = shaped(-np.diff(np.pad(y_bar[start:stop], 1))[: np.size(ary)], ary)
    return (
        ary_bar,
        None if to_end is None else np.reshape(y_bar[stop:], np.shape(to_end)),
        None if to_begin is None else np.reshape(y_bar[:start], np.shape(to_begin)),
    )


@elementwise(np.unwrap, wrt="p")
def unwrap(y, p, discont=None, axis=-1, *, d, period=2 * math.pi):
    """y = p + a multiple of the period, which is a step of p."""
    return d


# Derivatives and integrals


@rule(np.gradient, wrt=("f", "varargs"))
def gradient(y, f, *varargs, y_bar, axis=None, edge_order=1):
    """y is a mean of the slopes s = diff f / h on both sides: w s[i-1] + (1 - w) s[i] with w = h[i] / (h[i-1] + h[i]).

    The ends have the slope there, and 2 s[0] - y[1] and its mirror image with `edge_order=2`.  A number h is one
    distance for all, an array holds coordinates.  Shapes: y is an array for one axis, one for each of several.
    """
    axes = positive_axes(axis, np.ndim(f))
    if len(axes) == 1:
        spacing = varargs[0] if len(varargs) > 0 else 1.0
        f_bar, h_bar = slope_bars(y, f, spacing, axes[0], edge_order, y_bar)
        return f_bar, (h_bar,) if len(varargs) > 0 else ()
    spacings = varargs if len(varargs) > 1 else tuple([varargs[0] if len(varargs) > 0 else 1.0 for _ in axes])
    bars = [slope_bars(y[i], f, spacings[i], axes[i], edge_order, y_bar[i]) for i, _ in enumerate(axes)]
    f_bar = bars[0][0]
    for i, _ in enumerate(axes):
        f_bar = f_bar + bars[i][0] if i > 0 else f_bar
    if len(varargs) == 1:
        h_bar = bars[0][1]
        for i, _ in enumerate(axes):
            h_bar = h_bar + bars[i][1] if i > 0 else h_bar
        return f_bar, (h_bar,)
    return f_bar, tuple([bars[i][1] for i, _ in enumerate(varargs)])


def slope_bars(y, f, h, axis, edge_order, y_bar):
    """The cotangents of f and of the distance or the coordinates h along one axis."""
    require(np.iscomplexobj(f) or not np.iscomplexobj(h), "of complex distances NumPy keeps the real part of the result only")
    y_bar = last(y_bar, axis)
    start, inner, end = y_bar[..., :1], y_bar[..., 1:-1], y_bar[..., -1:]
    if edge_order == 2:
        inner = add_at(add_at(inner, (Ellipsis, slice(None, 1)), -start), (Ellipsis, slice(-1, None)), -end)
        start, end = 2 * start, 2 * end
    if np.ndim(h) == 0:
        slopes_bar = np.concatenate([inner / 2, end], axis=-1) + np.concatenate([start, inner / 2], axis=-1)
        return back(-np.diff(widened(slopes_bar / h)), axis), -np.sum(y_bar * last(y, axis)) / h
    d = np.diff(h)
    both = d[:-1] + d[1:]
    w = d[1:] / both
    slopes_bar = np.concatenate([w * inner, end], axis=-1) + np.concatenate([start, (1 - w) * inner], axis=-1)
    slopes = np.diff(last(f, axis)) / d
    w_bar = total(inner * (slopes[..., :-1] - slopes[..., 1:]) / both)
    d_bar = np.pad(w_bar * (1 - w), (1, 0)) - np.pad(w_bar * w, (0, 1)) - total(slopes_bar * slopes) / d
    return back(-np.diff(widened(slopes_bar / d)), axis), -np.diff(widened(d_bar))


def total(x):
    """The sum over all axes but the last."""
    return x if np.ndim(x) == 1 else np.sum(np.reshape(x, (-1, np.shape(x)[-1])), axis=0)


# NumPy 2 has a new name, and until 2.3 the old one too
@rule(*{*named(np, "trapezoid trapz")}, wrt=("y", "x", "dx"))
def trapezoid(integral, y, x=None, dx=1.0, axis=-1, *, integral_bar):
    """The sum of d (y[i] + y[i+1]) / 2 over the intervals, whose lengths d are those between the points x, or dx.

    y_bar gets half of both intervals at each point; d_bar is the mean value, and goes back as diff.
    Shapes: x has the shape of y, or is 1-D along the axis.
    """
    points = last(array_of(y), axis)
    n = np.shape(points)[-1]
    share = (integral_bar if np.ndim(points) == 1 else np.expand_dims(integral_bar, -1)) / 2
    d_bar = share * (points[..., 1:] + points[..., :-1])
    if x is None:
        require(np.ndim(dx) == 0, "one distance for all intervals, or the points as `x`")
        halves = widened(np.broadcast_to(share * dx, np.shape(d_bar)))
        return back(halves[..., 1 : n + 1] + halves[..., :n], axis), None, np.sum(d_bar)
    x = array_of(x)
    require(np.ndim(x) in (1, np.ndim(y)), "the points have other axes than the values")
    halves = widened(share * np.diff(last(x, axis)))
    x_bar = -np.diff(widened(d_bar)) if np.ndim(x) == np.ndim(y) else -np.diff(widened(total(d_bar)))
    return back(halves[..., 1 : n + 1] + halves[..., :n], axis), unbroadcast(back(x_bar, axis), x), None
