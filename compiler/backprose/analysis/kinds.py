"""Kinds of values: of run-time objects, the join of two, and questions about them."""

from __future__ import annotations

import dataclasses
import sys
from functools import reduce
from typing import Any

import numpy as np

from backprose_runtime.arrays import is_array

from backprose.ir.kinds import (
    ANY, MANY, ONE, PYTHON_SCALARS, UNBOUND, UNKNOWN, Array, Dict, Dim, FixedList, Kind, List, Maybe, Number, Range, Record, Scalar, Slice, Sparse, Static,
    Tuple, Unbound, Unknown,
)  # fmt: skip


# Of objects at run time


def kind_of(value: Any) -> Kind:
    """The kind that a call with this argument is specialised for."""
    if is_array(value):
        axes = tuple(ONE if n == 1 else MANY for n in value.shape)
        return Array(value.dtype.name, axes, device=not isinstance(value, np.ndarray))
    if isinstance(value, np.generic):
        return Scalar("bool_" if isinstance(value, np.bool_) else value.dtype.name)
    if type(value) in (bool, int, float, complex):
        return Scalar(type(value).__name__)
    if isinstance(value, tuple):
        items = tuple(kind_of(v) for v in value)
        return Record(type(value), value._fields, items) if hasattr(value, "_fields") else Tuple(items)
    if type(value) is list:
        return list_kind([kind_of(v) for v in value])
    if type(value) is dict:
        return Dict(tuple(value), tuple(kind_of(v) for v in value.values()))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = tuple(f.name for f in dataclasses.fields(value))
        return Record(type(value), names, tuple(kind_of(getattr(value, n)) for n in names))
    if isinstance(value, range):
        return Range()
    if isinstance(value, slice):
        return Slice(kind_of(value.start), kind_of(value.stop), kind_of(value.step))
    if is_sparse(value):
        return Sparse(type(value), value.dtype.name, tuple(ONE if n == 1 else MANY for n in value.shape))
    return Static(value)


def is_sparse(value: Any) -> bool:
    """Whether the value is a sparse matrix; a program that has not imported SciPy has none."""
    library = sys.modules.get("scipy.sparse")
    return library is not None and library.issparse(value)


def list_kind(items: list[Kind]) -> Kind:
    """A list of equal kinds is a `List` of any length; otherwise, or when empty, its length is fixed."""
    if items and all(item == items[0] for item in items) and not isinstance(items[0], Static):
        return List(items[0])
    return FixedList(tuple(items))


def kind_of_known_length(value: Any) -> Kind:
    """As `kind_of`, with the lengths of all lists, which a Jacobian has a part for each element of."""
    if isinstance(value, list):
        return FixedList(tuple(map(kind_of_known_length, value)))
    kind = kind_of(value)
    if isinstance(kind, (Tuple, Dict)):
        return dataclasses.replace(kind, items=tuple(map(kind_of_known_length, value.values() if isinstance(value, dict) else value)))
    if isinstance(kind, Record):
        return dataclasses.replace(kind, items=tuple(kind_of_known_length(getattr(value, name)) for name in kind.fields))
    return kind


# Joins


def widen(kind: Kind) -> Kind:
    """Forget the values of static numbers, also in containers: they may be others in the next iteration or call."""
    if isinstance(kind, Static) and type(kind.value) in (int, float, complex, bool):
        return Scalar(type(kind.value).__name__)
    if isinstance(kind, (Tuple, FixedList, Dict, Record)):
        return dataclasses.replace(kind, items=tuple(map(widen, kind.items)))
    return kind


