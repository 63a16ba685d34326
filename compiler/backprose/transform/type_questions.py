"""Questions about types during inference, answered by the kinds: isinstance, type, hasattr, np.iscomplexobj."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import backprose_runtime
import numpy as np

from backprose import errors
from backprose.analysis.kinds import dtype_of, is_complex, is_inexact, is_number, ndim_of
from backprose.ir.kinds import (
    Array, Dict, Dim, FixedList, Kind, List, Number, Object, Range, Record, Scalar, Slice, Sparse, Static, Tuple,
)  # fmt: skip
from backprose.ir.nodes import Value
from backprose.rules.static import (
    dtype_is_known, has_length, holds_floats, in_any_layout, is_flat_at_zero, is_integer, is_sparse, is_sparse_array, is_true, is_zero,
    leads_to_all, length_is_known, may_turn_complex, names_imaginary_part, rank_is_known, value_is_known,
)  # fmt: skip
from backprose.transform import fields, followed
from backprose.transform.typed import NotStatic, TypedBuilder, typed_call

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Args = tuple[Value, ...]
Keywords = Mapping[str, Value]

PYTHON_TYPES = {"bool": bool, "int": int, "float": float, "complex": complex, "str": str}


def type_of(kind: Kind) -> type | None:
    """The class of the values of a kind; None if they may be of several."""
    if isinstance(kind, Static):
        return type(kind.value)
    if isinstance(kind, Scalar):
        return PYTHON_TYPES[kind.dtype] if kind.is_python else np.dtype(kind.dtype.rstrip("_")).type
    if isinstance(kind, (Record, Object)):
        return kind.cls
    if isinstance(kind, Array) and kind.device:
        return sys.modules["cupy"].ndarray
    simple = {Array: np.ndarray, Dim: int, Tuple: tuple, List: list, FixedList: list, Dict: dict, Range: range, Slice: slice}
    return simple.get(type(kind))


def is_namedtuple(kind: Kind) -> bool:
    return isinstance(kind, Record) and issubclass(kind.cls, tuple)


COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")


def special(kind: Any, name: str) -> types.FunctionType | None:
    """A special method that a user's class defines in Python."""
    cls = kind.cls if isinstance(kind, Record) else type(kind.value) if isinstance(kind, Static) else None
    method = getattr(cls, name, None) if cls else None
    if isinstance(method, types.FunctionType) and name in COMPARISONS and method.__code__.co_filename == "<string>":
        return None  # written by `dataclass`: runs as it is
    is_own = isinstance(method, types.FunctionType) and method.__module__ not in ("collections", "numpy", "builtins", "enum")
    return method if is_own else None


