"""What is evident of the results of functions, given what is of their operands; see `analysis/magnitudes.py`."""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable
from typing import Any

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import dtype_of, is_complex, is_number
from backprose.analysis.magnitudes import (
    A_LENGTH, BOUNDED, NOTHING, NOWHERE_ZERO, ORDINARY, POSITIVE, ZERO, Fact, Magnitudes, meet, of_kind,
)  # fmt: skip
from backprose.ir.kinds import Range, Static
from backprose.ir.nodes import Op, Value
from backprose.rules.registry import is_singular
from backprose.rules.tables import entries

NONNEGATIVE, NONPOSITIVE = Fact.NONNEGATIVE, Fact.NONPOSITIVE
NONZERO, SURELY_NONZERO = Fact.NONZERO, Fact.SURELY_NONZERO
FINITE, SURELY_FINITE, FLAT, WHOLE, LENGTH = Fact.FINITE, Fact.SURELY_FINITE, Fact.FLAT, Fact.WHOLE, Fact.LENGTH

SIGNS = NONNEGATIVE | NONPOSITIVE

FactRule = Callable[[Magnitudes, Op], Fact]
TABLE: dict[Any, FactRule] = {}
_for = entries(TABLE)


def fact_of_call(m: Magnitudes, op: Op) -> Fact:
    """The facts of the result of a call. A function that nobody tells anything of is finite where its operands are."""
    entry = TABLE.get(op.fn) if _is_hashable(op.fn) else None
    if entry is not None:
        return entry(m, op)
    if isinstance(op.result.kind, Range) or not any(is_number(v.kind) for v in op.operands):
        return of_kind(op.result.kind)
    together = meet(m.of(v) for v in op.operands)
    return together & WHOLE if is_singular(op.fn) else together & ORDINARY


def _is_hashable(fn: Any) -> bool:
    try:
        hash(fn)
    except TypeError:
        return False
    return True


def _is_real(op: Op) -> bool:
    """Whether nothing in the call may be complex, as anything may be whose dtype is decided at run time."""
    kinds = [v.kind for v in (*op.operands, op.result) if is_number(v.kind)]
    return not any(dtype_of(kind) is None or is_complex(kind) for kind in kinds)


def _first(m: Magnitudes, op: Op) -> Fact:
    return m.of(op.operands[0])


# Rearrangements, choices


@_for(
    np.reshape, np.ravel, np.ndarray.flatten, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.expand_dims,
    np.squeeze, np.broadcast_to, np.flip, np.fliplr, np.flipud, np.roll, np.rot90, np.repeat, np.tile, np.copy, np.ndarray.copy,
    np.array, np.asarray, np.ascontiguousarray, np.ndarray.astype, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.take,
    np.take_along_axis, np.diagonal, np.sort, np.partition, np.real, np.positive, operator.pos, operator.getitem,
    np.split, np.array_split, np.hsplit, np.vsplit, np.resize, np.ndarray.item,
    np.ndarray.tolist, float, np.float16, np.float32, np.float64, np.longdouble, builtins.list, builtins.tuple,
    builtins.reversed, np.max, np.min, np.amax, np.amin, np.maximum.reduce, np.minimum.reduce,
    backprose_runtime.flat, backprose_runtime.get_at, backprose_runtime.stop_gradient,
    backprose_runtime.last_at, backprose_runtime.copy_of, backprose_runtime.flatten, backprose_runtime.unpack,
)  # fmt: skip
def _same(m: Magnitudes, op: Op) -> Fact:
    """The entries are among those of the first operand."""
    return _first(m, op)


@_for(
    np.sum, builtins.sum, math.fsum, np.cumsum, np.nansum, np.trace, np.mean, np.median, np.quantile, np.percentile,
    backprose_runtime.unbroadcast, backprose_runtime.sum_to,
)  # fmt: skip
def _sum(m: Magnitudes, op: Op) -> Fact:
    """Of terms that may have either sign the sum may be 0. The number of entries of a mask counts as a length."""
    fact = _first(m, op)
    if dtype_of(op.operands[0].kind) in ("bool", "bool_"):
        return A_LENGTH
    return fact & ~LENGTH if fact & SIGNS else fact & ~(NOWHERE_ZERO | LENGTH)


@_for(np.concatenate, np.stack, np.vstack, np.hstack, np.column_stack, operator.concat, builtins.zip)
def _joined(m: Magnitudes, op: Op) -> Fact:
    return meet(m.of(v) for v in op.positional if not isinstance(v.kind, Static))


