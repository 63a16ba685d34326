"""Kinds of results whose shape the call itself states, where examples may not fit together or tell too little."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import dtype_of, is_number, ndim_of, result_kind
from backprose.ir.kinds import ANY, MANY, ONE, Array, Dim, Kind, Number, Static, Tuple


def stated_kind(fn: Any, args: tuple[Kind, ...], keywords: tuple[tuple[str, Kind], ...] = ()) -> Kind:
    """The kind of `fn(*args, **keywords)`: by example, and else by what its arguments say."""
    kind = result_kind(fn, args, keywords)
    state = STATED.get(fn) if isinstance(kind, Number) or fn in ALWAYS else None
    if state is None or keywords:
        return kind
    return state(*args) or kind


def _reshaped(array: Kind, shape: Kind | None = None, *_: Kind) -> Kind | None:
    if shape is None:
        return None
    axes = _axes(shape)
    if axes is None:
        return Number(dtype_of(array))
    dtype = dtype_of(array)
    return Number() if dtype is None else Array(_array_dtype(dtype), axes)


def _broadcast(array: Kind, shape: Kind | None = None, *_: Kind) -> Kind | None:
    return None if shape is None else _reshaped(array, shape)


def _filled(shape: Kind, fill: Kind, *_: Kind) -> Kind | None:
    return _reshaped(fill, shape) if not _ else None


def _like_first(buffer: Kind, *_: Kind) -> Kind | None:
    return buffer if isinstance(buffer, Array) else None


def _like_second(g: Kind, x: Kind) -> Kind | None:
    return Array(x.dtype, x.axes) if isinstance(x, Array) and x.dtype.startswith(("float", "complex")) else None


def _summed_to(g: Kind, shape: Kind) -> Kind | None:
    return _reshaped(g, shape)


def _crossed(a: Kind, b: Kind, *_: Kind) -> Kind | None:
    """Vectors of length 3 along the last axis, which no example of another length is."""
    if _ or not (isinstance(a, Array) and isinstance(b, Array) and a.axes and b.axes):
        return None
    both = result_kind(np.multiply, (_without_last(a), _without_last(b)))
    if ndim_of(both) is None:
        return None
    return Array(_array_dtype(dtype_of(both)), (*(both.axes if isinstance(both, Array) else ()), MANY))


def _without_last(kind: Array) -> Array:
    return Array(kind.dtype, kind.axes[:-1])


def _taken(array: Kind, indices: Kind, axis: Kind | None = None, *_: Kind) -> Kind | None:
    """Indices as a literal list, whose entries may be beyond the examples."""
    if _ or not isinstance(array, Array) or not isinstance(axis, (Static, type(None))):
        return None
    rank = ndim_of(indices)
    if rank is None:
        return None
    own = indices.axes if isinstance(indices, Array) else ()
    at = axis.value if axis is not None else None
    if at is None:
        return Array(array.dtype, own) if own else None
    at %= array.ndim
    return Array(array.dtype, (*array.axes[:at], *own, *array.axes[at + 1 :]))


def _axes(shape: Kind) -> tuple[str, ...] | None:
    dims = shape.items if isinstance(shape, Tuple) else (shape,)
    return tuple(map(_axis_of_length, dims)) if all(map(is_number, dims)) else None


def _axis_of_length(kind: Kind) -> str:
    if isinstance(kind, Dim):
        return MANY
    if isinstance(kind, Static) and kind.value != -1:
        return ONE if kind.value == 1 else MANY
    return ANY


def _array_dtype(name: str) -> str:
    return np.dtype(name.rstrip("_")).name


STATED: dict[Any, Callable[..., Kind | None]] = {
    np.reshape: _reshaped,
    np.broadcast_to: _broadcast,
    np.full: _filled,
    np.cross: _crossed,
    np.take: _taken,
    backprose_runtime.add_at: _like_first,
    backprose_runtime.unbroadcast: _like_second,
    backprose_runtime.sum_to: _summed_to,
}
ALWAYS = frozenset({np.broadcast_to, backprose_runtime.add_at, backprose_runtime.sum_to})
