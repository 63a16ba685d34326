"""Functions that act entry by entry. The formulas are definitions of calculus; docstrings state what is not evident.

`d` is the cotangent of the result in reverse mode and the tangent of the operand in forward mode. Where a formula can
be written with the result `y` it reads `y`, which is at hand anyway. Constants are Python floats: float32 stays.
"""

from __future__ import annotations

import builtins
import math
import operator

import numpy as np

from backprose.rules.registry import (
    at_compile_time, elementwise, linear, multilinear, no_derivative, pushforward, real_only, rule, singular,
)  # fmt: skip
from backprose.rules.static import is_flat_at_zero, may_turn_complex, value_is_known
from backprose_runtime import unbroadcast


def select(condition, x, y):
    """x where `condition` holds, else y: a conditional expression for scalars, `np.where` for arrays."""
    return (x if condition else y) if np.ndim(condition) == 0 else np.where(condition, x, y)


def off_zero(x):
    """x, and 1 where it is 0."""
    return x + (x == 0)


# Arithmetic


@elementwise(np.add, operator.add)
def add(y, a, b, *, d):
    """y = a + b."""
    return d, d


@elementwise(np.subtract, operator.sub)
def subtract(y, a, b, *, d):
    """y = a - b."""
    return d, -d


@pushforward(np.subtract, operator.sub)
def subtract_dot(y, a, b, *, a_dot, b_dot):
    if b_dot is None:
        return a_dot
    return -b_dot if a_dot is None else a_dot - b_dot


@elementwise(np.multiply, operator.mul)
def multiply(y, a, b, *, d):
    """y = a b.  Partials: b and a.  Reads: for each operand, the other."""
    return d * b, d * a


@elementwise(np.divide, operator.truediv)
def divide(y, a, b, *, d):
    """y = a / b.  Partials: 1 / b and -1 / b * y, so that one division serves both.  Reads: b; for b also y."""
    return d / b, -(d / b) * y


@pushforward(np.divide, operator.truediv)
def divide_dot(y, a, b, *, a_dot, b_dot):
    if b_dot is None:
        return a_dot / b
    return (-b_dot * y if a_dot is None else a_dot - b_dot * y) / b


@elementwise(np.negative, operator.neg)
def negative(y, x, *, d):
    """y = -x."""
    return -d


@elementwise(np.positive, operator.pos)
def positive(y, x, *, d):
    """y = +x."""
    return d


def lowered(b):
    """b - 1, and 0 where b is 0: there the factor b is 0 and x^0 must not be differentiated to 0 * x^-1."""
    return b - (b != 0)


def log_of_base(a, y):
    """log a, and 0 where a is 0; where the power y is real, also for a < 0."""
    if np.iscomplexobj(a):
        return np.log(np.where(a == 0, 1.0, a))
    return np.log(np.where(a == 0, 1.0, a) + 0j) if np.iscomplexobj(y) else np.log(np.where(a > 0, a, 1.0))


@elementwise(np.power, np.float_power, operator.pow, builtins.pow)
def power(y, a, b, *, d):
    """y = a^b.  Partials: b a^(b-1) and y log a.

    Choices: a^0 has derivative 0 for every a, also 0; for a <= 0 the partial by the exponent is taken as 0 (for a < 0
    the function exists at isolated exponents only; 0^b is 0 on either side of b > 0). If b < 1 is a constant, a quotient:
    infinite at a = 0, but 0 there if a is evidently a square or a sum of squares, as is any power of a norm.
    Complex powers are differentiated on the branch that is taken. Python's own floats have powers that are not whole
    for a >= 0 only: where `a ** b` turns complex, the derivative raises ValueError.
    """
    if may_turn_complex(y, a, b):
        return power_of_floats(a, b, d)
    if is_root(b):
        return d * b / (off_zero(a) if is_flat_at_zero(a) and b > 0 else a) ** (1 - b), None
    return d * (b * a ** lowered(b)), d * (y * log_of_base(a, y))


def power_of_floats(a, b, d):
    """The partials of `power` by math.pow, which raises where a < 0 and b is not whole."""
    if is_root(b):
        return d * b / math.pow(a, 1 - b), None
    return d * (b * math.pow(a, lowered(b))), d * (math.pow(a, b) * math.log(a if a > 0 else 1.0))


def is_root(b):
    """Whether the exponent is a constant below 1, and not 0: a^0 is no quotient, it has derivative 0 everywhere."""
    return value_is_known(b) and is_below_1(b)


@at_compile_time
def is_below_1(b):
    return not isinstance(b, complex) and b < 1 and b != 0