@_for(np.where)
def _where(m: Magnitudes, op: Op) -> Fact:
    """Either of two; `np.where(x > 0, x, c)` is positive."""
    if len(op.operands) != 3:
        return of_kind(op.result.kind)
    condition, x, y = op.operands
    asked = m.made.get(condition)
    chosen = m.of(x)
    if asked is not None and asked.operands[:1] == (x,) and len(asked.operands) == 2:
        bound = m.of(asked.operands[1])
        is_zero = asked.operands[1].kind in (Static(0), Static(0.0))
        if asked.fn in (operator.gt, np.greater) and NONNEGATIVE in bound:
            chosen |= POSITIVE | SURELY_NONZERO
        elif asked.fn in (operator.ne, np.not_equal) and is_zero:
            chosen |= NOWHERE_ZERO
    return chosen & m.of(y)


@_for(np.maximum, np.fmax)
def _maximum(m: Magnitudes, op: Op) -> Fact:
    a, b = map(m.of, op.operands[:2])
    either = a | b
    positive = a if NONNEGATIVE | SURELY_NONZERO in a else b
    lifted = positive & (POSITIVE | SURELY_NONZERO) if NONNEGATIVE in positive else NOTHING
    return a & b | either & NONNEGATIVE | lifted


@_for(builtins.max)
def _max(m: Magnitudes, op: Op) -> Fact:
    return _maximum(m, op) if len(op.operands) == 2 else meet(m.of(v) for v in op.operands)


@_for(np.minimum, np.fmin, builtins.min)
def _minimum(m: Magnitudes, op: Op) -> Fact:
    return meet(m.of(v) for v in op.operands)


@_for(np.clip)
def _clip(m: Magnitudes, op: Op) -> Fact:
    """What is not below a positive bound is positive."""
    low = op.positional[1] if len(op.positional) > 1 else op.keywords.get("a_min", op.keywords.get("min"))
    x = _first(m, op) & (NONNEGATIVE | BOUNDED)
    return x if low is None else x | m.of(low) & (POSITIVE | SURELY_NONZERO) if NONNEGATIVE in m.of(low) else x


@_for(np.nan_to_num)
def _nan_to_num(m: Magnitudes, op: Op) -> Fact:
    return _first(m, op) & NONNEGATIVE | BOUNDED


@_for(backprose_runtime.add_at)
def _add_at(m: Magnitudes, op: Op) -> Fact:
    buffer, share = m.of(op.operands[0]), m.of(op.operands[2])
    return buffer & share & (SIGNS | BOUNDED | FLAT) | buffer & WHOLE


@_for(backprose_runtime.set_at, backprose_runtime.put_at)
def _set_at(m: Magnitudes, op: Op) -> Fact:
    return m.of(op.operands[0]) & m.of(op.operands[1])


# Arrays that are new


@_for(np.zeros, np.zeros_like, backprose_runtime.zeros_like)
def _zeros(m: Magnitudes, op: Op) -> Fact:
    return ZERO


@_for(np.ones, np.ones_like)
def _ones(m: Magnitudes, op: Op) -> Fact:
    return ORDINARY | POSITIVE | SURELY_NONZERO | FLAT


@_for(np.full, np.full_like)
def _full(m: Magnitudes, op: Op) -> Fact:
    return m.of(op.operands[1])


@_for(np.eye, np.identity, np.pad, np.diag, np.tril, np.triu)
def _with_zeros(m: Magnitudes, op: Op) -> Fact:
    return _first(m, op) & (BOUNDED | NONNEGATIVE | FLAT) if op.fn not in (np.eye, np.identity) else ZERO


@_for(len, np.size, np.ndim, np.shape)
def _length(m: Magnitudes, op: Op) -> Fact:
    return A_LENGTH


@_for(
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne, operator.not_, operator.invert,
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal, np.logical_and, np.logical_or,
    np.logical_not, np.isnan, np.isfinite, np.isinf, np.sign, np.heaviside,
)  # fmt: skip
def _bounded(m: Magnitudes, op: Op) -> Fact:
    return BOUNDED if op.fn is np.sign else BOUNDED | NONNEGATIVE


# Arithmetic


@_for(operator.add, np.add)
def _add(m: Magnitudes, op: Op) -> Fact:
    x, y = op.operands[:2]
    a, b = m.of(x), m.of(y)
    both = a & b & (BOUNDED | SIGNS | FLAT | LENGTH) | (a | b) & WHOLE
    if both & SIGNS:
        both |= (a | b) & NOWHERE_ZERO
    if _lifts_zero(m, x, y) or _lifts_zero(m, y, x):
        both |= NOWHERE_ZERO
    return both | NOWHERE_ZERO if LENGTH in both else both


def _lifts_zero(m: Magnitudes, x: Value, mask: Value) -> bool:
    """Whether `x + mask` is `x + (x == 0)`."""
    made = m.made.get(mask)
    return made is not None and made.fn is operator.eq and made.operands[0] is x and made.operands[1].kind in (
        Static(0), Static(0.0),
    )  # fmt: skip


