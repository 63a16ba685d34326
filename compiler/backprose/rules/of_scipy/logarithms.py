"""Logarithms times numbers, entropies, losses, Box-Cox, and sums of exponentials."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from backprose.rules import elementwise as arithmetic
from backprose.rules.elementwise import select
from backprose.rules.reductions import kept, over
from backprose.rules.registry import elementwise, real_only, rule
from backprose_runtime import unbroadcast

# SciPy's own ufuncs for what NumPy has too
elementwise(special.cbrt)(arithmetic.cbrt)
elementwise(special.exp2)(arithmetic.exp2)
elementwise(special.expm1)(arithmetic.expm1)
elementwise(special.log1p)(arithmetic.log1p)


@elementwise(special.exp10)
def exp10(y, x, *, d):
    """y = 10^x.  Reads: y."""
    return d * (y * math.log(10))


@elementwise(special.cosm1)
def cosm1(y, x, *, d):
    """y = cos x - 1."""
    return -d * np.sin(x)


@elementwise(special.sindg)
def sindg(y, x, *, d):
    """y = sin of x degrees."""
    return d * (special.cosdg(x) * (math.pi / 180))


@elementwise(special.cosdg)
def cosdg(y, x, *, d):
    """y = cos of x degrees."""
    return -d * (special.sindg(x) * (math.pi / 180))


@elementwise(special.powm1)
def powm1(z, x, y, *, d):
    """z = x^y - 1.  Partials as those of np.power, with its choices."""
    return d * (y * x ** arithmetic.lowered(y)), d * ((z + 1) * arithmetic.log_of_base(x, z))


# Logarithms with a factor. `x == 0` makes them 0 by definition, whatever the logarithm is.


@elementwise(special.xlogy)
def xlogy(z, x, y, *, d):
    """z = x log y.  Partials: log y, infinite at y = 0 and given as such; x / y.

    Choice at x = 0 by y: 0, also at y = 0.
    """
    return d * np.log(y), d * (x / (y + ((x == 0) & (y == 0))))


@elementwise(special.xlog1py)
def xlog1py(z, x, y, *, d):
    """z = x log(1 + y).  Partials: log(1 + y) and x / (1 + y).  Choice at x = 0 by y: 0, also at y = -1."""
    return d * np.log1p(y), d * (x / (1 + y + ((x == 0) & (y == -1))))


@elementwise(special.entr)
def entr(y, x, *, d):
    """y = -x log x  =>  y' = -log x - 1; at 0 the derivative is infinite, and is given as such."""
    return d * (-np.log(x) - 1)


@elementwise(special.rel_entr)
def rel_entr(z, x, y, *, d):
    """z = x log(x / y).  Partials: log(x / y) + 1 and -x / y.  Choice at (0, 0): 0 and 0."""
    both = (x == 0) & (y == 0)
    return d * select(both, 0.0, np.log((x + both) / (y + both)) + 1), -d * (x / (y + both))


@elementwise(special.kl_div)
def kl_div(z, x, y, *, d):
    """z = x log(x / y) - x + y.  Partials: log(x / y) and 1 - x / y.  Choice at (0, 0): 0 and 1."""
    both = (x == 0) & (y == 0)
    return d * np.log((x + both) / (y + both)), d * (1 - x / (y + both))


# Losses


@elementwise(special.huber)
def huber(y, delta, r, *, d):
    """y = r^2 / 2 for |r| <= delta, else delta (|r| - delta / 2).

    Partials: max(|r| - delta, 0) and r, clipped to delta.
    """
    return d * np.maximum(np.abs(r) - delta, 0.0), d * np.clip(r, -delta, delta)


@elementwise(special.pseudo_huber)
def pseudo_huber(y, delta, r, *, d):
    """y = delta (h - delta) with h = sqrt(delta^2 + r^2).  Partials: (r^2 / (h + delta))^2 / h and delta r / h.

    Choice at (0, 0): 0 and 0.
    """
    h = np.hypot(delta, r)
    h = h + (h == 0)
    return d * ((r * r / (h + delta)) ** 2 / h), d * (delta * (r / h))


# Box-Cox. With t = lmbda L the power's part is exprel(t) L, so that nothing is divided by lmbda.


