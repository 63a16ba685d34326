"""Arrays from scalars, lists and other arrays: linear where entries pass through, without derivative where new."""

from __future__ import annotations

import numpy as np

import backprose_runtime
from backprose.rules.registry import (
    at_compile_time, effect, linear, no_derivative, not_compiled, opaque, pushforward, real_only, rule,
)  # fmt: skip
from backprose.rules.static import require
from backprose_runtime import add_at, unbroadcast


# Entries pass through


def entries(x, g):
    """The cotangent of x, a nested list, from the array g; three levels, for a list in a list in a list."""
    return like(x, [rows(item, g[i]) for i, item in enumerate(x)]) if isinstance(x, (list, tuple)) else g


def rows(x, g):
    """The second level of `entries`."""
    return like(x, [items(item, g[i]) for i, item in enumerate(x)]) if isinstance(x, (list, tuple)) else g


def items(x, g):
    """The third level of `entries`."""
    return like(x, [g[i] for i, _ in enumerate(x)]) if isinstance(x, (list, tuple)) else g


def like(x, parts):
    """The list `parts` as a container of the class of `x`, so that cotangents of its entries can be added to it."""
    if isinstance(x, list):
        return parts
    return made(type(x), parts) if hasattr(x, "_fields") else tuple(parts)


def made(cls, parts):
    """The namedtuple of these parts."""
    return cls(*parts)


@linear(np.array, wrt="object")
def array(y, object, dtype=None, *, y_bar, copy=True, order="K", subok=False, ndmin=0):
    """The entries of a number, an array, or nested lists of these; the cotangent is nested in the same way."""
    if ndmin == 0 or isinstance(object, np.ndarray):
        return entries(object, y_bar if ndmin == 0 else np.reshape(y_bar, np.shape(object)))
    require(not isinstance(object, (list, tuple)), "with `ndmin` the depth of nested lists is not followed: use np.expand_dims")
    return np.reshape(y_bar, ())


@linear(np.asarray, np.asanyarray, np.asarray_chkfinite, wrt="a")
def asarray(y, a, dtype=None, order=None, *, y_bar, copy=None):
    """The entries of a number, an array, or nested lists of these; the cotangent is nested in the same way."""
    return entries(a, y_bar)


@pushforward(np.asarray_chkfinite)
def asarray_chkfinite_dot(y, a, dtype=None, order=None, *, a_dot):
    """The tangent may be infinite or NaN."""
    return np.asarray(a_dot)


@linear(np.ascontiguousarray, np.asfortranarray, wrt="a")
def ascontiguousarray(y, a, dtype=None, *, y_bar):
    """The same entries in another layout; a number becomes an array with one entry."""
    return entries(a, y_bar) if isinstance(a, (list, tuple)) else np.reshape(y_bar, np.shape(a))


@linear(np.require, wrt="a")
def require_(y, a, dtype=None, requirements=None, *, y_bar):
    """The same entries in another layout; a number may become an array with one entry."""
    return entries(a, y_bar) if isinstance(a, (list, tuple)) else np.reshape(y_bar, np.shape(a))


@linear(np.copy, wrt="a")
def copy(y, a, order="K", subok=False, *, y_bar):
    """The same entries."""
    return entries(a, y_bar)


@linear(np.ndarray.copy, wrt="a")
def copy_method(y, a, order="C", *, y_bar):
    """The same entries."""
    return y_bar


@linear(np.ndarray.astype, wrt="a")
def astype(y, a, dtype, order="K", casting="unsafe", subok=True, copy=True, *, y_bar):
    """The same entries in another type."""
    return y_bar


@linear(float, np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128, np.clongdouble, wrt="x")
def cast(y, x, *, y_bar):
    """The same number in another type; an array with one entry keeps its shape."""
    return y_bar if np.ndim(x) == np.ndim(y_bar) else np.reshape(y_bar, np.shape(x))


@linear(np.ndarray.item, wrt="a")
def item(y, a, *args, y_bar):
    """One entry: the only one, that at a flat position, or that at an index."""
    if len(args) == 0:
        return np.reshape(y_bar, np.shape(a))
    if len(args) == 1 and np.ndim(a) > 1:
        return np.reshape(add_at(np.zeros_like(np.ravel(a)), args[0], y_bar), np.shape(a))
    return add_at(np.zeros_like(a), args, y_bar)


# Entries are made of a few numbers


@linear(np.full, wrt="fill_value")
def full(y, shape, fill_value, dtype=None, order="C", *, y_bar):
    """Each entry is `fill_value`, which may broadcast: sum over its copies."""
    return unbroadcast(y_bar, fill_value)


@linear(np.full_like, wrt="fill_value", inert=("a",))
def full_like(y, a, fill_value, dtype=None, order="K", subok=True, shape=None, *, y_bar):
    """Each entry is `fill_value`, which may broadcast: sum over its copies. Of `a` only the shape is used."""
    return unbroadcast(y_bar, fill_value)


@linear(np.linspace, wrt=("start", "stop"))
def linspace(y, start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, y_bar):
    """y[i] = (1 - t[i]) start + t[i] stop, with t from 0 to 1 in equal steps; step = (stop - start) / (number of steps).

    Shapes: y has `num` entries along `axis`, and elsewhere the axes of start and stop, which broadcast.
    """
    if not retstep:
        return spread_bars(y_bar, start, stop, num, endpoint, axis)
    start_bar, stop_bar = spread_bars(y_bar[0], start, stop, num, endpoint, axis)
    steps = num - 1 if endpoint else num
    share = y_bar[1] / steps if steps > 0 else np.nan * y_bar[1]
    return start_bar - unbroadcast(share, start), stop_bar + unbroadcast(share, stop)


