"""Calls that are resolved from the structure of containers: elements, lengths, shapes, concatenation, identity.

Each function builds the value of one call, or returns None where it has nothing to say. `STRUCTURAL` is the table.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any

import backprose_runtime
import numpy as np

from backprose.analysis.examples import result_kind
from backprose.analysis.kinds import dtype_of, is_none, is_number, join, ndim_of
from backprose.ir.kinds import (
    ANY, MANY, ONE, UNBOUND, Array, Dict, Dim, FixedList, Kind, List, Maybe, Object, Range, Record, Scalar, Slice,
    Static, Tuple, Unbound, Unknown,
)  # fmt: skip
from backprose.ir.nodes import Region, Value

if TYPE_CHECKING:
    from backprose.transform.typed import TypedBuilder

SOME_TUPLE = Object(tuple)  # of which no part is known, as the shape of what has no known rank
LITERALS = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))


class NotStatic(Exception):
    """The value isn't known when compiling."""


def static_from_kind(kind: Kind) -> Any:
    if isinstance(kind, Static):
        return kind.value
    if isinstance(kind, Tuple):
        return tuple(static_from_kind(k) for k in kind.items)
    raise NotStatic


def _getitem(b: TypedBuilder, target: Value, index: Value) -> Value | None:
    kind, at = target.kind, index.kind
    if isinstance(kind, Maybe):
        kind = kind.item
    if isinstance(kind, (Tuple, FixedList, Record)) and not isinstance(at, Static):
        return _getitem_at_runtime(b, target, kind, index)
    if isinstance(kind, (Tuple, FixedList, Record)) and type(at.value) in (int, bool):
        if not -len(kind.items) <= at.value < len(kind.items):
            return None
        if target in b.parts:
            return b.parts[target][at.value]
        return _typed_getitem(b, target, index, kind.items[at.value])
    if isinstance(kind, Dict) and isinstance(at, Static) and at.value in kind.keys:
        position = kind.keys.index(at.value)
        if target in b.parts:
            return b.parts[target][position]
        return _typed_getitem(b, target, index, kind.items[position])
    if isinstance(kind, List):
        return _getitem_of_list(b, target, kind, index)
    if isinstance(kind, Range) and is_number(at):
        return _typed_getitem(b, target, index, Scalar("int"))
    if isinstance(kind, Range):
        return _typed_getitem(b, target, index, Range())
    return None


def _getitem_at_runtime(b: TypedBuilder, target: Value, kind: Kind, index: Value) -> Value | None:
    if not is_number(index.kind):
        return _slice_of_known(b, target, kind, index)
    item: Kind = UNBOUND
    for k in kind.items:
        item = join(item, k)
    return None if isinstance(item, Unknown) else _typed_getitem(b, target, index, item)


def _slice_of_known(b: TypedBuilder, target: Value, kind: Kind, index: Value) -> Value | None:
    """`items[a:b]` of a container of known length with static bounds."""
    try:
        bounds = slice(*(static_from_kind(k) for k in (index.kind.start, index.kind.stop, index.kind.step)))
    except (NotStatic, AttributeError):
        return None
    items = b.items_of(target)[bounds]
    return b.list(items) if isinstance(kind, FixedList) else b.tuple(items)


def _getitem_of_list(b: TypedBuilder, target: Value, kind: List, index: Value) -> Value | None:
    if is_number(index.kind):
        items = b.parts.get(target)
        if items is not None and isinstance(index.kind, Static) and -len(items) <= index.kind.value < len(items):
            return items[index.kind.value]
        return _typed_getitem(b, target, index, kind.item)
    if target in b.parts:
        return _slice_of_known(b, target, FixedList(()), index) or _typed_getitem(b, target, index, kind)
    return _typed_getitem(b, target, index, kind)


def _typed_getitem(b: TypedBuilder, target: Value, index: Value, kind: Kind) -> Value:
    if isinstance(kind, Static) and isinstance(kind.value, LITERALS):
        return b.const(kind.value)
    results = [Value("", kind)]
    return b.op("call", (target, index), results, fn=operator.getitem, keywords=(), method=None).result


def _len(b: TypedBuilder, target: Value) -> Value | None:
    kind = target.kind
    if isinstance(kind, (Tuple, FixedList, Dict)) or (isinstance(kind, Record) and issubclass(kind.cls, tuple)):
        return b.const(len(kind.items))
    if isinstance(kind, List) and target in b.parts:
        return b.const(len(b.parts[target]))
    return None


def _add(b: TypedBuilder, left: Value, right: Value) -> Value | None:
    """Concatenation of sequences; numbers are left to the operator."""
    if isinstance(left.kind, (List, FixedList)) and isinstance(right.kind, (List, FixedList)):
        if left in b.parts and right in b.parts:
            return b.list(b.parts[left] + b.parts[right])
        kind = join(left.kind, right.kind)
        item = kind if isinstance(kind, List) else List(join(kind, UNBOUND))
        return b.op("call", (left, right), [Value("", item)], fn=operator.concat, keywords=(), method=None).result
    if all(isinstance(v.kind, Tuple) or (isinstance(v.kind, Record) and issubclass(v.kind.cls, tuple)) for v in (left, right)):
        return b.tuple(b.items_of(left) + b.items_of(right))
    if SOME_TUPLE in (left.kind, right.kind) and all(v.kind == SOME_TUPLE or isinstance(v.kind, Tuple) for v in (left, right)):
        return b.op("call", (left, right), [Value("", SOME_TUPLE)], fn=operator.add, keywords=(), method=None).result
    return None


