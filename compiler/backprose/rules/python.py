"""Python's builtins and the `math` module. Rules of scalars compute with `math`, which is what scalar code runs on.

Without a rule, and so refused: math.gamma and math.lgamma (their derivative is the digamma function, which SciPy has:
they have a rule in a program that imports scipy.special), math.modf, math.frexp and divmod (pairs of a step and a remainder).
"""

from __future__ import annotations

import builtins
import math

import numpy as np

from backprose.rules.elementwise import is_root, off_zero, power_of_floats
from backprose.rules.registry import effect, elementwise, linear, no_derivative, real_only, rule, singular
from backprose.rules.static import is_flat_at_zero, may_turn_complex

# Builtins


@linear(builtins.sum, wrt=("iterable", "start"))
def sum_(y, iterable, start=0, *, y_bar):
    """Each item goes into the sum once."""
    return each(iterable, y_bar), y_bar


def each(items, share):
    """The same share for every item of a sequence."""
    return np.broadcast_to(share, np.shape(items)) if isinstance(items, np.ndarray) else [share for x in items]


@linear(math.fsum, wrt="seq")
def fsum(y, seq, *, y_bar):
    """Each item goes into the sum once."""
    return each(seq, y_bar)


@rule(builtins.max, builtins.min, wrt="args")
def extremum(y, *args, y_bar):
    """Of several numbers, or of the items of one list.  Choice at ties: split evenly."""
    if len(args) == 1:
        items = args[0]
        share = y_bar / builtins.sum([x == y for x in items])
        return ([share if x == y else 0.0 for x in items],)
    share = y_bar / builtins.sum([x == y for x in args])
    return tuple([share if x == y else 0.0 for x in args])


@rule(math.prod, wrt=("iterable", "start"))
def prod(y, iterable, *, y_bar, start=1):
    """Each factor gets the product of the others, made from both ends: right with zeros."""
    x = np.array(iterable) * 1.0
    ones = np.ones(1)
    left = np.concatenate([ones, np.cumprod(x[:-1])])
    right = np.flip(np.concatenate([ones, np.cumprod(np.flip(x[1:]))]))
    share = y_bar * start * left * right
    return [share[i] for i in range(len(iterable))], y_bar * math.prod(iterable)


# math: powers, exponentials, logarithms


@elementwise(math.pow)
def power(y, a, b, *, d):
    """y = a^b.  Choices: a^0 has derivative 0 for every a; for a <= 0 the partial by the exponent is taken as 0. A root of
    a square has the derivative 0 at 0, as in np.power."""
    if may_turn_complex(y, a, b):
        return power_of_floats(a, b, d)
    if is_root(b):
        return d * b / (off_zero(a) if is_flat_at_zero(a) and b > 0 else a) ** (1 - b), None
    return d * (b * a ** (b - (b != 0))), d * (y * math.log(a) if a > 0 else 0.0)


@elementwise(math.sqrt)
def sqrt(y, x, *, d):
    """At 0 Python raises ZeroDivisionError, where the derivative is infinite; of a square it is 0 there, as in np.sqrt."""
    return d / (2 * (off_zero(y) if is_flat_at_zero(x) else y))


@elementwise(math.cbrt)
def cbrt(y, x, *, d):
    """At 0 Python raises ZeroDivisionError, where the derivative is infinite; of a square it is 0 there, as in np.sqrt."""
    root = off_zero(y) if is_flat_at_zero(x) else y
    return d / (3 * root * root)


@elementwise(math.exp)
def exp(y, x, *, d):
    return d * y


@elementwise(math.exp2)
def exp2(y, x, *, d):
    return d * (y * math.log(2))


@elementwise(math.expm1)
def expm1(y, x, *, d):
    return d * (y + 1)


@elementwise(math.log, wrt=("x", "base"))
def log(y, x, base=None, *, d):
    """y = log x / log base  =>  partials 1 / (x log base) and -y / (base log base)."""
    if base is None:
        return d / x, None
    return d / (x * math.log(base)), -d * y / (base * math.log(base))


@elementwise(math.log2)
def log2(y, x, *, d):
    return d / (x * math.log(2))


@elementwise(math.log10)
def log10(y, x, *, d):
    return d / (x * math.log(10))


@elementwise(math.log1p)
def log1p(y, x, *, d):
    return d / (1 + x)


# math: circular and hyperbolic functions