def join(a: Kind, b: Kind) -> Kind:
    """The least kind that holds both; UNKNOWN if none says anything useful."""
    if a == b or isinstance(b, Unbound):
        return a
    if isinstance(a, Unbound):
        return b
    if is_none(a) or is_none(b):
        other = b if is_none(a) else a
        return other if isinstance(other, Maybe) else Maybe(widen(other))
    if isinstance(a, Maybe) or isinstance(b, Maybe):
        inner = join(a.item if isinstance(a, Maybe) else a, b.item if isinstance(b, Maybe) else b)
        return UNKNOWN if isinstance(inner, Unknown) else Maybe(inner)
    a, b = _plain(a), _plain(b)
    if a == b:
        return a
    if isinstance(a, Scalar) and isinstance(b, Scalar):
        return _join_scalars(a, b)
    if isinstance(a, Array) and isinstance(b, Array) and a.device != b.device:
        return UNKNOWN
    if isinstance(a, Array) and isinstance(b, Array) and a.ndim == b.ndim:
        axes = tuple(x if x == y else ANY for x, y in zip(a.axes, b.axes))
        lengths = tuple(a.length(i) if a.length(i) == b.length(i) else None for i in range(a.ndim))
        return Array(_promote(a.dtype, b.dtype), axes, lengths if any(lengths) else (), a.device)
    if is_number(a) and is_number(b):
        found = next((k for k in (a, b) if isinstance(k, Array) and k.device and not k.axes), None)
        if found is not None and ndim_of(a) == ndim_of(b) == 0:  # a number on the host until something is added to it
            return dataclasses.replace(found, dtype=_join_dtypes(a, b))
        return Number(_join_dtypes(a, b))
    if isinstance(a, Tuple) and isinstance(b, Tuple) and len(a.items) == len(b.items):
        return Tuple(_join_all(a.items, b.items))
    if isinstance(a, (List, FixedList)) and isinstance(b, (List, FixedList)):
        if isinstance(a, FixedList) and isinstance(b, FixedList) and len(a.items) == len(b.items):
            return FixedList(_join_all(a.items, b.items))
        items = [*_elements(a), *_elements(b)]
        return List(reduce(join, items, UNBOUND))
    if isinstance(a, Dict) and isinstance(b, Dict) and a.keys == b.keys:
        return Dict(a.keys, _join_all(a.items, b.items))
    if isinstance(a, Record) and isinstance(b, Record) and (a.cls, a.fields) == (b.cls, b.fields):
        return Record(a.cls, a.fields, _join_all(a.items, b.items))
    if isinstance(a, Slice) and isinstance(b, Slice):
        return Slice(join(a.start, b.start), join(a.stop, b.stop), join(a.step, b.step))
    return UNKNOWN


def is_none(kind: Kind) -> bool:
    return isinstance(kind, Static) and kind.value is None


def is_number(kind: Kind) -> bool:
    """Whether values of the kind are numbers or arrays of numbers."""
    if type(kind) is Array:  # asked most by far, here and below
        return True
    if isinstance(kind, Static):
        return type(kind.value) in (bool, int, float, complex)
    return isinstance(kind, (Array, Dim, Number)) or (isinstance(kind, Scalar) and kind.dtype != "str")


def dtype_of(kind: Kind) -> str | None:
    """The dtype's name of a number; Python's int, float and complex keep these names; None if unknown."""
    if type(kind) is Array:
        return kind.dtype
    if isinstance(kind, Static):
        return type(kind.value).__name__ if is_number(kind) else None
    if isinstance(kind, Dim):
        return "int"
    if isinstance(kind, (Array, Scalar, Number)):
        return kind.dtype
    return None


def ndim_of(kind: Kind) -> int | None:
    """The number of axes, 0 for scalars, None if unknown."""
    if isinstance(kind, Array):
        return kind.ndim
    if isinstance(kind, (Scalar, Dim)) or (isinstance(kind, Static) and is_number(kind)):
        return 0
    return None


def has_shape_of(operand: Kind, result: Kind) -> bool:
    """Whether an operand that was broadcast to `result` certainly has its shape already."""
    if not isinstance(operand, Array) or not isinstance(result, Array) or operand.ndim != result.ndim:
        return False
    return all(
        mine == its != ANY or (operand.length(i) is not None and operand.length(i) == result.length(i))
        for i, (mine, its) in enumerate(zip(operand.axes, result.axes))
    )


