"""Attributes of arrays and numbers during inference. What methods mean is in `METHODS`, but for a few here."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import backprose_runtime
import numpy as np

from backprose import errors
from backprose.analysis.kinds import dtype_of, is_inexact, ndim_of
from backprose.ir.kinds import Array, Kind, Object, Scalar, Static
from backprose.ir.nodes import Value
from backprose.rules.registry import METHODS, REFUSED_MEMBERS, refusal_of
from backprose.transform import iteration
from backprose.transform.typed import NotStatic, TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Args = tuple[Value, ...]
Keywords = Mapping[str, Value]

# Those that are functions of the array, printed as the user wrote them.
FUNCTIONS: dict[str, Any] = {"T": np.transpose, "real": np.real, "imag": np.imag}
if hasattr(np.ndarray, "mT"):
    FUNCTIONS["mT"] = np.matrix_transpose


def get(b: TypedBuilder, target: Value, name: str) -> Value | None:
    """`target.name`; None where there is no such attribute."""
    if name in FUNCTIONS and not (name == "T" and ndim_of(target.kind) in (0, 1)):
        return b.call(FUNCTIONS[name], target, method=name)
    read = ATTRIBUTES.get(name)
    return read(b, target, target.kind) if read is not None else None


def _ndim(b: TypedBuilder, target: Value, kind: Kind) -> Value:
    known = ndim_of(kind)
    return b.getattr(target, "ndim", Scalar("int")) if known is None else b.const(known)


def _dtype(b: TypedBuilder, target: Value, kind: Kind) -> Value:
    if isinstance(kind, Array) or (isinstance(kind, Scalar) and not kind.is_python):
        return b.data(np.dtype(kind.dtype.rstrip("_")))
    return b.getattr(target, "dtype", Object(np.dtype))


def _integer(name: str) -> Callable[[TypedBuilder, Value, Kind], Value]:
    return lambda b, target, kind: b.getattr(target, name, Scalar("int"))


def _flat(b: TypedBuilder, target: Value, kind: Kind) -> Value | None:
    return b.call(backprose_runtime.flat, target) if isinstance(kind, Array) else None


def _of_integer(read: Callable[[TypedBuilder, Value], Value]) -> Callable[[TypedBuilder, Value, Kind], Value | None]:
    """An attribute that only integers have."""

    def attribute(b: TypedBuilder, target: Value, kind: Kind) -> Value | None:
        is_integer = ndim_of(kind) == 0 and (dtype_of(kind) or "").startswith(("int", "uint", "bool"))
        return read(b, target) if is_integer else None

    return attribute


ATTRIBUTES: dict[str, Callable[[TypedBuilder, Value, Kind], Value | None]] = {
    "shape": lambda b, target, kind: b.call(np.shape, target),
    "ndim": _ndim,
    "size": lambda b, target, kind: b.call(np.size, target),
    "dtype": _dtype,
    "itemsize": _integer("itemsize"),
    "nbytes": _integer("nbytes"),
    "T": lambda b, target, kind: target,  # of no axis or one
    "flat": _flat,
    "numerator": _of_integer(lambda b, target: target),
    "denominator": _of_integer(lambda b, target: b.const(1)),
}
if hasattr(np.ndarray, "device"):
    ATTRIBUTES["device"] = lambda b, target, kind: b.const("cpu")


def refuse(name: str, loc: Any) -> None:
    """Refuse attributes and methods of which the table says why."""
    reason = REFUSED_MEMBERS.get(name)
    if reason is not None:
        raise errors.UnsupportedCall(f"the attribute `{name}` of an array or number is not supported", loc, reason.why, reason.instead)


# Methods that are no functions of the table


def _view(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value | None:
    """`x.view()`, or with the dtype that x has: the same memory under another name."""
    if keywords or len(args) > 1 or (args and not _is_dtype_of(b, args[0], target)):
        return _refuse_bits(b, target, "view", args, keywords, loc)
    if not isinstance(target.kind, Array):
        return target if isinstance(target.kind, Scalar) else None
    return engine.known(b, operator.getitem, (target, b.const(Ellipsis)), {}, loc)


def _getfield(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> None:
    _refuse_bits(b, target, "getfield", args, keywords, loc)


def _refuse_bits(b: TypedBuilder, target: Value, name: str, args: Args, keywords: Keywords, loc: Any) -> None:
    """Refuse floats whose bytes are read as integers: through these no derivative would be looked for."""
    try:
        asked = np.dtype(b.static_value((*args, *keywords.values())[0]))
    except (NotStatic, TypeError):
        asked = np.dtype(int)
    if is_inexact(target.kind) and asked.kind not in "fc":
        reason = refusal_of(METHODS[name])
        raise errors.UnsupportedCall(f"`.{name}` of floats as integers is not supported", loc, reason.why, reason.instead)


def _is_dtype_of(b: TypedBuilder, dtype: Value, target: Value) -> bool:
    try:
        return np.dtype(b.static_value(dtype)) == np.dtype((dtype_of(target.kind) or "V").rstrip("_"))
    except (NotStatic, TypeError):
        return False


def _to_device(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value | None:
    """`x.to_device("cpu")`, which is x."""
    return target if [v.kind for v in args] == [Static("cpu")] and not keywords else None


def _namespace(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    return b.data(np)


def _tolist(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value | None:
    """Nested lists of Python numbers; of no axes, the number."""
    if isinstance(target.kind, Array):
        to_list = iteration.to_list if target.kind.axes else _number
        return to_list(engine, b, target, target.kind, loc)
    return _item(engine, b, target, args, keywords, loc)


def _item(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value | None:
    """`x.item()` of a NumPy number, as the Python number; an array's has a rule."""
    return _number(engine, b, target, target.kind, loc) if isinstance(target.kind, Scalar) and not args else None


def _number(engine: Inference, b: TypedBuilder, target: Value, kind: Array | Scalar, loc: Any) -> Value:
    dtype = np.dtype(kind.dtype.rstrip("_"))
    if dtype.type in (np.longdouble, np.clongdouble):
        return target  # has no Python number of its precision
    python = {"f": float, "c": complex, "b": bool}.get(dtype.kind, int)
    return engine.call_object(b, python, (target,), {}, loc)


# Each gives None where it has nothing to say, and the function in `METHODS` is called.
OWN_METHODS: dict[str, Callable[..., Value | None]] = {"view": _view, "tolist": _tolist, "item": _item, "getfield": _getfield}
if hasattr(np.ndarray, "to_device"):
    OWN_METHODS |= {"to_device": _to_device, "__array_namespace__": _namespace}
