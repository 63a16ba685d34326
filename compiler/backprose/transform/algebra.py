"""Algebra: a table of identities that hold in floating point, and the folding of constants.

Each entry looks at one call and gives a simpler value for it, or None. `x * 1` is `x`, `-(-x)` is `x`, a transpose of
a transpose is no transpose; a minus sign moves outwards until a subtraction takes it up; a scalar that was broadcast
to the shape that the other operand has anyway is not broadcast. Nothing here changes a result by rounding, but that
cotangents added twice (`u + u`) become `2 * u`, which is exact.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import dtype_of, has_shape_of, is_number, ndim_of, without_lengths
from backprose.ir.kinds import Array, Dim, List, Scalar, Slice, Static, Tuple
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import use_counts
from backprose.rules.registry import has_effect, rule_for
from backprose.transform.typed import TypedBuilder

BACKWARDS = Slice(Static(None), Static(None), Static(-1))


def simplify(fn: Function) -> Function:
    """Apply the table everywhere until nothing changes in one forward sweep."""
    context = Context(use_counts(fn.region))
    b = TypedBuilder(fn.loc)
    return replace(fn, region=context.region(b, fn.region, {}))


class Context:
    """What identities look at: how often values are read, and which op made them."""

    def __init__(self, counts: Counter[Value]):
        self.counts = counts
        self.made: dict[Value, Op] = {}

    def region(self, b: TypedBuilder, region: Region, mapping: dict[Value, Value]) -> Region:
        inner = b.nested()
        for op in region.ops:
            self.op(inner, op, mapping)
        return inner.region(region.params, [mapping.get(v, v) for v in region.results])

    def op(self, b: TypedBuilder, op: Op, mapping: dict[Value, Value]) -> None:
        operands = tuple(mapping.get(v, v) for v in op.operands)
        b.loc = op.loc
        if op.name == "getattr" and op.attrs["name"] in ("shape", "size") and op.in_reverse:
            operands = (self.shape_root(operands[0]),)  # the shape is that of a value which is at hand anyway
        if op.name == "call" and not has_effect(op.fn):
            value = self.call(b, replace(op, operands=operands))
            if value is not op.result:
                mapping[op.result] = value
                self.counts[value] += self.counts[op.result]
            return
        if op.name in ("for", "while"):
            _enter_with_invariants(op, mapping)
        regions = tuple(self.region(b, r, mapping) for r in op.regions)
        if op.name == "if" and op.in_reverse:
            mapping.update((r, v) for r, v, w in zip(op.results, *(region.results for region in regions)) if v is w)
        kept = b.add(replace(op, operands=operands, regions=regions))
        b.learn(Region((), (replace(kept, regions=()),), ()))
        self.made.update((v, kept) for v in kept.results)

    def call(self, b: TypedBuilder, op: Op) -> Value:
        """The value of the call: a simpler one that the table or folding gives, or its own result."""
        before = len(b.ops)
        simpler = self.identity(b, op)
        if simpler is not None:
            return self.named(b, simpler, op.result.name) if len(b.ops) > before else simpler
        value = b.call_named(op.fn, op.positional, op.keywords, op.result.kind, op.result.name, op.attrs["method"])
        if len(b.ops) == before + 1 and b.ops[-1].name == "call" and b.ops[-1].fn is op.fn:
            b.ops[-1] = op  # unchanged: keep the op and its result
            b.learn(Region((), (op,), ()))
            self.made[op.result] = op
            return op.result
        self.note(b, before)
        return value

    def named(self, b: TypedBuilder, value: Value, name: str) -> Value:
        """A value that was just made, under the name of what it replaces."""
        fresh = b.restate(value, name)
        if fresh is not value:
            self.made[fresh] = b.ops[-1]
            self.counts[fresh] = self.counts[value]
        return fresh

    def identity(self, b: TypedBuilder, op: Op) -> Value | None:
        entry = TABLE.get(op.fn)
        before = len(b.ops)
        value = entry(self, b, op) if entry and (not op.keywords or op.fn is np.sum) else None
        if value is None:
            value = _narrow(self, b, op)
        self.note(b, before)
        return value

    def note(self, b: TypedBuilder, since: int) -> None:
        for made in b.ops[since:]:
            self.made.update((v, made) for v in made.results)

    # Questions

    def call_of(self, value: Value, *fns: Any) -> Op | None:
        """The call that made `value`, if it is of one of these functions."""
        op = self.made.get(value)
        return op if op is not None and op.name == "call" and op.fn in fns else None

    def only_use(self, value: Value) -> bool:
        return self.counts[value] <= 1

    def shape_root(self, value: Value) -> Value:
        """A value that certainly has the same shape: elementwise operations keep it."""
        while True:
            op = self.made.get(value)
            if op is None or op.name != "call" or op.fn is None:
                return value
            source = _shape_source(self, op)
            if source is None:
                return value
            value = source


def _enter_with_invariants(op: Op, mapping: dict[Value, Value]) -> None:
    """What a loop carries along unchanged is what it was before the loop."""
    skip = op.attrs.get("iterables", 0)
    for k, (param, init, after, result) in enumerate(zip(op.carried, op.inits, op.yields, op.carried_results)):
        if after is param and op.in_reverse:
            for region in op.regions:
                mapping[region.params[k + (skip if region is op.body else 0)]] = mapping.get(init, init)
            mapping[result] = mapping.get(init, init)


def _shape_source(c: Context, op: Op) -> Value | None:
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


def _is_const(value: Value, *numbers: Any) -> bool:
    return isinstance(value.kind, Static) and type(value.kind.value) in (int, float) and value.kind.value in numbers


def _same_kind(value: Value, op: Op) -> Value | None:
    """`value` in place of the call's result, if that has the same kind."""
    have, want = without_lengths(value.kind), without_lengths(op.result.kind)
    if op.in_reverse and isinstance(have, Scalar) and isinstance(want, Scalar):
        have, want = Scalar(have.dtype.replace("float64", "float")), Scalar(want.dtype.replace("float64", "float"))
    return value if have == want else None


