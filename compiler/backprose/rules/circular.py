"""Circular and hyperbolic functions, entry by entry."""

from __future__ import annotations

import math

import numpy as np

from backprose.rules.elementwise import off_zero, select
from backprose.rules.registry import elementwise


@elementwise(np.sin)
def sin(y, x, *, d):
    """y = sin x  =>  y' = cos x."""
    return d * np.cos(x)


@elementwise(np.cos)
def cos(y, x, *, d):
    """y = cos x  =>  y' = -sin x."""
    return -d * np.sin(x)


@elementwise(np.tan)
def tan(y, x, *, d):
    """y = tan x  =>  y' = 1 + y^2.  Reads: y."""
    return d * (1 + y * y)


@elementwise(np.arcsin)
def arcsin(y, x, *, d):
    """y = arcsin x  =>  y' = 1 / sqrt(1 - x^2), in factors: no cancellation near +-1."""
    return d / np.sqrt((1 - x) * (1 + x))


@elementwise(np.arccos)
def arccos(y, x, *, d):
    """y = arccos x  =>  y' = -1 / sqrt(1 - x^2), in factors: no cancellation near +-1."""
    return -d / np.sqrt((1 - x) * (1 + x))


@elementwise(np.arctan)
def arctan(y, x, *, d):
    """y = arctan x  =>  y' = 1 / (1 + x^2)."""
    return d / (1 + x * x)


@elementwise(np.arctan2)
def arctan2(y, a, b, *, d):
    """y = angle of (b, a).  Partials: b / r^2 and -a / r^2 with r^2 = a^2 + b^2.  Choice at (0, 0): 0."""
    r2 = off_zero(a * a + b * b)
    return d * b / r2, -d * a / r2


@elementwise(np.sinh)
def sinh(y, x, *, d):
    """y = sinh x  =>  y' = cosh x."""
    return d * np.cosh(x)


@elementwise(np.cosh)
def cosh(y, x, *, d):
    """y = cosh x  =>  y' = sinh x."""
    return d * np.sinh(x)


@elementwise(np.tanh)
def tanh(y, x, *, d):
    """y = tanh x  =>  y' = 1 - y^2.  Reads: y."""
    return d * (1 - y * y)


@elementwise(np.arcsinh)
def arcsinh(y, x, *, d):
    """y = arsinh x  =>  y' = 1 / sqrt(x^2 + 1)."""
    return d / np.sqrt(x * x + 1)


@elementwise(np.arccosh)
def arccosh(y, x, *, d):
    """y = arcosh x  =>  y' = 1 / sqrt(x^2 - 1), in factors: no cancellation near 1."""
    return d / np.sqrt((x - 1) * (x + 1))


@elementwise(np.arctanh)
def arctanh(y, x, *, d):
    """y = artanh x  =>  y' = 1 / (1 - x^2), in factors: no cancellation near +-1."""
    return d / ((1 - x) * (1 + x))


@elementwise(np.deg2rad, np.radians)
def radians(y, x, *, d):
    """y = x pi / 180."""
    return d * (math.pi / 180)


@elementwise(np.rad2deg, np.degrees)
def degrees(y, x, *, d):
    """y = 180 x / pi."""
    return d * (180 / math.pi)


@elementwise(np.hypot)
def hypot(y, a, b, *, d):
    """y = sqrt(a^2 + b^2).  Partials: a / y and b / y.  Choice at (0, 0): 0, which is a subgradient."""
    r = off_zero(y)
    return d * (a / r), d * (b / r)


@elementwise(np.sinc)
def sinc(y, x, *, d):
    """y = sin t / t with t = pi x, y' = (cos t - y) / x; by its series near 0, where the difference cancels."""
    t = math.pi * x
    series = math.pi * t * (t * t * (1 / 30 - t * t / 840) - 1 / 3)
    return d * select(np.abs(x) < 0.01, series, (np.cos(t) - y) / off_zero(x))