def _isinstance(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    value, classes = args
    cls = type_of(value.kind)
    try:
        targets = b.static_value(classes)
    except NotStatic:
        targets = None
    if cls is None and targets is not None and isinstance(value.kind, Number) and not _any_number(targets):
        return b.const(False)
    if cls is None or targets is None:
        return typed_call(b, isinstance, args, Scalar("bool"))
    return b.const(issubclass(cls, targets))


def _any_number(targets: Any) -> bool:
    """Whether some number or array may be an instance of one of the classes."""
    targets = targets if isinstance(targets, tuple) else (targets,)
    return not all(cls in (tuple, list, dict, str, set) for cls in targets)


def _type_info(fn: Any) -> Callable[..., Value]:
    """`np.finfo(dtype)` and `np.iinfo(dtype)`, of which attributes are read."""

    def handler(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
        (asked,) = (*args, *keywords.values())
        try:
            dtype = dtype_of(asked.kind) if isinstance(asked.kind, Scalar) else np.dtype(b.static_value(asked))
            return typed_call(b, fn, args, Static(fn(np.dtype(dtype.rstrip("_") if isinstance(dtype, str) else dtype))), keywords)
        except (NotStatic, ValueError, TypeError) as error:
            raise errors.UnsupportedCall(
                f"this call of `np.{fn.__name__}` is not supported", loc, str(error) or "the type is not known when compiling",
                "name the type: np.float64, x.dtype",
            ) from error  # fmt: skip

    return handler


def _type(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    cls = type_of(args[0].kind)
    return typed_call(b, type, args, Object(type)) if cls is None else b.data(cls)


def _hasattr(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    cls = type_of(args[0].kind)
    name = b.static_value(args[1])
    if isinstance(args[0].kind, Static):
        return b.const(followed.has(engine, b, args[0].kind.value, name))
    if cls is None:
        return typed_call(b, hasattr, args, Scalar("bool"))
    if isinstance(args[0].kind, Record) and args[0].kind.cls.__dictoffset__:
        return b.const(fields.has(engine, args[0], name, loc))
    return b.const(hasattr(cls, name) or name in getattr(args[0].kind, "fields", ()))


def _callable(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    kind = args[0].kind
    return b.const(callable(kind.value) if isinstance(kind, Static) else args[0] in engine.captures or args[0] in engine.partials)


def _length_is_known(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    return b.const(b.is_static(b.call(len, args[0])))


def _names_imaginary_part(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    return b.const(any(kind == Static("imag") for kind in args[0].kind.items))


def _is_true(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    return b.const(args[0].kind == Static(True))


def is_flattening(fn: Any, args: Args) -> bool:
    """Whether a view is all entries in C order: `x.ravel()`, `x.reshape(-1)`."""
    if fn is np.ravel:
        return not args
    shape = args[0].kind if args else None
    return fn is np.reshape and len(args) == 1 and (is_number(shape) or isinstance(shape, Tuple) and len(shape.items) == 1)


def _is_zero(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    made = next((op for op in reversed(b.ops) if args[0] in op.results), None)
    if args[0].kind in (Static(0.0), Static(0j)):
        return b.const(True)
    return b.const(made is not None and made.name == "call" and made.fn in (np.zeros_like, backprose_runtime.zeros_like))


def _in_any_layout(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    steps = list(b.items_of(args[0]))
    for i, step in enumerate(steps):
        if step.kind not in (Static("reshape"), Static("ravel")):
            continue
        view = np.reshape if step.kind == Static("reshape") else np.ravel
        single = i == len(steps) - 3 and is_number(steps[i + 2].kind)  # `x.flat` takes no tuples
        if single and is_flattening(view, b.items_of(steps[i + 1])):
            steps[i : i + 2] = [b.const("flat"), b.tuple(())]
        else:
            steps[i] = b.const("copied_" + step.kind.value)
    return b.tuple(steps)


def _has_length(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    kind, n = args[0].kind, args[1].kind
    known = isinstance(kind, Array) and isinstance(n, Dim) and n.length is not None
    return b.const(known and kind.length(0) == n.length)


def _leads_to_all(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    return b.const(args[0].kind.items == (Static(Ellipsis),))


def _rank_is_known(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    return b.const(ndim_of(args[0].kind) is not None)


def _complex_question(fn: Any) -> Callable[..., Value]:
    """`np.iscomplexobj(x)` and `np.isrealobj(x)`: answered now where the dtype is known, else when the program runs."""

    def handler(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
        (asked,) = (*args, *keywords.values())
        if is_number(asked.kind) and dtype_of(asked.kind) is not None:
            return b.const(is_complex(asked.kind) == (fn is np.iscomplexobj))
        return typed_call(b, fn, args, Scalar("bool"), keywords)

    return handler


def _is_flat_at_zero(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    return b.const(b.magnitudes is not None and b.magnitudes.is_flat(args[0]))


def _may_turn_complex(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    power, base, exponent = (v.kind for v in args)
    of_floats = [dtype_of(kind) for kind in (power, exponent)] == ["float", "float"] and dtype_of(base) in ("int", "float")
    if not of_floats or isinstance(exponent, Static) and exponent.value.is_integer():
        return b.const(False)
    return b.const(b.magnitudes is None or not b.magnitudes.is_nonnegative(args[1]))


def _value_is_known(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    return b.const(b.is_static(args[0]))


def _dtype_is_known(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    kind = args[0].kind
    items = kind.items if isinstance(kind, (Tuple, FixedList)) else (kind.item,) if isinstance(kind, List) else (kind,)
    return b.const(len({dtype_of(k) for k in items}) <= 1 and all(dtype_of(k) is not None for k in items))


def _is_sparse(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    return b.const(isinstance(args[0].kind, Sparse))


def _is_sparse_array(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    return b.const(isinstance(args[0].kind, Sparse) and args[0].kind.cls.__name__.endswith("_array"))


def _is_integer(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    kind = args[0].kind
    return b.const(ndim_of(kind) == 0 and (dtype_of(kind) or "").startswith(("int", "uint")))


def _holds_floats(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    return b.const(is_inexact(args[0].kind))


HANDLERS: dict[Any, Callable[..., Value]] = {
    is_true: _is_true,
    is_zero: _is_zero,
    dtype_is_known: _dtype_is_known,
    is_integer: _is_integer,
    is_sparse: _is_sparse,
    is_sparse_array: _is_sparse_array,
    holds_floats: _holds_floats,
    has_length: _has_length,
    in_any_layout: _in_any_layout,
    leads_to_all: _leads_to_all,
    length_is_known: _length_is_known,
    rank_is_known: _rank_is_known,
    names_imaginary_part: _names_imaginary_part,
    is_flat_at_zero: _is_flat_at_zero,
    may_turn_complex: _may_turn_complex,
    value_is_known: _value_is_known,
    isinstance: _isinstance,
    np.iscomplexobj: _complex_question(np.iscomplexobj),
    np.isrealobj: _complex_question(np.isrealobj),
    np.finfo: _type_info(np.finfo),
    np.iinfo: _type_info(np.iinfo),
    type: _type,
    hasattr: _hasattr,
    callable: _callable,
}
