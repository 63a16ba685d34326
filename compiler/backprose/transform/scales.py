"""Scalar factors of a product in the reverse sweep are multiplied with each other before an array is.

`0.5 * spot * (t * e) / root`, in which t and root are scalars, is `0.5 * t / root * spot * e`: two passes over arrays, not
four.

A factor that moves is a constant, or was made of constants and lengths alone: so it has an ordinary magnitude, and no
product overflows or underflows for it. It may join any other scalar.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from backprose.analysis.kinds import dtype_of, is_complex, is_inexact, ndim_of
from backprose.ir.kinds import Array, Dim, Static
from backprose.ir.nodes import Op, Value
from backprose.transform.array_identities import as_result, is_const
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.algebra import Context

DEPTH = 4  # products of products that are looked into
OF_CONSTANTS = frozenset({operator.mul, operator.truediv, operator.neg, math.sqrt, np.sqrt})


def joined(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """A product or quotient with one pass over an array less, if two scalar factors can be joined."""
    if not op.is_derivative or not isinstance(op.result.kind, Array) or not op.result.kind.axes:
        return None
    if not is_inexact(op.result.kind) or is_complex(op.result.kind):
        return None
    return as_result(b, _joined(c, b, op), op)


def _joined(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    x, y = op.operands
    if _is_scalar(y):
        return _with_scalar(c, b, x, y, op.fn)
    if op.fn is operator.truediv:
        return None
    if _is_scalar(x):
        return _with_scalar(c, b, y, x, op.fn)
    first, second = scalar_in(c, x), scalar_in(c, y)
    for one, other, left in ((first, second, True), (second, first, False)):
        if one and other and moves(c, one.scalar):
            found = other.times(c, b, one.scalar, operator.truediv if one.divides else operator.mul)
            if found is not None:
                rest = one.without(b)
                return b.call(operator.mul, *((rest, found) if left else (found, rest)))
    return None


def _with_scalar(c: Context, b: TypedBuilder, array: Value, scalar: Value, fn: Callable) -> Value | None:
    """The array, in which another scalar is multiplied or divided by this one."""
    found = scalar_in(c, array)
    if found is None or not (moves(c, scalar) or (fn is operator.mul and moves(c, found.scalar))):
        return None
    if moves(c, scalar):
        return found.times(c, b, scalar, fn)
    if found.divides and not moves(c, found.scalar, may_be_0=False):
        return None
    rest = found.without(b)
    joint = b.call(operator.truediv, scalar, found.scalar) if found.divides else _product(b, scalar, found.scalar)
    return b.call(operator.mul, joint, rest)


def _product(b: TypedBuilder, x: Value, y: Value) -> Value:
    """The product of two scalars, a constant first."""
    return b.call(operator.mul, *((y, x) if isinstance(y.kind, Static) else (x, y)))


def taken_out(c: Context, b: TypedBuilder, x: Value, y: Value, sign: int) -> Value | None:
    """`s * (x + y)` for sums of `s * x` and `s * y`, in which s may stand further inside."""
    first, second = scalar_in(c, x), scalar_in(c, y)
    if first is None or second is None or first.scalar is not second.scalar or first.divides != second.divides:
        return None
    kinds = [v.kind for v in (x, y)]
    if not moves(c, first.scalar) or not all(isinstance(kind, Array) and is_inexact(kind) for kind in kinds):
        return None
    rests = first.without(b), second.without(b)
    if [rest.kind for rest in rests] != kinds or kinds[0] != kinds[1]:
        return None
    total = b.call(operator.sub if sign < 0 else operator.add, *rests)
    return b.call(operator.truediv, total, first.scalar) if first.divides else b.call(operator.mul, first.scalar, total)


class Found(NamedTuple):
    """A scalar in a product, and the ops on the way there, outermost first, each with the operand that leads on."""

    scalar: Value
    path: tuple[tuple[Op, int], ...]

    @property
    def divides(self) -> bool:
        op, at = self.path[-1]
        return op.fn is operator.truediv and at == 1

    def without(self, b: TypedBuilder) -> Value:
        """The product without the scalar."""
        op, at = self.path[-1]
        return self._rebuilt(b, op.operands[1 - at])

    def times(self, c: Context, b: TypedBuilder, scalar: Value, fn: Callable) -> Value | None:
        """The product with this scalar times, or divided by, another, unless that may be 0."""
        op, at = self.path[-1]
        if self.divides:
            fn = operator.mul if fn is operator.truediv else operator.truediv
        if fn is operator.truediv and not moves(c, scalar, may_be_0=False):
            return None
        joint = _product(b, self.scalar, scalar) if fn is operator.mul else b.call(fn, self.scalar, scalar)
        operands = [joint if k == at else v for k, v in enumerate(op.operands)]
        return self._rebuilt(b, b.call(op.fn, *operands))

    def _rebuilt(self, b: TypedBuilder, value: Value) -> Value:
        for op, at in reversed(self.path[:-1]):
            operands = [value if k == at else v for k, v in enumerate(op.operands)]
            value = b.call(op.fn, *operands)
        return value


def scalar_in(c: Context, value: Value, depth: int = DEPTH) -> Found | None:
    """A scalar that arrays are multiplied or divided by in a product which one op reads."""
    op = c.call_of(value, operator.mul, operator.truediv)
    if op is None or not depth or not op.is_derivative or not c.only_use(value):
        return None
    for at, operand in enumerate(op.operands):
        if _is_scalar(operand) and (op.fn is operator.mul or at == 1):
            return Found(operand, ((op, at),))
    for at, operand in enumerate(op.operands if op.fn is operator.mul else op.operands[:1]):
        inner = scalar_in(c, operand, depth - 1)
        if inner:
            return Found(inner.scalar, ((op, at), *inner.path))
    return None


def _is_scalar(value: Value) -> bool:
    """Whether the value is a real number; a factor 1 goes by itself."""
    if isinstance(value.kind, Array) or is_const(value, 1):
        return False
    is_real = dtype_of(value.kind) is not None and not is_complex(value.kind)
    return isinstance(value.kind, Dim) or (ndim_of(value.kind) == 0 and is_real)


def moves(c: Context, value: Value, may_be_0: bool = True, depth: int = DEPTH) -> bool:
    """Whether a scalar is a constant of ordinary magnitude, or made of such and of lengths, which may be 0."""
    if isinstance(value.kind, Dim):
        return may_be_0
    if isinstance(value.kind, Static):
        return type(value.kind.value) in (int, float) and 1e-9 < abs(value.kind.value) < 1e9
    op = c.made.get(value) if depth else None
    return op is not None and op.fn in OF_CONSTANTS and all(moves(c, v, may_be_0, depth - 1) for v in op.operands)
