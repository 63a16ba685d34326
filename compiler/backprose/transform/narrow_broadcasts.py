"""Broadcasts that are not needed: an elementwise call broadcasts by itself, or is broadcast where its operand was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backprose.analysis.kinds import dtype_of, has_shape_of, is_number, ndim_of
from backprose.analysis.shapes import Shapes
from backprose.ir.kinds import MANY, ONE, Array, Scalar, Static
from backprose.ir.nodes import Op, Value
from backprose.rules.registry import rule_for
from backprose.transform.array_identities import is_const
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.algebra import Context


def without_broadcasts(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """An elementwise call of something that was broadcast: the call broadcasts by itself, or is itself broadcast."""
    if not op.is_derivative:
        return None
    makers = [c.made[v].fn for v in op.operands if v in c.made]
    if op.attrs["keywords"] or not (np.broadcast_to in makers or np.expand_dims in makers):
        return None
    rule = rule_for(op.fn)
    if rule is None or not rule.is_elementwise:
        return None
    wide = [v for v in op.operands if c.call_of(v, np.broadcast_to)]
    if not wide:
        return _without_leading_axes(c, b, op)
    scalars = all(_broadcast_scalar(c, v) for v in wide)
    others = [v for v in op.operands if v not in wide and ndim_of(v.kind) != 0]
    narrow = tuple(c.made[v].operands[0] if v in wide else v for v in op.operands)
    if not scalars and not others:
        return None
    if others and dtype_of(b.kind_of_call(op.fn, narrow, {})) != dtype_of(op.result.kind):
        if not scalars:
            return None
        # A Python scalar takes on the precision of the other operand, which an array of them does not.
        strong = np.dtype(dtype_of(op.result.kind)).type
        narrow = tuple(b.call(strong, n, kind=Scalar(strong.__name__)) if v in wide else n for v, n in zip(op.operands, narrow))
    if not others and len(set(wide)) == 1:
        scalar = b.call_named(op.fn, narrow, {})
        return b.call(np.broadcast_to, scalar, c.made[wide[0]].operands[1], kind=op.result.kind)
    if any(_has_shape(c, v, wide[0], op) for v in others) or all(_reach(narrow, v) for v in wide):
        return b.call_named(op.fn, narrow, {}, op.result.kind)
    return None


def _without_leading_axes(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """`np.expand_dims(v, 0) * a` is `v * a`, if a has the axes that v has not."""
    ndim = ndim_of(op.result.kind)
    if ndim is None or sum(ndim_of(v.kind) == ndim for v in op.operands) < 2:
        return None
    for i, v in enumerate(op.operands):
        spread = c.call_of(v, np.expand_dims)
        if spread and ndim_of(v.kind) == ndim and is_const(spread.operands[1], 0):
            operands = (*op.operands[:i], spread.operands[0], *op.operands[i + 1 :])
            if dtype_of(b.kind_of_call(op.fn, operands, {})) == dtype_of(op.result.kind):
                return b.call_named(op.fn, operands, {}, op.result.kind)
    return None


def _reach(operands: tuple[Value, ...], wide: Value) -> bool:
    """Whether the operands give what was broadcast its shape: each axis is longer than 1 in one of them, or empty."""
    arrays = [v.kind.axes for v in operands if isinstance(v.kind, Array)]
    for i, axis in enumerate(reversed(wide.kind.axes if isinstance(wide.kind, Array) else ()), 1):
        if axis != ONE and not any(len(axes) >= i and axes[-i] == MANY for axes in arrays):
            return False
    return isinstance(wide.kind, Array)


def _broadcast_scalar(c: Context, value: Value) -> bool:
    made = c.call_of(value, np.broadcast_to)
    return made is not None and ndim_of(made.operands[0].kind) == 0


def _has_shape(c: Context, value: Value, wide: Value, op: Op) -> bool:
    """Whether `value` has the shape that `wide` was broadcast to, which is that of the result."""
    if c.shape_root(value) is c.shape_root(wide):
        return True
    source = shape_source(c, c.made[wide])
    if source is not None and has_shape_of(value.kind, source.kind):
        return True
    if has_shape_of(value.kind, op.result.kind) and has_shape_of(wide.kind, op.result.kind):
        return True
    shapes = Shapes(c.made)  # asked last: it goes back to where the values came from
    return bool(shapes.keys(value)) and shapes.keys(value) == shapes.keys(wide)


def shape_source(c: Context, op: Op) -> Value | None:
    """The operand whose shape the result surely has."""
    if op.fn is np.zeros_like or op.fn is np.ones_like:
        return op.operands[0] if is_number(op.operands[0].kind) else None  # a list has no shape
    if op.fn is np.broadcast_to:
        shape = c.made.get(op.operands[1])
        return shape.operands[0] if shape is not None and shape.name == "getattr" else None
    rule = rule_for(op.fn)
    if rule is None or not rule.is_elementwise:
        return None
    arrays = [v for v in op.operands if ndim_of(v.kind) != 0 and not isinstance(v.kind, Static)]
    if len(arrays) == 1:
        return arrays[0]
    return next((v for v in arrays if has_shape_of(v.kind, op.result.kind)), None)