# The table


def _mul(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    x, y = op.operands
    for one, other in ((x, y), (y, x)):
        if _is_const(one, 1) and op.in_reverse:  # elsewhere `1.0 * n` may make a float of an int, or a copy
            return _same_kind(other, op)
        if _is_const(one, -1) and _same_kind(other, op):
            return b.call(operator.neg, other, kind=op.result.kind)
        minus = c.call_of(one, operator.neg)
        if minus and c.only_use(one) and other is not one and not isinstance(other.kind, Static):
            product = (minus.operands[0], other) if one is x else (other, minus.operands[0])
            return b.call(operator.neg, b.call(operator.mul, *product, kind=op.result.kind), kind=op.result.kind)
    return _scaled(c, b, op)


def _scaled(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """Powers of two come together: `2 * (0.5 * x)` is x, `2 * (a / (2 * b))` is `a / b`, `1 / n * (2 * x)` is `2 / n * x`."""
    if not op.in_reverse:
        return None
    for one, other in (op.operands, op.operands[::-1]):
        if isinstance(one.kind, Static) and type(one.kind.value) in (int, float):
            found = _split(c, b, other)
            return _times(b, found[0] * one.kind.value, found[1], op) if found else None
        numerator = c.call_of(one, operator.truediv)
        if numerator and c.only_use(one) and type(getattr(numerator.operands[0].kind, "value", None)) is float:
            found = _split(c, b, other)
            if found:
                scale = b.const(numerator.operands[0].kind.value * found[0])
                quotient = b.call(operator.truediv, scale, numerator.operands[1], kind=one.kind)
                return b.call(operator.mul, quotient, found[1], kind=op.result.kind)
    return None


def _times(b: TypedBuilder, factor: float, value: Value, op: Op) -> Value | None:
    if factor == 1:
        return _same_kind(value, op)
    if factor == -1 and _same_kind(value, op):
        return b.call(operator.neg, value, kind=op.result.kind)
    constant = b.const(int(factor) if factor == int(factor) else factor)
    return b.call(operator.mul, constant, value, kind=op.result.kind)


def _split(c: Context, b: TypedBuilder, value: Value, uses: int = 1) -> tuple[float, Value] | None:
    """A power of two and the rest of a product or quotient that only one op reads; None if there is no such factor."""
    op = c.made.get(value)
    if op is None or op.fn not in (operator.mul, operator.truediv) or c.counts[value] > uses or not op.in_reverse:
        return None
    x, y = op.operands
    for one, other in ((x, y), (y, x)):
        if op.fn is operator.mul and _power_of_two(one) is not None:
            return (_power_of_two(one), other) if _same_kind(other, op) else None
    left, right = _split(c, b, x), _split(c, b, y)
    if left is None and right is None:
        return None
    above, below = left or (1, x), right or (1, y)
    factor = above[0] * below[0] if op.fn is operator.mul else above[0] / below[0]
    return factor, b.call(op.fn, above[1], below[1], kind=value.kind)


def _power_of_two(value: Value) -> float | None:
    number = value.kind.value if isinstance(value.kind, Static) else None
    return number if type(number) in (int, float) and number > 0 and math.frexp(number)[0] == 0.5 else None


def _div(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    x, y = op.operands
    if _is_const(y, 1) and op.in_reverse:
        return _same_kind(x, op)
    minus = c.call_of(x, operator.neg)
    if minus and c.only_use(x) and x is not y:
        quotient = b.call(operator.truediv, minus.operands[0], y, kind=op.result.kind)
        return b.call(operator.neg, quotient, kind=op.result.kind)
    return None


def _neg(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    minus = c.call_of(op.operands[0], operator.neg)
    return _same_kind(minus.operands[0], op) if minus else None


def _add(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    x, y = op.operands
    if op.in_reverse:
        for zero, other in ((x, y), (y, x)):
            if _is_const(zero, 0) or c.call_of(zero, np.zeros_like):
                return _same_kind(other, op)
        if x is y:
            found = _split(c, b, x, uses=2)
            return _times(b, *(2 * found[0], found[1]) if found else (2, x), op)
        for one, other in ((x, y), (y, x)):
            double = c.call_of(other, operator.mul)
            if double and _is_const(double.operands[0], 2) and double.operands[1] is one:
                return b.call(operator.mul, b.const(3), one, kind=op.result.kind)  # rounded once, as the sum is
    minus = c.call_of(y, operator.neg)
    if minus and c.only_use(y):
        return b.call(operator.sub, x, minus.operands[0], kind=op.result.kind)
    minus = c.call_of(x, operator.neg)
    if minus and c.only_use(x) and op.in_reverse:
        return b.call(operator.sub, y, minus.operands[0], kind=op.result.kind)
    return None


def _sub(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    x, y = op.operands
    minus = c.call_of(y, operator.neg)
    if minus and c.only_use(y):
        return b.call(operator.add, x, minus.operands[0], kind=op.result.kind)
    return None


def _pow(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    x, n = op.operands
    if not op.in_reverse or not isinstance(n.kind, Static):
        return None
    if _is_const(n, 0) and isinstance(op.result.kind, Array) and op.result.kind.axes:
        return b.call(np.broadcast_to, b.const(1.0), b.call(np.shape, x), kind=op.result.kind)
    return _same_kind(x, op) if _is_const(n, 1) else None


def _transpose(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    inner = c.call_of(op.operands[0], np.transpose)
    if inner and len(op.operands) == len(inner.operands) == 1:
        return _same_kind(inner.operands[0], op)
    return None


def _where(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    if len(op.operands) != 3 or not isinstance(op.operands[0].kind, Static):
        return None
    chosen = op.operands[1 if op.operands[0].kind.value else 2]
    if chosen.kind == op.result.kind:
        return chosen
    return chosen if op.in_reverse and ndim_of(op.result.kind) == 0 and ndim_of(chosen.kind) == 0 else None


def _getitem(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """`x[()]` of a scalar, and a list reversed twice."""
    if isinstance(op.operands[0].kind, (Scalar, Static)) and op.operands[1].kind == Tuple(()):
        return op.operands[0]
    if op.operands[1].kind != BACKWARDS or not isinstance(op.operands[0].kind, List):
        return None
    inner = c.call_of(op.operands[0], operator.getitem)
    return inner.operands[0] if inner and inner.operands[1].kind == BACKWARDS else None


def _reversed(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """Going backwards over a reversed list is going over the list."""
    inner = c.call_of(op.operands[0], operator.getitem)
    if inner and inner.operands[1].kind == BACKWARDS and isinstance(op.operands[0].kind, List):
        return inner.operands[0]
    return None


def _broadcast_to(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    inner = c.call_of(op.operands[0], np.broadcast_to)
    if ndim_of(op.result.kind) == 0 and isinstance(op.operands[0].kind, (Scalar, Static)):
        return op.operands[0]
    if inner:
        return b.call(np.broadcast_to, inner.operands[0], op.operands[1], kind=op.result.kind)
    return None


def _sum(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """The minus sign of what is summed moves outwards: rounding is symmetric."""
    minus = c.call_of(op.operands[0], operator.neg)
    if not minus or not c.only_use(op.operands[0]) or not op.in_reverse:
        return None
    args = (minus.operands[0], *op.positional[1:])
    total = b.call_named(np.sum, args, op.keywords, op.result.kind, "", op.attrs["method"])
    return b.call(operator.neg, total, kind=op.result.kind)



def _add_at(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """What is added where zero was just stored is stored."""
    buffer, index, value = op.operands
    if isinstance(buffer.kind, List):
        return _add_at_list(c, b, op)
    cleared = c.call_of(buffer, backprose_runtime.set_at)
    if not cleared or not c.only_use(buffer) or not _is_const(cleared.operands[1], 0) or cleared.operands[2:] != (index,):
        return None
    if not isinstance(index.kind, (Slice, Dim, Static, Scalar)):
        return None
    return b.call(backprose_runtime.set_at, cleared.operands[0], value, index, kind=op.result.kind, name=op.result.name)


def _add_at_list(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """The same for lists: what is added to the zero that an update has put there is put there."""
    buffer, index, value = op.operands
    put = c.call_of(
        buffer, backprose_runtime.with_item, backprose_runtime.inserted, backprose_runtime.appended
    )
    if not put or not c.only_use(buffer):
        return None
    *before, zero = put.operands
    if not (_is_const(zero, 0) or c.call_of(zero, backprose_runtime.zeros_like, np.zeros_like, np.zeros)):
        return None
    at = before[1] if len(before) == 2 else index
    counted = c.call_of(at, backprose_runtime.place)
    if put.fn is backprose_runtime.appended and index.kind != Static(-1):
        return None
    if at is not index and not _same_const(at, index) and not (counted and counted.operands[0] is index):
        return None
    return b.call(put.fn, *before, value, kind=op.result.kind, name=op.result.name)


def _same_const(x: Value, y: Value) -> bool:
    return isinstance(x.kind, Static) and x.kind == y.kind


TABLE: dict[Any, Callable[[Context, TypedBuilder, Op], Value | None]] = {
    operator.mul: _mul,
    np.multiply: _mul,
    operator.truediv: _div,
    operator.neg: _neg,
    operator.add: _add,
    operator.sub: _sub,
    operator.pow: _pow,
    np.transpose: _transpose,
    np.where: _where,
    np.sum: _sum,
    np.broadcast_to: _broadcast_to,
    operator.getitem: _getitem,
    reversed: _reversed,
    backprose_runtime.add_at: _add_at,
}


# Broadcasts


def _narrow(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """An elementwise call of something that was broadcast: the call broadcasts by itself, or is itself broadcast."""
    rule = rule_for(op.fn)
    if rule is None or not rule.is_elementwise or op.keywords or not op.in_reverse:
        return None
    wide = [v for v in op.operands if c.call_of(v, np.broadcast_to)]
    scalars = all(_broadcast_scalar(c, v) for v in wide)
    if not wide:
        return None
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
    if any(_has_shape(c, v, wide[0], op) for v in others):
        return b.call_named(op.fn, narrow, {}, op.result.kind)
    return None


def _broadcast_scalar(c: Context, value: Value) -> bool:
    made = c.call_of(value, np.broadcast_to)
    return made is not None and ndim_of(made.operands[0].kind) == 0


def _has_shape(c: Context, value: Value, wide: Value, op: Op) -> bool:
    """Whether `value` has the shape that `wide` was broadcast to, which is that of the result."""
    if c.shape_root(value) is c.shape_root(wide):
        return True
    source = _shape_source(c, c.made[wide])
    if source is not None and has_shape_of(value.kind, source.kind):
        return True
    return has_shape_of(value.kind, op.result.kind) and has_shape_of(wide.kind, op.result.kind)
