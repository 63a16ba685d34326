"""Functions with kinks, entry by entry: each says what it chooses where there is no derivative."""

from __future__ import annotations

import builtins
import operator

import numpy as np

from backprose.rules.elementwise import off_zero, select
from backprose.rules.registry import at_compile_time, elementwise, rule, step_of_reals


@elementwise(np.absolute, np.fabs, builtins.abs, operator.abs)
def absolute(y, x, *, d):
    """y = |x|.  Choice at 0: 0.  Complex: d conj(x) / y, of which a tangent is the real part."""
    return d * (np.conjugate(x) / off_zero(y)) if np.iscomplexobj(x) else d * np.sign(x)


@rule(np.sign)
def sign(y, x, *, y_bar):
    """A step of real numbers, with derivative 0.  Complex: y = x / |x|  =>  x_bar = (y_bar - conj(y^2 y_bar)) / (2 |x|).

    Choice at 0: 0.  Before NumPy 2 the sign of a complex number is a step too, that of its real part.
    """
    if is_step_of_complex() or not np.iscomplexobj(x):
        return np.zeros_like(x)
    r = np.abs(x)
    return np.where(r == 0, 0.0, (y_bar - np.conjugate(y * y * y_bar)) / (2 * off_zero(r)))


@at_compile_time
def is_step_of_complex():
    """Whether np.sign of complex numbers is a step."""
    return bool(np.sign(1j) == 0)


step_of_reals(np.sign)


@elementwise(np.maximum, np.fmax)
def maximum(y, a, b, *, d):
    """The larger.  Choice at ties: half to each."""
    return select(a == b, d / 2, select(y == a, d, 0.0)), select(a == b, d / 2, select(y == b, d, 0.0))


@elementwise(np.minimum, np.fmin)
def minimum(y, a, b, *, d):
    """The smaller.  Choice at ties: half to each."""
    return select(a == b, d / 2, select(y == a, d, 0.0)), select(a == b, d / 2, select(y == b, d, 0.0))


@elementwise(np.clip, wrt=("a", "a_min", "a_max", "min", "max"))
def clip(y, a, a_min=None, a_max=None, out=None, min=None, max=None, *, d):
    """y = minimum(maximum(a, low), high).  Choice at the edges: they belong to the inside, where a's partial is 1."""
    low = min if a_min is None else a_min
    high = max if a_max is None else a_max
    if low is None and high is None:
        return d, None, None, None, None
    if high is None:
        low_bar = select(a < low, d, 0.0)
        return select(a >= low, d, 0.0), low_bar, None, low_bar, None
    if low is None:
        high_bar = select(a > high, d, 0.0)
        return select(a <= high, d, 0.0), None, high_bar, None, high_bar
    low_bar = select((a < low) & (low <= high), d, 0.0)
    high_bar = select((a > high) | (low > high), d, 0.0)
    return select((a >= low) & (a <= high), d, 0.0), low_bar, high_bar, low_bar, high_bar


@elementwise(np.where, wrt=("x", "y"), inert=("condition",))
def where(result, condition, x, y, *, d):
    """Each entry comes from x or from y; the condition carries no derivative. A choice, not a product by 0 or 1, so
    that an infinite cotangent on the path not taken does no harm."""
    return np.where(condition, d, 0.0), np.where(condition, 0.0, d)


@elementwise(np.copysign, wrt="a", inert=("b",))
def copysign(y, a, b, *, d):
    """y = |a| with the sign of b, which only enters through its sign.  Choice at a = 0: 0."""
    return d * (np.sign(a) * np.sign(y))


@elementwise(np.heaviside, wrt="x2", inert=("x1",))
def heaviside(y, x1, x2, *, d):
    """A step of x1, which has derivative 0, also at 0; there y is x2."""
    return select(x1 == 0, d, 0.0)


@elementwise(np.nan_to_num, wrt="x")
def nan_to_num(y, x, copy=True, nan=0.0, posinf=None, neginf=None, *, d):
    """The identity on finite entries; the replaced ones are constants.  Complex: part by part."""
    if np.iscomplexobj(x):
        parts = np.where(np.isfinite(np.real(x)), np.real(d), 0.0), np.where(np.isfinite(np.imag(x)), np.imag(d), 0.0)
        return parts[0] + 1j * parts[1]
    return select(np.isfinite(x), d, 0.0)
