"""Continuous distributions: the partials of each log-density in standard form, by z and by the shapes.

They are derivatives of the densities that SciPy documents. At the edge of a support, `over` and `xlogy` keep 0 / 0 and
0 log 0 out where the density is finite there.
"""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from backprose.rules.of_scipy import locations
from backprose.rules.registry import named_places, real_only


def over(c, z):
    """c / z, and 0 where c is 0."""
    return c / (z + ((c == 0) & (z == 0)))


def norm(z):
    """Slope: -z."""
    return -z


def expon(z):
    """Slope: -1."""
    return -1.0


def uniform(z):
    """Slope: 0."""
    return 0.0


def cauchy(z):
    """Slope: -2 z / (1 + z^2)."""
    return -2 * z / (1 + z * z)


def laplace(z):
    """Slope: -sign z.  Choice at 0: 0."""
    return -np.sign(z)


def logistic(z):
    """Slope: -tanh(z / 2)."""
    return -np.tanh(z / 2)


def gumbel_r(z):
    """Slope: e^-z - 1."""
    return np.expm1(-z)


def gumbel_l(z):
    """Slope: 1 - e^z."""
    return -np.expm1(z)


def rayleigh(z):
    """Slope: 1 / z - z."""
    return 1 / z - z


def gamma(z, a):
    """Slope: (a - 1) / z - 1; by a: log z - psi(a)."""
    return over(a - 1, z) - 1, np.log(z) - special.digamma(a)


def beta(z, a, b):
    """Slope: (a - 1) / z - (b - 1) / (1 - z); by a: log z - psi(a) + psi(a + b); by b: with 1 - z."""
    both = special.digamma(a + b)
    by_a, by_b = np.log(z) - special.digamma(a) + both, np.log1p(-z) - special.digamma(b) + both
    return over(a - 1, z) - over(b - 1, 1 - z), by_a, by_b


def t(z, df):
    """Slope: -(df + 1) z / (df + z^2); by df:
    (psi((df + 1) / 2) - psi(df / 2) - log(1 + z^2 / df) + (z^2 - 1) / (df + z^2)) / 2."""
    square = z * z
    digammas = special.digamma((df + 1) / 2) - special.digamma(df / 2)
    return -(df + 1) * z / (df + square), (digammas - np.log1p(square / df) + (square - 1) / (df + square)) / 2


def lognorm(z, s):
    """Slope: -(log z / s^2 + 1) / z; by s: (log z)^2 / s^3 - 1 / s."""
    log = np.log(z)
    return -(log / (s * s) + 1) / z, (log * log / (s * s) - 1) / s


def chi2(z, df):
    """Slope: (df / 2 - 1) / z - 1 / 2; by df: (log(z / 2) - psi(df / 2)) / 2."""
    return over(df / 2 - 1, z) - 0.5, (np.log(z / 2) - special.digamma(df / 2)) / 2


def pareto(z, b):
    """Slope: -(b + 1) / z; by b: 1 / b - log z."""
    return -(b + 1) / z, 1 / b - np.log(z)


def weibull_min(z, c):
    """Slope: (c - 1) / z - c z^(c-1); by c: 1 / c + log z - z^c log z."""
    return over(c - 1, z) - c * z ** (c - 1), 1 / c + np.log(z) - special.xlogy(z**c, z)


def invgamma(z, a):
    """Slope: -(a + 1) / z + 1 / z^2; by a: -log z - psi(a)."""
    return (1 / z - (a + 1)) / z, -np.log(z) - special.digamma(a)


def invgauss(z, mu):
    """Slope: (1 / z - 3) / (2 z) - 1 / (2 mu^2); by mu: (z - mu) / mu^3."""
    return (1 / z - 3) / (2 * z) - 0.5 / (mu * mu), (z - mu) / (mu * mu * mu)


def vonmises(z, kappa):
    """Slope: -kappa sin z; by kappa: cos z - I_1(kappa) / I_0(kappa)."""
    return -kappa * np.sin(z), np.cos(z) - special.i1e(kappa) / special.i0e(kappa)


def register(family, score, anywhere):
    """The rules of a distribution's methods."""
    shapes = tuple(family.shapes.replace(" ", "").split(",")) if family.shapes else ()
    n, what = len(shapes), f"The {family.name} distribution. {score.__doc__}"
    partials = "By x, slope / scale; by loc, minus that; by scale, -(1 + z slope) / scale.  Choice outside: 0."
    constant = "Restriction: the shapes are constant." if shapes else ""
    texts = {
        family.logpdf: locations.DENSITIES[n](family.logpdf, score, anywhere, True),
        family.pdf: locations.DENSITIES[n](family.pdf, score, anywhere, False),
    }
    for text in texts.values():
        text.__doc__ = f"{what}\n\n    {partials}"
    slopes = {
        family.cdf: (family.pdf, locations.of_cdf), family.sf: (family.pdf, locations.of_sf),
        family.logcdf: (family.logpdf, locations.of_logcdf), family.logsf: (family.logpdf, locations.of_logsf),
    }  # fmt: skip
    for function, (reads, slope) in slopes.items():
        texts[function] = locations.DISTRIBUTIONS[n](function, reads, slope)
        texts[function].__doc__ = f"F' is the density, that of log F the density over F.  {constant}"
    for function, sign in ((family.ppf, 1.0), (family.isf, -1.0)):
        texts[function] = locations.QUANTILES[n](function, family.pdf, sign)
        texts[function].__doc__ = f"F(x) = q  =>  x' = 1 / density(x); by loc 1, by scale z.  {constant}"
    for function in texts:
        named_places(function, shapes)
    real_only(*texts)


for _family, _score, _anywhere in [
    (stats.norm, norm, 0.0), (stats.expon, expon, 1.0), (stats.uniform, uniform, 0.5), (stats.cauchy, cauchy, 0.0),
    (stats.laplace, laplace, 1.0), (stats.logistic, logistic, 0.0), (stats.gumbel_r, gumbel_r, 0.0),
    (stats.gumbel_l, gumbel_l, 0.0), (stats.rayleigh, rayleigh, 1.0), (stats.halfnorm, norm, 1.0),
    (stats.halfcauchy, cauchy, 1.0), (stats.gamma, gamma, 1.0), (stats.beta, beta, 0.5), (stats.t, t, 0.0),
    (stats.lognorm, lognorm, 1.0), (stats.chi2, chi2, 1.0), (stats.pareto, pareto, 2.0),
    (stats.weibull_min, weibull_min, 1.0), (stats.invgamma, invgamma, 1.0), (stats.invgauss, invgauss, 1.0),
    (stats.vonmises, vonmises, 0.0),
]:  # fmt: skip
    register(_family, _score, _anywhere)