def _mul(b: TypedBuilder, left: Value, right: Value) -> Value | None:
    """Repetition of a sequence of known elements."""
    if isinstance(right.kind, (List, FixedList, Tuple, Record)):
        left, right = right, left
    if isinstance(left.kind, Record):
        left = b.tuple(b.items_of(left)) if issubclass(left.kind.cls, tuple) else left
    if not isinstance(left.kind, (List, FixedList, Tuple)):
        return None
    items = b.items_of(left)
    if items is not None and isinstance(right.kind, Static) and type(right.kind.value) is int:
        repeated = items * right.kind.value
        return b.tuple(repeated) if isinstance(left.kind, Tuple) else b.list(repeated)
    is_count = (dtype_of(right.kind) or "").startswith(("int", "uint", "bool")) and ndim_of(right.kind) == 0
    if is_count and isinstance(left.kind, FixedList) and all(isinstance(k, Static) for k in left.kind.items):
        kind = join(List(UNBOUND), left.kind)
        return b.op("call", (left, right), [Value("", kind)], fn=operator.mul, keywords=(), method=None).result
    return _repeated(b, left, right) if is_count and not isinstance(left.kind, Tuple) else None


def _repeated(b: TypedBuilder, items: Value, count: Value) -> Value | None:
    """`items * count`, the count known at run time: the list collected so many times, joined."""
    kind = join(List(UNBOUND), items.kind) if isinstance(items.kind, FixedList) else items.kind
    if not isinstance(kind, List) or isinstance(kind.item, (Unknown, Unbound)):
        return None
    steps = b.op("call", (count,), [Value("", Range())], fn=range, keywords=(), method=None).result
    b.parts[steps] = (count,)
    body = Region((Value("", Scalar("int")),), (), (items,))
    lists = Value("", List(kind))
    b.op("for", (steps,), [lists], [body], iterables=1, collected=1, stops=False)
    return b.op("call", (lists,), [Value("", kind)], fn=backprose_runtime.flatten, keywords=(), method=None).result


def _or(b: TypedBuilder, left: Value, right: Value) -> Value | None:
    """`d | e` of dicts: the keys of both in order, the values of the latter."""
    if not (isinstance(left.kind, Dict) and isinstance(right.kind, Dict)):
        return None
    pairs = {k: (b.const(k), v) for d in (left, right) for k, v in zip(d.kind.keys, b.items_of(d))}
    return b.dict(pairs.values())


def _broadcast_to(b: TypedBuilder, x: Value, shape: Value) -> Value | None:
    """A scalar broadcast to no axes is the scalar."""
    no_axes = isinstance(shape.kind, Tuple) and not shape.kind.items
    return x if no_axes and isinstance(x.kind, (Scalar, Dim, Static)) else None


def _is(b: TypedBuilder, left: Value, right: Value) -> Value | None:
    """`x is None` is known unless x may be either."""
    if is_none(left.kind):
        left, right = right, left
    if is_none(right.kind) and not isinstance(left.kind, (Maybe, Unknown, Object)) and left.kind != UNBOUND:
        return b.const(is_none(left.kind))
    return None


def _is_not(b: TypedBuilder, left: Value, right: Value) -> Value | None:
    same = _is(b, left, right)
    return None if same is None else b.const(not same.kind.value)


def _contains(b: TypedBuilder, container: Value, item: Value) -> Value | None:
    if isinstance(container.kind, Dict) and isinstance(item.kind, Static):
        return b.const(item.kind.value in container.kind.keys)
    return None


def _not(b: TypedBuilder, value: Value) -> Value | None:
    known = truth(value.kind)
    return None if known is None else b.const(not known)


FUNCTIONS = (FunctionType, BuiltinFunctionType, type, np.ufunc)


def truth(kind: Kind) -> bool | None:
    """Whether values of the kind are true; None if that is known at run time only."""
    if isinstance(kind, Static):
        return bool(kind.value) if isinstance(kind.value, LITERALS) else True if isinstance(kind.value, FUNCTIONS) else None
    if isinstance(kind, (Tuple, FixedList, Dict)):
        return bool(kind.items)
    if isinstance(kind, Record) and not hasattr(kind.cls, "__bool__") and not hasattr(kind.cls, "__len__"):
        return True
    return None


