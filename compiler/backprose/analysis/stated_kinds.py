"""Kinds of results whose shape the call itself states, where examples may not fit together or tell too little."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import backprose_runtime
import numpy as np

from backprose.analysis.devices import placed
from backprose.analysis.examples import result_kind
from backprose.analysis.kinds import dtype_of, is_basic, is_number, ndim_of
from backprose.ir.kinds import ANY, MANY, ONE, Array, Dim, FixedList, Kind, Length, List, Number, Scalar, Static, Tuple


def stated_kind(fn: Any, args: tuple[Kind, ...], keywords: tuple[tuple[str, Kind], ...] = ()) -> Kind:
    """The kind of `fn(*args, **keywords)`: by example, and else by what its arguments say."""
    kind = result_kind(fn, args, keywords)
    state = STATED.get(fn) if isinstance(kind, Number) or fn in ALWAYS else None
    if state is None:
        return kind
    try:
        return placed(fn, state(*args, **dict(keywords)) or kind, (*args, *(k for _, k in keywords)))
    except TypeError:  # an option of which nothing is stated
        return kind


def _reshaped(array: Kind, shape: Kind | None = None, order: Kind | None = None) -> Kind | None:
    if shape is None:
        return None
    axes = _axes(shape)
    if axes is None:
        return Number(dtype_of(array))
    dtype = dtype_of(array)
    return Number() if dtype is None else Array(_array_dtype(dtype), axes, _lengths(shape))


def _lengths(shape: Kind) -> tuple[Length | None, ...]:
    """The names of lengths that a shape states."""
    items = shape.items if isinstance(shape, (Tuple, FixedList)) else (shape,)
    lengths = tuple(k.length if isinstance(k, Dim) else None for k in items)
    return lengths if any(lengths) else ()


def _broadcast(array: Kind, shape: Kind | None = None) -> Kind | None:
    return None if shape is None else _reshaped(array, shape)


def _interpolated(kind: Kind, x: Kind, y: Kind, option: Kind, t: Kind, order: Kind) -> Kind | None:
    """The axes of the places, then those of a value: that points are in order, no example shows."""
    if not (isinstance(y, Array) and isinstance(t, Array) and y.axes) or {y.dtype, t.dtype} != {"float64"}:
        return None
    return Array("float64", (*t.axes, *y.axes[1:]))


def _sparse_product(data: Kind, rows: Kind, columns: Kind, shape: Kind, x: Kind) -> Kind | None:
    """As many rows as the matrix has, and the columns of x."""
    if not (isinstance(data, Array) and isinstance(x, Array) and isinstance(shape, Tuple)):
        return None
    dtype = np.result_type(data.dtype, x.dtype).name
    lengths = (*_lengths(shape)[:1], *x.lengths[1:]) if _lengths(shape) and x.lengths else ()
    return Array(dtype, (*(_axes(shape) or (ANY,))[:1], *x.axes[1:]), lengths)


def _sparse_solution(data: Kind, rows: Kind, columns: Kind, shape: Kind, b: Kind) -> Kind | None:
    """The shape of the right side, of which one column is given as a vector."""
    if not (isinstance(data, Array) and isinstance(b, Array)) or ANY in b.axes[1:]:
        return None
    dtype = np.result_type(data.dtype, b.dtype, np.float32).name
    if dtype not in ("float32", "float64", "complex64", "complex128"):
        return None
    return Array(dtype, b.axes if b.axes[1:] == (MANY,) else b.axes[:1])


def _filled(shape: Kind, fill_value: Kind) -> Kind | None:
    return _reshaped(fill_value, shape)


def _like_first(buffer: Kind, *others: Kind) -> Kind | None:
    return buffer if isinstance(buffer, Array) else None


def _read(array: Kind, index: Kind) -> Kind | None:
    """At a list of positions: as many entries as it has, however long the array is. Elsewhere what is at position 0."""
    if not isinstance(array, Array) or not array.axes:
        return None
    if not isinstance(index, FixedList):
        first = _first_position(index)
        return result_kind(operator.getitem, (array, first)) if first != index else None
    if not index.items or not all(map(_is_integer, index.items)):
        return None
    lengths = (None, *array.lengths[1:]) if any(array.lengths[1:]) else ()
    return Array(array.dtype, (ONE if len(index.items) == 1 else MANY, *array.axes[1:]), lengths)


def _first_position(index: Kind) -> Kind:
    """The index with positions that every example has: an axis may be of length 1."""
    if isinstance(index, (Tuple, FixedList)):
        return type(index)(tuple(map(_first_position, index.items)))
    if isinstance(index, List):
        return List(_first_position(index.item))
    return Static(0) if _is_integer(index) else index


def _part(buffer: Kind, *path: Kind) -> Kind | None:
    """At a mask or at positions: what is read of the view, whose length has to fit."""
    if len(path) < 2 or is_basic(path[-1]):
        return None
    view = result_kind(backprose_runtime.get_at, (buffer, *path[:-1], Static(Ellipsis)))
    return stated_kind(operator.getitem, (view, path[-1]))


def _is_integer(kind: Kind) -> bool:
    return (dtype_of(kind) or "").startswith(("int", "uint")) and ndim_of(kind) == 0


def _like_second(g: Kind, x: Kind) -> Kind | None:
    return Array(x.dtype, x.axes) if isinstance(x, Array) and x.dtype.startswith(("float", "complex")) else None


def _summed_to(g: Kind, shape: Kind) -> Kind | None:
    return _reshaped(g, shape)


def _crossed(a: Kind, b: Kind) -> Kind | None:
    """Vectors of length 3 along the last axis, which no example has, give such vectors; two of length 2 give numbers. Kinds
    do not tell the two apart."""
    if not (isinstance(a, Array) and isinstance(b, Array) and a.axes and b.axes):
        return None
    both = result_kind(np.multiply, (_without_last(a), _without_last(b)))
    return Number() if dtype_of(both) is None else Number(_array_dtype(dtype_of(both)))


def _tensor_inverse(a: Kind, ind: Kind = Static(2)) -> Kind | None:
    """The first `ind` axes are as long together as the others, as those of no example are."""
    if not (isinstance(a, Array) and isinstance(ind, Static) and a.dtype.startswith(("float", "complex"))):
        return None
    return Array(a.dtype, a.axes[ind.value :] + a.axes[: ind.value])


def _tensor_solution(a: Kind, b: Kind) -> Kind | None:
    dtype = dtype_of(result_kind(np.multiply, (_scalar_like(a), _scalar_like(b))))
    known = isinstance(a, Array) and isinstance(b, Array) and dtype is not None
    return Array(_array_dtype(dtype), a.axes[b.ndim :]) if known and dtype.startswith(("float", "complex")) else None


def _scalar_like(kind: Kind) -> Kind:
    return Array(kind.dtype, ()) if isinstance(kind, Array) else kind


def _without_last(kind: Array) -> Array:
    return Array(kind.dtype, kind.axes[:-1])


def _taken(a: Kind, indices: Kind, axis: Kind | None = None) -> Kind | None:
    """Indices as literals, which may be beyond the examples."""
    array, indices = a, result_kind(np.asarray, (indices,))
    if not isinstance(array, Array) or not isinstance(axis, (Static, type(None))) or ndim_of(indices) is None:
        return None
    own = indices.axes if isinstance(indices, Array) else ()
    at = axis.value if axis is not None else None
    if at is None:
        return Array(array.dtype, own) if own else None
    at %= array.ndim
    return Array(array.dtype, (*array.axes[:at], *own, *array.axes[at + 1 :]))


def _split(ary: Kind, indices_or_sections: Kind, axis: Kind = Static(0)) -> Kind | None:
    """The pieces of a known number; how long each is depends on the array's length."""
    if not isinstance(ary, Array) or not isinstance(axis, Static):
        return None
    number = _number_of_pieces(indices_or_sections)
    if number is None or not -ary.ndim <= axis.value < ary.ndim:
        return None
    axes = list(ary.axes)
    axes[axis.value] = ANY
    return FixedList((Array(ary.dtype, tuple(axes)),) * number)


