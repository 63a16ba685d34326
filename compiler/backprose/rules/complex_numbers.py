"""Python's complex numbers, and the `cmath` module: holomorphic functions, and the parts that are not."""

from __future__ import annotations

import builtins
import cmath
import math

from backprose.rules.registry import elementwise, linear, no_derivative, rule, singular

# Parts and polar coordinates


@linear(builtins.complex, wrt=("real", "imag"))
def complex_(y, real=0.0, imag=0.0, *, y_bar):
    """y = a + ib  =>  a_bar = y_bar, b_bar = i y_bar, of which a real operand gets the real part."""
    return y_bar, 1j * y_bar


@rule(cmath.phase)
def phase(y, z, *, y_bar):
    """y = the imaginary part of log z  =>  z_bar = -i y_bar / z.  Choice at 0: 0."""
    return -1j * y_bar / z if z != 0 else 0j


@rule(cmath.polar)
def polar(y, z, *, y_bar):
    """(r, phi) with z = r e^(i phi)  =>  z_bar = (r_bar r - i phi_bar) / z.  Choice at 0: 0."""
    return (y_bar[0] * y[0] - 1j * y_bar[1]) / z if z != 0 else 0j


@elementwise(cmath.rect)
def rect(y, r, phi, *, d):
    """y = r e^(i phi).  Partials: e^(i phi) and i y."""
    return d * cmath.rect(1.0, phi), d * (1j * y)


# Exponentials, logarithms, roots


@elementwise(cmath.exp)
def exp(y, z, *, d):
    """y = e^z.  Reads: y."""
    return d * y


@elementwise(cmath.log, wrt=("z", "base"))
def log(y, z, base=None, *, d):
    """y = log z / log base  =>  partials 1 / (z log base) and -y / (base log base)."""
    if base is None:
        return d / z, None
    return d / (z * cmath.log(base)), -d * y / (base * cmath.log(base))


@elementwise(cmath.log10)
def log10(y, z, *, d):
    """y = log z / log 10."""
    return d / (z * math.log(10))


@elementwise(cmath.sqrt)
def sqrt(y, z, *, d):
    """y = z^(1/2).  Reads: y.  At 0 Python raises ZeroDivisionError, where the derivative is infinite."""
    return d / (2 * y)


# Circular and hyperbolic functions


@elementwise(cmath.sin)
def sin(y, z, *, d):
    return d * cmath.cos(z)


@elementwise(cmath.cos)
def cos(y, z, *, d):
    return -d * cmath.sin(z)


@elementwise(cmath.tan)
def tan(y, z, *, d):
    """tan' = 1 + tan^2.  Reads: y."""
    return d * (1 + y * y)


@elementwise(cmath.asin)
def asin(y, z, *, d):
    """1 / sqrt(1 - z^2), in factors: on the branch cuts too, and without cancellation near +-1."""
    return d / (cmath.sqrt(1 - z) * cmath.sqrt(1 + z))


@elementwise(cmath.acos)
def acos(y, z, *, d):
    """-1 / sqrt(1 - z^2), in factors: on the branch cuts too, and without cancellation near +-1."""
    return -d / (cmath.sqrt(1 - z) * cmath.sqrt(1 + z))


@elementwise(cmath.atan)
def atan(y, z, *, d):
    """1 / (1 + z^2), in factors: no cancellation near +-i."""
    return d / ((1 + 1j * z) * (1 - 1j * z))


@elementwise(cmath.sinh)
def sinh(y, z, *, d):
    return d * cmath.cosh(z)


@elementwise(cmath.cosh)
def cosh(y, z, *, d):
    return d * cmath.sinh(z)


@elementwise(cmath.tanh)
def tanh(y, z, *, d):
    """tanh' = 1 - tanh^2.  Reads: y."""
    return d * (1 - y * y)


@elementwise(cmath.asinh)
def asinh(y, z, *, d):
    """1 / sqrt(1 + z^2), in factors: on the branch cuts too, and without cancellation near +-i."""
    return d / (cmath.sqrt(1 + 1j * z) * cmath.sqrt(1 - 1j * z))


@elementwise(cmath.acosh)
def acosh(y, z, *, d):
    """1 / (sqrt(z - 1) sqrt(z + 1)), also where the root of the product has the other sign."""
    return d / (cmath.sqrt(z - 1) * cmath.sqrt(z + 1))


@elementwise(cmath.atanh)
def atanh(y, z, *, d):
    """1 / (1 - z^2), in factors: no cancellation near +-1."""
    return d / ((1 - z) * (1 + z))


singular(cmath.log)  # to the base 1
no_derivative(cmath.isfinite, cmath.isinf, cmath.isnan, cmath.isclose)
