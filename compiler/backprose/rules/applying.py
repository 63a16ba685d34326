"""Functions that take functions: each is the Python program that it stands for, in which what it is given is inlined.

What a program can't do as NumPy does, it refuses. Where NumPy casts to the dtype of the first call, that dtype must be
known when compiling, and a check at run time sees that it is that of all.
"""

from __future__ import annotations

import math

import numpy as np

from backprose.rules.registry import at_compile_time, means
from backprose.rules.static import dtype_is_known, positive_axis, require, span
from backprose_runtime import require_dtype

SETTLE = "of what type the results are is known at run time only: let every path return the same type"


def arrayed(x):
    """x as an array."""
    return x if isinstance(x, np.ndarray) else np.asarray(x)


# Along axes


@means(np.apply_along_axis)
def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    """The results of func1d for each vector along `axis`, whose own axes stand in its place."""
    arr = arrayed(arr)
    n = np.ndim(arr)
    axis = positive_axis(axis, n)
    moved = arr if axis == n - 1 else np.moveaxis(arr, axis, -1)
    if n == 1:
        return arrayed(func1d(arr, *args, **kwargs))
    others = np.shape(moved)[:-1]
    rows = moved if n == 2 else np.reshape(moved, (math.prod(others), np.shape(moved)[-1]))
    results = [listed(func1d(row, *args, **kwargs)) for row in rows]
    require(dtype_is_known(results), SETTLE)
    y = np.stack(results)
    require_dtype(results[0], y)
    added = np.ndim(y) - 1
    y = y if n == 2 else np.reshape(y, others + np.shape(y)[1:])
    if added == 0 or axis == n - 1:
        return y
    return np.moveaxis(y, span(n - 1, n - 1 + added), span(axis, axis + added))


def listed(x):
    """A list or tuple as an array; numbers and arrays as they are."""
    return np.asarray(x) if isinstance(x, (list, tuple)) else x


@means(np.apply_over_axes)
def apply_over_axes(func, a, axes):
    """func(a, axis) for one axis after the other; an axis that it takes away is put back, with length 1."""
    value = arrayed(a)
    n = np.ndim(value)
    for axis in axes if isinstance(axes, (tuple, list)) else (axes,):
        axis = positive_axis(axis, n)
        result = func(value, axis)
        result = result if np.ndim(result) == n else np.expand_dims(result, axis)
        require(np.ndim(result) == n, "the function gives an array with another number of axes")
        value = result
    return value


# Of positions


@means(np.fromfunction)
def fromfunction(function, shape, *, dtype=float, **kwargs):
    """The function of the coordinates of all entries at once."""
    grid = np.indices(shape, dtype=dtype)
    return function(*[grid[i] for i in span(0, len(shape))], **kwargs)


@means(np.mask_indices)
def mask_indices(n, mask_func, k=0):
    """The positions at which the function leaves what is not 0 of a matrix of ones."""
    return np.nonzero(mask_func(np.ones((n, n), int), k) != 0)


# By conditions


@means(np.piecewise)
def piecewise(x, condlist, funclist, *args, **kw):
    """Each function is called with the entries at which its condition holds, unless there are none; the last condition
    that holds decides. The result has the dtype of x."""
    shape = np.shape(x)
    x = np.reshape(x, (1,)) if len(shape) == 0 else arrayed(x)
    conditions = [np.reshape(np.asarray(c, bool), np.shape(x)) for c in conditions_of(condlist, len(shape))]
    n = len(funclist)
    if len(conditions) == n - 1:
        conditions = conditions + [~np.any(np.stack(conditions), axis=0)]
    require(len(conditions) == n, "there must be one function for each condition, and perhaps one more")
    y = np.zeros_like(x)
    for chosen, function in zip(conditions, funclist):
        if callable(function):
            values = x[chosen]
            if np.size(values) > 0:
                y[chosen] = function(values, *args, **kw)
        else:
            y[chosen] = function
    return np.reshape(y, ()) if len(shape) == 0 else y


def conditions_of(condlist, ndim):
    """The list of conditions; one alone may stand for it."""
    if isinstance(condlist, (list, tuple)):
        single = ndim > 0 and np.ndim(condlist[0]) == 0
        return [np.array(condlist)] if single else condlist
    require(np.ndim(condlist) == ndim and ndim < 2, "how many conditions there are is known at run time only: pass a list of them")
    return [condlist]


# Entry by entry


@at_compile_time
def varied_places(keys, excluded):
    """Which of the arguments are gone over: their positions among all, given that `keys` are their positions and names."""
    return tuple([i for i, key in enumerate(keys) if key not in excluded])


@at_compile_time
def type_codes(otypes):
    """The dtypes of the results, a letter for each; none where they are left open."""
    return () if otypes is None else tuple([np.dtype(otype).char for otype in otypes])


@at_compile_time
def is_python_precision(dtype):
    """Whether a number of this dtype and Python's own give results of one dtype."""
    return dtype in (np.dtype(bool), np.dtype(int), np.dtype(float), np.dtype(complex))


def vectorized(pyfunc, otypes, excluded, signature, *args, **kwargs):
    """A call of `np.vectorize(pyfunc, ...)`: pyfunc is called with Python numbers, the entries of the broadcast arguments."""
    require(signature is None, "of functions with a signature: write the loop, or use np.apply_along_axis")
    given = args + tuple(kwargs.values())
    places = varied_places(span(0, len(args)) + tuple(kwargs), excluded)
    if len(places) == 0:
        return pyfunc(*args, **kwargs)
    arrays = [arrayed(given[i]) for i in places]
    codes = type_codes(otypes)
    if len(codes) == 0:
        for x in arrays:
            require(is_python_precision(x.dtype), "NumPy finds the type of the results by a call with its own numbers: pass otypes")
            if np.size(x) == 0:
                raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
    arrays = arrays if len(arrays) == 1 else np.broadcast_arrays(*arrays)
    columns = [np.ravel(x).tolist() for x in arrays]
    results = [called(pyfunc, given, places, items, tuple(kwargs)) for items in zip(*columns)]
    shape = np.shape(arrays[0])
    if isinstance(results[0], tuple):
        return tuple([entrywise([r[k] for r in results], codes, k, shape) for k in span(0, len(results[0]))])
    return entrywise(results, codes, 0, shape)


def called(pyfunc, given, places, items, names):
    """The function of the arguments that are given, with `items` at the places that are gone over."""
    all_of = [items[places.index(i)] if i in places else given[i] for i in span(0, len(given))]
    n = len(given) - len(names)
    return pyfunc(*all_of[:n], **dict(zip(names, all_of[n:])))


def entrywise(results, codes, k, shape):
    """The k-th results as an array."""
    require(np.ndim(results[0]) == 0, "the function gives arrays: with NumPy it must give numbers")
    require(len(codes) > 0 or dtype_is_known(results), SETTLE + ", or pass otypes")
    if len(codes) > 0:
        return np.reshape(np.array(results, dtype=codes[k]), shape)
    y = np.array(results)
    require_dtype(results[0], y)
    return np.reshape(y, shape)


means(vectorized)(vectorized)