@_for(operator.sub, np.subtract)
def _sub(m: Magnitudes, op: Op) -> Fact:
    """`x - np.max(x)` is nowhere positive."""
    x, y = op.operands[:2]
    a, b = m.of(x), _negated(m.of(y))
    both = a & b & (BOUNDED | SIGNS) | (a | b) & WHOLE
    if both & SIGNS:
        both |= (a | b) & NOWHERE_ZERO
    top = m.made.get(y)
    if top is not None and top.fn in (np.max, np.amax) and top.operands[0] is x:
        both |= NONPOSITIVE
    return both | NOWHERE_ZERO | LENGTH if LENGTH in m.of(x) & m.of(y) else both


@_for(operator.neg, np.negative)
def _neg(m: Magnitudes, op: Op) -> Fact:
    return _negated(_first(m, op))


def _negated(fact: Fact) -> Fact:
    signs = (NONPOSITIVE if NONNEGATIVE in fact else NOTHING) | (NONNEGATIVE if NONPOSITIVE in fact else NOTHING)
    return fact & ~(SIGNS | FLAT | LENGTH) | signs


def _sign_of_product(a: Fact, b: Fact) -> Fact:
    same = NONNEGATIVE in a & b or NONPOSITIVE in a & b
    opposite = NONNEGATIVE in a and NONPOSITIVE in b or NONPOSITIVE in a and NONNEGATIVE in b
    return (NONNEGATIVE if same else NOTHING) | (NONPOSITIVE if opposite else NOTHING)


@_for(operator.mul, np.multiply)
def _mul(m: Magnitudes, op: Op) -> Fact:
    x, y = op.operands[:2]
    a, b = m.of(x), m.of(y)
    both = a & b & (BOUNDED | NOWHERE_ZERO | WHOLE | LENGTH) | _sign_of_product(a, b)
    if _vanishes(a) or _vanishes(b):
        both &= ~WHOLE
    if x is y and _is_real(op):
        return both | NONNEGATIVE | FLAT
    return both | FLAT if _is_flat_product(a, b) or _is_flat_product(b, a) else both


def _vanishes(fact: Fact) -> bool:
    """Whether it is an exponential of what may be infinite: `np.exp(-1 / x**2)`."""
    return NONZERO in fact and FINITE not in fact and SURELY_NONZERO not in fact


def _is_flat_product(a: Fact, b: Fact) -> bool:
    """Whether `a * b` is 0 only where its derivative is: a is flat, and so is b, or it is positive."""
    return FLAT in a and (FLAT in b or POSITIVE in b)


@_for(operator.truediv, np.divide, np.true_divide, backprose_runtime.divide_nonzero)
def _div(m: Magnitudes, op: Op) -> Fact:
    a, b = map(m.of, op.operands[:2])
    found = _sign_of_product(a, b) | a & WHOLE
    found |= a & NONZERO if FINITE in b else NOTHING
    found |= a & SURELY_NONZERO if SURELY_FINITE in b else NOTHING
    found |= a & FINITE if FINITE | NONZERO in b else NOTHING
    found |= a & SURELY_FINITE if FINITE | SURELY_NONZERO in b else NOTHING
    found |= a & FLAT if POSITIVE in b else NOTHING
    return found


@_for(backprose_runtime.multiply_nonzero)
def _multiply_nonzero(m: Magnitudes, op: Op) -> Fact:
    a, b = map(m.of, op.operands[:2])
    return a & b & BOUNDED | _sign_of_product(a, b) | a & WHOLE


@_for(backprose_runtime.plain_reciprocal)
def _plain_reciprocal(m: Magnitudes, op: Op) -> Fact:
    """Taken to be finite: products with it are not guarded. A rule writes it where a zero cotangent is no reason for a 0."""
    return ORDINARY


@_for(np.reciprocal)
def _reciprocal(m: Magnitudes, op: Op) -> Fact:
    b = _first(m, op)
    found = b & (NONNEGATIVE | WHOLE) | (NONZERO if FINITE in b else NOTHING)
    found |= SURELY_NONZERO if SURELY_FINITE in b else NOTHING
    found |= FINITE if FINITE | NONZERO in b else NOTHING
    return found | SURELY_FINITE if FINITE | SURELY_NONZERO in b else found


@_for(operator.pow, np.power, np.float_power, math.pow, builtins.pow)
def _power(m: Magnitudes, op: Op) -> Fact:
    a = _first(m, op)
    n = op.operands[1].kind.value if isinstance(op.operands[1].kind, Static) else None
    if not isinstance(n, (int, float)):
        return a & (NONNEGATIVE | WHOLE) | (a & (FINITE | NONZERO) if POSITIVE in a else NOTHING)
    found = a & (NONNEGATIVE | WHOLE | NOWHERE_ZERO)
    if n % 2 == 0 and _is_real(op):
        found |= NONNEGATIVE | (FLAT if n > 0 else NOTHING)
    if NONNEGATIVE in a and (n > 1 or n > 0 and FLAT in a):
        found |= FLAT
    if NONNEGATIVE in a or n % 1 == 0:
        found |= a & BOUNDED if n >= 0 else a & FINITE if NONZERO in a else NOTHING
        found |= a & SURELY_FINITE if SURELY_NONZERO in a else NOTHING
    return found


