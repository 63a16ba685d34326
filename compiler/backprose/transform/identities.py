"""Identities that hold in floating point: each looks at one call and gives a simpler value for it, or None."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import dtype_of
from backprose.ir.kinds import Array, Scalar, Static
from backprose.ir.nodes import Op, Value
from backprose.transform.array_identities import OF_ARRAYS, has_sign, is_const, same_kind
from backprose.transform.scales import joined
from backprose.transform.terms import collected
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.algebra import Context


def _mul(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    x, y = op.operands
    for one, other in ((x, y), (y, x)):
        if is_const(one, 1) and op.is_derivative:  # elsewhere `1.0 * n` may make a float of an int, or a copy
            return same_kind(other, op)
        if is_const(one, -1) and same_kind(other, op):
            return b.call(operator.neg, other, kind=op.result.kind)
        minus = c.minus(one)
        if minus and c.only_use(one) and op.is_derivative and (opposite := _opposite(b, other)):
            factors = (minus.operands[0], opposite) if one is x else (opposite, minus.operands[0])
            return b.call(operator.mul, *factors, kind=op.result.kind)
        if minus and c.only_use(one) and other is not one and not isinstance(other.kind, Static):
            product = (minus.operands[0], other) if one is x else (other, minus.operands[0])
            return b.call(operator.neg, b.call(operator.mul, *product, kind=op.result.kind), kind=op.result.kind)
    return _scaled(c, b, op) or joined(c, b, op) or _by_reciprocal(c, b, op)


def _by_reciprocal(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """`x / t * p` and `x * p / t` are `x * p * p`, if p is `1 / t`: products take less time, and t need not be kept."""
    if not op.is_derivative or not isinstance(op.result.kind, Array):
        return None
    ways = ((0, 1), (1, 0)) if op.fn is operator.mul else ((0, 1),)
    inner = operator.truediv if op.fn is operator.mul else operator.mul
    for left, right in ways:
        first = c.call_of(op.operands[left], inner)
        if first is None or not first.is_derivative or not c.only_use(first.result):
            continue
        for x, factor in (first.operands, first.operands[::-1])[: 1 if inner is operator.truediv else 2]:
            p, t = (op.operands[right], factor) if inner is operator.truediv else (factor, op.operands[right])
            reciprocal = c.call_of(p, operator.truediv)
            if reciprocal and is_const(reciprocal.operands[0], 1) and reciprocal.operands[1] is t:
                return b.call(operator.mul, b.call(operator.mul, x, p, kind=first.result.kind), p, kind=op.result.kind)
    return None


def _scaled(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """Powers of two come together.

    `2 * (0.5 * x)` is x, `2 * (a / (2 * b))` is `a / b`, `1 / n * (2 * x)` is `2 / n * x`, `a / 2 * (2 * b)` is `a * b`.
    """
    if not op.is_derivative:
        return None
    x, y = op.operands
    if x is not y and all(c.call_of(v, operator.mul, operator.truediv) and c.only_use(v) for v in (x, y)):
        left, right = _factor_of_two(c, x), _factor_of_two(c, y)
        if left and right:
            return _times(b, left[0] * right[0], b.call(operator.mul, left[1], right[1], kind=op.result.kind), op)
    for one, other in (op.operands, op.operands[::-1]):
        if isinstance(one.kind, Static) and type(one.kind.value) in (int, float):
            if _power_of_two(one) is not None and (scaled := _scaled_small(c, b, one.kind.value, other)):
                return scaled
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


def _scaled_small(c: Context, b: TypedBuilder, power: float, product: Value, uses: int = 1) -> Value | None:
    """`2 * (np.expand_dims(s, 1) * x)` is `np.expand_dims(2 * s, 1) * x`, in which fewer entries are multiplied."""
    op = c.call_of(product, operator.mul)
    if not op or c.counts[product] > uses or not op.is_derivative:
        return None
    for small, large in (op.operands, op.operands[::-1]):
        spread = c.call_of(small, np.expand_dims)
        if spread and c.only_use(small) and c.only_use(spread.operands[0]) and not c.call_of(large, np.expand_dims):
            s = spread.operands[0]
            found = _split(c, b, s)
            scaled = _times(b, power * found[0], found[1], c.made[s]) if found else None
            scaled = scaled or b.call(operator.mul, b.const(power), s, kind=s.kind)
            small = b.call(np.expand_dims, scaled, *spread.operands[1:], kind=small.kind)
            return b.call(operator.mul, small, large, kind=product.kind)
    return None


def _times(b: TypedBuilder, factor: float, value: Value, op: Op) -> Value | None:
    if factor == 1:
        return same_kind(value, op)
    if factor == -1 and same_kind(value, op):
        return b.call(operator.neg, value, kind=op.result.kind)
    constant = b.const(int(factor) if factor == int(factor) else factor)
    return b.call(operator.mul, constant, value, kind=op.result.kind)


def _split(c: Context, b: TypedBuilder, value: Value, uses: int = 1) -> tuple[float, Value] | None:
    """A power of two and the rest of a product or quotient that only one op reads; None if there is no such factor."""
    op = c.made.get(value)
    if op is None or op.fn not in (operator.mul, operator.truediv, operator.neg):
        return None
    if c.counts[value] > uses or not op.is_derivative:
        return None
    if op.fn is operator.neg:
        found = _split(c, b, op.operands[0])
        return (-found[0], found[1]) if found else None
    x, y = op.operands
    for one, other in ((x, y), (y, x)):
        if op.fn is operator.mul and _power_of_two(one) is not None:
            return (_power_of_two(one), other) if same_kind(other, op) else None
    left, right = _split(c, b, x), _split(c, b, y)
    if left is None and right is None:
        return None
    above, below = left or (1, x), right or (1, y)
    factor = above[0] * below[0] if op.fn is operator.mul else above[0] / below[0]
    return factor, b.call(op.fn, above[1], below[1], kind=value.kind)


def _factor_of_two(c: Context, value: Value) -> tuple[float, Value] | None:
    """A power of two by which a value is multiplied or divided, and that value."""
    op = c.made[value]
    x, y = op.operands
    for one, other, is_divisor in ((x, y, False), (y, x, op.fn is operator.truediv)):
        number = _power_of_two(one)
        if number is not None and (one is y or op.fn is operator.mul) and same_kind(other, op):
            return 1 / number if is_divisor else number, other
    return None


def _power_of_two(value: Value) -> float | None:
    number = value.kind.value if isinstance(value.kind, Static) else None
    return number if type(number) in (int, float) and abs(math.frexp(number)[0]) == 0.5 else None


def _div(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    x, y = op.operands
    if is_const(y, 1) and op.is_derivative:
        return same_kind(x, op)
    found = _split(c, b, x) if op.is_derivative and _power_of_two(y) is not None else None
    if found and same_kind(found[1], op):
        return _times(b, found[0] / y.kind.value, found[1], op)
    minus = c.minus(x)
    if minus and c.only_use(x) and op.is_derivative and (opposite := _opposite(b, y)):
        return b.call(operator.truediv, minus.operands[0], opposite, kind=op.result.kind)
    if minus and c.only_use(x) and x is not y:
        quotient = b.call(operator.truediv, minus.operands[0], y, kind=op.result.kind)
        return b.call(operator.neg, quotient, kind=op.result.kind)
    return joined(c, b, op) or _by_reciprocal(c, b, op)


def _guarded(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """The minus sign of what a guard takes moves outwards."""
    minus = c.minus(op.operands[0])
    if not minus or not c.only_use(op.operands[0]):
        return None
    product = b.call(op.fn, minus.operands[0], *op.operands[1:], kind=op.result.kind)
    return b.call(operator.neg, product, kind=op.result.kind)


def _opposite(b: TypedBuilder, value: Value) -> Value | None:
    """The constant with the other sign, which takes up the minus sign of what it multiplies or divides."""
    number = value.kind.value if isinstance(value.kind, Static) else None
    return b.const(-number) if type(number) in (int, float) and number != 0 else None


def _without_minus(c: Context, b: TypedBuilder, value: Value) -> Value | None:
    """The negative of what only one op reads, if it has a minus sign: of -x, and of x times a negative constant."""
    op = c.made.get(value)
    if op is None or op.name != "call" or not c.only_use(value):
        return None
    if op.fn is operator.neg:
        return op.operands[0] if has_sign(op) else None
    if op.fn not in (operator.mul, operator.truediv) or not op.is_derivative:
        return None
    x, y = op.operands
    if _is_negative(y):
        return b.call(op.fn, x, _opposite(b, y), kind=value.kind)
    return b.call(op.fn, _opposite(b, x), y, kind=value.kind) if _is_negative(x) else None


def _is_negative(value: Value) -> bool:
    number = value.kind.value if isinstance(value.kind, Static) else None
    return type(number) in (int, float) and number < 0


def _neg(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    minus = c.minus(op.operands[0])
    if minus:
        return same_kind(minus.operands[0], op)
    return _without_minus(c, b, op.operands[0]) if op.is_derivative else None


def _add(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    x, y = op.operands
    if op.is_derivative:
        for zero, other in ((x, y), (y, x)):
            if is_const(zero, 0) or c.call_of(zero, np.zeros_like):
                return same_kind(other, op)
        if x is y and (scaled := _scaled_small(c, b, 2, x, uses=2)):
            return scaled
        if x is y:
            factor, value = _split(c, b, x, uses=2) or (1, x)
            minus = c.minus(value)
            return _times(b, *(-2 * factor, minus.operands[0]) if minus else (2 * factor, value), op)
        if together := collected(c, b, op):
            return together
    less = _without_minus(c, b, y)
    if less:
        return b.call(operator.sub, x, less, kind=op.result.kind)
    product = c.call_of(y, operator.matmul)
    minus = c.minus(product.operands[0]) if product and op.is_derivative else None
    if minus and c.only_use(y):
        positive = b.call(operator.matmul, minus.operands[0], product.operands[1], kind=y.kind)
        return b.call(operator.sub, x, positive, kind=op.result.kind)
    minus = c.minus(x)
    if minus and c.only_use(x) and op.is_derivative:
        return b.call(operator.sub, y, minus.operands[0], kind=op.result.kind)
    return None


def _sub(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    if op.is_derivative and (together := collected(c, b, op)):
        return together
    x, y = op.operands
    less = _without_minus(c, b, y)
    return b.call(operator.add, x, less, kind=op.result.kind) if less else None


def _pow(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    x, n = op.operands
    if not op.is_derivative or not isinstance(n.kind, Static):
        return None
    if is_const(n, 0) and isinstance(op.result.kind, Array) and op.result.kind.axes:
        one, dtype = b.const(1.0), dtype_of(op.result.kind)
        if dtype != "float64":
            one = b.call(np.dtype(dtype).type, one, kind=Scalar(dtype))
        return b.call(np.broadcast_to, one, b.call(np.shape, x), kind=op.result.kind)
    return same_kind(x, op) if is_const(n, 1) else None


IDENTITIES: dict[Any, Callable[[Context, TypedBuilder, Op], Value | None]] = {
    operator.mul: _mul,
    np.multiply: _mul,
    operator.truediv: _div,
    operator.neg: _neg,
    operator.add: _add,
    operator.sub: _sub,
    operator.pow: _pow,
    backprose_runtime.multiply_nonzero: _guarded,
    backprose_runtime.divide_nonzero: _guarded,
    **OF_ARRAYS,
}