def exprel_slope(t):
    """The derivative of (e^t - 1) / t: ((t - 1) e^t + 1) / t^2, near 0 by its series, sum of (n + 1) t^n / (n + 2)!."""
    near = np.abs(t) < 0.05
    series = 1 / 2 + t * (1 / 3 + t * (1 / 8 + t * (1 / 30 + t * (1 / 144 + t * (1 / 840 + t / 5760)))))
    u = select(near, 1.0, t)
    return select(near, series, (u * np.exp(u) - np.expm1(u)) / (u * u))


@elementwise(special.exprel)
def exprel(y, x, *, d):
    """y = (e^x - 1) / x  =>  y' = ((x - 1) e^x + 1) / x^2, near 0 by its series."""
    return d * exprel_slope(x)


@elementwise(special.boxcox)
def boxcox(y, x, lmbda, *, d):
    """y = (x^lmbda - 1) / lmbda, log x for lmbda = 0.  Partials: x^(lmbda - 1); L^2 exprel'(lmbda L) with L = log x."""
    log = np.log(x)
    return d * x ** (lmbda - 1), d * (log * log * exprel_slope(lmbda * log))


@elementwise(special.boxcox1p)
def boxcox1p(y, x, lmbda, *, d):
    """y = boxcox(1 + x, lmbda)."""
    log = np.log1p(x)
    return d * np.exp((lmbda - 1) * log), d * (log * log * exprel_slope(lmbda * log))


def log1prel_slope(t):
    """The derivative of log(1 + t) / t: (t / (1 + t) - log(1 + t)) / t^2, near 0 by its series."""
    near = np.abs(t) < 0.01
    series = -1 / 2 + t * (2 / 3 + t * (-3 / 4 + t * (4 / 5 + t * (-5 / 6 + t * (6 / 7 - t * (7 / 8))))))
    u = select(near, 1.0, t)
    return select(near, series, (u / (1 + u) - np.log1p(u)) / (u * u))


@elementwise(special.inv_boxcox)
def inv_boxcox(x, y, lmbda, *, d):
    """x = (1 + lmbda y)^(1 / lmbda), e^y for lmbda = 0.

    Partials: x / (1 + t) and x y^2 (log(1 + t) / t)', t = lmbda y.
    """
    t = lmbda * y
    return d * (x / (1 + t)), d * (x * (y * y) * log1prel_slope(t))


@elementwise(special.inv_boxcox1p)
def inv_boxcox1p(x, y, lmbda, *, d):
    """x = inv_boxcox(y, lmbda) - 1."""
    t = lmbda * y
    return d * ((x + 1) / (1 + t)), d * ((x + 1) * (y * y) * log1prel_slope(t))


# Sums of exponentials


@rule(special.logsumexp, wrt=("a", "b"))
def logsumexp(y, a, axis=None, b=None, keepdims=False, return_sign=False, *, y_bar):
    """y = log |sum of b e^a|  =>  a_bar = y_bar s b e^(a - y),  b_bar = y_bar s e^(a - y);  s: the sign of the sum.

    Reads: a, b, y.  Choice: an entry -inf, or with b = 0, gets 0, and so do all where y is -inf.
    """
    value, value_bar = (y[0], y_bar[0]) if return_sign else (y, y_bar)
    value = select(value == -np.inf, 0.0, value)
    if return_sign:
        value_bar = value_bar * y[1]
    weight = np.exp(a - kept(value, axis, keepdims)) * kept(value_bar, axis, keepdims)
    if b is None:
        return weight, None
    return unbroadcast(np.where(b == 0, 0.0, b * weight), a), unbroadcast(weight, b)


@rule(special.softmax, wrt="x")
def softmax(y, x, axis=None, *, y_bar):
    """y = e^x / sum of e^x  =>  x_bar = t - y sum of t  with  t = y y_bar.  Reads: y."""
    t = y * y_bar
    return t - y * over(np.sum, t, axis)


@rule(special.log_softmax, wrt="x")
def log_softmax(y, x, axis=None, *, y_bar):
    """y = x - logsumexp(x)  =>  x_bar = y_bar - e^y sum of y_bar.  Reads: y."""
    return y_bar - np.exp(y) * over(np.sum, y_bar, axis)


real_only(special.logsumexp)
