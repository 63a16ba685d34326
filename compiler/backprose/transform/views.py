"""Which calls give a view of their first operand, or the operand itself, whatever its layout in memory."""

from __future__ import annotations

import inspect
import operator
from typing import Any

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import is_basic, is_complex, ndim_of
from backprose.ir.kinds import Array, Kind, Number, Static
from backprose.ir.nodes import Op, Value
from backprose.rules.custom import CustomCall
from backprose.rules.registry import has_no_derivative

VIEWS = frozenset({
    np.transpose, np.swapaxes, np.squeeze, np.expand_dims, np.moveaxis, np.rollaxis, np.flip, np.fliplr, np.flipud, np.rot90,
    np.diagonal, np.broadcast_to, np.lib.stride_tricks.sliding_window_view, np.atleast_2d, np.atleast_3d,
    backprose_runtime.flat, backprose_runtime.stop_gradient,
})  # fmt: skip
READ_ONLY = {
    np.diagonal: "use np.fill_diagonal, or an index: `a[i, i] = ...`",
    np.broadcast_to: "store in the array that was broadcast, or in a copy",
    np.lib.stride_tricks.sliding_window_view: "store in the array itself, or in a copy",
}
AS_ARRAY = frozenset({np.asarray, np.asanyarray})
PARTS = frozenset({np.real, np.imag})


def view(op: Op) -> tuple[Any, tuple[Value, ...]] | None:
    """(function, arguments) of the view of the first operand that the call certainly gives."""
    fn = op.fn
    if not isinstance(op.result.kind, (Array, Number)):
        return None
    if fn in VIEWS or (fn in PARTS and is_complex(op.operands[0].kind)):
        arguments = _by_position(op)
        return None if arguments is None else (fn, arguments)
    if fn is np.reshape and ndim_of(op.operands[0].kind) == 1 and len(op.operands) == 2 and not op.attrs["keywords"]:
        return fn, op.operands[1:]  # of any stride
    if fn is operator.getitem and is_basic(op.operands[1].kind) and isinstance(op.result.kind, Array):
        return fn, op.operands[1:]
    return None


def is_operand(op: Op) -> bool:
    """Whether the call gives the very array that it is given."""
    kind = op.operands[0].kind if op.operands else None
    if not isinstance(kind, Array):
        return False
    if op.fn is np.real:
        return not is_complex(kind)
    if op.fn is np.atleast_1d:
        return kind.ndim > 0 and len(op.operands) == 1
    return _converts(op) and _dtype_asked_for(op) in (None, kind.dtype)


def is_new(op: Op) -> bool:
    """Whether the call certainly gives memory of its own, beyond what `ownership.allocates` knows."""
    if has_no_derivative(op.fn) and (getattr(op.fn, "__module__", None) or "").startswith("numpy"):
        return isinstance(op.result.kind, Array)  # positions, comparisons, constants
    if isinstance(op.fn, CustomCall):
        return op.fn.gives_new
    if op.fn is np.imag:
        return not is_complex(op.operands[0].kind)
    if op.fn is np.ndarray.astype and not _converts(op):
        return _given(op, "copy") in (None, Static(True))
    if not _converts(op):
        return False
    kind = op.operands[0].kind
    asked = _dtype_asked_for(op)
    return not isinstance(kind, (Array, Number)) or (asked != "?" and isinstance(kind, Array) and asked not in (None, kind.dtype))


def _converts(op: Op) -> bool:
    """Whether the call makes an array of its operand unless it is one: `np.asarray(x)`, `x.astype(..., copy=False)`."""
    if op.fn in AS_ARRAY:
        return set(op.attrs["keywords"]) <= {"dtype"}
    if op.fn is np.ndarray.astype:
        return set(op.attrs["keywords"]) <= {"dtype", "copy"} and _given(op, "copy") == Static(False)
    return False


def _given(op: Op, name: str) -> Kind | None:
    value = op.keywords.get(name)
    return None if value is None else value.kind


def _dtype_asked_for(op: Op) -> str | None:
    """The name of the dtype that the call gives; None where it keeps what it finds, "?" where that is not known."""
    kind = op.positional[1].kind if len(op.positional) > 1 else _given(op, "dtype")
    if kind is None or kind == Static(None):
        return None
    return np.dtype(kind.value).name if isinstance(kind, Static) else "?"


def _by_position(op: Op) -> tuple[Value, ...] | None:
    """The arguments behind the first, those given by name put where they belong; None where there is a gap."""
    if not op.attrs["keywords"]:
        return op.operands[1:]
    names = list(inspect.signature(op.fn).parameters)[len(op.positional) : len(op.positional) + len(op.keywords)]
    return (*op.positional[1:], *(op.keywords[n] for n in names)) if set(names) == set(op.keywords) else None


def is_flat(step_fn: Any) -> bool:
    """Whether a step goes to `x.flat`, of which only single entries are views."""
    return step_fn is backprose_runtime.flat
