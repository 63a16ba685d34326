"""The proof that a function is elementwise: entry i of the result depends on entry i of an argument only.

Every call on the way from the arguments to the result acts entry by entry, and stretches none of what it acts on. So
by induction each active value has the shape of the argument, and the derivative of the whole is diagonal. Conditions and
counts may depend on anything: derivatives follow the path taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backprose import errors
from backprose.analysis.activity import active_values
from backprose.analysis.kinds import has_shape_of, is_number, ndim_of
from backprose.ir.kinds import Array, Kind
from backprose.ir.nodes import Function, Op, Value
from backprose.ir.walk import all_ops
from backprose.rules.registry import rule_for
from backprose.transform.paths import CONTAINERS

SAME = frozenset({
    np.copy, np.ndarray.copy, np.ndarray.astype, np.asarray, np.asanyarray, np.ascontiguousarray, float, np.float32, np.float64,
    np.real, np.imag, np.conjugate, np.angle, np.array, np.i0, complex, np.complex64, np.complex128,
})  # fmt: skip
OF_LISTS = frozenset({reversed})  # the elements of a list are as they are


def require_elementwise(fn: Function, inputs: list[Value], result: Value, place: Any) -> None:
    """Refuse a function whose Jacobian may have an entry beside the diagonal."""
    if not is_number(result.kind):
        raise _refused("the result is no array", place, f"it is {result.kind}")
    for value in inputs:
        active = active_values(fn, [value])
        if result in active and not is_number(value.kind):
            raise _refused(f"`{value.name}` is no array", fn.loc, f"it is {value.kind}")
        for op in all_ops(fn.region):
            if any(v in active for v in op.results):
                _check(op, active)


def _check(op: Op, active: set[Value]) -> None:
    moving = [v for v in op.operands if v in active]
    if op.name == "call" and moving and not isinstance(moving[0].kind, CONTAINERS) and op.fn not in OF_LISTS:
        rule = rule_for(op.fn)
        name = getattr(op.fn, "__name__", op.fn)
        if op.fn not in SAME and (rule is None or not rule.is_elementwise):
            raise _refused(f"`{name}` does not act entry by entry", op.loc, "an entry of it may depend on several entries")
        if not all(_same_shape(v.kind, op.result.kind) for v in moving):
            raise _refused(f"`{name}` may broadcast", op.loc, "several entries of it may depend on one entry")
    elif op.name == "for" and any(isinstance(v.kind, Array) for v in moving if v in op.iterables):
        raise _refused("a loop goes over the entries", op.loc, "where each of them ends up is not known when compiling")
    elif op.name == "invoke":
        raise _refused("a function calls itself", op.loc, "whether it is elementwise is not known when compiling")


def _same_shape(operand: Kind, result: Kind) -> bool:
    return ndim_of(operand) == 0 == ndim_of(result) or has_shape_of(operand, result)


def _refused(what: str, place: Any, why: str) -> errors.NotDifferentiable:
    return errors.NotDifferentiable(
        f"not elementwise: {what}", place, f"{why}, and elementwise_grad was asked for",
        "use jacobian, or grad of the sum if that is meant",
    )  # fmt: skip
