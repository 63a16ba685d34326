"""The gamma function and what is made of it.

Source of the formulas: DLMF, chapters 5, 8 and 25. Gamma' = Gamma psi, where psi is the digamma function.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from backprose.rules.elementwise import select
from backprose.rules.registry import elementwise, real_only
from backprose.rules.static import require


@elementwise(special.gamma, math.gamma)
def gamma(y, x, *, d):
    """y = Gamma(x)  =>  y' = y psi(x).  For `math.gamma` while scipy.special is imported."""
    return d * (y * special.digamma(x))


@elementwise(special.gammaln, special.loggamma, math.lgamma)
def gammaln(y, x, *, d):
    """y = log |Gamma(x)|  =>  y' = psi(x), also for x < 0.  For `math.lgamma` while scipy.special is imported."""
    return d * special.digamma(x)


def rgamma_slope(x):
    """The derivative of 1 / Gamma(x): -psi(x) / Gamma(x), and for x < 1/2, where both may be infinite, that of
    Gamma(1 - x) sin(pi x) / pi."""
    left, right = special.gamma(np.maximum(1 - x, 0.5)), np.maximum(x, 0.5)
    reflected = left * (np.cos(math.pi * x) - np.sin(math.pi * x) * special.digamma(np.maximum(1 - x, 0.5)) / math.pi)
    return select(x < 0.5, reflected, -special.rgamma(right) * special.digamma(right))


@elementwise(special.rgamma)
def rgamma(y, x, *, d):
    """y = 1 / Gamma(x)  =>  y' = -y psi(x), for x < 1/2 by reflection: it is finite where y is 0 too."""
    return d * rgamma_slope(x)


@elementwise(special.digamma)
def digamma(y, x, *, d):
    """y = psi(x)  =>  y' = psi_1(x)."""
    return d * special.polygamma(1, x)


@elementwise(special.polygamma, wrt="x")
def polygamma(y, n, x, *, d):
    """y = psi_n(x)  =>  y' = psi_{n+1}(x).  The order n is constant."""
    return d * special.polygamma(n + 1, x)


@elementwise(special.zeta, wrt="q")
def zeta(y, x, q=None, out=None, *, d):
    """y = sum over k of (k + q)^-x  =>  y' = -x zeta(x + 1, q) by q.  Restriction: x is constant."""
    return None if q is None else -d * x * special.zeta(x + 1, q)


@elementwise(special.beta)
def beta(y, a, b, *, d):
    """y = Gamma(a) Gamma(b) / Gamma(a + b).  Partials: y (psi(a) - psi(a + b)), and the same of b."""
    both = special.digamma(a + b)
    return d * (y * (special.digamma(a) - both)), d * (y * (special.digamma(b) - both))


@elementwise(special.betaln)
def betaln(y, a, b, *, d):
    """y = log |B(a, b)|.  Partials: psi(a) - psi(a + b), and the same of b."""
    both = special.digamma(a + b)
    return d * (special.digamma(a) - both), d * (special.digamma(b) - both)


@elementwise(special.multigammaln, wrt="a")
def multigammaln(y, a, d, *, y_bar):
    """y = log of the d-variate gamma function  =>  y' = sum over j < d of psi(a - j / 2)."""
    return y_bar * np.sum(special.digamma(np.expand_dims(a, -1) - np.arange(d) / 2), axis=-1)


@elementwise(special.poch)
def poch(y, z, m, *, d):
    """y = Gamma(z + m) / Gamma(z).  Partials: y (psi(z + m) - psi(z)) and y psi(z + m).

    Restriction: z > 0, z + m > 0.
    """
    above = special.digamma(z + m)
    return d * (y * (above - special.digamma(z))), d * (y * above)


def binomial_slopes(y, n, k):
    """The partials of y = Gamma(n + 1) / (Gamma(k + 1) Gamma(n - k + 1)) for n >= 0, k >= 0, also where y is 0."""
    rest = n - k + 1
    inside = special.digamma(np.maximum(rest, 0.5))
    past = special.gamma(select(rest < 0.5, n, 0.0) + 1) * special.rgamma(k + 1) * rgamma_slope(rest)
    by_n = select(rest < 0.5, y * special.digamma(n + 1) + past, y * (special.digamma(n + 1) - inside))
    by_k = select(rest < 0.5, -y * special.digamma(k + 1) - past, y * (inside - special.digamma(k + 1)))
    return by_n, by_k