@_for(np.square)
def _square(m: Magnitudes, op: Op) -> Fact:
    fact = _first(m, op) & (BOUNDED | NOWHERE_ZERO | WHOLE)
    return fact | NONNEGATIVE | FLAT if _is_real(op) else fact


@_for(np.absolute, np.fabs, builtins.abs, operator.abs, math.fabs)
def _absolute(m: Magnitudes, op: Op) -> Fact:
    """The derivative at 0 is taken as 0, so that roots of it are right."""
    return _first(m, op) & (BOUNDED | NOWHERE_ZERO | WHOLE) | NONNEGATIVE | FLAT


@_for(np.var, np.std, np.linalg.norm, np.hypot, math.hypot, math.dist, np.ptp)
def _length_of_vector(m: Magnitudes, op: Op) -> Fact:
    """The derivative at 0 is taken as 0."""
    fact = NONNEGATIVE | WHOLE | meet(m.of(v) for v in op.operands if not isinstance(v.kind, Static)) & BOUNDED
    return fact if op.fn is np.ptp else fact | FLAT


@_for(np.dot, np.matmul, operator.matmul, np.inner, np.vdot)
def _product(m: Magnitudes, op: Op) -> Fact:
    x, y = op.operands[:2]
    both = m.of(x) & m.of(y) & BOUNDED | WHOLE
    square = x is y and _is_real(op) and getattr(x.kind, "ndim", 0) == 1
    return both | NONNEGATIVE | FLAT if square else both


@_for(np.einsum)
def _einsum(m: Magnitudes, op: Op) -> Fact:
    """`einsum("ij,ij->i", x, x)` is a sum of squares."""
    text, *factors = op.positional
    both = meet(m.of(v) for v in factors) & BOUNDED | WHOLE
    if len(factors) != 2 or factors[0] is not factors[1] or not isinstance(text.kind, Static) or not _is_real(op):
        return both
    left, _, right = str(text.kind.value).replace(" ", "").partition("->")[0].partition(",")
    return both | NONNEGATIVE | FLAT if left == right else both


# Functions


@_for(np.sqrt, np.cbrt, math.sqrt, math.cbrt)
def _root(m: Magnitudes, op: Op) -> Fact:
    fact = _first(m, op)
    return fact & ~LENGTH if NONNEGATIVE in fact or op.fn in (np.cbrt, math.cbrt) else fact & (NOWHERE_ZERO | WHOLE)


@_for(np.exp, np.exp2, math.exp, math.exp2)
def _exp(m: Magnitudes, op: Op) -> Fact:
    """Of what is nowhere positive it can't overflow."""
    fact = _first(m, op)
    return fact & (FINITE | WHOLE) | POSITIVE | (fact & SURELY_FINITE if NONPOSITIVE in fact else NOTHING)


@_for(np.cosh, math.cosh)
def _cosh(m: Magnitudes, op: Op) -> Fact:
    return _first(m, op) & (FINITE | WHOLE) | POSITIVE | SURELY_NONZERO


@_for(np.sinh, np.expm1, math.sinh, math.expm1)
def _grows(m: Magnitudes, op: Op) -> Fact:
    return _first(m, op) & (FINITE | WHOLE)


@_for(np.log, np.log2, np.log10, math.log, math.log2, math.log10)
def _log(m: Magnitudes, op: Op) -> Fact:
    fact = meet(map(m.of, op.operands))
    found = fact & WHOLE | (fact & FINITE if POSITIVE in fact else NOTHING)
    return found | fact & SURELY_FINITE if POSITIVE | SURELY_NONZERO in fact else found


@_for(np.log1p, math.log1p)
def _log1p(m: Magnitudes, op: Op) -> Fact:
    fact = _first(m, op)
    return fact & ~LENGTH if NONNEGATIVE in fact else fact & WHOLE


@_for(
    np.sin, np.cos, np.tanh, np.arctan, np.arctan2, math.sin, math.cos, math.tanh, math.atan, math.atan2, math.erf,
    math.erfc, np.sinc,
)  # fmt: skip
def _wave(m: Magnitudes, op: Op) -> Fact:
    """Bounded where the operands are finite."""
    fact = meet(map(m.of, op.operands))
    return fact & WHOLE | (BOUNDED if FINITE in fact else NOTHING)