def _spaced(start: Kind, stop: Kind, num: Kind = Static(50), endpoint: Kind = Static(True)) -> Kind | None:
    kind = result_kind(np.linspace, (start, stop, num, endpoint))
    if not isinstance(kind, Array) or kind.ndim != 1 or not isinstance(num, Static):
        return None
    return Array(kind.dtype, (ONE if num.value == 1 else MANY,))


def _stacked(arrays: Kind, axis: Kind = Static(0)) -> Kind | None:
    """The axis of the stack is as long as the tuple, however long that is in the examples."""
    kind = result_kind(np.stack, (arrays, axis))
    if not (isinstance(kind, Array) and isinstance(arrays, (Tuple, FixedList)) and isinstance(axis, Static)):
        return None
    at = axis.value % kind.ndim
    return replace(kind, axes=(*kind.axes[:at], ONE if len(arrays.items) == 1 else MANY, *kind.axes[at + 1 :]))


def _number_of_pieces(sections: Kind) -> int | None:
    if isinstance(sections, (Tuple, FixedList)):
        return len(sections.items) + 1
    if isinstance(sections, Static) and type(sections.value) is int and sections.value > 0:
        return sections.value
    return None


def _split_along(axis: int) -> Callable[..., Kind | None]:
    return lambda ary, indices_or_sections: _split(ary, indices_or_sections, Static(axis))


def _hsplit(ary: Kind, indices_or_sections: Kind) -> Kind | None:
    return _split(ary, indices_or_sections, Static(0 if ndim_of(ary) == 1 else 1))


def _axes(shape: Kind) -> tuple[str, ...] | None:
    dims = shape.items if isinstance(shape, Tuple) else (shape,)
    return tuple(map(_axis_of_length, dims)) if all(is_number(k) and ndim_of(k) == 0 for k in dims) else None


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
    np.linalg.tensorinv: _tensor_inverse,
    np.linalg.tensorsolve: _tensor_solution,
    np.take: _taken,
    np.linspace: _spaced,
    np.stack: _stacked,
    np.split: _split,
    np.array_split: _split,
    np.hsplit: _hsplit,
    np.vsplit: _split_along(0),
    np.dsplit: _split_along(2),
    math.acosh: lambda x: Scalar("float"),  # it raises for the example
    operator.getitem: _read,
    backprose_runtime.add_at: _like_first,
    backprose_runtime.get_at: _part,
    backprose_runtime.set_at: _like_first,
    backprose_runtime.put_at: _like_first,
    backprose_runtime.stop_gradient: lambda x: x,
    backprose_runtime.unbroadcast: _like_second,
    backprose_runtime.sum_to: _summed_to,
    backprose_runtime.interpolated: _interpolated,
    backprose_runtime.sparse_product: _sparse_product,
    backprose_runtime.sparse_solution: _sparse_solution,
}
ALWAYS = frozenset(
    {np.broadcast_to, np.linspace, np.stack, np.take, np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit, operator.getitem,
     backprose_runtime.add_at, backprose_runtime.get_at, backprose_runtime.set_at, backprose_runtime.put_at,
     backprose_runtime.stop_gradient, backprose_runtime.sum_to, backprose_runtime.sparse_product, backprose_runtime.sparse_solution}
)  # fmt: skip
