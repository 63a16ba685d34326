"""Sums in the reverse sweep: like terms are collected, and a common factor is multiplied by once.

`t - 0.25 * t` is `0.75 * t`, `1.0 - e * c + e * -c` is `1.0 - 2 * (e * c)`, and `d * x - d * y` is `d * (x - y)`.

This rounds otherwise, so it is done to cotangents and tangents alone. It is safe: constants have ordinary magnitudes, and
`x - y` overflows only where x or y is within a factor of two of doing so. Where a zero cotangent d annihilates what it is
multiplied with (`multiply_nonzero`), it annihilates the sum.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from backprose_runtime import multiply_nonzero

from backprose.analysis.kinds import dtype_of, is_complex, is_inexact, ndim_of
from backprose.ir.kinds import Array, Scalar, Static
from backprose.ir.nodes import Op, Value
from backprose.transform.array_identities import as_result
from backprose.transform.scales import taken_out
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.algebra import Context

DEPTH = 2  # sums of sums that are looked into
DIGITS = 8  # of a constant that is written for several


def collected(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """The sum or difference with one operation less, if two of its terms go together."""
    if dtype_of(op.result.kind) is None or not is_inexact(op.result.kind) or is_complex(op.result.kind):
        return None
    x, y = op.operands
    return as_result(b, _total(c, b, x, y, -1 if op.fn is operator.sub else 1, DEPTH), op)


def _total(c: Context, b: TypedBuilder, x: Value, y: Value, sign: int, depth: int) -> Value | None:
    """x + y, or x - y for the sign -1, if a term of x goes together with y, or a term of y with x."""
    found = _like(c, b, x, y, sign) or _factored(c, b, x, y, sign) or taken_out(c, b, x, y, sign)
    if found or not depth:
        return found
    inner = _sum(c, x)
    if inner:
        p, q, s = inner
        if (rest := _total(c, b, q, y, s * sign, depth - 1)) is not None:
            return _plus(b, p, rest, s)
        rest = _total(c, b, p, y, sign, depth - 1)
        return rest and _plus(b, rest, q, s)
    inner = _sum(c, y)
    if inner:
        p, q, s = inner
        if (rest := _total(c, b, x, p, sign, 0)) is not None:
            return _plus(b, rest, q, sign * s)
        rest = _total(c, b, x, q, sign * s, 0)
        return rest and _plus(b, rest, p, sign)
    return None


def _sum(c: Context, value: Value) -> tuple[Value, Value, int] | None:
    """The terms of a sum that one op reads, and the sign of the second."""
    op = c.call_of(value, operator.add, operator.sub)
    if op is None or not op.is_derivative or not c.only_use(value):
        return None
    return (*op.operands, -1 if op.fn is operator.sub else 1)


def _plus(b: TypedBuilder, x: Value, y: Value, sign: int) -> Value:
    return b.call(operator.sub if sign < 0 else operator.add, x, y)


# Like terms


def _like(c: Context, b: TypedBuilder, x: Value, y: Value, sign: int) -> Value | None:
    """Multiples of the same value, or products of the same factors."""
    (m, u), (n, v) = _scaled(c, x), _scaled(c, y)
    if u is v:
        return _multiple(b, m + sign * n, u)
    if not c.call_of(u, operator.mul) or not c.call_of(v, operator.mul):
        return None
    first, second = _factors(c, u), _factors(c, v)
    if {*first[1:]} != {*second[1:]}:
        return None
    k, whole = (second[0], v) if second[0] == 1 else (first[0], u)
    return _multiple(b, (m * first[0] + sign * n * second[0]) / k, whole)


def _scaled(c: Context, value: Value) -> tuple[float, Value]:
    """A constant and what it is multiplied with to give the value."""
    found = c.scaled.get(value)
    if found is None:
        found = c.scaled[value] = _without_constants(c, value)
    return found


def _without_constants(c: Context, value: Value) -> tuple[float, Value]:
    factor = 1.0
    while (op := c.call_of(value, operator.neg, operator.mul)) is not None and is_inexact(value.kind):
        if op.fn is operator.neg:
            factor, value = -factor, op.operands[0]
            continue
        x, y = op.operands
        number, other = (_number(x), y) if _number(x) is not None else (_number(y), x)
        if number is None:
            break
        factor, value = factor * number, other
    return factor, value


def _factors(c: Context, product: Value) -> tuple[float, Value, Value]:
    """The factors of a product without their constants, which come first."""
    x, y = c.made[product].operands
    (k, x), (m, y) = _scaled(c, x), _scaled(c, y)
    return k * m, x, y


def _number(value: Value) -> float | None:
    """A constant of ordinary magnitude."""
    number = value.kind.value if isinstance(value.kind, Static) else None
    return number if type(number) in (int, float) and _is_ordinary(number) else None


def _is_ordinary(number: float) -> bool:
    return 1e-9 < abs(number) < 1e9


def _multiple(b: TypedBuilder, factor: float, value: Value) -> Value | None:
    """The factor times the value, if it is a number that can be read."""
    if not _is_ordinary(factor) or len(repr(factor)) > DIGITS:
        return None
    if not is_inexact(value.kind) or isinstance(value.kind, Static):
        return None
    if abs(factor) == 1:
        return value if factor > 0 else b.call(operator.neg, value)
    return b.call(operator.mul, b.const(int(factor) if factor == int(factor) else factor), value)


# Common factors


def _factored(c: Context, b: TypedBuilder, x: Value, y: Value, sign: int) -> Value | None:
    """`m * d * u + n * d * v` as `m * d * (u + n / m * v)`."""
    first, second = _product(c, x), _product(c, y)
    if first is None or second is None:
        return None
    (m, left, is_own), (n, right, is_other_own) = first, second
    for d, u in _ways(left):
        for e, v in _ways(right):
            sign_of_e = _sign_between(c, d, e)
            if sign_of_e and _are_alike(d, u, v, x) and _pays(u, is_own) and _pays(v, is_other_own):
                k = n * sign * sign_of_e
                if m < 0 and k < 0 and sign_of_e < 0:
                    d, m, k = e, -m, -k
                fn = multiply_nonzero if multiply_nonzero in (left.fn, right.fn) else operator.mul
                return _times_sum(b, fn, d, (m, u), (k, v))
    return None


def _times_sum(
    b: TypedBuilder, fn: Any, d: Value, first: tuple[float, Value], second: tuple[float, Value]
) -> Value | None:
    (m, u), (n, v) = (second, first) if first[0] < 0 < second[0] else (first, second)
    rest = _multiple(b, abs(n / m), v)
    if rest is None:
        return None
    return _multiple(b, m, b.call(fn, d, b.call(operator.add if m * n > 0 else operator.sub, u, rest)))


def _sign_between(c: Context, d: Value, e: Value) -> int:
    """1 if the two are the same, -1 if one is the negative of the other, else 0."""
    if d is e:
        return 1
    (k, x), (m, y) = _scaled(c, d), _scaled(c, e)
    return -1 if x is y and k == -m else 0


def _product(c: Context, value: Value) -> tuple[float, Op, bool] | None:
    """A constant, and the product that it stands before, with whether one op reads that; others read it without the constant."""
    factor = 1.0
    while (op := c.call_of(value, operator.neg, operator.mul, multiply_nonzero)) is not None:
        is_own = c.only_use(value)
        if not op.is_derivative or not (is_own or abs(factor) != 1):
            return None
        if op.fn is operator.neg:
            factor, value = -factor, op.operands[0]
            continue
        x, y = op.operands[:2]
        number, other = (_number(x), y) if _number(x) is not None else (_number(y), x)
        if number is None:
            return (factor, op, is_own) if len(op.operands) == 2 else None
        if not is_own:
            return None
        factor, value = factor * number, other
    return None


def _pays(rest: Value, is_own: bool) -> bool:
    """Whether to multiply once more what stays: a number is, rather than the product by its constant."""
    return is_own or isinstance(rest.kind, Scalar)


def _ways(op: Op) -> list[tuple[Value, Value]]:
    """A product as a factor and the rest; before what a guard multiplies, it is what may be 0."""
    x, y = op.operands
    return [(x, y)] if op.fn is multiply_nonzero else [(x, y), (y, x)]


def _are_alike(d: Value, u: Value, v: Value, product: Value) -> bool:
    """Whether the sum of u and v takes no more room than they do, and has the precision of the product."""
    if ndim_of(u.kind) is None or ndim_of(v.kind) is None:
        return False
    arrays = [w.kind.axes for w in (u, v) if isinstance(w.kind, Array)]
    if len(arrays) == 2 and arrays[0] != arrays[1]:
        return False
    return all(
        isinstance(w.kind, (Array, Scalar)) and is_inexact(w.kind) and not is_complex(w.kind)
        and (dtype_of(w.kind) == dtype_of(product.kind) or isinstance(w.kind, Scalar) and w.kind.dtype == "float")
        for w in (u, v)
    )  # fmt: skip