@elementwise(special.binom)
def binom(y, n, k, *, d):
    """y = Gamma(n + 1) / (Gamma(k + 1) Gamma(n - k + 1)).

    Partials: y (psi(n + 1) - psi(n - k + 1)) and y (psi(n - k + 1) - psi(k + 1)); for k > n, where y may be 0, by the
    derivative of 1 / Gamma.  Restriction: n >= 0 and k >= 0.
    """
    by_n, by_k = binomial_slopes(y, n, k)
    return d * by_n, d * by_k


@elementwise(special.comb, wrt=("N", "k"))
def comb(y, N, k, *, exact=False, repetition=False, d):
    """y = binom(N, k), and its partials.  Choice where comb is 0 by definition (k > N, N < 0 or k < 0): 0.
    Restriction: neither `exact` nor `repetition`."""
    require(not exact, "exact=True counts with whole numbers: leave it out")
    require(not repetition, "with repetition=True, comb(N, k) is comb(N + k - 1, k): write it so")
    inside = (N >= 0) & (k >= 0) & (k <= N)
    by_n, by_k = binomial_slopes(y, select(inside, N, 1), select(inside, k, 0))
    return select(inside, d * by_n, 0.0), select(inside, d * by_k, 0.0)


@elementwise(special.factorial, wrt="n")
def factorial(y, n, exact=False, extend="zero", *, d):
    """y = Gamma(n + 1)  =>  y' = y psi(n + 1).  Choice for n < 0, where it is 0 by definition: 0."""
    require(not exact, "exact=True counts with whole numbers: leave it out")
    require(extend == "zero", "its derivative is in the table for extend='zero' only")
    return d * (y * special.digamma(select(n < 0, 0, n) + 1))


# Incomplete functions: by the last argument the derivative is the integrand. Those by the others are no elementary
# functions.


def gamma_density(a, x):
    """x^(a-1) e^-x / Gamma(a)."""
    return np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a))


def beta_density(a, b, x):
    """x^(a-1) (1-x)^(b-1) / B(a, b)."""
    return np.exp(special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b))


@elementwise(special.gammainc, wrt="x")
def gammainc(y, a, x, *, d):
    """y = integral of t^(a-1) e^-t / Gamma(a) from 0 to x  =>  y' is the integrand at x.

    Restriction: a is constant.
    """
    return d * gamma_density(a, x)


@elementwise(special.gammaincc, wrt="x")
def gammaincc(y, a, x, *, d):
    """y = 1 - gammainc(a, x).  Restriction: a is constant."""
    return -d * gamma_density(a, x)


@elementwise(special.gammaincinv, wrt="y")
def gammaincinv(x, a, y, *, d):
    """gammainc(a, x) = y  =>  x' = 1 / (x^(a-1) e^-x / Gamma(a)).  Restriction: a is constant."""
    return d / gamma_density(a, x)


@elementwise(special.gammainccinv, wrt="y")
def gammainccinv(x, a, y, *, d):
    """gammaincc(a, x) = y.  Restriction: a is constant."""
    return -d / gamma_density(a, x)


@elementwise(special.betainc, wrt="x")
def betainc(y, a, b, x, *, d):
    """y = integral of t^(a-1) (1-t)^(b-1) / B(a, b) from 0 to x  =>  y' is the integrand.

    Restriction: a, b constant.
    """
    return d * beta_density(a, b, x)


@elementwise(special.betaincc, wrt="x")
def betaincc(y, a, b, x, *, d):
    """y = 1 - betainc(a, b, x).  Restriction: a and b are constant."""
    return -d * beta_density(a, b, x)


@elementwise(special.betaincinv, wrt="y")
def betaincinv(x, a, b, y, *, d):
    """betainc(a, b, x) = y  =>  x' = B(a, b) / (x^(a-1) (1-x)^(b-1)).  Restriction: a and b are constant."""
    return d / beta_density(a, b, x)


@elementwise(special.betainccinv, wrt="y")
def betainccinv(x, a, b, y, *, d):
    """betaincc(a, b, x) = y.  Restriction: a and b are constant."""
    return -d / beta_density(a, b, x)


real_only(special.polygamma, special.rgamma)