@elementwise(np.remainder, operator.mod)
def mod(y, a, b, *, d):
    """y = a - floor(a / b) b.  Choice at the jumps: the derivative of the branch that is taken."""
    return d, -d * (a // b)


@elementwise(np.fmod)
def fmod(y, a, b, *, d):
    """y = a - trunc(a / b) b.  Choice at the jumps: the derivative of the branch that is taken."""
    return d, -d * np.rint((a - y) / b)


@elementwise(np.square)
def square(y, x, *, d):
    """y = x^2  =>  y' = 2 x."""
    return d * (2 * x)


@elementwise(np.reciprocal)
def reciprocal(y, x, *, d):
    """y = 1 / x  =>  y' = -y^2.  Reads: y."""
    return -d * y * y


# Exponentials, logarithms, roots


@elementwise(np.exp)
def exp(y, x, *, d):
    """y = e^x  =>  y' = y.  Reads: y."""
    return d * y


@elementwise(np.exp2)
def exp2(y, x, *, d):
    """y = 2^x  =>  y' = y log 2.  Reads: y."""
    return d * (y * math.log(2))


@elementwise(np.expm1)
def expm1(y, x, *, d):
    """y = e^x - 1  =>  y' = y + 1.  Reads: y."""
    return d * (y + 1)


@elementwise(np.log)
def log(y, x, *, d):
    """y = log x  =>  y' = 1 / x."""
    return d / x


@elementwise(np.log2)
def log2(y, x, *, d):
    """y = log x / log 2  =>  y' = 1 / (x log 2)."""
    return d / (x * math.log(2))


@elementwise(np.log10)
def log10(y, x, *, d):
    """y = log x / log 10  =>  y' = 1 / (x log 10)."""
    return d / (x * math.log(10))


@elementwise(np.log1p)
def log1p(y, x, *, d):
    """y = log(1 + x)  =>  y' = 1 / (1 + x)."""
    return d / (1 + x)


@elementwise(np.logaddexp)
def logaddexp(y, a, b, *, d):
    """y = log(e^a + e^b).  Partials: e^(a - y) and e^(b - y), which can't overflow.  Reads: y.  Choice where both are -inf: 0."""
    top = off_infinity(y)
    return d * np.exp(a - top), d * np.exp(b - top)


def off_infinity(y):
    """y, and 0 where it is -inf."""
    return select(y == -math.inf, 0.0, y)


@elementwise(np.logaddexp2)
def logaddexp2(y, a, b, *, d):
    """y = log2(2^a + 2^b).  Partials: 2^(a - y) and 2^(b - y).  Reads: y.  Choice where both are -inf: 0."""
    top = off_infinity(y)
    return d * np.exp2(a - top), d * np.exp2(b - top)


@elementwise(np.sqrt)
def sqrt(y, x, *, d):
    """y = x^(1/2).  Reads: y.  At 0 the derivative is infinite, and is given as such.

    Choice at 0 if x is evidently a square, an absolute value, or a sum or mean of these: 0, which is a subgradient.
    """
    return d / (2 * (off_zero(y) if is_flat_at_zero(x) else y))


@elementwise(np.cbrt)
def cbrt(y, x, *, d):
    """y = x^(1/3).  Reads: y.  At 0 the derivative is infinite, and is given as such, but for squares as in sqrt."""
    root = off_zero(y) if is_flat_at_zero(x) else y
    return d / (3 * root * root)


# Pairs of results, of which one is a step


@rule(np.modf)
def modf(y, x, *, y_bar):
    """x = fraction + whole number: the fraction's derivative is 1, the whole number's 0."""
    return y_bar[0]


@rule(np.frexp)
def frexp(y, x, *, y_bar):
    """x = m 2^e  =>  x_bar = m_bar 2^-e; e is a step."""
    return np.ldexp(y_bar[0], -y[1])


@elementwise(np.ldexp, wrt="x1")
def ldexp(y, x1, x2, *, d):
    """y = x1 2^x2."""
    return np.ldexp(d, x2)


@rule(np.divmod)
def divmod_(y, x1, x2, *, y_bar):
    """(q, r) = (floor(x1 / x2), x1 - q x2): q is a step."""
    return unbroadcast(y_bar[1], x1), unbroadcast(-y_bar[1] * y[0], x2)


# Complex parts. The cotangent of z = x + iy is (d/dx - i d/dy), so that holomorphic functions need no conjugates.


@linear(np.real, wrt="val")
def real(y, val, *, y_bar):
    """Re z  =>  z_bar = y_bar."""
    return y_bar


@linear(np.imag, wrt="val")
def imag(y, val, *, y_bar):
    """Im z  =>  z_bar = -i y_bar."""
    return unbroadcast(-1j * y_bar, val)


@rule(np.angle, wrt="z")
def angle(y, z, deg=False, *, y_bar):
    """y = the imaginary part of log z  =>  z_bar = -i y_bar / z; real numbers get 0.  Choice at 0: 0."""
    return unbroadcast(-1j * (np.rad2deg(y_bar) if deg else y_bar) * (z != 0) / (z + (z == 0)), z)


@linear(np.conjugate, wrt="x")
def conjugate(y, x, *, y_bar):
    """conj z  =>  z_bar = conj y_bar."""
    return np.conjugate(y_bar)


real_only(
    np.fabs, np.clip, np.hypot, np.arctan2, np.copysign, np.remainder, operator.mod, np.fmod, np.logaddexp,
    np.logaddexp2, np.cbrt,
)  # fmt: skip

singular(np.arcsin, np.arccos, np.arccosh, np.arctanh, np.remainder, operator.mod, np.fmod)

# Integer or boolean results, and steps
no_derivative(
    np.floor, np.ceil, np.trunc, np.fix, np.rint, np.round, np.around, np.signbit,
    np.floor_divide, operator.floordiv, np.spacing, np.nextafter,
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
    operator.is_, operator.is_not, operator.not_, operator.contains, operator.truth, operator.index,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
    np.isfinite, np.isnan, np.isinf, np.isposinf, np.isneginf, np.isclose, np.isreal, np.iscomplex,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift,
    operator.and_, operator.or_, operator.xor, operator.invert, operator.lshift, operator.rshift,
    np.gcd, np.lcm,
)  # fmt: skip

multilinear(np.multiply, operator.mul)
