"""The error function, the normal and the logistic distribution, integrals of exponentials.

Source of the formulas: DLMF, chapters 6, 7 and 4.13. Where a difference would cancel, another form is taken.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from backprose.rules.elementwise import select
from backprose.rules.registry import elementwise, rule


@elementwise(special.erf)
def erf(y, x, *, d):
    """y = erf x  =>  y' = 2 / sqrt(pi) e^(-x^2)."""
    return d * (2 / math.sqrt(math.pi) * np.exp(-x * x))


@elementwise(special.erfc)
def erfc(y, x, *, d):
    """y = 1 - erf x."""
    return -d * (2 / math.sqrt(math.pi) * np.exp(-x * x))


@elementwise(special.erfi)
def erfi(y, x, *, d):
    """y = -i erf(i x)  =>  y' = 2 / sqrt(pi) e^(x^2)."""
    return d * (2 / math.sqrt(math.pi) * np.exp(x * x))


def tail(u):
    """u + 3 u^2 + 15 u^3 + ..., which is asymptotic to 2 x D(x) - 1 with u = 1 / (2 x^2), where that cancels."""
    return u * (1 + u * (3 + u * (15 + u * (105 + u * 945))))


@elementwise(special.erfcx)
def erfcx(y, x, *, d):
    """y = e^(x^2) erfc x  =>  y' = 2 x y - 2 / sqrt(pi); for x > 50, where that cancels, by the asymptotic series."""
    far = np.real(x) > 50
    u = 0.5 / select(far, x, 1.0) ** 2
    return d * select(far, 2 / math.sqrt(math.pi) * tail(-u), 2 * x * y - 2 / math.sqrt(math.pi))


@elementwise(special.dawsn)
def dawsn(y, x, *, d):
    """y = e^(-x^2) times the integral of e^(t^2) to x  =>  y' = 1 - 2 x y; for |x| > 50 by the asymptotic series."""
    far = np.abs(np.real(x)) > 50
    u = 0.5 / select(far, x, 1.0) ** 2
    return d * select(far, -tail(u), 1 - 2 * x * y)


@elementwise(special.erfinv)
def erfinv(x, y, *, d):
    """erf x = y  =>  x' = sqrt(pi) / 2 e^(x^2).  Reads: x."""
    return d * (math.sqrt(math.pi) / 2 * np.exp(x * x))


@elementwise(special.erfcinv)
def erfcinv(x, y, *, d):
    """erfc x = y  =>  x' = -sqrt(pi) / 2 e^(x^2).  Reads: x."""
    return -d * (math.sqrt(math.pi) / 2 * np.exp(x * x))


@elementwise(special.ndtr)
def ndtr(y, x, *, d):
    """y = Phi(x)  =>  y' = e^(-x^2 / 2) / sqrt(2 pi)."""
    return d * (np.exp(-x * x / 2) / math.sqrt(2 * math.pi))


@elementwise(special.ndtri)
def ndtri(x, y, *, d):
    """Phi(x) = y  =>  x' = sqrt(2 pi) e^(x^2 / 2).  Reads: x."""
    return d * (math.sqrt(2 * math.pi) * np.exp(x * x / 2))


@elementwise(special.log_ndtr)
def log_ndtr(y, x, *, d):
    """y = log Phi(x)  =>  y' = phi(x) / Phi(x) = sqrt(2 / pi) / erfcx(-x / sqrt 2): no overflow, no cancellation."""
    return d * (math.sqrt(2 / math.pi) / special.erfcx(x * -math.sqrt(0.5)))


@elementwise(special.ndtri_exp)
def ndtri_exp(x, y, *, d):
    """log Phi(x) = y  =>  x' = Phi(x) / phi(x) = sqrt(pi / 2) erfcx(-x / sqrt 2).  Reads: x."""
    return d * (math.sqrt(math.pi / 2) * special.erfcx(x * -math.sqrt(0.5)))


@elementwise(special.owens_t)
def owens_t(y, h, a, *, d):
    """y = 1/(2 pi) times the integral of e^(-h^2 (1 + t^2) / 2) / (1 + t^2) over t from 0 to a."""
    by_h = -np.exp(-h * h / 2) * special.erf(a * h * math.sqrt(0.5)) / (2 * math.sqrt(2 * math.pi))
    return d * by_h, d * (np.exp(-h * h * (1 + a * a) / 2) / (2 * math.pi * (1 + a * a)))


# Logistic


@elementwise(special.expit)
def expit(y, x, *, d):
    """y = 1 / (1 + e^-x)  =>  y' = y expit(-x), which does not cancel as 1 - y does."""
    return d * (y * special.expit(-x))


@elementwise(special.logit)
def logit(y, x, *, d):
    """y = log(x / (1 - x))  =>  y' = 1 / (x (1 - x))."""
    return d / (x * (1 - x))


@elementwise(special.log_expit)
def log_expit(y, x, *, d):
    """y = log expit(x)  =>  y' = expit(-x)."""
    return d * special.expit(-x)


if hasattr(special, "softplus"):

    @elementwise(special.softplus)
    def softplus(y, x, *, d):
        """y = log(1 + e^x)  =>  y' = expit(x)."""
        return d * special.expit(x)


# Integrals of exponentials and circular functions


@elementwise(special.exp1)
def exp1(y, x, *, d):
    """y = integral of e^-t / t from x on  =>  y' = -e^-x / x."""
    return -d * (np.exp(-x) / x)


@elementwise(special.expi)
def expi(y, x, *, d):
    """y = integral of e^t / t up to x  =>  y' = e^x / x."""
    return d * (np.exp(x) / x)


@elementwise(special.expn, wrt="x")
def expn(y, n, x, *, d):
    """y = E_n(x)  =>  y' = -E_{n-1}(x), for n = 0 -(1 + 1 / x) y.  Restriction: n is constant."""
    return -d * select(n == 0, (1 + 1 / x) * y, special.expn(np.maximum(n - 1, 0), x))


@rule(special.sici)
def sici(y, x, *, y_bar):
    """(Si x, Ci x)  =>  x_bar = Si_bar sin x / x + Ci_bar cos x / x."""
    return y_bar[0] * np.sinc(x / math.pi) + y_bar[1] * (np.cos(x) / x)


@rule(special.shichi)
def shichi(y, x, *, y_bar):
    """(Shi x, Chi x)  =>  x_bar = Shi_bar sinh x / x + Chi_bar cosh x / x."""
    return y_bar[0] * select(x == 0, 1.0, np.sinh(x) / (x + (x == 0))) + y_bar[1] * (np.cosh(x) / x)


@rule(special.fresnel)
def fresnel(y, z, *, y_bar):
    """(S, C), the integrals of sin and cos of pi t^2 / 2  =>  z_bar = S_bar sin(pi z^2 / 2) + C_bar cos(pi z^2 / 2)."""
    t = math.pi / 2 * (z * z)
    return y_bar[0] * np.sin(t) + y_bar[1] * np.cos(t)