@elementwise(math.sin)
def sin(y, x, *, d):
    return d * math.cos(x)


@elementwise(math.cos)
def cos(y, x, *, d):
    return -d * math.sin(x)


@elementwise(math.tan)
def tan(y, x, *, d):
    return d * (1 + y * y)


@elementwise(math.asin)
def asin(y, x, *, d):
    return d / math.sqrt((1 - x) * (1 + x))


@elementwise(math.acos)
def acos(y, x, *, d):
    return -d / math.sqrt((1 - x) * (1 + x))


@elementwise(math.atan)
def atan(y, x, *, d):
    return d / (1 + x * x)


@elementwise(math.atan2)
def atan2(y, a, b, *, d):
    """y = angle of (b, a).  Choice at (0, 0): 0."""
    r2 = off_zero(a * a + b * b)
    return d * b / r2, -d * a / r2


@elementwise(math.sinh)
def sinh(y, x, *, d):
    return d * math.cosh(x)


@elementwise(math.cosh)
def cosh(y, x, *, d):
    return d * math.sinh(x)


@elementwise(math.tanh)
def tanh(y, x, *, d):
    return d * (1 - y * y)


@elementwise(math.asinh)
def asinh(y, x, *, d):
    return d / math.sqrt(x * x + 1)


@elementwise(math.acosh)
def acosh(y, x, *, d):
    return d / math.sqrt((x - 1) * (x + 1))


@elementwise(math.atanh)
def atanh(y, x, *, d):
    return d / ((1 - x) * (1 + x))


@elementwise(math.radians)
def radians(y, x, *, d):
    return d * (math.pi / 180)


@elementwise(math.degrees)
def degrees(y, x, *, d):
    return d * (180 / math.pi)


# math: the error function, lengths, parts


@elementwise(math.erf)
def erf(y, x, *, d):
    """erf' = 2 / sqrt(pi) exp(-x^2)."""
    return d * (2 / math.sqrt(math.pi) * math.exp(-x * x))


@elementwise(math.erfc)
def erfc(y, x, *, d):
    """erfc' = -2 / sqrt(pi) exp(-x^2)."""
    return -d * (2 / math.sqrt(math.pi) * math.exp(-x * x))


@rule(math.hypot, wrt="coordinates")
def hypot(y, *coordinates, y_bar):
    """y = sqrt(sum of squares)  =>  y_bar x / y.  Choice at the origin: 0."""
    share = y_bar / off_zero(y)
    return tuple([share * x for x in coordinates])


@rule(math.dist)
def dist(y, p, q, *, y_bar):
    """y = |p - q|  =>  p_bar = y_bar (p - q) / y, q_bar = -p_bar.  Choice where p = q: 0."""
    share = y_bar / off_zero(y)
    return [share * (a - b) for a, b in zip(p, q)], [share * (b - a) for a, b in zip(p, q)]


@elementwise(math.fabs)
def fabs(y, x, *, d):
    """Choice at 0: 0."""
    return d if x > 0 else -d if x < 0 else 0.0


@elementwise(math.copysign, wrt="x", inert=("y",))
def copysign(result, x, y, *, d):
    """|x| with the sign of y, which only enters through its sign.  Choice at x = 0: 0."""
    return d * np.sign(x) * math.copysign(1.0, y)


@elementwise(math.fmod)
def fmod(result, x, y, *, d):
    """x - trunc(x / y) y.  Choice at the jumps: the derivative of the branch that is taken."""
    return d, -d * builtins.round((x - result) / y)


@elementwise(math.remainder)
def remainder(result, x, y, *, d):
    """x - round(x / y) y.  Choice at the jumps: the derivative of the branch that is taken."""
    return d, -d * builtins.round((x - result) / y)


@elementwise(math.ldexp, wrt="x")
def ldexp(y, x, i, *, d):
    """y = x 2^i with a whole i."""
    return math.ldexp(d, i)


singular(math.asin, math.acos, math.acosh, math.atanh)
real_only(math.pow)

no_derivative(
    math.floor, math.ceil, math.trunc, math.isnan, math.isinf, math.isfinite, math.isclose, math.gcd, math.lcm,
    math.comb, math.perm, math.factorial, math.isqrt, math.ulp, math.nextafter,
    len, range, int, bool, str, repr, format, isinstance, issubclass, type, id, hash, callable, round, chr, ord, any,
    all, hasattr, slice,
)  # fmt: skip

effect(print)