def spread_bars(y_bar, start, stop, num, endpoint, axis):
    """The cotangents of the two ends between which `num` numbers lie, in equal steps."""
    t = np.linspace(0.0, 1.0, num, endpoint)
    if np.ndim(y_bar) == 1:
        return (1 - t) @ y_bar, t @ y_bar
    last = np.moveaxis(y_bar, axis, -1)
    return unbroadcast(last @ (1 - t), start), unbroadcast(last @ t, stop)


@rule(np.logspace, wrt=("start", "stop", "base"))
def logspace(y, start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0, *, y_bar):
    """y = base^e with e = linspace(start, stop)  =>  e_bar = y_bar y log(base), base_bar = y_bar e y / base.

    Choice: for base <= 0 the partial by the exponent is taken as 0.  Restrictions: base is one number.
    """
    require(np.ndim(base) == 0, "an array of bases is not supported: use base ** np.linspace(...)")
    e = np.linspace(start, stop, num, endpoint, axis=axis)
    factor = np.log(base) if base > 0 else 0.0
    start_bar, stop_bar = spread_bars(y_bar * y * factor, start, stop, num, endpoint, axis)
    return start_bar, stop_bar, np.sum(y_bar * e * base ** (e - 1))


@rule(np.geomspace, wrt=("start", "stop"))
def geomspace(y, start, stop, num=50, endpoint=True, dtype=None, axis=0, *, y_bar):
    """y[i] = start^(1 - t[i]) stop^t[i]  =>  start_bar = sum y_bar (1 - t) y / start, stop_bar = sum y_bar t y / stop.

    Shapes: as for `np.linspace`.  Restrictions: real numbers.
    """
    start_bar, stop_bar = spread_bars(y_bar * y, start * np.ones_like(stop), stop * np.ones_like(start), num, endpoint, axis)
    return unbroadcast(start_bar / start, start), unbroadcast(stop_bar / stop, stop)


real_only(np.logspace, np.geomspace)


@linear(np.meshgrid, wrt="xi")
def meshgrid(y, *xi, y_bar, indexing="xy", sparse=False, copy=True):
    """Each vector is repeated along all axes but its own ("xy": the first two change places): sum over those."""
    n = len(xi)
    ndims = [np.ndim(y_bar[i]) for i, _ in enumerate(xi)]
    return tuple([np.sum(y_bar[i], axis=repeated_axes(i, n, indexing, ndims[i])) for i, _ in enumerate(xi)])


@at_compile_time
def repeated_axes(i, n, indexing, ndim):
    """The axes along which the i-th of n vectors is repeated in `np.meshgrid`."""
    own = 1 - i if indexing == "xy" and n > 1 and i < 2 else i
    return tuple([axis for axis in range(ndim) if axis != own])


# The runtime's own vocabulary


@linear(backprose_runtime.add, wrt=("a", "b"))
def add(y, a, b, *, y_bar):
    """The sum of two cotangents."""
    return y_bar, y_bar


@linear(backprose_runtime.flatten, wrt="lists")
def flatten(y, lists, *, y_bar):
    """A list of lists, joined: cut where they were joined."""
    ends = np.cumsum([len(part) for part in lists])
    return [y_bar[end - len(part) : end] for part, end in zip(lists, ends)]


no_derivative(
    np.zeros, np.ones, np.empty, np.zeros_like, np.ones_like, np.empty_like, np.eye, np.identity, np.tri,
    np.tril_indices, np.triu_indices, np.diag_indices, np.tril_indices_from, np.triu_indices_from, np.diag_indices_from,
    np.indices, np.ix_, np.packbits, np.unpackbits, np.unravel_index, np.ravel_multi_index,
    np.hanning, np.hamming, np.blackman, np.bartlett,
    np.dtype, np.result_type, np.promote_types, np.can_cast, np.min_scalar_type, np.issubdtype,
    np.isscalar, np.iscomplexobj, np.isrealobj,
    np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.intp,
    backprose_runtime.zeros_like, backprose_runtime.sorting_order, backprose_runtime.parts, backprose_runtime.directions,
)  # fmt: skip

opaque(np.arange)

not_compiled(
    np.lib.stride_tricks.as_strided, why="it reads memory as it lies, whatever it belongs to",
    instead="use sliding_window_view, np.broadcast_to or an index",
)  # fmt: skip

DRAWS = (
    np.random.RandomState,
    *[
        getattr(owner, name)
        for owner in (np.random.Generator, np.random.RandomState)
        for name in dir(owner)
        if not name.startswith("_") and callable(getattr(owner, name))
    ],
    *[
        getattr(np.random, name)
        for name in (
            "beta", "binomial", "bytes", "chisquare", "choice", "default_rng", "dirichlet", "exponential", "f", "gamma",
            "geometric", "gumbel", "hypergeometric", "laplace", "logistic", "lognormal", "logseries", "multinomial",
            "multivariate_normal", "negative_binomial", "noncentral_chisquare", "noncentral_f", "normal", "pareto",
            "permutation", "poisson", "power", "rand", "randint", "randn", "random", "random_integers", "random_sample",
            "ranf", "rayleigh", "sample", "seed", "shuffle", "standard_cauchy", "standard_exponential",
            "standard_gamma", "standard_normal", "standard_t", "triangular", "uniform", "vonmises", "wald", "weibull",
            "zipf",
        )
        if hasattr(np.random, name)
    ],
)  # fmt: skip
effect(*DRAWS, backprose_runtime.require_separate, backprose_runtime.require_c_order, backprose_runtime.require_dtype)
opaque(*DRAWS)
