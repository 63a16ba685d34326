"""Shapes: the transpose of broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprose_runtime.arrays import array_module, cast, is_array
from backprose_runtime.containers import is_container, items


def unbroadcast(g: Any, x: Any) -> Any:
    """Sum `g` to the shape of `x`: over the axes that broadcasting added and those that it stretched from length 1.

    The result has the shape of `x`, and its dtype where that is inexact; of a complex `g` a real `x` takes the
    real part. For a Python scalar `x` the result is a scalar. A `g` that is smaller than `x` is broadcast
    up to it, in a fresh array. The result may be `g` itself.
    """
    if is_array(x):
        return _to_array(g, x)
    if isinstance(x, np.generic):
        total = cast(_total(g), x.dtype)
        return total[()]
    if isinstance(x, (int, float, complex)):
        total = _total(g)[()]
        if isinstance(x, complex):
            return complex(total)
        total = total.real
        return float(total) if isinstance(x, float) else total
    raise TypeError(f"unbroadcast needs a number or an array, not {type(x).__name__}")


def require_separate(*arrays: Any) -> None:
    """Raise ValueError if two arguments share memory: one of them is updated in place, on a copy of its own."""
    found = [part for x in arrays for part in _mutable(x)]
    for i, x in enumerate(found):
        for y in found[:i]:
            if x is y or (is_array(x) and is_array(y) and np.may_share_memory(x, y) and np.shares_memory(x, y)):
                raise ValueError("two arguments share memory, and the function updates one of them in place: pass a copy")


def require_c_order(x: Any) -> None:
    """Raise ValueError unless the entries of `x` lie in memory one after the other, so that a reshape of it is a view."""
    if not x.flags.c_contiguous:
        raise ValueError(
            "an array that is not contiguous in C order is reshaped, which copies it, and the function was compiled for "
            "a view, which shares memory with it: pass np.ascontiguousarray(...), or copy before the reshape"
        )


def _mutable(x: Any) -> list:
    """What can be changed in place of an argument: arrays and containers, also those inside others."""
    if not is_container(x):
        return [x] if is_array(x) else []
    inside = [part for item in items(x) for part in _mutable(item)]
    return inside if isinstance(x, tuple) else [x, *inside]


def parts(indices: Any, n: int) -> tuple[Any, Any]:
    """The entries that `ufunc.reduceat` reduces: their positions, part behind part, and the number of the part of each.

    A part reaches from an index to the next one, the last one to the end, n; where that is empty it is the entry at the
    index alone.
    """
    starts = np.asarray(indices)
    lengths = np.maximum(np.append(starts[1:], n) - starts, 1)
    owners = np.repeat(np.arange(len(starts)), lengths)
    begins = np.cumsum(lengths) - lengths
    return np.arange(len(owners)) + np.repeat(starts - begins, lengths), owners


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum the array `g` to `shape`, which broadcasts to that of `g`. The result may be `g` itself."""
    if type(g) is np.ndarray and g.shape == shape:
        return g
    xp = array_module(g)
    g = xp.asarray(g)
    return g if g.shape == tuple(shape) else _to_shape(xp, g, tuple(shape))


def _total(g: Any) -> Any:
    xp = array_module(g)
    return xp.asarray(xp.sum(g))


def _to_array(g: Any, x: Any) -> Any:
    xp = array_module(x)
    g = xp.asarray(g)
    if g.shape != x.shape:
        g = _to_shape(xp, g, x.shape)
    return cast(g, x.dtype)


def _to_shape(xp: Any, g: Any, shape: tuple[int, ...]) -> Any:
    added = g.ndim - len(shape)
    if added > 0:
        g = xp.asarray(g.sum(axis=tuple(range(added))))
    elif added < 0:
        g = g.reshape((1,) * -added + g.shape)
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    if stretched:
        g = g.sum(axis=stretched, keepdims=True)
    # A broadcast view is read-only and its entries share memory, so it is copied out.
    return g if g.shape == shape else xp.broadcast_to(g, shape).copy()


def require_dtype(first: Any, results: Any) -> None:
    """Raise unless the first result has the dtype of all together: NumPy would cast the others to it."""
    found = np.asarray(first).dtype
    if found != results.dtype:
        raise TypeError(
            f"the first call returned {found}, another one {results.dtype}, and NumPy would cast it: "
            "let every path return the same type, or pass otypes"
        )