def is_inexact(kind: Kind) -> bool:
    """Whether the kind is of real or complex numbers, so that it may carry a derivative; true if that is unknown."""
    if type(kind) is not Array:
        if isinstance(kind, Maybe):
            return is_inexact(kind.item)
        if not is_number(kind):
            return False
    name = dtype_of(kind)
    return name is None or name.startswith(("float", "complex", "longdouble", "clongdouble"))


def is_complex(kind: Kind) -> bool:
    name = dtype_of(kind)
    return name is not None and name.startswith(("complex", "clongdouble"))


def is_basic(kind: Kind) -> bool:
    """Whether an index of the kind names no entry twice."""
    if isinstance(kind, Tuple):
        return all(map(is_basic, kind.items))
    if isinstance(kind, Static):
        return kind.value is None or kind.value is Ellipsis or type(kind.value) in (int, slice) or (
            type(kind.value) is tuple and all(is_basic(Static(v)) for v in kind.value)
        )  # fmt: skip
    return isinstance(kind, (Dim, Slice)) or (isinstance(kind, Scalar) and kind.dtype.startswith(("int", "uint")))


def is_mask(kind: Kind) -> bool:
    return isinstance(kind, Array) and kind.dtype == "bool"


def _plain(kind: Kind) -> Kind:
    """Statics and axis lengths as the scalars that they are."""
    if isinstance(kind, Dim):
        return Scalar("int")
    if isinstance(kind, Static) and isinstance(kind.value, str):
        return Scalar("str")
    return widen(kind)


def _join_scalars(a: Scalar, b: Scalar) -> Kind:
    if "str" in (a.dtype, b.dtype):
        return UNKNOWN
    return Scalar(_join_dtypes(a, b))


def _join_dtypes(a: Kind, b: Kind) -> str | None:
    x, y = dtype_of(a), dtype_of(b)
    if x is None or y is None:
        return None
    if x in PYTHON_SCALARS and y in PYTHON_SCALARS:
        return max(x, y, key=PYTHON_SCALARS.index)
    # A Python scalar is weak: it takes on the other's precision.
    if x in PYTHON_SCALARS or y in PYTHON_SCALARS:
        weak, strong = (x, y) if x in PYTHON_SCALARS else (y, x)
        return np.result_type(np.dtype(strong.rstrip("_")), {"bool": False, "int": 0, "float": 0.0, "complex": 0j}[weak]).name
    return _promote(x, y)


def _promote(x: str, y: str) -> str:
    return x if x == y else np.promote_types(x.rstrip("_"), y.rstrip("_")).name


def _join_all(a: tuple[Kind, ...], b: tuple[Kind, ...]) -> tuple[Kind, ...]:
    return tuple(join(x, y) for x, y in zip(a, b))


def _elements(kind: Kind) -> tuple[Kind, ...]:
    return (kind.item,) if isinstance(kind, List) else kind.items


# Names of lengths


def without_lengths(kind: Kind) -> Kind:
    """The kind with all names of lengths left out: what it is, rather than what it is as long as."""
    if isinstance(kind, Array):
        return dataclasses.replace(kind, lengths=()) if kind.lengths else kind
    if isinstance(kind, Dim):
        return Dim()
    if isinstance(kind, (Tuple, FixedList, Dict, Record)):
        return dataclasses.replace(kind, items=tuple(map(without_lengths, kind.items)))
    if isinstance(kind, (List, Maybe)):
        return type(kind)(without_lengths(kind.item))
    return kind


def name_lengths(kind: Kind, name: str) -> Kind:
    """The kind of a parameter with names for the lengths of its axes. Elements of a list may differ, so have none."""
    if isinstance(kind, Array) and not kind.lengths:
        lengths = tuple(None if a == ONE else (f"{name}.{i}", 0) for i, a in enumerate(kind.axes))
        return dataclasses.replace(kind, lengths=lengths if any(lengths) else ())
    if isinstance(kind, (Tuple, FixedList, Dict, Record)):
        items = tuple(name_lengths(k, f"{name}.{i}") for i, k in enumerate(kind.items))
        return dataclasses.replace(kind, items=items)
    return kind