def _shape(b: TypedBuilder, x: Value) -> Value | None:
    """The shape as an attribute; axes of length 1 are known."""
    kind = x.kind
    if isinstance(kind, Array):
        of = {ONE: lambda i: Static(1), MANY: lambda i: Dim(kind.length(i)), ANY: lambda i: Scalar("int")}
        dims = tuple(of[axis](i) for i, axis in enumerate(kind.axes))
        if all(isinstance(d, Static) for d in dims):
            return b.tuple([b.const(1) for _ in dims])
        return b.getattr(x, "shape", Tuple(dims))
    if ndim_of(kind) == 0:
        return b.tuple(())
    if isinstance(kind, (FixedList, Tuple)) and all(ndim_of(k) == 0 for k in kind.items):
        return b.tuple([b.const(len(kind.items))])
    return b.op("call", (x,), [Value("", SOME_TUPLE)], fn=np.shape, keywords=(), method=None).result


def _ndim(b: TypedBuilder, x: Value) -> Value | None:
    n = ndim_of(x.kind)
    return None if n is None else b.const(n)


def _size(b: TypedBuilder, x: Value) -> Value | None:
    if isinstance(x.kind, Array) and x.kind.axes and ANY not in x.kind.axes:
        ones = all(axis == ONE for axis in x.kind.axes)
        return b.const(1) if ones else b.getattr(x, "size", Dim())
    if isinstance(x.kind, Array):
        return b.getattr(x, "size", Scalar("int")) if x.kind.axes else b.const(1)
    return b.const(1) if ndim_of(x.kind) == 0 else None


def _unpack(b: TypedBuilder, value: Value, before: Value, after: Value | None = None) -> Value | None:
    """`a, b = value` and `a, *b, c = value`: of a container of known length now, of others at run time."""
    first = before.kind.value
    kind = value.kind
    if isinstance(kind, Dict):
        value = b.list([b.const(key) for key in kind.keys])
    elif isinstance(kind, Record) and not issubclass(kind.cls, tuple):
        return None
    if isinstance(kind, Tuple) and value not in b.parts and after is None and len(kind.items) == first:
        return value  # what is taken of it gets the user's names
    if isinstance(kind, (Tuple, FixedList, Record)) or value in b.parts:
        items = b.items_of(value)
        last = len(items) - (after.kind.value if after else 0)
        if after is None:
            return b.tuple(items) if len(items) == first else None
        return b.tuple((*items[:first], b.list(items[first:last]), *items[last:])) if last >= first else None
    if isinstance(kind, List):
        item = kind.item
    elif isinstance(kind, Array) and kind.axes:
        item = result_kind(operator.getitem, (kind, Static(0)))
    elif isinstance(kind, Range):
        item = Scalar("int")
    else:
        return None
    if after is None:
        items = (item,) * first
        operands = (value, before)
    else:
        items = (*(item,) * first, List(item), *(item,) * after.kind.value)
        operands = (value, before, after)
    results = [Value("", Tuple(items))]
    return b.op("call", operands, results, fn=backprose_runtime.unpack, keywords=(), method=None).result


def _slice(b: TypedBuilder, *bounds: Value) -> Value:
    """`slice(stop)`, `slice(start, stop)` or `slice(start, stop, step)`, with the kinds of its parts."""
    none = Static(None)
    kinds = {1: (none, *(v.kind for v in bounds), none), 2: (*(v.kind for v in bounds), none)}
    kind = Slice(*kinds.get(len(bounds), tuple(v.kind for v in bounds)))
    value = b.op("call", bounds, [Value("", kind)], fn=slice, keywords=(), method=None).result
    b.bounds[value] = bounds
    return value


def _get_at(b: TypedBuilder, buffer: Value, *path: Value) -> Value | None:
    """What a path of indices leads to in a list."""
    kind = buffer.kind
    for index in path if isinstance(kind, List) else ():
        if isinstance(kind, List) and index.kind == Static(Ellipsis):
            continue
        if isinstance(kind, List) and is_number(index.kind):
            kind = kind.item
        elif isinstance(kind, Array) and not isinstance(index.kind, Tuple):
            kind = result_kind(operator.getitem, (kind, index.kind))
        else:
            return None
    if not isinstance(buffer.kind, List):
        return None
    return b.op("call", (buffer, *path), [Value("", kind)], fn=backprose_runtime.get_at, keywords=(), method=None).result


def _place(b: TypedBuilder, index: Value, length: Value) -> Value | None:
    """The front of a list is the front, however long it is."""
    return b.const(0) if index.kind in (Static(None), Static(0)) else None


def _zeros_like(b: TypedBuilder, x: Value) -> Value | None:
    """The zero of a real number."""
    real = isinstance(x.kind, Scalar) and x.kind.dtype in ("float", "float64")
    return b.const(0.0) if real else None


STRUCTURAL: dict[Any, Callable[..., Value | None]] = {
    operator.getitem: _getitem,
    operator.add: _add,
    operator.mul: _mul,
    operator.is_: _is,
    operator.is_not: _is_not,
    operator.contains: _contains,
    operator.not_: _not,
    operator.or_: _or,
    np.broadcast_to: _broadcast_to,
    len: _len,
    slice: _slice,
    np.shape: _shape,
    np.ndim: _ndim,
    np.size: _size,
    backprose_runtime.unpack: _unpack,
    backprose_runtime.get_at: _get_at,
    backprose_runtime.place: _place,
    backprose_runtime.zeros_like: _zeros_like,
}
